"""Judges the batches of one call together and settles each on its own.

Great Expectations costs per run, not per row, so the records of all batches stand in one frame; what is read, held
or written is a batch at a time, so one broken batch never stops the others.
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

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from motcua.validate.run import Finding
    from motcua.validate.verdict import Verdict

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ValidationOutcome:
    """What became of the batches of one call: ids, and the page that shows why (none when none was judged)."""

    validated: list[str]
    held: list[str]
    failed: list[str]
    page: str | None = None


@dataclass(frozen=True)
class Refusal:
    """A batch that was not validated: `held` for somebody to decide, `failed` to be tried again, and why."""

    batch: ledger.Batch
    state: str
    reason: str


@dataclass
class _Call:
    validated: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, batch: ledger.Batch, error: Exception) -> None:
        """Record in the ledger, the log and the page that a batch is not validated, and go on with the others."""
        ledger.mark_failed(batch.batch_id, "validate", error)
        state, ids = ("held", self.held) if isinstance(error, BatchHeld) else ("failed", self.failed)
        ids.append(batch.batch_id)
        # The text of a stranger's error may quote a record.
        reason = str(error) if isinstance(error, MotcuaError) else type(error).__name__
        self.refusals.append(Refusal(batch, state, reason))
        log.error("source=%s batch=%s %s: %s", batch.source_id, batch.batch_id, state, reason)


def validate_batches(batch_ids: Sequence[str], *, now: datetime | None = None) -> ValidationOutcome:
    """Judge the extracted batches among these, set aside what breaks a critical rule, and accept the rest.

    Batches already validated or loaded count as validated and are not judged again; those that failed or were held
    by validation are judged anew; those that extraction has not delivered count as failed and are left as they are.
    Judging the same batch again gives the same rows.

    Args:
        batch_ids: ledger ids.
        now: wall time of Asia/Ho_Chi_Minh that nothing but a due date may lie after; the present by default.

    Raises:
        SuiteBroken: a suite cannot be trusted. Every batch of the call is marked failed: none has a verdict.
    """
    from motcua.validate.page import write_page

    settings = Settings.load()
    moment = now or datetime.now(ZoneInfo(TIMEZONE)).replace(tzinfo=None)
    call = _Call()
    to_judge = []
    for batch in ledger.read_batches(batch_ids):
        if batch.state in {"validated", "loaded"}:
            call.validated.append(batch.batch_id)
        elif batch.state == "extracted" or batch.failed_stage == "validate":
            to_judge.append(batch)
        else:
            log.warning("source=%s batch=%s is %s, not extracted", batch.source_id, batch.batch_id, batch.state)
            call.failed.append(batch.batch_id)
    if not to_judge:
        return ValidationOutcome(call.validated, call.held, call.failed)
    try:
        verdicts = _judge(to_judge, settings.expectations_dir, moment, call)
    except SuiteBroken as error:
        for batch in to_judge:
            if batch.batch_id not in call.failed:
                call.refuse(batch, error)
        raise
    for verdict in verdicts:
        _settle(verdict, call)
    page = write_page(verdicts, call.refusals, settings.reports_dir / "validation", moment)
    log.info("validated=%d held=%d failed=%d page=%s", len(call.validated), len(call.held), len(call.failed), page)
    return ValidationOutcome(call.validated, call.held, call.failed, page)


def _judge(batches: list[ledger.Batch], suites: Path, now: datetime, call: _Call) -> list[Verdict]:
    import pyarrow as pa

    from motcua.validate.run import run_suite
    from motcua.validate.suite import load_suite
    from motcua.validate.verdict import Judged

    suite = load_suite(suites / "dossier.json")
    table_suite = load_suite(suites / "batch.json")
    landed = _landed(batches, suites, call)
    if not landed:
        return []
    records = pa.concat_tables([table for _, table in landed])
    frame = _frame([(batch, table.num_rows) for batch, table in landed], records, now)
    findings = run_suite(suite, frame)
    judged = Judged(suite, findings, [batch for batch, _ in landed], records, frame)
    _hold(judged.verdicts, run_suite(table_suite, _share_frame(judged.verdicts)))
    judged.part_records()
    return judged.verdicts


def _landed(batches: list[ledger.Batch], suites: Path, call: _Call) -> list[tuple[ledger.Batch, pa.Table]]:
    """Read each batch's records to judge; refuse those that cannot be read or are not what the ledger says."""
    import pyarrow.compute as pc

    from motcua.landing import read_manifest, read_records
    from motcua.validate.batch_frame import landing_frame
    from motcua.validate.run import run_suite
    from motcua.validate.suite import load_suite

    suite = load_suite(suites / "landing.json")
    read = []
    for batch in batches:
        try:
            table = read_records(batch.landing_uri, batch.manifest_sha256)
            read.append((batch, table, read_manifest(batch.landing_uri)["schema"]))
        except Exception as error:
            call.refuse(batch, error)
    broken: dict[int, Finding] = {}
    for finding in run_suite(suite, landing_frame(read)):
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


def _frame(batches: list[tuple[ledger.Batch, int]], records: pa.Table, now: datetime) -> pd.DataFrame:
    """Return one frame of all records with their facts; `batch_no` is the position of the batch in the call."""
    import numpy as np

    from motcua.validate.facts import add_facts
    from motcua.validate.verdict import NOT_JUDGED
    from motcua.warehouse import store_engine

    frame = records.drop_columns([*NOT_JUDGED]).to_pandas()
    counts = [count for _, count in batches]
    frame["batch_no"] = np.repeat(np.arange(len(batches)), counts)
    frame["source_id"] = np.repeat(np.array([batch.source_id for batch, _ in batches], dtype=object), counts)
    last_days = np.array([batch.window_to for batch, _ in batches], dtype="datetime64[us]")
    frame["window_to"] = np.repeat(last_days, counts)
    catalog = load_catalog(Settings.load().catalog_dir)
    with store_engine().connect() as connection:
        return add_facts(frame, catalog, connection, now)


def _share_frame(verdicts: list[Verdict]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "judged_count": [verdict.judged_count for verdict in verdicts],
            "broken_pct": [
                100 * verdict.broken_count / verdict.judged_count if verdict.judged_count else 0.0
                for verdict in verdicts
            ],
        }
    )


def _hold(verdicts: list[Verdict], findings: list[Finding]) -> None:
    """Mark the batches that too many of their records drag down, naming the rule most of them broke."""
    for finding in findings:
        for row in finding.rows:
            verdict = verdicts[row]
            worst = max(verdict.critical_counts, key=lambda rule: verdict.critical_counts[rule])
            verdict.held = BatchHeld(
                f"Source {verdict.batch.source_id}, batch {verdict.batch.batch_id}: {verdict.broken_count} of"
                f" {verdict.judged_count} records break critical rules, most of all {worst}"
                f" ({verdict.critical_counts[worst]} records; rule {finding.check.rule_id}).",
                action=finding.check.meta.action or "correct the source, then validate again.",
            )


def _settle(verdict: Verdict, call: _Call) -> None:
    from motcua.validate.set_aside import write_verdict

    if verdict.held:
        call.refuse(verdict.batch, verdict.held)
        return
    try:
        write_verdict(verdict)
    except Exception as error:
        call.refuse(verdict.batch, error)
    else:
        call.validated.append(verdict.batch.batch_id)
