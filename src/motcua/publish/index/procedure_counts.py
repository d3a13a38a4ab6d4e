"""Counts over the catalogue of procedures: those under a unit's authority, and the dossiers of some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from motcua.catalog import LEVELS, Catalog, Level, Procedure
from motcua.catalog.index import IndexLevel, Procedures
from motcua.catalog.models import Text
from motcua.catalog.procedures import in_force

_LEVELS: dict[IndexLevel | None, tuple[Level, ...]] = {
    None: LEVELS,
    "province": LEVELS,
    "department": ("province",),
    "district": ("district",),
    "commune": ("commune",),
}


@dataclass(frozen=True)
class Described:
    """Codes that fit what is wanted, and codes of which the catalogue does not say whether they do."""

    fits: frozenset[str]
    unsaid: frozenset[str]
    asked: frozenset[str]


def under_authority(catalog: Catalog, day: date, province: str, level: IndexLevel | None) -> list[Procedure]:
    """Return the rows in force that units of a level answer for; the province, or no level, answers for every one."""
    return [row for row in in_force(catalog.procedures, day, province) if row.level in _LEVELS[level]]


def describe(rows: Iterable[Procedure], wanted: Procedures) -> Described:
    """Tell the rows that fit from those the catalogue says too little of.

    A procedure on several levels counts once, and fits if one of its rows does (its highest level, row 3.1).
    """
    fits: set[str] = set()
    unsaid: set[str] = set()
    asked: set[str] = set()
    for row in rows:
        asked.add(row.code)
        values = {column: getattr(row, column) for column in wanted.where}
        if all(value is None or value in wanted.where[column] for column, value in values.items()):
            (unsaid if None in values.values() else fits).add(row.code)
    return Described(frozenset(fits), frozenset(unsaid - fits), frozenset(asked))


def count_procedures(
    described: Described, wanted: Procedures, having: Iterable[Mapping[str, int]]
) -> tuple[int | None, Text | None]:
    """Return how many procedures fit, with dossiers where asked; none and why where the catalogue does not say."""
    if described.unsaid or not described.asked:
        columns = ", ".join(wanted.where)
        unsaid, asked = len(described.unsaid), len(described.asked)
        return None, Text(
            vi=f"danh mục TTHC chưa ghi {columns} cho {unsaid}/{asked} thủ tục",
            en=f"the catalogue of procedures leaves {columns} empty for {unsaid} of {asked}",
        )
    if not wanted.having_any:
        return len(described.fits), None
    return len(described.fits & {code for counted in having for code in counted}), None


def count_dossiers(
    described: Described, wanted: Procedures, having: Iterable[Mapping[str, int]]
) -> tuple[int | None, Text | None]:
    """Return how many dossiers the fitting procedures have; a note tells those whose procedure may or may not fit."""
    fitting = unknown = 0
    for counted in having:
        for code, quantity in counted.items():
            if code in described.fits:
                fitting += quantity
            elif code in described.unsaid or code not in described.asked:
                unknown += quantity
    if not unknown:
        return fitting, None
    columns = ", ".join(wanted.where)
    if not fitting:
        return None, Text(
            vi=f"danh mục TTHC chưa ghi {columns} cho thủ tục của {unknown} hồ sơ",
            en=f"the catalogue of procedures leaves {columns} empty for those of {unknown} dossiers",
        )
    return fitting, Text(
        vi=f"không tính {unknown} hồ sơ của thủ tục mà danh mục chưa ghi {columns}",
        en=f"without {unknown} dossiers of procedures for which the catalogue leaves {columns} empty",
    )
