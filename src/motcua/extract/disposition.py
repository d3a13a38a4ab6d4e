"""Assigns a disposition to every pulled row, so that each row is accounted for exactly once.

* `record` goes on to validation. One of its days (received, finished, returned, refused) is a requested day; or it was
  received before them and has no day on which it ended: it is open, or the day of its withdrawal, refusal or result is
  not known; or our store knows it: then its day of reception may have been corrected across the edge of the window. Its
  reason is `migrated` when the source took it over from an older system. With reason `soft_deleted` (a negative
  originality, a DeletedOn) it goes on without a status, because a deletion is not a status. Validation then sets it
  aside (V1) for a person to judge, and the store keeps the earlier version.
* `duplicate` is not a dossier of its own: `public_copy`, `group`, `child` (counted once, at the receiving agency,
  one_stop_systems.md section d.10), `repeated` (the same key again; the newest row is kept), or `unordered` (the same
  key with other content, and nothing states which is newer; or twice in one file, and nothing states that it is one
  dossier: `repeats`).
* `out_of_window` was pulled only because a listing must cover one day more than requested, or because an opening looks
  among older dossiers for those that were still open on its first day.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from motcua.canonical import DOSSIER, LANDING_SCHEMA, RecordKind
from motcua.extract.adapters.protocol import Window
from motcua.extract.records.mapping import OPEN_STATUSES, RepeatedRows
from motcua.extract.records.table import MIGRATED, SOFT_DELETED
from motcua.extract.repeats import REPEATED, judge, told_alike, told_lacking

_NEVER = -(2**63)
ENDS = ("finished_at", "returned_at", "refused_at")
_UNREAD_END = rf"(?:^|; )(?:{'|'.join(ENDS)}):"
OWN = (None, SOFT_DELETED, MIGRATED)  # the standings of rows that are dossiers of their own


def assign_dispositions(
    pulled: pa.Table,
    window: Window,
    known: Set[str],
    *,
    is_opening: bool = False,
    is_register: bool = False,
    repeats: RepeatedRows | None = None,
    record_nos: pa.ChunkedArray | None = None,
) -> pa.Table:
    """Return every pulled row, in a fixed order, as a table of LANDING_SCHEMA with its disposition.

    Args:
        pulled: rows of PULLED_SCHEMA in the order in which they were pulled.
        window: the requested days, without the margin.
        known: ids of dossiers that our store has of these days, or has open from before.
        is_opening: what was closed at any time since the first requested day belongs to the pull.
        is_register: every row belongs to the pull.
        repeats: how rows of one key are told apart (`SourceMapping.repeated_rows`); none of a system, of which the row
            modified last counts, else the one shown last.
        record_nos: the numbers of the rows where they have them already; then they stay in their order.
    """
    standings = pulled["standing"].to_pylist()
    is_own = [standing in OWN for standing in standings]
    touched = None if is_register else belongs(pulled, window, is_opening=is_opening)
    belonging = [True] * len(is_own) if touched is None else touched.to_pylist()
    ids = pulled["dossier_id"].to_pylist()
    if repeats is None:
        told_twice = _older_rows(pulled, is_own)
    else:
        if record_nos is None:  # what has landed says it already
            pulled = told_lacking(told_alike(pulled, DOSSIER))
        judged = judge(pulled, DOSSIER, is_own, later_row=repeats == "later_row")
        pulled, told_twice = judged.table, judged.reasons
        standings = pulled["standing"].to_pylist()
        for kept, rows in judged.unordered.items():
            belonging[kept] = any(belonging[row] for row in rows)

    dispositions: list[str] = []
    reasons: list[str | None] = []
    for row, (dossier_id, standing) in enumerate(zip(ids, standings, strict=True)):
        if not is_own[row]:
            disposition, reason = "duplicate", standing
        elif told_twice[row] is not None:
            disposition, reason = "duplicate", told_twice[row]
        elif belonging[row] or dossier_id in known:
            disposition, reason = "record", standing
        else:
            disposition, reason = "out_of_window", None
        dispositions.append(disposition)
        reasons.append(reason)

    disposed = (
        pulled.drop_columns(["standing"])
        .append_column("disposition", pa.array(dispositions, pa.string()))
        .append_column("disposition_reason", pa.array(reasons, pa.string()))
    )
    disposed = _without_status(disposed)
    if record_nos is not None:
        return (
            disposed.append_column(LANDING_SCHEMA.field("record_no"), record_nos)
            .select(LANDING_SCHEMA.names)
            .cast(LANDING_SCHEMA)
        )
    return _numbered(disposed)


def _older_rows(pulled: pa.Table, is_own: Sequence[bool]) -> list[str | None]:
    """Return of each row of a system why it is no record: one modified later, else shown later, has its key."""
    ids = pulled["dossier_id"].to_pylist()
    modified = pulled["modified_at"].cast(pa.int64()).fill_null(_NEVER).to_pylist()
    newest: dict[str, int] = {}
    for row, dossier_id in enumerate(ids):
        if is_own[row] and dossier_id is not None:
            kept = newest.setdefault(dossier_id, row)
            if modified[row] >= modified[kept]:
                newest[dossier_id] = row
    return [REPEATED if newest.get(dossier_id, row) != row else None for row, dossier_id in enumerate(ids)]


def belongs(pulled: pa.Table, window: Window, *, is_opening: bool = False) -> pa.ChunkedArray:
    """Return for each row of PULLED_SCHEMA whether one of its days is in the window, or it is open from before.

    What was received after the window belongs to a later one. A row without a day of reception, or with an end that
    could not be read, belongs, so that validation judges it. So does one that ended on a day that nobody states: it may
    have ended in the window. Of an opening, what was closed after the window belongs too.
    """
    assert window.from_date is not None
    first = pa.scalar(_microseconds(window.from_date), pa.int64())
    after = pa.scalar(_microseconds(window.to_date + timedelta(days=1)), pa.int64())

    def is_true(condition: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.fill_null(condition, False)

    received, status = pulled["received_at"].cast(pa.int64()), pulled["status_code"]
    ends = [pulled[name].cast(pa.int64()) for name in ENDS]
    may_end_here = pc.is_null(pc.coalesce(*ends))
    is_open = pc.or_(may_end_here, is_true(pc.is_in(status, pa.array(OPEN_STATUSES, pa.int16()))))
    touched = pc.or_(is_open, is_true(pc.greater_equal(received, first)))
    for ended in ends:
        touched = pc.or_(
            touched,
            is_true(pc.greater_equal(ended, first))
            if is_opening
            else is_true(pc.and_(pc.greater_equal(ended, first), pc.less(ended, after))),
        )
    touched = pc.or_(touched, is_true(pc.match_substring_regex(pulled["mapping_issues"], _UNREAD_END)))
    return pc.or_(pc.is_null(received), pc.and_(touched, is_true(pc.less(received, after))))


def assign_dispositions_whole(pulled: pa.Table, kind: RecordKind) -> pa.Table:
    """Return every row of a whole answer as a table of the kind's landing schema, in the given order.

    A row is a record, unless another row has its key (`repeats`). A row without a key is a record, which
    validation sets aside.
    """
    judged = judge(told_alike(pulled, kind), kind, [True] * pulled.num_rows)
    pulled = judged.table
    columns = {
        "record_no": pa.array(range(pulled.num_rows), pa.int32()),
        "disposition": pa.array(["duplicate" if each else "record" for each in judged.reasons], pa.string()),
        "disposition_reason": pa.array(judged.reasons, pa.string()),
    }
    for name, values in columns.items():
        pulled = pulled.append_column(name, values)
    return pulled.select(kind.landing_schema.names).cast(kind.landing_schema)


def _microseconds(day: date) -> int:
    return (day - date(1970, 1, 1)) // timedelta(microseconds=1)


_PAST = "open in a file that is never saved again (once), or that a newer file of its series does not repeat"
_LACKING = "a newer copy of its file lacks the dossier"


def _without_status(disposed: pa.Table) -> pa.Table:
    """Remove the status of soft-deleted records, and of those that a file says no more of, or lacks."""
    deleted = pc.fill_null(pc.equal(disposed["disposition_reason"], SOFT_DELETED), False)
    disposed = _status_not_known(disposed, deleted, "soft-deleted at the source")
    is_open = pc.is_in(disposed["status_code"], pa.array(OPEN_STATUSES, pa.int16()))
    is_last = pc.match_substring(disposed["stands_in"], '"is_last":true')
    left = pc.fill_null(pc.and_(is_open, is_last), False)
    disposed = _status_not_known(disposed, left, _PAST)
    is_lacking = pc.fill_null(pc.match_substring(disposed["stands_in"], '"is_lacking":true'), False)
    return _status_not_known(disposed, is_lacking, _LACKING)


def _status_not_known(disposed: pa.Table, rows: pa.ChunkedArray, why: str) -> pa.Table:
    if not pc.any(rows).as_py():
        return disposed
    issue = f"status_code: {why}"
    issues = disposed["mapping_issues"]
    changed = {
        "status_code": pc.if_else(rows, pa.scalar(None, pa.int16()), disposed["status_code"]),
        "mapping_issues": pc.if_else(
            rows, pc.if_else(pc.is_valid(issues), pc.binary_join_element_wise(issues, issue, "; "), issue), issues
        ),
    }
    for name, column in changed.items():
        disposed = disposed.set_column(disposed.column_names.index(name), name, column)
    return disposed


def _numbered(disposed: pa.Table) -> pa.Table:
    """Order the rows by their content, not by the order in which they were pulled, and number them."""
    ordered = disposed.append_column("length", pc.utf8_length(disposed["dossier_id"])).sort_by(
        [
            (name, "ascending")
            for name in ("length", "dossier_id", "disposition", "disposition_reason", "modified_at", "received_at")
        ]
    )
    numbers = pa.array(range(ordered.num_rows), pa.int32())
    return (
        ordered.append_column(LANDING_SCHEMA.field("record_no"), numbers)
        .select(LANDING_SCHEMA.names)
        .cast(LANDING_SCHEMA)
    )


def counts(disposed: pa.Table) -> dict[str, int]:
    """Return how many rows have each disposition and reason, as `record`, `duplicate`, `duplicate.child` ..."""
    by_disposition = {"record": 0, "duplicate": 0, "out_of_window": 0}
    grouped = disposed.group_by(["disposition", "disposition_reason"]).aggregate([([], "count_all")])
    for row in sorted(grouped.to_pylist(), key=lambda row: (row["disposition"], row["disposition_reason"] or "")):
        by_disposition[row["disposition"]] += row["count_all"]
        if row["disposition_reason"]:
            by_disposition[f"{row['disposition']}.{row['disposition_reason']}"] = row["count_all"]
    return by_disposition
