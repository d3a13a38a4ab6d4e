"""Which units a report covers and on which map they are read: as it was, as it is now, or that of a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from motcua.catalog import Catalog, Unit
from motcua.errors import ReportRefused
from motcua.period import Period
from motcua.settings import TIMEZONE
from motcua.units.map import UnitMap

AS_WAS, AS_NOW = "as-was", "as-now"


@dataclass(frozen=True)
class Scope:
    """The units a report on `unit` covers, whatever the map: its subtree, and all whose dossiers end in it."""

    catalog: Catalog
    unit: Unit

    @cached_property
    def map(self) -> UnitMap:
        return UnitMap(self.catalog.units, self.catalog.successions)

    @cached_property
    def unit_ids(self) -> list[str]:
        return self.map.scope(self.unit.unit_id)

    @cached_property
    def units(self) -> list[Unit]:
        return [self.catalog.unit_by_id[unit_id] for unit_id in self.unit_ids]

    def placement(self, day: date) -> Mapping[str, str]:
        """Return, for each unit covered, the unit on whose line it stands on the map of a day."""
        return self.map.placement(self.unit_ids, day)

    def parts(self, period: Period) -> list[Period]:
        """Return the parts of a period on each of which the map of these units is one; the period itself if it is."""
        found = self.map.parts(self.unit_ids, period.from_date, period.to_date)
        if len(found) == 1:
            return [period]
        return [Period("CUSTOM", f"{first}..{last}", first, last) for first, last in found]


def map_day(on_map: str | None, period: Period, today: date | None = None) -> date:
    """Return the day whose map is asked for; without one, or as it was, that of the period's last day.

    Args:
        on_map: `as-was`, `as-now`, a date such as `2025-06-30`, or none.
        today: the day `as-now` means, in Asia/Ho_Chi_Minh; the clock's by default.

    Raises:
        ReportRefused: it is none of these.
    """
    if on_map is None or on_map == AS_WAS:
        return period.to_date
    if on_map == AS_NOW:
        return today or datetime.now(ZoneInfo(TIMEZONE)).date()
    try:
        return date.fromisoformat(on_map)
    except ValueError:
        raise ReportRefused(
            f"{on_map!r} is no map of units.", action="ask for as-was, as-now, or a day such as 2025-06-30."
        ) from None
