"""The task body of `reconcile_national_portal`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk.exceptions import AirflowSkipException

from motcua.errors import ConfigurationError
from motcua.orchestration.publishing import province_of
from motcua.period import Period, calendar_period, parse_period
from motcua.settings import TIMEZONE, Settings

log = logging.getLogger(__name__)


def period_of(params: Mapping[str, Any], dag_run: Any) -> Period:
    """Return the period a run is about: its conf, else the calendar month before the day it runs on, in Vietnam."""
    if params.get("period"):
        return parse_period(params["period"])
    at: datetime = dag_run.run_after
    before = at.astimezone(ZoneInfo(TIMEZONE)).date().replace(day=1) - timedelta(days=1)
    return calendar_period("MONTH", before.year, before.month)


def compare_with_portal(params: Mapping[str, Any], dag_run: Any) -> dict[str, Any]:
    """Compare the province's figures of a month; return how many differ, by kind.

    Raises:
        AirflowSkipException: there is no connection to the portal.
    """
    from motcua.catalog.national_portal import load_portal_contract
    from motcua.orchestration.connections import airflow_connections
    from motcua.reconcile import reconcile

    contract = load_portal_contract(Settings.load().catalog_dir)
    try:
        base_url = airflow_connections()(contract.connection_id).base_url
    except ConfigurationError as error:  # an installation may do without the comparison
        raise AirflowSkipException(f"Nothing is compared: {error}") from None
    today = dag_run.run_after.astimezone(ZoneInfo(TIMEZONE)).date()
    found = reconcile(province_of(params), period_of(params, dag_run), base_url=base_url, today=today)
    for name in found.unmapped:
        log.warning("The portal's department %s is no unit known here: add it to national_portal.yaml", name)
    log.info("%d of %d figures differ: %s", len(found.differences), found.compared, found.by_kind)
    return {
        "unit": found.unit.unit_id,
        "period": found.period.label,
        "compared": found.compared,
        "differences": len(found.differences),
        "by_kind": found.by_kind,
    }
