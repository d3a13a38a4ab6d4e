"""Which files of one series are books of their own: written side by side, so that no newer file speaks for them.

Names that differ only in numbers may be one register that goes on (`quyển 1` is full, `quyển 2` follows) or two that
are written at the same time. The days of reception tell: what follows receives nothing before the other has ended.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property
from itertools import combinations
from typing import Literal

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from motcua.canonical import RecordKind
from motcua.days.workdays import workdays_from
from motcua.extract.wire.drop_order import (
    Drop,
    Month,
    counter_of,
    days_of_name,
    in_order,
    order_by_days,
    spoken_of,
    state_other_months,
)

COPY_SHARE = 0.5  # of a file: a newer one of its series that has more of it is a copy, saved again
_ONE_DAY = timedelta(days=1)
_BARE_YEAR = re.compile(r"\d{4}")
# What a file that was saved later says of another: it is that one gone on with, by its name or as a copy; it follows
# by its days; it is written beside it; it goes on after days that nothing tells of; or it says nothing of what became
# of it.
_Says = tuple[Literal["goes_on", "follows", "beside", "gap", "not_known"], str]
_Say = Callable[[Drop, Drop], _Says]


@dataclass
class _Rows:
    """The keys of a file, each with its days of reception."""

    days: defaultdict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    without_key: set[date] = field(default_factory=set)

    @cached_property
    def months(self) -> frozenset[Month]:
        return frozenset((day.year, day.month) for day in self.all_days)

    @cached_property
    def all_days(self) -> list[date]:
        return sorted(self.without_key.union(*self.days.values()))

    @cached_property
    def pairs(self) -> set[tuple[str, date | None]]:
        return {(key, day) for key, days in self.days.items() for day in (days or (None,))}

    def own(self, other: _Rows) -> list[date]:
        """Return the days of reception of the rows whose keys the other file lacks."""
        if self.days.keys().isdisjoint(other.days):
            return self.all_days
        own = (days for key, days in self.days.items() if key not in other.days)
        return sorted(self.without_key.union(*own))

    def is_copied_by(self, other: _Rows) -> bool:
        """Return whether another file is this one, saved again: its keys, each with its day."""
        return not self.days.keys().isdisjoint(other.days) and is_copy(other.pairs, self.pairs)

    def crosses(self, other: _Rows) -> bool:
        """Return whether own receptions of both lie between those of the other, and do not only touch."""
        mine, others = self.own(other), other.own(self)
        return bool(mine and others) and mine[0] < others[-1] and others[0] < mine[-1]


def is_copy(newer: AbstractSet[object], older: AbstractSet[object]) -> bool:
    """Return whether a newer file is an older one, saved again: it has more than half of it."""
    return len(older & newer) > COPY_SHARE * len(older)


def books_apart(
    drops: Sequence[Drop], listed: pa.Table, kind: RecordKind, calendar: np.busdaycalendar
) -> dict[Drop, str]:
    """Return the files that speak for themselves though a file of their series was saved on a later day, with why.

    A file is spoken for where a later one is a copy of it, or has its name with other days, months or a year. Else each
    file that was saved later is compared: it follows where the first of its own receptions is not before the last own
    one of the other. Own is what the other file has no key of. A file beside which another is written is a book; so is
    one of which no day tells that another follows. One file follows one book: where two were written side by side and
    one begins after both, neither is spoken for. A row without a day of reception tells nothing here.

    A later file that is no copy speaks for one only where no working day lies after the day on which that was saved and
    before the first own reception of the later one. Where the name of the older states its days, none after them
    counts.

    Args:
        drops: the files of the pull, also those without a row.
        listed: their rows, with `stands_in`.
        calendar: the working days.
    """
    series: defaultdict[str, list[Drop]] = defaultdict(list)
    for drop in drops:
        if drop.dropped_at is not None:
            series[drop.series].append(drop)
    compared = [files for files in series.values() if len({drop.dropped_on for drop in files}) > 1]
    if not compared:
        return {}
    rows = _rows_of({drop.file for files in compared for drop in files}, listed, kind)
    said = cache(lambda drop, other: _says(drop, other, rows, calendar))
    why = {drop: _why_apart(drop, files, rows, said) for files in compared for drop in files}
    return {drop: told for drop, told in why.items() if told}


def numbered_alike(drops: Iterable[Drop], listed: pa.Table, kind: RecordKind) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return of files and keys the other files of their series in which the key may be that of another record.

    So is each key of two files that are written side by side, on whatever days they were saved. Of other files it is
    one that has other days of reception in each: a book that follows may number from 1 again. Files of which one is a
    copy of the other, and those whose names differ in days alone, are one book.

    Args:
        drops: the files of the pull.
        listed: their rows, with `stands_in`.
    """
    series: defaultdict[str, list[Drop]] = defaultdict(list)
    for drop in sorted(in_order(drops), key=lambda drop: drop.dropped_at.timestamp() if drop.dropped_at else 0.0):
        series[drop.series].append(drop)
    compared = [files for files in series.values() if len(files) > 1]
    if not compared:
        return {}
    rows = _rows_of({drop.file for files in compared for drop in files}, listed, kind)
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for files in compared:
        book_of = _books_of_copies(files, rows)
        for one, other in combinations(files, 2):
            if book_of[one] != book_of[other]:
                for key in _keys_alike(one, other, rows):
                    found[one.file, key].add(other.file)
                    found[other.file, key].add(one.file)
    return {place: tuple(sorted(files)) for place, files in found.items()}


