"""Finds units as a person names them, and tells what became of them and out of what they came.

In: an official code, an electronic code in any writing, a unit id, or a name with or without its type; a day or none.
Out: units with their names, codes, ancestors and successions. Never: a choice between units that all fit.
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

NAMED = 10  # so many candidates are named in an error
_TYPES = tuple(
    fold(kind) + " " for kind in ("thành phố", "thị trấn", "thị xã", "đặc khu", "phường", "huyện", "quận", "tỉnh", "xã")
)
Direction = Literal["predecessors", "successors"]


def find_units(catalog: Catalog, asked: str, day: date | None = None) -> list[Unit]:
    """Return the units that a code or name means, on a day or, without one, ever; the earliest first.

    Raises:
        CatalogError: none; the message lists what it means on other days and who took over, or what is spelt like it.
    """
    found = _by_id_or_code(catalog, asked) or _by_name(catalog, asked)
    if not found:
        raise _unknown(catalog, asked)
    valid = [one for one in found if day is None or one.holds_on(day)]
    if not valid:
        told = [_told(catalog, one) for one in found[:NAMED]]
        more = f" And {len(found) - NAMED} more." if len(found) > NAMED else ""
        raise CatalogError(
            f"{asked!r} means no unit on {day}. {' '.join(told)}{more}",
            action="ask for a day on which it holds, leave --on out, or use the id of the unit that took over.",
        )
    unit_ids = dict.fromkeys(one.unit_id for one in valid)
    return sorted((catalog.unit_by_id[unit_id] for unit_id in unit_ids), key=lambda u: (u.valid_from, u.unit_id))


def names_of(catalog: Catalog, unit: Unit) -> list[CodeMeaning]:
    """Return what a unit was called and when, the first name first; the name stands in place of the id."""
    named = [CodeMeaning(unit.name, unit.valid_from, unit.valid_to)]
    for entry in sorted(catalog.names_by_unit.get(unit.unit_id, ()), key=lambda entry: entry.valid_from):
        former = named.pop()
        named.append(CodeMeaning(former.unit_id, former.valid_from, entry.valid_from - timedelta(days=1)))
        named.append(CodeMeaning(entry.name, entry.valid_from, unit.valid_to))
    return named


def describe(catalog: Catalog, unit: Unit) -> dict[str, Any]:
    """Return all that the catalogue says of a unit, as JSON."""
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
            {"name": one.unit_id, "valid_from": str(one.valid_from), "valid_to": one.valid_to and str(one.valid_to)}
            for one in names_of(catalog, unit)
        ],
        "above": above,
        "electronic_codes": [{"code": code, "in_force": days} for code, days in codes.items()],
        "predecessors": [_step(catalog, row, row.predecessor_id) for row in _rows(catalog, unit, "predecessors")],
        "successors": [_step(catalog, row, row.successor_id) for row in _rows(catalog, unit, "successors")],
    }


def history(catalog: Catalog, unit: Unit, direction: Direction) -> list[dict[str, Any]]:
    """Return from whom a unit took over, or who took over from it, and so on to the end of each line, as JSON."""
    steps = []
    for row in _rows(catalog, unit, direction):
        other = catalog.unit_by_id[row.predecessor_id if direction == "predecessors" else row.successor_id]
        further = history(catalog, other, direction)
        steps.append(_step(catalog, row, other.unit_id) | ({direction: further} if further else {}))
    return steps


def _rows(catalog: Catalog, unit: Unit, direction: Direction) -> list[Succession]:
    """Successions of a unit on one side, the heir or the whole predecessors first."""
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


def _by_id_or_code(catalog: Catalog, asked: str) -> list[CodeMeaning]:
    wanted = asked.strip()
    if unit := catalog.unit_by_id.get(wanted):
        return [CodeMeaning(unit.unit_id, unit.valid_from, unit.valid_to)]
    if units := catalog.units_by_code.get(wanted):
        return [CodeMeaning(unit.unit_id, unit.valid_from, unit.valid_to) for unit in units]
    return UnitCodes(catalog).meanings(wanted)


def _by_name(catalog: Catalog, asked: str) -> list[CodeMeaning]:
    """Units of that name in full; where there is none, of that name whatever their type."""
    wanted = fold(asked)
    bare = []
    full = []
    for unit, one in _all_names(catalog):
        name = fold(one.unit_id)
        meaning = CodeMeaning(unit.unit_id, one.valid_from, one.valid_to)
        if name == wanted:
            full.append(meaning)
        elif name.endswith(wanted) and _without_type(name) == wanted:
            bare.append(meaning)
    return full or bare


def _all_names(catalog: Catalog) -> Iterator[tuple[Unit, CodeMeaning]]:
    for unit in catalog.units:
        for one in names_of(catalog, unit):
            yield unit, one


def _without_type(name: str) -> str:
    return next((name.removeprefix(kind) for kind in _TYPES if name.startswith(kind)), name)


def _told(catalog: Catalog, one: CodeMeaning) -> str:
    heirs = [row for row in catalog.successions_from.get(one.unit_id, ()) if row.is_heir]
    heir = f", then {heirs[0].successor_id} ({catalog.unit_by_id[heirs[0].successor_id].name})" if heirs else ""
    name = catalog.name_of(one.unit_id, one.valid_from)
    return f"{one.unit_id} ({name}) is so called from {one.valid_from} to {one.valid_to or 'now'}{heir}."


def _unknown(catalog: Catalog, asked: str) -> CatalogError:
    if electronic_codes.normal_form(asked):
        try:
            UnitCodes(catalog).resolve(date.today(), asked)
        except CatalogError as error:
            return error
    spelt = {_without_type(fold(one.unit_id)): one.unit_id for _, one in _all_names(catalog)}
    near = [spelt[name] for name in difflib.get_close_matches(_without_type(fold(asked)), spelt, n=5)]
    return CatalogError(
        f"{asked!r} is the code or name of no unit." + (f" Names spelt like it: {', '.join(near)}." if near else ""),
        action="use an official code (84, 842, 29236), an electronic one (H59), a unit id (84:2020) or a name.",
    )
