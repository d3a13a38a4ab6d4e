"""Increments of the daily measures, and the recomputation against which they are checked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from motcua.days.stored import take_calendar
from motcua.errors import MeasuresDiffer
from motcua.warehouse import statement, store_engine, with_one_retry

log = logging.getLogger(__name__)

_BY_CALENDAR = ("intake_became_overdue", "intake_overdue_cleared")  # what the view counts by rest_day


@dataclass(frozen=True)
class MeasureDifference:
    """A cell of `measure_day` that differs from a recomputation. Quantities are numbers of dossiers."""

    unit_id: str
    procedure_code: str
    field_code: str
    on_day: date
    measure: str
    incremental: int
    recomputed: int


def build_measures() -> list[str]:
    """Apply every loaded batch that is not measured yet, and return their ids. A second run finds no batch."""
    return with_one_retry(_build, "build the measures")


def _build() -> list[str]:
    with _measuring() as connection:
        return _apply_pending(connection)


def check_measures() -> None:
    """Recompute every measure from the current versions and compare it with `measure_day`.

    Raises:
        MeasuresDiffer: cells differ. The message names their number and the first of them.
    """
    differences = with_one_retry(_compare, "check the measures")
    if differences:
        first = differences[0]
        raise MeasuresDiffer(
            f"{len(differences)} cells of measure_day differ from a recomputation; the first is {first.measure} of unit"
            f" {first.unit_id} on {first.on_day}: {first.incremental} by increments, {first.recomputed} recomputed.",
            action="publish nothing; copy the store for the defect report, then run `motcua measures rebuild`.",
        )


def _compare() -> list[MeasureDifference]:
    with _measuring() as connection:
        _apply_pending(connection)
        return _differences(connection)


def rebuild_measures() -> list[MeasureDifference]:
    """Compute all measures again from the current versions, and return the cells that were wrong before."""
    return with_one_retry(_rebuild, "rebuild the measures")


def _rebuild() -> list[MeasureDifference]:
    with _measuring() as connection:
        _apply_pending(connection)
        differences = _differences(connection)
        connection.execute(text("truncate measure_day"))
        connection.execute(statement("aggregate/recompute_measures"), {"measures": None})
        return differences


@contextmanager
def _measuring() -> Iterator[Connection]:
    """A transaction on one snapshot. No other transaction of this module runs at the same time; consolidations may."""
    with store_engine().connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        lock = {"key": "measures"}
        connection.execute(text("select pg_advisory_lock(hashtext(:key))"), lock)
        connection.commit()  # the snapshot must be taken after the lock
        try:
            with connection.begin():
                yield connection
        finally:
            if not connection.invalidated:  # a lost session has lost its lock too
                connection.execute(text("select pg_advisory_unlock(hashtext(:key))"), lock)
                connection.commit()


def _apply_pending(connection: Connection) -> list[str]:
    changed_days = len(take_calendar(connection))
    is_counted = bool(connection.scalar(text("select exists (select from measure_day)")))
    batch_ids = list(connection.scalars(statement("aggregate/pending_batches")))
    if batch_ids:
        connection.execute(statement("aggregate/apply_increment"), {"batch_ids": batch_ids})
        connection.execute(statement("aggregate/mark_measured"), {"batch_ids": batch_ids})
    if changed_days and is_counted:
        # What was counted by the calendar of before, and taken off by that of now, is counted anew.
        log.warning("The working calendar changed on %d days: %s are counted anew", changed_days, _BY_CALENDAR)
        measures = {"measures": list(_BY_CALENDAR)}
        connection.execute(statement("aggregate/note_recount"), measures)
        connection.execute(text("delete from measure_day where measure = any(:measures)"), measures)
        connection.execute(statement("aggregate/recompute_measures"), measures)
    return batch_ids


def _differences(connection: Connection) -> list[MeasureDifference]:
    rows = connection.execute(statement("aggregate/compare_with_recompute"), {"unit_ids": None})
    return [MeasureDifference(**row._mapping) for row in rows]
