"""The task body of `reconcile_national_portal`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk.exceptions import AirflowSkipException

from motcua.errors import ConfigurationError
from motcua.orchestration.publishing import province_of
from motcua.orchestration.schedule.days import month_before
from motcua.settings import TIMEZONE, Settings

log = logging.getLogger(__name__)


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
    found = reconcile(province_of(params), month_before(params, dag_run), base_url=base_url, today=today)
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
