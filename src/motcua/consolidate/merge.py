"""Bulk loads the batches of a kind into one table, then merges each in one transaction with its ledger row."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, text

from motcua import ledger
from motcua.canonical import DOSSIER, KINDS, RecordKind
from motcua.consolidate.dossiers import merge_dossiers
from motcua.consolidate.versions import Known, merge_records
from motcua.errors import LedgerImbalance
from motcua.landing import read_accepted
from motcua.warehouse import libpq_dsn, statement, store_engine

log = logging.getLogger(__name__)

_OUTCOMES = ("new", "changed", "unchanged", "copy", "unconfirmed", "tombstoned", "restored")


@dataclass(frozen=True)
class ConsolidationOutcome:
    """Batch ids by result: loaded now or before, or failed (the ledger row gives the reason)."""

    loaded: list[str]
    failed: list[str]


def consolidate_batches(batch_ids: Sequence[str]) -> ConsolidationOutcome:
    """Load every validated batch of these ids. A batch that fails is recorded in the ledger and stops no other.

    A batch that is already loaded is not changed. A batch in an earlier state is skipped, because this stage does not
    judge it.
    """
    outcome = ConsolidationOutcome([], [])
    waiting: dict[str, list[ledger.Batch]] = {}
    for batch in ledger.read_batches(batch_ids):
        if batch.state == "loaded":
            outcome.loaded.append(batch.batch_id)
        elif batch.state == "validated":
            waiting.setdefault(batch.record_kind, []).append(batch)
        else:
            log.warning("%s: not consolidated, because its batch is %s", batch.source_id, batch.state)
    for name, batches in waiting.items():
        _consolidate_kind(KINDS[name], batches, outcome)
    return outcome


def _consolidate_kind(kind: RecordKind, batches: Sequence[ledger.Batch], outcome: ConsolidationOutcome) -> None:
    with _staging(kind, batches) as (connection, unread):
        for batch in batches:
            error = unread.get(batch.batch_id) or _try_load(connection, kind, batch)
            if error is None:
                outcome.loaded.append(batch.batch_id)
            else:
                ledger.mark_failed(batch.batch_id, "consolidate", error)
                log.error("%s: not consolidated", batch.source_id, exc_info=error)
                outcome.failed.append(batch.batch_id)


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
    known = Known(batch.batch_id, batch.source_id, row.extracted_at)
    if kind.name == DOSSIER.name:
        counts = merge_dossiers(connection, batch, known)
    else:
        counts = merge_records(connection, kind, known)
    counts = dict.fromkeys((f"{name}_count" for name in _OUTCOMES), 0) | counts
    _check_balance(
        batch,
        pulled=row.pulled_count,
        fates={
            "new_count": counts["new_count"],
            "changed_count": counts["changed_count"],
            "unchanged_count": counts["unchanged_count"],
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
        "%s: %d new, %d changed, %d unchanged, %d counted elsewhere, %d unconfirmed, %d tombstoned, %d restored",
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


@contextmanager
def _staging(kind: RecordKind, batches: Sequence[ledger.Batch]) -> Iterator[tuple[Connection, dict[str, Exception]]]:
    """Bulk load the accepted records of all batches into one unlogged table, which the view `accepted_record` shows.

    Yields the connection with that view, and the error of each batch that cannot be read. The name of the table follows
    from its batches. So a second run of the same batches waits for the first, and drops a table that a crash left.
    """
    tables, unread = [], dict[str, Exception]()
    for batch in batches:
        try:
            records = read_accepted(batch.landing_uri, kind)
        except Exception as error:
            unread[batch.batch_id] = error
        else:
            tables.append(records.append_column("batch_id", pa.repeat(batch.batch_id, records.num_rows)))
    name = "load_" + hashlib.sha256("\n".join(batch.batch_id for batch in batches).encode()).hexdigest()[:32]
    with store_engine().connect() as connection:
        connection.execute(text("select pg_advisory_lock(hashtext(:name))"), {"name": name})
        connection.execute(text(f"drop table if exists staging.{name} cascade"))
        connection.execute(text(f"create unlogged table staging.{name} ({kind.staging_columns})"))
        connection.execute(text(f"create temporary view accepted_record as table staging.{name}"))
        connection.commit()
        try:
            if tables:
                _ingest(name, pa.concat_tables(tables))
            yield connection, unread
        finally:
            connection.execute(text(f"drop table staging.{name} cascade"))
            connection.execute(text("select pg_advisory_unlock(hashtext(:name))"), {"name": name})
            connection.commit()


def _ingest(name: str, records: pa.Table) -> None:
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(libpq_dsn("motcua_store")) as loader, loader.cursor() as cursor:
        cursor.adbc_ingest(name, records, mode="append", db_schema_name="staging")
        loader.commit()
