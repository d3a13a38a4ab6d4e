"""A cell that could not be worked out is never taken for an empty one."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
import xlsxwriter

from motcua.extract.wire.error_cells import WITHOUT_VALUE, error_cells
from motcua.extract.wire.tabular import Layout, read_tables


def workbook(first_column: int = 0, **cells: Any) -> bytes:
    """Return a workbook of two sheets; `cells` are formulas with their stored values, by place in the second."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    book.add_worksheet("Trống")
    sheet = book.add_worksheet("Sổ & tháng 10")
    for place, name in enumerate(("Số", "Ngày hẹn trả", "Ghi chú")):
        sheet.write_string(1, first_column + place, name)
    for row in (2, 3):
        sheet.write_string(row, first_column, f"HS-{row}")
        sheet.write_string(row, first_column + 2, "x")
    for place, value in cells.items():
        sheet.write_formula(place, "=A1", value=value)
    book.close()
    return sink.getvalue()


@pytest.mark.parametrize("error", ["#REF!", "#VALUE!", "#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"])
def test_an_error_is_read_as_its_text_in_the_row_and_column_where_it_stands(error: str) -> None:
    for first_column, place in ((0, "B3"), (3, "E3")):  # columns left of the first one are left out by the reader
        body = workbook(first_column, **{place: error})
        assert error_cells(body)["Sổ & tháng 10"] == {(3, first_column + 2): error}
        [table] = list(read_tables(body, "a.xlsx", Layout(wanted=frozenset({"Số", "Ngày hẹn trả"}))))
        assert list(table.rows) == [(3, ["HS-2", error, "x"]), (4, ["HS-3", None, "x"])]


def rewritten(body: bytes, old: bytes, new: bytes) -> bytes:
    """Return a workbook with the text of its sheets replaced."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as source, zipfile.ZipFile(sink, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(old, new))
    return sink.getvalue()


def test_a_formula_with_a_value_is_that_value_and_one_with_an_empty_text_is_empty() -> None:
    body = rewritten(workbook(B3="05/10/2023", B4=""), b'<c r="B4">', b'<c r="B4" t="str">')
    assert error_cells(body)["Sổ & tháng 10"] == {}


def test_a_formula_that_was_never_worked_out_is_not_empty() -> None:
    for stored in (b"", b"<v></v>", b"<v/>"):
        body = rewritten(workbook(B3=7), b"<v>7</v>", stored)
        assert error_cells(body)["Sổ & tháng 10"] == {(3, 2): WITHOUT_VALUE}


def test_what_is_no_workbook_has_no_error_cells() -> None:
    assert error_cells(b"PK\x03\x04 cut off") == {}
