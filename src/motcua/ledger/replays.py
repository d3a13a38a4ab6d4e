"""Replays: batches that read again what earlier pulls landed, without asking the source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from motcua.ledger.batches import Batch, read_batches
from motcua.warehouse import statement, store_engine


@dataclass(frozen=True)
class ToReplay:
    """What lies in landing of one source, in the order of its pulls.

    Attributes:
        chosen_at: the moment of this reading: a batch is here if it was loaded before it.
        open_without_key: by batch, the records without a key that are set aside and not settled, by `record_no`.
        registers: the batches whose source gave all that its unit ever had.
    """

    chosen_at: datetime
    batches: tuple[Batch, ...]
    open_without_key: dict[str, frozenset[int]]
    registers: frozenset[str]


def read_to_replay(source_id: str) -> ToReplay:
    """Return every pull of a source that lies in landing and can be read again. No batch is merged meanwhile."""
    with store_engine().begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext('consolidate'))"))
        chosen_at: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
        rows = connection.execute(statement("ledger/batches_to_replay"), {"source_id": source_id}).all()
    batches = read_batches([row.batch_id for row in rows])
    without_key = {row.batch_id: frozenset(row.open_without_key) for row in rows}
    return ToReplay(chosen_at, tuple(batches), without_key, frozenset(row.batch_id for row in rows if row.is_register))


def plan_replay(batch_id: str, run_id: str, replay_of: str, landing_uri: str, chosen_at: datetime) -> int:
    """Write the ledger row of a replay of a loaded batch, and return the number that it takes among the pulls."""
    with _numbering() as connection:
        planned = connection.scalars(
            statement("ledger/plan_replay"),
            {
                "batch_id": batch_id,
                "run_id": run_id,
                "replay_of": replay_of,
                "landing_uri": landing_uri,
                "chosen_at": chosen_at,
            },
        )
        return int(planned.one())


def mark_read_again(
    batch_id: str, *, landing_uri: str, manifest_sha256: str, out_of_window: int, duplicate: int
) -> bool:
    """Record that a batch that validation held or failed was read again into another folder, to be validated again.

    Return false, and change nothing, where another run has validated it meanwhile.
    """
    with store_engine().begin() as connection:
        marked = connection.execute(
            text(
                "update batch set state = 'extracted', landing_uri = :uri, manifest_sha256 = :sha,"
                " out_of_window_count = :out_of_window, duplicate_count = :duplicate, accepted_sha256 = null,"
                " quarantined_count = null, failed_stage = null, error_kind = null, error_message = null"
                " where batch_id = :batch_id and state in ('held', 'failed') and failed_stage = 'validate'"
            ),
            {
                "batch_id": batch_id,
                "uri": landing_uri,
                "sha": manifest_sha256,
                "out_of_window": out_of_window,
                "duplicate": duplicate,
            },
        )
        return marked.rowcount > 0


@contextmanager
def _numbering() -> Iterator[Connection]:
    with store_engine().begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext('pull order'))"))
        yield connection
