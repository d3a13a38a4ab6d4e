"""Reads instants in the formats of one-stop systems (one_stop_systems.md section d.1) as local wall-clock time.

A format consists of letters (dd MM yyyy HH mm ss, d M H for one or two digits, yy for a year of two digits) or is one
of the names below. With `tt`, which stands for SA, CH, AM or PM, the hour is one of 1 to 12, and h may be written for
H. Letter case, Unicode form and the kind of a space make no difference.
Vietnam has no daylight saving time, so a time zone is a fixed offset. A date from a driver is used unchanged.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

VIETNAM = timezone(timedelta(hours=7))
NAMED = frozenset({"iso", "iso_fake_z", "epoch_ms", "epoch_s", "excel"})

_LETTERS = {
    "dd": ("%d", r"(?P<day>\d\d)"),
    "MM": ("%m", r"(?P<month>\d\d)"),
    "yyyy": ("%Y", r"(?P<year>\d{4})"),
    "yy": ("", r"(?P<year>\d\d)"),
    "HH": ("%H", r"(?P<hour>\d\d)"),
    "mm": ("%M", r"(?P<minute>\d\d)"),
    "ss": ("%S", r"(?P<second>\d\d)"),
    "d": ("", r"(?P<day>\d{1,2})"),
    "M": ("", r"(?P<month>\d{1,2})"),
    "H": ("", r"(?P<hour>\d{1,2})"),
}
_HALF = "tt"
_HALF_LETTERS = _LETTERS | {
    "hh": _LETTERS["HH"],
    "h": _LETTERS["H"],
    _HALF: ("", r"(?P<half>sa|ch|[ap]\.?m\.?)"),
}
_LETTER = re.compile("dd|MM|yyyy|yy|HH|mm|ss|d|M|H")
_HALF_LETTER = re.compile(rf"{_LETTER.pattern}|{_HALF}|hh|(?<![^\W\d_])h(?![^\W\d_])")
# Excel under Vietnamese settings writes SA (sáng) for a.m. and CH (chiều) for p.m.
_HALVES = {"sa": 0, "am": 0, "ch": 12, "pm": 12}
# A day of a dossier lies between 2000 and 2099, so 23 is 2023, and a smaller or larger number of days is no day.
CENTURY = 2000
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
_EXCEL_ORIGIN = datetime(1899, 12, 30)
_EXCEL_DAYS = tuple((datetime(CENTURY + by, 1, 1) - _EXCEL_ORIGIN).days for by in (0, 100))
_EPOCH = datetime(1970, 1, 1)
_MONTHS = 12
_HOURS = 12  # of a clock with `tt`


def full_year(year: int) -> int:
    """Return the year that one of two digits means: it is of the century in which the days of dossiers lie."""
    return CENTURY + year


def is_format(name: str) -> bool:
    """Return whether a format is one of the names, or consists of letters that give a day.

    `hh` without `tt` would leave open which half of the day it means; a letter that stands twice, which one counts.
    """
    if name in NAMED:
        return True
    letters = Counter(letter[0] for letter in _letters(name))
    has_half = _HALF in name
    return (
        letters.keys() >= {"d", "M", "y"}
        and max(letters.values()) == 1
        and ("hh" not in name or has_half)
        and (not has_half or letters["H"] + letters["h"] == 1)
    )


def contradiction(formats: Sequence[str]) -> str | None:
    """Return two formats of a list that contradict one another because one has a year of two digits; None without.

    `dd/MM/yy` and `yy/MM/dd` both read 05/10/23; beside `MM/dd/yyyy` it is not clear in which order the column is. Of
    two orders with a year of four digits the column's other texts tell (`day_order`).
    """
    said: list[tuple[str, list[str], list[str]]] = []
    for name in formats:
        if name in NAMED:
            continue
        days = [letter for letter in _letters(name) if letter[0] in "dMy"]
        between = re.findall(r"[^\w\s]", name[name.find(days[0]) : name.find(days[-1])])
        order = [letter[0] for letter in days]
        for other, others, marks in said:
            is_short = ["yy" in days, "yy" in others]
            orders = [order, [letter[0] for letter in others]]
            is_same_place = orders[0].index("y") == orders[1].index("y")
            if between == marks and any(is_short) and orders[0] != orders[1] and (all(is_short) or is_same_place):
                return f"{other} and {name}"
        said.append((name, days, between))
    return None


def _letters(name: str) -> list[str]:
    return (_HALF_LETTER if _HALF in name else _LETTER).findall(name)


def quick(pattern: str, values: list[Any]) -> pa.Array | None:
    """Return the values as timestamps when all are written in `pattern`; None when one is not. A None value stays null.

    Arrow reads 31 February as 3 March, so the day it read is compared with the day in the text.
    """
    try:
        if pattern == "epoch_ms":
            return _shifted(pa.array(values, pa.int64()).cast(pa.timestamp("ms")))
        if pattern in ("iso", "iso_fake_z"):
            return _quick_iso(pattern, pa.array(values, pa.string()))
        if pattern in NAMED or any(len(letters) == 1 or letters in ("yy", _HALF) for letters in _letters(pattern)):
            return None
        return _quick_letters(pattern, pa.array(values, pa.string()))
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None


def turned(day: date) -> date | None:
    """Return a date with its day and month in each other's places; None where there is none."""
    return day.replace(month=day.day, day=day.month) if day.day <= _MONTHS else None


def turned_reader(patterns: Sequence[str]) -> Callable[[Any], datetime | None]:
    """Return a reader as `reader`, of a column whose dates and numbers of days a program turned round."""
    read = reader(patterns)

    def read_turned(value: Any) -> datetime | None:
        instant = read(value)
        if instant is None or isinstance(value, str):
            return instant
        return turned(instant)  # type: ignore[return-value]

    return read_turned


