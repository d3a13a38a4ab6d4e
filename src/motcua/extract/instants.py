"""Reads instants spelt as days and times of day, in local wall-clock time; formats are letters: dd MM yyyy HH mm ss."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_LETTERS = {
    "dd": ("%d", r"(?P<day>\d\d)"),
    "MM": ("%m", r"(?P<month>\d\d)"),
    "yyyy": ("%Y", r"(?P<year>\d{4})"),
    "HH": ("%H", r"(?P<hour>\d\d)"),
    "mm": ("%M", r"(?P<minute>\d\d)"),
    "ss": ("%S", r"(?P<second>\d\d)"),
}


def quick(pattern: str, values: list[Any]) -> pa.Array | None:
    """Return the values (text or none) as timestamps when each has exactly `pattern` and is a day of the calendar.

    Arrow reads 31 February as 3 March, so the day it read is compared with the day that is written.
    """
    start = pattern.find("dd")
    try:
        text = pa.array(values, pa.string())
        read = pc.strptime(text, format=_translated(pattern, 0), unit="us", error_is_null=True)
        if read.null_count != text.null_count:
            return None
        day = pc.utf8_slice_codeunits(text, start, start + 2).cast(pa.int64())
        if pc.all(pc.equal(day, pc.day(read))).as_py() is False:
            return None
        if pc.all(pc.equal(pc.utf8_length(text), len(pattern))).as_py() is False:
            return None
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None
    return read


def reader(patterns: Sequence[str]) -> Callable[[Any], datetime | None]:
    """Return a reader of one value that has exactly one of the patterns; it returns none for any other."""
    shapes = [re.compile(_translated(pattern, 1)) for pattern in patterns]

    def read(value: Any) -> datetime | None:
        for shape in shapes if isinstance(value, str) else ():
            if found := shape.fullmatch(value.strip()):
                try:
                    return datetime(**{name: int(part) for name, part in found.groupdict().items()})  # type: ignore[arg-type]
                except ValueError:
                    return None
        return None

    return read


@cache
def _translated(pattern: str, which: int) -> str:
    return re.sub("dd|MM|yyyy|HH|mm|ss", lambda found: _LETTERS[found[0]][which], pattern)
