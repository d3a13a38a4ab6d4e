"""What a report is about, resolved once and handed on: the units it covers, its days, and the map they are read on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from motcua.catalog import Catalog, Unit
from motcua.errors import ReportRefused
from motcua.period import Period, previous_period
from motcua.settings import TIMEZONE
from motcua.units.map import UnitMap, map_of

AS_WAS, AS_NOW = "as-was", "as-now"


@dataclass(frozen=True)
class Scope:
    """A unit, a period and a map: whose figures are read, over which days, and on whose lines they stand.

    Attributes:
        unit_ids: the units covered, whatever the map: the unit's subtree, and all whose dossiers end in it.
        today: the day of reading, in Asia/Ho_Chi_Minh; the days before it are over.
        asked: the map as it was asked for: `as-was`, `as-now`, a day, or none.
        day: the day whose map it is; as it was, or without one asked for, the last of the period.
        looks_ahead: whether the days after the period matter too; not of a part that another follows.
    """

    catalog: Catalog = field(repr=False)
    unit: Unit
    period: Period
    today: date
    asked: str | None
    day: date
    map: UnitMap = field(repr=False)
    unit_ids: tuple[str, ...] = field(repr=False)
    looks_ahead: bool = True

    @classmethod
    def of(
        cls, catalog: Catalog, unit: str, period: Period, on_map: str | None = None, today: date | None = None
    ) -> Scope:
        """Resolve what is asked for.

        Args:
            unit: official code or unit id; a code means what it does on the period's last day, else on its first.
            on_map: `as-was`, `as-now`, a date such as `2025-06-30`, or none.
            today: the clock's day by default.

        Raises:
            CatalogError: the unit is unknown on the period's days.
            ReportRefused: the map is none of these.
        """
        covered = catalog.unit_in(unit, period)
        now = today or datetime.now(ZoneInfo(TIMEZONE)).date()
        units = map_of(catalog)
        day = _map_day(on_map, period, now)
        return cls(catalog, covered, period, now, on_map, day, units, tuple(units.scope(covered.unit_id)))

    @cached_property
    def units(self) -> list[Unit]:
        """The units covered."""
        return [self.catalog.unit_by_id[unit_id] for unit_id in self.unit_ids]

    @cached_property
    def placed(self) -> Mapping[str, str]:
        """For each unit covered, the unit on whose line it stands on the map."""
        return self.map.placement(self.unit_ids, self.day)

    @cached_property
    def placed_in_period(self) -> Mapping[str, str]:
        """For each unit covered, the unit on whose line it stands on the map of the period's last day."""
        return self.map.placement(self.unit_ids, self.period.to_date)

    @property
    def is_on_own_map(self) -> bool:
        """True when every unit stands where it does on the period's last day."""
        return self.placed == self.placed_in_period

    @cached_property
    def parts(self) -> tuple[Scope, ...]:
        """The parts of the period, each on its own map, where the map of these units changes in it; else none."""
        spans = self.map.parts(self.unit_ids, self.period.from_date, self.period.to_date)
        if len(spans) == 1:
            return ()
        return tuple(
            replace(
                self,
                period=Period("CUSTOM", f"{first}..{last}", first, last),
                day=first,
                looks_ahead=last == self.period.to_date,
            )
            for first, last in spans
        )

    @property
    def before(self) -> Scope | None:
        """The period of the same kind just before, on the same map; none before one of any other days."""
        earlier = previous_period(self.period)
        return None if earlier is None else replace(self, period=earlier, looks_ahead=False)

    def of_unit(self, unit: Unit) -> Scope:
        """Return the same days and map for another unit."""
        return replace(self, unit=unit, unit_ids=tuple(self.map.scope(unit.unit_id)))

    def over(self, period: Period) -> Scope:
        """Return the same unit over other days, on the map of their last day."""
        return replace(self, period=period, asked=None, day=period.to_date)

    def on_own_map(self) -> Scope:
        """Return the same on the map of the period's last day."""
        return self.over(self.period)

    @property
    def map_code(self) -> str:
        """What names the map in an edition: nothing for the period's own, or for one that does not differ."""
        if self.is_on_own_map:
            return ""
        return AS_NOW if self.asked == AS_NOW else self.day.isoformat()


def _map_day(on_map: str | None, period: Period, today: date) -> date:
    if on_map is None or on_map == AS_WAS:
        return period.to_date
    if on_map == AS_NOW:
        return today
    try:
        return date.fromisoformat(on_map)
    except ValueError:
        raise ReportRefused(
            f"{on_map!r} is no map of units.", action="ask for as-was, as-now, or a day such as 2025-06-30."
        ) from None
