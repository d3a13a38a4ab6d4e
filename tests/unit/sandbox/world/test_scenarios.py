"""The worlds hold the published figures to the unit, on the nights and in the places they should."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import numpy as np
import pytest

from motcua.catalog import OpencpsOptions, load_catalog
from motcua.errors import CatalogError
from motcua.sandbox.world.columns import COUNTED, STATUS, Change, Columns, Kind, World
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.noise import CORRECTED_BY
from motcua.sandbox.world.scenario import LevelTotals, load_scenario, scenario_ids
from motcua.sandbox.world.truth import count_truth
from motcua.sandbox.world.working_days import DAY_SECONDS, day_number
from motcua.settings import Settings

STATED = (
    "carried_over", "received", "resolved", "resolved_early", "resolved_on_time", "resolved_late", "withdrawn",
    "stopped", "open_total", "open_overdue",
)  # fmt: skip
CANCELLED = [STATUS["cancelled"], STATUS["stopped"]]
PLAIN = [name for name in scenario_ids() if load_scenario(name).reform is None]  # a reform: test_reform.py


@pytest.fixture(scope="module")
def world_of() -> Callable[[str], World]:
    return cache(lambda scenario_id: build_world(load_scenario(scenario_id)))


def share(part: int, whole: int) -> str:
    return str((Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP))


@pytest.mark.parametrize("scenario_id", PLAIN)
def test_the_final_state_has_the_stated_totals_of_each_level(
    scenario_id: str, world_of: Callable[[str], World]
) -> None:
    world = world_of(scenario_id)
    scenario = world.scenario
    for first, last, levels in (
        (scenario.from_date, scenario.to_date, scenario.totals),
        *((part.from_date, part.to_date, part.levels) for part in scenario.parts),
    ):
        by_level = count_truth(world, days=(first, last)).by_level
        assert by_level.keys() == levels.keys()
        for level, stated in levels.items():
            found = by_level[level]
            assert {name: getattr(found, name) for name in STATED} == {name: getattr(stated, name) for name in STATED}
            assert found.received_online == stated.online


def test_tra_vinh_received_what_it_published_in_116_units(world_of: Callable[[str], World]) -> None:
    world = world_of("tra-vinh-2023-10")
    total = count_truth(world).total
    assert (total.received_online, total.received) == (15_247, 33_482)
    assert [world.levels.count(level) for level in ("province", "district", "commune")] == [1, 9, 106]
    assert min(counts.received for counts in count_truth(world).by_unit.values()) >= 5


def test_tien_giang_has_its_four_published_counts(world_of: Callable[[str], World]) -> None:
    total = count_truth(world_of("tien-giang-2020-h1")).total
    assert (total.received, total.received_online, total.resolved) == (306_958, 21_683, 283_747)
    assert total.resolved_early + total.resolved_on_time == 282_766
    assert total.withdrawn == total.stopped == 0


def test_vinh_phuc_rounds_to_its_published_shares_with_and_without_withdrawn(
    world_of: Callable[[str], World],
) -> None:
    by_level = count_truth(world_of("vinh-phuc-2020")).by_level
    published = {"province": (177_640, "98.57"), "district": (83_789, "99.49"), "commune": (360_610, "98.82")}
    for level, (received, stated) in published.items():
        found = by_level[level]
        in_time, closed_otherwise = found.resolved - found.resolved_late, found.withdrawn + found.stopped
        assert found.received == received
        assert share(in_time, found.resolved) == stated
        assert share(in_time + closed_otherwise, found.resolved + closed_otherwise) == stated


def test_what_never_counts_stands_around_what_does(world_of: Callable[[str], World]) -> None:
    world = world_of("vinh-phuc-2020")
    found = {kind: int(np.count_nonzero(world.nights[2].kind == kind)) for kind in Kind if kind <= Kind.OUTSIDE}
    noise = world.scenario.noise
    assert list(found.values()) == [
        622_039 + sum(level.carried_over for level in world.scenario.levels.values()),
        noise.public_copies,
        noise.interagency_children,
        noise.deleted,
        noise.broken,
        noise.not_accepted,
        noise.drafts,
        noise.outside_period,
    ]


@pytest.mark.parametrize("scenario_id", PLAIN)
def test_night_1_differs_by_what_the_scenario_says(scenario_id: str, world_of: Callable[[str], World]) -> None:
    world = world_of(scenario_id)
    final, first = world.nights[2], world.nights[1]
    changed = {change.name.lower(): int(np.count_nonzero(_dossiers(final).change == change)) for change in Change}
    changed.pop("none")
    assert changed == world.scenario.changes.model_dump()
    # What happened on the day between the nights apart.
    instant = world.scenario.second_of_night(1)
    is_of_that_day = np.zeros(len(final), bool)
    for happened in (final.created, final.received, final.released, final.finished):
        is_of_that_day |= happened > instant
    unchanged = (final.change == Change.NONE) & ~is_of_that_day
    for column in fields(Columns):
        same = getattr(final, column.name) == getattr(first, column.name)
        assert same[unchanged].all(), column.name
    assert count_truth(world, 1) != count_truth(world, 2)


@pytest.mark.parametrize("scenario_id", PLAIN)
def test_only_dossiers_a_nightly_pull_asks_for_again_change(scenario_id: str, world_of: Callable[[str], World]) -> None:
    world = world_of(scenario_id)
    final, first = world.nights[2], world.nights[1]
    changed = (final.change != Change.NONE) & (final.kind == Kind.DOSSIER)
    age = day_number(world.scenario.to_date) - final.received // DAY_SECONDS
    was_open = np.isin(first.status, [STATUS[code] for code in ("processing", "receiving", "waiting", "paying")])
    assert np.all((age < 31) | was_open | ~changed)


@pytest.mark.parametrize("scenario_id", PLAIN)
def test_the_system_that_goes_down_has_changes_to_miss(scenario_id: str, world_of: Callable[[str], World]) -> None:
    world = world_of(scenario_id)
    sources = world.scenario.sources(load_catalog(Settings.load().catalog_dir))
    down = next(
        source.options_as(OpencpsOptions).group_id for source in sources if source.source_id == world.scenario.goes_down
    )
    final = world.nights[2]
    here = final.change[(final.group == world.group_ids.index(down)) & (final.kind == Kind.DOSSIER)]
    assert np.count_nonzero(here == Change.ARRIVED_LATE) >= 3
    assert np.count_nonzero(here) >= 15
    without = count_truth(world, 2, {down: 1})
    assert without.total.received < count_truth(world, 2).total.received
    assert count_truth(world, 2, {down: 2}) == count_truth(world, 2)


def test_the_provisional_figures_of_tra_vinh_lack_what_one_system_still_owes(
    world_of: Callable[[str], World],
) -> None:
    world = world_of("tra-vinh-2023-10")
    provisional = count_truth(world, 2, {84113: 1}, asked_until={84113: date(2023, 10, 30)}).total
    final = count_truth(world, 2).total
    assert (final.received_online - provisional.received_online, final.received - provisional.received) == (0, 8)


def test_a_system_that_never_answered_has_no_dossier_in_the_truth(world_of: Callable[[str], World]) -> None:
    world = world_of("small")
    unit_id = world.unit_ids[-1]
    counts = count_truth(world, 2, {world.group_ids[-1]: 0}).by_unit[unit_id]
    # What is left came in elsewhere and moved here.
    moved_here = (world.nights[2].unit == len(world.unit_ids) - 1) & (world.nights[2].change == Change.MOVED)
    assert counts.received == np.count_nonzero(moved_here & (world.nights[2].kind == Kind.DOSSIER))


@pytest.mark.parametrize("scenario_id", PLAIN)
def test_sound_dossiers_have_their_dates_in_order_and_none_after_the_night(
    scenario_id: str, world_of: Callable[[str], World]
) -> None:
    world = world_of(scenario_id)
    for number, night in world.nights.items():
        sound = night.take(np.isin(night.kind, COUNTED) & (night.broken == 0) & night.present)
        assert np.all(sound.submitted <= sound.received)
        for later in (sound.released, sound.finished, sound.due, sound.correcting):
            assert np.all((later == 0) | (later >= sound.received))
        assert np.all((sound.finished == 0) | (sound.finished >= sound.released))
        told = np.maximum.reduce([sound.created, sound.released, sound.finished, sound.correcting])
        assert np.all(told <= world.scenario.second_of_night(number))
        is_returned = sound.status == STATUS["done"]
        assert np.all((sound.finished > 0) == is_returned | np.isin(sound.status, CANCELLED))


@pytest.mark.parametrize("scenario_id", PLAIN)
def test_broken_records_are_few_and_break_every_kind_of_rule(
    scenario_id: str, world_of: Callable[[str], World]
) -> None:
    world = world_of(scenario_id)
    for number, night in world.nights.items():
        broken = night.broken[(night.kind == Kind.BROKEN) & night.present]
        assert set(broken.tolist()) == ({1, 2, 3, 4, 7, 9, 11} if number < CORRECTED_BY else {0})
    if scenario_id != "small":
        assert np.count_nonzero(world.nights[1].broken) < 0.01 * len(world)


@pytest.mark.parametrize("scenario_id", PLAIN)
def test_a_later_pull_asks_again_for_the_broken_records_and_finds_each_refused_under_a_number_of_its_own(
    scenario_id: str, world_of: Callable[[str], World]
) -> None:
    from motcua.sandbox.systems.records import dossier_numbers

    world = world_of(scenario_id)
    night = world.nights[CORRECTED_BY]
    rows = np.flatnonzero(night.kind == Kind.BROKEN)
    assert np.all(night.received[rows] // DAY_SECONDS > day_number(world.scenario.to_date) - 31)
    assert set(night.status[rows].tolist()) == {STATUS["not_accepted"]}
    assert np.array_equal(night.unit[rows], night.group[rows])
    assert np.all(night.modified[rows] > world.scenario.second_of_night(CORRECTED_BY - 1))
    numbers = [number for number in dossier_numbers(world, night, rows) if number]
    assert len(numbers) == len(set(numbers)) > len(rows) // 2


def test_numbers_are_unique_but_where_a_record_echoes_or_breaks_rule_9(world_of: Callable[[str], World]) -> None:
    from motcua.sandbox.systems.records import dossier_numbers

    world = world_of("vinh-phuc-2020")
    night = world.nights[2]
    received = np.flatnonzero(
        (night.received > 0) & ~np.isin(night.kind, (Kind.COPY, Kind.CHILD)) & (night.broken != 9)
    )
    numbers = [number for number in dossier_numbers(world, night, received) if number]
    assert len(numbers) == len(set(numbers))
    assert len(set(night.dossier_id.tolist())) == len(night)


def test_every_electronic_code_is_in_force_and_in_the_old_order(world_of: Callable[[str], World]) -> None:
    world = world_of("tra-vinh-2023-10")
    catalog = load_catalog(Settings.load().catalog_dir)
    meant = {code.code: code for code in catalog.agency_codes}
    for unit_id, code in zip(world.unit_ids, world.unit_codes, strict=False):
        assert code.startswith("000.")
        assert code.endswith(".H59")
        assert meant[code].unit_id == unit_id
        assert meant[code].holds_on(world.scenario.from_date)
    unknown, empty = world.unit_codes[-2:]
    assert unknown not in meant
    assert empty == ""


def test_every_procedure_is_handled_at_its_own_level(world_of: Callable[[str], World]) -> None:
    world = world_of("tra-vinh-2023-10")
    night = _dossiers(world.nights[2])
    levels = np.array([procedure.level for procedure in world.procedures])
    assert np.array_equal(levels[night.procedure], np.array(world.levels)[night.unit])


def test_the_published_figures_of_each_scenario_are_in_the_catalogue() -> None:
    with (Settings.load().catalog_dir / "published_figures.csv").open(encoding="utf-8") as handle:
        rows = [
            (row["province"], row["period_label"], row["from_date"], row["to_date"]) for row in csv.DictReader(handle)
        ]
    for scenario in map(load_scenario, PLAIN):
        named = (scenario.province_name, scenario.published_label, str(scenario.from_date), str(scenario.to_date))
        assert (named in rows) == (scenario.published_label != "none")
    october = load_scenario("tra-vinh-2023").months[1]
    assert october.levels == load_scenario("tra-vinh-2023-10").levels


def test_totals_whose_parts_exceed_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="larger than the whole"):
        LevelTotals(received=10, online=3, resolved=9, resolved_early=5, resolved_late=5, evidence="none")


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CatalogError, match="tra-vinh-2023-10"):
        load_scenario("../secrets")


def _dossiers(night: Columns) -> Columns:
    return night.take(night.kind == Kind.DOSSIER)
