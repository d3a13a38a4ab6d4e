"""What is to be published now, by the state of the store and not by a clock.

Every period that is over and that somebody answered for has an edition of each report that goes with it, and the
edition is final; what falls short of that, or whose figures changed since, is tried again (design.md idea 9). So a
scheduler that was away, a source that answers weeks later and a first start need nothing of their own.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from motcua.catalog import Catalog, load_catalog
from motcua.catalog.forms import Clock
from motcua.catalog.record_sources import every_source
from motcua.errors import CatalogError
from motcua.period import Period, calendar_period, periods_ending_on
from motcua.publish.edition.editions import EditionSummary, list_editions, read_edition
from motcua.publish.planning import reports_due
from motcua.settings import TIMEZONE, Settings
from motcua.warehouse import statement, store_engine

log = logging.getLogger(__name__)

Why = Literal["never_published", "not_final", "changed"]


@dataclass(frozen=True)
class Planned:
    """A report of a period that is to be published, and why.

    Attributes:
        newest: the edition that stands; none where it was never published.
    """

    report: str
    period: Period
    why: Why
    newest: EditionSummary | None


def plan_publication(unit: str, today: date | None = None) -> list[Planned]:
    """Return every report of every period that is over and not final, or whose figures changed, the oldest first.

    Periods are those the clocks start: reporting periods, and calendar months, from the first one that has a day
    somebody answered for. Nothing before a first pull. The night's brief is no part of it: it is published each night.

    Args:
        unit: official code or unit id of the province.
        today: the day of planning, in Asia/Ho_Chi_Minh; the clock's by default.

    Raises:
        CatalogError: the unit is unknown, or a file of the catalogue is wrong.
    """
    now = today or datetime.now(ZoneInfo(TIMEZONE)).date()
    catalog = load_catalog(Settings.load().catalog_dir)
    if unit not in catalog.units_by_code:
        catalog.unit(unit, now)  # refuses it by name
    source_ids = [source.source_id for source in every_source(catalog) if catalog.belongs_to(source.unit_id, unit)]
    newest = {
        (edition.report_code, edition.period_type, edition.from_date): edition
        for edition in reversed(list_editions(unit=unit))
        if not edition.map_code
    }
    with store_engine().connect() as store:
        asked = {"source_ids": source_ids}
        first: date | None = store.execute(statement("publish/first_day_answered"), asked).scalar()
        if first is None:
            return []
        read_at = {
            edition.edition_id: _read_at(edition) for edition in newest.values() if edition.completeness == "final"
        }
        changes = _changes(store, source_ids, min(read_at.values(), default=None))
    planned = []
    for clock, period in periods_over(first, now):
        if not _is_known(catalog, unit, period):
            log.warning("%s is left out: the catalogue knows no unit %s on its days", period.label, unit)
            continue
        for report in reports_due(clock, unit, period):
            edition = newest.get((report, period.period_type, period.from_date))
            if edition is None:
                planned.append(Planned(report, period, "never_published", None))
            elif edition.completeness != "final":
                planned.append(Planned(report, period, "not_final", edition))
            elif any(at > read_at[edition.edition_id] and day <= period.to_date for at, day in changes):
                planned.append(Planned(report, period, "changed", edition))
    return planned


def periods_over(first: date, today: date) -> list[tuple[Clock, Period]]:
    """Return the periods that the clocks start, which are over on a day and hold the day `first` or a later one."""
    found: list[tuple[Clock, Period]] = []
    day = first
    while day < today:
        found += [("reporting_periods", period) for period in periods_ending_on(day)]
        if (day + timedelta(days=1)).day == 1:
            found.append(("calendar_months", calendar_period("MONTH", day.year, day.month)))
        day += timedelta(days=1)
    return found


def _changes(store: Connection, source_ids: list[str], since: datetime | None) -> list[tuple[datetime, date]]:
    """Return when batches were measured since an instant, and from which day on each changed figures.

    Without an instant nothing is returned.
    """
    rows = store.execute(statement("publish/changes_by_batch"), {"source_ids": source_ids, "since": since})
    return [(row.measured_at, row.changed_from) for row in rows]


def _read_at(edition: EditionSummary) -> datetime:
    """Return when the figures of an edition were read: what is measured later is not in them."""
    return datetime.fromisoformat(read_edition(edition.edition_id).content["read_at"])


def _is_known(catalog: Catalog, unit: str, period: Period) -> bool:
    try:
        catalog.unit_in(unit, period)
    except CatalogError:
        return False
    return True
