"""Replays: batches that read again what earlier pulls landed, without asking the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from motcua.catalog import Source
from motcua.ledger.batches import Batch, read_batches
from motcua.warehouse import statement, store_engine


@dataclass(frozen=True)
class ToReplay:
    """What lies in landing of one source, in the order of its pulls.

    Attributes:
        chosen_at: the moment of this reading: a batch is here if it was loaded before it.
        open_without_key: by batch, the records without a key that are set aside and not settled, by `record_no`.
        registers: the batches whose source gave all that its unit ever had, and since which day it tells all.
    """

    chosen_at: datetime
    batches: tuple[Batch, ...]
    open_without_key: dict[str, frozenset[int]]
    registers: Mapping[str, date]


def read_to_replay(source_id: str) -> ToReplay:
    """Return every pull of a source that lies in landing and can be read again. No batch is merged meanwhile."""
    with store_engine().begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext('consolidate'))"))
        chosen_at: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
        rows = connection.execute(statement("ledger/batches_to_replay"), {"source_id": source_id}).all()
    batches = read_batches([row.batch_id for row in rows])
    without_key = {row.batch_id: frozenset(row.open_without_key) for row in rows}
    registers = {row.batch_id: row.register_began for row in rows if row.register_began}
    return ToReplay(chosen_at, tuple(batches), without_key, registers)


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
    batch_id: str,
    *,
    landing_uri: str,
    manifest_sha256: str,
    out_of_window: int,
    duplicate: int,
    reading_sha256: str | None = None,
    stock_from: date | None = None,
    first_record_on: date | None = None,
) -> bool:
    """Record that a batch that validation held or failed was read again into another folder, to be validated again.

    Of a register `stock_from` is the day since which its records tell all, if they have one. `first_record_on` is what
    its entry says of that day by now.
    Return false, and change nothing, where another run has validated it meanwhile.
    """
    with store_engine().begin() as connection:
        marked = connection.execute(
            text(
                "update batch set state = 'extracted', landing_uri = :uri, manifest_sha256 = :sha,"
                " out_of_window_count = :out_of_window, duplicate_count = :duplicate, accepted_sha256 = null,"
                " reading_sha256 = :reading, stock_from = case when opening_ended_by = 'register'"
                " then coalesce(cast(:stock_from as date), stock_from) else stock_from end,"
                " vouched = case when cast(:stock_from as date) is null then vouched else"
                " vouched || jsonb_build_object('first_record_on', cast(:first_day as text)) end,"
                " quarantined_count = null, failed_stage = null, error_kind = null, error_message = null"
                " where batch_id = :batch_id and state in ('held', 'failed') and failed_stage = 'validate'"
            ),
            {
                "batch_id": batch_id,
                "uri": landing_uri,
                "sha": manifest_sha256,
                "out_of_window": out_of_window,
                "duplicate": duplicate,
                "reading": reading_sha256,
                "stock_from": stock_from,
                "first_day": str(first_record_on) if first_record_on else None,
            },
        )
        return marked.rowcount > 0


def read_again_since() -> datetime:
    """Return the moment from which a replay counts: the clock of the store, before anything is read."""
    with store_engine().connect() as connection:
        now: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
        return now


def note_read_again(source_id: str, reading_sha256: str, read_at: datetime) -> None:
    """Record that all that was loaded of a source before a moment is in the store as it is read today."""
    with store_engine().begin() as connection:
        connection.execute(
            text(
                "insert into source_read_again (source_id, reading_sha256, read_at) values (:source_id, :reading, :at)"
                " on conflict (source_id, reading_sha256) do update set read_at = excluded.read_at"
            ),
            {"source_id": source_id, "reading": reading_sha256, "at": read_at},
        )


@dataclass(frozen=True)
class ReadOtherwise:
    """Pulls of a source whose records were read by another entry or mapping than today's, and not again since."""

    source_id: str
    pull_count: int
    first_day: date
    last_day: date


def read_otherwise(
    sources: Sequence[Source], readings: Sequence[str], to_date: date, *, connection: Connection
) -> list[ReadOtherwise]:
    """Return what of these sources was read otherwise than today, of pulls that ask for days until `to_date`.

    Args:
        readings: the reading of each source today (`motcua.catalog.record_sources.reading_sha256`).
    """
    rows = connection.execute(
        statement("ledger/read_otherwise"),
        {
            "source_ids": [source.source_id for source in sources],
            "readings": list(readings),
            "lists_all": [source.lists_all for source in sources],
            "to_date": to_date,
        },
    )
    return [ReadOtherwise(**row._mapping) for row in rows]


@contextmanager
def _numbering() -> Iterator[Connection]:
    with store_engine().begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext('pull order'))"))
        yield connection
