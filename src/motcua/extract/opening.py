"""The opening, a source's first pull: what was received before its first day and was still open on it.

A list of what is open shows what is open today. What was closed since the first day is in no such list, so the source
is asked backwards, in bounded windows of days of reception.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from motcua import landing, ledger
from motcua.catalog import Source
from motcua.catalog.guards import Opening as Limits
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import belongs
from motcua.extract.records.mapping import OPEN_STATUSES
from motcua.settings import Settings

ONE_DAY = timedelta(days=1)
Listing = tuple[pa.Table, int | None]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opening:
    """How far back an opening asked, and what ended it: the source's first record, or windows without anything open."""

    asked_from: date
    ended_by: Literal["first_record_on", "nothing_open"]
    windows: int


def ask_backwards(
    ask: Callable[[Window], pa.Table], window: Window, first_record_on: date | None, limits: Limits
) -> Opening:
    """Ask for the days before a window, the newest first, and return where that ended.

    Args:
        ask: lists a window of days of reception and keeps its rows.
        window: the days of the pull; something open is what was not closed before its first day.
        first_record_on: asked no further back than this, where it is known.
    """
    assert window.from_date is not None
    first = window.from_date
    empty = windows = 0
    while empty < limits.empty_windows:
        if first_record_on is not None and first <= first_record_on:
            return Opening(first, "first_record_on", windows)
        last = first - ONE_DAY
        first = max(first - timedelta(days=limits.window_days), first_record_on or date.min)
        found = pc.any(belongs(ask(Window(first, last, is_earlier=True)), window, is_opening=True)).as_py()
        windows += 1
        empty = 0 if found else empty + 1
    return Opening(first, "nothing_open", windows)


def folder_of_opening(batch: ledger.Batch, source: Source, read_by: str) -> str:
    """Return where an opening keeps its listings: a name of its own for each way to read them."""
    digest = hashlib.sha256(f"{source.model_dump_json()}{read_by}".encode()).hexdigest()[:12]
    return f"{Settings.load().landing_url}/{source.source_id}/opening-{batch.window_from}-{digest}"


@dataclass
class KeptListings:
    """Listings of an opening that are kept until it has ended: one that was stopped goes on where it was.

    Attributes:
        folder: in landing; its name says what the listings were read by.
        reread: ids of dossiers that were open when a listing was kept by an earlier attempt: they may be closed since.
    """

    folder: str
    reread: set[str] = field(default_factory=set)

    def get(self, window: Window, ask: Callable[[], Listing]) -> Listing:
        """Return the listing of a window, from an earlier attempt if that kept it, else by asking."""
        uri = f"{self.folder}/{window.from_date}_{window.to_date}.parquet"
        kept = landing.read_listing(uri)
        if kept is not None:
            is_open = pc.is_in(kept[0]["status_code"], pa.array(OPEN_STATUSES, pa.int16()))
            self.reread.update(kept[0].filter(is_open)["dossier_id"].to_pylist())
            log.info("%s to %s was listed by an earlier attempt", window.from_date, window.to_date)
            return kept
        listing = ask()
        landing.write_listing(uri, *listing)
        return listing

    def remove(self) -> None:
        """Remove the listings, once the batch is in landing."""
        landing.remove_folder(self.folder)
