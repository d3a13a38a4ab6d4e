"""The task bodies of an ingest run. They take and return only ids and counts, and may be repeated at any time."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk.exceptions import AirflowSkipException

from motcua import ledger
from motcua.catalog import LEVELS, Catalog, load_catalog
from motcua.errors import ConfigurationError, SourceUnavailable, StageFailed, StageInterrupted
from motcua.orchestration.connections import airflow_connections
from motcua.orchestration.schedule.days import resolve_days
from motcua.settings import TIMEZONE, Settings
from motcua.warehouse import statement, store_engine

log = logging.getLogger(__name__)


def plan(level: str, params: Mapping[str, Any], dag_run: Any) -> list[list[str]]:
    """Write the batches of the run to the ledger, and return their ids in chunks.

    Raises:
        AirflowSkipException: no unit of the level is in force any more, as for districts since 1 July 2025.
    """
    days = resolve_days(params, dag_run)
    settings = Settings.load()
    catalog = load_catalog(settings.catalog_dir)
    if not params.get("sources") and _has_ended(catalog, level, days.day, settings.province):
        raise AirflowSkipException(f"No source of level {level} is in force on {days.day}: its units have ended.")
    chunks = ledger.plan_run(
        catalog,
        dag_run.run_id,
        days.day,
        level=level,
        window=days.window,
        source_ids=params.get("sources") or (),
    )
    log.info("%s: %d sources in %d chunks for the night of %s", level, sum(map(len, chunks)), len(chunks), days.day)
    return chunks


def extract(batch_ids: Sequence[str], *, is_patient: bool) -> dict[str, int]:
    """Pull the sources of a chunk. A source that fails is named in the ledger, and at the end of the run.

    Without patience, a source that does not answer stays planned. What is ready while others are still being pulled
    goes on as far as the measures.

    Raises:
        StageInterrupted: pulls failed for a reason that is not the source's. All others are done.
    """
    from motcua.extract import extract_batches

    outcome = extract_batches(batch_ids, airflow_connections(), is_patient=is_patient, go_on=_go_on)
    _fail_for_what_failed("extract", outcome.failed)
    return {
        "extracted": len(outcome.extracted),
        "failed": len(outcome.failed),
        "unanswered": len(outcome.unanswered),
    }


def _go_on(batch_ids: Sequence[str]) -> None:
    """Take batches that are ready as far as the measures. What fails on the way is left to the task of its stage."""
    from motcua.aggregate import build_measures
    from motcua.consolidate import consolidate_batches
    from motcua.validate import validate_batches

    validate_batches(batch_ids)
    consolidate_batches(batch_ids)
    build_measures()


def unanswered(level: str, run_id: str) -> list[list[str]]:
    """Return the batches of the run that are still planned, in chunks: their sources have not answered."""
    batch_ids = [batch.batch_id for batch in ledger.read_run(run_id, level) if batch.state == "planned"]
    if batch_ids:
        log.info("%s: %d sources are tried again", level, len(batch_ids))
    return ledger.in_chunks(batch_ids)


def validate(batch_ids: Sequence[str]) -> dict[str, int]:
    """Validate the extracted batches of the chunk; records that break a rule are set aside.

    Raises:
        StageInterrupted, StageFailed: batches failed in this stage, which repeats them. All others are done.
    """
    from motcua.validate import validate_batches

    outcome = validate_batches(batch_ids)
    _fail_for_what_failed("validate", outcome.failed)
    return {"validated": len(outcome.validated), "held": len(outcome.held), "failed": len(outcome.failed)}


def consolidate(batch_ids: Sequence[str]) -> dict[str, int]:
    """Merge the accepted records of the validated batches of the chunk.

    Raises:
        StageInterrupted, StageFailed: batches failed in this stage, which repeats them. All others are done.
    """
    from motcua.consolidate import consolidate_batches

    outcome = consolidate_batches(batch_ids)
    _fail_for_what_failed("consolidate", outcome.failed)
    return {"loaded": len(outcome.loaded), "failed": len(outcome.failed)}


def _fail_for_what_failed(stage: str, batch_ids: Sequence[str]) -> None:
    """Raise when this stage failed batches: it is this stage that repeats them, and its task says so by failing.

    What a source did wrong is not the stage's: `name_missing` names it, and a repetition would ask in vain.
    """
    # Consolidation leaves a batch whose accepted records are gone or changed to validation, which writes them again.
    stages = ("validate", "consolidate") if stage == "consolidate" else (stage,)
    batches = ledger.read_batches(batch_ids)
    failed = [batch for batch in batches if batch.state == "failed" and batch.failed_stage in stages]
    interrupted = [batch for batch in failed if not batch.is_explained]
    if stage == "extract":
        failed = interrupted
    if not failed:
        return
    reasons = "; ".join(f"{batch.source_id}: {batch.error_message}" for batch in failed)
    kind = StageInterrupted if interrupted else StageFailed
    raise kind(
        f"{len(failed)} batches failed in {stage}: {reasons}",
        action=f"correct what is named, then clear this task: {stage} repeats these batches and no others.",
    )


def close(level: str, run_id: str) -> dict[str, Any]:
    """Return the results of the night: counts of records and states, and the missing sources.

    Raises:
        AirflowSkipException: the level has no unit any more, so nothing was planned.
    """
    batches = ledger.read_run(run_id, level)
    settings = Settings.load()
    today = datetime.now(ZoneInfo(TIMEZONE)).date()
    if not batches and _has_ended(load_catalog(settings.catalog_dir), level, today, settings.province):
        raise AirflowSkipException(f"Nothing was planned for level {level}: its units have ended.")
    if not batches:
        raise ConfigurationError(
            f"Run {run_id} of level {level} has no batches, so there is no night to close.",
            action="read the log of plan_batches of this run, correct what it names and clear the task.",
        )
    loaded = [batch for batch in batches if batch.state == "loaded"]
    counts = ("pulled", "new", "changed", "unchanged", "stale", "duplicate", "quarantined", "out_of_window")
    return {
        "level": level,
        "run_id": run_id,
        "day": max(batch.window_to for batch in batches).isoformat(),
        "sources": len(batches),
        "states": dict(Counter(batch.state for batch in batches)),
        "records": {name: sum(getattr(batch, f"{name}_count") or 0 for batch in loaded) for name in counts},
        "missing": [batch.source_id for batch in batches if batch.state != "loaded"],
    }


def _has_ended(catalog: Catalog, level: str, day: date, province: str) -> bool:
    """Return whether all sources of a level ended before a day, while sources of other levels are in force."""
    ended = [
        source
        for source in catalog.sources
        if source.level == level
        and source.valid_to is not None
        and source.valid_to < day
        and (not province or catalog.belongs_to(source.unit_id, province))
    ]
    in_force = catalog.sources_on(day, province=province)
    return bool(ended) and bool(in_force) and all(source.level != level for source in in_force)


def close_again(level: str, run_id: str, asked_again: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return the results of the night after the sources without an answer were tried again.

    Raises:
        AirflowSkipException: no source was tried again, so the night is closed already.
    """
    if not asked_again:
        raise AirflowSkipException("Every source was loaded or named when the night was closed.")
    return close(level, run_id)


