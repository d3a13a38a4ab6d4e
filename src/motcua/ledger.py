"""The ledger: one row a batch (a source, a window of days, a run), its counts and what became of it.

Stages meet here and in landing; none imports another. A batch moves planned → extracted → validated → loaded, or
ends as failed (retryable) or held (somebody must decide). The database refuses a loaded batch that does not
balance: pulled = new + changed + unchanged + duplicate + quarantined + out of window.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from motcua.catalog import Catalog, Source
from motcua.catalog.cells import CellCode
from motcua.catalog.guards import Guards, load_guards
from motcua.catalog.record_sources import sources_of
from motcua.errors import ConfigurationError, MotcuaError
from motcua.period import Period
from motcua.settings import Settings
from motcua.units.codes import sync_units
from motcua.warehouse import statement, store_engine


@dataclass(frozen=True)
class Batch:
    """One row of the ledger as the stages need it. Days are inclusive, in Asia/Ho_Chi_Minh.

    Of a batch whose source always gives all it has the window says for which days it answers.
    """

    batch_id: str
    run_id: str
    source_id: str
    record_kind: str
    level: str
    window_from: date
    window_to: date
    state: str
    attempt_count: int
    landing_uri: str
    manifest_sha256: str | None
    declared_total: int | None
    pulled_count: int | None
    out_of_window_count: int | None
    duplicate_count: int | None
    quarantined_count: int | None
    new_count: int | None
    changed_count: int | None
    unchanged_count: int | None
    unconfirmed_count: int | None
    tombstoned_count: int | None
    restored_count: int | None
    is_shrink_accepted: bool
    failed_stage: str | None
    error_kind: str | None
    error_message: str | None


_COLUMNS = ", ".join(Batch.__dataclass_fields__)


def plan_run(
    catalog: Catalog,
    run_id: str,
    day: date,
    *,
    record_kind: str = "dossier",
    level: str | None = None,
    window: tuple[date, date] | None = None,
    source_ids: Sequence[str] = (),
    accept_shrink: bool = False,
) -> list[list[str]]:
    """Write the batches of a run and return their ids, in chunks of `Settings.sources_per_task`.

    Without a `window` each source is asked for what `due_windows` says, up to `day`: a batch for each window.
    Planning the same run again returns the same batches, so a repeated task changes nothing. With `accept_shrink` the
    batches are believed although they bring fewer dossiers than the guards of the catalogue allow.

    Raises:
        ConfigurationError: a named source is unknown or not in force, or there is nothing to plan.
    """
    settings = Settings.load()
    sources = _sources_to_plan(catalog, day, record_kind, level, source_ids)
    answers = last_answers()
    guards = load_guards(settings.catalog_dir)
    planned: list[str] = []
    with store_engine().begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext(:run))"), {"run": f"plan {run_id}"})
        sync_units(connection, catalog)
        before: dict[str, list[str]] = {}
        for row in connection.execute(
            text("select source_id, batch_id from batch where run_id = :run order by planned_at, batch_id"),
            {"run": run_id},
        ):
            before.setdefault(row.source_id, []).append(row.batch_id)
        for source in sources:
            if source.source_id in before:
                planned += before[source.source_id]
                continue
            windows = [window] if window else due_windows(source, day, answers.get(source.source_id), guards)
            for number, (window_from, window_to) in enumerate(windows):
                batch_id = batch_id_of(source.source_id, run_id, number)
                planned.append(batch_id)
                connection.execute(
                    statement("ledger/plan_batch"),
                    {
                        "batch_id": batch_id,
                        "run_id": run_id,
                        "source_id": source.source_id,
                        "record_kind": source.record_kind,
                        "is_whole": source.options.answers_whole,
                        "level": source.level,
                        "window_from": window_from,
                        "window_to": window_to,
                        "is_shrink_accepted": accept_shrink,
                        "landing_uri": "/".join(
                            (settings.landing_url, source.source_id, f"{window_from}_{window_to}", _slug(run_id))
                        ),
                    },
                )
    return in_chunks(planned)


def _sources_to_plan(
    catalog: Catalog, day: date, record_kind: str, level: str | None, source_ids: Sequence[str]
) -> list[Source]:
    province = Settings.load().province
    sources = [
        source
        for source in sources_of(catalog, record_kind)
        if source.holds_on(day)
        and (level is None or source.level == level)
        and (not province or catalog.belongs_to(source.unit_id, province))
    ]
    told = f"source of {record_kind}s of level {level or 'any'}"
    if unknown := sorted(set(source_ids) - {source.source_id for source in sources}):
        raise ConfigurationError(
            f"No {told} called {', '.join(unknown)} is in force on {day}.",
            action="list the ids with `motcua sources list`, or correct valid_from/valid_to in the catalogue.",
        )
    if not sources:
        raise ConfigurationError(
            f"No {told} is in force on {day} for province {province or 'any'}.",
            action="check MOTCUA_PROVINCE and the validity of the sources in the catalogue.",
        )
    return [source for source in sources if not source_ids or source.source_id in set(source_ids)]


def in_chunks(batch_ids: Sequence[str]) -> list[list[str]]:
    """Cut batch ids into what one task handles, `Settings.sources_per_task`."""
    size = Settings.load().sources_per_task
    return [list(batch_ids[start : start + size]) for start in range(0, len(batch_ids), size)]


def batch_id_of(source_id: str, run_id: str, number: int = 0) -> str:
    """Return the id of a source's batch in a run; `number` tells its windows apart where there are several."""
    return f"{source_id}@{_slug(run_id)}" + (f"+{number}" if number else "")


