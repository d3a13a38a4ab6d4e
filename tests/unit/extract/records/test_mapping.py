"""The mapping file is data a person edits: what is wrong in it is refused with its file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from motcua.canonical import APPLICANT_KINDS
from motcua.errors import CatalogError
from motcua.extract.records.mapping import load_mapping
from motcua.settings import PROJECT_ROOT

CATALOG = PROJECT_ROOT / "include" / "catalog"
TEXT = (CATALOG / "mappings" / "opencps.yaml").read_text()


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("key: originality, below: 0", "kye: originality, below: 0", "kye", "standing.0.key: Field required"),
        ("postal_from: 2", "postal_from: two", "postal_from", "valid integer"),
        ("done: {code: 10,", "done: {code: 11,", "done:", "less than or equal to 10"),
        (
            "denied: {code: 3, evidence: inferred",
            "denied: {code: 3, evidence: rumour",
            "denied:",
            "'code' or 'inferred'",
        ),
        ("as: pseudonym, key", "as: pseudonim, key", "applicant_ref", "pseudonim"),
        ("'[0-9A-F]{8}'", "'[0-9A-F'", "    patterns:", "not a regular expression"),
        ("  online_level:", "  online_lvl:", "fields:", "online_lvl: not a field"),
        ("    - feeAmount\n", "", "keys:", "keep and the fields disagree on feeAmount"),
        ("    - applicantIdNo\n", "    - applicantName\n", "keys:", "applicantName is listed twice"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_line(tmp_path: Path, old: str, new: str, where: str, says: str) -> None:
    assert old in TEXT
    path = tmp_path / "mappings" / "opencps.yaml"
    path.parent.mkdir()
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(CatalogError) as refused:
        load_mapping(tmp_path, "opencps")
    assert f"{path}:{line_of(path.read_text(), where)}:" in str(refused.value)
    assert says in str(refused.value)


def test_a_missing_mapping_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"mappings/nowhere\.yaml"):
        load_mapping(tmp_path, "nowhere")


def test_a_catalogue_without_its_own_mapping_uses_the_shipped_one(tmp_path: Path) -> None:
    assert load_mapping(tmp_path, "opencps") == load_mapping(CATALOG, "opencps")


def test_no_key_that_names_a_person_is_kept() -> None:
    kept = load_mapping(CATALOG, "opencps").keys.keep
    assert not [
        key for key in kept if any(word in key for word in ("Name", "Tel", "Email", "ddress", "Note", "assword"))
    ]
    assert "applicantIdNo" not in kept


def test_every_mapping_names_kinds_of_applicant_from_one_list() -> None:
    kinds = set()
    for path in (*CATALOG.glob("mappings/*.yaml"), *(PROJECT_ROOT / "tests").rglob("mappings/*.yaml")):
        rule = yaml.safe_load(path.read_text(encoding="utf-8"))["fields"].get("applicant_kind", {})
        kinds |= {*rule.get("choices", {}).values(), rule.get("when_null"), rule.get("otherwise")} - {None}
    assert {"citizen", "business", "state_agency", "other_organisation"} <= kinds <= set(APPLICANT_KINDS)


@pytest.mark.parametrize("rule", ["choices: {3: state agency}", "choices: {1: citizen}, otherwise: firm"])
def test_a_kind_of_applicant_outside_the_list_is_refused_with_its_line(tmp_path: Path, rule: str) -> None:
    text = (CATALOG / "mappings" / "portal_sync.yaml").read_text(encoding="utf-8")
    wrong = re.sub(r"    choices: \{1: citizen.*", "    " + rule.replace(", ", "\n    "), text)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "wrong.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(
        CatalogError, match=r"wrong\.yaml:\d+: fields: .*applicant_kind: '(state agency|firm)' is not one of"
    ):
        load_mapping(tmp_path, "wrong")
