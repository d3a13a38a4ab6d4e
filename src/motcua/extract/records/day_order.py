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
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from motcua.errors import BatchHeld
from motcua.extract.records import instants
from motcua.extract.records.convert import Memo
from motcua.extract.records.mapping import WRITTEN, SourceMapping
from motcua.extract.records.rules import InstantRule
from motcua.extract.records.written_days import (
    MONTH_FIRST,
    MONTHS,
    OTHER,
    Days,
    Form,
    Proofs,
    Written,
    classifier,
    is_left,
    is_open,
    is_right,
    may_be_turned,
    orders_of,
    proofs_of,
    sure_months,
    texts_of,
    with_neighbours,
)
from motcua.place import Place

SAID_TURNED = ", swapped: true"  # beside the field of a column of which the mapping says it
SHOWN = 2  # examples of a column
# Of the days of a year that are no 1/1, 2/2 ...: 132 can be read in both orders, 221 in one.
_BOTH, _ONE = 132, 221
_RARE = 1.65  # standard deviations below what is expected: 5 of 100 columns
_MANY = 4  # as dates of one day in so many months: 1 in 27,000 columns of other days


@dataclass(frozen=True)
class DayColumn:
    """A column of days: its field, its formats, and what the mapping says of its dates (`InstantRule.swapped`)."""

    field: str
    formats: tuple[str, ...]
    swapped: bool | None = None


def columns_of_days(mapping: SourceMapping) -> dict[str, DayColumn]:
    """Return the columns of days of tables that an office writes; none of a system, which writes all days alike."""
    found: dict[str, DayColumn] = {}
    for name, rule in mapping.fields.items():
        if isinstance(rule, InstantRule) and mapping.adapter in WRITTEN:
            for key in rule.key:
                if key in mapping.made and mapping.made[key].is_of_numbers:
                    continue
                found.setdefault(key, DayColumn(name, rule.formats, rule.swapped))
    return found


class DayOrder:
    """The days of one pull, of which each distinct one is kept with the first place where it stands.

    Args:
        columns: the columns of days by their key. A key that two fields read stands once.
    """

    def __init__(self, columns: Mapping[str, DayColumn]) -> None:
        self._columns = {key: column for key, column in columns.items() if column.swapped is not False}
        self._read = {key: Memo(classifier(column.formats)) for key, column in self._columns.items()}
        self._seen: dict[str, defaultdict[str, dict[Any, str]]] = {key: defaultdict(dict) for key in self._columns}
        self._rows = 0

    @property
    def keys(self) -> Collection[str]:
        """The keys of the columns that are judged."""
        return self._columns.keys()

    def add(
        self,
        values: Mapping[str, Sequence[Any]],
        rows: int,
        stands: Sequence[str | None] | None,
        *,
        is_one_table: bool = True,
    ) -> None:
        """Note a page: the values of each column, and where each row stands.

        Args:
            is_one_table: false where the rows may stand in several tables.
        """
        if not self._columns or not rows:
            return
        places: Sequence[str | None] = stands or [f"row {self._rows + number}" for number in range(1, rows + 1)]
        self._rows += rows
        by_table: dict[str, list[int]] = defaultdict(list)
        if not is_one_table:
            for number, place in enumerate(places):
                by_table[_table_of(place)].append(number)
        for key in self._columns:
            if is_one_table:
                self._note(key, _table_of(places[0]), values[key], places)
            for table, numbers in by_table.items():
                column = values[key]
                self._note(key, table, [column[number] for number in numbers], [places[number] for number in numbers])

    def _note(self, key: str, table: str, values: Sequence[Any], places: Sequence[str | None]) -> None:
        # Most days repeat: only distinct ones are read. Backwards, because the last of a key stays.
        days = [value.date() if type(value) is datetime else value for value in reversed(values)]
        try:
            firsts = dict(zip(days, reversed(places), strict=True))
        except TypeError:  # a list or an object in place of a single value
            days = [None if isinstance(day, list | dict) else day for day in days]
            firsts = dict(zip(days, reversed(places), strict=True))
        read, seen = self._read[key], self._seen[key][table]
        for day, place in reversed(firsts.items()):
            if day is not None and type(day) is not bool and (told := read[day]) is not None:
                seen.setdefault(told, place or "a row")

    def findings(self) -> list[str]:
        """Return of each column in which days and months changed places, or may have, what it is and two examples."""
        found = []
        names = list(dict.fromkeys(table for seen in self._seen.values() for table in seen))
        orders = [orders_of(column.formats) for column in self._columns.values()]
        tables = [_Table([seen.get(name, {}) for seen in self._seen.values()], orders) for name in names]
        everywhere = _Table([_union(seen.values()) for seen in self._seen.values()], orders)
        for number, (key, column) in enumerate(self._columns.items()):
            told = (_judged(column, number, table, everywhere) for table in tables)
            if first := next(filter(None, told), None):
                found.append(f"{key} ({column.field}{SAID_TURNED if column.swapped else ''}): {first}")
        return found


