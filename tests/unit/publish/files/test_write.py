"""Workbook = page = warehouse, cell by cell; files that work with no network; the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook
from sqlalchemy import text

from motcua.period import day_period, parse_period
from motcua.publish import publish_edition, write_files
from motcua.publish.files.layout import TABLE_NAMES
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import CODE_HEADING, workbook_bytes
from motcua.warehouse import warehouse_engine

OCTOBER = parse_period("CAL_MONTH:2023-10")
WARD_SOURCE = "tra-vinh.c29236"
Figures = dict[tuple[str, str, str], int]


def publish(unit: str = "84") -> Any:
    return publish_edition("form-06", unit, OCTOBER)


def in_warehouse(edition: Any, table: str) -> Figures:
    """Return (row, column) figures of a printed table: its rows, the sections above them, the total."""
    with warehouse_engine().connect() as connection:
        rows = connection.execute(
            text(
                "select table_code, row_code, column_code, quantity from edition_figure where edition_id = :id"
                " and (table_code in (:table, 'total') or (:table = 'unit' and table_code = 'level'))"
            ),
            {"id": edition.edition_id, "table": table},
        )
        return {(row.table_code, row.row_code, row.column_code): row.quantity for row in rows}


def in_workbook(edition: Any, table: str) -> Figures:
    sheet = load_workbook(io.BytesIO(workbook_bytes(edition)))[TABLE_NAMES[table][0]]
    rows = list(sheet.iter_rows(values_only=True))
    numbers = next(i for i, row in enumerate(rows) if row[0] == "(1)")
    code_at = rows[numbers].index(CODE_HEADING)
    columns = [column["code"] for column in edition.content["columns"]]
    found: Figures = {}
    for row in rows[numbers + 1 :]:
        if code := row[code_at]:
            is_level = table == "unit" and code in ("province", "district", "commune")
            kind = "total" if code == "total" else "level" if is_level else table
            for column, value in zip(columns, row[2:], strict=False):
                assert isinstance(value, int)
                found[kind, str(code), column] = value
    return found


def in_page(edition: Any, table: str) -> Figures:
    page = BeautifulSoup(page_html(edition), "html.parser")
    body = page.select_one(f"table.form[data-table={table}] tbody")
    assert body is not None
    found: Figures = {}
    for cell in body.select("td[data-column-code]"):
        value = int(str(cell["data-value"]))
        for change in cell.select("small"):
            change.extract()
        shown = cell.select_one("[lang=vi]") or cell
        seen = shown.get_text().replace(".", "").replace("–", "0")
        assert int(seen) == value
        found[str(cell["data-table"]), str(cell["data-row-code"]), str(cell["data-column-code"])] = value
    return found


@pytest.mark.parametrize("table", ["unit", "field", "level"])
def test_workbook_page_and_warehouse_are_equal_cell_by_cell(october: Any, table: str) -> None:
    edition = publish()
    expected = in_warehouse(edition, table)
    assert len(expected) > 30
    assert in_workbook(edition, table) == expected
    assert in_page(edition, table) == expected


def test_the_brief_is_equal_in_workbook_page_and_warehouse(october: Any) -> None:
    edition = publish_edition("nightly-brief", "84", day_period(date(2023, 10, 22)))
    assert in_workbook(edition, "unit") == in_page(edition, "unit") == in_warehouse(edition, "unit")


def test_the_files_of_an_edition_are_written_and_the_json_is_what_was_hashed(october: Any, reports_dir: Path) -> None:
    edition = publish()
    paths = write_files(edition)
    folder = reports_dir / "form-06.84.CAL_MONTH.2023-10.1"
    assert paths == [folder / "form-06.xlsx", folder / "form-06.html", folder / "form-06.json"]
    assert hashlib.sha256(paths[2].read_bytes()).hexdigest() == edition.sha256
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_files(edition)] == before
    assert len(list(folder.iterdir())) == 3


def test_the_workbook_is_laid_out_as_the_form(october: Any) -> None:
    edition = publish()
    book = load_workbook(io.BytesIO(workbook_bytes(edition)))
    assert book.sheetnames == ["Theo đơn vị", "Theo lĩnh vực", "Theo cấp", "Nguồn dữ liệu", "Điều kiện"]
    sheet = book["Theo đơn vị"]
    words = [str(cell.value) for row in sheet.iter_rows(max_row=12) for cell in row if cell.value is not None]
    assert "Biểu số II.06a" in words
    assert any(word.startswith("CHÍNH THỨC – ấn bản số 1") for word in words)
    assert any(edition.sha256 in word for word in words)
    assert [word for word in words if word.startswith("(")] == [
        "(1)", "(2)", "(3)=(4)+(5)+(6)", "(4)", "(5)", "(6)", "(7)=(8)+(9)+(10)", "(8)", "(9)", "(10)",
        "(11)=(12)+(13)", "(12)", "(13)",
    ]  # fmt: skip
    merged = {str(span) for span in sheet.merged_cells.ranges}
    assert {"A8:A10", "B8:B10", "C8:F8", "D9:E9", "G8:J8", "K8:M8"} <= merged
    assert [row[0].value for row in sheet.iter_rows() if str(row[0].value) in ("I", "II", "III")] == ["I", "II", "III"]
    assert sheet.freeze_panes == "C12"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)


def test_a_provisional_file_says_so_and_names_who_is_missing(october: Any) -> None:
    october.execute("update batch set state = 'failed', measured_at = null where source_id = :s", s=WARD_SOURCE)
    edition = publish()
    sheet = load_workbook(io.BytesIO(workbook_bytes(edition)))["Theo đơn vị"]
    state = str(sheet["A5"].value)
    assert state.startswith("TẠM THỜI")
    assert "UBND Phường 4, Thành phố Trà Vinh" in state
    page = BeautifulSoup(page_html(edition), "html.parser")
    banner = page.select_one("[data-completeness=provisional]")
    assert banner is not None
    assert "TẠM THỜI" in banner.get_text()
    assert "UBND Phường 4, Thành phố Trà Vinh" in banner.get_text()
    assert page.select_one("tr.lacking .flag") is not None


def test_a_missing_unit_shows_no_zero(october: Any) -> None:
    october.execute("update batch set state = 'failed', measured_at = null where source_id = :s", s=WARD_SOURCE)
    october.execute("delete from measure_day where unit_id = '29236:2020'")
    page = BeautifulSoup(page_html(publish()), "html.parser")
    cells = page.select("td[data-table=unit][data-row-code='29236']")
    assert [cell.get_text() for cell in cells] == ["–"] * 11
    others = page.select("td[data-table=unit][data-row-code='29239']")
    assert [cell.get_text() for cell in others] == ["0"] * 11


def test_the_page_holds_no_address_and_no_script(october: Any) -> None:
    october.measure("842:2020", date(2023, 10, 5), "became_overdue", 3)
    page = page_html(publish())
    assert page.count("<svg") == 6
    assert re.findall(r"(?i)\b(?:https?:|ftp:|//[a-z])", page) == []
    assert re.findall(r"(?i)<(?:script|link|img|iframe|object)\b|\bsrc=|\bhref=|url\(|@import", page) == []


def test_every_chart_is_said_in_words(october: Any) -> None:
    page = BeautifulSoup(page_html(publish()), "html.parser")
    for svg in page.select("svg"):
        assert svg["role"] == "img"
        title, desc = svg.find("title"), svg.find("desc")
        assert title is not None
        assert desc is not None
        assert re.search(r"\d", desc.get_text())


def test_percentages_stand_with_their_counts_and_blank_for_nothing(october: Any) -> None:
    page = BeautifulSoup(page_html(publish()), "html.parser")
    for cell in page.select("td[data-rate]"):
        numerator, denominator = int(str(cell["data-numerator"])), int(str(cell["data-denominator"]))
        assert numerator <= denominator
    online = page.select_one("td[data-rate=online][data-row-code=province] b [lang=vi]")
    assert online is not None
    assert online.get_text() == "60,00\N{NO-BREAK SPACE}%"
    empty = BeautifulSoup(page_html(publish("844")), "html.parser").select_one("td[data-rate=online] b")
    assert empty is not None
    assert empty.get_text() == ""


def test_names_from_the_catalogue_are_escaped(october: Any) -> None:
    from dataclasses import replace

    edition = publish()
    body = edition.canonical_bytes.replace("Phường 4, Thành phố Trà Vinh".encode(), b"<b>x</b> & y")
    page = page_html(replace(edition, canonical_bytes=body))
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt; &amp; y" in page


def test_a_restated_edition_shows_what_changed_and_why(october: Any) -> None:
    october.execute("update batch set state = 'failed', measured_at = null where source_id = :s", s=WARD_SOURCE)
    october.execute("delete from measure_day where unit_id = '29236:2020'")
    publish()
    october.answer([WARD_SOURCE])
    october.measure("29236:2020", date(2023, 10, 3), "received_direct", 1)
    edition = publish()
    sheet = load_workbook(io.BytesIO(workbook_bytes(edition)))["Thay đổi"]
    rows = [row for row in sheet.iter_rows(values_only=True) if row[0] == "29236"]
    # Of a source that had never answered, what was open before was not known, nor what sums from it.
    assert rows[0][2:6] == ("Số hồ sơ nhận giải quyết – Tổng số", "–", 1, "–")
    assert "ấn bản 1 lỗi kết nối, nay đã nhận đủ" in str(rows[0][6])
    [direct] = [row for row in rows if "Trực tiếp" in str(row[2])]
    assert direct[3:6] == (0, 1, 1)
    section = BeautifulSoup(page_html(edition), "html.parser").select_one("#restatement")
    assert section is not None
    assert "source tra-vinh.c29236 was failed in edition 1" in section.get_text()
