"""Tables as offices write them: encodings, delimiters, titles above the header, Excel's cells."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from motcua.errors import ContractBroken, SourceUnavailable
from motcua.extract.adapters.files import record_keys, tables_of
from motcua.extract.wire.tabular import Layout, Table, read_tables
from motcua.spelling import fold

WANTED = frozenset({"Mã hồ sơ", "Mã thủ tục", "Ngày tiếp nhận", "Ngày hẹn trả", "Trạng thái"})
# An office's workbook of 2003 saved by LibreOffice as Excel 97: column A empty, titles above the header.
OLD_XLS = Path(__file__).parent / "drops" / "old.xls"
CSV = "Mã hồ sơ,Trạng thái\nA-1,Đang xử lý\nA-2,Đã trả kết quả\n"


def tables(body: bytes, **layout: Any) -> list[Table]:
    return list(read_tables(body, "drop.csv", Layout(WANTED, **layout)))


def rows(body: bytes, **layout: Any) -> list[dict[str, Any]]:
    return [
        dict(zip(table.columns, cells, strict=False)) for table in tables(body, **layout) for _, cells in table.rows
    ]


def workbook(*sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, content in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"Tờ {number}")
        for row in content:
            sheet.append(row)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("utf-16-le", None), ("windows-1258", "windows-1258")],
)
def test_a_csv_is_read_in_the_encoding_its_program_writes(encoding: str, told: str | None) -> None:
    decomposed = CSV.replace("ử", "ư\u0309").replace("ý", "y\u0301").replace("ế", "ê\u0301").replace("ả", "a\u0309")
    decomposed = decomposed.replace("ạ", "a\u0323").replace("ồ", "ô\u0300").replace("ã", "a\u0303").replace("Đ", "Đ")
    text = decomposed if encoding == "windows-1258" else CSV
    found = rows(text.encode(encoding), encoding=told)
    assert [{fold(key): fold(cell) for key, cell in row.items()} for row in found] == [
        {fold("Mã hồ sơ"): "a-1", fold("Trạng thái"): fold("Đang xử lý")},
        {fold("Mã hồ sơ"): "a-2", fold("Trạng thái"): fold("Đã trả kết quả")},
    ]


def test_an_encoding_is_never_guessed() -> None:
    with pytest.raises(ContractBroken, match=r"drop.csv, line 1: the text is not utf-8.*set options.encoding"):
        rows("Ma,Trang\u0323\n".encode("windows-1258"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_delimiter_that_is_not_configured_is_detected_from_the_header(delimiter: str) -> None:
    text = CSV.replace(",", delimiter).replace("A-1", '"a,b;c|d"')
    assert [row["Mã hồ sơ"] for row in rows(text.encode())] == ["a,b;c|d", "A-2"]


def test_a_configured_delimiter_is_not_second_guessed() -> None:
    assert rows(CSV.encode(), delimiter=";")[0] == {"Mã hồ sơ,Trạng thái": "A-1,Đang xử lý"}


def test_the_separator_line_of_excel_is_applied() -> None:
    [first, _] = rows(("sep=;\r\n" + CSV.replace(",", ";").replace("\n", "\r\n")).encode())
    assert first == {"Mã hồ sơ": "A-1", "Trạng thái": "Đang xử lý"}


def test_titles_above_the_header_are_skipped() -> None:
    [table] = tables(("UBND XÃ LONG ĐỨC,\nDANH SÁCH HỒ SƠ,\n,\n" + CSV).encode())
    assert table.columns == ("Mã hồ sơ", "Trạng thái")
    assert [number for number, _ in table.rows] == [5, 6]


def test_a_row_of_column_numbers_below_the_header_is_skipped_when_configured() -> None:
    text = CSV.replace("\n", "\n(1),(2)\n", 1)
    assert len(rows(text.encode())) == 3
    assert len(rows(text.encode(), header_row=1, first_row=3)) == 2


def test_blank_rows_are_not_records() -> None:
    assert len(rows((CSV + ",\n , \n\n").encode())) == 2


def test_a_cell_keeps_its_line_breaks_and_a_header_does_not() -> None:
    [row] = rows('"Mã\nhồ  sơ",Ghi chú\nA-1,"một\nhai"\n'.encode())
    assert row == {"Mã hồ sơ": "A-1", "Ghi chú": "một\nhai"}


def test_a_row_with_more_cells_than_columns_stops_the_file() -> None:
    with pytest.raises(ContractBroken, match=r"drop.csv, row 3: 3 cells under 2 columns"):
        rows((CSV.replace("A-2,", "A-2,Nguyễn,")).encode())


@pytest.mark.parametrize(
    "body", [b"", CSV.encode()[: CSV.encode().rindex(b",")], CSV.encode()[: CSV.encode().index(b"\x93")]]
)
def test_an_incomplete_csv_is_still_being_written(body: bytes) -> None:
    with pytest.raises(SourceUnavailable, match="written"):
        rows(body)


def test_a_quotation_mark_that_is_never_closed_hides_no_row() -> None:
    with pytest.raises(SourceUnavailable, match="is incomplete"):
        rows(CSV.replace("A-1", '"A-1').encode())
    with pytest.raises(ContractBroken, match="row 2: a quoted cell continues"):
        rows(CSV.replace("A-1", '"A"-1').encode())


def test_an_incomplete_workbook_is_still_being_written() -> None:
    with pytest.raises(SourceUnavailable, match="is incomplete"):
        rows(workbook([["Mã hồ sơ"], ["A-1"]])[:-100])


def test_a_web_page_named_xls_is_not_a_table() -> None:
    with pytest.raises(ContractBroken, match="a web page in which no table has one of the columns"):
        rows(b"\r\n<html><table><tr><td>1</td></tr></table></html>")


def test_every_visible_sheet_is_read_and_an_empty_one_has_no_record() -> None:
    body = workbook([["Mã hồ sơ"], ["A-1"]], [], [["Mã hồ sơ"], ["A-2"]])
    assert [table.place for table in tables(body)] == ["drop.csv, sheet 'Tờ 1'", "drop.csv, sheet 'Tờ 3'"]
    assert [row["Mã hồ sơ"] for row in rows(body, sheets=("tờ 3",))] == ["A-2"]


def test_a_missing_sheet_is_named() -> None:
    with pytest.raises(ContractBroken, match=r"has no sheet 'Tháng 12'; it has 'Tờ 1'"):
        rows(workbook([["Mã hồ sơ"], ["A-1"]]), sheets=("Tháng 12",))


def test_cells_of_a_workbook_keep_their_kind() -> None:
    [row] = rows(
        workbook(
            [
                ["Mã hồ sơ", "Mã thủ tục", "Ngày tiếp nhận", "Ngày hẹn trả", "Lệ phí", "Trạng thái"],
                ["A-1", 1.00119, datetime(2023, 10, 2, 8, 30), 45205.5, 20000, "  "],
            ]
        )
    )
    assert row == {
        "Mã hồ sơ": "A-1",
        "Mã thủ tục": 1.00119,
        "Ngày tiếp nhận": datetime(2023, 10, 2, 8, 30),
        "Ngày hẹn trả": 45205.5,
        "Lệ phí": 20000,
        "Trạng thái": None,
    }
    assert type(row["Lệ phí"]) is int


def test_an_old_xls_with_an_empty_first_column_is_read_by_its_column_names() -> None:
    first, second, third = rows(OLD_XLS.read_bytes())
    assert first == {
        "Mã hồ sơ": "000.00.12.H59-231002-0001",
        "Mã thủ tục": "1.001193",
        "Ngày tiếp nhận": datetime(2023, 10, 2, 8, 30),
        "Ngày hẹn trả": 45205,
        "Trạng thái": "Đang xử lý",
    }
    assert (second["Mã thủ tục"], second["Ngày hẹn trả"]) == (2.000815, 45205.5)
    assert third["Mã hồ sơ"] == "000.00.12.H59-231101-0003"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("UBND  Xã Hoà Minh", "ubnd xã Hòa Minh"),
        ("Phường Thuỷ Xuân", "PHƯỜNG THỦY XUÂN"),
        ("Phòng Tư pháp", "Pho\u0300ng\u00a0Tư pha\u0301p "),
    ],
)
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_names_that_differ_in_a_tone_do_not_fold_alike() -> None:
    assert fold("Xã Hoà") != fold("Xã Hoá")


def test_a_hidden_sheet_with_the_columns_is_refused_until_the_options_name_the_sheets() -> None:
    head = ["Mã hồ sơ"]
    whole = openpyxl.load_workbook(io.BytesIO(workbook([head, ["A-1"]], [head, ["A-2"]], [["Ghi chú"], ["x"]])))
    for sheet in whole.worksheets[1:]:
        sheet.sheet_state = "hidden"
    body = io.BytesIO()
    whole.save(body)
    layout = Layout(frozenset(head))

    def read(said: Layout) -> list[str | None]:
        found = tables_of(body.getvalue(), "so.xlsx", said, lambda one: record_keys(one.columns, one.place, head))
        return [table.sheet for table, _ in found]

    with pytest.raises(ContractBroken, match=r'so\.xlsx has hidden sheets with the columns of the register: "Tờ 2"'):
        read(layout)
    assert read(replace(layout, sheets=("Tờ 1",))) == ["Tờ 1"]
    assert read(replace(layout, sheets=("Tờ 1", "Tờ 2"))) == ["Tờ 1", "Tờ 2"]


def test_a_workbook_whose_only_filled_sheet_is_hidden_is_no_empty_answer() -> None:
    whole = openpyxl.Workbook()
    whole.create_sheet("Tháng 9").append(["Mã hồ sơ"])
    whole.worksheets[1].sheet_state = "veryHidden"
    body = io.BytesIO()
    whole.save(body)
    with pytest.raises(ContractBroken, match="no cell in any sheet that can be seen"):
        rows(body.getvalue())
