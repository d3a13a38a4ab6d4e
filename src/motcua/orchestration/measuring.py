"""The task bodies of `build_measures`, and the days that an asset event is about."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date
from typing import Any

log = logging.getLogger(__name__)


def days_of_events(events: Any) -> list[str]:
    """Return the distinct days named by the events that started a run, oldest first."""
    extras: Iterable[dict[str, Any]] = (
        event.extra for asset in events for event in events[asset] if isinstance(event.extra, dict)
    )
    days: set[str] = set()
    for extra in extras:
        days.update([extra["day"]] if "day" in extra else extra.get("days", ()))
    return sorted(date.fromisoformat(day).isoformat() for day in days)


def build(events: Any) -> dict[str, Any]:
    """Apply every loaded batch not yet in the measures; return the events' days and how many were applied."""
    from motcua.aggregate import build_measures

    applied = build_measures()
    log.info("%d batches applied to the measures", len(applied))
    return {"days": days_of_events(events), "batches": len(applied)}


def check(built: dict[str, Any]) -> dict[str, Any]:
    """Compare the measures with a recompute once the night is closed, and pass on what was built.

    Until every level has closed it, a later run will measure more and check then. Raises MeasuresDiffer.
    """
    from motcua.aggregate import check_measures
    from motcua.orchestration.night import levels_not_closed

    days = [date.fromisoformat(day) for day in built["days"]]
    if days and all(levels_not_closed(day) for day in days):
        log.info("No night is closed yet: the run that closes one will recompute")
        return built
    check_measures()
    log.info("The measures equal a recompute")
    return built
