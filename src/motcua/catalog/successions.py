"""Whether the successions of units can be followed: every chain of heirs leads, day by day, to one unit.

In: each succession with the `file:line` it stands at, and the units by id. Never: a repair; a history that cannot be
followed is refused, because dossiers would be lost on the way or counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter

from motcua.catalog.models import Succession, Unit
from motcua.errors import CatalogError

Placed = tuple[str, Succession]  # file:line, and what stands there


def check_successions(rows: Sequence[Placed], units: Mapping[str, Unit]) -> None:
    """Refuse successions that name unknown units, do not fit their days, have no or several heirs, or lead in a circle.

    Raises:
        CatalogError: the first fault by file and line, with the number of the others.
    """
    problems = [*_unfit(rows, units)]
    problems = problems or [*_without_one_heir(rows, units), *_circles(rows, units)]
    if problems:
        more = f" (and {len(problems) - 1} more problems)" if len(problems) > 1 else ""
        raise CatalogError(
            f"{problems[0]}{more}.", action="correct that line; docs/reference/catalog.md lists the keys."
        )


def _unfit(rows: Iterable[Placed], units: Mapping[str, Unit]) -> Iterator[str]:
    seen: set[tuple[str, str, object]] = set()
    for place, row in rows:
        unknown = [unit_id for unit_id in (row.predecessor_id, row.successor_id) if unit_id not in units]
        if unknown:
            yield f"{place}: succession of an unknown unit {unknown[0]!r}"
            continue
        key = (row.predecessor_id, row.successor_id, row.on)
        if key in seen:
            yield f"{place}: {row.predecessor_id} to {row.successor_id} on {row.on} stands twice"
        seen.add(key)
        old, new = units[row.predecessor_id], units[row.successor_id]
        if not new.holds_on(row.on):
            yield (
                f"{place}: {new.unit_id} takes over on {row.on}, but it is valid {new.valid_from} to"
                f" {new.valid_to or 'now'}"
            )
        if row.is_heir and old.valid_to != row.on - timedelta(days=1):
            yield (
                f"{place}: {old.unit_id} hands over its dossiers on {row.on}, but its last day is"
                f" {old.valid_to or 'not set'}; it must be the day before, or is_heir 0 for a part that leaves"
            )
        elif old.valid_to != row.on - timedelta(days=1) and not old.holds_on(row.on):
            yield (
                f"{place}: {old.unit_id} has a successor from {row.on}, but is valid {old.valid_from} to"
                f" {old.valid_to or 'now'}; it must end the day before, or live on"
            )


def _without_one_heir(rows: Iterable[Placed], units: Mapping[str, Unit]) -> Iterator[str]:
    """A unit that ended with successors has one heir among them; one that only lost parts is its own."""
    endings: dict[str, list[Placed]] = {}
    for place, row in rows:
        if not units[row.predecessor_id].holds_on(row.on):
            endings.setdefault(row.predecessor_id, []).append((place, row))
    for unit_id, placed in endings.items():
        heirs = [row.successor_id for _, row in placed if row.is_heir]
        if len(heirs) != 1:
            named = f" ({', '.join(heirs)})" if heirs else ""
            yield f"{placed[0][0]}: {unit_id} has {len(heirs)} heirs{named}; its dossiers need exactly one"


def _circles(rows: Iterable[Placed], units: Mapping[str, Unit]) -> Iterator[str]:
    """Rows of units that ended run forward in time; only parts that leave living units can lead back, on one day."""
    by_day: dict[object, list[Placed]] = {}
    for place, row in rows:
        if units[row.predecessor_id].holds_on(row.on):
            by_day.setdefault(row.on, []).append((place, row))
    for placed in by_day.values():
        graph: TopologicalSorter[str] = TopologicalSorter()
        for _, row in placed:
            graph.add(row.successor_id, row.predecessor_id)
        try:
            graph.prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            place = next(at for at, row in placed if row.predecessor_id in circle and row.successor_id in circle)
            yield f"{place}: successions lead in a circle: {' to '.join(reversed(circle))}"
