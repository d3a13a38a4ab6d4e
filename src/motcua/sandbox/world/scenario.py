"""Scenarios: what a province published for a period, and what the sandbox adds around it. One YAML file each."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from motcua.catalog import Catalog, Level, Source
from motcua.errors import CatalogError
from motcua.period import Period, period_between

SCENARIOS = Path(__file__).parent / "scenarios"
Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LevelTotals(_Strict):
    """Form II.06a of one level over the period, in dossiers. The rest of `received` is open at its end."""

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
        return self.received - self.resolved - self.withdrawn - self.stopped

    @model_validator(mode="after")
    def _adds_up(self) -> LevelTotals:
        if self.online > self.received or self.resolved_on_time < 0 or self.open_total < self.open_overdue:
            raise ValueError("the parts are more than the whole")
        return self


class Changes(_Strict):
    """How many dossiers say something else on night 2 than on night 1."""

    corrected_procedure: Count
    corrected_channel: Count
    corrected_due: Count
    closed: Count
    reopened: Count
    moved: Count
    arrived_late: Count
    repaired: Count


class Noise(_Strict):
    """Records that must never count: how many of each kind."""

    public_copies: Count
    interagency_children: Count
    deleted: Count
    broken: Count
    not_accepted: Count
    drafts: Count
    outside_period: Count


class Reform(_Strict):
    """A day on which units and systems change: what the old ones had open, the heirs' systems go on with.

    Attributes:
        first_day: of the new units; night 1 is that of the day before.
        report_from: first day of the report, so that dossiers received before it are carried over.
    """

    first_day: date
    report_from: date


class Scenario(_Strict):
    """A province, a period, the figures to reproduce to the unit, and the seed everything else follows from.

    Attributes:
        province: official code of the province; the unit id of the new one in a reform.
        province_name, published_label: which rows of include/catalog/published_figures.csv it reproduces.
        goes_down: id of the source that does not answer on night 2.
        source_ids: the sources it is limited to; empty means all of the province.
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
    levels: dict[Level, LevelTotals]
    changes: Changes
    noise: Noise
    reform: Reform | None = None

    @property
    def period(self) -> Period:
        """The period reported on."""
        return period_between(self.reform.report_from if self.reform else self.from_date, self.to_date)

    def day_of_night(self, night: int) -> date:
        """The calendar day on which a night's pull runs: night 1 is the day after the period's last day.

        In a reform night 1 is that of the last day of the old units, and night 2 that of the period's last day.
        """
        if self.reform:
            return self.reform.first_day if night == 1 else self.to_date + timedelta(days=1)
        return self.to_date + timedelta(days=night)

    def sources(self, catalog: Catalog) -> list[Source]:
        """Return the sources the scenario serves, in the order of the catalogue."""
        days = [self.from_date, self.reform.first_day] if self.reform else [self.from_date]
        in_force = [source for day in days for source in catalog.sources_on(day, province=self.province)]
        wanted = set(self.source_ids)
        found = [source for source in in_force if not wanted or source.source_id in wanted]
        missing = (wanted | {self.goes_down}) - {source.source_id for source in found}
        if missing:
            raise CatalogError(
                f"Scenario {self.scenario_id} names sources the catalogue has not: {', '.join(sorted(missing))}.",
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
