"""Whether the successions of units can be followed: every chain of heirs leads, day by day, to one unit.

In: each succession with the file and line it stands at, and the units by id. Never: a repair; a history that cannot be
followed is refused, because dossiers would be lost on the way or counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from motcua.catalog.models import Succession, Unit
from motcua.errors import CatalogError

Place = tuple[Path, int]  # file, line
Placed = tuple[Path, int, Succession]


def check_successions(rows: Sequence[Placed], units: Mapping[str, Unit]) -> None:
    """Refuse successions that name unknown units, do not fit their days, have no or several heirs, or lead in a circle.

    Raises:
        CatalogError: the first fault by file and line, with the number of the others.
    """
    problems = [*_unfit(rows, units)]
    problems = problems or [*_without_one_heir(rows, units), *_circles(rows, units)]
    if problems:
        ((path, line), what), more = problems[0], len(problems) - 1
        raise CatalogError(
            f"{path}:{line}: {what}{f' (and {more} more problems)' if more else ''}.",
            action="correct that line; docs/reference/catalog.md lists the keys.",
        )


def _unfit(rows: Iterable[Placed], units: Mapping[str, Unit]) -> Iterator[tuple[Place, str]]:
    seen: set[tuple[str, str, date]] = set()
    eves: dict[date, date] = {}  # of the few days on which anything changes, the day before
    for path, line, row in rows:
        place = path, line
        old, new = units.get(row.predecessor_id), units.get(row.successor_id)
        if old is None or new is None:
            yield place, f"succession of an unknown unit {(row.successor_id if old else row.predecessor_id)!r}"
            continue
        key = (row.predecessor_id, row.successor_id, row.on)
        if key in seen:
            yield place, f"{row.predecessor_id} to {row.successor_id} on {row.on} stands twice"
        seen.add(key)
        if not new.holds_on(row.on):
            yield (
                place,
                (f"{new.unit_id} takes over on {row.on}, but it is valid {new.valid_from} to {new.valid_to or 'now'}"),
            )
        eve = eves.get(row.on) or eves.setdefault(row.on, row.on - timedelta(days=1))
        if old.valid_to == eve:
            continue
        if row.is_heir:
            yield (
                place,
                (
                    f"{old.unit_id} hands over its dossiers on {row.on}, but its last day is"
                    f" {old.valid_to or 'not set'}; it must be the day before, or is_heir 0 for a part that leaves"
                ),
            )
        elif not old.holds_on(row.on):
            yield (
                place,
                (
                    f"{old.unit_id} has a successor from {row.on}, but is valid {old.valid_from} to"
                    f" {old.valid_to or 'now'}; it must end the day before, or live on"
                ),
            )


def _without_one_heir(rows: Iterable[Placed], units: Mapping[str, Unit]) -> Iterator[tuple[Place, str]]:
    """A unit that ended with successors has one heir among them; one that only lost parts is its own."""
    heirs: dict[str, list[str]] = {}
    first: dict[str, Place] = {}
    for path, line, row in rows:
        if not units[row.predecessor_id].holds_on(row.on):
            first.setdefault(row.predecessor_id, (path, line))
            found = heirs.setdefault(row.predecessor_id, [])
            if row.is_heir:
                found.append(row.successor_id)
    for unit_id, found in heirs.items():
        if len(found) != 1:
            named = f" ({', '.join(found)})" if found else ""
            yield first[unit_id], f"{unit_id} has {len(found)} heirs{named}; its dossiers need exactly one"


def _circles(rows: Iterable[Placed], units: Mapping[str, Unit]) -> Iterator[tuple[Place, str]]:
    """Rows of units that ended run forward in time; only parts that leave living units can lead back, on one day."""
    by_day: dict[date, list[Placed]] = {}
    for path, line, row in rows:
        if not row.is_heir and units[row.predecessor_id].holds_on(row.on):
            by_day.setdefault(row.on, []).append((path, line, row))
    for placed in by_day.values():
        graph: TopologicalSorter[str] = TopologicalSorter()
        for _, _, row in placed:
            graph.add(row.successor_id, row.predecessor_id)
        try:
            graph.prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            place = next(
                (path, line)
                for path, line, row in placed
                if row.predecessor_id in circle and row.successor_id in circle
            )
            yield place, f"successions lead in a circle: {' to '.join(reversed(circle))}"
