"""The map in time: which unit stands for another on a day, and the days on which that changes (design.md idea 4).

In: units and successions of the catalogue. Out: unit ids. Never: a figure. A dossier keeps the unit that took it in;
the map only says on which line it is read, so no total can depend on the map.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cached_property

from motcua.catalog import Succession, Unit
from motcua.errors import CatalogError


class UnitMap:
    """Follows units through their successions, forwards to whoever took over and backwards where that is certain.

    For any two days, earlier before later: `place(place(unit, earlier), later) == place(unit, later)`. What was read
    on an earlier map can therefore be carried onto every later one, line by line, and nothing is lost.
    """

    def __init__(self, units: Iterable[Unit], successions: Iterable[Succession]) -> None:
        self._units: dict[str, Unit] = {unit.unit_id: unit for unit in units}
        self._successions = tuple(successions)
        self._heir = {row.predecessor_id: row.successor_id for row in self._successions if row.is_heir}
        self._heir_of: dict[str, list[str]] = {}
        for old, new in self._heir.items():
            self._heir_of.setdefault(new, []).append(old)
        came_from: dict[str, list[Succession]] = {}
        for row in self._successions:
            came_from.setdefault(row.successor_id, []).append(row)
        # A unit that began as one whole unit; a part of one, or a merger, cannot be told apart again on an older map.
        self._was = {
            new: rows[0].predecessor_id
            for new, rows in came_from.items()
            if len(rows) == 1 and rows[0].is_heir and rows[0].on == self._units[new].valid_from
        }
        self._children: dict[str | None, list[str]] = {}
        for unit in self._units.values():
            self._children.setdefault(unit.parent_id, []).append(unit.unit_id)

    def place(self, unit_id: str, day: date) -> str:
        """Return the unit that stands for `unit_id` on the map of a day.

        A unit that has ended is followed from heir to heir until one is in force. A unit that begins later stays
        itself, unless it was made of exactly one unit, and of all of that one: then it is followed back to that unit.
        A unit without an heir stays itself.

        Raises:
            CatalogError: there is no such unit.
        """
        unit = self._units.get(unit_id)
        if unit is None:
            raise CatalogError(f"There is no unit {unit_id!r}.", action="add it to include/catalog/units/.")
        if day < unit.valid_from:
            return self._back(unit, day)
        while unit.valid_to is not None and unit.valid_to < day and unit.unit_id in self._heir:
            unit = self._units[self._heir[unit.unit_id]]
        return unit.unit_id

    def placement(self, unit_ids: Iterable[str], day: date) -> dict[str, str]:
        """Return `place` of each unit."""
        return {unit_id: self.place(unit_id, day) for unit_id in unit_ids}

    def goes_on_from(self, unit_id: str, day: date) -> bool:
        """Say whether a unit is in force on a day, or took over, as heir or heir of an heir, from one that is."""
        waiting = [unit_id]
        for found in waiting:
            if self._units[found].holds_on(day):
                return True
            waiting += self._heir_of.get(found, ())
        return False

    def heirs(self, unit_id: str) -> list[str]:
        """Return who took over from a unit, one after the other; none for a unit still in force."""
        found: list[str] = []
        while (heir := self._heir.get(found[-1] if found else unit_id)) is not None:
            found.append(heir)
        return found

    def subtree(self, unit_id: str) -> list[str]:
        """Return a unit and everything below it, parents before children."""
        found = [unit_id]
        for member in found:
            found.extend(self._children.get(member, ()))
        return found

    def predecessors(self, unit_id: str) -> list[str]:
        """Return every unit outside a unit's subtree whose dossiers end in it, in the order of the catalogue."""
        inside = set(self.subtree(unit_id))
        return [found for found in self._units if found not in inside and not inside.isdisjoint(self.heirs(found))]

    def scope(self, unit_id: str) -> list[str]:
        """Return the units a report on `unit_id` covers on every map: its subtree, and all whose dossiers end in it."""
        return [*self.subtree(unit_id), *self.predecessors(unit_id)]

    def change_days(self, unit_ids: Sequence[str], from_date: date, to_date: date) -> list[date]:
        """Return the days after `from_date`, up to `to_date`, whose map differs from that of the day before."""
        found = []
        for day in sorted(day for day in self._days if from_date < day <= to_date):
            before = day - timedelta(days=1)
            if any(self.place(unit_id, day) != self.place(unit_id, before) for unit_id in unit_ids):
                found.append(day)
        return found

    def parts(self, unit_ids: Sequence[str], from_date: date, to_date: date) -> list[tuple[date, date]]:
        """Return the parts of a run of days, both ends included, on each of which the map of these units is one."""
        starts = [from_date, *self.change_days(unit_ids, from_date, to_date)]
        ends = [*(start - timedelta(days=1) for start in starts[1:]), to_date]
        return list(zip(starts, ends, strict=True))

    @cached_property
    def _days(self) -> set[date]:
        """The days on which the map may change: handovers, and first days of units that are followed back to."""
        return {row.on for row in self._successions} | {unit.valid_from for unit in self._units.values()}

    def _back(self, unit: Unit, day: date) -> str:
        found = unit
        while day < found.valid_from:
            if found.unit_id not in self._was:
                return unit.unit_id
            found = self._units[self._was[found.unit_id]]
        return found.unit_id if found.holds_on(day) else unit.unit_id
