"""Builds the world of a scenario: first the final state with exact totals, then the nights, then the noise records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from motcua.catalog import Catalog, OpencpsOptions, Procedure, Source, load_catalog
from motcua.errors import CatalogError
from motcua.sandbox.world.columns import Columns, Kind, NumberStyle, World, stack
from motcua.sandbox.world.days_after import Ends, Nights, draw_coming, draw_ends, state_at_end
from motcua.sandbox.world.draw import Setting, draw_level, draw_weights
from motcua.sandbox.world.nights import undo_changes
from motcua.sandbox.world.noise import CORRECTED_BY, correct_broken, draw_copies_and_children, draw_noise, plant
from motcua.sandbox.world.past import OPEN, close_stock, draw_earlier, draw_stock
from motcua.sandbox.world.reform import split_by_reform
from motcua.sandbox.world.scenario import Reform, Scenario
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints, WorkingDays, day_number
from motcua.settings import Settings
from motcua.units.map import map_of

FIRST_DOSSIER_ID = 100_101
OTHER_DATE_SERIAL = 7_000  # above the serials of any day, so that a wrong date never gives a number twice
UNKNOWN_CODE = "000.99.99.H99"


def build_world(scenario: Scenario, catalog: Catalog | None = None) -> World:
    """Return every record of a scenario. The same scenario and catalogue always give exactly the same world.

    Raises:
        CatalogError: the catalogue lacks sources, codes or procedures that the scenario needs.
    """
    catalog = catalog or load_catalog(Settings.load().catalog_dir)
    if scenario.reform:
        return _build_reform(scenario, scenario.reform, catalog)
    sources = scenario.sources(catalog)
    procedures = _procedures(scenario, catalog)
    settings = _settings(scenario, sources, procedures)
    setting = settings[-1]
    down = [source.source_id for source in sources].index(scenario.goes_down)
    rng = np.random.RandomState(scenario.seed)
    dossiers, earlier = _draw(rng, settings)
    coming, coming_ends = draw_coming(rng, setting, dossiers)
    dossiers, handed_over = state_at_end(dossiers, setting)
    noise = draw_noise(rng, setting, dossiers)
    final, first = undo_changes(rng, setting, dossiers, down)
    beside = stack([noise, earlier, coming])
    beside = replace(beside, modified=np.maximum.reduce([beside.created, beside.released, beside.finished]))
    rows = np.arange(len(final) + len(beside))
    final, first = (replace(stack([night, beside]), number_of=rows) for night in (final, first))
    coming_ends = replace(coming_ends, rows=coming_ends.rows + len(final) - len(coming))
    ends = Ends.stack([handed_over, draw_ends(rng, setting, final), coming_ends])
    copies_final, copies_first = draw_copies_and_children(rng, setting, final, first)
    final, first = stack([final, copies_final]), stack([first, copies_first])
    ends = ends.with_copies_and_children(final.number_of)
    final = _identify(final)
    return _world(scenario, catalog, sources, procedures, Nights(scenario, _identified(first, final), final, ends))


def _settings(scenario: Scenario, sources: Sequence[Source], procedures: tuple[Procedure, ...]) -> list[Setting]:
    levels = tuple(source.level for source in sources)
    return [
        Setting(scenario, levels, procedures, WorkingDays.around(part.from_date, part.to_date))
        for part in scenario.parts
    ]


def _draw(rng: np.random.RandomState, settings: Sequence[Setting]) -> tuple[Columns, Columns]:
    """Return the dossiers received in a scenario's period or carried over into it, and dossiers closed before it.

    Each part of the period begins with the dossiers that the part before left open.
    """
    drawn: list[Columns] = []
    for level in settings[0].scenario.totals:
        weights = draw_weights(rng, settings[0], level)
        done: list[Columns] = []
        stock = draw_stock(rng, settings[0], level, settings[0].scenario.parts[0].levels[level], weights)
        for setting, part in zip(settings, settings[0].scenario.parts, strict=True):
            totals = part.levels[level]
            stock, left = close_stock(rng, setting, stock, totals)
            received = draw_level(rng, setting, level, weights, totals.online, left)
            dossiers_of_part = stack([stock, received])
            is_open = np.isin(dossiers_of_part.status, OPEN)
            done.append(dossiers_of_part.take(~is_open))
            stock = dossiers_of_part.take(is_open)
        drawn += [*done, stock]
    dossiers = stack(drawn)
    return dossiers, draw_earlier(rng, settings[0], dossiers)


def _build_reform(scenario: Scenario, reform: Reform, catalog: Catalog) -> World:
    """Return a world in which the systems of the old units stop and the systems of their heirs begin."""
    sources = scenario.sources(catalog)
    procedures = _procedures(scenario, catalog)
    old = [source for source in sources if source.holds_on(scenario.from_date)]
    place = map_of(catalog).place
    position = {source.unit_id: number for number, source in enumerate(sources)}
    heirs = np.array([position[place(source.unit_id, reform.first_day)] for source in sources])
    settings = _settings(scenario, old, procedures)
    rng = np.random.RandomState(scenario.seed)
    dossiers, earlier = _draw(rng, settings)
    drawn, _ = state_at_end(stack([dossiers, earlier]), settings[-1])
    first, final, origin = split_by_reform(
        drawn, day_number(reform.first_day), heirs, scenario.noise.broken, settings[0].levels
    )
    final = _identify(final)
    went_on = origin >= 0
    final = final.with_values(went_on, person=final.person[origin[went_on]])
    nights = {1: _identified(first, final), 2: final, CORRECTED_BY: correct_broken(final, scenario)}
    return _world(scenario, catalog, sources, procedures, nights)


def _procedures(scenario: Scenario, catalog: Catalog) -> tuple[Procedure, ...]:
    return tuple(p for p in catalog.procedures if p.holds_on(scenario.from_date) and not p.province)


def _world(
    scenario: Scenario,
    catalog: Catalog,
    sources: list[Source],
    procedures: tuple[Procedure, ...],
    nights: Mapping[int, Columns],
) -> World:
    return World(
        scenario=scenario,
        group_ids=tuple(source.options_as(OpencpsOptions).group_id for source in sources),
        unit_ids=tuple(source.unit_id for source in sources),
        unit_codes=(*_codes(scenario, catalog, sources), UNKNOWN_CODE, ""),
        unit_names=(*(source.name for source in sources), "", ""),
        levels=tuple(source.level for source in sources),
        procedures=procedures,
        nights=nights,
    )


def _codes(scenario: Scenario, catalog: Catalog, sources: list[Source]) -> list[str]:
    """Return the electronic code of each unit that was in force while it served; a code in the old order first."""
    codes: dict[str, list[str]] = {}
    served = {
        source.unit_id: (max(scenario.from_date, source.valid_from), min(scenario.to_date, source.valid_to or date.max))
        for source in sources
    }
    for entry in catalog.agency_codes:
        days = served.get(entry.unit_id)
        if days and all(entry.holds_on(day) for day in days):
            codes.setdefault(entry.unit_id, []).append(entry.code)
    missing = [source.unit_id for source in sources if source.unit_id not in codes]
    if missing:
        raise CatalogError(
            f"No electronic code of {missing[0]} is in force from {' to '.join(map(str, served[missing[0]]))}.",
            action="add it to include/catalog/units/agency_codes.csv.",
        )
    return [sorted(codes[source.unit_id], key=lambda code: not code.startswith("000."))[0] for source in sources]


def _identify(columns: Columns) -> Columns:
    """Assign id, number, reference and person to every record. These do not change between nights."""
    size = len(columns)
    dossier_id = np.empty(size, np.int64)
    dossier_id[np.lexsort((np.arange(size), columns.created))] = np.arange(size) + FIRST_DOSSIER_ID
    number_of = columns.number_of.copy()
    pairs = np.flatnonzero((columns.kind == Kind.BROKEN) & (columns.broken == 9))
    number_of[pairs[1::2]] = pairs[::2]
    reference = np.where(columns.kind == Kind.COPY, columns.number_of, np.arange(size))
    serial = _serials(columns)
    serial += np.where(columns.number_style == NumberStyle.OTHER_DATE, OTHER_DATE_SERIAL, 0)
    return replace(
        columns,
        dossier_id=dossier_id,
        number_of=number_of,
        reference=reference,
        serial=serial,
        person=plant(columns),
    )


def _identified(first: Columns, final: Columns) -> Columns:
    """Return a night with the ids, numbers, references and people of another."""
    return replace(
        first,
        dossier_id=final.dossier_id,
        number_of=final.number_of,
        reference=final.reference,
        serial=final.serial,
        person=final.person,
    )


def _serials(columns: Columns) -> Ints:
    """Number the dossiers of each system and day of reception from 1, in order of reception."""
    size = len(columns)
    key = columns.received // DAY_SECONDS * 10_000 + columns.group
    order = np.lexsort((columns.received, key))
    in_order = key[order]
    starts = np.flatnonzero(np.r_[True, in_order[1:] != in_order[:-1]])
    serial = np.empty(size, np.int64)
    serial[order] = np.arange(size) - np.repeat(starts, np.diff(np.r_[starts, size])) + 1
    return serial
