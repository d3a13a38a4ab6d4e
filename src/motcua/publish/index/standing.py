"""Where a unit stands: its index in a period, the change from the period before, and its place among its like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from motcua.catalog import Catalog, Unit, load_catalog
from motcua.catalog.index import (
    Definition,
    IndexLevel,
    apply_variant,
    find_variant,
    load_definition,
    variant_for,
)
from motcua.catalog.models import Text
from motcua.errors import ReportRefused
from motcua.period import Period, previous_period
from motcua.publish.form.completeness import SourceCell
from motcua.publish.form.figures import unit_json
from motcua.publish.form.scope import Scope
from motcua.publish.index.gap import Gap, gaps, score_json
from motcua.publish.index.inputs import Fed, IndexInputs, given_too, read_inputs
from motcua.publish.index.score import Counts, Score, number, score
from motcua.settings import Settings
from motcua.warehouse import store_engine


@dataclass(frozen=True)
class Change:
    """The difference from the period before, over the rows available in both.

    `missing_before` is how many sources are incomplete in the period before: its figures are provisional then.
    """

    period: Period
    total: Decimal
    groups: Mapping[str, Decimal]
    rows_compared: int
    is_like_for_like: bool
    missing_before: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "period": self.period.as_json(),
            "total": number(self.total),
            "groups": {code: number(value) for code, value in self.groups.items()},
            "rows_compared": self.rows_compared,
            "is_like_for_like": self.is_like_for_like,
            **({"missing_before": self.missing_before} if self.missing_before else {}),
        }


@dataclass(frozen=True)
class Rank:
    """A place among the units of one level in the province (provinces: among provinces); ties share it."""

    place: int
    of: int
    has_same_rows: bool

    def as_json(self) -> dict[str, Any]:
        return {"place": self.place, "of": self.of, "has_same_rows": self.has_same_rows}


@dataclass(frozen=True)
class Standing:
    """The index of one unit in one period."""

    unit: Unit
    level: IndexLevel
    period: Period
    score: Score
    counts: Mapping[str, Counts | None]
    notes: Mapping[str, Text]
    missing_sources: tuple[SourceCell, ...]
    change: Change | None
    rank: Rank | None

    @cached_property
    def gaps(self) -> dict[str, Gap]:
        """What each row lacks to its full score and to the next class."""
        return gaps(self.score.definition, self.counts, self.level)

    def as_json(self) -> dict[str, Any]:
        definition = self.score.definition
        return {
            "index": definition.index,
            "variant": definition.variant or None,
            "unit": {**unit_json(self.unit), "index_level": self.level},
            "period": self.period.as_json(),
            **score_json(self.score, self.gaps, self.notes),
            "change": None if self.change is None else self.change.as_json(),
            "rank": None if self.rank is None else self.rank.as_json(),
            "missing_sources": [
                {"source_id": cell.source_id, "unit_id": cell.unit_id, "cell": cell.cell}
                for cell in self.missing_sources
            ],
        }


def index_level(unit: Unit) -> IndexLevel:
    """Return the level of a unit as the index knows it: a department is an agency of the province (section 1.6)."""
    if unit.level == "province":
        return "province" if unit.kind == "province" else "department"
    return unit.level


def unit_index(
    unit: str,
    period: Period,
    *,
    index: str = "766",
    variant: str | None = None,
    given: Mapping[str, Counts | None] | None = None,
    on_map: str | None = None,
    today: date | None = None,
) -> Standing:
    """Compute the index of a unit, everything below it included, from the measures as they stand now.

    Args:
        unit: official code or unit id.
        period: any run of days; calendar periods are what the portal uses (domain.md section 1.6).
        variant: score by these adapted rows instead of those that hold for the unit; `none` for the national ones.
        given: counts of rows that nothing here feeds; they count for this unit only, not in its change or rank.
        on_map: as `motcua.publish.form.scope.Scope.of`; dossiers count for the unit they belong to on that map, now and
            in the period before.

    Raises:
        ReportRefused: no version of the index is in force on the period's last day.
        CatalogError: the unit is unknown on the period's days, or the definition is wrong.
    """
    scope = Scope.of(load_catalog(Settings.load().catalog_dir), unit, period, on_map, today)
    with _snapshot() as connection:
        return standing_of(connection, scope, index=index, variant=variant, given=given)


def standing_of(
    connection: Connection,
    scope: Scope,
    *,
    index: str = "766",
    variant: str | None = None,
    given: Mapping[str, Counts | None] | None = None,
) -> Standing:
    """Compute what `unit_index` does for the unit, days and map of a scope, in a snapshot that the caller holds.

    Raises:
        ReportRefused: another unit stands for this one on the map.
    """
    heir = scope.catalog.unit_by_id[scope.map.place(scope.unit.unit_id, scope.day)]
    if heir.unit_id != scope.unit.unit_id:
        raise ReportRefused(
            f"{heir.name} ({heir.unit_id}) stands for {scope.unit.name} ({scope.unit.unit_id})"
            f" on the map of {scope.day}.",
            action=f"ask for {heir.unit_id}, or leave out --map to use the map of the period.",
        )
    league = _League(connection, scope, _like(scope.catalog, scope.unit, scope.day), index, variant)
    return league.standing(scope.unit, given or {})


def level_index(
    unit: str,
    level: IndexLevel,
    period: Period,
    *,
    index: str = "766",
    variant: str | None = None,
    on_map: str | None = None,
    today: date | None = None,
) -> list[Standing]:
    """Compute the index of every unit of a level at or below a unit, the best first; without a score last.

    Raises:
        ReportRefused: there is no such unit below, or no version of the index is in force.
    """
    scope = Scope.of(load_catalog(Settings.load().catalog_dir), unit, period, on_map, today)
    units = [
        member
        for member in scope.catalog.subtree(scope.unit.unit_id)
        if index_level(member) == level
        and (member.kind != "agency" or level == "department")
        and member.holds_on(scope.day)
    ]
    if not units:
        raise ReportRefused(
            f"{scope.unit.name} ({scope.unit.unit_id}) has no unit of level {level} on {scope.day}.",
            action="ask for province, department, district or commune, for another unit, or for another --map.",
        )
    with _snapshot() as connection:
        league = _League(connection, scope, _like(scope.catalog, units[0], scope.day), index, variant)
        standings = [league.standing(member, {}) for member in units]
    return sorted(standings, key=lambda s: (s.rank is None, s.rank.place if s.rank else 0, s.unit.code))


class _League:
    """The units of one level that are ranked together: read once for now and for the period before."""

    def __init__(
        self, connection: Connection, scope: Scope, units: Sequence[Unit], index: str, variant: str | None
    ) -> None:
        self._catalog = scope.catalog
        self._index, self._variant = index, variant
        self._period, self._before = scope.period, previous_period(scope.period)
        self._of_province: dict[tuple[str, Period, str], dict[str, Counts | None]] = {}
        self._national = load_definition(scope.catalog.folder, index, scope.period.to_date)
        roots = sorted({scope.catalog.province_of(unit.unit_id).unit_id for unit in units})
        provinces = [scope.of_unit(scope.catalog.unit_by_id[root]) for root in roots]
        self._placed: dict[str, list[Unit]] = {}  # unit -> the units whose dossiers stand on its line on the map
        for province in provinces:
            for unit_id, placed_id in province.placed.items():
                self._placed.setdefault(placed_id, []).append(scope.catalog.unit_by_id[unit_id])
        members = list({member.unit_id: member for province in provinces for member in province.units}.values())
        definitions = {self._definition(unit).variant: self._definition(unit) for unit in units}

        def inputs(period: Period) -> dict[str, IndexInputs]:
            return {
                name: read_inputs(connection, scope.catalog, definition, members, period, scope.today)
                for name, definition in definitions.items()
            }

        self._now = inputs(self._period)
        self._then = {} if self._before is None else inputs(self._before)
        scores = {unit.unit_id: self._fed_and_score(unit, self._now, {}) for unit in units}
        self._places = {
            unit_id: (scored.of_available, scored.known_rows)
            for unit_id, (_, scored) in scores.items()
            if scored.of_available is not None
        }

    def standing(self, unit: Unit, given: Mapping[str, Counts | None]) -> Standing:
        """Return where one of the units stands; `given` counts for it alone."""
        level = index_level(unit)
        fed, scored = self._fed_and_score(unit, self._now, given)
        return Standing(
            unit,
            level,
            self._period,
            scored,
            fed.counts,
            fed.notes,
            fed.missing_sources,
            self._change(unit),
            self._rank(unit),
        )

    def _definition(self, unit: Unit) -> Definition:
        day, level = self._period.to_date, index_level(unit)
        if self._variant == "none":
            return self._national
        if self._variant is not None:
            return apply_variant(self._national, find_variant(self._catalog.folder, self._index, day, self._variant))
        line = [unit.unit_id]
        while (parent := self._catalog.unit_by_id[line[-1]].parent_id) is not None:
            line.append(parent)
        variant = variant_for(self._catalog.folder, self._index, day, line, level)
        return self._national if variant is None else apply_variant(self._national, variant)

    def _fed_and_score(
        self, unit: Unit, readings: Mapping[str, IndexInputs], given: Mapping[str, Counts | None]
    ) -> tuple[Fed, Score]:
        definition, level = self._definition(unit), index_level(unit)
        reading = readings[definition.variant]
        fed = given_too(reading.feed(definition, self._members(unit.unit_id), level), given)
        if level != "province" and any(item.inherits for item in definition.items):
            fed = _with_inherited(fed, self._inherited(definition, reading, unit))
        return fed, score(definition, fed.counts, level)

    def _members(self, unit_id: str) -> list[Unit]:
        """Return the units whose dossiers count for a unit on the map: its own, and those it took over."""
        return [member for unit in self._catalog.subtree(unit_id) for member in self._placed.get(unit.unit_id, ())]

    def _inherited(self, definition: Definition, reading: IndexInputs, unit: Unit) -> dict[str, Counts | None]:
        province = self._catalog.province_of(unit.unit_id).unit_id
        key = (definition.variant, reading.period, province)
        if key not in self._of_province:
            fed = reading.feed(definition, self._members(province), "province")
            self._of_province[key] = {item.id: fed.counts.get(item.id) for item in definition.items if item.inherits}
        return self._of_province[key]

    def _change(self, unit: Unit) -> Change | None:
        """Compare with the period before over the rows available in both, scored as if there were no others."""
        if self._before is None:
            return None
        (fed, now), (fed_before, then) = (
            self._fed_and_score(unit, readings, {}) for readings in (self._now, self._then)
        )
        both = now.known_rows & then.known_rows
        level = index_level(unit)
        new, old = (
            score(now.definition, {row: counts.counts[row] for row in both}, level) for counts in (fed, fed_before)
        )
        if new.total is None or old.total is None:
            return None
        before = {group.code: group.score for group in old.groups}
        groups = {
            group.code: group.score - (before[group.code] or Decimal(0))
            for group in new.groups
            if group.score is not None and before[group.code] is not None
        }
        is_like = now.known_rows == then.known_rows
        missing = len(fed_before.missing_sources)
        return Change(self._before, new.total - old.total, groups, len(both), is_like, missing)

    def _rank(self, unit: Unit) -> Rank | None:
        if unit.unit_id not in self._places:
            return None
        own, rows = self._places[unit.unit_id]
        better = sum(value > own for value, _ in self._places.values())
        return Rank(better + 1, len(self._places), all(others == rows for _, others in self._places.values()))


def _with_inherited(fed: Fed, counts: Mapping[str, Counts | None]) -> Fed:
    kept = {row: None if one is None else replace(one, inherited=True) for row, one in counts.items()}
    return replace(fed, counts={**fed.counts, **kept})


def _snapshot() -> Connection:
    return store_engine().connect().execution_options(isolation_level="REPEATABLE READ")


def _like(catalog: Catalog, unit: Unit, day: date) -> list[Unit]:
    """Return the units that a unit is ranked among on a day: its like in its province, or provinces with a source."""
    level = index_level(unit)
    if level == "province":
        with_source = {catalog.province_of(source.unit_id).unit_id for source in catalog.sources} | {unit.unit_id}
        like = [u for u in catalog.units if u.kind == "province" and u.unit_id in with_source]
    else:
        province = catalog.province_of(unit.unit_id)
        like = [u for u in catalog.subtree(province.unit_id) if (index_level(u), u.kind) == (level, unit.kind)]
    return [u for u in like if u.holds_on(day) or u.unit_id == unit.unit_id]
