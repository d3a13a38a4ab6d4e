"""Reads tables from dropped files (CSV, and XLSX, XLS or ODS workbooks) as rows of cells below a header.

This module does not know the meaning of columns. Cells are text, integers, floats, booleans, dates and instants; an
empty cell is None. A cell that could not be worked out is the text of its error (`#REF!`, or `#FORMULA?` of a formula
without a value), never empty; `motcua.extract.error_texts` knows these texts. Errors name the file, the sheet and the
row, never a cell.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice, zip_longest
from typing import Any

from motcua.catalog.options import OldFont
from motcua.errors import ContractBroken, SourceUnavailable
from motcua.extract.error_texts import NOT_WORKED_OUT, is_formula
from motcua.extract.wire.html_table import charset_of, html_tables
from motcua.extract.wire.old_fonts import old_font_reader
from motcua.extract.wire.workbooks.error_cells import DAY_ZERO
from motcua.extract.wire.workbooks.reading import Cells, Merge
from motcua.extract.wire.workbooks.sheets import sheets_of
from motcua.extract.wire.workbooks.sheets import visible_sheets as workbook_sheets
from motcua.settings import Settings
from motcua.spelling import fold, tidy

_HEADER_WITHIN = 30  # the header is within so many rows, after a title, a motto and empty lines
_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # Excel's hint, a line before the header
_XML_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"  # in its first lines, and in those of no page with a table
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

csv.field_size_limit(10_000_000)  # a long note must not stop the reading

_HEADS = 3  # rows above the records, the header included, whose texts a header that is repeated may have


@dataclass(frozen=True)
class Layout:
    """The layout of a file, as far as the catalogue states it.

    Attributes:
        wanted: the expected columns, as the mapping spells them.
        encoding, delimiter: of a CSV file; None: found from the file.
        sheets: names of the sheets to read; empty: every visible sheet that is not empty.
        header_row: the row of the column names, counted from 1; None: the row with most of the wanted columns.
        first_row: the first row of a record below the header, counted from 1.
        text: the old font in which its texts were typed.
    """

    wanted: frozenset[str] = frozenset()
    encoding: str | None = None
    delimiter: str | None = None
    sheets: tuple[str, ...] = ()
    header_row: int | None = None
    first_row: int | None = None
    text: OldFont | None = None


@dataclass(frozen=True)
class Table:
    """One table: its file (and sheet), the columns by position (empty text: a column without a name), and its rows.

    A row comes with its number in the file, counted from 1. Rows without any value are left out. `sheet` is None for a
    CSV. Plain numbers of days count from `day_zero` (`error_cells.serial_day`). `sheets` are all that are read of its
    workbook. `merges` are its merged cells, by the positions of `columns`. `heads` are, by column, the texts of the
    header and of the rows right above it. `has_merges` is true where merged cells would be told, as in no CSV.
    """

    place: str
    columns: tuple[str, ...]
    rows: Iterator[tuple[int, Cells]]
    sheet: str | None = None
    day_zero: date = DAY_ZERO
    sheets: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    merges: tuple[Merge, ...] = ()
    heads: tuple[tuple[Any, ...], ...] = ()
    has_merges: bool = False


def read_tables(body: bytes, name: str, layout: Layout) -> Iterator[Table]:
    """Yield the tables of one file.

    Raises:
        SourceUnavailable: the file is incomplete, as while it is still being written.
        ContractBroken: it is not a table, or its layout is not the one in the catalogue.
    """
    if body.startswith((_ZIP, _OLE)):
        yield from _sheets(body, name, layout)
    elif not body:
        raise SourceUnavailable(f"{name} is empty.", action="try again when it has been written.")
    elif body[:5].lower() == b"mime-" or _XML_2003 in body[:2048]:
        what = "an XML Spreadsheet 2003" if _XML_2003 in body[:2048] else "a web page in one file (MHTML)"
        raise ContractBroken(
            f"{name} is {what} with the file name of a table.", action="open it in Excel and save it as XLSX or CSV."
        )
    elif body[:512].replace(b"\0", b"").lstrip(codecs.BOM_UTF8 + codecs.BOM_UTF16_LE + b" \r\n\t")[:1] == b"<":
        yield from _page_tables(body, name, layout)
    else:
        yield _text_table(body, name, layout)


# -- web pages --------------------------------------------------------------------------------------------------------


def _page_tables(body: bytes, name: str, layout: Layout) -> Iterator[Table]:
    """Yield the tables of a web page that have a wanted column; a page has others around them."""
    text = decode(body, name, layout.encoding or charset_of(body))
    tables = [table for table in html_tables(text, name) if any(_count(row, layout.wanted) for row in table.rows)]
    if not tables:
        raise ContractBroken(
            f"{name} is a web page in which no table has one of the columns.",
            action="ask for CSV or XLSX, or correct the column names in the mapping.",
        )
    for number, page_table in enumerate(tables, start=1):
        place = f"{name}, table {number}" if len(tables) > 1 else name
        rows = iter(enumerate((list(row) for row in page_table.rows), start=1))
        table = _table(place, rows, layout, is_ended=True)
        yield replace(table, merges=tuple(page_table.merges), has_merges=True)


# -- CSV --------------------------------------------------------------------------------------------------------------


def decode(body: bytes, name: str, encoding: str | None) -> str:
    """Return the text of a file. The encoding is that of its byte-order mark, else as configured, else UTF-8."""
    for mark, mark_encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            encoding = mark_encoding
            break
    if encoding is None and body[1:2] == b"\0":
        encoding = "utf-16-le"
    try:
        return body.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if error.end >= len(body):
            raise _incomplete(name) from None
        line = body.count(b"\n", 0, error.start) + 1
        raise ContractBroken(
            f"{name}, line {line}: the text is not {encoding or 'utf-8'}.",
            action="set options.encoding to the encoding of the office's program, for example windows-1258 or utf-16.",
        ) from None
    except LookupError:
        raise ContractBroken(
            f"There is no encoding {encoding!r}, which is configured for the source of {name}.",
            action="correct options.encoding: utf-8, utf-16, windows-1258 ...",
        ) from None


def _text_table(body: bytes, name: str, layout: Layout) -> Table:
    encoding = layout.encoding
    if layout.text is not None and encoding is None and not _is_utf_8(body):
        encoding = "latin-1"  # in which each letter of an old font is one byte
    text = decode(body, name, encoding)
    offset, delimiter = 0, layout.delimiter
    if hint := _SEPARATOR_LINE.match(text):
        text, offset, delimiter = text[hint.end() :], 1, delimiter or hint[1]
    if delimiter is None:
        delimiter = max(_DELIMITERS, key=lambda mark: _delimiter_score(text, mark, layout.wanted))
    is_ended = text.endswith(("\n", "\r"))
    return _table(name, _lines(text, name, delimiter, offset), layout, is_ended)


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return b"\0" in body[:4]  # UTF-16, which says so itself
    return True


def _lines(text: str, name: str, delimiter: str, offset: int) -> Iterator[tuple[int, Cells]]:
    # Strict, because a quotation mark that is not closed would turn the rest of the file into one cell.
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = offset
    has_formulas = "=" in text
    try:
        for number, row in enumerate(lines, start=1 + offset):
            yield number, [_cell(cell) for cell in row] if has_formulas else [cell.strip() or None for cell in row]
    except csv.Error as error:
        if "end of data" in str(error):
            raise _incomplete(name) from None
        raise ContractBroken(
            f"{name}, row {number + 1}: a quoted cell continues after its closing mark.",
            action="ask for an export with quotation marks doubled inside cells, or for XLSX.",
        ) from None


def _delimiter_score(text: str, delimiter: str, wanted: frozenset[str]) -> tuple[int, int]:
    """The best of the first rows with a delimiter: the number of wanted columns, and of all columns."""
    first = list(islice(csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter), _HEADER_WITHIN))
    return max((_count(row, wanted), len(row)) for row in first) if first else (0, 0)


# -- workbooks --------------------------------------------------------------------------------------------------------


def visible_sheets(body: bytes, name: str) -> list[str]:
    """Return the names of the sheets of a workbook that can be seen, without charts; none of another file."""
    return workbook_sheets(body, name) if body.startswith((_ZIP, _OLE)) else []


def _sheets(body: bytes, name: str, layout: Layout) -> Iterator[Table]:
    is_empty = True
    for sheet in sheets_of(body, name, layout.sheets):
        is_empty = False
        place = f"{name}, sheet {sheet.name!r}"
        table = _table(place, sheet.rows, layout, is_ended=True, sheet=sheet.name, day_zero=sheet.day_zero)
        yield replace(table, sheets=sheet.sheets, hidden=sheet.hidden, merges=sheet.merges, has_merges=True)
    if is_empty:
        raise ContractBroken(
            f"{name} has no cell in any sheet that can be seen.",
            action="ask the unit for its table; where it is in a hidden sheet, name that in `sheets` of the source's"
            " options.",
        )


def _cell(value: str) -> str | None:
    text = value.strip()
    return NOT_WORKED_OUT if text[:1] == "=" and is_formula(text) else text or None


# -- both -------------------------------------------------------------------------------------------------------------


def _table(
    place: str,
    rows: Iterator[tuple[int, Cells]],
    layout: Layout,
    is_ended: bool,
    sheet: str | None = None,
    day_zero: date = DAY_ZERO,
) -> Table:
    if layout.text is not None:
        rows = _in_unicode(rows, old_font_reader(Settings.load().catalog_dir, layout.text))
    header_row, header, read_ahead, above = _header(place, rows, layout)
    columns = tuple(tidy(str(cell)) if cell is not None else "" for cell in header)
    body = _body(place, columns, header_row, read_ahead, rows, layout, is_ended)
    heads = tuple(zip_longest(*above, header))
    return Table(place, columns, body, sheet, day_zero, heads=heads)


def _in_unicode(rows: Iterator[tuple[int, Cells]], read: Callable[[str], str]) -> Iterator[tuple[int, Cells]]:
    for number, cells in rows:
        yield number, [read(cell) if isinstance(cell, str) else cell for cell in cells]


def _header(
    place: str, rows: Iterator[tuple[int, Cells]], layout: Layout
) -> tuple[int, Cells, list[tuple[int, Cells]], list[Cells]]:
    """Return the number and the cells of the row with the column names, the rows read after it, and those above it."""
    if layout.header_row is not None:
        above: deque[Cells] = deque(maxlen=_HEADS - 1)
        for number, row in rows:
            if number == layout.header_row:
                return number, row, [], [*above]
            above.append(row)
        raise ContractBroken(f"{place} has no row {layout.header_row}.", action="correct options.header_row.")
    first = list(islice(rows, _HEADER_WITHIN))
    named = [position for position, (_, row) in enumerate(first) if any(cell is not None for cell in row)]
    if not named:
        raise SourceUnavailable(f"{place} has no cells.", action="try again when it has been written.")
    best = max(named, key=lambda position: (_count(first[position][1], layout.wanted), -position))
    return *first[best], first[best + 1 :], [row for _, row in first[max(0, best + 1 - _HEADS) : best]]


def _count(row: Sequence[Any], wanted: frozenset[str]) -> int:
    return len({fold(cell) for cell in row if isinstance(cell, str)} & {fold(name) for name in wanted})


def _body(
    place: str,
    columns: tuple[str, ...],
    header_row: int,
    read_ahead: list[tuple[int, Cells]],
    rows: Iterator[tuple[int, Cells]],
    layout: Layout,
    is_ended: bool,
) -> Iterator[tuple[int, Cells]]:
    width, first_row = len(columns), layout.first_row or header_row + 1
    previous: tuple[int, Cells] | None = None
    for source in (read_ahead, rows):
        for number, row in source:
            if number < first_row or row.count(None) == len(row):
                continue
            if len(row) > width and any(cell is not None for cell in row[width:]):
                raise ContractBroken(
                    f"{place}, row {number}: {len(row)} cells under {width} columns.",
                    action="quote cells that contain a delimiter or a line break, or correct options.delimiter.",
                )
            if previous is not None:
                yield previous
            previous = number, row
    if previous is None:
        return
    if not is_ended and len(previous[1]) < width:
        raise _incomplete(place)
    yield previous


def _incomplete(name: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"{name} is incomplete: it is still being written, or copying it was interrupted.",
        action="try again when it is complete; ask the unit to write it under another name and rename it then.",
    )
