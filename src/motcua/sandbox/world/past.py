"""Draws the dossiers that were received before a period: those that are open on its first day, how these end in the
period, and those that were already closed.

Most open dossiers were received in the weeks before, within the time limit of their procedure. A few have a due day
months later. A few have been open for years: they wait for papers (their clock is stopped) or are long overdue.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from motcua.catalog import Level
from motcua.errors import CatalogError
from motcua.sandbox.world.columns import STATUS, Bools, Columns, Kind, NumberStyle, shifted
from motcua.sandbox.world.draw import (
    NO_DUE_SHARE,
    Outcomes,
    Setting,
    as_dossiers,
    draw_procedures,
    draw_result,
    largest_remainder,
    outcomes_of,
)
from motcua.sandbox.world.scenario import LevelTotals
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints

OLD_SHARE = 0.012  # received half a year to about three years before the period, in working days:
OLD_FROM, OLD_TO = 120, 800
LONG_SHARE = 0.015  # due this many working days later than usual
LONGER = (15, 45)
PAUSED_SHARE = 0.08
STAYS_PAUSED = 0.35  # share of the dossiers waiting for papers that still wait at the end of the period
STAYS_OVERDUE = 0.4
AS_MANY_CLOSED = 3  # a unit has this many more closed dossiers than open ones
PAUSED = (STATUS["waiting"], STATUS["paying"])
OPEN = (STATUS["processing"], STATUS["receiving"], *PAUSED)
_CLOSED_AS = {"withdrawn": STATUS["cancelled"], "stopped": STATUS["stopped"]}


def is_clock_stopped(columns: Columns) -> Bools:
    """Return which dossiers have a stopped clock: the pause began by the due day, so they do not become overdue."""
    is_paused = np.isin(columns.status, PAUSED)
    return np.asarray(
        is_paused & ((columns.due == 0) | (columns.correcting // DAY_SECONDS <= columns.due // DAY_SECONDS))
    )


def draw_stock(
    rng: np.random.RandomState, setting: Setting, level: Level, totals: LevelTotals, weights: npt.NDArray[np.float64]
) -> Columns:
    """Return the dossiers of one level that are open on the first day of the period, distributed over its units.

    Raises:
        CatalogError: a unit would have more of them than the scenario allows.
    """
    calendar, size, most = setting.calendar, totals.carried_over, setting.scenario.past_per_unit
    share = largest_remainder(size, weights)
    if share.max() > most:
        raise CatalogError(
            f"Scenario {setting.scenario.scenario_id} carries {share.max()} dossiers over in one unit of its level"
            f" {level}, and allows {most}.",
            action="correct carried_over or past_per_unit.",
        )
    unit = rng.permutation(np.repeat(setting.units_of(level), share)).astype(np.int64)
    online = rng.permutation(size) < round(size * totals.online / totals.received)
    procedure, is_timed, offset = draw_procedures(rng, setting, level, "in_time", size)
    offset = np.maximum(offset, 1) + np.where(rng.rand(size) < LONG_SHARE, rng.randint(*LONGER, size), 0)

    place = np.arange(size)  # the units are shuffled, so the first rows belong to any unit
    overdue_count = min(totals.open_overdue, size // 3)
    is_overdue = place < overdue_count
    is_paused = ~is_overdue & (place < overdue_count + round(PAUSED_SHARE * size))
    old = max(round(OLD_SHARE * size / 2), 2)
    age = np.zeros(size, np.int64)
    for rows in (np.flatnonzero(is_overdue)[:old], np.flatnonzero(is_paused)[:old]):
        age[rows] = np.linspace(OLD_FROM, OLD_TO, len(rows))
    # In time: received recently enough that the due day is in the period or later.
    position = -1 - np.floor(rng.rand(size) * offset).astype(np.int64)
    position = np.where(is_overdue, -1 - offset - rng.randint(0, 25, size), position)
    position -= age
    received = calendar.at(position) * DAY_SECONDS + rng.randint(26_100, 59_400, size)
    no_due = ~is_timed & ~is_overdue & ~is_paused & (rng.rand(size) < NO_DUE_SHARE)
    due = np.where(no_due, 0, calendar.at(position + offset) * DAY_SECONDS + 17 * 3600)

    pause = position + np.floor(rng.rand(size) * (np.minimum(position + offset, -1) - position + 1)).astype(np.int64)
    second = np.maximum(rng.randint(28_000, 60_000, size), received % DAY_SECONDS + 60)
    luck = rng.rand(size)
    status = np.where(luck < 0.75, STATUS["processing"], STATUS["receiving"])
    status = np.where(is_paused, np.where(luck < 0.8, *PAUSED), status)
    zeros = np.zeros(size, np.int64)
    drawn = {"procedure": procedure, "status": status, "received": received, "due": due, "released": zeros,
             "finished": zeros, "cancelling": zeros,
             "correcting": np.where(is_paused, calendar.at(pause) * DAY_SECONDS + second, 0)}  # fmt: skip
    return as_dossiers(rng, setting, unit, online, drawn)


def close_stock(
    rng: np.random.RandomState, setting: Setting, stock: Columns, totals: LevelTotals
) -> tuple[Columns, Outcomes]:
    """Return the state after the period of the dossiers that were open before it, and the outcomes that remain for
    the dossiers received in the period.

    Raises:
        CatalogError: more carried-over dossiers end in one outcome than the totals allow.
    """
    wanted = outcomes_of(totals)
    outcome, end, due = _draw_outcomes(rng, setting, stock, totals)
    rest = {name: wanted[name] - int(np.count_nonzero(outcome == name)) for name in wanted}
    if min(rest.values()) < 0:
        short = min(rest, key=lambda name: rest[name])
        raise CatalogError(
            f"Scenario {setting.scenario.scenario_id}: the carried-over dossiers that end {short} are {-rest[short]}"
            " more than the period's total.",
            action=f"lower carried_over, or raise the period's total of {short}.",
        )
    is_closed = ~np.isin(outcome, ("in_time", "overdue"))
    closing = stock.take(is_closed)
    released, finished = draw_result(rng, setting, closing.received, end[is_closed])
    status = np.full(len(closing), STATUS["done"])
    for name, code in _CLOSED_AS.items():
        status[outcome[is_closed] == name] = code
    closed = close(closing, released, finished, due[is_closed], status)
    changed = ("status", "due", "released", "finished", "correcting", "cancelling")
    return stock.with_values(is_closed, **{name: getattr(closed, name) for name in changed}), rest


def _draw_outcomes(
    rng: np.random.RandomState, setting: Setting, stock: Columns, totals: LevelTotals
) -> tuple[npt.NDArray[np.str_], Ints, Ints]:
    """Return the outcome of each dossier, the position of the day it ends, and its due date.

    A dossier that resumes after a pause gets a new due date.
    """
    calendar, size = setting.calendar, len(stock)
    wanted, last = outcomes_of(totals), calendar.count - 1
    share = size / max(size + totals.received, 1)
    due, has_due = calendar.position(stock.due // DAY_SECONDS), stock.due > 0
    is_stopped = is_clock_stopped(stock)
    was_overdue = has_due & ~is_stopped & (stock.due // DAY_SECONDS < calendar.first_day)
    runs = has_due & ~is_stopped & ~was_overdue
    some_day = np.floor(rng.rand(size) * calendar.count).astype(np.int64)
    in_its_time = np.where(has_due, np.floor(rng.rand(size) * (due + 1)), rng.geometric(0.2, size) - 1)
    end = np.where(is_stopped, some_day, in_its_time).astype(np.int64)
    outcome = np.full(size, "", "U9")

    def give(name: str, count: int, allowed: Bools) -> int:
        rows = rng.permutation(np.flatnonzero(allowed & (outcome == "")))[: max(count, 0)]
        outcome[rows] = name
        return len(rows)

    for name in _CLOSED_AS:
        give(name, round(wanted[name] * share), np.ones(size, bool))
    left = int(np.count_nonzero(was_overdue & (outcome == "")))
    stay = max(min(round(left * STAYS_OVERDUE), wanted["overdue"] // 2), left - wanted["late"] // 2)
    give("overdue", stay, was_overdue)
    late = give("late", size, was_overdue)
    give("overdue", round(wanted["overdue"] * share) // 2, runs & (due < calendar.end))
    give("late", round(wanted["late"] * share) - late, runs & (due < last))
    give("in_time", size, is_stopped & (rng.rand(size) < STAYS_PAUSED))
    give("in_time", size, ~is_stopped & (~has_due | (due > last)) & (end > last))
    resumes = is_stopped & (outcome != "in_time")
    due = np.where(resumes, np.maximum(due, end + rng.randint(0, 5, size)), due)
    has_due |= resumes
    is_early = rng.rand(size) < wanted["early"] / max(wanted["early"] + wanted["on_time"], 1)
    give("early", size, has_due & (due > 0) & ((due > last) | (resumes & (due > end)) | (~resumes & is_early)))
    give("on_time", size, np.ones(size, bool))

    end = np.where((outcome == "early") & ~resumes, np.minimum(end, due - 1), end)
    end = np.where((outcome == "on_time") & has_due, due, end)
    delay = np.where(was_overdue, rng.geometric(0.09, size) - 1, due + rng.geometric(0.35, size))
    end = np.where(outcome == "late", delay, end)
    end = np.where(np.isin(outcome, list(_CLOSED_AS)), some_day, end)
    new_due = calendar.at(due.clip(0)) * DAY_SECONDS + 17 * 3600
    return outcome, end.clip(0, last), np.where(resumes, new_due, stock.due)


def draw_earlier(rng: np.random.RandomState, setting: Setting, dossiers: Columns) -> Columns:
    """Return dossiers of each unit that were closed before the period. An opening may show but must not count them.

    Each is copied from a dossier that the same unit closed in the period and moved some weeks back, a few by years.

    Args:
        dossiers: those received in the period and those carried over into it.
    """
    calendar = setting.calendar
    units = np.arange(len(setting.levels))
    held = np.bincount(dossiers.unit[dossiers.received // DAY_SECONDS < calendar.first_day], minlength=len(units))
    count = np.minimum(held + AS_MANY_CLOSED, np.maximum(setting.scenario.past_per_unit - held, 0))
    like = patterns(dossiers, setting)
    like = like[np.argsort(dossiers.unit[like], kind="stable")]
    starts = np.searchsorted(dossiers.unit[like], np.arange(len(units) + 1))
    count = np.where(np.diff(starts) > 0, count, 0)
    unit = np.repeat(units, count)
    rows = like[starts[unit] + np.floor(rng.rand(len(unit)) * np.diff(starts)[unit]).astype(np.int64)]
    found = dossiers.take(rows)
    size = len(found)
    end = -1 - (rng.exponential(12, size)).astype(np.int64).clip(0, 110)
    end -= np.where(rng.rand(size) < OLD_SHARE, rng.randint(OLD_FROM, OLD_TO, size), 0)
    found = shifted(found, calendar, end - calendar.position(found.released // DAY_SECONDS))
    return replace(found, kind=np.full(size, Kind.EARLIER), person=rng.randint(1, size + 2, size))


def patterns(dossiers: Columns, setting: Setting) -> Ints:
    """Return the dossiers that others may be copied from: received in the period on a working day, and closed."""
    calendar, day = setting.calendar, dossiers.received // DAY_SECONDS
    return np.flatnonzero(
        np.isin(day, calendar.days) & (day >= calendar.first_day) & (dossiers.released > 0)
        & (dossiers.number_style == NumberStyle.RULE)
    )  # fmt: skip


def close(columns: Columns, released: Ints, finished: Ints, due: Ints, status: Ints) -> Columns:
    """Return open dossiers in their closed state. A withdrawn or stopped dossier has no handover of a result."""
    is_done = status == STATUS["done"]
    return replace(
        columns,
        status=status,
        due=due,
        released=released,
        finished=np.where(is_done, finished, released),
        cancelling=np.where(status == STATUS["cancelled"], released, 0),
        correcting=np.zeros(len(columns), np.int64),
    )
