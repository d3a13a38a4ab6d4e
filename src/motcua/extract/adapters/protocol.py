"""What every adapter of a source system offers, so that a pull need not know which protocol it speaks.

An adapter yields a source's own records, page by page, and checks what its protocol promises of a page; what a record
means is the mapping's affair, what becomes of it is the pull's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from typing import Any, Protocol

import pyarrow as pa

from motcua.canonical import RecordKind
from motcua.catalog import Source
from motcua.catalog.options import AdapterName
from motcua.errors import SourceUnavailable
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.wire.connection import SourceConnection

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
    """One source of dossiers, for the length of one pull. Never logs, stores or raises a record's values.

    `margin` is how far outside the asked days a correct page may reach, because of the source's own clock.
    `filters` is false for a source that cannot be asked for days: it always gives all it has, so no day is a broken
    promise. `lists_open` is false where a list of what is open would show nothing that the days do not. An adapter
    whose `by_id` asks the source itself may state `absence_is_proof = True`: an id it does not know is gone;
    one that can look at itself may have `warnings`, lines for an engineer about a pull that went well.
    """

    margin: timedelta
    filters: bool
    lists_open: bool

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield a whole listing. Raises ListingShifted, SourceUnavailable, ContractBroken, ConfigurationError."""
        ...

    def by_id(self, dossier_id: str) -> Record | None:
        """Return one dossier, or none when the source does not know it. May be called from several threads."""
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


class WholeAdapter(Protocol):
    """One source of another kind of record, which always gives all it has. Never logs or raises a record's values."""

    kind: RecordKind

    @property
    def answers_until(self) -> date | None:
        """The last day that what was read tells of; none where nothing says so. Asked for when all was read."""
        ...

    def tables(self) -> Iterator[pa.Table]:
        """Yield all records as tables of the kind's pulled schema; of two of one key the later one counts.

        Raises SourceUnavailable, ContractBroken, ConfigurationError.
        """
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


MakeAdapter = Callable[[Source, SourceConnection, SourceMapping], SourceAdapter]
MakeWholeAdapter = Callable[[Source, SourceConnection], WholeAdapter]

# Imported when a source needs it: a spreadsheet reader is no business of a process that asks OpenCPS.
ADAPTERS: dict[AdapterName, str] = {
    "opencps": "motcua.extract.adapters.opencps:OpencpsAdapter",
    "igate": "motcua.extract.adapters.igate:IgateAdapter",
    "tandan": "motcua.extract.adapters.tandan:TandanAdapter",
    "portal_sync": "motcua.extract.adapters.portal_sync:PortalSyncAdapter",
    "files": "motcua.extract.adapters.files:FilesAdapter",
    "sql": "motcua.extract.adapters.sql:SqlAdapter",
    "petition_files": "motcua.extract.adapters.petition_files:PetitionFilesAdapter",
}


def make_adapter(source: Source, connection: SourceConnection, mapping: SourceMapping) -> SourceAdapter:
    """Return the adapter that the catalogue entry of a source of dossiers names."""
    make: MakeAdapter = _named(source.adapter)
    return make(source, connection, mapping)


def make_whole_adapter(source: Source, connection: SourceConnection) -> WholeAdapter:
    """Return the adapter that the catalogue entry of a source of another kind of record names."""
    make: MakeWholeAdapter = _named(source.adapter)
    return make(source, connection)


def _named(adapter: AdapterName) -> Any:
    module, _, name = ADAPTERS[adapter].partition(":")
    return getattr(import_module(module), name)
