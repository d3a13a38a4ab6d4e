"""The map in time: which unit stands for another on a day, and the days on which that changes (design.md idea 4).

In: units and successions of the catalogue. Out: unit ids. Never: a figure. A dossier keeps the unit of its intake. The
map only decides in which line it is shown, so no total depends on the map.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cached_property, lru_cache

from motcua.catalog import Catalog, Succession, Unit
from motcua.errors import CatalogError


class UnitMap:
    """Follows units through their successions: forwards to the heirs, and backwards where that is certain.

    For any two days with earlier before later: `place(place(unit, earlier), later) == place(unit, later)`. Figures of
    an earlier map can therefore be moved to any later map, line by line, and nothing is lost.
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
        # Units made from exactly one whole unit. A part of a unit or a merger cannot be traced back on an older map.
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

        A unit that has ended is followed from heir to heir until one is in force. A unit that begins later is returned
        unchanged, unless it was made of exactly one whole unit: then it is followed back to that unit. A unit without
        an heir is returned unchanged.

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
        """Return whether a unit is in force on a day, or is an heir, directly or not, of a unit that is."""
        waiting = [unit_id]
        for candidate in waiting:
            if self._units[candidate].holds_on(day):
                return True
            waiting += self._heir_of.get(candidate, ())
        return False

    def heirs(self, unit_id: str) -> list[str]:
        """Return the heirs of a unit, one after the other; an empty list for a unit still in force."""
        heirs: list[str] = []
        while (heir := self._heir.get(heirs[-1] if heirs else unit_id)) is not None:
            heirs.append(heir)
        return heirs

    def subtree(self, unit_id: str) -> list[str]:
        """Return a unit and everything below it, parents before children."""
        members = [unit_id]
        for member in members:
            members.extend(self._children.get(member, ()))
        return members

    def predecessors(self, unit_id: str) -> list[str]:
        """Return every unit outside a unit's subtree that has an heir in it, in the order of the catalogue."""
        inside = self.subtree(unit_id)
        waiting, found = [*inside], set[str]()
        for heir in waiting:
            former = [old for old in self._heir_of.get(heir, ()) if old not in found]
            found.update(former)
            waiting += former
        return sorted(found.difference(inside), key=self._order.__getitem__)

    def scope(self, unit_id: str) -> list[str]:
        """Return the units that a report on `unit_id` covers on every map: its subtree and their predecessors."""
        return [*self.subtree(unit_id), *self.predecessors(unit_id)]

    def change_days(self, unit_ids: Sequence[str], from_date: date, to_date: date) -> list[date]:
        """Return the days after `from_date`, up to `to_date`, whose map differs from that of the day before."""
        days = []
        for day in sorted(day for day in self._days if from_date < day <= to_date):
            before = day - timedelta(days=1)
            if any(self.place(unit_id, day) != self.place(unit_id, before) for unit_id in unit_ids):
                days.append(day)
        return days

    def parts(self, unit_ids: Sequence[str], from_date: date, to_date: date) -> list[tuple[date, date]]:
        """Split a range of days, both ends included, into parts in which the map of these units does not change."""
        starts = [from_date, *self.change_days(unit_ids, from_date, to_date)]
        ends = [*(start - timedelta(days=1) for start in starts[1:]), to_date]
        return list(zip(starts, ends, strict=True))

    @cached_property
    def _order(self) -> dict[str, int]:
        """The place of each unit in the catalogue."""
        return {unit_id: number for number, unit_id in enumerate(self._units)}

    @cached_property
    def _days(self) -> set[date]:
        """The days on which the map may change: the days of successions and the first days of units."""
        return {row.on for row in self._successions} | {unit.valid_from for unit in self._units.values()}

    def _back(self, unit: Unit, day: date) -> str:
        former = unit
        while day < former.valid_from:
            if former.unit_id not in self._was:
                return unit.unit_id
            former = self._units[self._was[former.unit_id]]
        return former.unit_id if former.holds_on(day) else unit.unit_id


@lru_cache(maxsize=4)
def map_of(catalog: Catalog) -> UnitMap:
    """Return the map of a catalogue, made once for each load of it."""
    return UnitMap(catalog.units, catalog.successions)
