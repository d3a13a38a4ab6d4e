"""Scenarios, one YAML file each: the figures that a province published for a period, and what the sandbox adds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from motcua.catalog import Catalog, Level, Source
from motcua.errors import CatalogError
from motcua.period import Period, period_between
from motcua.sandbox.world.working_days import DAY_SECONDS, day_number

SCENARIOS = Path(__file__).parent / "scenarios"
Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LevelTotals(_Strict):
    """Form II.06a of one level over the period, in dossiers. A dossier not closed in the period is open at its end.

    Attributes:
        carried_over: received before the period and open on its first day. Each is closed in the period and counted in
            `resolved`, `withdrawn` or `stopped`, or stays open.
    """

    carried_over: Count = 0
    received: Count
    online: Count
    resolved: Count
    resolved_early: Count
    resolved_late: Count
    withdrawn: Count = 0
    stopped: Count = 0
    open_overdue: Count = 0
    evidence: str

    @property
    def resolved_on_time(self) -> int:
        return self.resolved - self.resolved_early - self.resolved_late

    @property
    def open_total(self) -> int:
        return self.carried_over + self.received - self.resolved - self.withdrawn - self.stopped

    @classmethod
    def in_turn(cls, months: Sequence[LevelTotals]) -> LevelTotals:
        """Return the totals of one period that consists of consecutive months."""
        flows = {
            name: sum(getattr(month, name) for month in months)
            for name in ("received", "online", "resolved", "resolved_early", "resolved_late", "withdrawn", "stopped")
        }
        return cls(
            **flows,
            carried_over=months[0].carried_over,
            open_overdue=months[-1].open_overdue,
            evidence="; ".join(dict.fromkeys(month.evidence for month in months)),
        )

    @model_validator(mode="after")
    def _adds_up(self) -> LevelTotals:
        if self.online > self.received or self.resolved_on_time < 0 or self.open_total < self.open_overdue:
            raise ValueError("the parts are larger than the whole")
        return self


class Month(_Strict):
    """A part of a scenario's period with its own totals. It begins with the dossiers that the part before left open."""

    from_date: date
    to_date: date
    levels: dict[Level, LevelTotals]

    @property
    def period(self) -> Period:
        return period_between(self.from_date, self.to_date)


class Changes(_Strict):
    """How many dossiers differ between night 1 and night 2, by kind of change."""

    corrected_procedure: Count
    corrected_channel: Count
    corrected_due: Count
    closed: Count
    reopened: Count
    moved: Count
    arrived_late: Count
    repaired: Count


class Noise(_Strict):
    """The number of records of each kind that must never count."""

    public_copies: Count
    interagency_children: Count
    deleted: Count
    broken: Count
    not_accepted: Count
    drafts: Count
    outside_period: Count


class Reform(_Strict):
    """A day on which units and systems change. The heirs' systems continue the open dossiers of the old systems.

    Attributes:
        first_day: first day of the new units; night 1 shows the day before.
        report_from: first day of the report; dossiers received before it are carried over.
    """

    first_day: date
    report_from: date


class Scenario(_Strict):
    """A province, a period, the figures to reproduce exactly, and the seed for everything else.

    Attributes:
        province: official code of the province; in a reform, the unit id of the new province.
        province_name, published_label: the rows of include/catalog/published_figures.csv that it reproduces.
        goes_down: id of the source that does not answer on night 2.
        source_ids: the sources of the scenario; empty means all sources of the province.
        levels: totals of each level in the period. A scenario with `months` gives them for each month instead.
        past_per_unit: the largest number of dossiers received before the first day in a unit's system. The carried-over
            dossiers must fit into it; the rest are dossiers that were closed before that day.
        nights: number of nights; each night after the first shows one more day after the period.
    """

    scenario_id: str
    title: str
    province: str
    province_name: str
    published_label: str
    from_date: date
    to_date: date
    seed: int
    goes_down: str
    source_ids: tuple[str, ...] = ()
    levels: dict[Level, LevelTotals] = Field(default_factory=dict)
    months: tuple[Month, ...] = ()
    past_per_unit: Count = 400
    nights: Annotated[int, Field(ge=2, le=62)] = 8
    changes: Changes
    noise: Noise
    reform: Reform | None = None

    @model_validator(mode="after")
    def _has_totals_of_every_day(self) -> Scenario:
        if bool(self.levels) == bool(self.months):
            raise ValueError("give levels or months, not both")
        days = [(month.from_date, month.to_date) for month in self.parts]
        ends = [self.from_date, *(last + timedelta(days=1) for _, last in days)]
        if [first for first, _ in days] != ends[:-1] or days[-1][1] != self.to_date:
            raise ValueError("the months must follow one another from from_date to to_date")
        for before, after in pairwise(self.parts):
            left = {level: totals.open_total for level, totals in before.levels.items()}
            if left != {level: totals.carried_over for level, totals in after.levels.items()}:
                raise ValueError(f"carried_over of {after.from_date} differs from the part before, which left {left}")
        return self

    @property
    def parts(self) -> tuple[Month, ...]:
        """The months with their own totals, or the whole period if it has no months."""
        return self.months or (Month(from_date=self.from_date, to_date=self.to_date, levels=self.levels),)

    @property
    def totals(self) -> dict[Level, LevelTotals]:
        """The totals of each level in the whole period."""
        return {
            level: LevelTotals.in_turn([month.levels[level] for month in self.parts]) for level in self.parts[0].levels
        }

    @property
    def period(self) -> Period:
        """The period of the report."""
        return period_between(self.reform.report_from if self.reform else self.from_date, self.to_date)

    def day_of_night(self, night: int) -> date:
        """The calendar day on which a night's pull runs: night 1 is the day after the period's last day.

        In a reform, night 1 follows the last day of the old units, and night 2 follows the period's last day.
        """
        if self.reform:
            return self.reform.first_day if night == 1 else self.to_date + timedelta(days=night - 1)
        return self.to_date + timedelta(days=night)

    def second_of_night(self, night: int) -> int:
        """The instant up to which the systems show events, in seconds of local time: two in the morning."""
        return day_number(self.day_of_night(night)) * DAY_SECONDS + 2 * 3600

    def sources(self, catalog: Catalog) -> list[Source]:
        """Return the sources of the scenario, in the order of the catalogue."""
        days = [self.from_date, self.reform.first_day] if self.reform else [self.from_date]
        in_force = [source for day in days for source in catalog.sources_on(day, province=self.province)]
        wanted = set(self.source_ids)
        found = [source for source in in_force if not wanted or source.source_id in wanted]
        missing = (wanted | {self.goes_down}) - {source.source_id for source in found}
        if missing:
            raise CatalogError(
                f"Scenario {self.scenario_id} names sources not in the catalogue: {', '.join(sorted(missing))}.",
                action="correct goes_down or source_ids, or include/catalog/sources/.",
            )
        return found


def scenario_ids() -> list[str]:
    return sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def load_scenario(scenario_id: str) -> Scenario:
    """Read one scenario.

    Raises:
        CatalogError: there is no such scenario, or its file has an unknown key or figures that do not add up.
    """
    path = SCENARIOS / f"{scenario_id}.yaml"
    if scenario_id not in scenario_ids():
        raise CatalogError(
            f"There is no scenario {scenario_id!r}.", action=f"choose one of {', '.join(scenario_ids())}."
        )
    try:
        return Scenario.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CatalogError(f"{path}: {place}: {first['msg']}.", action="correct that key.") from None
