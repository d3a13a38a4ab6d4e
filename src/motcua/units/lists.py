"""Reads the public lists of units from which the catalogue is built, and checks them against one another.

In: a folder such as `include/reference/units/` (its README describes each file). Out: the lists by code. Never: a list
that contradicts itself or another list; it is refused with file and line.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from motcua.errors import CatalogError
from motcua.spelling import fold

BEFORE, EVE, AFTER = "units_2022.csv", "units_2025-06-30.csv", "units_2025-07-01.csv"
PROVINCES, COMMUNES = "province_succession_2025-07-01.csv", "unit_succession_2025-07-01.csv"
ELECTRONIC = "electronic_codes_2025-10.csv"
_PARENT = {"province": None, "district": "province", "commune": "district"}


@dataclass(frozen=True)
class Listed:
    """One unit of one list. Codes of the three levels differ in length, so a code is unique within a list."""

    level: str
    code: str
    parent_code: str
    name: str


@dataclass(frozen=True)
class UnitLists:
    """The three lists by code, and the successions of 1 July 2025: `(old code, new code, is heir)`."""

    before: Mapping[str, Listed]
    eve: Mapping[str, Listed]
    after: Mapping[str, Listed]
    provinces: Mapping[str, str]
    communes: tuple[tuple[str, str, bool], ...]
    electronic: tuple[tuple[str, str], ...]  # spelling, province code


def read_unit_lists(folder: Path) -> UnitLists:
    """Read the lists and refuse a unit that is listed twice, an unknown parent or code, and no heir or two.

    Raises:
        CatalogError: a list is wrong. The message names file and line.
    """
    before, eve, after = (_read_list(folder / name) for name in (BEFORE, EVE, AFTER))
    lists = UnitLists(
        before=before,
        eve=eve,
        after=after,
        provinces=_read_provinces(folder / PROVINCES, eve, after),
        communes=tuple(_read_communes(folder / COMMUNES, eve, after)),
        electronic=tuple(_read_electronic(folder / ELECTRONIC, after)),
    )
    _refuse_orphans(folder / PROVINCES, lists)
    return lists


def counts(units: Mapping[str, Listed]) -> dict[str, int]:
    """Return how many units of each level a list holds."""
    by_level = Counter(unit.level for unit in units.values())
    return {level: by_level[level] for level in _PARENT}


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise CatalogError(f"There is no {path}.", action="name the folder that holds the lists of units.")
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        if tuple(reader.fieldnames or ()) != columns:
            raise _wrong(path, 1, f"the columns are {', '.join(reader.fieldnames or ())}, not {', '.join(columns)}")
        for row in reader:
            if None in row or None in row.values():
                raise _wrong(path, reader.line_num, "the row has another number of columns than the heading")
            yield reader.line_num, row


def _read_list(path: Path) -> dict[str, Listed]:
    units: dict[str, Listed] = {}
    lines: dict[str, int] = {}
    for line, row in _rows(path, ("level", "code", "parent_code", "full_name")):
        unit = Listed(row["level"], row["code"], row["parent_code"], row["full_name"].strip())
        if unit.level not in _PARENT:
            raise _wrong(path, line, f"{unit.level!r} is not a level")
        if unit.code in units:
            raise _wrong(path, line, f"the code {unit.code} is listed twice, first in line {lines[unit.code]}")
        units[unit.code], lines[unit.code] = unit, line
    has_districts = any(unit.level == "district" for unit in units.values())
    for code, unit in units.items():
        parent_level = _PARENT[unit.level] if has_districts else (None if unit.level == "province" else "province")
        parent = units.get(unit.parent_code)
        if (parent.level if parent else None) != parent_level or (parent_level is None and unit.parent_code):
            raise _wrong(
                path, lines[code], f"{code} is under {unit.parent_code!r}, which is not a {parent_level or 'unit'}"
            )
    return units


def _read_provinces(path: Path, eve: Mapping[str, Listed], after: Mapping[str, Listed]) -> dict[str, str]:
    successors: dict[str, str] = {}
    for line, row in _rows(path, ("old_province_code", "new_province_code")):
        old, new = row["old_province_code"], row["new_province_code"]
        _refuse_unknown(path, line, old, eve, "province")
        _refuse_unknown(path, line, new, after, "province")
        if old in successors:
            raise _wrong(path, line, f"the province {old} is listed twice")
        successors[old] = new
    return successors


def _read_communes(
    path: Path, eve: Mapping[str, Listed], after: Mapping[str, Listed]
) -> Iterator[tuple[str, str, bool]]:
    heirs: Counter[str] = Counter()
    first: dict[str, int] = {}
    for line, row in _rows(path, ("old_commune_code", "new_commune_code", "is_heir")):
        old, new = row["old_commune_code"], row["new_commune_code"]
        _refuse_unknown(path, line, old, eve, "commune")
        _refuse_unknown(path, line, new, after, "commune")
        if row["is_heir"] not in ("0", "1"):
            raise _wrong(path, line, f"is_heir is {row['is_heir']!r}, not 0 or 1")
        first.setdefault(old, line)
        heirs[old] += row["is_heir"] == "1"
        yield old, new, row["is_heir"] == "1"
    for old, line in first.items():
        if heirs[old] != 1:
            raise _wrong(path, line, f"the commune {old} has {heirs[old]} heirs")


def _read_electronic(path: Path, after: Mapping[str, Listed]) -> Iterator[tuple[str, str]]:
    for line, row in _rows(path, ("electronic_code_as_exported", "province_name", "province_code")):
        _refuse_unknown(path, line, row["province_code"], after, "province")
        name = after[row["province_code"]].name
        if not fold(name).endswith(fold(row["province_name"])):
            raise _wrong(path, line, f"{row['province_code']} is {name}, not {row['province_name']}")
        yield row["electronic_code_as_exported"], row["province_code"]


def _refuse_orphans(path: Path, lists: UnitLists) -> None:
    """Refuse lists in which a unit of the eve has no successor, or a commune's heir is in a wrong province."""

    def province(units: Mapping[str, Listed], code: str) -> str:
        while units[code].parent_code:
            code = units[code].parent_code
        return code

    without_successor = {code for code, unit in lists.eve.items() if unit.level == "province"} - set(lists.provinces)
    without_successor |= {code for code, unit in lists.eve.items() if unit.level == "commune"} - {
        old for old, _, _ in lists.communes
    }
    if without_successor:
        raise CatalogError(
            f"{path.parent}: {_some(without_successor)} of {EVE} have no successor.",
            action="complete the succession files.",
        )
    misplaced = [
        f"{old} to {new}"
        for old, new, is_heir in lists.communes
        if is_heir and lists.provinces[province(lists.eve, old)] != province(lists.after, new)
    ]
    if misplaced:
        raise CatalogError(
            f"{path.parent}: the heir of a commune is not in the successor of its province: {_some(misplaced)}.",
            action="correct one of the two succession files.",
        )


def _refuse_unknown(path: Path, line: int, code: str, units: Mapping[str, Listed], level: str) -> None:
    if code not in units or units[code].level != level:
        raise _wrong(path, line, f"{code!r} is not a {level} of the list")


def _wrong(path: Path, line: int, what: str) -> CatalogError:
    return CatalogError(f"{path}:{line}: {what}.", action="correct that line, or get the list again from its source.")


def _some(codes: Iterable[str]) -> str:
    listed = sorted(codes)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")
