"""What the names of dropped files state: days, months, a download counter, numbers; and which files are one series.

Natural order reads numbers as numbers, so `T9` comes before `T10`, and leaves the extension out, so `so.csv` comes
before `so (1).csv`. It is the order in which files are read. Which of two states is the newer one is not told by it,
but by what is stated (`motcua.extract.wire.evidence`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from unicodedata import combining, normalize
from zoneinfo import ZoneInfo

from motcua.settings import TIMEZONE
from motcua.spelling import fold

Days = tuple[date, date]  # the first and the last day that something speaks of
Month = tuple[int, int]  # year and month

_MONTH_OF = (
    re.compile(r"(?:t|thang)[ _.-]*(?P<month>\d{1,2})[ _./-]*(?:nam)?[ _.-]*(?P<year>20\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<year>20\d\d)[ _.-]?(?P<month>\d\d)(?:[ _.-]?\d\d)?(?!\d)"),
    re.compile(r"(?<!\d)(?P<month>\d{1,2})[ _.-](?P<year>20\d\d)(?!\d)"),
)
_DAY_OF = (
    re.compile(r"(?<!\d)(?P<year>20\d\d)(?P<mark>[ _.-]?)(?P<month>\d\d)(?P=mark)(?P<day>\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<day>\d{1,2})(?P<mark>[ _.-])(?P<month>\d{1,2})(?P=mark)(?P<year>20\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<day>\d\d)(?P<month>\d\d)(?P<year>20\d\d)(?!\d)"),
)
_SHORT = re.compile(r"(?<!\d)(\d{1,2})([ _.-])(\d{1,2})\2(\d{1,2})(?!\d)")
_FIRST_SHORT_YEAR = 2010  # a year of two digits before it would be older than any dropped file
_MONTH_ALONE = re.compile(r"(?<![a-z])(?:t|thang)[ _.-]*(\d{1,2})(?!\d)")
_QUARTER = re.compile(r"(?<![a-z])q(?:uy)?[ _.-]*([1-4])(?!\d)")
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_DAYS_WORDS = re.compile(r"(?<![a-z])(?:quy[ _.-]*(?:i{1,3}|iv)(?![a-z])|(?:ngay|thang|nam|quy|t|q)[ _.-]*(?=\d))")
_COPY = re.compile(r"(?: - (?:copy|sao chep|ban sao))?(?: ?\(\d+\))?$")
_COUNTER = re.compile(r"(?P<name>.*\S) ?\((?P<number>\d+)\)")
_NUMBER = re.compile(r"(\d+)")
_NO_LETTER = re.compile(r"[^a-z]+")


@dataclass(frozen=True)
class Drop:
    """One dropped file: its name, from the folder that the source's entry names, and when it was dropped."""

    file: str
    dropped_at: datetime | None = None

    @property
    def name(self) -> str:
        """The name without its folder."""
        return self.file.rsplit("/", 1)[-1]

    @property
    def dropped_on(self) -> date | None:
        """The day on which it was dropped, of Asia/Ho_Chi_Minh."""
        return None if self.dropped_at is None else self.dropped_at.astimezone(ZoneInfo(TIMEZONE)).date()

    @property
    def series(self) -> str:
        """What names have in common that differ only in numbers, days, months or a download counter."""
        return _series(self.file)


def month_of(name: str) -> tuple[int, int] | None:
    """Return the year and month that a file's name states: `T9-2025`, `2025-09`, `so_202509`, `Tháng 9 năm 2025`.

    None: it states no month, or several.
    """
    months = _months(_plain(name))
    return months.pop() if len(months) == 1 else None


def order_by_days(one: Drop, other: Drop) -> int:
    """Return -1 where the name of one states earlier days than that of the other, 1 for later, 0 for neither.

    A year of two digits may stand first or last. Only readings count that lie before the file was dropped, and only
    where they agree.
    """
    pairs = zip(_readings(one), _readings(other), strict=True)
    orders = {order_of_days(days, others) for days, others in pairs if days and others}
    return orders.pop() if len(orders) == 1 else 0


