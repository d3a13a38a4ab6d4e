"""Deadlines to announce and publish procedures: rows 1.1 and 1.2 of index 766 (domain.md section 1.2).

In: the days stated in the catalogue and the effective-dated rules of `procedures/deadlines.yaml`. Out: each procedure
with a deadline in a period as on time, late or due, and the counts of both rows. Never: a procedure counted twice in a
row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from motcua.catalog import Catalog, Procedure, catalog_file
from motcua.catalog.load import read_document
from motcua.catalog.models import Entry
from motcua.days.workdays import add_workdays, working_calendar
from motcua.errors import CatalogError
from motcua.period import Period

Step = Literal["announcement", "publication"]
Standing = Literal["on_time", "late", "due"]


class Workdays(BaseModel):
    """Working days, by who decides: the province for its own rows, a ministry for national rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    province: int = Field(ge=0)
    ministry: int = Field(ge=0)

    def of(self, procedure: Procedure) -> int:
        return self.province if procedure.province else self.ministry


class DeadlineRule(Entry):
    """The working days of both deadlines.

    The decision comes at least `announced_before` ahead of the day on which the legal basis takes effect. The procedure
    is public at most `published_after` later than the decision.
    """

    announced_before: Workdays
    published_after: Workdays
    evidence: str = Field(min_length=1)


class DeadlineRules(BaseModel):
    """The file `procedures/deadlines.yaml`: rules, each with the days on which it holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[DeadlineRule, ...] = Field(min_length=1)

    def on(self, day: date) -> DeadlineRule:
        """Return the rule that holds on a day. Raises CatalogError when no rule or several rules hold."""
        rules = [rule for rule in self.rules if rule.holds_on(day)]
        if len(rules) != 1:
            raise CatalogError(
                f"procedures/deadlines.yaml: {len(rules)} rules hold on {day}.",
                action="correct valid_from and valid_to so that exactly one rule holds.",
            )
        return rules[0]


@dataclass(frozen=True)
class Deadline:
    """One step of one procedure in a period. `done_on` is None while the step is not done."""

    step: Step
    code: str
    level: str
    name: str
    deadline_on: date
    done_on: date | None
    standing: Standing
    decision_no: str


@dataclass(frozen=True)
class Deadlines:
    """The steps of a period. A row's numerator counts distinct procedures that are never late, its denominator all."""

    period: Period
    entries: tuple[Deadline, ...]

    def ratio(self, step: Step) -> tuple[int, int]:
        """Return (on time, all) of row 1.1 (announcement) or 1.2 (publication). (0, 0) is no rate, not a rate of 0."""
        counted = [entry for entry in self.entries if entry.step == step and _is_counted(entry, self.period)]
        codes = {entry.code for entry in counted}
        late = {entry.code for entry in counted if entry.standing != "on_time"}
        return len(codes - late), len(codes)

    def of(self, step: Step, standing: Standing) -> int:
        """Return how many distinct procedures have this standing.

        A procedure that is late at any level is late; otherwise one that is due at any level is due.
        """
        order: tuple[Standing, ...] = ("late", "due", "on_time")
        worst: dict[str, Standing] = {}
        for entry in self.entries:
            if entry.step == step:
                worst[entry.code] = min(worst.get(entry.code, "on_time"), entry.standing, key=order.index)
        return sum(of_procedure == standing for of_procedure in worst.values())


def procedure_deadlines(catalog: Catalog, period: Period, province: str | None = None) -> Deadlines:
    """Return the announcements and publications of a period.

    Announcement: decisions dated in the period, and decisions that are missing at its end although the legal basis
    takes effect in the period or later; these are late or due. Row 1.1 counts only decisions that were taken.
    Publication: procedures published in the period, and announced procedures that are not published at its end; these
    are late when the deadline has passed, otherwise due.

    Args:
        province: official code; only the rows of that province are taken. None: every row.
    """
    rules = read_document(catalog_file(catalog.folder, "procedures", "deadlines.yaml"), DeadlineRules)
    calendar = working_calendar(catalog.folder)
    entries: list[Deadline] = []
    for row in catalog.procedures:
        if province is not None and row.province != province:
            continue
        if row.effective_on is not None:
            days = rules.on(row.announced_on or row.effective_on).announced_before.of(row)
            last = add_workdays(row.effective_on, -days, calendar)
            entries += _step("announcement", row, last, row.announced_on, period)
        if row.announced_on is not None:
            days = rules.on(row.announced_on).published_after.of(row)
            last = add_workdays(row.announced_on, days, calendar)
            entries += _step("publication", row, last, row.published_on, period)
    return Deadlines(period, tuple(sorted(entries, key=lambda entry: (entry.step, entry.deadline_on, entry.code))))


def _step(step: Step, row: Procedure, last: date, done_on: date | None, period: Period) -> Iterable[Deadline]:
    done_by_end = done_on if done_on is not None and done_on <= period.to_date else None
    is_in_period = done_by_end is not None and period.from_date <= done_by_end
    is_waiting = done_by_end is None and (
        step == "publication" or (row.effective_on is not None and row.effective_on >= period.from_date)
    )
    if step == "publication" and row.announced_on is not None and row.announced_on > period.to_date:
        return  # not decided by the last day of the period
    if not (is_in_period or is_waiting):
        return
    standing: Standing = (
        ("on_time" if done_by_end <= last else "late")
        if done_by_end is not None
        else "late"
        if last <= period.to_date
        else "due"
    )
    yield Deadline(step, row.code, row.level, row.name, last, done_by_end, standing, row.decision_no)


def _is_counted(entry: Deadline, period: Period) -> bool:
    if entry.step == "announcement":
        return entry.done_on is not None
    return entry.done_on is not None or entry.deadline_on <= period.to_date
