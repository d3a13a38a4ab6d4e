"""Reads tables out of dropped files: CSV, and XLSX, XLS or ODS workbooks, as rows of cells under a header.

Nothing here knows what a column means. Cells come as text, whole and broken numbers, booleans, dates and instants;
an empty cell is none. Errors name the file, the sheet and the row, never a cell.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from itertools import islice
from typing import Any

from motcua.errors import ContractBroken, SourceUnavailable
from motcua.spelling import fold, tidy

_HEADER_WITHIN = 30  # rows a title, a motto and an empty line may take before the header
_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # Excel's own hint, a line before the header
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

csv.field_size_limit(10_000_000)  # a note of some length is no reason to stop

Cells = list[Any]


@dataclass(frozen=True)
class Layout:
    """How a file is laid out, as far as the catalogue says.

    Attributes:
        wanted: columns that are expected, as the mapping spells them.
        encoding, delimiter: of a CSV; none: told from the file.
        sheets: names of the sheets to read; empty: every visible one that is not empty.
        header_row: the row that holds the column names, counted from 1; none: the one with most of the wanted columns.
        first_row: the first row below the header that holds a record, counted from 1.
    """

    wanted: frozenset[str] = frozenset()
    encoding: str | None = None
    delimiter: str | None = None
    sheets: tuple[str, ...] = ()
    header_row: int | None = None
    first_row: int | None = None


@dataclass(frozen=True)
class Table:
    """One table: where it stands, the columns by position (empty where a column has no name), and its rows.

    A row comes with its number in the file, counted from 1; rows without any value are left out.
    """

    place: str
    columns: tuple[str, ...]
    rows: Iterator[tuple[int, Cells]]


def read_tables(body: bytes, name: str, layout: Layout) -> Iterator[Table]:
    """Yield the tables of one file.

    Raises:
        SourceUnavailable: the file breaks off, as one that is still being written does.
        ContractBroken: it is no table, or not laid out as the catalogue says.
    """
    if body.startswith((_ZIP, _OLE)):
        yield from _sheets(body, name, layout)
    elif not body:
        raise SourceUnavailable(f"{name} is empty.", action="try again once it has been written.")
    elif body[:512].lstrip(codecs.BOM_UTF8 + b" \r\n\t")[:1] == b"<":
        raise ContractBroken(
            f"{name} is a web page under the name of a table.",
            action="have it saved as CSV or XLSX; many systems export an HTML page named .xls.",
        )
    else:
        yield _text_table(body, name, layout)


# -- CSV --------------------------------------------------------------------------------------------------------------


def decode(body: bytes, name: str, encoding: str | None) -> str:
    """Return the text of a file: by its byte-order mark, else as configured, else as UTF-8, never by guessing."""
    for mark, marked in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            encoding = marked
            break
    if encoding is None and body[1:2] == b"\0":
        encoding = "utf-16-le"
    try:
        return body.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if error.end >= len(body):
            raise _breaks_off(name) from None
        line = body.count(b"\n", 0, error.start) + 1
        raise ContractBroken(
            f"{name}, line {line}: not {encoding or 'utf-8'} text.",
            action="set options.encoding to what the office's program writes, for example windows-1258 or utf-16.",
        ) from None
    except LookupError:
        raise ContractBroken(
            f"There is no encoding {encoding!r}, which the source of {name} is said to use.",
            action="correct options.encoding: utf-8, utf-16, windows-1258 ...",
        ) from None


def _text_table(body: bytes, name: str, layout: Layout) -> Table:
    text = decode(body, name, layout.encoding)
    offset, delimiter = 0, layout.delimiter
    if hint := _SEPARATOR_LINE.match(text):
        text, offset, delimiter = text[hint.end() :], 1, delimiter or hint[1]
    if delimiter is None:
        delimiter = max(_DELIMITERS, key=lambda mark: _promise(text, mark, layout.wanted))
    is_ended = text.endswith(("\n", "\r"))
    return _table(name, _lines(text, name, delimiter, offset), layout, is_ended)


def _lines(text: str, name: str, delimiter: str, offset: int) -> Iterator[tuple[int, Cells]]:
    # Strict, because a quotation mark that is never closed would swallow the rest of the file as one cell.
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = offset
    try:
        for number, row in enumerate(lines, start=1 + offset):
            yield number, [cell.strip() or None for cell in row]
    except csv.Error as error:
        if "end of data" in str(error):
            raise _breaks_off(name) from None
        raise ContractBroken(
            f"{name}, row {number + 1}: a quoted cell goes on after its closing mark.",
            action="have it exported with quotation marks doubled inside cells, or as XLSX.",
        ) from None


def _promise(text: str, delimiter: str, wanted: frozenset[str]) -> tuple[int, int]:
    """How much a delimiter makes of the first rows: wanted columns found, and columns in all."""
    first = list(islice(csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter), _HEADER_WITHIN))
    return max((_count(row, wanted), len(row)) for row in first) if first else (0, 0)


# -- workbooks --------------------------------------------------------------------------------------------------------


def _sheets(body: bytes, name: str, layout: Layout) -> Iterator[Table]:
    import python_calamine as calamine

    try:
        workbook = calamine.load_workbook(io.BytesIO(body))
    except calamine.PasswordError:
        raise ContractBroken(f"{name} asks for a password.", action="have it saved without one.") from None
    except (calamine.CalamineError, OSError) as error:
        if body.startswith(_ZIP) and b"PK\x05\x06" not in body[-66_000:]:  # a zip ends with its directory
            raise _breaks_off(name) from None
        raise ContractBroken(
            f"{name} is not a workbook that can be read ({type(error).__name__}).",
            action="open it in Excel or LibreOffice and save it as XLSX.",
        ) from None
    known = {fold(sheet): sheet for sheet in workbook.sheet_names}
    if missing := [sheet for sheet in layout.sheets if fold(sheet) not in known]:
        raise ContractBroken(
            f"{name} has no sheet {missing[0]!r}; it has {', '.join(map(repr, workbook.sheet_names))}.",
            action="correct options.sheets, or ask the unit why the sheet is gone.",
        )
    visible = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == calamine.SheetTypeEnum.WorkSheet and sheet.visible == calamine.SheetVisibleEnum.Visible
    ]
    for sheet_name in [known[fold(sheet)] for sheet in layout.sheets] or visible:
        sheet = workbook.get_sheet_by_name(sheet_name)
        if sheet.start is None and not layout.sheets:
            continue
        # Empty rows above the first cell are there, so numbers are the sheet's; empty columns left of it are not, so
        # a column is known by its name alone.
        cells = sheet.iter_rows() if sheet.start is not None else iter(())
        rows = ((number, [_cell(value) for value in row]) for number, row in enumerate(cells, start=1))
        yield _table(f"{name}, sheet {sheet_name!r}", rows, layout, is_ended=True)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float) and value.is_integer():
        return int(value)  # Excel has no whole numbers
    return str(value) if isinstance(value, time | timedelta) else value


# -- both -------------------------------------------------------------------------------------------------------------


def _table(place: str, rows: Iterator[tuple[int, Cells]], layout: Layout, is_ended: bool) -> Table:
    header_row, header, held = _header(place, rows, layout)
    columns = tuple(tidy(str(cell)) if cell is not None else "" for cell in header)
    return Table(place, columns, _body(place, columns, header_row, held, rows, layout, is_ended))


def _header(
    place: str, rows: Iterator[tuple[int, Cells]], layout: Layout
) -> tuple[int, Cells, list[tuple[int, Cells]]]:
    """Return the row with the column names and its number, and the rows read past it."""
    if layout.header_row is not None:
        for number, row in rows:
            if number == layout.header_row:
                return number, row, []
        raise ContractBroken(f"{place} has no row {layout.header_row}.", action="correct options.header_row.")
    first = list(islice(rows, _HEADER_WITHIN))
    named = [position for position, (_, row) in enumerate(first) if any(cell is not None for cell in row)]
    if not named:
        raise SourceUnavailable(f"{place} holds nothing.", action="try again once it has been written.")
    best = max(named, key=lambda position: (_count(first[position][1], layout.wanted), -position))
    return *first[best], first[best + 1 :]


def _count(row: Sequence[Any], wanted: frozenset[str]) -> int:
    return len({fold(cell) for cell in row if isinstance(cell, str)} & {fold(name) for name in wanted})


def _body(
    place: str,
    columns: tuple[str, ...],
    header_row: int,
    held: list[tuple[int, Cells]],
    rows: Iterator[tuple[int, Cells]],
    layout: Layout,
    is_ended: bool,
) -> Iterator[tuple[int, Cells]]:
    width, first_row = len(columns), layout.first_row or header_row + 1
    previous: tuple[int, Cells] | None = None
    for source in (held, rows):
        for number, row in source:
            if number < first_row or not any(cell is not None for cell in row):
                continue
            if len(row) > width and any(cell is not None for cell in row[width:]):
                raise ContractBroken(
                    f"{place}, row {number}: {len(row)} cells under {width} columns.",
                    action="a delimiter or a line break stands unquoted in a cell, or options.delimiter is wrong.",
                )
            if previous is not None:
                yield previous
            previous = number, row
    if previous is None:
        return
    if not is_ended and len(previous[1]) < width:
        raise _breaks_off(place)
    yield previous


def _breaks_off(name: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"{name} breaks off: it is still being written, or its copying was cut short.",
        action="try again when it is complete; have it written under another name and renamed when done.",
    )
