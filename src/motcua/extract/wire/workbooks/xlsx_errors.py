"""The cells of an XLSX workbook that hold an error, or a formula without a stored value.

ECMA-376 part 1, section 18.3.1.4 (`c`: type `e`, then `f`, then `v`) and section 18.2.2 (`fullCalcOnLoad`). A program
that works nothing out leaves the value of a formula away (openpyxl), or writes 0 for it and says that all is to be
worked out on opening (XlsxWriter, PhpSpreadsheet); such a 0 is no value. Excel and LibreOffice do not say so.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from typing import IO
from xml.etree import ElementTree

from motcua.extract.error_texts import NOT_WORKED_OUT

Places = dict[tuple[int, int], str]

_CHUNK = 1 << 20
_LARGEST_RANGE = 1_000_000  # cells of an array formula
_PLACE = re.compile(rb'\br\s*=\s*["\']\$?([A-Z]{1,3})\$?(\d{1,7})["\']')
_RANGE = re.compile(rb'\bref\s*=\s*["\']([A-Z]{1,3})(\d{1,7})(?::([A-Z]{1,3})(\d{1,7}))?["\']')
_VALUE = re.compile(rb"\s*(?:<(?:\w+:)?f\b[^>]*(?:(?<=/)>|(?<!/)>[^<]*</(?:\w+:)?f>)\s*)?<(?:\w+:)?v\b[^>]*>([^<]+)<")
_IS_TEXT = re.compile(rb'\bt\s*=\s*["\']str["\']')
_IS_ERROR = re.compile(rb'\bt\s*=\s*["\']e["\']')
_IS_ARRAY = re.compile(rb'\bt\s*=\s*["\']array["\']')
_PREFIX = re.compile(rb"<((?:\w+:)?)sheetData\b")
_FAR = re.compile(rb'\br="([A-Z]{3})\d')  # a cell in a column beyond the 702nd
_ROWS = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,7})"')
_TAIL = 1 << 13  # of a piece; a far cell that stands elsewhere is stopped by the limit of memory
MOST_CELLS = 60_000_000  # of a sheet; the reader makes a cell for each place up to the last one
_TRUE = ("1", "true", "on")


class TooManyCells(ValueError):
    """A sheet would have too many cells: one stands far from the table."""


def xlsx_errors(archive: zipfile.ZipFile) -> tuple[dict[str, Places], date]:
    """Return, by sheet, the text of each unread cell by its row and column, both from 1; and day 0 of its days.

    Raises:
        ValueError: it cannot be told where such a cell stands.
    """
    parts = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
    try:
        workbook = ElementTree.fromstring(archive.read(parts["xl/workbook.xml"]))  # noqa: S314  no entities below
        relations = ElementTree.fromstring(archive.read(parts["xl/_rels/workbook.xml.rels"]))  # noqa: S314
        targets = {one.get("Id"): one for one in relations}
        properties, calculation = workbook.find("{*}workbookPr"), workbook.find("{*}calcPr")
        is_1904 = properties is not None and properties.get("date1904") in _TRUE
        is_worked_out = calculation is None or calculation.get("fullCalcOnLoad") not in _TRUE
        found: dict[str, Places] = {}
        for sheet in workbook.iterfind("{*}sheets/{*}sheet"):
            relation = targets.get(_relation(sheet.attrib))
            if relation is not None and str(relation.get("Type")).endswith("/worksheet"):
                target = posixpath.normpath(posixpath.join("/xl", str(relation.get("Target")).replace("\\", "/")))[1:]
                with archive.open(parts[target.lower()]) as part:
                    found[str(sheet.get("name"))] = dict(_errors(part, is_worked_out=is_worked_out))
    except (KeyError, ElementTree.ParseError) as error:
        raise ValueError(f"its parts are not where the format has them: {error}") from None
    return found, date(1904, 1, 1) if is_1904 else date(1899, 12, 30)


def _relation(attributes: Mapping[str, str]) -> str | None:
    """Return the id of the part that holds a sheet; in the strict form of the format its name space is another."""
    return next((value for name, value in attributes.items() if name.endswith("/relationships}id")), None)


def _errors(part: IO[bytes], *, is_worked_out: bool) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield the unread cells of a sheet. It is read in pieces that end with a cell, so its size does not matter."""
    prefix: bytes | None = None
    rest = b""
    widest = last = 0
    while piece := part.read(_CHUNK):
        rest += piece
        if prefix is None:
            if (data := _PREFIX.search(rest)) is None:
                continue
            prefix = data[1]
            ends = b"</" + prefix + b"c>"
            signs = (b"<" + prefix + b"f", b't="e"', b"t='e'")
            without_value, error = _patterns(prefix, is_worked_out=is_worked_out)
        end = rest.rfind(ends) + len(ends)
        if end < len(ends):
            continue
        whole, rest = rest[:end], rest[end:]
        tail = whole[-_TAIL:]
        widest = max(widest, *(_column(cell) for cell in _FAR.findall(tail)), 0)
        last = max(last, *map(int, _ROWS.findall(tail)), 0)
        if widest * last > MOST_CELLS:
            raise TooManyCells(f"a cell stands in column {widest} and one in row {last}")
        if not any(sign in whole for sign in signs):
            continue  # the common case costs a search for each
        for cell in error.finditer(whole):
            value = None if cell[1].endswith(b"/") else _VALUE.match(whole, cell.end())
            yield _place(cell[1]), value[1].decode("utf-8", "replace").strip() if value else NOT_WORKED_OUT
        for cell in without_value.finditer(whole):
            is_empty_text = cell["value"] is not None and _IS_TEXT.search(cell["cell"])  # it was worked out
            if is_empty_text or _IS_ERROR.search(cell["cell"]):
                continue
            yield _place(cell["cell"]), NOT_WORKED_OUT
            if _IS_ARRAY.search(cell["formula"]):
                yield from ((place, NOT_WORKED_OUT) for place in _range(cell["formula"]))


def _patterns(prefix: bytes, *, is_worked_out: bool) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return the patterns of a formula without a value, and of the beginning of a cell with an error."""
    zero = b"" if is_worked_out else rb"|<%bv\b[^>]*>0(?:\.0*)?</%bv>" % (prefix, prefix)
    formula = (
        rb"<%bc\b(?P<cell>[^>]*)(?<!/)>\s*<%bf\b(?P<formula>[^>]*)(?:(?<=/)>|(?<!/)>[^<]*</%bf>)\s*"
        rb"(?:</%bc>|<%bv\b[^>]*(?P<value>(?<=/)>|(?<!/)></%bv>)%b)"
    ) % (prefix, prefix, prefix, prefix, prefix, prefix, zero)
    return re.compile(formula), re.compile(rb'<%bc\b([^>]*\bt\s*=\s*["\']e["\'][^>]*)>' % prefix)


def _place(attributes: bytes) -> tuple[int, int]:
    place = _PLACE.search(attributes)
    if place is None:
        raise ValueError("its cells do not say where they stand")
    return int(place[2]), _column(place[1])


def _range(formula: bytes) -> Iterator[tuple[int, int]]:
    """Yield the cells that get their values from an array formula."""
    ends = _RANGE.search(formula)
    if ends is None or ends[3] is None:
        return
    rows = range(int(ends[2]), int(ends[4]) + 1)
    columns = range(_column(ends[1]), _column(ends[3]) + 1)
    if len(rows) * len(columns) > _LARGEST_RANGE:
        raise ValueError("a formula that was never worked out fills too many cells")
    yield from ((row, column) for row in rows for column in columns)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
