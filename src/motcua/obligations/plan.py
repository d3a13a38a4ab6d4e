"""Plans the obligations: a row for each unit, report and period, created before the period ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from motcua.catalog import Catalog, Unit, load_catalog
from motcua.catalog.obligations import Due, load_obligations
from motcua.days.workdays import add_workdays, working_calendar
from motcua.period import Period, periods_ending_on
from motcua.settings import Settings
from motcua.units.codes import sync_units
from motcua.warehouse import statement, store_engine

_COLUMNS = (
    "obligation_ids", "report_codes", "unit_ids", "period_types", "period_labels", "from_dates", "to_dates", "due_days",
    "evidences",
)  # fmt: skip


def plan_obligations(today: date, *, since: date | None = None) -> list[str]:
    """Write the obligations of the units of this installation. Return the ids of new or moved rows.

    The periods are those that end between `since` (default: today) and `plan_ahead_days` after today, so every row
    exists at least 30 days before it is due. It is safe to repeat.
    """
    settings = Settings.load()
    catalog = load_catalog(settings.catalog_dir)
    rules = load_obligations(settings.catalog_dir)
    calendar = working_calendar(settings.catalog_dir)
    rows = [
        (
            f"{report}.{unit.unit_id}.{period.period_type}.{period.label}",
            report,
            unit.unit_id,
            period.period_type,
            period.label,
            period.from_date,
            period.to_date,
            due_day(rule.due, period, calendar),
            rule.evidence,
        )
        for period in _periods(since or today, today + timedelta(days=rules.plan_ahead_days))
        for unit in owing_units(catalog, settings.province)
        if unit.overlaps(period)
        for report in rules.reports
        if (rule := rules.rule(report, unit.kind, period)) is not None
    ]
    if not rows:
        return []
    with store_engine().begin() as connection:
        sync_units(connection, catalog)
        values = {name: list(column) for name, column in zip(_COLUMNS, zip(*rows, strict=True), strict=True)}
        written = connection.execute(statement("obligations/plan"), {**values, "today": today})
        return list(written.scalars())


def due_day(due: Due, period: Period, calendar: np.busdaycalendar) -> date:
    """Return the due day of a report of a period (NĐ 09/2019/NĐ-CP Điều 8 and 13), a working day."""
    if due.working_days is not None:
        # The last day of the period may be a rest day. The count begins with the first working day after it.
        return add_workdays(period.to_date + timedelta(days=1), due.working_days - 1, calendar)
    day = period.to_date.replace(day=due.day or period.to_date.day)
    rolled = add_workdays(day, 0, calendar)
    if rolled == day or due.when_rest_day == "after":
        return rolled
    before = add_workdays(rolled, -1, calendar)
    return before if before > period.to_date else rolled


def owing_units(catalog: Catalog, province: str) -> list[Unit]:
    """Return every unit of the provinces that this installation serves: the configured one, else all with a source."""
    served = {catalog.province_of(source.unit_id).unit_id for source in catalog.sources}
    if province:
        provinces = [unit.unit_id for unit in catalog.units if unit.kind == "province"]
        served = {unit_id for unit_id in provinces if catalog.belongs_to(unit_id, province)}
    return [unit for unit_id in sorted(served) for unit in catalog.subtree(unit_id)]


def _periods(first: date, last: date) -> Iterator[Period]:
    day = first
    while day <= last:
        yield from periods_ending_on(day)
        day += timedelta(days=1)
