"""When a report is published by itself: what starts it, and for which types of period."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from motcua.catalog.models import Entry
from motcua.period import Period, PeriodType

# What starts a report. `nights`: DAG publish_nightly_brief, once the measures hold a night. `reporting_periods`: DAG
# publish_period_reports, on the 15th. `calendar_months`: DAG publish_index_766, on the 2nd. Each also by hand.
Clock = Literal["nights", "reporting_periods", "calendar_months"]


class PublishingRule(Entry):
    """One clock and the types of period a report is published for. `valid_*` are days on which periods end.

    `only_if_told` leaves the report out where no source of the unit tells any fact its columns need (no petitions, no
    digitised papers): it would hold dashes and nothing else of its own.
    """

    clock: Clock
    periods: tuple[PeriodType, ...] = Field(min_length=1)
    only_if_told: bool = False
    evidence: str

    def covers(self, clock: Clock, period: Period) -> bool:
        """True when the rule holds for a period that a clock starts, or somebody names to its DAG."""
        return self.clock == clock and period.period_type in self.periods and self.holds_on(period.to_date)
