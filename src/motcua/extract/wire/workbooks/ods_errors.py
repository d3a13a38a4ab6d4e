"""The cells of an ODS workbook that hold an error, or a formula without a stored value.

OpenDocument 1.3 part 3, section 9.1.4 (`table:table-cell`) and section 9.4.5 (`table:null-date`). LibreOffice marks an
error with `calcext:value-type`, and stores an empty text as its value; older programs store 0. Both show the error.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from datetime import date
from functools import cache

from motcua.extract.error_texts import NOT_WORKED_OUT, is_error

Places = dict[tuple[int, int], str]

_CHUNK = 1 << 20
_MOST_CELLS = 1_000_000  # that a repeated row of formulas may fill
_ROW_ENDS = b"</table:table-row>"
_SIGNS = (b"table:formula", b'calcext:value-type="error"', b"calcext:value-type='error'")
# A formula that its value follows, as LibreOffice writes it; and what stands beside an error.
_WORKED_OUT = re.compile(
    rb"""table:formula\s*=\s*(?:"[^"]*+"|'[^']*+')\s+office:value-type="[a-z]+"\s+office:[a-z-]+="[^"]"""
)
_BESIDE_ERRORS = (b'value-type="error"', b"value-type='error'", b">#", b">Err:", b">\n")
_COUNTED_APART = (b"<table:table ", b"<table:table>", b"<table:table\n", b"number-rows-repeated", b"<table:table-row\n")
_ROW_STARTS = (b"<table:table-row ", b"<table:table-row>", b"<table:table-row/")
_ATTRIBUTES = rb"""((?:[^>"']++|"[^"]*+"|'[^']*+')*+)"""
_TAG = re.compile(rb"<table:(table|table-row)(?=[\s/>])" + _ATTRIBUTES + rb">")
_CELL_STARTS = (b"table-cell", b"covered-table-cell")
_COLUMNS_REPEATED = re.compile(rb"table:number-columns-repeated\s*=\s*[\"'](\d{1,7})[\"']")
_ROWS_REPEATED = re.compile(rb"table:number-rows-repeated\s*=\s*[\"'](\d{1,7})[\"']")
_CELL = re.compile(
    rb"<table:(?:covered-)?table-cell(?=[\s/>])" + _ATTRIBUTES + rb"(?:(?<=/)>|(?<!/)>"
    rb"(.*?)</table:(?:covered-)?table-cell>)",
    re.DOTALL,
)
_NULL_DATE = re.compile(rb"<table:null-date\b[^>]*\btable:date-value\s*=\s*[\"'](\d{4}-\d\d-\d\d)")
_ANNOTATION = re.compile(rb"<office:annotation\b.*?</office:annotation>", re.DOTALL)
_PARAGRAPH = re.compile(rb"<text:p\b[^>]*(?<!/)>(.*?)</text:p>", re.DOTALL)
_ANY_TAG = re.compile(rb"<[^>]*>")
# The attribute that holds the value of each type of cell; a text may stand in the cell itself.
_HELD_IN = {
    "float": "office:value", "percentage": "office:value", "currency": "office:value", "date": "office:date-value",
    "time": "office:time-value", "boolean": "office:boolean-value",
}  # fmt: skip


