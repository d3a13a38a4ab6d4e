"""What is still missing: the least number that, added to a numerator at the present denominator, reaches a goal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from motcua.catalog.index import Band, Definition, IndexLevel, Item
from motcua.catalog.models import Text
from motcua.publish.index.score import Counts, Score, number, score, score_item


@dataclass(frozen=True)
class Gap:
    """What one row lacks. `to_full` and `to_band` are None where more of this row alone cannot reach it."""

    row_id: str
    to_full: int | None
    to_band: int | None
    points_to_full: float | None

    def as_json(self) -> dict[str, Any]:
        return {"to_full": self.to_full, "to_next_band": self.to_band, "points_to_full": self.points_to_full}


def next_band(scored: Score) -> Band | None:
    """Return the class above the one reached; none at the top, and where the class is not known."""
    reached = scored.band
    above = [band for band in scored.definition.bands if reached is not None and band.score > reached.score]
    return min(above, key=lambda band: band.score, default=None)


def score_json(scored: Score, lacking: Mapping[str, Gap], reasons: Mapping[str, Text]) -> dict[str, Any]:
    """Return a score as JSON, with what each row lacks (`missing`), and why rows have no points (`gaps`).

    `reasons` say why a row is not available, or what its counts leave out.
    """
    told = scored.as_json()
    for group in told["groups"].values():
        for row_id, item in group["items"].items():
            if row_id in reasons:
                item["note"] = reasons[row_id].model_dump()
            if row_id in lacking:
                item["missing"] = lacking[row_id].as_json()
    above = next_band(scored)
    unknown = [one for one in scored.items if not one.is_available and one.state != "not_applicable"]
    return {
        **told,
        "next_class": None if above is None else {"vi": above.vi, "en": above.en, "score": number(above.score)},
        "gaps": {
            one.item.id: {
                "state": one.state,
                "max": number(one.item.max),
                "why": reasons[one.item.id].model_dump() if one.item.id in reasons else None,
            }
            for one in unknown
        },
    }


def gaps(definition: Definition, given: Mapping[str, Counts | None], level: IndexLevel | None = None) -> dict[str, Gap]:
    """Return, for each row that has a denominator, what it lacks to its full score and to the next class.

    All other rows stay as they are. Both are found by the scorer itself, so what it says is reached is reached.
    """
    scored = score(definition, given, level)
    band = next_band(scored)
    lacking = {}
    for one in scored.items:
        counts, item = one.counts, one.item
        if counts is None or item.max is None or one.exact is None or not counts.denominator:
            continue

        room = int(counts.denominator - counts.numerator)
        lacking[item.id] = Gap(
            item.id,
            _least(room, partial(_is_full, definition, item, counts, level)),
            None if band is None else _least(room, partial(_is_in, band, definition, given, item.id, counts, level)),
            None if one.score is None else float(item.max - one.score),
        )
    return lacking


def _is_full(definition: Definition, item: Item, counts: Counts, level: IndexLevel | None, more: int) -> bool:
    return score_item(definition, item, _with(counts, more), level).exact == item.max


def _is_in(
    band: Band,
    definition: Definition,
    given: Mapping[str, Counts | None],
    row_id: str,
    counts: Counts,
    level: IndexLevel | None,
    more: int,
) -> bool:
    value = score(definition, {**given, row_id: _with(counts, more)}, level).at_least
    return value is not None and value >= band.score


def _with(counts: Counts, more: int) -> Counts:
    return replace(counts, numerator=counts.numerator + more)


def _least(most: int, is_reached: Callable[[int], bool]) -> int | None:
    """Return the least n of 0 to `most` that reaches it, for a goal that stays reached; None when none does."""
    if not is_reached(most):
        return None
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if is_reached(middle):
            high = middle
        else:
            low = middle + 1
    return low
