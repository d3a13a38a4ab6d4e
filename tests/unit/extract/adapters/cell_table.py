"""Writes one cell of every kind below any column, in every kind of workbook that has such cells.

It shares nothing with the reader. What is text in a column is written as that text in many ways.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import xlwt
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from tests.unit.extract.cell_files import WITHOUT, Cell, as_ods, as_xls, as_xlsx, by_openpyxl

DAY = date(2025, 10, 8)
SERIAL = (DAY - date(1899, 12, 30)).days
NBSP, ZERO_WIDTH = "\u00a0", "\u200b"
XLS_DAY = xlwt.easyxf(num_format_str="dd/mm/yyyy")
Rows = list[list[Any]]


def plain(kind: str, text: str) -> Any:
    """Return the cell of a kind that any writer can write; `text` is what stands in the column."""
    return {
        "date": DAY,
        "date as text": f"{DAY:%d/%m/%Y}",
        "date and hour": datetime(2025, 10, 8, 9, 30),
        "number of a day": SERIAL,
        "number of a day as text": str(SERIAL),
        "empty": None,
        "blanks only": "   ",
        "#REF!": Cell("#REF!", "an error"),
        "#N/A": Cell("#N/A", "an error"),
        "formula without a value": Cell(0, WITHOUT),
        "formula with a value": Cell(text, "a formula with a value"),
        "true": True,
        "text": text,
        "spaces that do not break": f"{NBSP}{text}{NBSP}",
        "spaces of no width": f"{ZERO_WIDTH}{text}{ZERO_WIDTH}",
        "digits of full width": "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else c for c in text),
    }[kind]


PLAIN = (
    "date", "date as text", "date and hour", "number of a day", "number of a day as text", "empty", "blanks only",
    "#REF!", "#N/A", "formula without a value", "formula with a value", "true", "text", "spaces that do not break",
    "spaces of no width", "digits of full width",
)  # fmt: skip


def rich_xlsx(rows: Rows, row: int, column: int, text: str) -> bytes:
    """Return a workbook with a text of two fonts in a cell."""
    book = openpyxl.load_workbook(io.BytesIO(by_openpyxl(rows)))
    half = len(text) // 2
    book.active.cell(row + 1, column + 1).value = CellRichText(text[:half], TextBlock(InlineFont(b=True), text[half:]))
    return _saved(book)


def link_xlsx(rows: Rows, row: int, column: int, text: str) -> bytes:
    """Return a workbook with a text that is a link in a cell."""
    book = openpyxl.load_workbook(io.BytesIO(by_openpyxl(rows)))
    cell = book.active.cell(row + 1, column + 1)
    cell.value, cell.hyperlink = text, "https://example.invalid/"
    return _saved(book)


def merged_xlsx(rows: Rows, row: int, column: int, text: str) -> bytes:
    """Return a workbook in which a cell is merged with the one above it."""
    book = openpyxl.load_workbook(io.BytesIO(by_openpyxl(rows)))
    book.active.merge_cells(start_row=row, end_row=row + 1, start_column=column + 1, end_column=column + 1)
    return _saved(book)


def rich_xls(rows: Rows, row: int, column: int, text: str) -> bytes:
    """Return an old workbook with a text of two fonts in a cell."""
    book, sheet = _xls(rows, row, column)
    half = len(text) // 2
    sheet.write_rich_text(row, column, ((text[:half], xlwt.easyfont("bold on")), text[half:]))
    return _saved(book)


def merged_xls(rows: Rows, row: int, column: int, text: str) -> bytes:
    """Return an old workbook in which a cell is merged with the one above it."""
    book, sheet = _xls(rows, row, column)
    sheet.merge(row - 1, row, column, column)
    return _saved(book)


def rich_ods(rows: Rows, row: int, column: int, text: str) -> bytes:
    """Return an OpenDocument workbook with a text of two spans in a cell."""
    half = len(text) // 2
    return _ods(rows, row, column, text, f"{escape(text[:half])}<text:span>{escape(text[half:])}</text:span>")


def link_ods(rows: Rows, row: int, column: int, text: str) -> bytes:
    """Return an OpenDocument workbook with a text that is a link in a cell."""
    return _ods(rows, row, column, text, f"<text:a>{escape(text)}</text:a>")


def of_1904(write: Callable[..., bytes]) -> Callable[[Rows, int, int, str], bytes]:
    """Return a writer of a workbook that counts days from 1904, with a date in a cell."""

    def written(rows: Rows, row: int, column: int, text: str) -> bytes:
        rows[row][column] = DAY
        return write(rows, is_1904=True)

    return written


SPECIAL: dict[str, dict[str, Callable[[Rows, int, int, str], bytes]]] = {
    "text of two fonts": {"xlsx": rich_xlsx, "xls": rich_xls, "ods": rich_ods},
    "link": {"xlsx": link_xlsx, "ods": link_ods},
    "merged, not the first": {"xlsx": merged_xlsx, "xls": merged_xls},
    "date of a workbook from 1904": {"xlsx": of_1904(as_xlsx), "xls": of_1904(as_xls), "ods": of_1904(as_ods)},
}
KINDS = (*PLAIN, *SPECIAL)
WRITERS: dict[str, Callable[[Rows], bytes]] = {"xlsx": as_xlsx, "openpyxl": by_openpyxl, "xls": as_xls, "ods": as_ods}
CANNOT = {"xlsx": ("date and hour",), "openpyxl": ("formula with a value",), "ods": ("date and hour", "true")}


def workbooks(rows: Rows, row: int, column: int, kind: str, text: str) -> dict[str, bytes]:
    """Return the workbooks that hold `rows` with a cell of a kind in one place, by the kind of file."""
    if kind in SPECIAL:
        return {file: write([list(each) for each in rows], row, column, text) for file, write in SPECIAL[kind].items()}
    cells = [list(each) for each in rows]
    cells[row][column] = plain(kind, text)
    return {file: write(cells) for file, write in WRITERS.items() if kind not in CANNOT.get(file, ())}


def _xls(rows: Rows, row: int, column: int) -> tuple[Any, Any]:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sổ")
    for r, cells in enumerate(rows):
        for c, given in enumerate(cells):
            cell = given.value if isinstance(given, Cell) else given
            if cell is not None and (r, c) != (row, column):
                sheet.write(r, c, cell, *((XLS_DAY,) if isinstance(cell, date) else ()))
    return book, sheet


def _ods(rows: Rows, row: int, column: int, text: str, inside: str) -> bytes:
    rows[row][column] = text
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_ods(rows))) as source, zipfile.ZipFile(sink, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "content.xml":
                lines = part.decode().split("<table:table-row>")
                lines[row + 1] = lines[row + 1].replace(
                    f"<text:p>{escape(text)}</text:p>", f"<text:p>{inside}</text:p>"
                )
                part = "<table:table-row>".join(lines).encode()
            target.writestr(name, part)
    return sink.getvalue()


def _saved(book: Any) -> bytes:
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()
