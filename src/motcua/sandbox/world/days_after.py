"""The days after a period: the dossiers received and closed on them, and the state of the records on each night.

Nothing here changes a report on the period: a dossier that was open at its end stays open at that end, with the same
state (in time or overdue).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from motcua.sandbox.world.columns import STATUS, Change, Columns, Kind, shifted
from motcua.sandbox.world.draw import Setting, busyness, draw_result
from motcua.sandbox.world.noise import CORRECTED_BY, correct_broken
from motcua.sandbox.world.past import OPEN, close, is_clock_stopped, patterns
from motcua.sandbox.world.scenario import Scenario
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints, day_number

CLEARED_A_DAY = 0.12  # share of the overdue dossiers
RESUMED_A_DAY = 0.03  # share of the dossiers that wait for papers


@dataclass(frozen=True)
class Ends:
    """How records end after the period: for each row, the columns that change on the day of `released`."""

    rows: Ints
    status: Ints
    due: Ints
    released: Ints
    finished: Ints
    cancelling: Ints

    @classmethod
    def of(cls, rows: Ints, ended: Columns) -> Ends:
        return cls(rows, *(getattr(ended, field.name) for field in fields(cls)[1:]))

    @classmethod
    def stack(cls, parts: list[Ends]) -> Ends:
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def take(self, places: Ints) -> Ends:
        return Ends(*(getattr(self, field.name)[places] for field in fields(self)))

    def with_copies_and_children(self, number_of: Ints) -> Ends:
        """Return these ends, and the same ends for the records that show the number of another: both end alike."""
        place = np.full(len(number_of), -1)
        place[self.rows] = np.arange(len(self.rows))
        copies = np.flatnonzero((number_of != np.arange(len(number_of))) & (place[number_of] >= 0))
        return Ends.stack([self, replace(self.take(place[number_of[copies]]), rows=copies)])


class Nights(Mapping[int, Columns]):
    """The records on each night from 1 on. Nights after the second are computed on first use."""

    def __init__(self, scenario: Scenario, first: Columns, last: Columns, ends: Ends) -> None:
        """Take the records of night 1, their state at the end of the period as of night 2, and how they end later."""
        self._scenario, self._last, self._ends = scenario, last, ends
        self._known = {1: _present_by(first, scenario.second_of_night(1))}

    def __getitem__(self, night: int) -> Columns:
        if night not in self:
            raise KeyError(night)
        if night not in self._known:
            last = correct_broken(self._last, self._scenario) if night >= CORRECTED_BY else self._last
            self._known[night] = _as_of(last, self._ends, self._scenario.second_of_night(night))
        return self._known[night]

    def __contains__(self, night: object) -> bool:
        return isinstance(night, int) and 1 <= night <= self._scenario.nights

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, len(self) + 1))

    def __len__(self) -> int:
        return self._scenario.nights


def state_at_end(dossiers: Columns, setting: Setting) -> tuple[Columns, Ends]:
    """Return the state of the dossiers at the end of the period, and the ends of those handed over later."""
    rows = np.flatnonzero(dossiers.finished // DAY_SECONDS > setting.calendar.last_day)
    ends = Ends.of(rows, dossiers.take(rows))
    return dossiers.with_values(rows, finished=0, status=STATUS["releasing"]), ends


def draw_ends(rng: np.random.RandomState, setting: Setting, columns: Columns) -> Ends:
    """Return how the dossiers open at the end of the period end on the days after it, up to the last night.

    A dossier that was changed or received on the first of these days does not end on the same day.
    """
    calendar = setting.calendar
    rows = np.flatnonzero(np.isin(columns.status, OPEN) & np.isin(columns.kind, (Kind.DOSSIER, Kind.OUTSIDE)))
    open_then = columns.take(rows)
    open_then_due = open_then.due
    size, first = len(rows), calendar.count
    due, has_due = calendar.position(open_then.due // DAY_SECONDS), open_then.due > 0
    is_stopped = is_clock_stopped(open_then)
    is_overdue = has_due & ~is_stopped & (due < first)
    of_closed = _shares(setting)
    luck = rng.rand(size)
    is_late = ~is_stopped & ~is_overdue & has_due & (luck < of_closed["late"])
    is_cancelled = ~is_stopped & (luck > 1 - of_closed["withdrawn"])
    is_ended_early = ~is_stopped & ~is_cancelled & (luck > 1 - of_closed["withdrawn"] - of_closed["stopped"])

    end = first + np.floor(rng.rand(size) * np.maximum(due - first + 1, 1)).astype(np.int64)
    end = np.where(has_due & (rng.rand(size) < 0.5), due, end)
    end = np.where(has_due, end, first + rng.geometric(0.2, size) - 1)
    end = np.where(is_late, due + rng.geometric(0.35, size), end)
    end = np.where(is_overdue, first + rng.geometric(CLEARED_A_DAY, size) - 1, end)
    end = np.where(is_stopped, first + rng.geometric(RESUMED_A_DAY, size) - 1, end)
    is_touched = (open_then.change != Change.NONE) | (open_then.kind == Kind.OUTSIDE)
    end = np.maximum(end, first + is_touched)
    due = np.where(is_stopped, np.maximum(due, end + rng.randint(0, 5, size)), due)
    is_shown = end < calendar.position(np.array(_last_day(setting) + 1))
    rows, open_then, end = rows[is_shown], open_then.take(is_shown), end[is_shown]
    new_due = np.where(is_stopped, calendar.at(due.clip(first, first + 100)) * DAY_SECONDS + 17 * 3600, open_then_due)
    status = np.where(is_cancelled, STATUS["cancelled"], np.where(is_ended_early, STATUS["stopped"], STATUS["done"]))
    released, finished = draw_result(rng, setting, open_then.received, end)
    return Ends.of(rows, close(open_then, released, finished, new_due[is_shown], status[is_shown]))


def draw_coming(rng: np.random.RandomState, setting: Setting, dossiers: Columns) -> tuple[Columns, Ends]:
    """Return the dossiers received on the working days after the period, in the state at reception, and their ends.

    Each is copied from a dossier of the period, so that the days after the period are like the days in it.
    """
    calendar = setting.calendar
    days = np.arange(calendar.count, int(calendar.position(np.array(_last_day(setting) + 1))))
    received = dossiers.received // DAY_SECONDS
    a_day = np.count_nonzero(received >= calendar.first_day) / calendar.count
    position = np.repeat(days, np.rint(a_day * busyness(calendar.at(days))).astype(np.int64))
    like = patterns(dossiers, setting)
    like = like[rng.randint(0, len(like), len(position))]
    lived = shifted(dossiers.take(like), calendar, position - calendar.position(received[like]))
    size = len(lived)
    lived = replace(lived, kind=np.full(size, Kind.LATER), person=rng.randint(1, size + 2, size))
    zeros = np.zeros(size, np.int64)
    status = np.where(rng.rand(size) < 0.6, STATUS["receiving"], STATUS["processing"])
    just_in = replace(lived, status=status, released=zeros, finished=zeros, correcting=zeros, cancelling=zeros)
    return just_in, Ends.of(np.arange(size), lived)


def _as_of(last: Columns, ends: Ends, instant: int) -> Columns:
    past = ends.take(np.flatnonzero(ends.released <= instant))
    is_returned = past.finished <= instant
    finished = np.where(is_returned, past.finished, 0)
    columns = last.with_values(
        past.rows,
        status=np.where(is_returned | (past.status != STATUS["done"]), past.status, STATUS["releasing"]),
        due=past.due,
        released=past.released,
        finished=finished,
        cancelling=past.cancelling,
        correcting=0,
        modified=np.maximum.reduce([last.modified[past.rows], past.released, finished]),
    )
    return _present_by(columns, instant)


def _present_by(columns: Columns, instant: int) -> Columns:
    return replace(columns, present=columns.present & (columns.created <= instant))


def _shares(setting: Setting) -> dict[str, float]:
    """Return the shares of late, withdrawn and stopped among the dossiers closed in the last part of the period."""
    totals = list(setting.scenario.parts[-1].levels.values())
    closed = sum(level.resolved + level.withdrawn + level.stopped for level in totals)
    late = sum(level.resolved_late for level in totals)
    return {
        "late": late / closed,
        "withdrawn": sum(level.withdrawn for level in totals) / closed,
        "stopped": sum(level.stopped for level in totals) / closed,
    }


def _last_day(setting: Setting) -> int:
    """Return the number of the last day that the last night shows completely."""
    return day_number(setting.scenario.day_of_night(setting.scenario.nights)) - 1
