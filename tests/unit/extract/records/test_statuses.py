"""A status is said with its evidence, a site may say it otherwise, and an unknown day is not passed by."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.unit.extract.opencps_site import record

from motcua.canonical import Status
from motcua.catalog import Source, load_catalog
from motcua.catalog.record_sources import reading_sha256
from motcua.errors import CatalogError
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import ENDS, belongs
from motcua.extract.records.mapping import OPEN_STATUSES, SourceMapping, load_mapping, mapping_of
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.reference_statuses import statuses_page
from motcua.settings import PROJECT_ROOT

CATALOG = PROJECT_ROOT / "include" / "catalog"
MAPPINGS = {path.stem: load_mapping(CATALOG, path.stem) for path in sorted(CATALOG.glob("mappings/*.yaml"))}
KEY = Pseudonymiser("k1", b"\x5a" * 32)
SAID = [(name, status) for name, mapping in MAPPINGS.items() for status in mapping.status.codes]
RECEIVED = {
    "opencps": {"dossierId": 1, "receiveDate": "02/09/2023 08:00:00"},
    "igate": {"id": "0f" * 12, "acceptedDate": "2023-09-02T08:00:00.000+0700"},
    "tandan": {"id": "0f" * 16, "ngayTiepNhan": "2023-09-02T08:00:00"},
    "portal_sync": {"MaHoSo": "000.01.21.H59-230902-0001", "NgayTiepNhan": "20230902080000"},
    "files-example": {"Mã hồ sơ": "000.01.21.H59-230902-0001", "Ngày tiếp nhận": "02/09/2023 08:00:00"},
}


def source(**values: Any) -> Source:
    shipped = load_catalog(CATALOG).source_by_id["tra-vinh.c29236"]
    return Source.model_validate(shipped.model_dump() | {"statuses": {}} | values)


def read(mapping: SourceMapping, *records: dict[str, Any]) -> Any:
    return TableBuilder(source(), mapping, KEY).table(records)


@pytest.mark.parametrize(("mapping", "status"), SAID)
def test_every_status_says_where_it_was_read_and_stands_on_the_page(mapping: str, status: str) -> None:
    row = MAPPINGS[mapping].status.codes[status]
    assert len(row.why) > 3
    section = statuses_page(CATALOG / "mappings").split(f"## `mappings/{mapping}.yaml`")[1].split("\n## ")[0]
    [line] = [line for line in section.splitlines() if line.startswith(f"| `{status}` |")]
    assert [cell.strip() for cell in line.strip("|").split("|")][1::2] == [str(row.code), row.evidence]
    assert row.why in line


@pytest.mark.parametrize(("mapping", "status"), SAID)
def test_a_dossier_of_an_earlier_month_that_ended_on_a_day_nobody_states_is_not_passed_by(
    mapping: str, status: str
) -> None:
    """Whatever the adapter: it may have ended in the days asked for. Rule V4 then sets it aside (test_endings)."""
    rule = MAPPINGS[mapping].status
    said: dict[str, Any] = dict(RECEIVED[mapping])
    [key] = rule.key
    outer, _, inner = key.partition(".")
    said[outer] = {inner: status} if inner else status
    table = read(MAPPINGS[mapping], said)
    [row] = table.to_pylist()
    assert row["status_code"] == rule.codes[status].code
    assert [row[name] for name in ENDS] == [None, None, None]
    assert belongs(table, Window(date(2023, 10, 1), date(2023, 10, 31))).to_pylist() == [True]


def test_a_refusal_and_a_negative_result_of_opencps_are_no_dossier_in_process() -> None:
    codes = MAPPINGS["opencps"].status.codes
    assert (codes["denied"].code, codes["unresolved"].code) == (Status.NOT_ACCEPTED, Status.FINISHED)
    assert {"denied", "unresolved", "posting"}.isdisjoint(MAPPINGS["opencps"].open_statuses)


def row_of(code: int, **sub: int) -> dict[str, Any]:
    subs = {name: {"code": each, "evidence": "code"} for name, each in sub.items()}
    return {"code": code, "evidence": "code", "sub": subs}


@pytest.mark.parametrize(
    ("status", "sub", "code"),
    [
        ("unresolved", "Stopped ", 8),  # its sub-status first, in any spelling
        ("unresolved", "", 9),
        ("unresolved", None, 9),
        ("unresolved", "another", 9),  # then its status
        ("denied", "stopped", 3),  # a sub-status is that of its status only
        ("DONE", "back", 4),
        ("archived", "", 10),  # a status of this site alone
        ("denied", "", 3),  # what the entry does not name is read by the mapping
    ],
)
def test_a_site_reads_a_status_otherwise_by_its_sub_status_first(status: str, sub: str | None, code: int) -> None:
    site = source(statuses={"Unresolved": row_of(9, stopped=8), "done": row_of(10, back=4), "archived": row_of(10)})
    mapping = mapping_of(CATALOG, site)
    [row] = TableBuilder(site, mapping, KEY).table([record(1, dossierStatus=status, dossierSubStatus=sub)]).to_pylist()
    assert (row["status_code"], row["mapping_issues"]) == (code, None)
    assert "done" in mapping.open_statuses  # a list of what is open asks for it, as some of it is
    assert MAPPINGS["opencps"].open_statuses == [name for name in mapping.open_statuses if name != "done"]


def test_a_sub_status_stays_readable_in_landing_and_a_word_that_no_list_has_does_not() -> None:
    site = source(statuses={"unresolved": row_of(9, stopped=8)})
    builder = TableBuilder(site, mapping_of(CATALOG, site), KEY)
    ends = {"releaseDate": "12/10/2023 09:00:00"}
    landed = [record(number, dossierStatus="unresolved", dossierSubStatus=sub, **ends)
              for number, sub in enumerate(("stopped", "NGUYỄN VĂN CHIM"), 1)]  # fmt: skip
    table = builder.table(landed)
    assert "CHIM" not in str(table.to_pylist())
    again = builder.read_again(table)
    assert [row["status_code"] for row in again.to_pylist()] == [8, 9]


def test_an_entry_that_names_a_sub_status_of_a_mapping_without_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    text = (CATALOG / "mappings" / "opencps.yaml").read_text(encoding="utf-8")
    (tmp_path / "mappings" / "opencps.yaml").write_text(text.replace("  sub_key: dossierSubStatus\n", ""))
    site = source(statuses={"unresolved": row_of(9, stopped=8)})
    with pytest.raises(CatalogError, match=r"tra-vinh\.c29236: statuses of its entry .* names no sub_key"):
        mapping_of(tmp_path, site)


def test_a_mapping_that_names_sub_statuses_keeps_their_key(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    text = (CATALOG / "mappings" / "opencps.yaml").read_text(encoding="utf-8")
    path = tmp_path / "mappings" / "own.yaml"
    own = text.replace("denied: {code: 3,", "denied: {code: 3, sub: {stopped: {code: 8, evidence: code}},")
    path.write_text(own, encoding="utf-8")
    with pytest.raises(CatalogError, match="keep and the fields disagree on dossierSubStatus"):
        load_mapping(tmp_path, "own")
    path.write_text(
        own.replace("    - dossierSubStatus\n", "").replace("  keep:\n", "  keep:\n    - dossierSubStatus\n")
    )
    mapping = load_mapping(tmp_path, "own")
    [row] = read(mapping, record(1, dossierStatus="denied", dossierSubStatus="stopped")).to_pylist()
    assert row["status_code"] == 8
    without = tmp_path / "mappings" / "without.yaml"
    without.write_text(own.replace("  sub_key: dossierSubStatus\n", ""), encoding="utf-8")
    with pytest.raises(CatalogError, match="sub_key is needed"):
        load_mapping(tmp_path, "without")


def test_what_an_entry_says_of_statuses_changes_how_it_is_read_and_what_it_says_of_evidence_does_not() -> None:
    catalog = load_catalog(CATALOG)
    plain, other = source(), source(statuses={"unresolved": row_of(8)})
    assert reading_sha256(catalog, plain) != reading_sha256(catalog, other)
    told = {"unresolved": row_of(8) | {"evidence": "inferred", "why": "asked on the telephone"}}
    assert reading_sha256(catalog, source(statuses=told)) == reading_sha256(catalog, other)


def test_every_closing_status_of_the_national_list_is_read_from_some_system() -> None:
    codes = {code for mapping in MAPPINGS.values() for row in mapping.status.codes.values() for code in row.codes}
    assert codes == {status.value for status in Status}
    assert set(OPEN_STATUSES) < codes
