"""The world of a reform: what was open goes on at the heirs', nothing is lost, nothing counts twice."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from motcua.catalog import Catalog, load_catalog
from motcua.sandbox.systems.records import dossier_numbers
from motcua.sandbox.world.columns import STATUS, Kind, World
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.reform import count_reform
from motcua.sandbox.world.scenario import load_scenario
from motcua.sandbox.world.truth import Counts, count_truth
from motcua.sandbox.world.working_days import DAY_SECONDS, day_number
from motcua.settings import Settings

OPEN = [STATUS[code] for code in ("processing", "receiving", "waiting", "paying")]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(Settings.load().catalog_dir)


@pytest.fixture(scope="module")
def world(catalog: Catalog) -> World:
    return build_world(load_scenario("vinh-long-2025-07"), catalog)


def test_the_dossiers_of_all_systems_together_are_those_the_scenario_states(world: World) -> None:
    stated = world.scenario.levels.values()
    total = count_truth(world, 2).total
    assert total.received == sum(level.received for level in stated) == 8_200
    assert total.received_online == sum(level.online for level in stated)
    assert (total.resolved, total.resolved_late) == (
        sum(level.resolved for level in stated),
        sum(level.resolved_late for level in stated),
    )
    assert (total.open_total, total.open_overdue) == (
        sum(level.open_total for level in stated),
        sum(level.open_overdue for level in stated),
    )


def test_no_old_system_says_anything_of_the_days_after_and_no_new_one_before(world: World, catalog: Catalog) -> None:
    reform = day_number(date(2025, 7, 1))
    sources = world.scenario.sources(catalog)
    is_new = np.array([source.valid_from == date(2025, 7, 1) for source in sources])
    assert 0 < np.count_nonzero(is_new) < len(sources)
    for night in (1, 2):
        old = world.nights[night].take(~is_new[world.nights[night].group])
        for column in (old.received, old.released, old.finished, old.correcting, old.modified):
            assert np.all(column // DAY_SECONDS < reform)
    assert not world.nights[1].present[is_new[world.nights[1].group]].any()


def test_what_was_open_goes_on_under_its_own_number_at_the_heir(world: World, catalog: Catalog) -> None:
    final = world.nights[2]
    left = np.flatnonzero(final.kind == Kind.COPY)
    assert np.isin(final.status[left], OPEN).all()
    went_on = np.flatnonzero(final.number_of != np.arange(len(final)))
    assert np.array_equal(np.sort(final.number_of[went_on]), left)
    assert len(left) > 500
    origins = final.number_of[went_on]
    for column in ("procedure", "received", "person", "online"):
        assert np.array_equal(getattr(final, column)[went_on], getattr(final, column)[origins])
    numbers = dossier_numbers(world, final, went_on)
    assert numbers == dossier_numbers(world, final, origins)
    assert (final.group[went_on] != final.group[origins]).all()
    at_centre = final.unit[went_on] == world.unit_ids.index("86-TTPVHCC:2025")
    assert at_centre.any()
    assert not at_centre.all()


def test_the_truth_of_the_new_map_is_that_of_all_units_and_loses_nothing(world: World, catalog: Catalog) -> None:
    truth = count_reform(world, catalog)
    assert all(catalog.unit_by_id[unit_id].holds_on(world.scenario.to_date) for unit_id in truth)
    assert Counts.sum(truth.values()).open_total == count_truth(world, 2).total.open_total
    assert 0 < Counts.sum(truth.values()).received < count_truth(world, 2).total.received  # since 15 June


def test_an_ended_district_still_named_by_a_new_system_is_planted(world: World, catalog: Catalog) -> None:
    night = world.nights[2]
    late = night.take(night.broken == 7)
    assert len(late) == world.scenario.noise.broken
    assert {catalog.unit_by_id[world.unit_ids[unit]].kind for unit in late.unit} == {"district"}
