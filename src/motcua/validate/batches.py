"""Judges the batches of one call together, and completes each batch on its own.

The cost of Great Expectations depends on the number of runs and not of rows, so one frame holds the records of all
batches. Each batch is read, held and written separately, so a broken batch never stops the others.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.errors import BatchHeld, ContractBroken, MotcuaError, SuiteBroken
from motcua.settings import TIMEZONE, Settings
from motcua.warehouse import with_one_retry

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from motcua.canonical import RecordKind
    from motcua.validate.run import Finding
    from motcua.validate.verdict import Refusal, Verdict

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ValidationOutcome:
    """The results of the batches of one call: their ids, and the page with the reasons (None when none was judged)."""

    validated: list[str]
    held: list[str]
    failed: list[str]
    page: str | None = None


@dataclass
class _Call:
    validated: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)

    def refuse(self, batch: ledger.Batch, error: Exception) -> None:
        """Record in the ledger, the log and the page that a batch is not validated."""
        from motcua.validate.verdict import Refusal

        ledger.mark_failed(batch.batch_id, "validate", error)
        state, ids = ("held", self.held) if isinstance(error, BatchHeld) else ("failed", self.failed)
        ids.append(batch.batch_id)
        # The text of an error that is not ours may quote a record.
        reason = str(error) if isinstance(error, MotcuaError) else type(error).__name__
        self.refusals.append(Refusal(batch, state, reason))
        log.error("source=%s batch=%s %s: %s", batch.source_id, batch.batch_id, state, reason)


def validate_batches(batch_ids: Sequence[str], *, now: datetime | None = None) -> ValidationOutcome:
    """Judge the extracted batches of these ids. Set aside the records that break a critical rule and accept the rest.

    Batches that are already validated or loaded count as validated and are not judged again. Batches that failed or
    were held in validation are judged again. Batches that extraction has not completed count as failed and are not
    changed. A second judgement of the same batch gives the same rows.

    Args:
        batch_ids: ledger ids.
        now: wall-clock time of Asia/Ho_Chi_Minh, by default the present. Only a due date may be later.

    Raises:
        SuiteBroken: a suite cannot be trusted. Every batch of the call is marked as failed, because none has a verdict.
    """
    from motcua.canonical import KINDS

    settings = Settings.load()
    moment = now or datetime.now(ZoneInfo(TIMEZONE)).replace(tzinfo=None)
    call = _Call()
    to_judge: dict[str, list[ledger.Batch]] = {}
    for batch in ledger.read_batches(batch_ids):
        if batch.state in {"validated", "loaded"}:
            call.validated.append(batch.batch_id)
        elif batch.state == "extracted" or batch.failed_stage == "validate":
            to_judge.setdefault(batch.record_kind, []).append(batch)
        else:
            log.warning("source=%s batch=%s is %s, not extracted", batch.source_id, batch.batch_id, batch.state)
            call.failed.append(batch.batch_id)
    for name, batches in to_judge.items():
        _validate_kind(KINDS[name], batches, settings, moment, call)
    page = call.pages[-1] if call.pages else None
    return ValidationOutcome(call.validated, call.held, call.failed, page)


def _validate_kind(
    kind: RecordKind, batches: list[ledger.Batch], settings: Settings, now: datetime, call: _Call
) -> None:
    """Judge the batches of one kind of record, complete each, and write their page."""
    from motcua.validate.results_page import write_page

    try:
        verdicts = _judge(kind, batches, settings.expectations_dir, now, call)
    except SuiteBroken as error:
        for batch in batches:
            if batch.batch_id not in call.failed:
                call.refuse(batch, error)
        raise
    for verdict in verdicts:
        _complete(verdict, call)
    judged = {batch.batch_id for batch in batches}
    refusals = [refusal for refusal in call.refusals if refusal.batch.batch_id in judged]
    page = write_page(verdicts, refusals, settings.reports_dir / "validation", now)
    call.pages.append(page)
    log.info("validated=%d held=%d failed=%d page=%s", len(call.validated), len(call.held), len(call.failed), page)


def _judge(kind: RecordKind, batches: list[ledger.Batch], suites: Path, now: datetime, call: _Call) -> list[Verdict]:
    import pyarrow as pa

    from motcua.validate.batch_facts import share_facts
    from motcua.validate.run import run_suite
    from motcua.validate.suite import load_suite
    from motcua.validate.verdict import Judged

    suite = load_suite(suites / f"{kind.name}.json")
    table_suite = load_suite(suites / "batch.json")
    landed = _landed(kind, batches, suites, call)
    if not landed:
        return []
    records = pa.concat_tables([table for _, table in landed])
    counted = [(batch, table.num_rows) for batch, table in landed]
    frame = with_one_retry(lambda: _frame(kind, counted, records, now), "validate")
    findings = run_suite(suite, frame)
    judged = Judged(kind, suite, findings, [batch for batch, _ in landed], records, frame)
    shares = [(verdict.judged_count, verdict.broken_count) for verdict in judged.verdicts]
    _hold(judged.verdicts, run_suite(table_suite, share_facts(shares)))
    judged.split_records()
    return judged.verdicts


def _landed(
    kind: RecordKind, batches: list[ledger.Batch], suites: Path, call: _Call
) -> list[tuple[ledger.Batch, pa.Table]]:
    """Read the records of each batch. Refuse batches that cannot be read or that differ from the ledger."""
    import pyarrow.compute as pc

    from motcua.landing import read_manifest, read_records
    from motcua.validate.batch_facts import batch_facts
    from motcua.validate.run import run_suite
    from motcua.validate.suite import load_suite

    suite = load_suite(suites / "landing.json")
    read = []
    for batch in batches:
        try:
            table = read_records(batch.landing_uri, batch.manifest_sha256, kind)
            read.append((batch, table, read_manifest(batch.landing_uri)["schema"]))
        except Exception as error:
            call.refuse(batch, error)
    broken: dict[int, Finding] = {}
    for finding in run_suite(suite, batch_facts(kind, read)):
        for row in finding.rows:
            broken.setdefault(row, finding)
    landed = []
    for row, (batch, table, _) in enumerate(read):
        if row in broken:
            meta = broken[row].check.meta
            call.refuse(batch, ContractBroken(
                f"Source {batch.source_id}, batch {batch.batch_id}: {meta.reason} (rule {meta.rule_id})",
                action=meta.action or "pull the window again.",
            ))  # fmt: skip
        else:
            landed.append((batch, table.filter(pc.equal(table["disposition"], "record"))))
    return landed


def _frame(kind: RecordKind, batches: list[tuple[ledger.Batch, int]], records: pa.Table, now: datetime) -> pd.DataFrame:
    """Return one frame of all records with their facts. `batch_no` is the position of the batch in the call."""
    import numpy as np

    from motcua.validate.facts import add_facts
    from motcua.warehouse import store_engine

    frame = records.drop_columns([*kind.not_judged]).to_pandas(date_as_object=False)
    counts = [count for _, count in batches]
    frame["batch_no"] = np.repeat(np.arange(len(batches)), counts)
    frame["source_id"] = np.repeat(np.array([batch.source_id for batch, _ in batches], dtype=object), counts)
    last_days = np.array([batch.window_to for batch, _ in batches], dtype="datetime64[us]")
    frame["window_to"] = np.repeat(last_days, counts)
    catalog = load_catalog(Settings.load().catalog_dir)
    with store_engine().connect() as connection:
        return add_facts(frame, catalog, connection, now, kind)


def _hold(verdicts: list[Verdict], findings: list[Finding]) -> None:
    """Hold the batches in which too many records break critical rules, and name the rule that most of them broke."""
    for finding in findings:
        for row in finding.rows:
            verdict = verdicts[row]
            worst = max(verdict.critical_counts, key=lambda rule: verdict.critical_counts[rule])
            verdict.held = BatchHeld(
                f"Source {verdict.batch.source_id}, batch {verdict.batch.batch_id}: {verdict.broken_count} of"
                f" {verdict.judged_count} records break critical rules, most often {worst}"
                f" ({verdict.critical_counts[worst]} records; rule {finding.check.rule_id}).",
                action=finding.check.meta.action or "correct the source, then validate again.",
            )


def _complete(verdict: Verdict, call: _Call) -> None:
    from motcua.validate.set_aside import write_verdict

    if verdict.held:
        call.refuse(verdict.batch, verdict.held)
        return
    try:
        with_one_retry(lambda: write_verdict(verdict), verdict.batch.source_id)
    except Exception as error:
        call.refuse(verdict.batch, error)
    else:
        call.validated.append(verdict.batch.batch_id)
