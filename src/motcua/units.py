"""Units in time: which unit an electronic agency code means on a day, and the copy of the units in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from motcua.catalog import Catalog
from motcua.warehouse import statement


@dataclass(frozen=True)
class CodeMeaning:
    """One meaning of an electronic code: the unit, and the days on which both code and unit hold."""

    unit_id: str
    valid_from: date
    valid_to: date | None


def code_meanings(catalog: Catalog) -> dict[str, list[CodeMeaning]]:
    """Return, for every spelling of an electronic code (QĐ 20/2020/QĐ-TTg), what it means and when."""
    meanings: dict[str, list[CodeMeaning]] = {}
    for entry in catalog.agency_codes:
        unit = catalog.unit_by_id[entry.unit_id]
        ends = [day for day in (entry.valid_to, unit.valid_to) if day is not None]
        meanings.setdefault(entry.code, []).append(
            CodeMeaning(unit.unit_id, max(entry.valid_from, unit.valid_from), min(ends, default=None))
        )
    return meanings


def sync_units(connection: Connection, catalog: Catalog) -> None:
    """Copy the catalogue's units into the store, so that measures can refer to them. Idempotent."""
    columns = ("unit_id", "code", "kind", "level", "parent_id", "name", "valid_from", "valid_to")
    rows = [{name: getattr(unit, name) for name in columns} for unit in catalog.units]
    connection.execute(statement("units/sync_units"), rows)
