"""Turns accepted records of any kind into versions: compares them with known ones, closes these and adds new ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from motcua.canonical import RecordKind
from motcua.warehouse import statement


@dataclass(frozen=True)
class Known:
    """The batch that is merged.

    Attributes:
        known_from: since when its content is known.
        pull_no: the number of the pull that said it: of a replay, of the pull that it reads again.
        said_at: when that pull ended.
        chosen_at: of a replay, when its records were chosen.
    """

    batch_id: str
    source_id: str
    known_from: datetime
    pull_no: int
    said_at: datetime
    is_replay: bool = False
    chosen_at: datetime | None = None

    @property
    def values(self) -> dict[str, object]:
        """The parameters of a statement of the merge."""
        return vars(self).copy()


def merge_records(connection: Connection, kind: RecordKind, known: Known) -> dict[str, int]:
    """Write the changes of a batch of any kind. Return the outcomes of its accepted records."""
    compare(connection, kind, known)
    add_versions(connection, kind, known)
    return dict(connection.execute(statement("consolidate/count_compared")).one()._mapping)


def compare(connection: Connection, kind: RecordKind, known: Known) -> None:
    """Fill the table `compared`: it states whether each accepted record is new, changed, unchanged or stale.

    Reads `said_later` (`motcua.consolidate.late`).
    """
    connection.execute(statement("consolidate/compare_incoming", kind), known.values)


def add_versions(connection: Connection, kind: RecordKind, known: Known) -> None:
    """End the versions that the changed records supersede, and add one for each new or changed record."""
    connection.execute(statement("consolidate/close_superseded", kind), known.values)
    connection.execute(statement("consolidate/insert_versions", kind), known.values)


def analyze(connection: Connection, columns: tuple[str, ...]) -> None:
    """Collect statistics on the columns of `compared` that statements join and filter by."""
    connection.execute(text(f"analyze compared ({', '.join(columns)})"))
