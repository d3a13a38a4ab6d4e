"""One row a batch (a source, a window of days, a run): its counts, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from motcua.errors import ContractBroken, MotcuaError
from motcua.ledger.coverage import Proof
from motcua.warehouse import statement, store_engine, with_one_retry

NO_PROOF = Proof()


@dataclass(frozen=True)
class Batch:
    """One row of the ledger as the stages need it. Days are inclusive, in Asia/Ho_Chi_Minh.

    `pull_no` says when the newest attempt at its pull started, among the pulls of all sources.
    `said_in_pull` is that number too, but of a replay it is that of the pull whose landing it reads again, `replay_of`.
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
    accepted_sha256: str | None
    declared_total: int | None
    pulled_count: int | None
    out_of_window_count: int | None
    duplicate_count: int | None
    quarantined_count: int | None
    new_count: int | None
    changed_count: int | None
    unchanged_count: int | None
    stale_count: int | None
    unconfirmed_count: int | None
    tombstoned_count: int | None
    restored_count: int | None
    is_shrink_accepted: bool
    is_change_accepted: bool
    is_opening: bool
    failed_stage: str | None
    error_kind: str | None
    error_message: str | None
    pull_no: int | None
    said_in_pull: int | None
    replay_of: str | None

    @property
    def is_explained(self) -> bool:
        """Whether the error, if any, says what a person must do; one that nobody foresaw has a name only."""
        return self.error_message != _unforeseen(self.error_kind, self.failed_stage)


def _unforeseen(kind: str | None, stage: str | None) -> str:
    return f"{kind} in {stage}"


_COLUMNS = ", ".join(Batch.__dataclass_fields__)


def read_batches(batch_ids: Sequence[str]) -> list[Batch]:
    """Return the ledger rows of these batches, in the order given."""

    def read() -> dict[str, Batch]:
        with store_engine().connect() as connection:
            rows = connection.execute(
                text(f"select {_COLUMNS} from batch where batch_id = any(:ids)"),  # noqa: S608  our own column names
                {"ids": list(batch_ids)},
            )
            return {row.batch_id: Batch(**row._mapping) for row in rows}

    found = with_one_retry(read, "the ledger")
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


def start_attempt(batch_id: str) -> int:
    """Count one more attempt at a batch, and return the number that its pull takes: the next of all pulls.

    The number is the order of pulls. It is one more than the highest in the table, never a clock's or a sequence's, so
    that a store restored from a backup goes on right. One sequence serves all sources: a dossier may change its source.
    """

    def start() -> int:
        with store_engine().begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(hashtext('pull order'))"))
            return int(connection.scalars(statement("ledger/start_attempt"), {"batch_id": batch_id}).one())

    return with_one_retry(start, batch_id)


def mark_extracted(
    batch_id: str,
    *,
    manifest_sha256: str,
    declared_total: int | None,
    pulled: int,
    out_of_window: int,
    duplicate: int,
    answers_until: date | None = None,
    proof: Proof = NO_PROOF,
    pull_no: int | None = None,
    key_doubts: str | None = None,
    reading_sha256: str | None = None,
    asked_sha256: Mapping[str, str] | None = None,
    shown_days: tuple[date, date] | None = None,
    vouched: Mapping[str, object] | None = None,
) -> None:
    """Record that the batch lies complete in landing, and what it proves of its source.

    `answers_until` cuts its window where the source says less. `key_doubts` is JSON: the keys of its source that seem
    to mean one dossier. `reading_sha256` says by what its records were read
    (`motcua.catalog.record_sources`), `asked_sha256` where and what it asked. `shown_days` are those of which a
    register has dossiers; none where it has none. `vouched` is what its entry and mapping vouched for (`vouched_for`).

    Raises:
        ContractBroken: a later attempt at the same batch has begun since `pull_no`; what it makes of the batch stands.
    """
    is_noted = _update(
        batch_id,
        "state = 'extracted', manifest_sha256 = :sha, declared_total = :declared, pulled_count = :pulled,"
        " out_of_window_count = :out_of_window, duplicate_count = :duplicate, extracted_at = now(),"
        " window_to = least(window_to, coalesce(cast(:answers_until as date), window_to)),"
        " receptions_from = coalesce(cast(:receptions_from as date), window_from), stock_from = :stock_from,"
        " keeps_stock = :keeps_stock,"
        " opening_asked_from = :opening_asked_from, opening_ended_by = :opening_ended_by,"
        " key_doubts = cast(:key_doubts as jsonb), reading_sha256 = :reading_sha256,"
        " asked_sha256 = cast(:asked_sha256 as jsonb), shown_days = cast(:shown_days as daterange),"
        " vouched = cast(:vouched as jsonb),"
        " failed_stage = null, error_kind = null, error_message = null",
        sha=manifest_sha256,
        declared=declared_total,
        pulled=pulled,
        out_of_window=out_of_window,
        duplicate=duplicate,
        answers_until=answers_until,
        key_doubts=key_doubts,
        reading_sha256=reading_sha256,
        asked_sha256=None if asked_sha256 is None else json.dumps(asked_sha256),
        shown_days="[{},{}]".format(*shown_days) if shown_days and shown_days[0] <= shown_days[1] else None,
        vouched=None if vouched is None else json.dumps(vouched),
        **asdict(proof),
        pull_no=pull_no,
    )
    if not is_noted:
        raise ContractBroken(
            f"Batch {batch_id}: another attempt at it began while this one was pulled.",
            action="none: the later attempt decides; if it failed, the next run asks again.",
        )


def mark_validated(connection: Connection, batch_id: str, *, quarantined: int, accepted_sha256: str) -> None:
    """Record, in the transaction that writes the quarantine, how many records were set aside, and the accepted file."""
    connection.execute(
        text(
            "update batch set state = 'validated', quarantined_count = :quarantined, validated_at = now(),"
            " accepted_sha256 = :accepted_sha256,"
            " failed_stage = null, error_kind = null, error_message = null where batch_id = :batch_id"
        ),
        {"batch_id": batch_id, "quarantined": quarantined, "accepted_sha256": accepted_sha256},
    )


def mark_failed(batch_id: str, stage: str, error: Exception) -> None:
    """Record that a stage failed: `held` when somebody must decide, `failed` when a retry may do."""
    from motcua.errors import BatchHeld

    message = str(error) if isinstance(error, MotcuaError) else _unforeseen(type(error).__name__, stage)
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


def _update(batch_id: str, assignments: str, pull_no: int | None = None, **values: Any) -> bool:
    """Change a batch, with `pull_no` only while that is its newest attempt; return whether it was changed."""

    def update() -> bool:
        with store_engine().begin() as connection:
            updated = connection.execute(
                text(
                    f"update batch set {assignments} where batch_id = :batch_id"  # noqa: S608  fixed assignments
                    " and (cast(:pull_no as bigint) is null or pull_no = :pull_no)"
                ),
                {"batch_id": batch_id, "pull_no": pull_no, **values},
            )
            return updated.rowcount > 0

    return with_one_retry(update, batch_id)