def _books_of_copies(files: Sequence[Drop], rows: Mapping[str, _Rows]) -> dict[Drop, Drop]:
    """Return of each file, the oldest first, the last of the copies that were made of it, and of those."""
    book_of: dict[Drop, Drop] = {}
    for at in reversed(range(len(files))):
        newer = (other for other in files[at + 1 :] if rows[files[at].file].is_copied_by(rows[other.file]))
        copy = next(newer, None)
        book_of[files[at]] = files[at] if copy is None else book_of[copy]
    return book_of


def _keys_alike(one: Drop, other: Drop, rows: Mapping[str, _Rows]) -> Iterator[str]:
    mine, others = rows[one.file].days, rows[other.file].days
    if mine.keys().isdisjoint(others) or _is_told_by_name(one, other, rows)[1]:
        return
    is_beside = rows[one.file].crosses(rows[other.file])
    is_download = counter_of(one)[0] == counter_of(other)[0]
    for key in mine.keys() & others.keys():
        has_other_days = mine[key] and others[key] and mine[key].isdisjoint(others[key])
        if is_beside or (has_other_days and not is_download):
            yield key


def _rows_of(files: AbstractSet[str], listed: pa.Table, kind: RecordKind) -> dict[str, _Rows]:
    received = pc.coalesce(*(listed[name] for name in kind.reference)).cast(pa.date32()).to_pylist()
    rows = {file: _Rows() for file in files}
    for stand, key, day in zip(
        listed["stands_in"].to_pylist(), listed[kind.id_column].to_pylist(), received, strict=True
    ):
        file = rows.get(orjson.loads(stand)["file"]) if stand else None
        if file is not None:
            days = file.without_key if key is None else file.days[key]
            days.update(() if day is None else (day,))
    return rows


def _why_apart(drop: Drop, files: Sequence[Drop], rows: Mapping[str, _Rows], says: _Say) -> str | None:
    """Return why no file that was saved on a later day speaks for a file; none where one does, or it is the last."""
    said: dict[Drop, _Says] = {}
    for other in sorted(files, key=_day, reverse=True):
        if _day(other) > _day(drop):
            said[other] = says(drop, other)
            if said[other][0] == "goes_on":
                return None
    for relation in ("beside", "follows", "gap", "not_known"):
        told = [other for other, (what, _) in said.items() if what == relation]
        if told and relation == "follows":
            return _why_not_followed(drop, told, files, rows, says)
        if relation == "gap":  # the nearest says most
            told.sort(key=lambda other: rows[other.file].own(rows[drop.file]) or [date.max])
        if told:
            return said[told[0]][1]
    return None


