"""Writes one table as a CSV or as a workbook of any kind, with cells of any kind. It shares nothing with the reader.

A table is a list of rows; a row is a list of cells, which are `Cell`s or plain values.
"""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import openpyxl
import xlsxwriter
import xlwt

VALUE, ERROR, TYPED = "a value", "an error", "the text of an error"
BROKEN, WITHOUT, WITH, EMPTY = (
    "a formula with an error", "a formula without a value", "a formula with a value", "a formula with an empty text",
)  # fmt: skip
_XLS_CODES = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 0x0F, "#REF!": 0x17, "#NAME?": 0x1D, "#NUM!": 0x24, "#N/A": 0x2A}
_NAMES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
}


@dataclass(frozen=True)
class Cell:
    """`value` is what stands in the cell, or what its formula gives: a day, a number or a text; or its error."""

    value: Any
    kind: str = VALUE


def _cells(rows: list[list[Any]]) -> list[tuple[int, int, Cell]]:
    return [
        (row, column, cell if isinstance(cell, Cell) else Cell(cell))
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
        if cell is not None
    ]


def _serial(value: Any, is_1904: bool = False) -> float:
    return (value - date(1904 if is_1904 else 1899, 1 if is_1904 else 12, 1 if is_1904 else 30)).days


def as_csv(rows: list[list[Any]]) -> bytes:
    """Return the table as Excel saves it as CSV; a formula without a value as it stands in a column of texts."""
    sink = io.StringIO()
    for cells in rows:
        texts = []
        for cell in cells:
            one = cell if isinstance(cell, Cell) else Cell(cell)
            value = f"{one.value:%d/%m/%Y}" if isinstance(one.value, date) else one.value
            texts.append({WITHOUT: "=E2+2", EMPTY: ""}.get(one.kind, value))
        csv.writer(sink).writerow(texts)
    return sink.getvalue().encode()


def by_openpyxl(rows: list[list[Any]]) -> bytes:
    """Return the table as openpyxl writes it: its formulas have no values, so those that must have one are left out."""
    book = openpyxl.Workbook()
    for row, column, cell in _cells(rows):
        place = book.active.cell(row + 1, column + 1)
        place.value = {WITHOUT: "=A1", EMPTY: None}.get(cell.kind, cell.value)
        if cell.kind == TYPED:
            place.data_type = "s"
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def as_xlsx(rows: list[list[Any]], *, is_1904: bool = False, left: int = 0) -> bytes:
    """Return the table as XlsxWriter writes it: a formula without a value is 0. `left` columns before it are empty."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True, "date_1904": is_1904})
    sheet = book.add_worksheet("Sổ & 10")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for row, place, cell in _cells(rows):
        column, style = place + left, day if isinstance(cell.value, date) else None
        value = _serial(cell.value, is_1904) if isinstance(cell.value, date) else cell.value
        if cell.kind in (ERROR, BROKEN):
            sheet.write_formula(row, column, "=A1", value=value)
        elif cell.kind == WITHOUT:
            sheet.write_formula(row, column, "=A1")
        elif cell.kind == WITH:
            sheet.write_formula(row, column, "=A1", style, value)
        elif cell.kind == EMPTY:
            sheet.write_formula(row, column, "=A1", value="")
        elif isinstance(value, str):
            sheet.write_string(row, column, value)
        else:
            sheet.write(row, column, value, style)
    book.close()
    # XlsxWriter leaves out that an empty text is a text.
    return rewritten(sink.getvalue(), b"><f>A1</f><v></v>", b' t="str"><f>A1</f><v></v>')


def rewritten(body: bytes, old: bytes, new: bytes) -> bytes:
    """Return a workbook with a text of its parts replaced."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as source, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(old, new))
    return sink.getvalue()