def hold(source_id: str, found: Sequence[str], where: str) -> None:
    """Hold what was read where days and months changed places, or may have; do nothing without findings.

    Args:
        where: the mapping or the entry in which it is said what is so.

    Raises:
        BatchHeld: its message shows two places of each column, what they say, and that turned round.
    """
    if found:
        raise BatchHeld(f"{source_id}: {'. '.join(found)}. Nothing was loaded.", action=advice(where, found))


def advice(where: str, found: Iterable[str]) -> str:
    """Return what to do about findings, given where the mapping says it.

    Where `swapped: true` stands already and not all is so, files of one source differ. `swapped: false` would read
    those that were turned as they stand.
    """
    if any(SAID_TURNED in one for one in found):
        return (
            "the files of this source differ: in some a program turned the dates, in others not. Have the office set"
            " the region of its computer to Vietnam (days as dd/MM/yyyy), type the days of each file that was turned"
            f" again and save it; then take `swapped` out {where}. Do not turn it to false: the files that were turned"
            " would be read as they stand."
        )
    return (
        "have the office set the region of its computer to Vietnam (days as dd/MM/yyyy) and type these days again;"
        f" or say {where} what is so of all its files: `swapped: true`, and its dates are turned back;"
        " `swapped: false`, and they are read as they stand; other `formats` for texts in another order."
    )


def _table_of(place: str | None) -> str:
    return place.partition('"row":')[0] if place and place[:1] == "{" else ""


class _Table:
    """The columns of days of one table, and all of them together.

    `left` is a text that a program left while it seems to have made dates of others: a column has too few texts that
    both orders read, or the table has no date of the 13th or later. None without such a text.
    """

    def __init__(self, columns: Sequence[Days], orders: Sequence[Mapping[Form, str]]) -> None:
        self.columns = columns
        self._orders = orders
        self.pool = _union(columns)
        left = [text for text in self.pool if is_left(text)]
        self.has_left = bool(left)
        has_high = any(isinstance(day, date) and day.day > MONTHS for day in self.pool)
        alone = next(filter(None, map(_left_alone, columns)), None)
        self.left = str(left[0]) if left and not has_high else alone

    def proofs(self, form: Form, order: str) -> Proofs:
        """Return the texts of a form that one order reads, by that order, of the columns that are read in an order."""
        alike = [days for days, orders in zip(self.columns, self._orders, strict=True) if orders.get(form) == order]
        return proofs_of(_union(alike), form)


def _union(columns: Iterable[Days]) -> dict[Any, str]:
    union: dict[Any, str] = {}
    for days in columns:
        union = {**days, **union}
    return union


def _judged(column: DayColumn, number: int, table: _Table, everywhere: _Table) -> str | None:
    """Return what is wrong with the days of a column of a table; None where nothing is."""
    orders = orders_of(column.formats)
    own = table.columns[number]
    for form, order in orders.items():
        if told := _texts(form, order, number, table, everywhere):
            return told
    dates = {day: place for day, place in own.items() if isinstance(day, date)}
    if column.swapped and (told := _not_swapped(dates, table, everywhere)):
        return told
    # A day with its year first was written by a program, from a date: 2025-01-10.
    by_programs = {
        day: place
        for text, place in own.items()
        if isinstance(text, Written) and text.form.is_year_first and orders.get(text.form) == MONTH_FIRST
        and (day := text.read(MONTH_FIRST))
    }  # fmt: skip
    if sum(map(may_be_turned, by_programs)) < _MANY:  # one may be how a clerk writes
        by_programs = {}
    if told := _dates(by_programs if column.swapped else by_programs | dates, own, table, everywhere):
        return told
    texts = {
        day: place
        for text, place in own.items()
        if isinstance(text, Written) and not text.form.is_year_first and (day := text.read(orders.get(text.form, "")))
    }
    return _of_other_months(texts, table, has_left=False)


