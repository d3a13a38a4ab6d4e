"""What units owe and by when: `obligations.yaml` of the catalogue, typed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from motcua.catalog.load import catalog_file, read_document
from motcua.catalog.models import Entry
from motcua.catalog.options import ClosedModel
from motcua.period import Period, PeriodType

UnitKind = Literal["province", "district", "commune", "agency"]
OWED_TYPES: tuple[PeriodType, ...] = ("RPT_MONTH", "RPT_QUARTER", "RPT_H1", "RPT_H2", "RPT_9M", "RPT_YEAR")


def _owed_by_law(kind: PeriodType) -> PeriodType:
    if kind not in OWED_TYPES:
        raise ValueError(f"nothing is owed for {kind}; use {', '.join(OWED_TYPES)}")
    return kind


class Due(ClosedModel):
    """When a report falls due: so many working days after its period, or on a day of the period's last month."""

    working_days: int | None = Field(default=None, ge=1, le=60)
    day: int | None = Field(default=None, ge=15, le=28)
    when_rest_day: Literal["before", "after"] = "before"

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Due:
        if (self.working_days is None) == (self.day is None):
            raise ValueError("give working_days or day, one of the two")
        return self


class ObligationRule(Entry):
    """One report owed by units of some kinds for periods of some types. `valid_*` are days on which periods end."""

    report: str
    kinds: tuple[UnitKind, ...] = Field(min_length=1)
    periods: tuple[Annotated[PeriodType, BeforeValidator(_owed_by_law)], ...] = Field(min_length=1)
    due: Due
    evidence: str

    def covers(self, kind: str, period: Period) -> bool:
        return kind in self.kinds and period.period_type in self.periods and self.holds_on(period.to_date)


class ObligationRules(ClosedModel):
    """The whole file."""

    plan_ahead_days: int = Field(default=45, ge=30, le=400)
    reminder_working_days: tuple[int, ...] = (-3, -1, 0, 1)
    quarantined_pct: float = Field(default=5, ge=0, le=100)
    rules: tuple[ObligationRule, ...]

    def rule(self, report: str, kind: str, period: Period) -> ObligationRule | None:
        """Return the rule in force for a report, a kind of unit and a period; of several the latest."""
        in_force = [rule for rule in self.rules if rule.report == report and rule.covers(kind, period)]
        return max(in_force, key=lambda rule: rule.valid_from, default=None)

    @property
    def reports(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(rule.report for rule in self.rules))


@lru_cache(maxsize=4)
def load_obligations(catalog_dir: Path) -> ObligationRules:
    """Return the rules of a catalogue, or the shipped ones. Raises CatalogError naming file and line."""
    return read_document(catalog_file(catalog_dir, "", "obligations.yaml"), ObligationRules)
