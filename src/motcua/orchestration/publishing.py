"""The task bodies that publish: the nightly brief and the reports of the periods."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from airflow.sdk.exceptions import AirflowSkipException

from motcua.catalog.cells import is_lacking
from motcua.catalog.publishing import Clock
from motcua.errors import ConfigurationError
from motcua.orchestration.measuring import days_of_events
from motcua.orchestration.schedule.days import month_before, night_before
from motcua.period import Period, day_period, parse_period, periods_ending_on
from motcua.settings import TIMEZONE, Settings

log = logging.getLogger(__name__)

STATES: dict[str, Literal["provisional", "final"] | None] = {
    "auto": None,
    "provisional": "provisional",
    "final": "final",
}


def province_of(params: Mapping[str, Any]) -> str:
    """Return the unit a report is about: the run's conf, else the province of this installation."""
    unit = params.get("unit") or Settings.load().province
    if not unit:
        raise ConfigurationError(
            "No unit to report on: the run's conf names none and MOTCUA_PROVINCE is not set.",
            action='set MOTCUA_PROVINCE to the official code of the province, or trigger with {"unit": "84"}.',
        )
    return str(unit)


def publish_brief(params: Mapping[str, Any], dag_run: Any, events: Any) -> list[dict[str, Any]]:
    """Publish the brief of each night the run is about: those of its asset events, its conf or its data interval.

    After an asset event a night that is not closed is left to the next event. At 05:00, or by hand, it is published
    as it stands: provisional, naming what is missing.

    Raises:
        AirflowSkipException: no night is closed yet; the message names the levels waited for.
    """
    from motcua.orchestration.night import levels_not_closed

    unit = province_of(params)
    told = days_of_events(events)
    if not told:
        from motcua.aggregate import check_measures

        check_measures()
        day = date.fromisoformat(params["day"]) if params.get("day") else night_before(dag_run)
        return [_publish("nightly-brief", unit, day_period(day))]
    published, waits = [], []
    for day in map(date.fromisoformat, told):
        if waiting := levels_not_closed(day):
            waits.append(f"{day}: " + ", ".join(f"{level} ({what})" for level, what in waiting.items()))
        else:
            published.append(_publish("nightly-brief", unit, day_period(day)))
    for wait in waits:
        log.info("The night is not closed: %s", wait)
    if not published:
        raise AirflowSkipException(f"Not yet closed: {'; '.join(waits)}.")
    return published


def plan_reports(params: Mapping[str, Any], dag_run: Any) -> list[dict[str, str]]:
    """Return the reports to publish, each with its period as `motcua.period.parse_period` reads it.

    Which reports a period has is said by the conf, else by `publishing.yaml` and what the unit's sources tell.

    Raises:
        AirflowSkipException: none is due.
        ConfigurationError: the period named is not one, or the run was started without naming one.
    """
    periods = plan_periods(params, dag_run)
    return _due("reporting_periods", periods, params)


def plan_calendar_reports(params: Mapping[str, Any], dag_run: Any) -> list[dict[str, str]]:
    """Return the reports of the calendar month before the run, or of the period its conf names, as `plan_reports`."""
    period = month_before(params, dag_run)
    return _due("calendar_months", [f"{period.from_date}..{period.to_date}"], params)


def _due(clock: Clock, periods: list[str], params: Mapping[str, Any]) -> list[dict[str, str]]:
    from motcua.publish import reports_due

    unit = province_of(params)
    due = [
        {"report": report, "period": period}
        for period in periods
        for report in params.get("reports") or reports_due(clock, unit, parse_period(period))
    ]
    if not due:
        raise AirflowSkipException(f"publishing.yaml has no report of {', '.join(periods)}.")
    return due


def plan_periods(params: Mapping[str, Any], dag_run: Any) -> list[str]:
    """Return the periods to report on, as `motcua.period.parse_period` reads them.

    Conf first, then the partition key, then the reporting periods that ended the day before the end of the run's
    data interval (NĐ 09/2019/NĐ-CP Điều 12: the 14th).

    Raises:
        ConfigurationError: the period named is not one, or the run was started without naming one.
    """
    if named := params.get("period") or getattr(dag_run, "partition_key", None):
        parse_period(named)
        return [str(named)]
    if (end := dag_run.data_interval_end) is None:
        raise ConfigurationError(
            "The run names no period and has no data interval to take one from.",
            action='trigger with {"period": "RPT_MONTH:2023-10"} or {"period": "2023-10-01..2023-10-31"}.',
        )
    last_day = end.astimezone(ZoneInfo(TIMEZONE)).date() - timedelta(days=1)
    return [f"{period.from_date}..{period.to_date}" for period in periods_ending_on(last_day)]


def publish_report(report: str, period: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Publish a report of one period: final when every source answered, else provisional, unless conf says which."""
    return _publish(report, province_of(params), parse_period(period), STATES[params.get("state") or "auto"])


def _publish(
    report: str, unit: str, period: Period, state: Literal["provisional", "final"] | None = None
) -> dict[str, Any]:
    from motcua.publish import publish_edition, write_files

    edition = publish_edition(report, unit, period, state=state)
    files = write_files(edition)
    missing = [cell["source_id"] for cell in edition.content["completeness"] if is_lacking(cell["cell"])]
    log.info("%s is %s%s", edition.edition_id, edition.state, f", missing {', '.join(missing)}" if missing else "")
    return {
        "edition_id": edition.edition_id,
        "state": edition.state,
        "sha256": edition.sha256,
        "files": [str(path) for path in files],
        "missing": missing,
    }
