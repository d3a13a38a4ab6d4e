"""Units in time: which unit a code or a name means on a day, and the copy of the units in the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy import Connection

from motcua.catalog import Catalog, Unit
from motcua.catalog.record_sources import every_source
from motcua.errors import CatalogError
from motcua.settings import Settings
from motcua.spelling import fold
from motcua.units import electronic_codes
from motcua.units.map import UnitMap
from motcua.warehouse import statement

NAMED = 6  # so many candidates are named in an error


@dataclass(frozen=True)
class CodeMeaning:
    """One meaning of an electronic code: the unit, and the days on which both code and unit hold."""

    unit_id: str
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class UnitCodes:
    """What units are called in the records of sources: electronic codes (QĐ 20/2020/QĐ-TTg), names, or unit ids.

    A spelling is looked up without regard to case, Unicode form, spaces and the place of tone marks, an electronic code
    in any of its writings. What only the source's system is said to call so comes first, then what `agency_codes*.csv`
    says for all; a name or code that stands in neither means a unit of that name or code at or below the source's unit.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._listed: dict[tuple[str | None, str], list[CodeMeaning]] = {}
        for entry in catalog.agency_codes:
            unit = catalog.unit_by_id[entry.unit_id]
            ends = [day for day in (entry.valid_to, unit.valid_to) if day is not None]
            meaning = CodeMeaning(unit.unit_id, max(entry.valid_from, unit.valid_from), min(ends, default=None))
            known = self._listed.setdefault((entry.system_code, _key(entry.code)), [])
            if meaning not in known:  # a code stands once in each of its writings
                known.append(meaning)
        self._below: dict[str, dict[str, list[CodeMeaning]]] = {}

    def meanings(self, code: str, source_id: str | None = None) -> list[CodeMeaning]:
        """Return what a code means and when, in the records of a source when one is given."""
        spelling = _key(code)
        source = self._catalog.source_by_id.get(source_id) if source_id is not None else None
        found = self._listed.get((source.system_code, spelling)) if source is not None else None
        found = found or self._listed.get((None, spelling))
        if found:
            return found
        if unit := self._stored.get(code):
            return [_of(unit)]
        return self._own(source.unit_id).get(spelling, []) if source is not None else []

    def meant_on(self, day: date, code: str, source_id: str | None = None) -> set[str]:
        """Return the ids of the units that a code means on a day: none, one, or several that nobody told apart."""
        return {meaning.unit_id for meaning in self.meanings(code, source_id) if meaning.holds_on(day)}

    def resolve(self, day: date, code: str, source_id: str | None = None) -> Unit:
        """Return the unit that a code means on a day.

        Raises:
            CatalogError: it means none or several; the message lists what it may have meant: the units it means on
                other days and who followed them, or the known codes nearest to it.
        """
        found = self.meant_on(day, code, source_id)
        if len(found) == 1:
            return self._catalog.unit_by_id[found.pop()]
        others = self.meanings(code, source_id)
        if found:
            raise CatalogError(
                f"{code!r} means {len(found)} units on {day}: {_named(self._catalog, sorted(found))}.",
                action="name the unit by its id, or say in units/agency_codes*.csv, with system_code, whose it is.",
            )
        if others:
            raise CatalogError(
                f"{code!r} means no unit on {day}. " + " ".join(map(self._otherwise, others)),
                action="take the successor's code, or add a row for that day to units/agency_codes*.csv.",
            )
        raise CatalogError(
            f"{code!r} is the code or name of no unit.{self._nearest(code)}",
            action="correct the code, or add it to units/agency_codes*.csv.",
        )

    def _otherwise(self, meaning: CodeMeaning) -> str:
        unit, said = self._catalog.unit_by_id[meaning.unit_id], f"{meaning.valid_from} to {meaning.valid_to or 'now'}"
        heirs = [row for row in self._catalog.successions_from.get(unit.unit_id, ()) if row.is_heir]
        heir = f", succeeded by {_named(self._catalog, [heirs[0].successor_id])} on {heirs[0].on}" if heirs else ""
        return f"From {said} it means {unit.unit_id} ({unit.name}){heir}."

    def _nearest(self, code: str) -> str:
        """The known codes at the deepest level above an unknown electronic code, and right below it."""
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
    found = [f"{unit_id} ({catalog.unit_by_id[unit_id].name})" for unit_id in unit_ids]
    return ", ".join(found[:NAMED]) + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")


def units_in_use(catalog: Catalog) -> list[Unit]:
    """Return the units that figures of this installation may be about, parents before children.

    Those are the province it serves and those of its sources with all that lies below, the provinces they became and
    what else became those, and every unit that has an electronic code, with its heirs. The rest of the country is
    looked up, not kept.
    """
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
    provinces |= {unit.unit_id for unit in catalog.units_by_code.get(Settings.load().province, ())}
    for province in sorted(_related(catalog, provinces)):
        for unit in catalog.subtree(province):
            take(unit.unit_id)
    for entry in catalog.agency_codes:
        take(entry.unit_id)
    return list(wanted.values())


def _related(catalog: Catalog, unit_ids: Iterable[str]) -> set[str]:
    """Units, and all that are joined to them by successions, in either direction."""
    found: set[str] = set()
    open_ = [*unit_ids]
    while open_:
        unit_id = open_.pop()
        if unit_id not in found:
            found.add(unit_id)
            open_ += [row.successor_id for row in catalog.successions_from.get(unit_id, ())]
            open_ += [row.predecessor_id for row in catalog.successions_to.get(unit_id, ())]
    return found


def sync_units(connection: Connection, catalog: Catalog) -> int:
    """Copy the units in use and who took over from them into the store; return how many units it wrote.

    Only what differs is written: on most nights nothing.
    """
    units = units_in_use(catalog)
    columns = ("unit_id", "code", "kind", "level", "parent_id", "name", "valid_from", "valid_to")
    given = {f"{name}s": [getattr(unit, name) for unit in units] for name in columns}
    written = connection.execute(statement("units/sync_units"), given).rowcount
    chains = UnitMap(catalog.units, catalog.successions)
    pairs = [(unit.unit_id, heir_id) for unit in units for heir_id in chains.heirs(unit.unit_id)]
    connection.execute(
        statement("units/sync_heirs"),
        {"unit_ids": [unit_id for unit_id, _ in pairs], "heir_ids": [heir_id for _, heir_id in pairs]},
    )
    return written
