"""A day after the period is a day like any other: dossiers come in, are closed, and what is overdue is cleared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from motcua.sandbox.world.columns import STATUS, Change, Columns, Kind, World
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.past import OPEN
from motcua.sandbox.world.scenario import load_scenario, scenario_ids
from motcua.sandbox.world.truth import Counts, count_truth
from motcua.sandbox.world.working_days import DAY_SECONDS, WorkingDays, day_number

PLAIN = [name for name in scenario_ids() if load_scenario(name).reform is None]
CLOSED = [STATUS[code] for code in ("done", "releasing", "cancelled", "stopped")]


@pytest.fixture(scope="module")
def world_of() -> Callable[[str], World]:
    return cache(lambda scenario_id: build_world(load_scenario(scenario_id)))


def days_after(world: World) -> list[tuple[int, date]]:
    """Return each later night with the last day it shows whole."""
    return [(night, world.scenario.day_of_night(night) - timedelta(days=1)) for night in world.nights if night > 1]


def on_day(world: World, night: int, day: date) -> Counts:
    return count_truth(world, night, days=(day, day)).total


@pytest.mark.parametrize("scenario_id", PLAIN)
def test_a_working_day_after_the_period_is_like_one_in_it(scenario_id: str, world_of: Callable[[str], World]) -> None:
    world = world_of(scenario_id)
    scenario = world.scenario
    calendar = WorkingDays.around(scenario.parts[-1].from_date, scenario.to_date)
    part = scenario.parts[-1].levels.values()
    received = sum(level.received for level in part) / calendar.count
    closed = sum(level.resolved + level.withdrawn + level.stopped for level in part) / calendar.count
    carried_over = sum(level.carried_over for level in part)
    stock = sum(level.open_total for level in part) / carried_over if carried_over else np.inf  # may have grown
    worked = 0
    for night, day in days_after(world):
        counts = on_day(world, night, day)
        ended = counts.resolved + counts.withdrawn + counts.stopped
        if day_number(day) not in calendar.days:
            assert ended == 0
            assert counts.received <= scenario.noise.outside_period
            continue
        worked += 1
        assert 0.7 < counts.received / received < 1.5, day
        assert 0.6 < ended / closed < 1.5 * max(stock, 1), day
        assert counts.resolved_early > 0
        assert counts.resolved_on_time > 0
    assert worked >= 4


@pytest.mark.parametrize("scenario_id", PLAIN)
def test_what_is_overdue_is_cleared_day_by_day_and_other_dossiers_become_so(
    scenario_id: str, world_of: Callable[[str], World]
) -> None:
    world = world_of(scenario_id)
    last = days_after(world)[-1]
    before = world.nights[1]
    at_end = day_number(world.scenario.to_date)
    was_overdue = (before.due > 0) & (before.due // DAY_SECONDS < at_end) & np.isin(before.status, OPEN[:2])
    was_overdue &= (before.kind == Kind.DOSSIER) & (world.nights[2].change == Change.NONE)
    later = world.nights[last[0]]
    cleared = was_overdue & np.isin(later.status, CLOSED)
    assert 0.2 < np.count_nonzero(cleared) / np.count_nonzero(was_overdue) < 0.9
    assert on_day(world, *last).open_overdue > 0
    ended = later.released // DAY_SECONDS
    is_new = (ended > at_end) & (ended > later.due // DAY_SECONDS) & (later.due // DAY_SECONDS >= at_end)
    assert np.count_nonzero(is_new & (later.due > 0)) > 0


@pytest.mark.parametrize("scenario_id", PLAIN)
def test_no_later_night_changes_what_the_period_says(scenario_id: str, world_of: Callable[[str], World]) -> None:
    world = world_of(scenario_id)
    settled = count_truth(world, 2)
    for night, _ in days_after(world):
        assert count_truth(world, night) == settled


def test_a_night_tells_what_happened_by_two_in_the_morning_and_nothing_is_untold(
    world_of: Callable[[str], World],
) -> None:
    """Between two nights only what happened between them changes: what a night said of an earlier day stays."""
    world = world_of("small")
    numbers = [night for night, _ in days_after(world)]
    for earlier, later in pairwise(numbers):
        before, after = world.nights[earlier], world.nights[later]
        since = world.scenario.second_of_night(earlier)
        assert np.all(after.present[before.present])
        appeared = after.present & ~before.present
        assert np.all(after.created[appeared] > since)
        changed = np.zeros(len(after), bool)
        for column in fields(Columns):
            if column.name != "present":
                changed |= getattr(before, column.name) != getattr(after, column.name)
        changed &= before.present
        assert np.all(after.modified[changed] > since)
        assert np.all(np.maximum(after.released, after.finished)[changed] > since)


def test_a_copy_and_a_child_end_as_the_dossier_they_show(world_of: Callable[[str], World]) -> None:
    world = world_of("tra-vinh-2023-10")
    ended = 0
    for number in world.nights:
        night = world.nights[number]
        echoes = np.flatnonzero(np.isin(night.kind, (Kind.COPY, Kind.CHILD)))
        origin = night.number_of[echoes]
        for name in ("status", "due", "released", "finished", "cancelling", "correcting"):
            assert np.array_equal(getattr(night, name)[echoes], getattr(night, name)[origin])
        ended += int(np.count_nonzero(night.released[echoes] // DAY_SECONDS > day_number(world.scenario.to_date)))
    assert ended > 0


def test_what_changed_on_the_first_day_after_does_not_end_on_it_too(world_of: Callable[[str], World]) -> None:
    world = world_of("tra-vinh-2023-10")
    final = world.nights[2]
    changed = (final.change != Change.NONE) & (final.kind == Kind.DOSSIER)
    assert np.all(final.released[changed] // DAY_SECONDS <= day_number(world.scenario.to_date))
    assert np.count_nonzero(np.isin(final.status[changed], OPEN)) > 0


def test_there_are_as_many_nights_as_the_scenario_says(world_of: Callable[[str], World]) -> None:
    world = world_of("small")
    assert list(world.nights) == list(range(1, 9))
    assert world.nights[5] is world.nights[5]
    for night in (0, 9):
        assert night not in world.nights
        with pytest.raises(KeyError):
            world.nights[night]
    longer = build_world(load_scenario("small").model_copy(update={"nights": 30}))
    late = on_day(longer, 30, date(2023, 11, 29))
    assert late.received > 20
    assert late.resolved > 20
