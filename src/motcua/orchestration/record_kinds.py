"""The task bodies of an ingest run of records other than dossiers. Its stages are those of the night."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.catalog.record_sources import sources_of
from motcua.errors import ConfigurationError, ContractBroken, SourceUnavailable
from motcua.orchestration.schedule.days import resolve_days
from motcua.settings import Settings

log = logging.getLogger(__name__)


def plan(record_kind: str, params: Mapping[str, Any], dag_run: Any) -> list[list[str]]:
    """Write the batches of the run to the ledger, and return their ids in chunks. Without sources in the conf, all run.

    Raises:
        AirflowSkipException: the catalogue has no source of the kind.
    """
    catalog = load_catalog(Settings.load().catalog_dir)
    if not sources_of(catalog, record_kind):
        raise AirflowSkipException(f"The catalogue has no source of records of kind {record_kind}.")
    day = resolve_days({}, dag_run).day
    return ledger.plan_run(
        catalog, dag_run.run_id, day, record_kind=record_kind, source_ids=params.get("sources") or ()
    )


def name_missing_sources(record_kind: str, run_id: str) -> dict[str, int]:
    """Return how many records were pulled and set aside. Valid records are loaded even when others are not.

    Raises:
        SourceUnavailable: sources were not loaded. The message names each with the reason.
        ContractBroken: records were set aside. The log names them and their rules.
    """
    from motcua.validate import list_quarantine

    batches = ledger.read_run(run_id)
    if not batches and not sources_of(load_catalog(Settings.load().catalog_dir), record_kind):
        raise AirflowSkipException(f"The catalogue has no source of records of kind {record_kind}.")
    if not batches:
        raise ConfigurationError(
            f"Run {run_id} has no batches: nothing was planned.",
            action="read the log of plan_batches of this run, correct what it names and clear the task.",
        )
    for batch in batches:
        log.info("%s: %d records, %d set aside", batch.source_id, batch.pulled_count or 0, batch.quarantined_count or 0)
    missing = [batch for batch in batches if batch.state != "loaded"]
    for batch in missing:
        log.error("%s: %s %s", batch.source_id, batch.state, batch.error_message or f"stopped after {batch.state}")
    if missing:
        names = "; ".join(f"{batch.source_id} ({batch.error_kind or batch.state})" for batch in missing)
        raise SourceUnavailable(
            f"{len(missing)} of {len(batches)} sources are missing from run {run_id}: {names}.",
            action="correct what the log names, then trigger the DAG for these sources.",
        )
    set_aside = [entry for batch in batches for entry in list_quarantine(batch_id=batch.batch_id)]
    for entry in set_aside:
        log.warning("%s: quarantine %d: %s", entry.source_id, entry.quarantine_id, ", ".join(entry.rule_ids))
    if set_aside:
        raise ContractBroken(
            f"{sum(batch.quarantined_count or 0 for batch in batches)} records were set aside, the first by rule"
            f" {', '.join(set_aside[-1].rule_ids)} (quarantine {set_aside[-1].quarantine_id}).",
            action="see `motcua quarantine list`; correct the source or its entry, and trigger the DAG.",
        )
    return {"records": sum(batch.pulled_count or 0 for batch in batches), "set_aside": 0}
