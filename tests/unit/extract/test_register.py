"""A foreign register: right in all eight counts, or it says which of them are not known."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook
from sqlalchemy import text
from typer.testing import CliRunner

from motcua import ledger
from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.catalog.forms import load_form
from motcua.cli.app import app
from motcua.consolidate import consolidate_batches
from motcua.errors import ReportRefused
from motcua.extract import extract_batches
from motcua.extract.records.mapping import load_mapping
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.period import parse_period, period_between
from motcua.publish import Edition, publish_edition, read_form
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import workbook_bytes
from motcua.publish.index.standing import unit_index
from motcua.settings import PROJECT_ROOT, Settings
from motcua.validate import validate_batches
from motcua.warehouse import store_engine

OCTOBER = (date(2023, 10, 1), date(2023, 10, 31))
EIGHT = (
    "received_online", "received_direct", "carried_over", "resolved_early", "resolved_on_time", "resolved_late",
    "open_in_time", "open_overdue",
)  # fmt: skip
# The case `plain` of the spreadsheets: ten dossiers, one received before October and closed in it.
REGISTER = """\
Số hồ sơ,Tên thủ tục,Hình thức nộp,Ngày tiếp nhận,Ngày hẹn trả,Ngày trả kết quả,Trạng thái
H59.11-231001-0001,Đăng ký khai sinh,Trực tiếp,25/09/2023,02/10/2023,02/10/2023,Đã trả kết quả
H59.11-231001-0002,Đăng ký khai sinh,Trực tuyến,02/10/2023,05/10/2023,04/10/2023,Đã trả kết quả
H59.11-231001-0003,Đăng ký kết hôn,Trực tuyến,03/10/2023,06/10/2023,09/10/2023,Đã trả kết quả
H59.11-231001-0004,Đăng ký kết hôn,Trực tiếp,05/10/2023,10/10/2023,10/10/2023,Đã trả kết quả
H59.11-231001-0005,Đăng ký kết hôn,Trực tiếp,09/10/2023,12/10/2023,16/10/2023,Đã trả kết quả
H59.11-231001-0006,Đăng ký khai tử,Trực tuyến,13/10/2023,16/10/2023,13/10/2023,Đã trả kết quả
H59.11-231001-0007,Đăng ký khai tử,Trực tiếp,16/10/2023,20/10/2023,,Đang xử lý
H59.11-231001-0008,Đăng ký khai tử,Trực tiếp,20/10/2023,10/11/2023,,Đang xử lý
H59.11-231001-0009,Đăng ký khai tử,Trực tuyến,25/10/2023,30/10/2023,27/10/2023,Đã trả kết quả
H59.11-231001-0010,Đăng ký khai tử,Trực tiếp,27/10/2023,01/11/2023,30/10/2023,Đã trả kết quả
"""
MAPPING = """\
adapter: files
null_values: [""]
covers: {covers}
identity: {{as: code, key: "Số hồ sơ"}}
status:
  key: "Trạng thái"
  codes: {{"Đã trả kết quả": {{code: 10, evidence: inferred}}, "Đang xử lý": {{code: 4, evidence: inferred}}}}
channel: {{as: codes, key: "Hình thức nộp", codes: {{"Trực tiếp": 1, "Trực tuyến": 2}}}}
fields:
  dossier_no: {{as: code, key: "Số hồ sơ"}}
  procedure_code: {{as: procedure, key: ["Tên thủ tục"], otherwise: KHAC}}
  received_at: {{as: instant, key: "Ngày tiếp nhận", formats: ["dd/MM/yyyy"]}}
  due_at: {{as: instant, key: "Ngày hẹn trả", formats: ["dd/MM/yyyy"]}}
  returned_at: {{as: instant, key: "Ngày trả kết quả", formats: ["dd/MM/yyyy"]}}
keys:
  keep: ["Số hồ sơ", "Trạng thái", "Hình thức nộp", "Tên thủ tục", "Ngày tiếp nhận", "Ngày hẹn trả", "Ngày trả kết quả"]
