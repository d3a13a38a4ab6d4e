"""The codes of rules that stand on an edition are explained on it, in the words of the suites."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.measured_world import Store

from motcua.period import parse_period
from motcua.publish import publish_edition
from motcua.publish.edition.rule_texts import rule_texts, rules_named
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import workbook_bytes
from motcua.settings import Settings

OCTOBER = parse_period("CAL_MONTH:2023-10")
WARD, WARD_SOURCE = "29236:2020", "tra-vinh.c29236"
SUITE = json.loads((Settings.load().expectations_dir / "dossier.json").read_text(encoding="utf-8"))
[V0] = [check["meta"] for check in SUITE["expectations"] if check["meta"]["rule_id"] == "V0"]
V1 = SUITE["rules"]["V1"]


def set_aside(store: Store) -> None:
    [batch_id] = store.answer([WARD_SOURCE], quarantined=1)
    rules = [{"rule_id": rule, "severity": "critical", "field": "due_at"} for rule in ("V1", "V0")]
    store.execute(
        "insert into quarantine_record (batch_id, source_id, record_no, system_code, agency_code, record_id, unit_id,"
        " broken_rules, record) values (:b, :s, 0, 'x', 'a', '1', :u, cast(:rules as jsonb), '{}')",
        b=batch_id, s=WARD_SOURCE, u=WARD, rules=json.dumps(rules),
    )  # fmt: skip
    store.execute("insert into rule_finding values (:b, 'V9', 'critical', 1, 1)", b=batch_id)


@pytest.mark.parametrize("report", ["form-06", "nightly-brief"])
def test_each_code_on_an_edition_has_its_line_and_no_other_has(october: Store, report: str) -> None:
    period = OCTOBER if report == "form-06" else parse_period("2023-10-20..2023-10-20")
    assert publish_edition(report, "84", period).content["rule_texts"] == []
    set_aside(october)
    edition = publish_edition(report, "84", period)
    told = {rule["rule_id"]: (rule["vi"], rule["en"]) for rule in edition.content["rule_texts"]}
    assert told["V0"] == (V0["reason_vi"], V0["reason"])
    assert told["V1"] == (V1["vi"], V1["en"])
    assert set(told) == {"V0", "V1", *(["V9"] if report == "nightly-brief" else [])}
    page = page_html(edition)
    for rule, (vi, en) in told.items():
        assert page.count(f'<p class="rule"><code>{rule}</code>') == 1
        assert page.index(vi) < page.index(en.replace("'", "&#39;"))
    assert V1["vi"].encode() in unzipped(workbook_bytes(edition))


def unzipped(body: bytes) -> bytes:
    book = zipfile.ZipFile(io.BytesIO(body))
    return b"".join(book.read(name) for name in book.namelist())


def test_an_edition_is_not_published_again_because_a_line_reads_otherwise(
    october: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_aside(october)
    first = publish_edition("form-06", "84", OCTOBER)
    other: list[Any] = [{"rule_id": "V0", "vi": "khác", "en": "other"}]
    monkeypatch.setattr("motcua.publish.edition.lifecycle.rule_texts", lambda *_: other)
    assert publish_edition("form-06", "84", OCTOBER).edition_id == first.edition_id


def test_an_edition_without_lines_of_rules_has_a_page_and_a_workbook(october: Store) -> None:
    set_aside(october)
    edition = publish_edition("form-06", "84", OCTOBER)
    del edition.content["rule_texts"]
    assert "<code>V1</code>" in page_html(edition)
    assert len(workbook_bytes(edition)) > 5000


def test_a_line_of_the_suite_goes_before_the_reason_of_a_check(tmp_path: Path) -> None:
    suites = {
        "a": {"expectations": [{"meta": {"rule_id": "V1", "reason": "one", "reason_vi": "một"}}]},
        "b": {
            "rules": {"V2": {"vi": "hai", "en": "two"}},
            "expectations": [{"meta": {"rule_id": "V2", "reason": "x", "reason_vi": "y"}}],
        },
    }
    for name, suite in suites.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(suite), encoding="utf-8")
    assert rule_texts(tmp_path, {"V1", "V2", "V3"}) == [
        {"rule_id": "V1", "vi": "một", "en": "one"},
        {"rule_id": "V2", "vi": "hai", "en": "two"},
    ]
    assert rules_named({"set_aside": {"units": []}}) == set()
