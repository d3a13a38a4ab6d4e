"""Finds units by the code or name that a person enters, and describes their predecessors and successors.

In: an official code, an electronic code in any spelling, a unit id, or a name with or without its type; a day or None.
Out: units with their names, codes, ancestors and successions. Never: a choice between several units that match.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal

from motcua.catalog import Catalog, Succession, Unit
from motcua.errors import CatalogError
from motcua.spelling import fold
from motcua.units import electronic_codes
from motcua.units.codes import CodeMeaning, UnitCodes

NAMED = 10  # the most candidates that an error names
_TYPES = tuple(
    fold(kind) + " " for kind in ("thành phố", "thị trấn", "thị xã", "đặc khu", "phường", "huyện", "quận", "tỉnh", "xã")
)
Direction = Literal["predecessors", "successors"]


def find_units(catalog: Catalog, code_or_name: str, day: date | None = None) -> list[Unit]:
    """Return the units that a code or name means on a day, or on any day when none is given; the earliest first.

    Raises:
        CatalogError: it means no unit. The message lists its meanings on other days with the heirs, or similar names.
    """
    meanings = _by_id_or_code(catalog, code_or_name) or _by_name(catalog, code_or_name)
    if not meanings:
        raise _unknown(catalog, code_or_name)
    valid = [meaning for meaning in meanings if day is None or meaning.holds_on(day)]
    if not valid:
        others = [_in_force(catalog, meaning) for meaning in meanings[:NAMED]]
        more = f" And {len(meanings) - NAMED} more." if len(meanings) > NAMED else ""
        raise CatalogError(
            f"{code_or_name!r} means no unit on {day}. {' '.join(others)}{more}",
            action="give a day on which it is in force, omit --on, or use the id of the heir.",
        )
    unit_ids = dict.fromkeys(meaning.unit_id for meaning in valid)
    return sorted((catalog.unit_by_id[unit_id] for unit_id in unit_ids), key=lambda u: (u.valid_from, u.unit_id))


def names_of(catalog: Catalog, unit: Unit) -> list[CodeMeaning]:
    """Return the names of a unit with their days, the first name first. `unit_id` of the result holds the name."""
    named = [CodeMeaning(unit.name, unit.valid_from, unit.valid_to)]
    for entry in sorted(catalog.names_by_unit.get(unit.unit_id, ()), key=lambda entry: entry.valid_from):
        former = named.pop()
        named.append(CodeMeaning(former.unit_id, former.valid_from, entry.valid_from - timedelta(days=1)))
        named.append(CodeMeaning(entry.name, entry.valid_from, unit.valid_to))
    return named


def describe(catalog: Catalog, unit: Unit) -> dict[str, Any]:
    """Return everything the catalogue states about a unit, as JSON."""
    above = []
    parent_id = unit.parent_id
    while parent_id is not None:
        parent = catalog.unit_by_id[parent_id]
        above.append({"unit_id": parent.unit_id, "name": parent.name})
        parent_id = parent.parent_id
    codes = {}
    for entry in catalog.agency_codes:
        if entry.unit_id == unit.unit_id and entry.system_code is None:
            last = min((day for day in (entry.valid_to, unit.valid_to) if day), default="now")
            codes[electronic_codes.normal_form(entry.code) or entry.code] = f"{entry.valid_from} to {last}"
    return {
        **unit.model_dump(mode="json", exclude={"parent_id"}),
        "names": [
            {"name": name.unit_id, "valid_from": str(name.valid_from), "valid_to": name.valid_to and str(name.valid_to)}
            for name in names_of(catalog, unit)
        ],
        "above": above,
        "electronic_codes": [{"code": code, "in_force": days} for code, days in codes.items()],
        "predecessors": [_step(catalog, row, row.predecessor_id) for row in _rows(catalog, unit, "predecessors")],
        "successors": [_step(catalog, row, row.successor_id) for row in _rows(catalog, unit, "successors")],
    }


def history(catalog: Catalog, unit: Unit, direction: Direction) -> list[dict[str, Any]]:
    """Return the predecessors or the successors of a unit, each with its own, to the end of each line, as JSON."""
    steps = []
    for row in _rows(catalog, unit, direction):
        other = catalog.unit_by_id[row.predecessor_id if direction == "predecessors" else row.successor_id]
        further = history(catalog, other, direction)
        steps.append(_step(catalog, row, other.unit_id) | ({direction: further} if further else {}))
    return steps


def _rows(catalog: Catalog, unit: Unit, direction: Direction) -> list[Succession]:
    """The predecessors or successors of a unit by day; within a day, the heir or those it is heir of come first."""
    joined = catalog.successions_to if direction == "predecessors" else catalog.successions_from
    rows = joined.get(unit.unit_id, [])
    return sorted(rows, key=lambda row: (row.on, not row.is_heir, row.predecessor_id, row.successor_id))


def _step(catalog: Catalog, row: Succession, other_id: str) -> dict[str, Any]:
    return {
        "unit_id": other_id,
        "name": catalog.unit_by_id[other_id].name,
        "on": str(row.on),
        "is_heir": row.is_heir,
        "evidence": row.evidence,
    }


def _by_id_or_code(catalog: Catalog, code_or_name: str) -> list[CodeMeaning]:
    wanted = code_or_name.strip()
    if unit := catalog.unit_by_id.get(wanted):
        return [CodeMeaning(unit.unit_id, unit.valid_from, unit.valid_to)]
    if units := catalog.units_by_code.get(wanted):
        return [CodeMeaning(unit.unit_id, unit.valid_from, unit.valid_to) for unit in units]
    return UnitCodes(catalog).meanings(wanted)


def _by_name(catalog: Catalog, code_or_name: str) -> list[CodeMeaning]:
    """Units with exactly that name; if there are none, units with that name and any type."""
    wanted = fold(code_or_name)
    without_type = []
    full = []
    for unit, named in _all_names(catalog):
        name = fold(named.unit_id)
        meaning = CodeMeaning(unit.unit_id, named.valid_from, named.valid_to)
        if name == wanted:
            full.append(meaning)
        elif name.endswith(wanted) and _without_type(name) == wanted:
            without_type.append(meaning)
    return full or without_type


def _all_names(catalog: Catalog) -> Iterator[tuple[Unit, CodeMeaning]]:
    for unit in catalog.units:
        for named in names_of(catalog, unit):
            yield unit, named


def _without_type(name: str) -> str:
    return next((name.removeprefix(kind) for kind in _TYPES if name.startswith(kind)), name)


def _in_force(catalog: Catalog, meaning: CodeMeaning) -> str:
    heirs = [row for row in catalog.successions_from.get(meaning.unit_id, ()) if row.is_heir]
    heir = f", then {heirs[0].successor_id} ({catalog.unit_by_id[heirs[0].successor_id].name})" if heirs else ""
    name = catalog.name_of(meaning.unit_id, meaning.valid_from)
    days = f"{meaning.valid_from} to {meaning.valid_to or 'now'}"
    return f"{meaning.unit_id} ({name}) has this name or code from {days}{heir}."


def _unknown(catalog: Catalog, code_or_name: str) -> CatalogError:
    if electronic_codes.normal_form(code_or_name):
        try:
            UnitCodes(catalog).resolve(date.today(), code_or_name)
        except CatalogError as error:
            return error
    names = {_without_type(fold(named.unit_id)): named.unit_id for _, named in _all_names(catalog)}
    similar = [names[name] for name in difflib.get_close_matches(_without_type(fold(code_or_name)), names, n=5)]
    return CatalogError(
        f"No unit has the code or name {code_or_name!r}."
        + (f" Similar names: {', '.join(similar)}." if similar else ""),
        action="use an official code (84, 842, 29236), an electronic one (H59), a unit id (84:2020) or a name.",
    )
