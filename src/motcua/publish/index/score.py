"""The one scorer: counts to points, exact until the last step, null kept apart from zero (domain.md 1.2 to 1.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from motcua.catalog.index import Band, Definition, IndexLevel, Item, Span
from motcua.errors import InputRefused

# What a row's score rests on. `empty` had nothing to divide by, `undecided` had not either and nobody knows what points
# that gave on the day, `substitute` divided by a share of the prior year, `not_available` was not given,
# `not_applicable` means nothing at the unit's level.
State = Literal["measured", "empty", "undecided", "substitute", "not_available", "not_applicable"]
TEMP_DENOMINATOR = "TEMP_NATIONAL_REPORT_DENOMINATOR"
NO_REPORT_DATA = "NO_NATIONAL_REPORT_DATA"


@dataclass(frozen=True)
class Counts:
    """What is known of a row. No denominator means that it is missing; `prior_year` is last year's annual total.

    `inherited` is true where the counts are those of the province.
    """

    numerator: Fraction
    denominator: Fraction | None
    prior_year: Fraction | None = None
    span: Span = "month"
    inherited: bool = False


@dataclass(frozen=True)
class ItemScore:
    """A row scored: `exact` points before rounding, none where nothing can be said."""

    item: Item
    state: State
    counts: Counts | None
    ratio: Fraction | None
    exact: Fraction | None
    score: Decimal | None
    flag: str = ""

    @property
    def is_available(self) -> bool:
        return self.state not in ("not_available", "not_applicable", "undecided")

    @property
    def is_counted(self) -> bool:
        """True when the row's maximum belongs to what can be reached: also where null adds 0."""
        return self.item.max is not None and (self.is_available or self.exact is not None)

    def as_json(self) -> dict[str, Any]:
        counts = self.counts
        return {
            "score": number(self.score),
            "max": number(self.item.max),
            "state": self.state,
            "numerator": None if counts is None else number(counts.numerator),
            "denominator": None if counts is None else number(counts.denominator),
            "ratio": None if self.ratio is None else round(float(self.ratio), 6),
            "evidence": self.item.evidence,
            **({"flag": self.flag} if self.flag else {}),
            **({"inherited": True} if counts is not None and counts.inherited else {}),
        }


@dataclass(frozen=True)
class GroupScore:
    """A group scored: its rows summed exactly, then rounded. No score when none of its rows is available."""

    code: str
    max: Decimal | None
    items: tuple[ItemScore, ...]
    score: Decimal | None

    def as_json(self) -> dict[str, Any]:
        return {
            "score": number(self.score),
            "max": number(self.max),
            "items": {one.item.id: one.as_json() for one in self.items},
        }


@dataclass(frozen=True)
class Score:
    """An index scored. `total` is the sum of the groups as printed; none when no row is available.

    `max_available` is the maximum of the rows that are known, `max_whole` that of all rows that count at the unit's
    level. Where the two differ, only a range of the score is known (docs/decisions/0061).
    """

    definition: Definition
    groups: tuple[GroupScore, ...]
    total: Decimal | None
    max_available: Decimal
    max_whole: Decimal

    @property
    def items(self) -> tuple[ItemScore, ...]:
        return tuple(one for group in self.groups for one in group.items)

    @property
    def is_complete(self) -> bool:
        """True when every row that applies to the unit's level was available."""
        return all(one.is_available or one.state == "not_applicable" for one in self.items)

    @property
    def known_rows(self) -> frozenset[str]:
        """The rows that were available."""
        return frozenset(one.item.id for one in self.items if one.is_available)

    @property
    def at_least(self) -> Decimal | None:
        """The score in points of 100 if every unknown row has none of its points."""
        return None if self.total is None else self._share(Fraction(self.total), self.max_whole)

    @property
    def at_most(self) -> Decimal | None:
        """The score in points of 100 if every unknown row has all of its points."""
        if self.total is None:
            return None
        return self._share(Fraction(self.total + self.max_whole - self.max_available), self.max_whole)

    @property
    def of_hundred(self) -> Decimal | None:
        """The score in points of 100; none where a row is unknown, as then only the range is known."""
        return self.at_least if self.is_complete else None

    @property
    def of_available(self) -> Decimal | None:
        """What was reached of the known points, in per cent. Units are ranked by it; it is no score of an index."""
        return None if self.total is None else self._share(Fraction(self.total), self.max_available)

    @property
    def band(self) -> Band | None:
        """The class: the one that the unknown rows cannot change, where enough of the points is known; else none."""
        if self.max_available < self.definition.class_needs_share * self.max_whole:
            return None
        lowest, highest = (
            next((band for band in self.definition.bands if value is not None and value >= band.score), None)
            for value in (self.at_least, self.at_most)
        )
        return lowest if lowest == highest else None

    def _share(self, points: Fraction, most: Decimal) -> Decimal:
        return rounded(100 * points / Fraction(most), self.definition.rounding)

    def item(self, row_id: str) -> ItemScore:
        return next(one for one in self.items if one.item.id == row_id)

    def as_json(self) -> dict[str, Any]:
        """Return groups with their rows, the total, its range in points of 100, and the class where it is known."""
        band = self.band
        return {
            "groups": {group.code: group.as_json() for group in self.groups},
            "total": number(self.total),
            "max_available": number(self.max_available),
            "max_whole": number(self.max_whole),
            "at_least": number(self.at_least),
            "at_most": number(self.at_most),
            "of_hundred": number(self.of_hundred),
            "is_complete": self.is_complete,
            "class": None if band is None else {"vi": band.vi, "en": band.en, "is_of_whole": self.is_complete},
        }


