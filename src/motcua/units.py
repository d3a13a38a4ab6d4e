"""Units in time: which unit a code or a name means on a day, and the copy of the units in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from motcua.catalog import Catalog, Unit
from motcua.spelling import fold
from motcua.succession import UnitMap
from motcua.warehouse import statement


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

    A spelling is looked up without regard to case, Unicode form, spaces and the place of tone marks. What only the
    source's system is said to call so comes first, then what `agency_codes*.csv` says for all; a name or code that
    stands in neither means a unit of that name or code at or below the source's own unit.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._listed: dict[tuple[str | None, str], list[CodeMeaning]] = {}
        for entry in catalog.agency_codes:
            unit = catalog.unit_by_id[entry.unit_id]
            ends = [day for day in (entry.valid_to, unit.valid_to) if day is not None]
            self._listed.setdefault((entry.system_code, fold(entry.code)), []).append(
                CodeMeaning(unit.unit_id, max(entry.valid_from, unit.valid_from), min(ends, default=None))
            )
        self._below: dict[str, dict[str, list[CodeMeaning]]] = {}

    def meanings(self, code: str, source_id: str | None = None) -> list[CodeMeaning]:
        """Return what a code means and when, in the records of a source when one is given."""
        spelling = fold(code)
        source = self._catalog.source_by_id.get(source_id) if source_id is not None else None
        found = self._listed.get((source.system_code, spelling)) if source is not None else None
        found = found or self._listed.get((None, spelling))
        if found:
            return found
        if unit := self._catalog.unit_by_id.get(code):
            return [_of(unit)]
        return self._own(source.unit_id).get(spelling, []) if source is not None else []

    def _own(self, unit_id: str) -> dict[str, list[CodeMeaning]]:
        if unit_id not in self._below:
            own: dict[str, list[CodeMeaning]] = {}
            for unit in self._catalog.subtree(unit_id):
                for spelling in {fold(unit.name), fold(unit.code)}:
                    own.setdefault(spelling, []).append(_of(unit))
            self._below[unit_id] = own
        return self._below[unit_id]


def _of(unit: Unit) -> CodeMeaning:
    return CodeMeaning(unit.unit_id, unit.valid_from, unit.valid_to)


def sync_units(connection: Connection, catalog: Catalog) -> None:
    """Copy the catalogue's units and who took over from them into the store. Idempotent."""
    columns = ("unit_id", "code", "kind", "level", "parent_id", "name", "valid_from", "valid_to")
    rows = [{name: getattr(unit, name) for name in columns} for unit in catalog.units]
    connection.execute(statement("units/sync_units"), rows)
    chains = UnitMap(catalog.units, catalog.successions).closure
    pairs = [(unit_id, heir_id) for unit_id, heirs in chains.items() for heir_id in heirs]
    connection.execute(
        statement("units/sync_heirs"),
        {"unit_ids": [unit_id for unit_id, _ in pairs], "heir_ids": [heir_id for _, heir_id in pairs]},
    )