def _why_not_followed(
    drop: Drop, following: Sequence[Drop], files: Sequence[Drop], rows: Mapping[str, _Rows], says: _Say
) -> str | None:
    """Return why those that follow may follow another file: more were written side by side than begin after them."""
    begin: list[Drop] = []
    for one in sorted(following, key=lambda one: (rows[one.file].own(rows[drop.file]), _day(one))):
        if not any(says(other, one)[0] in ("follows", "goes_on", "gap") for other in begin):
            begin.append(one)
    beside = [
        other
        for other in files
        if other != drop
        and _day(other) <= _day(drop)
        and rows[other.file].crosses(rows[drop.file])
        and not any(says(other, one)[0] == "goes_on" for one in files if one != other and _day(one) >= _day(other))
        and says(drop, other)[0] != "goes_on"
    ]
    if len(beside) < len(begin):
        return None
    return f"{begin[0].file}, saved later, may go on with it or with {beside[0].file}, which was written beside it"


def _is_told_by_name(drop: Drop, other: Drop, rows: Mapping[str, _Rows]) -> tuple[bool, bool]:
    """Return whether two names differ in days, months or years alone, and whether they, or else months, tell a book."""
    book, period = spoken_of(drop, rows[drop.file].months)
    other_book, other_period = spoken_of(other, rows[other.file].months)
    is_one_book = book == other_book and bool(period and other_period) and period != other_period
    has_months = not any(_BARE_YEAR.fullmatch(stated[0]) for stated in (period, other_period) if stated)
    return is_one_book, is_one_book or (has_months and state_other_months(drop, other))


def _says(drop: Drop, other: Drop, rows: Mapping[str, _Rows], calendar: np.busdaycalendar) -> _Says:
    """Return what a file that was saved later says of a file, and why it does not speak for it."""
    mine, others = rows[drop.file], rows[other.file]
    is_one_book, is_told_by_name = _is_told_by_name(drop, other, rows)
    if is_told_by_name and order_by_days(drop, other) > 0:
        return "not_known", f"{other.file} was saved later, and its name states earlier days"
    own, other_own = mine.own(others), others.own(mine)
    if is_told_by_name and not (own and other_own and other_own[-1] < own[0]):
        gap = _gap(drop, other, rows, calendar)
        return ("gap", gap) if gap else ("goes_on" if is_one_book else "follows", "")
    if not is_told_by_name and mine.is_copied_by(others):
        return "goes_on", ""
    if not own or not other_own:
        return "not_known", f"no day of reception tells that {other.file}, saved later, goes on with it"
    if own[-1] <= other_own[0]:
        gap = _gap(drop, other, rows, calendar)
        return ("gap", gap) if gap else ("follows", "")
    told = f"its receptions {_span(own)} {{}} those of {other.file}, saved later ({_span(other_own)})"
    if not mine.crosses(others):
        return "not_known", told.format("come after")
    return "beside", told.format("lie among")


def _gap(drop: Drop, other: Drop, rows: Mapping[str, _Rows], calendar: np.busdaycalendar) -> str:
    """Say which days neither file tells of, from the day after one was saved until the later one begins; else empty.

    One that has no own reception begins after the days that the name of the other states. A single day in a name is
    that of the export where the file has receptions before it. A file without a day of reception is not judged.
    """
    mine, others = rows[drop.file], rows[other.file]
    states = days_of_name(drop, mine.months)
    is_day = states is None or states[0] == states[1]
    if not mine.all_days or (is_day and mine.is_copied_by(others)):
        return ""
    if states is not None and is_day and mine.all_days[0] < states[0]:
        states = None
    ends = [day for day in (states and states[1] + _ONE_DAY, *others.own(mine)[:1]) if day]
    begin = _day(drop) + _ONE_DAY
    if not ends or workdays_from(np.datetime64(begin), np.datetime64(min(ends)), calendar) <= 0:
        return ""
    return (
        f"nothing tells what it received from {begin} to {min(ends) - _ONE_DAY}, after it was saved and before"
        f" {other.file}, saved later, goes on with it"
    )


def _day(drop: Drop) -> date:
    assert drop.dropped_on is not None
    return drop.dropped_on


def _span(days: Sequence[date]) -> str:
    return str(days[0]) if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
