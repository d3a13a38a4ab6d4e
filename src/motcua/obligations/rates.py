"""Rates of completeness, within 0 to 100 by construction.

Numerator and denominator are counted over the same cells. A closed unit, or one without an obligation, is in neither.
(Systems that divide received reports by registered units exceed 100 % when a closed unit still reports.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from motcua.catalog.cells import CELLS, CellCode
from motcua.obligations.cells import Cell
from motcua.percentage import percentage

EXPECTED: frozenset[CellCode] = frozenset(CELLS) - {"not_expected", "awaited"}
REPORTED: frozenset[CellCode] = frozenset({"received", "declared_empty", "late"})
ON_TIME: frozenset[CellCode] = frozenset({"received", "declared_empty"})


@dataclass(frozen=True)
class Rate:
    """The numbers of obligations due, met, and met in time. The percentages are None where none was due."""

    expected: int
    reported: int
    on_time: int

    @property
    def reported_pct(self) -> Decimal | None:
        return percentage(self.reported, self.expected)

    @property
    def on_time_pct(self) -> Decimal | None:
        return percentage(self.on_time, self.expected)

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.expected + other.expected, self.reported + other.reported, self.on_time + other.on_time)


def rate_of(cells: Iterable[CellCode]) -> Rate:
    """Return the rate over cells, for example those of a report, of a unit with all below it, or of a level."""
    due = [cell for cell in cells if cell in EXPECTED]
    return Rate(len(due), sum(cell in REPORTED for cell in due), sum(cell in ON_TIME for cell in due))


def rates_by(cells: Iterable[Cell], key: Callable[[Cell], str]) -> dict[str, Rate]:
    """Return the rates by key (for example the level or the parent), in the order of the first cells."""
    groups: dict[str, list[CellCode]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell.cell)
    return {name: rate_of(of_group) for name, of_group in groups.items()}
