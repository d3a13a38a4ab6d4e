"""Which of two dropped files is the later one: by the month in their names, else by the natural order of the names.

Natural order reads numbers as numbers, so `T9` comes before `T10`. The time at which a file was dropped decides only
between files of one name, because copying a folder changes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from unicodedata import combining, normalize

from motcua.spelling import fold

_MONTH_OF = (
    re.compile(r"(?:t|thang)[ _.-]*(?P<month>\d{1,2})[ _./-]*(?:nam)?[ _.-]*(?P<year>20\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<year>20\d\d)[ _.-]?(?P<month>\d\d)(?:[ _.-]?\d\d)?(?!\d)"),
    re.compile(r"(?<!\d)(?P<month>\d{1,2})[ _.-](?P<year>20\d\d)(?!\d)"),
)
_NUMBER = re.compile(r"(\d+)")


def month_of(name: str) -> tuple[int, int] | None:
    """Return the year and month that a file's name states: `T9-2025`, `2025-09`, `so_202509`, `Tháng 9 năm 2025`.

    None: it states no month, or several.
    """
    plain = "".join(letter for letter in normalize("NFD", fold(name)) if not combining(letter))
    for pattern in _MONTH_OF:
        months = {(int(found["year"]), int(found["month"])) for found in pattern.finditer(plain)}
        months = {(year, month) for year, month in months if 1 <= month <= 12}
        if months:
            return months.pop() if len(months) == 1 else None
    return None


def in_order(dropped_at: Mapping[str, datetime | None]) -> list[str]:
    """Return the paths of files from the earliest to the latest, given when each was dropped, if that is known."""
    names = {path: path.rsplit("/", 1)[-1] for path in dropped_at}
    months = {path: month_of(name) for path, name in names.items()}
    has_months = None not in months.values()

    def place(path: str) -> tuple[object, ...]:
        at = dropped_at[path]
        return (
            months[path] if has_months else (),
            _natural(names[path]),
            at.timestamp() if at else 0.0,
            _natural(path),
        )

    return sorted(dropped_at, key=place)


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Return what sorts a name with its numbers by their size."""
    parts = [part for part in _NUMBER.split(fold(name)) if part]
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
