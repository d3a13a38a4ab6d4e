"""The interface of every adapter of a source system. A pull uses it and does not depend on the protocol.

An adapter yields the records of a source unchanged, page by page, and checks each page against the protocol. The
mapping interprets a record, and the pull decides its disposition.
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
# The days requested beyond a window on each side, because systems split days in other time zones
# (one_stop_systems.md a.2, trap 7). The pull leaves out what does not touch the window.
REQUEST_MARGIN = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """The requested days of reception, both included. Without a first day, the window has no lower bound.

    With `is_open_only`, only dossiers that are still open at the source are requested. Of these, and with `is_earlier`
    of all, those that a listing of the days after `to_date` shows because of its margin are left out.
    """

    from_date: date | None
    to_date: date
    is_open_only: bool = False
    is_earlier: bool = False

    @property
    def first_requested(self) -> date | None:
        """The first day to request, or None without a lower bound."""
        return None if self.from_date is None else self.from_date - REQUEST_MARGIN

    @property
    def last_requested(self) -> date:
        """The last day to request, so that no row is in this listing and in one of the days after it."""
        is_beside_another = self.is_open_only or self.is_earlier
        return self.to_date - REQUEST_MARGIN if is_beside_another else self.to_date + REQUEST_MARGIN


@dataclass(frozen=True)
class Page:
    """Records as the source sends them, and the total that it declares for the whole listing (None: none declared).

    `stands` says of each where it stands, for a source that may show one dossier more than once
    (`motcua.extract.wire.evidence`).
    """

    records: Sequence[Record]
    declared_total: int | None
    stands: Sequence[str] | None = None


class ListingShifted(SourceUnavailable):
    """The set of rows changed while it was listed. The caller discards the rows so far and starts the listing again."""


class SourceAdapter(Protocol):
    """One source of dossiers during one pull. It never logs, stores or raises the values of a record.

    Attributes:
        margin: how far outside the requested days a correct page may reach, because of the clock of the source.
        filters: false for a source that cannot filter by day. It always returns all its records, so a record outside
            the window does not break its contract.
        lists_open: false where a list of the open dossiers would show no more than the listing of the days.

    Seven attributes are optional. `absence_is_proof = True` states that `by_id` queries the source itself, so an id
    that it does not know is deleted. `answers_until` is the last day for which a source that gives what it has speaks,
    read after the last page; none where that is not known. `speaks_last` is the dropped file that says so, and
    `newest_of_series` what a later pull compares its files with. `tell_books` is called with all rows before
    `answers_until` is read, and `told_apart` says why a file is taken for a book of its own. `warnings` are lines for
    an engineer about a pull that succeeded.
    """

    margin: timedelta
    filters: bool
    lists_open: bool

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield a complete listing. Raises ListingShifted, SourceUnavailable, ContractBroken, ConfigurationError."""
        ...

    def by_id(self, dossier_id: str) -> Record | None:
        """Return one dossier, or None when the source does not know it. Several threads may call it at once."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


def can_ask_by_id(adapter: SourceAdapter) -> bool:
    """Return whether the source itself is asked for a dossier by id, and not a listing of it."""
    return getattr(adapter, "absence_is_proof", False)


def tell_books(adapter: SourceAdapter | WholeAdapter, listed: pa.Table, kind: RecordKind) -> None:
    """Show an adapter of dropped files their rows, which say which files are books of their own."""
    tell: Callable[[pa.Table, RecordKind], None] | None = getattr(adapter, "tell_books", None)
    if tell is not None:
        tell(listed, kind)


def adapter_class(name: AdapterName) -> type[SourceAdapter]:
    """Return the class of an adapter of dossiers."""
    found: type[SourceAdapter] = _import_adapter(name)
    return found


def gives_register(adapter: SourceAdapter | type[SourceAdapter], mapping: SourceMapping) -> bool:
    """Return whether every row is a dossier of each pull: the source gives all it has, which is a whole register."""
    return not adapter.filters and mapping.covers == "register"


class WholeAdapter(Protocol):
    """One source of another kind of record, which always returns all of them. It never logs or raises their values.

    `newest_of_series`, `speaks_last`, `tell_books`, `told_apart` and `warnings` are optional, as they are of a source
    of dossiers.
    """

    kind: RecordKind

    @property
    def answers_until(self) -> date | None:
        """The last day that the records cover, or None where it is not known. Read it after the last table."""
        ...

    def tables(self) -> Iterator[pa.Table]:
        """Yield all records as tables of the kind's pulled schema. Each says where it stands.

        Raises SourceUnavailable, ContractBroken, ConfigurationError.
        """
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


MakeAdapter = Callable[[Source, SourceConnection, SourceMapping], SourceAdapter]
MakeWholeAdapter = Callable[[Source, SourceConnection], WholeAdapter]

# An adapter is imported only when a source uses it: a process that pulls from OpenCPS needs no spreadsheet reader.
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
    """Return the adapter of a source of dossiers, which its catalogue entry names."""
    make: MakeAdapter = _import_adapter(source.adapter)
    return make(source, connection, mapping)


def make_whole_adapter(source: Source, connection: SourceConnection) -> WholeAdapter:
    """Return the adapter of a source of another kind of record, which its catalogue entry names."""
    make: MakeWholeAdapter = _import_adapter(source.adapter)
    return make(source, connection)


def _import_adapter(adapter: AdapterName) -> Any:
    module, _, name = ADAPTERS[adapter].partition(":")
    return getattr(import_module(module), name)
