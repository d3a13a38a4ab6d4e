"""What is read of a dropped table of petitions, what is not, and for which days it answers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import text
from tests.petition_world import HEADINGS, SOURCE_ID, add_source, drop, emptied, make_catalog, pull, row, take
from tests.unit.extract.cell_files import as_xlsx

from motcua.canonical import PETITION
from motcua.catalog import load_catalog
from motcua.catalog.record_sources import every_source, petition_sources, sources_of
from motcua.errors import CatalogError
from motcua.landing import read_manifest, read_records
from motcua.ledger import Batch
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

MASKED = "masked, it holds what may be personal data"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_catalog(tmp_path_factory.mktemp("petitions") / "catalog")


@pytest.fixture
def folder(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOTCUA_CATALOG", str(shared))
    with emptied(shared) as catalog:
        return add_source(catalog)


def landed(batch: Batch) -> list[dict[str, Any]]:
    return read_records(batch.landing_uri, batch.manifest_sha256, PETITION).to_pylist()  # type: ignore[no-any-return]


def test_a_row_lands_with_the_meaning_that_its_source_states(folder: Path) -> None:
    drop(
        folder, row("1", Đơn_vị="H59.21", Ngày_xử_lý="05/10/2023", Đối_tượng="cán bộ", Hài_lòng="CÓ", Phản_ánh_lại="-")
    )
    [found] = landed(pull())
    assert found == {
        "record_no": 0, "disposition": "record", "disposition_reason": None,
        "system_code": "petitions", "agency_code": SOURCE_ID, "petition_id": "PAKN-1",
        "unit_code": "H59.21", "kind": "behaviour", "about": "official",
        "received_on": date(2023, 10, 2), "due_on": date(2023, 10, 23), "handled_on": date(2023, 10, 5),
        "published_on": None, "is_satisfied": True, "is_repeated": None,
        "place": "1.csv row 2", "mapping_issues": None, "stands_in": found["stands_in"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected", "issues"),
    [
        ({"Mã PAKN": "0912345678"}, {"petition_id": None}, f"petition_id: {MASKED}"),
        ({"Mã PAKN": ""}, {"petition_id": None}, None),
        ({"Ngày nhận": "2023/10/02"}, {"received_on": None, "due_on": None}, "received_on: not dd/MM/yyyy"),
        ({"Hạn xử lý": "cuối tháng"}, {"due_on": None}, "due_on: not dd/MM/yyyy"),
        ({"Loại": "Nguyễn Văn A"}, {"kind": "unlisted"}, None),
        ({"Loại": ""}, {"kind": None}, None),
        ({"Loại": "#N/A"}, {"kind": None}, "kind: holds an error of the spreadsheet"),
        ({"Hạn xử lý": "=E2+15"}, {"due_on": None}, "due_on: holds an error of the spreadsheet"),
        ({"Hài lòng": "Nguyễn Văn A"}, {"is_satisfied": None}, "is_satisfied: not a word of its list"),
        ({"Đơn vị": "Nguyễn Văn A"}, {"unit_code": "[masked]"}, f"unit: {MASKED}"),
        ({"Đơn vị": "Phòng không ai biết"}, {"unit_code": "Phòng không ai biết"}, None),
        ({"Đơn vị": "842"}, {"unit_code": "842"}, None),
        ({}, {"unit_code": "842:2020"}, None),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, dict) else "",
)
def test_a_value_that_cannot_be_read_is_reported_by_column_and_not_shown(
    folder: Path, given: dict[str, str], expected: dict[str, Any], issues: str | None
) -> None:
    drop(folder, row("1") | given)
    [found] = landed(pull())
    assert {name: found[name] for name in expected} == expected
    assert found["mapping_issues"] == issues


def test_no_text_and_no_person_lands_or_is_stored(folder: Path) -> None:
    drop(folder, row("1"), row("2") | {"Đơn vị": "NGUYỄN VĂN MẪU"})
    batch = take()
    with store_engine().connect() as connection:
        stored = "\n".join(connection.scalars(text("select to_jsonb(petition_version)::text from petition_version")))
        aside = "\n".join(connection.scalars(text("select to_jsonb(quarantine_record)::text from quarantine_record")))
    told = str(landed(batch)) + stored + aside + str(read_manifest(batch.landing_uri)) + str(batch.error_message)
    assert "PAKN-1" in stored
    assert "PAKN-2" in aside
    assert not [secret for secret in ("NGUYỄN", "0912345678", "gọi") if secret in told]


def test_the_newer_file_of_a_repeated_petition_counts_and_the_other_row_is_accounted_for(folder: Path) -> None:
    drop(folder, row("1"), row("2"), on=date(2023, 11, 1))
    drop(folder, row("1", Ngày_xử_lý="03/10/2023"), name="2.csv", on=date(2023, 11, 2))
    batch = pull()
    assert (batch.pulled_count, batch.duplicate_count) == (3, 1)
    rows = landed(batch)
    assert [(found["place"], found["disposition"], found["disposition_reason"]) for found in rows] == [
        ("1.csv row 2", "duplicate", "repeated"),
        ("1.csv row 3", "record", None),
        ("2.csv row 2", "record", None),
    ]


def test_a_missing_column_is_named_and_no_record_is_kept(folder: Path) -> None:
    (folder / "1.csv").write_text("Mã PAKN,Ngày nhận,Loại\nP-1,02/10/2023,x\n", encoding="utf-8")
    batch = pull()
    assert (batch.state, batch.error_kind) == ("failed", "ContractBroken")
    assert "1.csv has no column 'Đơn vị', 'Hạn xử lý'" in (batch.error_message or "")


def test_a_source_without_a_file_does_not_answer(folder: Path) -> None:
    batch = pull()
    assert (batch.state, batch.error_kind) == ("failed", "SourceUnavailable")
    assert "no file at" in (batch.error_message or "")


def test_a_table_without_a_row_is_an_answer(folder: Path) -> None:
    drop(folder)
    batch = take()
    assert (batch.state, batch.pulled_count) == ("loaded", 0)


def test_files_cover_the_days_before_the_newest_was_dropped(folder: Path) -> None:
    drop(folder, row("1"), on=date(2023, 10, 6))
    drop(folder, row("2"), name="2.csv", on=date(2023, 10, 16))
    first = take()
    assert (first.window_from, first.window_to) == (date(2020, 1, 1), date(2023, 10, 15))
    drop(folder, row("3"), name="3.csv", on=date(2023, 11, 1))
    second = take()
    # Asked again from where the answer ended, less the overlap; the answer is still all there is.
    assert (second.window_from, second.window_to) == (date(2023, 9, 15), date(2023, 10, 31))
    assert (second.new_count, second.unchanged_count) == (1, 2)


def test_a_source_without_a_new_file_covers_no_further_day(folder: Path) -> None:
    drop(folder, row("1"), on=date(2023, 10, 16))
    take()
    again = take(day=date(2023, 12, 31))
    assert (again.state, again.window_to) == ("loaded", date(2023, 10, 15))


def test_a_word_outside_the_list_is_refused_when_the_source_is_read(folder: Path, shared: Path) -> None:
    path = shared / "petitions" / f"{SOURCE_ID}.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("behaviour", "conduct"), encoding="utf-8")
    with pytest.raises(CatalogError, match=r"petitions\.yaml:\d+: words\.kind: .*conduct"):
        petition_sources(shared)


def test_a_source_of_petitions_is_not_one_of_dossiers_and_its_id_is_unique(folder: Path, shared: Path) -> None:
    catalog = load_catalog(shared)
    [source] = sources_of(catalog, "petition")
    assert (source.record_kind, source.level, source.options.answers_whole) == ("petition", "district", True)
    assert source not in sources_of(catalog, "dossier")
    add_source(shared, catalog.sources[0].source_id)
    with pytest.raises(CatalogError, match="stands twice"):
        every_source(catalog)


def test_days_of_a_workbook_that_counts_from_1904_are_read_right(folder: Path) -> None:
    entry = folder.parent / "petitions" / f"{SOURCE_ID}.yaml"
    entry.write_text(entry.read_text(encoding="utf-8") + "formats: [dd/MM/yyyy, excel]\n", encoding="utf-8")
    load_catalog.cache_clear()
    number = (date(2023, 10, 2) - date(1904, 1, 1)).days
    petition = row("1") | {"Ngày nhận": number, "Hạn xử lý": date(2023, 10, 5)}
    body = as_xlsx([[*HEADINGS], [petition.get(heading) for heading in HEADINGS]], is_1904=True)
    (folder / "1.csv").write_bytes(body)
    [found] = landed(pull())
    load_catalog.cache_clear()
    assert (found["received_on"], found["due_on"]) == (date(2023, 10, 2), date(2023, 10, 5))


def test_days_that_a_program_turned_round_are_held_until_it_is_said_what_they_are(folder: Path) -> None:
    days = [date(2023, 2, 10), date(2023, 3, 10), "16/10/2023", "17/10/2023"]
    petitions = [row(str(number)) | {"Ngày nhận": day, "Hạn xử lý": None} for number, day in enumerate(days)]
    (folder / "1.csv").write_bytes(as_xlsx([[*HEADINGS], *([one.get(each) for each in HEADINGS] for one in petitions)]))
    held = pull()
    assert held.state == "held"
    assert "Ngày nhận (received_on): days that only one order can read, such as 16/10/2023" in (
        held.error_message or ""
    )
    assert "row 2 says 2023-02-10, turned round 2023-10-02" in (held.error_message or "")
    entry = folder.parent / "petitions" / f"{SOURCE_ID}.yaml"
    entry.write_text(entry.read_text(encoding="utf-8") + "swapped: true\n", encoding="utf-8")
    load_catalog.cache_clear()
    assert {found["received_on"].day for found in landed(pull())} == {2, 3, 16, 17}
    load_catalog.cache_clear()


def test_a_sheet_that_is_no_table_of_petitions_is_refused_with_the_sheets_that_are(folder: Path) -> None:
    entry = folder.parent / "petitions" / f"{SOURCE_ID}.yaml"
    entry.write_text(entry.read_text(encoding="utf-8").replace("/*.csv", "/*.xlsx"), encoding="utf-8")
    book = Workbook()
    book.active.title = "Hướng dẫn"
    book.active.append(["Cách ghi"])
    sheet = book.create_sheet("Sổ")
    for cells in (HEADINGS, [row("1").get(heading, "") for heading in HEADINGS]):
        sheet.append(list(cells))
    book.save(folder / "1.xlsx")
    failed = pull()
    assert failed.state == "failed"
    assert 'write `sheets: ["Sổ"]`' in (failed.error_message or "")
    entry.write_text(entry.read_text(encoding="utf-8") + 'sheets: ["Sổ"]\n', encoding="utf-8")
    load_catalog.cache_clear()
    assert len(landed(pull())) == 1