def states_days(drop: Drop) -> bool:
    """Return whether a name states days or months."""
    return any(_readings(drop))


def state_other_months(one: Drop, other: Drop) -> bool:
    """Return whether both names state more than one day, such as a month, and not the same days."""
    days, others = _readings(one)[0], _readings(other)[0]
    if days is None or others is None or days == others:
        return False
    return days[0] < days[1] and others[0] < others[1]


def order_of_days(one: Days, other: Days) -> int:
    """Return -1 where one ends before the other begins, 1 for the reverse, 0 where they touch."""
    return (one[0] > other[1]) - (one[1] < other[0])


def counter_of(drop: Drop) -> tuple[str, int]:
    """Return what a name is without its download counter, and the counter: 2 of `so (2).csv`, 0 of `so.csv`."""
    stem, extension = _stem_of(drop.file)
    counted = _COUNTER.fullmatch(stem)
    return (f"{counted['name']}.{extension}", int(counted["number"])) if counted else (f"{stem}.{extension}", 0)


def numbers_of(drop: Drop) -> tuple[str, tuple[int, ...]]:
    """Return a name with its numbers taken out, and the numbers."""
    stem, _ = _stem_of(drop.file)
    return _NUMBER.sub("#", stem), tuple(map(int, _NUMBER.findall(stem)))


