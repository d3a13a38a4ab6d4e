"""Units in time: the unit that a code or a name means on a day, and the copy of the units in the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from sqlalchemy import Connection

from motcua.catalog import Catalog, Unit
from motcua.catalog.record_sources import every_source
from motcua.errors import CatalogError
from motcua.settings import Settings
from motcua.spelling import fold
from motcua.units import electronic_codes
from motcua.units.map import map_of
from motcua.warehouse import array_text, statement

NAMED = 6  # the most candidates that an error names


@dataclass(frozen=True)
class CodeMeaning:
    """One meaning of an electronic code: the unit, and the days on which both code and unit are in force."""

    unit_id: str
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class UnitCodes:
    """Finds units by how the records of sources call them: electronic codes (QĐ 20/2020/QĐ-TTg), names, or unit ids.

    A lookup ignores case, Unicode form, spaces and the position of tone marks; an electronic code is found in any of
    its spellings. Rows of `agency_codes*.csv` for the source's system come first, then rows for all systems. A name or
    code without a row means a unit of that name or code at or below the source's unit.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._listed: dict[tuple[str | None, str], list[CodeMeaning]] = {}
        for entry in catalog.agency_codes:
            unit = catalog.unit_by_id[entry.unit_id]
            ends = [day for day in (entry.valid_to, unit.valid_to) if day is not None]
            meaning = CodeMeaning(unit.unit_id, max(entry.valid_from, unit.valid_from), min(ends, default=None))
            known = self._listed.setdefault((entry.system_code, _key(entry.code)), [])
            if meaning not in known:  # a code has one row for each of its spellings
                known.append(meaning)
        self._below: dict[str, dict[str, list[CodeMeaning]]] = {}

    def meanings(self, code: str, source_id: str | None = None) -> list[CodeMeaning]:
        """Return the meanings of a code with their days, for the records of a source when one is given."""
        spelling = _key(code)
        source = self._catalog.source_by_id.get(source_id) if source_id is not None else None
        listed = self._listed.get((source.system_code, spelling)) if source is not None else None
        listed = listed or self._listed.get((None, spelling))
        if listed:
            return listed
        if unit := self._stored.get(code):
            return [_of(unit)]
        return self._own(source.unit_id).get(spelling, []) if source is not None else []

    def meant_on(self, day: date, code: str, source_id: str | None = None) -> set[str]:
        """Return the ids of the units that a code means on a day: none, one, or several when the code is ambiguous."""
        return {meaning.unit_id for meaning in self.meanings(code, source_id) if meaning.holds_on(day)}

    def resolve(self, day: date, code: str, source_id: str | None = None) -> Unit:
        """Return the unit that a code means on a day.

        Raises:
            CatalogError: it means none or several. The message lists the candidates: the units it means on other days
                with their successors, or the nearest known codes.
        """
        unit_ids = self.meant_on(day, code, source_id)
        if len(unit_ids) == 1:
            return self._catalog.unit_by_id[unit_ids.pop()]
        on_other_days = self.meanings(code, source_id)
        if unit_ids:
            raise CatalogError(
                f"{code!r} means {len(unit_ids)} units on {day}: {_named(self._catalog, sorted(unit_ids))}.",
                action="use the id of the unit, or add a row with system_code to units/agency_codes*.csv.",
            )
        if on_other_days:
            raise CatalogError(
                f"{code!r} means no unit on {day}. " + " ".join(map(self._on_other_days, on_other_days)),
                action="use the successor's code, or add a row for that day to units/agency_codes*.csv.",
            )
        raise CatalogError(
            f"No unit has the code or name {code!r}.{self._nearest(code)}",
            action="correct the code, or add it to units/agency_codes*.csv.",
        )

    def _on_other_days(self, meaning: CodeMeaning) -> str:
        unit, days = self._catalog.unit_by_id[meaning.unit_id], f"{meaning.valid_from} to {meaning.valid_to or 'now'}"
        heirs = [row for row in self._catalog.successions_from.get(unit.unit_id, ()) if row.is_heir]
        heir = f", succeeded by {_named(self._catalog, [heirs[0].successor_id])} on {heirs[0].on}" if heirs else ""
        return f"From {days} it means {unit.unit_id} ({unit.name}){heir}."

    def _nearest(self, code: str) -> str:
        """The known codes near an unknown electronic code: the deepest one above it, and those directly below that."""
        normal = electronic_codes.normal_form(code)
        above = normal.rpartition(".")[0] if normal else ""
        while above:
            near = sorted(
                (
                    known
                    for system, known in self._listed
                    if system is None and (known == above or known.rpartition(".")[0] == above)
                ),
                key=electronic_codes.order,
            )
            if near:
                more = f" and {len(near) - NAMED} more" if len(near) > NAMED else ""
                return f" Known at and below {above}: {', '.join(near[:NAMED])}{more}."
            above = above.rpartition(".")[0]
        return ""

    @cached_property
    def _stored(self) -> dict[str, Unit]:
        return {unit.unit_id: unit for unit in units_in_use(self._catalog)}

    def _own(self, unit_id: str) -> dict[str, list[CodeMeaning]]:
        if unit_id not in self._below:
            own: dict[str, list[CodeMeaning]] = {}
            for unit in self._catalog.subtree(unit_id):
                names = {unit.name, *(entry.name for entry in self._catalog.names_by_unit.get(unit.unit_id, ()))}
                for spelling in {fold(unit.code), *map(fold, names)}:
                    own.setdefault(spelling, []).append(_of(unit))
            self._below[unit_id] = own
        return self._below[unit_id]


