"""The cells of an XLS workbook (Excel 5 to 2003) that hold an error, or a formula that was never worked out.

[MS-CFB] (the container), [MS-XLS] 2.4.24 (BoolErr), 2.4.127 (Formula), 2.5.133 (FormulaValue), 2.4.77 (Date1904),
2.4.215 (RecalcId), 2.4.333 (Uncalced). A formula of xlwt has the value of one whose result is an empty text. What tells
them apart: Excel writes which of its versions worked the formulas out, and in the workbook of any other program that
does, some formula has another value.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterator
from datetime import date

from motcua.extract.error_texts import NOT_WORKED_OUT

Places = dict[tuple[int, int], str]

_TEXTS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_BOF, _EOF, _SHEET, _DATE_1904, _RECALC_ID, _UNCALCED = 0x0809, 0x000A, 0x0085, 0x0022, 0x01C1, 0x005E
_BOOL_ERR, _FORMULA = 0x0205, 0x0006
# A record of an error, of a formula whose value is an error or an empty text, or that nothing was worked out.
_SIGNS = re.compile(rb"\x05\x02\x08\x00|\x06\x00..{7}[\x02\x03].{5}\xff\xff|\x5e\x00\x02\x00", re.DOTALL)
_NO_SECTOR = 0xFFFFFFFA  # and above: marks, not sectors


def xls_errors(body: bytes) -> tuple[list[Places], date]:
    """Return, for each sheet in the order of the workbook, the text of each unread cell by its row and column, from 1.

    And day 0 of the workbook's days.

    Raises:
        ValueError: its records cannot be followed.
    """
    try:
        stream = _workbook(body)
        sheets: list[int] = []
        is_1904 = has_recalc_id = False
        for kind, start, size in _records(stream, 0):
            if kind == _SHEET:
                sheets.append(struct.unpack_from("<I", stream, start)[0])
            elif kind == _DATE_1904 and size >= 2:
                is_1904 = stream[start] == 1
            has_recalc_id |= kind == _RECALC_ID
        found: list[Places] = [{} for _ in sheets]
        if _SIGNS.search(stream):  # the common case costs one search
            blanks: list[Places] = [{} for _ in sheets]
            is_worked_out = has_recalc_id
            for number, first in enumerate(sheets):
                is_worked_out |= _read(stream, first, found[number], blanks[number])
            if not is_worked_out:
                for places, blank in zip(found, blanks, strict=True):
                    places |= blank
    except (struct.error, IndexError) as error:
        raise ValueError(f"its records cannot be followed: {error}") from None
    return found, date(1904, 1, 1) if is_1904 else date(1899, 12, 30)


def _read(stream: bytes, first: int, errors: Places, blanks: Places) -> bool:
    """Note the errors of a sheet, and the formulas whose value is an empty text. Return whether another has a value."""
    is_worked_out, is_uncalced = False, False
    nothing: Places = {}
    for kind, start, _ in _records(stream, first):
        if kind == _BOOL_ERR and stream[start + 7]:
            errors[_place(stream, start)] = _text(stream[start + 6])
        elif kind == _UNCALCED:
            is_uncalced = True
        elif kind == _FORMULA:
            value = stream[start + 6 : start + 14]
            if value[6:] != b"\xff\xff":
                is_worked_out |= any(value)
                if not any(value):
                    nothing[_place(stream, start)] = NOT_WORKED_OUT
            elif value[0] == 2:
                errors[_place(stream, start)] = _text(value[2])
                is_worked_out = True
            elif value[0] == 3:
                blanks[_place(stream, start)] = NOT_WORKED_OUT
            else:
                is_worked_out = True
    if is_uncalced:
        errors |= nothing | blanks
    return is_worked_out


def _place(stream: bytes, start: int) -> tuple[int, int]:
    row, column = struct.unpack_from("<HH", stream, start)
    return row + 1, column + 1


def _text(code: int) -> str:
    return _TEXTS.get(code, "#ERROR!")


def _records(stream: bytes, position: int) -> Iterator[tuple[int, int, int]]:
    """Yield the records of one part of the stream, as kind, position and size, without the charts inside it."""
    header, depth = struct.Struct("<HH"), 0
    while True:
        kind, size = header.unpack_from(stream, position)
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, position + 4, size
        position += 4 + size


def _workbook(body: bytes) -> bytes:
    """Return the stream of the container that holds the workbook."""
    size = 1 << struct.unpack_from("<H", body, 30)[0]
    directory_at, cutoff, mini_at = struct.unpack_from("<I4xII", body, 48)
    more_at = struct.unpack_from("<I", body, 68)[0]
    if not 128 <= size <= 1 << 20:
        raise ValueError("the size of its sectors is not one of the format")
    tables = [one for one in struct.unpack_from("<109I", body, 76) if one < _NO_SECTOR]
    seen: set[int] = set()
    while more_at < _NO_SECTOR and more_at not in seen:
        seen.add(more_at)
        *more, more_at = struct.unpack_from(f"<{size // 4}I", body, size * (more_at + 1))
        tables += [one for one in more if one < _NO_SECTOR]
    following = _numbers(b"".join(body[size * (one + 1) : size * (one + 2)] for one in tables))

    def chain(first: int) -> bytes:
        return b"".join(body[size * (one + 1) : size * (one + 2)] for one in _chain(first, following))

    entries = chain(directory_at)
    found: dict[str, tuple[int, int]] = {}
    for at in range(0, len(entries) - 127, 128):
        length = struct.unpack_from("<H", entries, at + 64)[0]
        name = entries[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
        found.setdefault(name.casefold(), struct.unpack_from("<II", entries, at + 116))
    first, length = found.get("workbook") or found.get("book") or (_NO_SECTOR, 0)
    if length >= cutoff:
        return chain(first)[:length]
    small = chain(found["root entry"][0]) if "root entry" in found else b""
    following_small = _numbers(chain(mini_at))
    return b"".join(small[64 * one : 64 * (one + 1)] for one in _chain(first, following_small))[:length]


def _numbers(raw: bytes) -> array[int]:
    return array("I", struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4]))


def _chain(first: int, following: array[int]) -> Iterator[int]:
    """Yield the sectors from a first one on."""
    for _ in range(len(following) + 1):
        if first >= _NO_SECTOR:
            return
        yield first
        first = following[first]
    raise ValueError("its sectors follow one another in a circle")
