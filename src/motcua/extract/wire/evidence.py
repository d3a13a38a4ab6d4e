"""Which of two rows of one key is stated to be the newer one, by where they stand.

Where a row stands is text (JSON), which lands with the row, so that a replay judges by the same evidence. The order in
which files are listed, and the place of a sheet or a row, say nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import orjson

from motcua.extract.wire.drop_order import (
    Days,
    Drop,
    counter_of,
    numbers_of,
    order_by_days,
    order_of_days,
    states_days,
)
from motcua.place import Place

COPIED_TOGETHER = timedelta(minutes=1)  # files copied with their folder get times as far apart as copying takes


@dataclass(frozen=True)
class Stand:
    """Where a row stands: its file and when that was dropped, the sheet and what its name states, the row.

    Of a database, `request` is the number of the query among those of the pull. `is_last` is true in a file that
    says no more of what stands open in it: it is never saved again, or its series has a newer one. `is_lacking` is true
    of a row that a newer copy of its file lacks. `alike_in` names the files of its series in which its number may be
    that of another record (`motcua.extract.wire.books`).
    """

    file: str = ""
    dropped_at: datetime | None = None
    sheet: str | None = None
    states: Days | int | None = None
    row: int = 0
    request: int | None = None
    is_last: bool | None = None
    is_lacking: bool | None = None
    alike_in: tuple[str, ...] | None = None

    def __str__(self) -> str:
        if self.request is not None:
            return f"query {self.request}"
        return str(Place(self.file, self.sheet, self.row))


def written(stand: Stand) -> str:
    """Return a stand as it lands."""
    return orjson.dumps({name: value for name, value in asdict(stand).items() if value is not None}).decode()


def read(text: str | None) -> Stand | None:
    """Return the stand that landed; None of a row that landed without one."""
    if text is None:
        return None
    said = orjson.loads(text)
    if "dropped_at" in said:
        said["dropped_at"] = datetime.fromisoformat(said["dropped_at"])
    if isinstance(said.get("states"), list):
        first, last = map(date.fromisoformat, said["states"])
        said["states"] = first, last
    if "alike_in" in said:
        said["alike_in"] = tuple(said["alike_in"])
    return Stand(**said)


def order(one: Stand, other: Stand, *, later_row: bool = False) -> int:
    """Return -1 where one is stated to be older than the other, 1 where newer, 0 where that is not known.

    Days in the names of files come first, then those in the names of sheets of one workbook, then the download counter,
    then the times at which files were dropped. What the name of a file says must not contradict the times.

    Args:
        later_row: of two rows of one table the later one is the newer.
    """
    if (one.request, one.file, one.dropped_at, one.sheet) == (other.request, other.file, other.dropped_at, other.sheet):
        return _compare(one.row, other.row) if later_row else 0
    if one.request is not None and other.request is not None:
        return _compare(one.request, other.request)
    if one.request is not None or other.request is not None:
        return 0
    drops = Drop(one.file, one.dropped_at), Drop(other.file, other.dropped_at)
    return _of_sheets(one, other) if drops[0] == drops[1] else _of_files(*drops)


def _of_sheets(one: Stand, other: Stand) -> int:
    if isinstance(one.states, int) and isinstance(other.states, int):
        return _compare(one.states, other.states)
    if isinstance(one.states, tuple) and isinstance(other.states, tuple):
        return order_of_days(one.states, other.states)
    return 0


@lru_cache(maxsize=8192)
def _of_files(one: Drop, other: Drop) -> int:
    by_time = _of_times(one, other)
    if by_days := order_by_days(one, other):
        return by_days if by_time in (0, by_days) else 0
    (name, counter), (other_name, other_counter) = counter_of(one), counter_of(other)
    if name == other_name:
        by_counter = _compare(counter, other_counter)
        return by_counter if by_time in (0, by_counter) else 0
    by_number = _of_numbers(one, other)
    return by_time if by_number in (0, by_time) else 0


def _of_numbers(one: Drop, other: Drop) -> int:
    (name, numbers), (other_name, other_numbers) = numbers_of(one), numbers_of(other)
    is_one_name = name == other_name or (one.series == other.series and not (states_days(one) and states_days(other)))
    return _compare(numbers, other_numbers) if is_one_name else 0


def _of_times(one: Drop, other: Drop) -> int:
    if one.dropped_at is None or other.dropped_at is None:
        return 0
    if abs(one.dropped_at - other.dropped_at) < COPIED_TOGETHER:
        return 0
    return 1 if one.dropped_at > other.dropped_at else -1


def _compare(one: int | tuple[int, ...], other: int | tuple[int, ...]) -> int:
    return (one > other) - (one < other)  # type: ignore[operator]
