"""Cuts of resolution times: how much of the statutory time a province's own time saves, in the classes of the reports.

In: the catalogue on a day and the classes of `procedures/cuts.yaml`. Out: counts with their base, next to published
counts. Never: a procedure whose two times cannot be compared among those whose times can; a share without its counts.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from motcua.catalog import Catalog, Procedure, TimeUnit, catalog_file
from motcua.catalog.load import read_document
from motcua.catalog.procedures import in_force
from motcua.days.due_dates import due_rules
from motcua.errors import CatalogError
from motcua.percentage import percentage


class CutBand(BaseModel):
    """One class of cuts, by the saved percentage of the statutory time. `since`: only cuts made from that day on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    from_pct: float | None = None
    above_pct: float | None = None
    to_pct: float | None = None
    below_pct: float | None = None
    since: date | None = None
    metric: str = ""
    vi: str
    en: str

    def holds(self, saved_pct: Fraction, made_on: date) -> bool:
        """Return whether a saving that was made on a day falls into the class."""
        return (
            (self.since is None or made_on >= self.since)
            and (self.from_pct is None or saved_pct >= Fraction(str(self.from_pct)))
            and (self.above_pct is None or saved_pct > Fraction(str(self.above_pct)))
            and (self.to_pct is None or saved_pct <= Fraction(str(self.to_pct)))
            and (self.below_pct is None or saved_pct < Fraction(str(self.below_pct)))
        )


class CutBands(BaseModel):
    """The classes: `parts` divide the whole; `also` are further classes that overlap them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: tuple[CutBand, ...] = Field(min_length=1)
    also: tuple[CutBand, ...] = ()
    evidence: str


@dataclass(frozen=True)
class CutRow:
    """The number of procedures in a class and its base. `published` is the (count, base) that a province published."""

    band: CutBand
    count: int
    base: int
    published: tuple[int, int | None] | None = None

    @property
    def share_pct(self) -> float | None:
        """The share in percent, with two decimals; None when the base is 0."""
        share = percentage(self.count, self.base)
        return None if share is None else float(share)

    @property
    def agrees(self) -> bool | None:
        """Whether the published counts equal ours; None when nothing was published."""
        if self.published is None:
            return None
        count, base = self.published
        return count == self.count and base in (None, self.base)


@dataclass(frozen=True)
class Cuts:
    """The classes of one province on one day. `not_comparable` procedures lack a time, or have units that differ."""

    on: date
    province: str
    rows: tuple[CutRow, ...]
    not_comparable: int

    @property
    def base(self) -> int:
        return self.rows[0].base


def time_cuts(catalog: Catalog, on: date, province: str = "", published: Path | None = None) -> Cuts:
    """Return how far the resolution times are cut below the statutory times.

    A procedure counts once, at the level where its time is cut least. A procedure without a time of the province's own
    is counted as not comparable, not as unchanged: its time is not known.

    Raises:
        CatalogError: a procedure falls into no class of `parts`, or into two.
    """
    bands = read_document(catalog_file(catalog.folder, "procedures", "cuts.yaml"), CutBands)
    rules = due_rules(catalog.folder)
    savings: dict[str, tuple[Fraction, date] | None] = {}
    for procedure in in_force(catalog.procedures, on, province):
        index = rules.narrowest_index(procedure.code, procedure.field_code, province, on)
        saved = saved_pct(procedure, rules.rules[index].hours_a_day if index is not None else 8.0)
        least = savings.setdefault(procedure.code, None)
        if saved is not None and (least is None or saved < least[0]):
            savings[procedure.code] = (saved, procedure.valid_from)
    compared = [saving for saving in savings.values() if saving is not None]
    for saving in compared:
        holding = [band.code for band in bands.parts if band.holds(*saving)]
        if len(holding) != 1:
            raise CatalogError(
                f"procedures/cuts.yaml: a cut of {float(saving[0]):.2f} % is in {', '.join(holding) or 'no class'}.",
                action="correct the limits so that the classes of `parts` have no gap and no overlap.",
            )
    published_counts = _published(published, catalog, province, on) if published else {}
    rows = tuple(
        CutRow(band, sum(band.holds(*saving) for saving in compared), len(compared), published_counts.get(band.metric))
        for band in (*bands.parts, *bands.also)
    )
    return Cuts(on, province, rows, len(savings) - len(compared))


def saved_pct(procedure: Procedure, hours_a_day: float) -> Fraction | None:
    """Return how much of the statutory time the announced time saves, in percent; None when they cannot be compared.

    The unit "same day" counts as one working day here, because it may end on the next day (domain.md section 4.4).
    """
    times: list[tuple[int, TimeUnit]] = []
    for limit, unit in (
        (procedure.time_limit, procedure.time_unit),
        (procedure.announced_limit, procedure.announced_unit),
    ):
        if limit is None or unit is None:
            return None
        times.append((1, "working_days") if unit == "same_day" else (limit, unit))
    (statutory, statutory_unit), (announced, announced_unit) = times
    if statutory_unit == announced_unit:
        return 100 * Fraction(statutory - announced, statutory) if statutory else None
    if "calendar_days" in (statutory_unit, announced_unit):
        return None  # calendar days do not correspond to a fixed number of working days
    hours_of_day = Fraction(str(hours_a_day))
    hours, announced_hours = (
        Fraction(limit) * (hours_of_day if kind == "working_days" else 1) for limit, kind in times
    )
    return 100 * (hours - announced_hours) / hours if hours else None


def _published(path: Path, catalog: Catalog, province: str, on: date) -> dict[str, tuple[int, int | None]]:
    names = {unit.name for unit in catalog.units if unit.code == province and unit.level == "province"}
    counts: dict[str, tuple[int, int | None]] = {}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            of_day = date.fromisoformat(row["from_date"]) <= on <= date.fromisoformat(row["to_date"])
            if of_day and row["numerator"].isdigit() and any(name.endswith(row["province"]) for name in names):
                base = int(row["denominator"]) if row["denominator"].isdigit() else None
                counts[row["metric"]] = (int(row["numerator"]), base)
    return counts
