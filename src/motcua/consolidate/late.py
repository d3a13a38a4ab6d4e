"""What pulls that started later have shown already, for a batch that is loaded after them.

A record that repeats what is known makes no version. So when an older pull is loaded late, because it was paused or
its night was repeated, the store alone does not tell that its source has said otherwise since. Landing does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, text

from motcua.canonical import DOSSIER, RecordKind
from motcua.canonical.kind import MODIFIED
from motcua.consolidate.versions import Known
from motcua.errors import ContractBroken
from motcua.landing import read_accepted, read_records
from motcua.warehouse import statement

LAST_OF_ALL = datetime(9999, 12, 31)  # the modified time of a deletion; said_later.sql and compare_incoming.sql know it


def note_said_later(connection: Connection, kind: RecordKind, known: Known, missed: Iterable[str] = ()) -> None:
    """Put into the table `said_later` what loaded pulls that started after this one have said of its records.

    Args:
        connection: that of the merge; its view `accepted_record` holds the batch.
        kind: the kind of the batch's records.
        known: the batch.
        missed: ids of records that the batch's pull did not show.

    Raises:
        ContractBroken: the landing of a later pull is gone or was changed, so that nothing tells which state is older.
    """
    later_pulls = connection.execute(statement("consolidate/later_pulls"), known.values).all()
    asked: set[str] = set()
    if later_pulls:
        accepted = text(f"select {kind.id_column} from accepted_record where batch_id = :batch_id")  # noqa: S608  ours
        asked = {*connection.scalars(accepted, {"batch_id": known.batch_id}), *missed}
    said: list[dict[str, Any]] = []
    for later in later_pulls:
        try:
            said += _said(kind, later, asked)
        except (OSError, ContractBroken):
            raise ContractBroken(
                f"Source {known.source_id}, batch {known.batch_id}: batch {later.batch_id}, whose pull started later,"
                " is loaded and its landing is gone or was changed, so which of two states is the older one cannot be"
                " told.",
                action="leave this batch; ask for its days again with `motcua ingest`.",
            ) from None
    names = (*kind.key, MODIFIED, "pull_no")
    arrays = ("system_codes", "agency_codes", "record_ids", "modified_ats", "pull_nos")
    values = {array: [row.get(name) for row in said] for array, name in zip(arrays, names, strict=True)}
    connection.execute(statement("consolidate/said_later", kind), {**known.values, **values})


def _said(kind: RecordKind, later: Any, asked: set[str]) -> list[dict[str, Any]]:
    """Return what a later pull has shown of the records asked for; the time of a deletion is the last of all."""
    names = [*kind.key, *(name for name in (MODIFIED,) if name in kind.accepted_schema.names)]
    ids = pa.array(sorted(asked), pa.string())
    shown = read_accepted(later.landing_uri, later.accepted_sha256, kind, names)
    rows: list[dict[str, Any]] = shown.filter(pc.is_in(shown[kind.id_column], ids)).to_pylist()
    if kind.name == DOSSIER.name:
        landed = read_records(later.landing_uri, later.manifest_sha256)
        marked = landed.filter(pc.equal(landed["disposition_reason"], "soft_deleted"))
        of_asked = marked.filter(pc.is_in(marked[kind.id_column], ids)).select(list(kind.key)).to_pylist()
        rows += [row | {MODIFIED: LAST_OF_ALL} for row in of_asked]
    return [row | {"pull_no": later.pull_no} for row in rows]
