"""Facts about each batch as a whole, one row for each batch, for the rules of `expectations/landing.json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from motcua.canonical import RecordKind
from motcua.ledger import Batch

if TYPE_CHECKING:
    import pandas as pd

DISPOSITIONS = ("record", "duplicate", "out_of_window")


def batch_facts(kind: RecordKind, landed: Sequence[tuple[Batch, pa.Table, dict[str, str]]]) -> pd.DataFrame:
    """Return one row for each batch.

    Args:
        kind: the kind of record of all batches.
        landed: each batch with its records, and the columns that its manifest states (name to type).
    """
    import pandas as pd

    canonical = {column.name: str(column.type) for column in kind.landing_schema}
    # What was landed by an earlier version may lack what only a replay needs.
    landed_only = {field.name: canonical[field.name] for field in kind.landed}
    return pd.DataFrame(
        [
            {
                "schema": "canonical" if {**landed_only, **written} == canonical else "other",
                "rows_found": table.num_rows,
                "rows_in_ledger": batch.pulled_count,
                "duplicates_found": _count(table, "duplicate"),
                "duplicates_in_ledger": batch.duplicate_count,
                "out_of_window_found": _count(table, "out_of_window"),
                "out_of_window_in_ledger": batch.out_of_window_count,
                "rows_of_unknown_disposition": table.num_rows - sum(_count(table, each) for each in DISPOSITIONS),
                "rows_without_key": _without_key(table),
                "repeated_rows": _repeated(kind, table),
            }
            for batch, table, written in landed
        ]
    )


def _count(table: pa.Table, disposition: str) -> int:
    return int(pc.sum(pc.equal(table["disposition"], disposition)).as_py() or 0)


def _without_key(table: pa.Table) -> int:
    missing = (pc.is_null(table[column]) for column in ("record_no", "system_code", "agency_code"))
    is_missing = next(missing)
    for column in missing:
        is_missing = pc.or_(is_missing, column)
    return int(pc.sum(is_missing).as_py() or 0)


def _repeated(kind: RecordKind, table: pa.Table) -> int:
    records = table.filter(pc.and_(pc.equal(table["disposition"], "record"), pc.is_valid(table[kind.id_column])))
    keys = records.group_by(list(kind.key)).aggregate([]).num_rows
    return int(table.num_rows - pc.count_distinct(table["record_no"], mode="all").as_py() + records.num_rows - keys)


def share_facts(counts: Sequence[tuple[int, int]]) -> pd.DataFrame:
    """Return one row for each batch, for the rules of `expectations/batch.json`.

    Args:
        counts: of each batch, the records that were judged and those of them that broke a critical rule.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "judged_count": [judged for judged, _ in counts],
            "broken_pct": [100 * broken / judged if judged else 0.0 for judged, broken in counts],
        }
    )