def score(definition: Definition, given: Mapping[str, Counts | None], level: IndexLevel | None = None) -> Score:
    """Score an index from the counts of its rows; a row that is absent or none is not available, which is not zero.

    A group is the exact sum of its rows rounded half up, as the test vectors of domain.md section 1.8 are written; the
    total is the sum of the groups as printed. A row without a denominator adds what its `empty` says, null adding 0.

    Args:
        level: the unit's level; rows that do not apply to it are left out, or full where the definition says so.

    Raises:
        InputRefused: a row is unknown, a count is negative, or a numerator exceeds its denominator (rule V14).
    """
    if unknown := sorted(set(given) - {item.id for item in definition.items}):
        raise InputRefused(
            f"Index {definition.index} has no row {', '.join(unknown)}.",
            action=f"its rows are {', '.join(item.id for item in definition.items)}.",
        )
    groups = []
    for code, group in definition.groups.items():
        items = tuple(score_item(definition, item, given.get(item.id), level) for item in group.items)
        exact = sum((one.exact or Fraction(0) for one in items), Fraction(0))
        is_scored = any(one.is_counted for one in items)
        groups.append(GroupScore(code, group.max, items, rounded(exact, definition.rounding) if is_scored else None))
    scored = [group.score for group in groups if group.score is not None]
    return Score(
        definition,
        tuple(groups),
        sum(scored, Decimal(0)) if scored else None,
        _most(one for group in groups for one in group.items if one.is_counted),
        _most(one for group in groups for one in group.items if one.is_counted or one.state != "not_applicable"),
    )


def _most(items: Iterable[ItemScore]) -> Decimal:
    return sum((one.item.max for one in items if one.item.max is not None), Decimal(0))


def score_item(definition: Definition, item: Item, counts: Counts | None, level: IndexLevel | None = None) -> ItemScore:
    """Score one row. Raises InputRefused as `score` does."""
    if level is not None and level not in item.applies_to:
        share = Fraction(1) if definition.full_where_not_applicable else None
        return _scored(definition, item, "not_applicable", None, None, share)
    if counts is None:
        return _scored(definition, item, "not_available", None, None, None)
    _refuse_impossible(item, counts)
    if counts.denominator:
        if counts.numerator > counts.denominator:
            raise InputRefused(
                f"Row {item.id}: the numerator {number(counts.numerator)} exceeds the denominator"
                f" {number(counts.denominator)} (rule V14).",
                action="correct the counts: a part cannot be larger than its whole.",
            )
        return _scored(definition, item, "measured", counts, counts.numerator / counts.denominator)
    if item.empty == "prior_year_share":
        return _substituted(definition, item, counts)
    if counts.denominator is None or counts.numerator:
        raise InputRefused(
            f"Row {item.id}: the numerator {number(counts.numerator)} has no denominator (rule V14).",
            action="give both counts, or null for the row where they are not known.",
        )
    if item.empty == "unknown":
        return _scored(definition, item, "undecided", counts, None)
    share = {0: Fraction(0), "full": Fraction(1)}.get(item.empty) if item.empty is not None else None
    return _scored(definition, item, "empty", counts, None, share)


def _substituted(definition: Definition, item: Item, counts: Counts) -> ItemScore:
    """Divide by the prior year's share of the period, and say so; without one the row is 0, and says that.

    The share is of another year's dossiers, so the ratio can exceed 1; it is then taken as 1 (inferred).
    """
    if not counts.prior_year:
        return _scored(definition, item, "empty", counts, None, Fraction(0), NO_REPORT_DATA)
    share = definition.year_shares.get(counts.span)
    if share is None:
        raise InputRefused(
            f"Row {item.id}: no share of the prior year is defined for a {counts.span}.",
            action="use month, quarter or year, or add the share to year_shares of the index.",
        )
    ratio = min(Fraction(1), counts.numerator * share / counts.prior_year)
    return _scored(definition, item, "substitute", counts, ratio, flag=TEMP_DENOMINATOR)


def _scored(
    definition: Definition,
    item: Item,
    state: State,
    counts: Counts | None,
    ratio: Fraction | None,
    share: Fraction | None = None,
    flag: str = "",
) -> ItemScore:
    """Give a row its share of the maximum, which follows from the ratio where there is one; nothing without maximum."""
    if ratio is not None:
        full_at = Fraction(item.full_at) if item.full_at is not None else Fraction(1)
        share = min(Fraction(1), ratio / full_at)
    exact = None if share is None or item.max is None else share * Fraction(item.max)
    points = None if exact is None else rounded(exact, definition.rounding)
    return ItemScore(item, state, counts, ratio, exact, points, flag)


def _refuse_impossible(item: Item, counts: Counts) -> None:
    for value in (counts.numerator, counts.denominator, counts.prior_year):
        if value is not None and value < 0:
            raise InputRefused(f"Row {item.id}: {number(value)} is negative.", action="give counts of 0 or more.")


def rounded(value: Fraction, places: int) -> Decimal:
    """Round half up; values here are never negative."""
    return Decimal((2 * value * 10**places + 1) // 2).scaleb(-places)


def number(value: Fraction | Decimal | None) -> int | float | None:
    """Return a number as JSON writes it: whole ones without a point."""
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)