def _key(code: str) -> str:
    return electronic_codes.normal_form(code) or fold(code)


def _of(unit: Unit) -> CodeMeaning:
    return CodeMeaning(unit.unit_id, unit.valid_from, unit.valid_to)


def _named(catalog: Catalog, unit_ids: Iterable[str]) -> str:
    names = [f"{unit_id} ({catalog.unit_by_id[unit_id].name})" for unit_id in unit_ids]
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def units_in_use(catalog: Catalog) -> list[Unit]:
    """Return the units that the figures of this installation may be about, parents before children.

    These are the installation's province and the provinces of its sources with all units below them, the provinces
    joined to these by successions, and every unit with an electronic code, with its heirs. Other units of the country
    are only looked up in the catalogue.
    """
    return [*_units_in_use(catalog, Settings.load().province)]


@lru_cache(maxsize=4)
def _units_in_use(catalog: Catalog, own_province: str) -> tuple[Unit, ...]:
    wanted: dict[str, Unit] = {}

    def take(unit_id: str) -> None:
        if unit_id not in wanted:
            unit = catalog.unit_by_id[unit_id]
            if unit.parent_id is not None:
                take(unit.parent_id)
            wanted[unit_id] = unit
            for row in catalog.successions_from.get(unit_id, ()):
                take(row.successor_id)

    provinces = {catalog.province_of(source.unit_id).unit_id for source in every_source(catalog)}
    provinces |= {unit.unit_id for unit in catalog.units_by_code.get(own_province, ())}
    for province in sorted(_related(catalog, provinces)):
        for unit in catalog.subtree(province):
            take(unit.unit_id)
    for entry in catalog.agency_codes:
        take(entry.unit_id)
    return tuple(wanted.values())


def _related(catalog: Catalog, unit_ids: Iterable[str]) -> set[str]:
    """The given units, and all units joined to them by successions in either direction."""
    related: set[str] = set()
    waiting = [*unit_ids]
    while waiting:
        unit_id = waiting.pop()
        if unit_id not in related:
            related.add(unit_id)
            waiting += [row.successor_id for row in catalog.successions_from.get(unit_id, ())]
            waiting += [row.predecessor_id for row in catalog.successions_to.get(unit_id, ())]
    return related


def sync_units(connection: Connection, catalog: Catalog) -> int:
    """Copy the units in use and who took over from them into the store; return how many units it wrote.

    Only what differs is written: on most nights nothing.
    """
    units, heirs = _written(catalog, Settings.load().province)
    written = connection.execute(statement("units/sync_units"), units).rowcount
    connection.execute(statement("units/sync_heirs"), heirs)
    return written


@lru_cache(maxsize=4)
def _written(catalog: Catalog, own_province: str) -> tuple[dict[str, str], dict[str, str]]:
    """The parameters of the two statements: the units in use, and the heirs of each, one array a column."""
    units = _units_in_use(catalog, own_province)
    columns = ("unit_id", "code", "kind", "level", "parent_id", "name", "valid_from", "valid_to")
    chains = map_of(catalog)
    pairs = [(unit.unit_id, heir_id) for unit in units for heir_id in chains.heirs(unit.unit_id)]
    return (
        {f"{name}s": array_text([getattr(unit, name) for unit in units]) for name in columns},
        {
            "unit_ids": array_text([unit_id for unit_id, _ in pairs]),
            "heir_ids": array_text([heir_id for _, heir_id in pairs]),
        },
    )