def name_missing(level: str, run_id: str) -> int:
    """Fail when a source of the run was not loaded. The message names each one, the reason and how to pull it again.

    Raises:
        SourceUnavailable: sources are missing. All other sources of the run were processed before.
    """
    batches = ledger.read_run(run_id, level)
    missing = [batch for batch in batches if batch.state != "loaded"]
    if not missing:
        return len(batches)
    for batch in missing:
        log.error("%s: %s %s", batch.source_id, batch.state, batch.error_message or f"stopped after {batch.state}")
    names = "; ".join(f"{batch.source_id} ({batch.error_kind or batch.state})" for batch in missing)
    conf = {
        "from": min(batch.window_from for batch in missing).isoformat(),
        "to": max(batch.window_to for batch in missing).isoformat(),
        "sources": [batch.source_id for batch in missing],
    }
    raise SourceUnavailable(
        f"{len(missing)} of {len(batches)} sources of level {level} are missing from run {run_id}: {names}.",
        action=f"when they answer again, trigger ingest_dossiers__{level} with the conf"
        f" {str(conf).replace(chr(39), chr(34))}; the reports stay provisional until then.",
    )


def levels_not_closed(day: date) -> dict[str, str]:
    """Return the levels whose night of a day is not closed, and what each of them waits for.

    A night is closed when every due source is loaded and measured, or has failed and is named. A level without sources
    in this province is closed.
    """
    settings = Settings.load()
    catalog = load_catalog(settings.catalog_dir)
    waiting: dict[str, str] = {}
    with store_engine().connect() as connection:
        for level, count in connection.execute(statement("ledger/unmeasured_levels")).tuples():
            waiting[level] = f"{count} batches to be measured"
    for level in LEVELS:
        due = [s.source_id for s in catalog.sources_on(day, level=level, province=settings.province)]
        missing = [cell.source_id for cell in ledger.completeness(due, day, day) if cell.cell == "missing"]
        if missing:
            waiting[level] = f"{len(missing)} of {len(due)} sources, the first {missing[0]}"
    return waiting
