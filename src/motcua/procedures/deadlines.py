"""Announcement and publication of procedures by their deadlines: rows 1.1 and 1.2 of index 766 (domain.md section 1.2).

In: the days stated in the catalogue, the effective-dated rules of `procedures/deadlines.yaml`. Out: for each procedure
concerned in a period on time, late or due, and the counts of both rows. Never: a procedure counted twice in a row.
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
    """Working days, by who decides: the province for its own rows, a ministry for the nation's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    province: int = Field(ge=0)
    ministry: int = Field(ge=0)

    def of(self, procedure: Procedure) -> int:
        return self.province if procedure.province else self.ministry


class DeadlineRule(Entry):
    """How long before the legal basis takes effect a decision comes, and how soon after it the procedure is public."""

    announced_before: Workdays
    published_after: Workdays
    evidence: str = Field(min_length=1)


class DeadlineRules(BaseModel):
    """The file: rules in time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[DeadlineRule, ...] = Field(min_length=1)

    def on(self, day: date) -> DeadlineRule:
        """Return the rule of a day. Raises CatalogError when none or several hold."""
        found = [rule for rule in self.rules if rule.holds_on(day)]
        if len(found) != 1:
            raise CatalogError(
                f"procedures/deadlines.yaml: {len(found)} rules hold on {day}.", action="let exactly one hold."
            )
        return found[0]


@dataclass(frozen=True)
class Deadline:
    """One step of one procedure in a period; `done_on` is none while it is still to be done."""

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
    """What fell into a period. A row's numerator counts distinct procedures never late, its denominator all of them."""

    period: Period
    entries: tuple[Deadline, ...]

    def ratio(self, step: Step) -> tuple[int, int]:
        """Return (on time, all) of row 1.1 (announcement) or 1.2 (publication); (0, 0) is none, not zero."""
        counted = [entry for entry in self.entries if entry.step == step and _is_counted(entry, self.period)]
        codes = {entry.code for entry in counted}
        late = {entry.code for entry in counted if entry.standing != "on_time"}
        return len(codes - late), len(codes)

    def of(self, step: Step, standing: Standing) -> int:
        """Return how many distinct procedures stand so; one late anywhere is late, one due elsewhere still is due."""
        order: tuple[Standing, ...] = ("late", "due", "on_time")
        worst: dict[str, Standing] = {}
        for entry in self.entries:
            if entry.step == step:
                worst[entry.code] = min(worst.get(entry.code, "on_time"), entry.standing, key=order.index)
        return sum(found == standing for found in worst.values())


def procedure_deadlines(catalog: Catalog, period: Period, province: str | None = None) -> Deadlines:
    """Return the announcements and publications of a period.

    Announcement: decisions dated in the period, and those not taken by its end though the legal basis takes effect in
    it or later: late or due. Row 1.1 counts decisions taken only. Publication: procedures made public in the period,
    and those whose deadline passed by its end without; a decision whose time still runs is due.

    Args:
        province: official code: that province's own rows; none: every row.
    """
    rules = read_document(catalog_file(catalog.folder, "procedures", "deadlines.yaml"), DeadlineRules)
    calendar = working_calendar(catalog.folder)
    found: list[Deadline] = []
    for row in catalog.procedures:
        if province is not None and row.province != province:
            continue
        if row.effective_on is not None:
            days = rules.on(row.announced_on or row.effective_on).announced_before.of(row)
            last = add_workdays(row.effective_on, -days, calendar)
            found += _step("announcement", row, last, row.announced_on, period)
        if row.announced_on is not None:
            days = rules.on(row.announced_on).published_after.of(row)
            last = add_workdays(row.announced_on, days, calendar)
            found += _step("publication", row, last, row.published_on, period)
    return Deadlines(period, tuple(sorted(found, key=lambda entry: (entry.step, entry.deadline_on, entry.code))))


def _step(step: Step, row: Procedure, last: date, done_on: date | None, period: Period) -> Iterable[Deadline]:
    known = done_on if done_on is not None and done_on <= period.to_date else None
    is_in = known is not None and period.from_date <= known
    is_waiting = known is None and (
        step == "publication" or (row.effective_on is not None and row.effective_on >= period.from_date)
    )
    if step == "publication" and row.announced_on is not None and row.announced_on > period.to_date:
        return  # not yet decided on the last day of the period
    if not (is_in or is_waiting):
        return
    standing: Standing = (
        ("on_time" if known <= last else "late") if known is not None else "late" if last <= period.to_date else "due"
    )
    yield Deadline(step, row.code, row.level, row.name, last, known, standing, row.decision_no)


def _is_counted(entry: Deadline, period: Period) -> bool:
    if entry.step == "announcement":
        return entry.done_on is not None
    return entry.done_on is not None or entry.deadline_on <= period.to_date
