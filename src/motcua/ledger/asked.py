"""What pulls asked: where a source was asked, and for what, compared with what its entry says today."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from motcua.catalog import Source
from motcua.warehouse import statement

Asked = Mapping[str, str]


@dataclass(frozen=True)
class AskedOtherwise:
    """Pulls of a source that asked otherwise than its entry says today, or nobody knows what.

    Attributes:
        first_day, last_day: the days of these pulls for which it was not asked since.
        changed: the keys of the entry that say something else now; none where it is not known what was asked.
        is_mended_by_asking: whether a pull of the days misses what only the other place had (`lists_all`).
    """

    source_id: str
    pull_count: int
    first_day: date
    last_day: date
    changed: tuple[str, ...]
    is_mended_by_asking: bool


def asked_otherwise(
    sources: Sequence[Source], says: Sequence[Asked], to_date: date, today: date, *, connection: Connection
) -> list[AskedOtherwise]:
    """Return which of these sources were asked otherwise, by pulls of days until `to_date`.

    Args:
        says: where and what each entry asks today (`motcua.catalog.record_sources.asked_sha256`).
        today: a source that is not in force on it cannot be asked again.
    """
    entries = {source.source_id: (source, said) for source, said in zip(sources, says, strict=True)}
    rows = connection.execute(
        statement("ledger/asked_otherwise"),
        {
            "source_ids": list(entries),
            "asked": [json.dumps(said) for _, said in entries.values()],
            "lists_all": [source.lists_all for source, _ in entries.values()],
            "is_in_force": [source.holds_on(today) for source, _ in entries.values()],
            "to_date": to_date,
        },
    )
    found = []
    for row in rows:
        source, said = entries[row.source_id]
        found.append(
            AskedOtherwise(
                row.source_id,
                row.pull_count,
                row.first_day,
                row.last_day,
                _changed(said, row.asked),
                source.lists_all or source.options.answers_whole,
            )
        )
    return found


def _changed(said: Asked, asked: Sequence[Asked]) -> tuple[str, ...]:
    """Return the keys that differ in any of the pulls of which it is known; of another adapter all options differ."""
    keys = {key for pull in asked if pull for key in said.keys() | pull.keys() if said.get(key) != pull.get(key)}
    return ("adapter",) if "adapter" in keys else tuple(sorted(keys))