"""


def make_catalog(covers: str, rows: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a catalogue with the register of one commune, whose mapping says what it covers; return its file."""
    catalog = folder / "catalog"
    shutil.copytree(PROJECT_ROOT / "include" / "catalog" / "calendar", catalog / "calendar")
    shutil.copytree(PROJECT_ROOT / "include" / "catalog" / "forms", catalog / "forms")
    for name in ("mappings", "sources", "units", "drops"):
        (catalog / name).mkdir()
    shutil.copytree(PROJECT_ROOT / "include" / "catalog" / "index", catalog / "index")
    shutil.copytree(PROJECT_ROOT / "include" / "catalog" / "procedures", catalog / "procedures")
    (catalog / "mappings" / "plain.yaml").write_text(MAPPING.format(covers=covers), encoding="utf-8")
    register = catalog / "drops" / "m.csv"
    register.write_text(rows, encoding="utf-8")
    (catalog / "units" / "units.csv").write_text(
        "unit_id,code,kind,level,parent_id,name,valid_from,valid_to,evidence\n"
        "plain,99200,commune,commune,,Xã plain,2020-01-01,,made up\n",
        encoding="utf-8",
    )
    (catalog / "sources" / "plain.yaml").write_text(
        "sources:\n  - {source_id: plain.x, name: Xã plain, system_code: plain, adapter: files, mapping: plain,"
        ' level: commune, unit_id: plain, valid_from: 2020-01-01, options: {path: "drops/*"}}\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog))
    monkeypatch.setenv("MOTCUA_LANDING", str(folder / "landing"))
    return register


def pull(window: tuple[date, date] = OCTOBER) -> ledger.Batch:
    """Ask the commune for some days, as a night does."""
    catalog = load_catalog(Settings.load().catalog_dir)
    [[batch_id]] = ledger.plan_run(catalog, f"run-{uuid4()}", window[1], window=window)
    extract_batches([batch_id], lambda _: NO_CONNECTION)
    validate_batches([batch_id])
    consolidate_batches([batch_id])
    build_measures()
    [batch] = ledger.read_batches([batch_id])
    return batch


def ingest(covers: str, rows: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take October from the register."""
    make_catalog(covers, rows, folder, monkeypatch)
    batch = pull()
    assert batch.state == "loaded", batch.error_message


def unmet(edition: Edition) -> list[str]:
    return [line["code"] for line in edition.content["checklist"] if line["is_met"] == "no"]


def everywhere(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """Return the counts of the commune in October by column, as each place writes them."""
    edition = publish_edition("form-06", "plain", period_between(*OCTOBER))
    codes = list(load_form(Settings.load().catalog_dir, "form-06", OCTOBER[1]).column_codes)
    page = BeautifulSoup(page_html(edition), "html.parser").select("[data-table=unit][data-unit-id=plain]")
    [row] = [
        row
        for row in load_workbook(io.BytesIO(workbook_bytes(edition))).worksheets[0].iter_rows(values_only=True)
        if row[-1] == "99200"
    ]
    monkeypatch.setattr("motcua.cli.reports.ready_databases", lambda: None)
    monkeypatch.setenv("COLUMNS", "400")
    command = ["report", "form-06", "--unit", "plain", "--from", "2023-10-01", "--to", "2023-10-31"]
    [line] = [line for line in CliRunner().invoke(app, command).output.splitlines() if "plain  " in line][:1]
    said = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    return {
        "page": {str(cell["data-column-code"]): str(cell.find(string=True)).strip() for cell in page},
        "workbook": dict(zip(codes, map(str, row[2:]), strict=False)),
        "terminal": dict(zip(codes, re.findall(r"–|\d+", line), strict=False)),
        **{
            f"JSON, {name}": {code: "–" if one[code] is None else str(one[code]) for code in codes}
            for name, one in (("row", said["rows"][0]), ("total", said["total"]))
        },
    }


def index_rows() -> dict[str, bool]:
    """Return which rows of index 766 that count dossiers are available: of stocks, and of receptions."""
    fed = unit_index("plain", period_between(*OCTOBER)).counts
    return {row: fed[row] is not None for row in ("2.1", "3.3")}


@pytest.mark.usefixtures("databases")
def test_a_month_of_a_whole_register_is_right_in_all_eight_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest("register", REGISTER, tmp_path, monkeypatch)
    right = dict(zip(EIGHT, (4, 5, 1, 4, 2, 2, 1, 1), strict=True))
    for place, said in everywhere(monkeypatch).items():
        assert {code: said[code] for code in EIGHT} == {code: str(count) for code, count in right.items()}, place
    assert publish_edition("form-06", "plain", period_between(*OCTOBER)).completeness == "final"
    assert index_rows() == {"2.1": True, "3.3": True}
    [known] = ledger.coverage()
    assert (known.receptions_from, known.stock_from, known.opening_ended_by) == (
        ledger.EVERY_DAY, date(2023, 9, 1), "register",
    )  # fmt: skip
    september = read_form("form-06", "plain", period_between(date(2023, 9, 1), date(2023, 9, 30))).total.told
    assert (september["received_direct"], september["carried_over"], september["open_total"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("first_record_on", "months"),
    [
        pytest.param(None, {8: "provisional", 9: "final"}, id="the month of its first dossier"),
        pytest.param("2023-08-01", {7: "provisional", 8: "final"}, id="the day that the source says"),
        pytest.param("2023-10-01", {9: "provisional", 10: "final"}, id="also a later one"),
    ],
)
@pytest.mark.usefixtures("databases")
def test_a_register_tells_nothing_of_the_time_before_it_began(
    first_record_on: str | None, months: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    if first_record_on:
        entry = tmp_path / "catalog" / "sources" / "plain.yaml"
        said = entry.read_text(encoding="utf-8").replace("options:", f"first_record_on: {first_record_on}, options:")
        entry.write_text(said, encoding="utf-8")
    pull((date(2023, 1, 1), OCTOBER[1]))
    for month, completeness in months.items():
        period = parse_period(f"CAL_MONTH:2023-{month:02}")
        edition = publish_edition("form-06", "plain", period)
        expected = ["openings_known"] if completeness == "provisional" else []
        assert (edition.completeness, unmet(edition)) == (completeness, expected), period.label


@pytest.mark.parametrize("day", ["14/03/2023", "25/09/2021"])
@pytest.mark.usefixtures("databases")
def test_a_dossier_of_long_before_the_others_proves_nothing_of_the_months_between(
    day: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog("register", REGISTER.replace("25/09/2023", day), tmp_path, monkeypatch)
    pull((date(2021, 1, 1), OCTOBER[1]))
    for month, unknown in (("2021-10", ["openings_known"]), ("2023-06", ["openings_known"]), ("2023-10", [])):
        edition = publish_edition("form-06", "plain", parse_period(f"CAL_MONTH:{month}"))
        assert unmet(edition) == unknown, month


@pytest.mark.usefixtures("databases")
def test_a_first_record_that_is_said_later_counts_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_catalog("register", REGISTER, tmp_path, monkeypatch)
    pull((date(2023, 1, 1), OCTOBER[1]))
    september = parse_period("CAL_MONTH:2023-09")
    assert publish_edition("form-06", "plain", september).completeness == "final"
    entry = tmp_path / "catalog" / "sources" / "plain.yaml"
    said = entry.read_text(encoding="utf-8").replace("options:", "first_record_on: 2023-10-01, options:")
    entry.write_text(said, encoding="utf-8")
    load_catalog.cache_clear()
    edition = publish_edition("form-06", "plain", september)
    assert unmet(edition) == ["openings_known"]
    assert "carried_over" not in read_form("form-06", "plain", september).total.told


@pytest.mark.usefixtures("databases")
def test_a_month_of_an_extract_says_which_counts_are_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head, _, *october = REGISTER.splitlines(keepends=True)
    ingest("period", "".join([head, *october]), tmp_path, monkeypatch)
    for place, said in everywhere(monkeypatch).items():
        known = {"received_online": "4", "received_direct": "5"}
        assert {code: said[code] for code in EIGHT} == dict.fromkeys(EIGHT, "–") | known, place
    assert index_rows() == {"2.1": False, "3.3": True}
    edition = publish_edition("form-06", "plain", period_between(*OCTOBER))
    assert unmet(edition) == ["openings_known"]
    assert (edition.completeness, [cell["cell"] for cell in edition.content["cells"]]) == (
        "provisional", ["opening_not_known"],
    )  # fmt: skip


@pytest.mark.usefixtures("databases")
def test_after_an_extract_that_tells_nothing_of_older_dossiers_a_register_is_no_longer_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = make_catalog("register", REGISTER, tmp_path, monkeypatch)
    assert pull().state == "loaded"
    mapping = tmp_path / "catalog" / "mappings" / "plain.yaml"
    mapping.write_text(MAPPING.format(covers="period"), encoding="utf-8")
    load_mapping.cache_clear()
    # Nothing is said of the two that were open at the end of October; one of them was closed late in November.
    head = REGISTER.splitlines(keepends=True)[0]
    register.write_text(
        head + "H59.11-231101-0011,Đăng ký khai tử,Trực tiếp,02/11/2023,06/11/2023,03/11/2023,Đã trả kết quả\n",
        encoding="utf-8",
    )
    november = period_between(date(2023, 11, 1), date(2023, 11, 30))
    assert pull((november.from_date, november.to_date)).state == "loaded"
    with store_engine().begin() as connection:
        for reading in connection.scalars(text("select distinct reading_sha256 from batch")).all():
            ledger.note_read_again("plain.x", reading, ledger.read_again_since())
    edition = publish_edition("form-06", "plain", november)
    assert (edition.completeness, unmet(edition)) == ("provisional", ["openings_known", "read_as_stated"])
    assert read_form("form-06", "plain", november).total.told == {"received_online": 0, "received_direct": 1}
    # Whether October's was a register, or never was one, nobody can tell: its entry says that it is none.
    assert unmet(publish_edition("form-06", "plain", period_between(*OCTOBER))) == ["read_as_stated"]


@pytest.mark.usefixtures("databases")
def test_a_register_dropped_before_the_month_ended_does_not_speak_for_the_days_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = make_catalog("register", REGISTER, tmp_path, monkeypatch)
    saved_at = datetime(2023, 10, 20, 9, tzinfo=UTC).timestamp()
    os.utime(register, (saved_at, saved_at))
    assert pull().window_to == date(2023, 10, 19)
    edition = publish_edition("form-06", "plain", period_between(*OCTOBER))
    assert (edition.completeness, unmet(edition)) == ("provisional", ["sources_answered"])
    late = pull((date(2023, 11, 1), date(2023, 11, 30)))
    assert (late.state, late.error_kind) == ("failed", "SourceUnavailable")
    assert "was dropped on 2023-10-20" in str(late.error_message)


@pytest.mark.usefixtures("databases")
def test_a_register_without_a_dossier_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_catalog("register", REGISTER.splitlines(keepends=True)[0], tmp_path, monkeypatch)
    batch = pull()
    assert (batch.state, "no dossier at all" in str(batch.error_message)) == ("failed", True)
    with pytest.raises(ReportRefused, match="no source of it has answered"):
        publish_edition("form-06", "plain", period_between(*OCTOBER))


@pytest.mark.usefixtures("databases")
@pytest.mark.parametrize(("covers", "told", "records"), [("register", "10 record", 10), ("period", "9 record", 10)])
def test_the_check_of_a_source_says_what_its_files_cover(
    covers: str, told: str, records: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_catalog(covers, REGISTER.replace("02/10/2023,02/10/2023", "02/10/2023,29/09/2023"), tmp_path, monkeypatch)
    monkeypatch.setattr("motcua.cli.sources.ready_databases", lambda: None)
    monkeypatch.setenv("COLUMNS", "250")
    shown = (
        CliRunner().invoke(app, ["sources", "check", "plain.x", "--from", "2023-10-01", "--to", "2023-10-31"]).output
    )
    assert told in shown
    assert f"Covers: {covers}." in shown
    assert f"find in {records} records" in shown
