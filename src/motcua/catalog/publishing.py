"""Which reports are published by themselves, and for which periods: `publishing.yaml` of the catalogue, typed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from motcua.catalog.load import catalog_file, read_document
from motcua.catalog.models import Entry
from motcua.period import Period, PeriodType

Clock = Literal["reporting_periods", "calendar_months"]


class PublishingRule(Entry):
    """One report and the types of period it is published for. `valid_*` are days on which periods end."""

    report: str
    clock: Clock
    periods: tuple[PeriodType, ...] = Field(min_length=1)
    only_if_told: bool = False
    evidence: str


class PublishingRules(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[PublishingRule, ...]

    def of(self, clock: Clock, period: Period) -> list[PublishingRule]:
        """Return the rules in force for a period that a clock starts, or somebody names to its DAG."""
        return [
            rule
            for rule in self.rules
            if rule.clock == clock and period.period_type in rule.periods and rule.holds_on(period.to_date)
        ]


@lru_cache(maxsize=4)
def load_publishing(catalog_dir: Path) -> PublishingRules:
    """Return the rules of a catalogue, or the shipped ones. Raises CatalogError naming file and line."""
    return read_document(catalog_file(catalog_dir, "", "publishing.yaml"), PublishingRules)