def read_batches(batch_ids: Sequence[str]) -> list[Batch]:
    """Return the ledger rows of these batches, in the order given."""
    with store_engine().connect() as connection:
        rows = connection.execute(
            text(f"select {_COLUMNS} from batch where batch_id = any(:ids)"),  # noqa: S608  our own column names
            {"ids": list(batch_ids)},
        )
        found = {row.batch_id: Batch(**row._mapping) for row in rows}
    return [found[batch_id] for batch_id in batch_ids]


def read_run(run_id: str, level: str | None = None) -> list[Batch]:
    """Return the ledger rows of a run, by source."""
    with store_engine().connect() as connection:
        rows = connection.execute(
            text(
                f"select {_COLUMNS} from batch"  # noqa: S608  our own column names
                " where run_id = :run and (cast(:level as text) is null or level = :level) order by source_id"
            ),
            {"run": run_id, "level": level},
        )
        return [Batch(**row._mapping) for row in rows]


def start_attempt(batch_id: str) -> None:
    """Count one more attempt at a batch."""
    _update(batch_id, "attempt_count = attempt_count + 1")


def mark_extracted(
    batch_id: str,
    *,
    manifest_sha256: str,
    declared_total: int | None,
    pulled: int,
    out_of_window: int,
    duplicate: int,
    answers_until: date | None = None,
) -> None:
    """Record that the batch lies complete in landing; `answers_until` cuts its window where the source says less."""
    _update(
        batch_id,
        "state = 'extracted', manifest_sha256 = :sha, declared_total = :declared, pulled_count = :pulled,"
        " out_of_window_count = :out_of_window, duplicate_count = :duplicate, extracted_at = now(),"
        " window_to = least(window_to, coalesce(cast(:answers_until as date), window_to)),"
        " failed_stage = null, error_kind = null, error_message = null",
        sha=manifest_sha256,
        declared=declared_total,
        pulled=pulled,
        out_of_window=out_of_window,
        duplicate=duplicate,
        answers_until=answers_until,
    )


def mark_validated(connection: Connection, batch_id: str, *, quarantined: int) -> None:
    """Record, in the transaction that writes the quarantine, how many records were set aside."""
    connection.execute(
        text(
            "update batch set state = 'validated', quarantined_count = :quarantined, validated_at = now(),"
            " failed_stage = null, error_kind = null, error_message = null where batch_id = :batch_id"
        ),
        {"batch_id": batch_id, "quarantined": quarantined},
    )


def mark_failed(batch_id: str, stage: str, error: Exception) -> None:
    """Record that a stage failed: `held` when somebody must decide, `failed` when a retry may do."""
    from motcua.errors import BatchHeld

    message = str(error) if isinstance(error, MotcuaError) else f"{type(error).__name__} in {stage}"
    _update(
        batch_id,
        "state = :state, failed_stage = :stage, error_kind = :kind, error_message = :message",
        state="held" if isinstance(error, BatchHeld) else "failed",
        stage=stage,
        kind=type(error).__name__,
        message=message,
    )


def note_unanswered(batch_id: str, error: MotcuaError) -> None:
    """Record why a batch is still to be asked: it stays planned, so its night is not closed."""
    _update(
        batch_id,
        "state = 'planned', failed_stage = 'extract', error_kind = :kind, error_message = :message",
        kind=type(error).__name__,
        message=str(error),
    )


@dataclass(frozen=True)
class Completeness:
    """Whether one source answered for every day of a period: received, missing, failed or quarantined.

    Attributes:
        is_in_time: every day was loaded before the moment asked about; false where none was.
        pulled_count, quarantined_count: of its newest loaded batch; none without one.
    """

    source_id: str
    cell: CellCode
    batch_ids: list[str]
    reason: str | None
    is_in_time: bool = False
    pulled_count: int | None = None
    quarantined_count: int | None = None

    @property
    def set_aside_pct(self) -> float:
        """The share of the newest batch's records that were set aside, 0 to 100."""
        return 100 * (self.quarantined_count or 0) / self.pulled_count if self.pulled_count else 0.0


