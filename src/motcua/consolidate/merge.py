"""Bulk loads the batches of a kind into one table, then merges each in one transaction with its ledger row."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from motcua import ledger
from motcua.canonical import DOSSIER, KINDS, RecordKind
from motcua.consolidate.dossiers import merge_dossiers
from motcua.consolidate.late import note_said_later
from motcua.consolidate.staging import staged
from motcua.consolidate.versions import Known, merge_records
from motcua.errors import ContractBroken, LedgerImbalance
from motcua.warehouse import is_lost_session, statement

log = logging.getLogger(__name__)

_OUTCOMES = ("new", "changed", "unchanged", "stale", "copy", "unconfirmed", "tombstoned", "restored")


@dataclass(frozen=True)
class ConsolidationOutcome:
    """Batch ids by result: loaded now or before, or failed (the ledger row gives the reason)."""

    loaded: list[str]
    failed: list[str]


def consolidate_batches(batch_ids: Sequence[str]) -> ConsolidationOutcome:
    """Load every validated batch of these ids. A batch that fails is recorded in the ledger and stops no other.

    A batch that this stage failed before is tried again. A batch that is already loaded is not changed. A batch in an
    earlier state is skipped, because this stage does not judge it.
    """
    outcome = ConsolidationOutcome([], [])
    waiting: dict[str, list[ledger.Batch]] = {}
    for batch in ledger.read_batches(batch_ids):
        if batch.state == "loaded":
            outcome.loaded.append(batch.batch_id)
        elif batch.state == "validated" or (batch.state, batch.failed_stage) == ("failed", "consolidate"):
            waiting.setdefault(batch.record_kind, []).append(batch)
        else:
            log.warning("%s: not consolidated, because its batch is %s", batch.source_id, batch.state)
    for name, batches in waiting.items():
        _consolidate_kind(KINDS[name], batches, outcome)
    return outcome


def _consolidate_kind(kind: RecordKind, batches: Sequence[ledger.Batch], outcome: ConsolidationOutcome) -> None:
    """Load the batches in one session. When it is lost, the others go on in a new one, the interrupted batch first."""
    interrupted: set[str] = set()
    waiting = sorted(batches, key=lambda batch: (batch.said_in_pull or 0, batch.pull_no or 0))
    while waiting:
        with staged(kind, waiting) as (connection, unread):
            waiting = _load_in_session(connection, kind, waiting, unread, interrupted, outcome)


def _load_in_session(
    connection: Connection,
    kind: RecordKind,
    batches: Sequence[ledger.Batch],
    unread: Mapping[str, Exception],
    interrupted: set[str],
    outcome: ConsolidationOutcome,
) -> list[ledger.Batch]:
    """Load batches until the session is lost. Return those that are left; each is `interrupted` once at most."""
    for number, batch in enumerate(batches):
        error = unread.get(batch.batch_id) or _try_load(connection, kind, batch)
        if error and is_lost_session(error) and batch.batch_id not in interrupted:
            log.warning("%s: the session of the database was lost, it is tried once more", batch.source_id)
            interrupted.add(batch.batch_id)
            return list(batches[number:])
        if error is None:
            outcome.loaded.append(batch.batch_id)
        else:
            # Accepted records that are gone or changed are validation's to write again.
            ledger.mark_failed(batch.batch_id, "validate" if batch.batch_id in unread else "consolidate", error)
            log.error("%s: not consolidated", batch.source_id, exc_info=error)
            outcome.failed.append(batch.batch_id)
        if connection.invalidated:
            return list(batches[number + 1 :])
    return []


def _try_load(connection: Connection, kind: RecordKind, batch: ledger.Batch) -> Exception | None:
    try:
        with connection.begin():
            _load(connection, kind, batch)
    except Exception as error:
        return error
    return None


def _load(connection: Connection, kind: RecordKind, batch: ledger.Batch) -> None:
    connection.execute(
        text("select pg_advisory_xact_lock(hashtext(:source))"), {"source": f"consolidate {batch.source_id}"}
    )
    row = connection.execute(statement("consolidate/lock_batch"), {"batch_id": batch.batch_id}).one()
    if row.state == "loaded":
        return
    # One merge at a time, because the identity of a dossier depends on dossiers of other sources with its number.
    connection.execute(text("select pg_advisory_xact_lock(hashtext('consolidate'))"))
    if row.is_overtaken:
        raise ContractBroken(
            f"Source {batch.source_id}, batch {batch.batch_id}: a later replay of {batch.replay_of} is loaded already.",
            action="none: the later reading stands.",
        )
    known = Known(
        batch.batch_id,
        batch.source_id,
        row.extracted_at,
        row.pull_no or 0,
        row.said_at,
        is_replay=row.is_replay,
        chosen_at=row.chosen_at,
    )
    if kind.name == DOSSIER.name:
        counts = merge_dossiers(connection, batch, known)
    else:
        note_said_later(connection, kind, known)
        counts = merge_records(connection, kind, known)
    counts = dict.fromkeys((f"{name}_count" for name in _OUTCOMES), 0) | counts
    _check_balance(
        batch,
        pulled=row.pulled_count,
        fates={
            "new_count": counts["new_count"],
            "changed_count": counts["changed_count"],
            "unchanged_count": counts["unchanged_count"],
            "stale_count": counts["stale_count"],
            "duplicate_count": row.duplicate_count + counts["copy_count"],
            "quarantined_count": row.quarantined_count,
            "out_of_window_count": row.out_of_window_count,
        },
    )
    connection.execute(
        statement("consolidate/mark_loaded"),
        {"batch_id": batch.batch_id, "is_measured": not kind.is_summed_by_day, **counts},
    )
    log.info(
        "%s: %d new, %d changed, %d unchanged, %d stale, %d counted elsewhere, %d unconfirmed, %d tombstoned,"
        " %d restored",
        batch.source_id,
        *(counts[f"{name}_count"] for name in _OUTCOMES),
    )


def _check_balance(batch: ledger.Batch, *, pulled: int, fates: dict[str, int]) -> None:
    if pulled != sum(fates.values()):
        listed = ", ".join(f"{name.removesuffix('_count').replace('_', ' ')} {count}" for name, count in fates.items())
        raise LedgerImbalance(
            f"Source {batch.source_id}, batch {batch.batch_id}: {pulled} records were pulled but {sum(fates.values())}"
            f" are accounted for ({listed}).",
            action=f"nothing was loaded; compare {batch.landing_uri} with quarantine_record, then clear the task.",
        )
