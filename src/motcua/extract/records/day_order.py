"""Notices days whose day and month changed places: in a column of one table, and in all tables of a pull.

A program reads 05/10 by the locale of its computer. Under American settings Excel makes of a typed 05/10/2025 the date
10 May, and leaves 15/10/2025 as text, because there is no month 15. One cell does not show it; its column does. So
every cell of a column of days is one of these:

* a day that only one order can read (15/10/2025, or a date of the 13th or later), which is told by itself;
* a text that both orders can read (05/10/2025): the column's other texts of that form show the order;
* a date of the 1st to the 12th, which may have been turned round by a program, where texts beside it show that it was.

What cannot be told is not guessed: the pull is held until the mapping says it (`InstantRule.swapped`).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from motcua.extract.records import instants
from motcua.extract.records.convert import Memo
from motcua.place import Place

SHOWN = 2  # examples of a column
DAY_FIRST, MONTH_FIRST = "dM", "Md"
_OTHER = {DAY_FIRST: MONTH_FIRST, MONTH_FIRST: DAY_FIRST}
_TEXT = re.compile(r"(?<!\d)(\d{1,4})([/.-])(\d{1,2})\2(\d{4}|\d{1,2})(?!\d)")
_FORMAT = re.compile(r"(yyyy|yy|dd?|MM?)([/.-])(dd?|MM?)\2(yyyy|yy|dd?|MM?)")
_MONTHS = 12
# Of the days of a year that are no 1/1, 2/2 ...: 132 can be read in both orders, 221 in one.
_BOTH, _ONE = 132, 221
_RARE = 1.65  # standard deviations below what is expected: 5 of 100 columns
_SAME_DAY = 4  # dates of so many months that all have one day: 1 in 27,000 columns of other days


class _Form(NamedTuple):
    """How a text writes a day: whether the year comes first, and what parts it."""

    is_year_first: bool
    mark: str


class _Written(NamedTuple):
    """A day as text: its form, and the two numbers beside the year in the order in which they stand."""

    form: _Form
    first: int
    second: int
    year: int

    def read(self, order: str) -> date | None:
        """Return the day in an order; None where there is none."""
        day, month = (self.first, self.second) if order == DAY_FIRST else (self.second, self.first)
        return _day(self.year, month, day)

    def __str__(self) -> str:
        numbers = f"{self.first:02}{self.form.mark}{self.second:02}"
        return (
            f"{self.year}{self.form.mark}{numbers}"
            if self.form.is_year_first
            else f"{numbers}{self.form.mark}{self.year}"
        )


@dataclass(frozen=True)
class DayColumn:
    """A column of days: its field, its formats, and what the mapping says of its dates (`InstantRule.swapped`)."""

    field: str
    formats: tuple[str, ...]
    swapped: bool | None = None


class DayOrder:
    """The days of one pull, of which each distinct one is kept with the first place where it stands.

    Args:
        columns: the columns of days by their key. A key that two fields read stands once.
    """

    def __init__(self, columns: Mapping[str, DayColumn]) -> None:
        self._columns = {key: column for key, column in columns.items() if column.swapped is not False}
        self._read = {key: Memo(_classifier(column)) for key, column in self._columns.items()}
        self._seen: dict[str, defaultdict[str, dict[Any, str]]] = {key: defaultdict(dict) for key in self._columns}
        self._rows = 0

    @property
    def keys(self) -> Collection[str]:
        """The keys of the columns that are judged."""
        return self._columns.keys()

    def add(self, values: Mapping[str, Sequence[Any]], rows: int, stands: Sequence[str | None] | None) -> None:
        """Note a page: the values of each column, and where each row stands."""
        if not self._columns:
            return
        places = [f"row {number}" for number in range(self._rows + 1, self._rows + rows + 1)]
        self._rows += rows
        if stands is not None:
            places = [stand or place for stand, place in zip(stands, places, strict=True)]
        tables = [place.partition('"row":')[0] if place[:1] == "{" else "" for place in places]
        for key, read in self._read.items():
            seen = self._seen[key]
            for value, place, table in zip(values[key], places, tables, strict=True):
                if value is not None and type(value) not in _NO_DAYS and (told := read[value]) is not None:
                    seen[table].setdefault(told, place)

    def findings(self) -> list[str]:
        """Return of each column in which days and months changed places, or may have, what it is and two examples."""
        found = []
        for key, column in self._columns.items():
            everywhere: dict[Any, str] = {}
            for seen in self._seen[key].values():
                everywhere = seen | everywhere
            for table in self._seen[key].values():
                if told := _judged(column, table, everywhere):
                    found.append(f"{key} ({column.field}): {told}")
                    break
        return found


def advice(where: str) -> str:
    """Return what to do about a finding, given where the mapping says it."""
    return (
        "have the office set the region of its computer to Vietnam (days as dd/MM/yyyy) and type these days again;"
        f" or say {where} what is so of all its files: `swapped: true`, and its dates are turned back;"
        " `swapped: false`, and they are read as they stand; other `formats` for texts in another order."
    )


_NO_DAYS = frozenset({bool, list, dict})


def _classifier(column: DayColumn) -> Callable[[Any], Any]:
    """Return the function that says what of a value matters: a date, a `_Written`, or nothing."""
    serial = instants.reader(("excel",)) if "excel" in column.formats else None

    def classify(value: Any) -> date | _Written | None:
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if isinstance(value, str):
            return _written(value)
        read = serial(value) if serial else None
        return read.date() if read else None

    return classify


def _written(text: str) -> _Written | None:
    match = _TEXT.search(text)
    if match is None:
        return None
    one, mark, two, three = match.groups()
    is_year_first = len(one) == len("yyyy")
    if not is_year_first and (len(one) > 2 or len(three) == 1):
        return None
    year, first, second = (one, two, three) if is_year_first else (three, one, two)
    if is_year_first and len(second) > 2:
        return None
    return _Written(_Form(is_year_first, mark), int(first), int(second), int(year) + (2000 if len(year) == 2 else 0))


def _orders(formats: Iterable[str]) -> dict[_Form, str]:
    """Return in which order a text of each form is read: the first format of that form decides."""
    orders: dict[_Form, str] = {}
    for name in formats:
        if name in ("iso", "iso_fake_z"):
            orders.setdefault(_Form(True, "-"), MONTH_FIRST)
        elif match := _FORMAT.search(name):
            letters = [match[1], match[3], match[4]]
            is_year_first = letters[0][0] == "y"
            order = "".join(letter[0] for letter in letters if letter[0] != "y")
            orders.setdefault(_Form(is_year_first, match[2]), order)
    return orders


def _judged(column: DayColumn, table: Mapping[Any, str], everywhere: Mapping[Any, str]) -> str | None:
    """Return what is wrong with the days of a column of a table; None where nothing is."""
    orders = _orders(column.formats)
    for form, order in orders.items():
        if told := _texts(form, order, table, everywhere):
            return told
    dates = {day: place for day, place in table.items() if isinstance(day, date)}
    if column.swapped and (told := _not_swapped(dates, table, everywhere)):
        return told
    # A day with its year first was written by a program, from a date: 2025-01-10.
    by_programs = {
        day: place
        for text, place in table.items()
        if isinstance(text, _Written) and text.form.is_year_first and orders.get(text.form) == MONTH_FIRST
        and (day := text.read(MONTH_FIRST))
    }  # fmt: skip
    return _dates(by_programs if column.swapped else by_programs | dates, table, everywhere)


def _texts(form: _Form, order: str, table: Mapping[Any, str], everywhere: Mapping[Any, str]) -> str | None:
    """Judge the texts of a form that both orders can read by those that only one can."""
    open_ones = {text: place for text, place in _texts_of(table, form) if _is_open(text)}
    proofs = _proofs(table, form) or _proofs(everywhere, form)
    others = proofs.get(_OTHER[order])
    if not open_ones or not others:
        return None
    if order not in proofs:
        shown = [_example(place, text, text.read(_OTHER[order])) for text, place in open_ones.items()]
        return (
            f"its texts have the month and the day in the other order than `formats`, as {others[0]} shows;"
            f" so {len(open_ones)} days would be read wrong: {_some(shown)}"
        )
    months = _sure_months(table if _proofs(table, form) else everywhere)
    shown = [
        _example(place, text, text.read(_OTHER[order]))
        for text, place in open_ones.items()
        if not _is_right(text.read(order), months)
    ]
    if not shown:
        return None
    return (
        f"its texts are in both orders, as {proofs[order][0]} and {others[0]} show;"
        f" {len(shown)} days can be read in either: {_some(shown)}"
    )


def _dates(dates: Mapping[date, str], table: Mapping[Any, str], everywhere: Mapping[Any, str]) -> str | None:
    """Judge dates of the 1st to the 12th by the texts that a program left beside them."""
    low = {day: place for day, place in dates.items() if day.day <= _MONTHS and day.day != day.month}
    has_high = any(day.day > _MONTHS for day in dates)
    if not low:
        return None
    beside = table
    if not has_high and not any(_left(text) for text in table):
        beside = everywhere
    left = [text for text in beside if _left(text)]
    taken = sum(isinstance(text, _Written) and not text.form.is_year_first and _is_open(text) for text in beside)
    if left and _is_few(taken, len(left)):
        months = _sure_months(beside)
        shown = [_example(place, day, instants.turned(day)) for day, place in low.items() if not _is_right(day, months)]
        if shown:
            return (
                f"only days that cannot be read in both orders, such as {left[0]}, are texts, and {len(low)} dates of"
                f" the 1st to the 12th stand beside them, so a program may have turned these round: {_some(shown)}"
            )
    if not left and not has_high and not taken and len({day.day for day in dates}) == 1 and len(dates) >= _SAME_DAY:
        shown = [_example(place, day, instants.turned(day)) for day, place in low.items()]
        return f"all its dates are of one day in {len(dates)} months, as days of one month turned round: {_some(shown)}"
    return None


def _not_swapped(dates: Mapping[date, str], table: Mapping[Any, str], everywhere: Mapping[Any, str]) -> str | None:
    """Say where dates show that they were not turned round, although the mapping says so."""
    high = [_example(place, day, None) for day, place in dates.items() if day.day > _MONTHS]
    if high:
        return f"it says `swapped: true`, but {len(high)} dates cannot be turned round: {_some(high)}"
    months = _sure_months(table) or _sure_months(everywhere)
    low = {day: place for day, place in dates.items() if day.day != day.month}
    right = [_example(place, day, instants.turned(day)) for day, place in low.items() if _is_right(day, months)]
    turned = sum(_is_right(instants.turned(day), months) for day in low)
    if len(right) > turned:
        return f"it says `swapped: true`, but {len(right)} dates are of its months as they stand: {_some(right)}"
    return None


def _texts_of(table: Mapping[Any, str], form: _Form) -> Iterator[tuple[_Written, str]]:
    return ((text, place) for text, place in table.items() if isinstance(text, _Written) and text.form == form)


def _is_open(text: _Written) -> bool:
    """Return whether both orders read a text, as different days."""
    return text.first != text.second and max(text.first, text.second) <= _MONTHS


def _proven(text: _Written) -> str | None:
    """Return the only order that reads a text; None where both do, or none."""
    orders = [order for order in _OTHER if text.read(order)]
    return orders[0] if len(orders) == 1 else None


def _proofs(table: Mapping[Any, str], form: _Form) -> dict[str, list[_Written]]:
    proofs: defaultdict[str, list[_Written]] = defaultdict(list)
    for text, _ in _texts_of(table, form):
        if order := _proven(text):
            proofs[order].append(text)
    return dict(proofs)


def _left(text: Any) -> bool:
    """Return whether a program of some locale cannot take a text for a day. Every locale takes 2025-10-15 for one."""
    if not isinstance(text, _Written):
        return False
    order = _proven(text)
    return order == DAY_FIRST or (order == MONTH_FIRST and not text.form.is_year_first)


def _is_few(taken: int, left: int) -> bool:
    """Return whether so few texts can be read in both orders that a program must have made dates of the others."""
    share = _BOTH / (_BOTH + _ONE)
    count = taken + left
    return not taken or taken < count * share - _RARE * math.sqrt(count * share * (1 - share))


def _sure_months(table: Mapping[Any, str]) -> set[tuple[int, int]]:
    """Return the months of the days that only one order can read."""
    days: set[date | None] = set()
    for each in table:
        if isinstance(each, _Written):
            order = _proven(each)
            days.add(each.read(order) if order else each.read(DAY_FIRST) if each.first == each.second else None)
        elif each.day > _MONTHS or each.day == each.month:
            days.add(each)
    return {(day.year, day.month) for day in days if day}


def _is_right(day: date | None, months: set[tuple[int, int]]) -> bool:
    """Return whether a day is of the column's months as it stands, and would not be if it was turned round."""
    if day is None:
        return False
    return (day.year, day.month) in months and (day.year, day.day) not in months


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _example(place: str, said: date | _Written, turned: date | None) -> str:
    where = str(Place.of(place) or "") if place[:1] == "{" else place
    return f"{where} says {said}" + (f", turned round {turned}" if turned else "")


def _some(examples: Sequence[str]) -> str:
    return "; ".join(examples[:SHOWN]) + (f"; and {len(examples) - SHOWN} more" if len(examples) > SHOWN else "")
