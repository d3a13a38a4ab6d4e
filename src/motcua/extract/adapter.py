"""What every adapter of a source system offers, so that a pull need not know which protocol it speaks.

An adapter yields a source's own records, page by page, and checks what its protocol promises of a page; what a record
means is the mapping's affair, what becomes of it is the pull's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from motcua.catalog import Source
from motcua.errors import SourceUnavailable
from motcua.extract.connection import SourceConnection
from motcua.extract.mapping import SourceMapping

Record = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """The days of reception asked for, both included; no first day means from the beginning.

    With `is_open_only` only dossiers still open at the source are asked for, and of those not the ones that a listing
    of the days after `to_date` shows because of its margin.
    """

    from_date: date | None
    to_date: date
    is_open_only: bool = False


@dataclass(frozen=True)
class Page:
    """Records as the source spells them, and how many it says the whole listing holds (none: it does not say)."""

    records: Sequence[Record]
    declared_total: int | None


class ListingShifted(SourceUnavailable):
    """The set changed while it was being listed: what was yielded so far must be discarded and asked for again."""


class SourceAdapter(Protocol):
    """One source, for the length of one pull. Never logs, stores or raises a record's values.

    `margin` is how far outside the asked days a correct page may reach, because of the source's own clock.
    """

    margin: timedelta

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield a whole listing. Raises ListingShifted, SourceUnavailable, ContractBroken, ConfigurationError."""
        ...

    def by_id(self, dossier_id: str) -> Record | None:
        """Return one dossier, or none when the source does not know it. May be called from several threads."""
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


MakeAdapter = Callable[[Source, SourceConnection, SourceMapping], SourceAdapter]


def make_adapter(source: Source, connection: SourceConnection, mapping: SourceMapping) -> SourceAdapter:
    """Return the adapter a source's catalogue entry names."""
    return _registry()[source.adapter](source, connection, mapping)


def _registry() -> dict[str, MakeAdapter]:
    from motcua.extract.opencps import OpencpsAdapter

    return {"opencps": OpencpsAdapter}
