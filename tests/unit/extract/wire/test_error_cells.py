"""A cell that could not be worked out is never taken for an empty one, in whatever way a program writes it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.extract.cell_files import (
    BROKEN,
    EMPTY,
    ERROR,
    WITH,
    WITHOUT,
    Cell,
    as_csv,
    as_ods,
    as_xls,
    as_xlsx,
    by_openpyxl,
    rewritten,
)

from motcua.errors import ContractBroken
from motcua.extract.error_texts import ERRORS, NOT_WORKED_OUT, is_error, is_formula
from motcua.extract.wire.tabular import Layout, read_tables
from motcua.extract.wire.workbooks import ods_errors, xlsx_errors
from motcua.extract.wire.workbooks.error_cells import not_told

SEVEN = ("#REF!", "#VALUE!", "#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")
LAYOUT = Layout(wanted=frozenset({"Số", "Hẹn trả"}))
HEADER = ["Số", "Hẹn trả", "Ghi chú"]
# A sheet as other programs write it: with the prefix of a name space, with single marks.
ONE_FORMULA = b"<f>A1</f><v>0</v>"
Write = Callable[[list[list[Any]]], bytes]


def rows(body: bytes) -> list[tuple[int, list[Any]]]:
    [table] = list(read_tables(body, "a.xlsx", LAYOUT))
    return [(number, cells[:3]) for number, cells in table.rows]


def one(body: bytes) -> Any:
    """Return the cell under `Hẹn trả` of the only record."""
    [(_, [_, cell, _])] = rows(body)
    return cell


@pytest.mark.parametrize("kind", [ERROR, BROKEN])
@pytest.mark.parametrize("write", [as_csv, by_openpyxl, as_xlsx, as_xls, as_ods, lambda table: as_xlsx(table, left=3)])
def test_an_error_is_read_as_its_text_in_the_row_and_column_where_it_stands(write: Write, kind: str) -> None:
    table = [["Xã Phú An", None, None], [None, None, None], HEADER]
    table += [[f"HS-{number}", Cell(error, kind), "x"] for number, error in enumerate(SEVEN)]
    assert rows(write(table)) == [(4 + number, [f"HS-{number}", error, "x"]) for number, error in enumerate(SEVEN)]


@pytest.mark.parametrize("write", [as_xlsx, as_xls, as_ods])
def test_a_formula_with_a_value_is_that_value_and_one_with_an_empty_text_is_empty(write: Write) -> None:
    table = [HEADER, ["1", Cell(45938, WITH), "x"], ["2", Cell("?", EMPTY), "x"]]
    assert rows(write(table)) == [(2, ["1", 45938, "x"]), (3, ["2", None, "x"])]


@pytest.mark.parametrize("write", [as_csv, by_openpyxl, as_xlsx, as_xls, as_ods])
def test_a_formula_that_was_never_worked_out_is_not_empty(write: Write) -> None:
    assert one(write([HEADER, ["1", Cell(45938, WITHOUT), "x"]])) == NOT_WORKED_OUT


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (b"", NOT_WORKED_OUT), (b"<v></v>", NOT_WORKED_OUT), (b"<v/>", NOT_WORKED_OUT), (b"<v>0</v>", NOT_WORKED_OUT),
        (b"<v>0.0</v>", NOT_WORKED_OUT), (b"<v>10</v>", 10), (b'<v xml:space="preserve">7</v>', 7),
    ],
)  # fmt: skip
@pytest.mark.parametrize("formula", [b"<f>A1</f>", b'<f t="shared" si="0"/>', b"\n <f ca='1'>A1&gt;0</f> "])
def test_what_a_program_stores_for_a_formula_that_it_did_not_work_out(formula: bytes, stored: bytes, read: Any) -> None:
    body = as_xlsx([HEADER, ["1", Cell(0, WITHOUT), "x"]])
    assert one(rewritten(body, ONE_FORMULA, formula + stored)) == read


def test_a_zero_is_a_value_where_the_program_worked_its_formulas_out() -> None:
    body = as_xlsx([HEADER, ["1", Cell(0, WITH), "x"]])
    assert one(rewritten(body, b' fullCalcOnLoad="1"', b"")) == 0


@pytest.mark.parametrize(("end", "read"), [(b"", NOT_WORKED_OUT), (b"<v></v>", None), (b"<v/>", None)])
def test_a_formula_of_a_text_without_any_value_is_not_an_empty_text(end: bytes, read: Any) -> None:
    body = as_xlsx([HEADER, ["1", Cell("", EMPTY), "x"]])
    assert one(rewritten(body, b"</f><v></v>", b"</f>" + end)) == read


def test_the_cells_of_an_array_formula_that_was_never_worked_out_are_not_empty() -> None:
    body = as_xlsx([HEADER, ["1", Cell(0, WITHOUT), "x"], ["2", None, "x"]])
    array = rewritten(body, ONE_FORMULA, b'<f t="array" ref="B2:B3">A1</f>')
    assert [cells[1] for _, cells in rows(array)] == [NOT_WORKED_OUT, NOT_WORKED_OUT]
    with pytest.raises(ContractBroken, match=r"a\.xlsx: it cannot be told .* fills too many cells"):
        rows(rewritten(body, ONE_FORMULA, b'<f t="array" ref="A1:XFD1048576">A1</f>'))


@pytest.mark.parametrize("old", [b"<%b", b"</%b"])
def test_an_error_is_found_under_a_prefix_and_with_single_marks(old: bytes) -> None:
    body = as_xlsx([HEADER, ["1", Cell("#REF!", ERROR), Cell(0, WITHOUT)]])
    body = rewritten(
        body,
        b'xmlns="http://schemas.openxmlformats.org/spreadsheetml',
        b'xmlns:x="http://schemas.openxmlformats.org/spreadsheetml',
    )
    for tag in (b"worksheet", b"sheetData", b"row", b"c", b"f", b"v"):
        for start in (b"<", b"</"):
            for end in (b">", b" "):
                body = rewritten(body, start + tag + end, start + b"x:" + tag + end)
    found = xlsx_errors.xlsx_errors(zipfile.ZipFile(io.BytesIO(rewritten(body, b't="e"', b"t='e'"))))[0]
    assert found["Sổ & 10"] == {(2, 2): "#REF!", (2, 3): NOT_WORKED_OUT}


def test_a_workbook_whose_unread_cells_cannot_be_placed_is_refused_by_name() -> None:
    body = as_xlsx([HEADER, ["1", Cell("#REF!", ERROR), "x"]])
    with pytest.raises(ContractBroken, match=r"a\.xlsx: .* do not say where they stand.*save it as XLSX"):
        rows(rewritten(body, b' r="B2"', b""))
    with pytest.raises(ValueError, match="not where the format has them"):
        not_told(rewritten(body, b"worksheets/sheet1.xml", b"worksheets/other.xml"), ["Sổ & 10"])
    with pytest.raises(ValueError, match="unpacked"):
        not_told(b"PK\x03\x04 cut off", ["Sổ 10"])


def test_the_names_of_parts_and_of_the_strict_form_make_no_difference() -> None:
    body = as_xlsx([HEADER, ["1", Cell("#REF!", ERROR), "x"]])
    transitional = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    strict = rewritten(body, transitional, b"http://purl.oclc.org/ooxml/officeDocument/relationships")
    absolute = rewritten(strict, b'Target="worksheets/', b'Target="/xl/Worksheets/')
    assert not_told(absolute, ["Sổ & 10"]).unread["Sổ & 10"] == {(2, 2): "#REF!"}


@pytest.mark.parametrize("write", [by_openpyxl, as_xlsx, as_xls, as_ods])
def test_a_row_of_nothing_but_unread_cells_is_a_record_and_a_sheet_of_them_is_no_empty_one(write: Write) -> None:
    unread = [Cell(0, WITHOUT)] * 3
    last = rows(write([HEADER, ["1", 45938, "x"], unread]))[-1]
    assert last == (3, [NOT_WORKED_OUT] * 3)
    [table] = list(read_tables(write([unread, unread]), "a.xlsx", LAYOUT))
    assert table.columns[:3] == (NOT_WORKED_OUT,) * 3


@pytest.mark.parametrize(
    ("module", "write"), [(xlsx_errors, by_openpyxl), (xlsx_errors, as_xlsx), (ods_errors, as_ods)]
)
def test_where_a_sheet_is_cut_into_pieces_makes_no_difference(
    module: Any, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells: list[Any] = [Cell(7), Cell("#N/A", ERROR), Cell(0, WITHOUT), Cell("", EMPTY), None]
    body = write([HEADER, *([str(row), cells[row % 5], cells[row % 3]] for row in range(60))])
    whole = not_told(body, ["S"] if write is as_ods else [])
    for size in (7, 64, 500):
        monkeypatch.setattr(module, "_CHUNK", size)
        assert not_told(body, ["S"] if write is as_ods else []) == whole
    assert sum(map(len, whole.unread.values())) == 64


def test_repeated_rows_and_cells_of_an_ods_are_counted() -> None:
    body = as_ods([HEADER, ["1", Cell("#N/A", BROKEN), "x"], ["2", Cell(0, WITHOUT), "x"]])
    empty = b'<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'
    body = rewritten(body, b"<table:table-row>", empty + b"<table:table-row>")
    end, start = b"</table:table-cell>", b"<table:table-cell"
    wide = start + b' table:number-columns-repeated="2"/><table:covered-table-cell/>'
    body = rewritten(body, end + start, end + wide + start)
    assert set(not_told(body, ["Sổ 10"]).unread["Sổ 10"]) == {(8, 5), (12, 5)}
    [table] = list(read_tables(body, "a.ods", LAYOUT))
    due = table.columns.index("Hẹn trả")
    assert [(number, cells[due]) for number, cells in table.rows] == [(8, "#N/A"), (12, NOT_WORKED_OUT)]
    formula = b" table:formula"
    twice = rewritten(body, start + formula, start + b' table:number-columns-repeated="2"' + formula)
    assert set(not_told(twice, ["Sổ 10"]).unread["Sổ 10"]) == {(8, 5), (8, 6), (12, 5), (12, 6)}


def test_what_stands_in_a_comment_of_a_cell_is_not_its_value() -> None:
    body = as_ods([HEADER, ["1", Cell(45938, WITH), "x"]])
    note = b"<office:annotation><text:p>#REF!</text:p></office:annotation><text:p>45938"
    assert one(rewritten(body, b"<text:p>45938", note)) == 45938


@pytest.mark.parametrize("shown", ["Err:502", "#VALUE!"])
def test_an_error_that_an_older_program_stores_as_zero_is_no_number(shown: str) -> None:
    assert one(as_ods([HEADER, ["1", Cell(shown, BROKEN), "x"]], is_old=True)) == shown


def test_a_workbook_that_says_it_was_not_worked_out_has_no_zeros_and_no_empty_texts() -> None:
    table = [HEADER, ["1", Cell(0, WITH), "x"], ["2", Cell("", EMPTY), "x"]]
    assert [cells[1] for _, cells in rows(as_xls(table))] == [0, None]
    says_so = as_xls(table).replace(b"\x0c\x00\x02\x00", b"\x5e\x00\x02\x00", 1)  # in the place of CalcCount
    assert [cells[1] for _, cells in rows(says_so)] == [NOT_WORKED_OUT, NOT_WORKED_OUT]


def test_a_container_whose_sectors_go_round_in_a_circle_is_refused() -> None:
    body = bytearray(as_xls([HEADER, ["1", Cell("#N/A", ERROR), "x"]]))
    table_at = 512 * (1 + int.from_bytes(body[76:80], "little"))
    body[table_at : table_at + 4] = (0).to_bytes(4, "little")
    with pytest.raises(ValueError, match="in a circle"):
        not_told(bytes(body), ["Sổ 10"])


@pytest.mark.parametrize("text", [*ERRORS, "#n/a", "Err:502", "err: 508", "########", " #REF! "])
def test_the_text_of_an_error_is_one_in_any_file(text: str) -> None:
    assert is_error(text)


@pytest.mark.parametrize(
    "value", ["", "N/A", "REF!", "#1", "#REF", "Error", "HS#12", "#REF! (sửa)", "Err:5", 502, None]
)
def test_other_values_are_none(value: Any) -> None:
    assert not is_error(value)


@pytest.mark.parametrize("text", ["=E5+2", '="0001"', "= VLOOKUP(A1;B:C;2)", "=-1"])
def test_a_formula_that_stands_there_as_text_was_not_worked_out(text: str) -> None:
    assert is_formula(text)


@pytest.mark.parametrize("text", ["=> xong", "====", "", "E5=2"])
def test_other_texts_with_the_sign_of_a_formula_are_none(text: str) -> None:
    assert not is_formula(text)