def spoken_of(drop: Drop, months: AbstractSet[Month]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the numbers of a name that tell its book, as the 2 of `quyển 2 T9-2025`, and what states days or months.

    `2-2025` and `Q2` state a month and a quarter only where the file has a reception in it; else they tell a book.
    A bare year comes last.

    Args:
        months: those in which the file has receptions.
    """
    rest, _ = _stem_of(drop.file)
    stated: list[str] = []

    def states(match: re.Match[str], holds: bool) -> str:
        if holds:
            stated.append(match[0])
        return " " if holds else match[0]

    for pattern in (*_DAY_OF, _SHORT):
        rest = pattern.sub(lambda match: states(match, any(_readings_until(f"{match[0]}.csv", None))), rest)
    for pattern in _MONTH_OF:
        is_plain = pattern is not _MONTH_OF[-1]
        rest = pattern.sub(
            lambda match, is_plain=is_plain: states(  # type: ignore[misc]
                match, is_plain or (int(match["year"]), int(match["month"])) in months
            ),
            rest,
        )
    rest = _MONTH_ALONE.sub(lambda match: states(match, 1 <= int(match[1]) <= 12), rest)
    quarters = {(month + 2) // 3 for _, month in months}
    rest = _QUARTER.sub(lambda match: states(match, int(match[1]) in quarters), rest)
    rest = _YEAR.sub(lambda match: states(match, True), rest)
    return tuple(str(int(number)) for number in _NUMBER.findall(rest)), tuple(stated)


def days_of_name(drop: Drop, months: AbstractSet[Month]) -> Days | None:
    """Return the days from the first to the last that a name states: of days, months and quarters, else of years.

    A month or quarter without a year lies in the last year in which the file has a reception in it.

    Args:
        months: as of `spoken_of`.
    """
    _, stated = spoken_of(drop, months)
    spans = [days for text in stated for days in _readings(Drop(f"{text}.csv", drop.dropped_at)) if days]
    stem, _ = _stem_of(drop.file)
    years = [int(text) for text in _YEAR.findall(stem)]
    alone = [int(match[1]) for text in stated if (match := _MONTH_ALONE.fullmatch(text))]
    quarters = [3 * int(match[1]) for match in _QUARTER.finditer(stem)]  # also of `Q1-2023`, which looks like a month
    for first, last in (*zip(alone, alone, strict=True), *((last - 2, last) for last in quarters)):
        received = [year for year, month in months if first <= month <= last]
        if received or (years and first == last):
            year = max(years or received)
            spans.append(_whole_months((year, first), (year, last)))
    spans = spans or [_whole_months((year, 1), (year, 12)) for year in years if str(year) in stated]
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def days_of_sheet(sheet: str, sheets: Sequence[str]) -> Days | int | None:
    """Return the days that a sheet's name states, or its month where no sheet says the year and the order is plain.

    Months alone are in plain order where no two sheets state one, and they do not seem to run over the end of a year.
    """
    name = _plain(sheet)
    if (days := _stated(name)) is not None:
        return days
    months = [month for each in sheets if (month := _month_alone(_plain(each))) is not None]
    is_over_new_year = {1, 12} <= {*months} and len(months) < 12
    return None if is_over_new_year or len(months) > len({*months}) else _month_alone(name)


def in_order(drops: Iterable[Drop]) -> list[Drop]:
    """Return files in the order in which they are read: those that state days by them, after the others by name."""

    def place(drop: Drop) -> tuple[object, ...]:
        days = next((days for days in _readings(drop) if days), None)
        stem, extension = _stem_of(drop.name)
        at = drop.dropped_at.timestamp() if drop.dropped_at else 0.0
        return (days is not None, days or (), _natural(stem), extension, at, _natural(drop.file))

    return sorted(drops, key=place)


def _plain(name: str) -> str:
    """Return a name folded and without the marks of its letters."""
    return "".join(letter for letter in normalize("NFD", fold(name)) if not combining(letter)).replace("đ", "d")


def _stem_of(file: str) -> tuple[str, str]:
    stem, dot, extension = _plain(file).rpartition(".")
    return (stem, extension) if dot and "/" not in extension else (extension, "")


def _months(plain: str) -> set[tuple[int, int]]:
    for pattern in _MONTH_OF:
        found = {(int(match["year"]), int(match["month"])) for match in pattern.finditer(plain)}
        if months := {(year, month) for year, month in found if 1 <= month <= 12}:
            return months
    return set()


def _stated(plain: str) -> Days | None:
    """Return the days from the first to the last that a name states with a year of four digits."""
    days = [
        day
        for pattern in _DAY_OF
        for match in pattern.finditer(plain)
        if (day := _day(int(match["year"]), int(match["month"]), int(match["day"])))
    ]
    if days:
        return min(days), max(days)
    if months := _months(plain):
        return _whole_months(min(months), max(months))
    return None


def _whole_months(first: Month, last: Month) -> Days:
    after = date(last[0] + last[1] // 12, last[1] % 12 + 1, 1)
    return date(*first, 1), after - timedelta(days=1)


def _readings(drop: Drop) -> tuple[Days | None, Days | None]:
    """Return the days that a name states, with a year of two digits read as the last number, and as the first."""
    latest = None if drop.dropped_at is None else drop.dropped_at.date() + timedelta(days=1)
    return _readings_until(drop.file, latest)


@lru_cache(maxsize=4096)
def _readings_until(file: str, latest: date | None) -> tuple[Days | None, Days | None]:
    stem, _ = _stem_of(file)
    if stated := _stated(stem):
        return stated, stated
    found = [tuple(map(int, (match[1], match[3], match[4]))) for match in _SHORT.finditer(stem)]
    readings: list[Days | None] = []
    for last_is_year in (True, False):
        days = [
            _day(2000 + (third if last_is_year else first), second, first if last_is_year else third)
            for first, second, third in found
        ]
        may_be = [day for day in days if day and day.year >= _FIRST_SHORT_YEAR and (latest is None or day <= latest)]
        readings.append((min(may_be), max(may_be)) if may_be else None)
    return readings[0], readings[1]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month_alone(plain: str) -> int | None:
    numbers, found = _NUMBER.findall(plain), _MONTH_ALONE.search(plain)
    return int(found[1]) if found and len(numbers) == 1 and 1 <= int(found[1]) <= 12 else None


@lru_cache(maxsize=4096)
def _series(file: str) -> str:
    stem, _ = _stem_of(file)
    folders = [_NO_LETTER.sub("", _DAYS_WORDS.sub("", _COPY.sub("", part))) for part in stem.split("/")]
    return "/".join(part for part in folders if part)


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Return what sorts a name with its numbers by their size."""
    parts = [part for part in _NUMBER.split(fold(name)) if part]
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
