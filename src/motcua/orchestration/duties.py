"""The task bodies of `track_obligations`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from motcua.settings import TIMEZONE

log = logging.getLogger(__name__)


def day_of(params: Mapping[str, Any], dag_run: Any) -> date:
    """Return the day of a run: the day in its conf, otherwise the day on which it runs, in Vietnam."""
    if params.get("day"):
        return date.fromisoformat(params["day"])
    at: datetime = dag_run.run_after
    return at.astimezone(ZoneInfo(TIMEZONE)).date()


def plan(params: Mapping[str, Any], dag_run: Any) -> int:
    """Write the obligations of the periods ahead. Return how many rows are new or have another due day."""
    from motcua.obligations import plan_obligations

    written = plan_obligations(day_of(params, dag_run))
    log.info("%d obligations are new or have another due day", len(written))
    return len(written)


def remind(params: Mapping[str, Any], dag_run: Any) -> dict[str, int]:
    """Send the reminders of the day. Return how many were sent, by cell."""
    from collections import Counter

    from motcua.obligations import send_reminders

    sent = send_reminders(day_of(params, dag_run))
    for reminder in sent:
        log.warning("%s: %s %s", reminder.cell.obligation_id, reminder.cell.cell, reminder.cell.reason)
    return dict(Counter(reminder.cell.cell for reminder in sent))
