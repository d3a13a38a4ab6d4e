"""The task bodies of `build_measures`, and the days that asset events name."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date
from typing import Any

log = logging.getLogger(__name__)


def days_of_events(events: Any) -> list[str]:
    """Return the distinct days that the triggering events of a run name, the oldest first."""
    extras: Iterable[dict[str, Any]] = (
        event.extra for asset in events for event in events[asset] if isinstance(event.extra, dict)
    )
    days: set[str] = set()
    for extra in extras:
        days.update([extra["day"]] if "day" in extra else extra.get("days", ()))
    return sorted(date.fromisoformat(day).isoformat() for day in days)


def build(events: Any) -> dict[str, Any]:
    """Apply every loaded batch that is not in the measures yet. Return the days of the events and the batch count."""
    from motcua.aggregate import build_measures

    applied = build_measures()
    log.info("%d batches applied to the measures", len(applied))
    return {"days": days_of_events(events), "batches": len(applied)}


def check(built: dict[str, Any]) -> dict[str, Any]:
    """Compare the measures with a recomputation when a night is closed, and return `built` unchanged.

    While no night is closed at every level, nothing is compared: a later run measures more and compares then. Raises
    MeasuresDiffer.
    """
    from motcua.aggregate import check_measures
    from motcua.orchestration.night import levels_not_closed

    days = [date.fromisoformat(day) for day in built["days"]]
    if days and all(levels_not_closed(day) for day in days):
        log.info("No night is closed yet: a later run compares the measures with a recomputation")
        return built
    check_measures()
    log.info("The measures equal a recomputation")
    return built
