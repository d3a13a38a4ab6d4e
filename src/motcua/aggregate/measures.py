"""Increments of the daily measures, and the recompute they are held against."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from motcua.errors import MeasuresDiffer
from motcua.warehouse import statement, store_engine


@dataclass(frozen=True)
class MeasureDifference:
    """A cell of `measure_day` that a recompute does not confirm; quantities are dossiers."""

    unit_id: str
    procedure_code: str
    field_code: str
    on_day: date
    measure: str
    incremental: int
    recomputed: int


def build_measures() -> list[str]:
    """Apply every loaded batch not yet measured and return their ids. Run twice, the second finds none."""
    with _measuring() as connection:
        return _apply_pending(connection)


def check_measures() -> None:
    """Recompute every measure from the current versions and compare.

    Raises:
        MeasuresDiffer: naming the number of cells that differ and the first of them.
    """
    with _measuring() as connection:
        _apply_pending(connection)
        differences = _differences(connection)
    if differences:
        first = differences[0]
        raise MeasuresDiffer(
            f"{len(differences)} cells of measure_day differ from a recompute; the first is {first.measure} of unit"
            f" {first.unit_id} on {first.on_day}: {first.incremental} by increments, {first.recomputed} recomputed.",
            action="publish nothing; keep a copy of the store for the defect report, then `motcua measures rebuild`.",
        )


def rebuild_measures() -> list[MeasureDifference]:
    """Write the measures anew from the current versions and return the cells that were wrong before."""
    with _measuring() as connection:
        _apply_pending(connection)
        differences = _differences(connection)
        connection.execute(text("truncate measure_day"))
        connection.execute(statement("aggregate/recompute_measures"))
        return differences


@contextmanager
def _measuring() -> Iterator[Connection]:
    """A transaction that no other of this module runs beside, on one snapshot: consolidations go on meanwhile."""
    with store_engine().connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        lock = {"key": "measures"}
        connection.execute(text("select pg_advisory_lock(hashtext(:key))"), lock)
        connection.commit()  # the snapshot must be taken once the lock is held
        try:
            with connection.begin():
                yield connection
        finally:
            connection.execute(text("select pg_advisory_unlock(hashtext(:key))"), lock)
            connection.commit()


def _apply_pending(connection: Connection) -> list[str]:
    batch_ids = list(connection.scalars(statement("aggregate/pending_batches")))
    if batch_ids:
        connection.execute(statement("aggregate/apply_increment"), {"batch_ids": batch_ids})
        connection.execute(statement("aggregate/mark_measured"), {"batch_ids": batch_ids})
    return batch_ids


def _differences(connection: Connection) -> list[MeasureDifference]:
    rows = connection.execute(statement("aggregate/compare_with_recompute"))
    return [MeasureDifference(**row._mapping) for row in rows]
