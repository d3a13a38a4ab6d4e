"""The task bodies that publish: which reports a run is about, and one report of one period."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from airflow.sdk.exceptions import AirflowSkipException

from motcua.catalog import load_catalog
from motcua.catalog.cells import is_lacking
from motcua.catalog.forms import Clock
from motcua.errors import CatalogError, ConfigurationError, NothingAnswered
from motcua.orchestration.measuring import days_of_events
from motcua.orchestration.schedule.days import month_before, night_before
from motcua.period import Period, parse_period, periods_ending_on
from motcua.settings import TIMEZONE, Settings

log = logging.getLogger(__name__)

NAMED = 20  # of what is missing, in what a task passes on
COMPLETENESS: dict[str, Literal["provisional", "final"] | None] = {
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


def plan_reports(clock: Clock, params: Mapping[str, Any], dag_run: Any, events: Any = None) -> list[dict[str, str]]:
    """Return the reports to publish, each with its period as `motcua.period.parse_period` reads it.

    Which reports a period has is said by the conf, else by the files of the reports and what the unit's sources tell.

    Raises:
        AirflowSkipException: none is due, or no night is closed yet.
        ConfigurationError: the period named is not one, or the run was started without naming one.
    """
    from motcua.publish import reports_due

    if clock == "nights":
        periods = plan_nights(params, dag_run, events)
    elif clock == "calendar_months":
        month = month_before(params, dag_run)
        periods = [f"{month.from_date}..{month.to_date}"]
    else:
        periods = plan_periods(params, dag_run)
    unit = province_of(params)
    due = [
        {"report": report, "period": period}
        for period in periods
        for report in params.get("reports") or reports_due(clock, unit, parse_period(period))
    ]
    if not due:
        raise AirflowSkipException(f"No report says that it is published for {', '.join(periods)}.")
    return due


def plan_unfinished(params: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return every report of every period that is over and not final, or whose figures changed, with its period.

    One of another unit than the run's, or on another map than its period's own, names them too. The log warns of each
    pull that is held beside final editions.

    Raises:
        AirflowSkipException: there is none, or nothing was pulled yet.
    """
    from motcua.publish import finals_beside_held, plan_publication

    unit = province_of(params)
    for told in finals_beside_held(unit):
        log.warning("%s", told.en)
    planned = plan_publication(unit)
    for one in planned:
        log.info("%s of %s %s %s: %s", one.report, one.unit_id, one.period.period_type, one.period.label, one.why)
    if not planned:
        raise AirflowSkipException("Every period that is over is final, or nothing was pulled yet.")
    wanted = set(params.get("reports") or ())
    return [
        {
            "report": one.report,
            "period": f"{one.period.from_date}..{one.period.to_date}",
            **({"unit": one.unit_id} if one.unit_id not in _meant_by(unit, one.period) else {}),
            **({"on_map": one.on_map} if one.on_map else {}),
        }
        for one in planned
        if not wanted or one.report in wanted
    ]


def plan_nights(params: Mapping[str, Any], dag_run: Any, events: Any) -> list[str]:
    """Return the nights a run is about: those of its asset events, its conf or its data interval.

    After an asset event a night that is not closed is left to the next event. At 05:00, or by hand, it is published
    as it stands: provisional, naming what is missing.

    Raises:
        AirflowSkipException: no night is closed yet; the message names the levels waited for.
    """
    from motcua.orchestration.night import levels_not_closed

    told = days_of_events(events or {})
    if not told:
        from motcua.aggregate import check_measures

        check_measures()
        day = date.fromisoformat(params["day"]) if params.get("day") else night_before(dag_run)
        return [f"{day}..{day}"]
    closed, waits = [], []
    for day in map(date.fromisoformat, told):
        if waiting := levels_not_closed(day):
            waits.append(f"{day}: " + ", ".join(f"{level} ({what})" for level, what in waiting.items()))
        else:
            closed.append(f"{day}..{day}")
    for wait in waits:
        log.info("The night is not closed: %s", wait)
    if not closed:
        raise AirflowSkipException(f"Not yet closed: {'; '.join(waits)}.")
    return closed


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


def publish_report(
    report: str, period: str, params: Mapping[str, Any], unit: str | None = None, on_map: str | None = None
) -> dict[str, Any]:
    """Publish a report of one period: final when its checklist is met, else provisional, unless conf says which.

    Args:
        unit: another unit than the run's.
        on_map: another map than the period's own.

    Raises:
        AirflowSkipException: no source has answered for the period, and nobody asked for it by name. The ingest run
            has named each source and is red.
    """
    from motcua.publish import publish_edition, write_files

    completeness = COMPLETENESS[params.get("completeness") or "auto"]
    try:
        edition = publish_edition(
            report, unit or province_of(params), parse_period(period), completeness=completeness, on_map=on_map
        )
    except NothingAnswered as nothing:
        if params.get("period") or params.get("day"):
            raise
        raise AirflowSkipException(str(nothing)) from None
    for pull in edition.later_pulls:
        log.warning("%s stands: %s", edition.edition_id, pull.en)
    files = write_files(edition)
    missing = [cell["source_id"] or cell["unit_id"] for cell in edition.shaped["cells"] if is_lacking(cell["cell"])]
    log.info(
        "%s is %s%s", edition.edition_id, edition.completeness, f", missing {', '.join(missing)}" if missing else ""
    )
    return {
        "edition_id": edition.edition_id,
        "completeness": edition.completeness,
        "sha256": edition.sha256,
        "files": [str(path) for path in files],
        "missing_count": len(missing),
        "missing": missing[:NAMED],
    }


def _meant_by(unit: str, period: Period) -> set[str]:
    """Return the unit that a code or id means in a period, as an id; nothing where it means none then."""
    catalog = load_catalog(Settings.load().catalog_dir)
    try:
        return {catalog.unit_in(unit, period).unit_id}
    except CatalogError:
        return set()
