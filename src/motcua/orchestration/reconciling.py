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
    """Compare the province's figures of a month with the portal's. Return how many differ, by kind.

    Raises:
        AirflowSkipException: there is no connection to the portal.
    """
    from motcua.catalog.national_portal import load_portal_contract
    from motcua.orchestration.connections import airflow_connections
    from motcua.reconcile import reconcile

    contract = load_portal_contract(Settings.load().catalog_dir)
    try:
        base_url = airflow_connections()(contract.connection_id).base_url
    except ConfigurationError as error:  # the comparison is optional for an installation
        raise AirflowSkipException(f"Nothing was compared: {error}") from None
    today = dag_run.run_after.astimezone(ZoneInfo(TIMEZONE)).date()
    comparison = reconcile(province_of(params), month_before(params, dag_run), base_url=base_url, today=today)
    for name in comparison.unmapped:
        log.warning("The department %s of the portal is not a known unit: add it to national_portal.yaml", name)
    log.info("%d of %d figures differ: %s", len(comparison.differences), comparison.compared, comparison.by_kind)
    return {
        "unit": comparison.unit.unit_id,
        "period": comparison.period.label,
        "compared": comparison.compared,
        "differences": len(comparison.differences),
        "by_kind": comparison.by_kind,
    }