def reader(patterns: Sequence[str]) -> Callable[[Any], datetime | None]:
    """Return a reader of one value in one of the patterns. It returns None for any other value."""
    readers = [_reader(pattern) for pattern in patterns]

    def read(value: Any) -> datetime | None:
        if isinstance(value, date):
            return _local(value)
        for read_pattern in readers:
            try:
                if (instant := read_pattern(value)) is not None:
                    return instant
            except (ValueError, OverflowError):
                continue
        return None

    return read


def _local(value: date) -> datetime:
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value if value.tzinfo is None else value.astimezone(VIETNAM).replace(tzinfo=None)


def _reader(pattern: str) -> Callable[[Any], datetime | None]:
    if pattern in ("iso", "iso_fake_z"):
        return lambda value: _read_iso(value, is_zone_true=pattern == "iso")
    if pattern == "excel":
        return _read_excel
    if pattern in ("epoch_ms", "epoch_s"):
        unit = timedelta(milliseconds=1) if pattern == "epoch_ms" else timedelta(seconds=1)
        return lambda value: _read_epoch(value, unit)
    shape = re.compile(_translated(_plain(pattern), 1), re.IGNORECASE)

    def read(value: Any) -> datetime | None:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        match = shape.fullmatch(_plain(text)) if isinstance(text, str) else None
        if match is None:
            return None
        said = match.groupdict()
        half = said.pop("half", None)
        parts = {name: int(part) for name, part in said.items()}
        if len(match["year"]) == len("yy"):
            parts["year"] = full_year(parts["year"])
        if half is not None:
            parts["hour"] = hour_of_day(parts["hour"], half)
        return datetime(**parts)  # type: ignore[arg-type]

    return read


def _plain(text: str) -> str:
    """Return a text in Unicode form C with plain spaces. What cannot be seen stays: it is in no format."""
    return " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())


def hour_of_day(hour: int, half: str) -> int:
    """Return the hour of a day of 24. Twelve SA is midnight, twelve CH is noon.

    Raises:
        ValueError: it is no hour of a clock of twelve, as 13 CH and 0 SA.
    """
    if not 1 <= hour <= _HOURS:
        raise ValueError(f"{hour} is no hour of a clock of twelve")
    return hour % _HOURS + _HALVES[half.casefold().replace(".", "")]


def _read_iso(value: Any, *, is_zone_true: bool) -> datetime | None:
    match = _ISO.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    at = datetime.fromisoformat(f"{day}T{clock or '00:00'}")
    at += timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))
    if zone is None or not is_zone_true:
        return at
    sign = -1 if zone[0] == "-" else 1
    shift = timedelta() if zone in "Zz" else sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return at - shift + timedelta(hours=7)


def _read_epoch(value: Any, unit: timedelta) -> datetime | None:
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"-?\d{1,17}", value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _EPOCH + value * unit + timedelta(hours=7)


def _read_excel(value: Any) -> datetime | None:
    if isinstance(value, str):
        value = float(value) if re.fullmatch(r"\d{1,7}(?:\.\d+)?", value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if not _EXCEL_DAYS[0] <= value < _EXCEL_DAYS[1]:
        return None
    # A serial day is exact only to a few microseconds; the sheet contains whole seconds.
    return _EXCEL_ORIGIN + timedelta(seconds=round(value * 86_400))


def _shifted(read: pa.Array) -> pa.Array:
    return pc.add(read.cast(pa.timestamp("us")), pa.scalar(timedelta(hours=7), pa.duration("us")))


def _quick_letters(pattern: str, text: pa.Array) -> pa.Array | None:
    read = pc.strptime(text, format=_translated(pattern, 0), unit="us", error_is_null=True)
    if read.null_count != text.null_count:
        return None
    start = pattern.find("dd")
    day = pc.utf8_slice_codeunits(text, start, start + 2).cast(pa.int64())
    if pc.all(pc.equal(day, pc.day(read))).as_py() is False:
        return None
    if pc.all(pc.equal(pc.utf8_length(text), len(pattern))).as_py() is False:
        return None
    return read


def _quick_iso(pattern: str, text: pa.Array) -> pa.Array | None:
    """Read `yyyy-MM-ddTHH:mm:ss`, with or without `.000` and a zone, when all values have the same form."""
    first = next((value for value in text if value.is_valid), None)
    if first is None:
        return pa.nulls(len(text), pa.timestamp("us"))
    tail = first.as_py()[19:]
    if tail not in ("", ".000", "Z", ".000Z", "+0700", ".000+0700", "+07:00", ".000+07:00"):
        return None
    is_same_form = pc.and_(
        pc.equal(pc.utf8_length(text), 19 + len(tail)), pc.equal(pc.utf8_slice_codeunits(text, 19), tail)
    )
    if pc.all(is_same_form).as_py() is False:
        return None
    separator = first.as_py()[10:11]
    if separator not in ("T", " "):
        return None
    read = _quick_letters(f"yyyy-MM-dd{separator}HH:mm:ss", pc.utf8_slice_codeunits(text, 0, 19))
    return _shifted(read) if read is not None and tail.endswith("Z") and pattern == "iso" else read


@cache
def _translated(pattern: str, which: int) -> str:
    has_half = _HALF in pattern
    letters = _HALF_LETTERS if has_half else _LETTERS
    parts = re.split(f"({(_HALF_LETTER if has_half else _LETTER).pattern})", pattern)
    return "".join(
        letters[part][which] if part in letters else (part if which == 0 else re.escape(part)) for part in parts
    )
