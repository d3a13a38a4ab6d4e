"""What each source is known for: from which day its receptions, closings and stock are complete (design.md idea 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from motcua.warehouse import statement, store_engine

EVERY_DAY = date.min  # from which a register is complete: it holds every dossier that its unit ever had


@dataclass(frozen=True)
class Proof:
    """What one pull proves beside the answer for its window.

    Attributes:
        receptions_from: the day from which the receptions up to the window's end are complete; none: the window's own.
        stock_from: the day since whose beginning everything open is known; none where the pull cannot tell.
        keeps_stock: what was known to be open is known on: the pull asked for each such dossier, or was given all.
        opening_asked_from, opening_ended_by: how far back an opening asked, and what ended it.
    """

    receptions_from: date | None = None
    stock_from: date | None = None
    keeps_stock: bool = False
    opening_asked_from: date | None = None
    opening_ended_by: str | None = None


@dataclass(frozen=True)
class Coverage:
    """An unbroken run of days that a source answered for, and what is known of it since when.

    Closings and stock are known until `stock_until`; receptions until `covered_until`.
    """

    source_id: str
    receptions_from: date
    closings_from: date | None
    stock_from: date | None
    stock_until: date | None
    covered_until: date
    opening_asked_from: date | None
    opening_ended_by: str | None

    def as_json(self) -> dict[str, Any]:
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in self.__dict__.items()}


def coverage() -> list[Coverage]:
    """Return what every source is known for, by source, the newest run of days first."""
    with store_engine().connect() as connection:
        return [Coverage(**row._mapping) for row in connection.execute(statement("ledger/source_coverage"))]


def openings_unknown(
    days: Mapping[str, tuple[date, date]], first_records: Mapping[str, date | None], *, connection: Connection
) -> frozenset[str]:
    """Return the sources of which it is not known what was open before their days, or what became of it in them.

    Args:
        days: by source id, the first and the last day counted. Days not answered for yet do not matter.
        first_records: the first day of which the system of a source has records, where its entry says so.
    """
    rows = connection.execute(
        statement("ledger/openings_known"),
        {
            "source_ids": list(days),
            "on_days": [first for first, _ in days.values()],
            "until_days": [last for _, last in days.values()],
        },
    )
    begun_later = {
        source_id
        for source_id, (first, _) in days.items()
        if (begun := first_records.get(source_id)) is not None and begun > first
    }
    return frozenset(row.source_id for row in rows if not row.is_known) | begun_later
