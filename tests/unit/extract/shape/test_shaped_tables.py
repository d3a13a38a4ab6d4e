"""Merged cells, the end of a table and the rows that are a source's, from real files."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import xlwt
from pydantic import ValidationError
from tests.unit.extract.cell_files import as_ods, rewritten
from tests.unit.extract.shape.test_apart import COLUMNS, KEYS, WORDS

from motcua.catalog import FilesOptions
from motcua.errors import ContractBroken
from motcua.extract.error_texts import MERGED, NOT_ABOVE, NOT_LISTED
from motcua.extract.shape.table import ShapedTables
from motcua.extract.wire.tabular import Layout, read_tables

Merges = list[tuple[int, int, int, int]]  # first and last row, first and last column, from 0
LAYOUT = Layout(frozenset(KEYS))


def register(*rows: list[Any]) -> list[list[Any]]:
    return [list(KEYS), *rows]


def row(
    number: int, procedure: str | None = "Khai sinh", channel: str | None = "Trực tuyến", note: str = "Xã A"
) -> list[Any]:
    return [
        number,
        f"HS-{number}",
        "Nguyễn Văn Mẫu",
        procedure,
        channel,
        "05/10/2023",
        "06/10/2023",
        "Đang xử lý",
        note,
    ]


def csv(*rows: list[Any]) -> bytes:
    return "".join(
        ",".join("" if cell is None else str(cell) for cell in one) + "\n" for one in register(*rows)
    ).encode()


def xlsx(rows: list[list[Any]], merges: Merges) -> bytes:
    book = openpyxl.Workbook()
    for one in rows:
        book.active.append(one)
    for top, bottom, left, right in merges:
        book.active.merge_cells(start_row=top + 1, end_row=bottom + 1, start_column=left + 1, end_column=right + 1)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def xls(rows: list[list[Any]], merges: Merges) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sổ")
    for number, one in enumerate(rows):
        for position, cell in enumerate(one):
            if cell is not None:
                sheet.write(number, position, cell)
    for merge in merges:
        sheet.merge(*merge)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def ods(rows: list[list[Any]], merges: Merges) -> bytes:
    rows = [list(one) for one in rows]
    marks = {}
    for number, (top, bottom, left, right) in enumerate(merges):
        marks[f"mark{number}"] = (rows[top][left], bottom - top + 1, right - left + 1)
        rows[top][left] = f"mark{number}"
    body = as_ods(rows)
    for mark, (value, down, across) in marks.items():
        old = f'<table:table-cell office:value-type="string"><text:p>{mark}</text:p>'
        spans = f'table:number-columns-spanned="{across}" table:number-rows-spanned="{down}"'
        new = f'<table:table-cell {spans} office:value-type="string"><text:p>{value}</text:p>'
        body = rewritten(body, old.encode(), new.encode())
    return body


def shaped(body: bytes, **options: Any) -> tuple[list[tuple[int, list[Any]]], list[str]]:
    tables = ShapedTables(FilesOptions(path="x", **options), COLUMNS, ("Trạng thái",), WORDS)
    rows = [
        one
        for table in read_tables(body, "a", LAYOUT)
        for one in tables.records(table, [name or "?" for name in table.columns])
    ]
    return rows, tables.warnings


def column(body: bytes, position: int, **options: Any) -> list[Any]:
    return [cells[position] for _, cells in shaped(body, **options)[0]]


@pytest.mark.parametrize("write", [xlsx, xls, ods])
def test_a_merged_cell_holds_for_each_row_where_that_is_said_and_is_unread_elsewhere(
    write: Callable[[list[list[Any]], Merges], bytes],
) -> None:
    rows = register(
        row(1), row(2, procedure=None), row(3, procedure=None, channel=None), row(4), row(5, procedure=None)
    )
    body = write(rows, [(1, 3, 3, 3), (2, 3, 4, 4)])
    assert column(body, 3) == ["Khai sinh", MERGED, MERGED, "Khai sinh", None]
    assert column(body, 4) == ["Trực tuyến", "Trực tuyến", MERGED, "Trực tuyến", "Trực tuyến"]
    told = column(body, 3, fill_down=["Tên thủ tục"])
    assert told == ["Khai sinh", "Khai sinh", "Khai sinh", "Khai sinh", None]  # an empty cell stays what it is
    assert column(body, 4, fill_down=["Tên thủ tục"])[2] == MERGED


def test_cells_merged_across_columns_are_unread_whatever_fills_down() -> None:
    body = xlsx(register(row(1), row(2)), [(1, 1, 5, 6)])
    assert column(body, 6, fill_down=["Hẹn trả", "Tiếp nhận"]) == [MERGED, "06/10/2023"]


def test_an_empty_merged_cell_is_empty_and_one_of_a_dropped_column_is_nobodys() -> None:
    body = xlsx(register(row(1, procedure=None), row(2, procedure=None)), [(1, 2, 3, 3), (1, 2, 8, 8), (1, 2, 2, 2)])
    assert column(body, 3) == [None, None]
    assert column(body, 8) == ["Xã A", None]


def test_a_heading_that_is_merged_over_the_table_is_a_heading() -> None:
    heading = ["Hộ tịch", *[None] * 8]
    rows, warnings = shaped(xlsx(register(heading, row(1), heading, row(2)), [(1, 1, 0, 8), (3, 3, 0, 8)]))
    assert [number for number, _ in rows] == [3, 5]
    assert warnings == ["a, sheet 'Sheet': left out, because they are no records: 2 headings (rows 2, 4)."]


def test_columns_to_the_left_that_are_empty_move_no_merged_cell() -> None:
    rows = [[None, None, *one] for one in register(row(1), row(2, procedure=None))]
    for write in (xlsx, xls, ods):
        assert column(write(rows, [(1, 2, 5, 5)]), 3, fill_down=["Tên thủ tục"]) == ["Khai sinh"] * 2


def test_a_csv_has_no_merged_cells_and_fills_from_above_only_where_that_is_said() -> None:
    body = csv(
        row(1), row(2, procedure=None), row(3, "Kết hôn"), ["II", "Đất đai", *[None] * 7], row(4, procedure=None)
    )
    assert column(body, 3) == ["Khai sinh", None, "Kết hôn", None]
    assert column(body, 3, fill_empty=["Tên thủ tục"]) == ["Khai sinh", "Khai sinh", "Kết hôn", NOT_ABOVE]
    with pytest.raises(ContractBroken, match=r"a CSV, which has no merged cells.*name the columns under fill_empty"):
        shaped(body, fill_down=["Tên thủ tục"])


def test_rows_of_other_units_are_left_out_and_counted_and_a_new_word_is_unread() -> None:
    body = csv(row(1), row(2, note="Xã B"), row(3, note="XÃ  A"), row(4, note="Xã C"), row(5, note=""))
    rows, warnings = shaped(body, rows=[{"column": "Ghi chú", "only": ["Xã A"], "without": ["Xã B"]}])
    assert [(number, cells[7]) for number, cells in rows] == [
        (2, "Đang xử lý"), (4, "Đang xử lý"), (5, NOT_LISTED), (6, NOT_LISTED)
    ]  # fmt: skip
    assert warnings == [
        "a: 1 rows were left out by their word in 'Ghi chú' (options.rows).",
        "a: 2 rows have a word in 'Ghi chú' that options.rows does not name, the first is row 5. They are set aside"
        " until it does.",
    ]


def test_all_other_words_are_meant_or_left_out_only_where_that_is_said() -> None:
    body = csv(row(1), row(2, note="Xã B"), row(3, note=""), row(4, note="#REF!"))
    left = shaped(body, rows=[{"column": "Ghi chú", "only": ["Xã A"], "without": ["*"]}])
    assert ([number for number, _ in left[0]], left[0][1][1][7]) == ([2, 5], NOT_LISTED)  # an error is no other word
    kept = shaped(body, rows=[{"column": "Ghi chú", "only": ["*"], "without": ["Xã B"]}])
    assert [number for number, _ in kept[0]] == [2, 4, 5]
    with pytest.raises(ValidationError, match="is in only and in without"):
        FilesOptions(path="x", rows=[{"column": "Ghi chú", "only": ["Xã A"], "without": ["xã a"]}])


def test_a_merged_cell_in_the_column_of_a_filter_is_no_word() -> None:
    body = xlsx(register(row(1), row(2, note="")), [(1, 2, 8, 8)])
    filters = [{"column": "Ghi chú", "only": ["Xã A", ""]}]
    assert column(body, 7, rows=filters) == ["Đang xử lý", NOT_LISTED]
    assert column(body, 7, rows=filters, fill_down=["Ghi chú"]) == ["Đang xử lý"] * 2


def test_a_table_ends_at_a_word_and_the_rows_below_are_counted() -> None:
    body = csv(row(1), ["", "B. Hồ sơ trả lại", *[None] * 7], row(2), row(3))
    ends_at = {"column": "Số hồ sơ", "words": ["B. Hồ sơ"]}
    rows, warnings = shaped(body, ends_at=ends_at)
    assert [number for number, _ in rows] == [2]
    assert warnings == ["a: the table ends at row 3 (ends_at of the options); 2 rows below were left out."]
    with pytest.raises(ContractBroken, match="a has no row whose column 'Số hồ sơ' begins with a word of ends_at"):
        shaped(csv(row(1), row(2)), ends_at=ends_at)


def test_a_word_that_stands_again_below_ends_no_table() -> None:
    total = ["", "Tổng cộng", *[None] * 7]
    ends_at = {"column": "Số hồ sơ", "words": ["Tổng cộng"]}
    with pytest.raises(ContractBroken, match="a word of ends_at stands in row 3 and again in row 5"):
        shaped(csv(row(1), total, row(2), total), ends_at=ends_at)
    assert [number for number, _ in shaped(csv(row(1), row(2), total), ends_at=ends_at)[0]] == [2, 3]


def test_a_table_ends_at_an_empty_row_unless_a_record_stands_below() -> None:
    empty, note = [None] * 9, ["", "Ghi chú 1: hồ sơ nộp thừa", *[None] * 7]
    rows, warnings = shaped(csv(row(1), row(2), empty, note), ends_at="empty_row")
    assert [number for number, _ in rows] == [2, 3]
    assert warnings == ["a: the table ends at row 4 (ends_at of the options); 1 rows below were left out."]
    for below in ([row(3)], [note, row(3)]):
        with pytest.raises(ContractBroken, match=r"a record stands in row \d, below the empty row 4"):
            shaped(csv(row(1), row(2), empty, *below), ends_at="empty_row")
    assert [number for number, _ in shaped(csv(row(1), empty, row(2)))[0]] == [2, 4]