def as_xls(rows: list[list[Any]], *, is_1904: bool = False) -> bytes:
    """Return the table as xlwt writes it: its formulas have no values.

    Of a table without such formulas they have values, as Excel writes them; one more stands far to the right.
    """
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = is_1904
    sheet = book.add_sheet("Sổ 10")
    day = xlwt.easyxf(num_format_str="dd/mm/yyyy")
    values: list[tuple[int, int, bytes]] = []
    is_worked_out = all(cell.kind != WITHOUT for _, _, cell in _cells(rows))
    for row, column, cell in _cells(rows):
        style = (day,) if isinstance(cell.value, date) else ()
        if cell.kind == ERROR or (cell.kind == BROKEN and not is_worked_out):
            sheet.row(row).set_cell_error(column, _XLS_CODES[cell.value])
        elif cell.kind == WITHOUT or (cell.kind in (BROKEN, EMPTY) and is_worked_out):
            sheet.write(row, column, xlwt.Formula("A1"), *style)
            if cell.kind == BROKEN:
                values.append((row, column, bytes((2, 0, _XLS_CODES[cell.value], 0, 0, 0, 255, 255))))
        elif cell.kind == WITH and is_worked_out and not isinstance(cell.value, str):
            sheet.write(row, column, xlwt.Formula("A1"), *style)
            number = _serial(cell.value, is_1904) if isinstance(cell.value, date) else cell.value
            values.append((row, column, struct.pack("<d", number)))
        elif cell.kind != EMPTY:
            sheet.write(row, column, cell.value, *style)
    if is_worked_out:
        sheet.write(0, 200, xlwt.Formula("1+1"))
        values.append((0, 200, struct.pack("<d", 2)))
    sink = io.BytesIO()
    book.save(sink)
    body = sink.getvalue()
    for row, column, value in values:
        at = struct.pack("<HH", row, column)
        formula = re.compile(re.escape(at) + b"(..)" + re.escape(b"\x03\0\0\0\0\0\xff\xff"), re.DOTALL)
        body = formula.sub(lambda found, at=at, value=value: at + found[1] + value, body, count=1)
    return body


def as_ods(rows: list[list[Any]], *, is_1904: bool = False, is_old: bool = False) -> bytes:
    """Return the table as LibreOffice writes it; `is_old`: as OpenOffice did, where an error has the value 0."""
    body = "".join(
        f"<table:table-row>{''.join(_ods_cell(cell, is_old) for cell in cells)}</table:table-row>" for cells in rows
    )
    day = '<table:calculation-settings><table:null-date table:date-value="1904-01-01"/></table:calculation-settings>'
    names = " ".join(f'xmlns:{name}="{uri}"' for name, uri in _NAMES.items())
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names}><office:body><office:spreadsheet>'
        f'{day if is_1904 else ""}<table:table table:name="Sổ 10">{body}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, text in (("mimetype", kind), ("META-INF/manifest.xml", manifest), ("content.xml", content)):
            archive.writestr(name, text)
    return sink.getvalue()


def _ods_cell(given: Any, is_old: bool) -> str:
    cell = given if isinstance(given, Cell) else Cell(given)
    if cell.value is None:
        return "<table:table-cell/>"
    formula = "" if cell.kind in (VALUE, TYPED, ERROR) else ' table:formula="of:=[.A1]"'
    shown = f"<text:p>{escape(str(cell.value))}</text:p>"
    if cell.kind == WITHOUT:
        return f"<table:table-cell{formula}/>"
    if cell.kind == EMPTY:
        return f'<table:table-cell{formula} office:value-type="string" office:string-value=""/>'
    if cell.kind in (ERROR, BROKEN):
        held = (
            ' table:formula="of:=[.A1]" office:value-type="float" office:value="0"' if is_old
            else f'{formula} office:value-type="string" office:string-value="" calcext:value-type="error"'
        )  # fmt: skip
        return f"<table:table-cell{held}>{shown}</table:table-cell>"
    if isinstance(cell.value, date):
        held = f'office:value-type="date" office:date-value={quoteattr(cell.value.isoformat())}'
    elif isinstance(cell.value, str):
        held = 'office:value-type="string"'
    else:
        held = f'office:value-type="float" office:value="{cell.value}"'
    return f"<table:table-cell{formula} {held}>{shown}</table:table-cell>"
