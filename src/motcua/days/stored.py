"""The copy of the working calendar that the store counts by (docs/decisions/0062)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
from sqlalchemy import Connection

from motcua.days.workdays import rest_days, working_calendar
from motcua.settings import Settings
from motcua.warehouse import array_text, statement


def take_calendar(connection: Connection) -> list[date]:
    """Copy the rest days of the catalogue's calendar into the store; return those that were not so before."""
    changed = days_not_taken(connection)
    if changed:
        connection.execute(statement("aggregate/take_rest_days"), _of_the_catalogue())
    return changed


def days_not_taken(connection: Connection) -> list[date]:
    """Return the days on which the store's rest days, or the working day after one, are not the catalogue's."""
    return list(connection.scalars(statement("aggregate/rest_days_not_taken"), _of_the_catalogue()))


def _of_the_catalogue() -> dict[str, str]:
    return _arrays(working_calendar(Settings.load().catalog_dir))


@lru_cache(maxsize=4)
def _arrays(calendar: np.busdaycalendar) -> dict[str, str]:
    days, next_workdays = rest_days(calendar)
    return {"days": array_text(days.tolist()), "next_workdays_on": array_text(next_workdays.tolist())}
