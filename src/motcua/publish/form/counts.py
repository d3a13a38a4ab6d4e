"""Reads what columns count from the daily measures, for forms, the index and the comparison with the portal alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import Connection

from motcua.catalog import Catalog
from motcua.catalog.forms import Term
from motcua.period import Period
from motcua.warehouse import statement

Breakdown = Literal["unit", "field", "level", "total", "unit_procedure"]


@dataclass(frozen=True)
class Count:
    """What one column counts in one row.

    Attributes:
        row_key: unit id, field code, level or `total`, as the breakdown says.
        procedure_code: empty unless the breakdown tells procedures apart.
    """

    breakdown: Breakdown
    row_key: str
    procedure_code: str
    column_code: str
    quantity: int


def read_counts(
    connection: Connection,
    catalog: Catalog,
    columns: Mapping[str, Iterable[Term]],
    placed: Mapping[str, str],
    period: Period,
    by: tuple[Breakdown, ...],
    *,
    ahead_until: date | None = None,
    silent: Collection[tuple[str, str]] = (),
) -> Iterator[Count]:
    """Yield what each column counts, in every breakdown asked for; a row and column nothing is counted in is absent.

    Args:
        columns: the signed terms of each column.
        placed: the units counted, each with the unit on whose line it stands.
        ahead_until: last day of the window `days_ahead`; the period's own by default, so that it is empty.
        silent: units (of the lines) and columns that count nothing, because no source can tell.
    """
    terms = [
        (code, measure, term.window, term.sign)
        for code, parts in columns.items()
        for term in parts
        for measure in term.measures
    ]
    for row in connection.execute(
        statement("publish/column_counts"),
        {
            "column_codes": [term[0] for term in terms],
            "measures": [term[1] for term in terms],
            "window_codes": [term[2] for term in terms],
            "signs": [term[3] for term in terms],
            "unit_ids": list(placed),
            "placed_unit_ids": list(placed.values()),
            "levels": [catalog.unit_by_id[unit_id].level for unit_id in placed.values()],
            "silent_unit_ids": [unit_id for unit_id, _ in silent],
            "silent_columns": [code for _, code in silent],
            "from_date": period.from_date,
            "to_date": period.to_date,
            "ahead_until": ahead_until or period.to_date,
            "table_codes": list(by),
        },
    ):
        yield Count(row.table_code, row.row_key, row.procedure_code or "", row.column_code, row.quantity)