def ods_errors(archive: zipfile.ZipFile) -> tuple[list[Places], date]:
    """Return, for each sheet in its order, the text of each unread cell by its row and column, both counted from 1.

    And day 0 of the workbook's days. It is read in pieces that end with a row.

    Raises:
        ValueError: it cannot be told where such a cell stands.
    """
    found: list[Places] = []
    day_zero = date(1899, 12, 30)
    row, rest = 1, b""
    with archive.open("content.xml") as part:
        while piece := part.read(_CHUNK):
            rest += piece
            end = rest.rfind(_ROW_ENDS) + len(_ROW_ENDS)
            if end < len(_ROW_ENDS):
                continue
            whole, rest = rest[:end], rest[end:]
            if not found and b"table:null-date" in whole and (stated := _NULL_DATE.search(whole)):
                day_zero = date.fromisoformat(stated[1].decode())
            is_marked = any(sign in whole for sign in _SIGNS)
            if not is_marked and not any(sign in whole for sign in _COUNTED_APART):
                row += sum(map(whole.count, _ROW_STARTS))  # the common case
                continue
            for tag in _TAG.finditer(whole):
                if tag[1] == b"table":
                    found.append({})
                    row = 1
                    continue
                stated = _ROWS_REPEATED.search(tag[2])
                repeated = int(stated[1]) if stated else 1
                last = tag.end() if tag[2].endswith(b"/") else whole.find(_ROW_ENDS, tag.end())
                if is_marked and found and _may_be_unread(whole, tag.end(), last):
                    cells = list(_cells(whole[tag.end() : last]))
                    if repeated * len(cells) > _MOST_CELLS:
                        raise ValueError("a row of formulas that were never worked out is repeated too often")
                    found[-1] |= {(row + more, column): text for more in range(repeated) for column, text in cells}
                row += repeated
    found += [{} for _ in re.findall(rb"<table:table(?=[\s/>])", rest)]  # sheets without a row
    return found, day_zero


def _may_be_unread(whole: bytes, start: int, end: int) -> bool:
    """Return whether a row has to be looked at cell by cell."""
    place = whole.find(b"table:formula", start, end)
    while place >= 0:
        if (worked_out := _WORKED_OUT.match(whole, place)) is None:
            return True
        place = whole.find(b"table:formula", worked_out.end(), end)
    return any(whole.find(sign, start, end) >= 0 for sign in _BESIDE_ERRORS)


def _cells(row: bytes) -> Iterator[tuple[int, str]]:
    """Yield the unread cells of a row, each with its column. Only cells with a sign of one are looked at."""
    at, column = 0, 1
    for place in sorted(place for sign in _SIGNS for place in _places(row, sign)):
        start = max(row.rfind(b"<table:" + name, 0, place) for name in _CELL_STARTS)
        if start < at:  # a second sign of the same cell
            continue
        column += sum(row.count(b"<table:" + name, at, start) for name in _CELL_STARTS)
        column += sum(int(times) - 1 for times in _COLUMNS_REPEATED.findall(row, at, start))
        at = start
        if (cell := _CELL.match(row, start)) is None:
            continue  # the sign stands in a text
        repeated = max(map(int, _COLUMNS_REPEATED.findall(cell[1])), default=1)
        if text := _unread(cell[1].decode("utf-8", "replace"), cell[2] or b""):
            if repeated > _MOST_CELLS:
                raise ValueError("a formula that was never worked out is repeated too often")
            yield from ((column + more, text) for more in range(repeated))
        column += repeated
        at = cell.end(1)


def _places(row: bytes, sign: bytes) -> Iterator[int]:
    place = row.find(sign)
    while place >= 0:
        yield place
        place = row.find(sign, place + 1)


def _unread(attributes: str, inner: bytes) -> str | None:
    """Return the text of a cell that is unread, None of any other."""
    is_marked = _attribute(attributes, "calcext:value-type") == "error"
    if not is_marked and "table:formula" not in attributes:
        return None
    if b"#" in inner or b"rr:" in inner:
        shown = b"\n".join(_PARAGRAPH.findall(_ANNOTATION.sub(b"", inner)))
        text = html.unescape(_ANY_TAG.sub(b"", shown).decode("utf-8", "replace")).strip()
        if is_error(text):
            return text
    kind = _attribute(attributes, "office:value-type")
    held_in = _HELD_IN.get(kind or "")
    has_value = kind == "string" or (held_in is not None and _attribute(attributes, held_in))
    return NOT_WORKED_OUT if is_marked or not has_value else None


@cache
def _attribute_pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"""(?<![\w:-]){name}\s*=\s*("[^"]*"|'[^']*')""")


def _attribute(attributes: str, name: str) -> str | None:
    found = _attribute_pattern(name).search(attributes)
    return found[1][1:-1] if found else None
