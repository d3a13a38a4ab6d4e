"""Every world begins with what was open before its first day, and knows some of what was closed by then."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from motcua.errors import CatalogError
from motcua.sandbox.world.columns import STATUS, Columns, Kind, World
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.past import OPEN, PAUSED, is_clock_stopped
from motcua.sandbox.world.scenario import Scenario, load_scenario, scenario_ids
from motcua.sandbox.world.truth import Counts, count_truth
from motcua.sandbox.world.working_days import DAY_SECONDS, WorkingDays, day_number

FLOWS = ("received_online", "received_direct", "resolved_early", "resolved_on_time", "resolved_late", "withdrawn")


@pytest.fixture(scope="module")
def world_of() -> Callable[[str], World]:
    return cache(lambda scenario_id: build_world(load_scenario(scenario_id)))


def carried_over(world: World) -> Columns:
    """Return what the first day finds open, as it stands on night 2."""
    final = world.nights[2]
    is_old = final.received // DAY_SECONDS < day_number(world.scenario.from_date)
    return final.take((final.kind == Kind.DOSSIER) & is_old)


@pytest.mark.parametrize("scenario_id", scenario_ids())
def test_a_level_carries_over_what_it_receives_in_its_processing_time(
    scenario_id: str, world_of: Callable[[str], World]
) -> None:
    world = world_of(scenario_id)
    scenario, final = world.scenario, world.nights[2]
    calendar = WorkingDays.around(scenario.from_date, scenario.to_date)
    levels = np.array([*world.levels, "", ""])[final.unit]
    is_new = (final.kind == Kind.DOSSIER) & (final.received // DAY_SECONDS >= calendar.first_day)
    for level, totals in scenario.totals.items():
        closed = final.take(is_new & (levels == level) & (final.released > 0))
        days = calendar.position(closed.released // DAY_SECONDS) - calendar.position(closed.received // DAY_SECONDS)
        expected = totals.received / calendar.count * days.mean()
        assert 0.6 < totals.carried_over / expected < 1.4, (level, totals.carried_over, expected)


def test_units_carry_over_in_proportion_to_what_they_receive(world_of: Callable[[str], World]) -> None:
    world = world_of("tra-vinh-2023-10")
    truth = count_truth(world)
    for level, totals in truth.by_level.items():
        usual = totals.carried_over / totals.received
        for unit_id, counts in truth.by_unit.items():
            if truth.level_of[unit_id] == level:
                assert abs(counts.carried_over - usual * counts.received) <= 3 + 0.25 * usual * counts.received
    assert 4_000 < truth.total.carried_over < 4_200
    assert sum(counts.carried_over > 0 for counts in truth.by_unit.values()) == 116


@pytest.mark.parametrize("scenario_id", ["small", "tra-vinh-2023-10", "vinh-phuc-2020"])
def test_what_is_carried_over_ends_in_every_way_within_the_period_and_after_it(
    scenario_id: str, world_of: Callable[[str], World]
) -> None:
    world = world_of(scenario_id)
    last = day_number(world.scenario.to_date)
    ended, due = (getattr(carried_over(world), name) // DAY_SECONDS for name in ("released", "due"))
    status = carried_over(world).status
    is_done = np.isin(status, [STATUS["done"], STATUS["releasing"]]) & (ended <= last)
    for is_so in (
        is_done & (due > 0) & (ended < due),
        is_done & (ended == due),
        is_done & (due > 0) & (ended > due),
        (status == STATUS["cancelled"]) & (ended <= last),
        (status == STATUS["stopped"]) & (ended <= last),
        np.isin(status, OPEN) & (due >= last) | (scenario_id != "tra-vinh-2023-10"),
        np.isin(status, OPEN) & (due < last) & (due > 0),
        np.isin(status, PAUSED),
    ):
        assert np.count_nonzero(is_so) > 0
    closed_later = world.nights[world.scenario.nights]
    still_open = np.isin(carried_over(world).dossier_id, closed_later.dossier_id[np.isin(closed_later.status, OPEN)])
    assert np.count_nonzero(still_open) < np.count_nonzero(np.isin(status, OPEN) | (ended > last))


@pytest.mark.parametrize("scenario_id", scenario_ids())
def test_most_came_in_the_weeks_before_and_a_few_years_ago(scenario_id: str, world_of: Callable[[str], World]) -> None:
    world = world_of(scenario_id)
    found = carried_over(world)
    age = day_number(world.scenario.from_date) - found.received // DAY_SECONDS
    assert np.mean(age <= 62) > 0.9
    assert np.count_nonzero(age > 183) >= 2
    assert np.count_nonzero(age > 730) >= 2
    if scenario_id == "tra-vinh-2023-10":
        old = found.take((age > 183) & np.isin(found.status, OPEN))
        assert is_clock_stopped(old).any()
        assert not is_clock_stopped(old).all()  # the others have been overdue for long


@pytest.mark.parametrize("scenario_id", scenario_ids())
def test_some_were_closed_before_the_first_day_and_never_count(
    scenario_id: str, world_of: Callable[[str], World]
) -> None:
    world = world_of(scenario_id)
    first = day_number(world.scenario.from_date)
    for number in world.nights:
        night = world.nights[number]
        found = night.take(night.kind == Kind.EARLIER)
        assert len(found) > 0
        assert np.all((found.released > 0) & (found.released // DAY_SECONDS < first))
        assert np.all(found.received // DAY_SECONDS < first)
        assert not np.isin(found.status, OPEN).any()


@pytest.mark.parametrize("scenario_id", scenario_ids())
def test_no_unit_holds_more_of_the_past_than_the_scenario_allows(
    scenario_id: str, world_of: Callable[[str], World]
) -> None:
    world = world_of(scenario_id)
    final = world.nights[2]
    is_past = final.received // DAY_SECONDS < day_number(world.scenario.from_date)
    is_past &= np.isin(final.kind, (Kind.DOSSIER, Kind.EARLIER)) & (final.number_of == np.arange(len(final)))
    held = np.bincount(final.group[is_past])
    assert 0 < held.max() <= world.scenario.past_per_unit + world.scenario.changes.moved


def test_a_unit_that_would_hold_more_is_refused() -> None:
    scenario = load_scenario("small").model_copy(update={"past_per_unit": 99})
    with pytest.raises(CatalogError, match="carries 100 dossiers over in one unit"):
        build_world(scenario)


def test_what_is_carried_over_must_find_room_in_the_totals() -> None:
    scenario = load_scenario("small")
    crowded = scenario.levels["commune"].model_copy(update={"carried_over": 700, "resolved_on_time": 0})
    with pytest.raises(CatalogError, match=r"carried-over dossiers that end .* more than the period's total"):
        build_world(scenario.model_copy(update={"levels": {**scenario.levels, "commune": crowded}}))


def test_the_same_scenario_gives_the_same_bytes() -> None:
    def digest() -> str:
        world = build_world(load_scenario("small"))
        told = hashlib.sha256()
        for number in world.nights:
            for column in fields(Columns):
                told.update(np.ascontiguousarray(getattr(world.nights[number], column.name)).tobytes())
        for column in fields(world.facts):
            told.update(np.ascontiguousarray(getattr(world.facts, column.name)).tobytes())
        return told.hexdigest()

    assert digest() == digest()


@pytest.mark.parametrize("scenario_id", scenario_ids())
def test_what_is_carried_over_and_comes_in_is_closed_or_left_open(
    scenario_id: str, world_of: Callable[[str], World]
) -> None:
    world = world_of(scenario_id)
    for night in (1, 2):
        truth = count_truth(world, night)
        for counts in (truth.total, *truth.by_unit.values()):
            closed = counts.resolved + counts.withdrawn + counts.stopped
            assert counts.carried_over + counts.received == closed + counts.open_total
            assert 0 <= counts.resolved_carried_over <= min(counts.carried_over, counts.resolved)
        assert 0.8 < truth.total.resolved_carried_over / truth.total.carried_over < 1


# -- months ----------------------------------------------------------------------------------------------------------


def test_what_september_leaves_open_is_what_october_carries_over(world_of: Callable[[str], World]) -> None:
    world = world_of("tra-vinh-2023")
    september, october = (count_truth(world, days=(part.from_date, part.to_date)) for part in world.scenario.months)
    whole = count_truth(world)
    assert october.total.received == 33_482
    assert october.total.received_online == 15_247
    assert september.total.received == 30_134
    for unit_id, counts in whole.by_unit.items():
        before, after = september.by_unit[unit_id], october.by_unit[unit_id]
        assert before.open_total == after.carried_over
        assert (counts.carried_over, counts.open_total) == (before.carried_over, after.open_total)
        for name in FLOWS:
            assert getattr(counts, name) == getattr(before, name) + getattr(after, name)
    differing = {name for name in (f.name for f in fields(Counts)) if _of(september, name) != _of(october, name)}
    assert differing == {field.name for field in fields(Counts)}


def _of(truth: object, name: str) -> int:
    value: int = getattr(truth.total, name)  # type: ignore[attr-defined]
    return value


def test_a_rest_day_begins_september_2023(world_of: Callable[[str], World]) -> None:
    """From 1 to 4 September 2023 offices rested, so that the first working day of the month is the 5th."""
    world = world_of("tra-vinh-2023")
    day = count_truth(world, days=(date(2023, 9, 4), date(2023, 9, 4))).total
    assert day.resolved == 0
    assert count_truth(world, days=(date(2023, 9, 5), date(2023, 9, 5))).total.resolved > 500


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"levels": load_scenario("tra-vinh-2023-10").levels}, "levels or months, not both"),
        ({"months": ()}, "levels or months, not both"),
        ({"to_date": "2023-11-30"}, "must follow one another"),
        ({"from_date": "2023-08-31"}, "must follow one another"),
        ({"nights": 1}, "greater than or equal to 2"),
    ],
)
def test_months_that_do_not_make_the_period_are_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Scenario.model_validate(load_scenario("tra-vinh-2023").model_dump() | change)


def test_a_month_that_carries_over_something_else_than_was_left_is_refused() -> None:
    told = load_scenario("tra-vinh-2023").model_dump()
    told["months"][1]["levels"]["commune"]["carried_over"] -= 1
    with pytest.raises(ValidationError, match="differs from the part before"):
        Scenario.model_validate(told)
