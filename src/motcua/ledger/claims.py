"""What entries and mappings vouched for when their sources were pulled, compared with what they say today."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from motcua.catalog import Source
from motcua.warehouse import statement


@dataclass(frozen=True)
class ClaimedMore:
    """Pulls of a source for which its entry or mapping vouched more than it does today.

    Attributes:
        first_day, last_day: the days of the period that rest on it.
        once: names of `options.once` that are no longer said.
        first_record_on: the first day that was said, where the entry says another or none; the earliest.
        is_register_taken_back: its mapping said `covers: register`, and says `period`.
        is_partial_taken_back: its entry said `lists_all: false`, by which no dossier of the days was missed.
        is_opening: an opening rests on the first day, so it takes an opening to show it anew.
    """

    source_id: str
    pull_count: int
    first_day: date
    last_day: date
    once: tuple[str, ...]
    first_record_on: date | None
    is_register_taken_back: bool
    is_partial_taken_back: bool
    is_opening: bool


def claimed_more(
    sources: Sequence[Source],
    vouched: Sequence[Mapping[str, object]],
    from_date: date,
    to_date: date,
    *,
    connection: Connection,
) -> list[ClaimedMore]:
    """Return of which of these sources pulls claimed more, and which days of a period rest on it.

    Args:
        vouched: what each entry and mapping vouches for today (`motcua.catalog.record_sources.vouched_for`).
    """
    rows = connection.execute(
        statement("ledger/claimed_more"),
        {
            "source_ids": [source.source_id for source in sources],
            "vouched": [json.dumps(said) for said in vouched],
            "from_date": from_date,
            "to_date": to_date,
        },
    )
    return [
        ClaimedMore(**{**row._mapping, "once": tuple(sorted({name for names in row.once for name in names}))})
        for row in rows
    ]