def completeness(
    source_ids: Sequence[str],
    from_date: date,
    to_date: date,
    *,
    due_end: datetime | None = None,
    connection: Connection | None = None,
) -> list[Completeness]:
    """Return one cell for each source: what it gave for the days of a period, and the batches that gave it.

    `received` means loaded batches cover every day and no failed or held batch of those days is still unanswered.

    Args:
        due_end: the moment after which an answer is late, for `is_in_time`.
        connection: whose snapshot is read; one of its own by default.
    """
    if connection is None:
        with store_engine().connect() as own:
            return completeness(source_ids, from_date, to_date, due_end=due_end, connection=own)
    rows = connection.execute(
        statement("ledger/source_completeness"),
        {"source_ids": list(source_ids), "from_date": from_date, "to_date": to_date, "due_end": due_end},
    )
    found = {row.source_id: Completeness(**row._mapping) for row in rows}
    return [found[source_id] for source_id in source_ids]


def owed_days(source: Source, period: Period, until: date) -> tuple[date, date] | None:
    """Return the days of a period that a source owes until a day: those on which it is in force. None: no day."""
    first = max(period.from_date, source.valid_from)
    last = min(period.to_date, until, source.valid_to or until)
    return (first, last) if first <= last else None


@dataclass(frozen=True)
class LastAnswer:
    """The days a source has answered for, if ever, and the state of its newest batch.

    `unanswered_from` is the first day that only batches without an answer hold: failed, held, or never finished.
    """

    covered_until: date | None
    last_state: str
    covered_from: date | None = None
    unanswered_from: date | None = None


def last_answers() -> dict[str, LastAnswer]:
    """Return, by source, how far it has answered. A source never asked is not there."""
    with store_engine().connect() as connection:
        rows = connection.execute(statement("ledger/last_answers"))
        return {
            row.source_id: LastAnswer(row.covered_until, row.last_state, row.covered_from, row.unanswered_from)
            for row in rows
        }


@dataclass(frozen=True)
class Absences:
    """How many of a source's dossiers it no longer shows: unconfirmed, since when, and proven to be deleted."""

    source_id: str
    unconfirmed_count: int
    unconfirmed_since: datetime | None
    tombstoned_count: int


def absences() -> list[Absences]:
    """Return the sources that do not show every dossier the store knows of them."""
    with store_engine().connect() as connection:
        return [Absences(**row._mapping) for row in connection.execute(statement("ledger/absences"))]


@dataclass(frozen=True)
class DriftFinding:
    """What a source sent that differs from what was known of it, and how that was handled."""

    source_id: str
    batch_id: str
    kind: str
    name: str
    detail: str
    handling: str
    found_at: datetime


def drift(source_id: str | None = None, limit: int = 100) -> list[DriftFinding]:
    """Return the newest findings of contract drift, of one source or of all."""
    with store_engine().connect() as connection:
        rows = connection.execute(statement("ledger/drift"), {"source_id": source_id, "row_limit": limit})
        return [DriftFinding(**row._mapping) for row in rows]


def due_windows(source: Source, day: date, answer: LastAnswer | None, guards: Guards) -> list[tuple[date, date]]:
    """Return the windows a source is to be asked for in the night of a day, the newest first.

    The days since it last answered, and those a batch that failed or was held left unanswered, plus its overlap: there
    is no modified-since filter to ask by. Every so many nights, spread by the source's id, as far back as a sweep
    reaches. What is longer than a bounded window, as after an outage, is cut. A source that always gives all it has
    is asked once for every day since it is in force.
    """
    if source.options.answers_whole:
        begun = bool(answer and answer.covered_from and answer.covered_from <= source.valid_from)
        known = answer.covered_until if answer and begun else None
        since = source.valid_from if known is None else known + timedelta(days=1 - source.overlap_days)
        return [(min(day, max(since, source.valid_from)), day)]
    first = day
    if answer and answer.covered_until:
        first = min(day, answer.covered_until + timedelta(days=1), answer.unanswered_from or day)
        first = min(day, max(first, source.valid_from, day - timedelta(days=guards.catch_up.limit_days)))
    first -= timedelta(days=source.overlap_days)
    if answer and answer.covered_from and is_swept(source.source_id, day, guards):
        first = min(first, max(answer.covered_from, source.valid_from, day - timedelta(days=guards.sweep.days)))
    size = timedelta(days=max(guards.catch_up.window_days, source.overlap_days + 1))
    windows = []
    last = day
    while last >= first:
        start = max(first, last - size + timedelta(days=1))
        windows.append((start, last))
        last = start - timedelta(days=1)
    return windows


def is_swept(source_id: str, day: date, guards: Guards) -> bool:
    """Return whether a source's turn for a wide window comes in the night of a day."""
    spread = int.from_bytes(hashlib.sha256(source_id.encode()).digest()[:8], "big")
    return guards.sweep.days > 0 and (day.toordinal() + spread) % guards.sweep.every_nights == 0


def _slug(run_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", run_id)


def _update(batch_id: str, assignments: str, **values: Any) -> None:
    with store_engine().begin() as connection:
        connection.execute(
            text(f"update batch set {assignments} where batch_id = :batch_id"),  # noqa: S608  fixed assignments
            {"batch_id": batch_id, **values},
        )
