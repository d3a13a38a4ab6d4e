"""Cut resolution times: what a province's own time saves of the statutory one, in the classes reports speak in.

In: the catalogue on a day, the classes of `procedures/cuts.yaml`. Out: counts with their base, beside published ones.
Never: a procedure whose two times cannot be compared among those that can; a share without its counts.
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
from motcua.days.due_dates import due_rules
from motcua.errors import CatalogError


class CutBand(BaseModel):
    """One class of cuts, by the percentage of the statutory time saved; with `since` only those from then on."""

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
        """Return whether a saving, made on a day, falls into the class."""
        return (
            (self.since is None or made_on >= self.since)
            and (self.from_pct is None or saved_pct >= Fraction(str(self.from_pct)))
            and (self.above_pct is None or saved_pct > Fraction(str(self.above_pct)))
            and (self.to_pct is None or saved_pct <= Fraction(str(self.to_pct)))
            and (self.below_pct is None or saved_pct < Fraction(str(self.below_pct)))
        )


class CutBands(BaseModel):
    """The classes: `parts` of the whole, and others counted `also`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: tuple[CutBand, ...] = Field(min_length=1)
    also: tuple[CutBand, ...] = ()
    evidence: str


@dataclass(frozen=True)
class CutRow:
    """How many procedures fall into a class, of how many; `published` is what a province said of the same."""

    band: CutBand
    count: int
    base: int
    published: tuple[int, int | None] | None = None

    @property
    def share_pct(self) -> float | None:
        """The share in percent, to two decimals; none without a base."""
        return percentage(self.count, self.base)

    @property
    def agrees(self) -> bool | None:
        """Whether the published counts are ours; none where nothing was published."""
        if self.published is None:
            return None
        count, base = self.published
        return count == self.count and base in (None, self.base)


@dataclass(frozen=True)
class Cuts:
    """The classes of one province on one day. `not_comparable` lack a time, or their units do not compare."""

    on: date
    province: str
    rows: tuple[CutRow, ...]
    not_comparable: int

    @property
    def base(self) -> int:
        return self.rows[0].base


def time_cuts(catalog: Catalog, on: date, province: str = "", published: Path | None = None) -> Cuts:
    """Return how far resolution times are cut below the statutory ones.

    A procedure counts once, at the level where it is cut least. One without a time of the province's own is not
    unchanged but not comparable: nobody said what it is.

    Raises:
        CatalogError: a procedure falls into no class of `parts`, or into two.
    """
    bands = read_document(catalog_file(catalog.folder, "procedures", "cuts.yaml"), CutBands)
    rules = due_rules(catalog.folder)
    savings: dict[str, tuple[Fraction, date] | None] = {}
    for procedure in _in_force(catalog, on, province):
        place = rules.place(procedure.code, procedure.field_code, province, on)
        saved = saved_pct(procedure, rules.rules[place].hours_a_day if place is not None else 8.0)
        known = savings.setdefault(procedure.code, None)
        if saved is not None and (known is None or saved < known[0]):
            savings[procedure.code] = (saved, procedure.valid_from)
    compared = [saving for saving in savings.values() if saving is not None]
    for saving in compared:
        holding = [band.code for band in bands.parts if band.holds(*saving)]
        if len(holding) != 1:
            raise CatalogError(
                f"procedures/cuts.yaml: a cut of {float(saving[0]):.2f} % is in {', '.join(holding) or 'no class'}.",
                action="let the classes of `parts` meet without a gap.",
            )
    said = _published(published, catalog, province, on) if published else {}
    rows = tuple(
        CutRow(band, sum(band.holds(*saving) for saving in compared), len(compared), said.get(band.metric))
        for band in (*bands.parts, *bands.also)
    )
    return Cuts(on, province, rows, len(savings) - len(compared))


def saved_pct(procedure: Procedure, hours_a_day: float) -> Fraction | None:
    """Return how much of the statutory time the announced one saves, in percent; none where they do not compare.

    The same day is one working day here: it may end on the next one (domain.md section 4.4).
    """
    times: list[tuple[int, TimeUnit]] = []
    for limit, unit in (
        (procedure.time_limit, procedure.time_unit),
        (procedure.announced_limit, procedure.announced_unit),
    ):
        if limit is None or unit is None:
            return None
        times.append((1, "working_days") if unit == "same_day" else (limit, unit))
    (whole, whole_unit), (own, own_unit) = times
    if whole_unit == own_unit:
        return 100 * Fraction(whole - own, whole) if whole else None
    if "calendar_days" in (whole_unit, own_unit):
        return None  # a number of calendar days is no fixed number of working days
    day = Fraction(str(hours_a_day))
    hours, own_hours = (Fraction(limit) * (day if kind == "working_days" else 1) for limit, kind in times)
    return 100 * (hours - own_hours) / hours if hours else None


def percentage(count: int, base: int) -> float | None:
    """Return a share in percent, half up to two decimals as domain.md section 3.7 asks; none without a base."""
    return int(Fraction(count * 10_000, base) + Fraction(1, 2)) / 100 if base else None


def _in_force(catalog: Catalog, on: date, province: str) -> list[Procedure]:
    """The rows in force, the province's own in place of the nation's of the same level."""
    rows = [row for row in catalog.procedures if row.holds_on(on) and row.state != "INACTIVE"]
    own = {(row.code, row.level): row for row in rows if row.province == province}
    return [*own.values(), *(row for row in rows if row.province == "" and (row.code, row.level) not in own)]


def _published(path: Path, catalog: Catalog, province: str, on: date) -> dict[str, tuple[int, int | None]]:
    names = {unit.name for unit in catalog.units if unit.code == province and unit.level == "province"}
    found: dict[str, tuple[int, int | None]] = {}
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            of_day = date.fromisoformat(row["from_date"]) <= on <= date.fromisoformat(row["to_date"])
            if of_day and row["numerator"].isdigit() and any(name.endswith(row["province"]) for name in names):
                base = int(row["denominator"]) if row["denominator"].isdigit() else None
                found[row["metric"]] = (int(row["numerator"]), base)
    return found