def _texts(form: Form, order: str, number: int, table: _Table, everywhere: _Table) -> str | None:
    """Judge the texts of a form that both orders can read by those that only one can."""
    open_ones = {text: place for text, place in texts_of(table.columns[number], form) if is_open(text)}
    beside = table if table.proofs(form, order) else everywhere
    proofs = beside.proofs(form, order)
    others = proofs.get(OTHER[order])
    if not open_ones or not others:
        return None
    if order not in proofs:
        shown = [_example(place, text, text.read(OTHER[order])) for text, place in open_ones.items()]
        return (
            f"its texts have the month and the day in the other order than `formats`, as {others[0]} shows;"
            f" so {len(open_ones)} days would be read wrong: {_some(shown)}"
        )
    months = sure_months(beside.pool)
    around = with_neighbours(months)
    shown = [
        _example(place, text, text.read(OTHER[order]))
        for text, place in open_ones.items()
        if not is_right(text.read(order), months, around)
    ]
    if not shown:
        return None
    return (
        f"its texts are in both orders, as {proofs[order][0]} and {others[0]} show;"
        f" {len(shown)} days can be read in either: {_some(shown)}"
    )


def _dates(dates: Days, own: Days, table: _Table, everywhere: _Table) -> str | None:
    """Judge dates of the 1st to the 12th by the texts that a program left beside them."""
    low = {day: place for day, place in dates.items() if may_be_turned(day)}
    has_high = any(day.day > MONTHS for day in dates)
    beside = table if has_high or any(isinstance(one, Written) for one in table.pool) else everywhere
    if beside.left:
        months = sure_months(beside.pool)
        around = with_neighbours(months)  # the month beside the last certain day may be the table's too
        shown = [
            _example(place, day, instants.turned(day))
            for day, place in low.items()
            if not is_right(day, months, around)
        ]
        if shown:
            return (
                f"days that only one order can read, such as {beside.left}, are texts, and {len(shown)} dates of the"
                f" 1st to the 12th beside them may have been turned round by a program: {_some(shown)}"
            )
    is_one_day = len({day.day for day in dates}) == 1 and len(dates) >= _MANY
    if low and is_one_day and len(own) == len(dates):
        shown = [_example(place, day, instants.turned(day)) for day, place in low.items()]
        return f"all its dates are of one day in {len(dates)} months, as days of one month turned round: {_some(shown)}"
    return _of_other_months(dates, table, has_left=table.has_left)


def _of_other_months(days: Days, table: _Table, *, has_left: bool) -> str | None:
    """Judge days that are of the table's months only when they are turned round.

    Beside texts that a program may have left (`has_left`) each is in doubt, else many that are more than the others.
    """
    months = sure_months(table.pool)
    low = {day: place for day, place in days.items() if may_be_turned(day)}
    doubtful = [day for day in low if is_right(instants.turned(day), months)]
    is_many = len(doubtful) >= _MANY and len(doubtful) > sum(is_right(day, months) for day in low)
    if not (doubtful if has_left else is_many):
        return None
    shown = [_example(low[day], day, instants.turned(day)) for day in doubtful]
    return f"{len(shown)} days are of the months of the others only when they are turned round: {_some(shown)}"


def _not_swapped(dates: Days, table: _Table, everywhere: _Table) -> str | None:
    """Say where dates show that they were not turned round, although the mapping says so."""
    high = [_example(place, day, None) for day, place in dates.items() if day.day > MONTHS]
    if high:
        return f"it says `swapped: true`, but {len(high)} dates cannot be turned round: {_some(high)}"
    months = sure_months(table.pool) or sure_months(everywhere.pool)
    low = {day: place for day, place in dates.items() if day.day != day.month}
    right = [_example(place, day, instants.turned(day)) for day, place in low.items() if is_right(day, months)]
    turned = sum(is_right(instants.turned(day), months) for day in low)
    if len(right) > turned:
        return f"it says `swapped: true`, but {len(right)} dates are of its months as they stand: {_some(right)}"
    return None


def _left_alone(days: Days) -> str | None:
    left = [text for text in days if is_left(text)]
    taken = sum(isinstance(text, Written) and not text.form.is_year_first and is_open(text) for text in days)
    return str(left[0]) if left and _is_few(taken, len(left)) else None


def _is_few(taken: int, left: int) -> bool:
    """Return whether so few texts can be read in both orders that a program must have made dates of the others."""
    share = _BOTH / (_BOTH + _ONE)
    count = taken + left
    return not taken or taken < count * share - _RARE * math.sqrt(count * share * (1 - share))


def _example(place: str, said: date | Written, turned: date | None) -> str:
    where = str(Place.of(place) or "") if place[:1] == "{" else place
    return f"{where} says {said}" + (f", turned round {turned}" if turned else "")


def _some(examples: Sequence[str]) -> str:
    return "; ".join(examples[:SHOWN]) + (f"; and {len(examples) - SHOWN} more" if len(examples) > SHOWN else "")
