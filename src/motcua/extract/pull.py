"""Pulls one batch: the days asked for, the dossiers still open, and those we believed open that no list showed.

There is no modified-since filter (one_stop_systems.md a.2, trap 8), so a dossier received before the window is asked
for again while it is open: by a list of what the source says is open, which also finds what was re-opened, and by id
for what only we believe is open. What the store knows of the window and the listing does not show is asked for by id
too: absence from a list is no deletion.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as time_of_day

import pyarrow as pa
import pyarrow.compute as pc

from motcua import landing, ledger
from motcua.canonical import DOSSIER
from motcua.catalog import Source
from motcua.errors import ContractBroken, SourceUnavailable
from motcua.extract.adapters.protocol import (
    ListingShifted,
    Page,
    Record,
    SourceAdapter,
    Window,
    make_adapter,
    make_whole_adapter,
)
from motcua.extract.disposition import counts, settle, settle_whole
from motcua.extract.drift import Drift
from motcua.extract.listing_guards import check_listing
from motcua.extract.records.mapping import OPEN_STATUSES, load_mapping
from motcua.extract.records.privacy import pseudonymiser
from motcua.extract.records.table import PULLED_SCHEMA, TableBuilder
from motcua.extract.wire.connection import SourceConnection
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine

LISTINGS = 3  # how often a listing is started again because the set moved under it
BY_ID_WORKERS = 4
BY_ID_PAGE = 500

log = logging.getLogger(__name__)


@dataclass
class _Pull:
    """What one pull has gathered so far."""

    adapter: SourceAdapter
    builder: TableBuilder
    source: Source
    drift: Drift
    tables: list[pa.Table] = field(default_factory=list)
    declared: int | None = 0

    def list_window(self, window: Window) -> int:
        """Add a whole listing, asked for again while the set shifts; return its rows."""
        for left in reversed(range(LISTINGS)):
            try:
                tables, declared = self._listing(window)
            except ListingShifted as shifted:
                if not left:
                    raise SourceUnavailable(shifted.args[0], action=shifted.action) from None
                log.info("%s: the listing shifted, asking again (%d left)", self.source.source_id, left)
                time.sleep(self.source.retry_wait_seconds)
            else:
                break
        rows: int = sum(table.num_rows for table in tables)
        self.tables += tables
        self._declare(declared, rows)
        return rows

    def add(self, records: Sequence[Record]) -> None:
        """Add dossiers fetched by id; each is its own declaration."""
        self.tables.append(self.builder.table(records))
        self._declare(len(records), len(records))

    @property
    def table(self) -> pa.Table:
        return pa.concat_tables([PULLED_SCHEMA.empty_table(), *self.tables])

    def _declare(self, declared: int | None, rows: int) -> None:
        if declared is not None and declared != rows:
            raise ContractBroken(
                f"{self.source.source_id} declared {declared} dossiers and gave {rows}.",
                action="check that the source's index is complete, then pull the window again.",
            )
        self.declared = None if self.declared is None or declared is None else self.declared + declared

    def _listing(self, window: Window) -> tuple[list[pa.Table], int | None]:
        tables: list[pa.Table] = []
        page: Page | None = None
        for page in self.adapter.pages(window):
            if not tables and not window.is_open_only:
                self.drift.first_page(page)
            table = self.builder.table(page.records)
            self._check_filters(table, window)
            tables.append(table)
        return tables, page.declared_total if page else None

    def _check_filters(self, table: pa.Table, window: Window) -> None:
        """Stop at a page that no filter can have let through: a source drops a filter silently (trap 4)."""
        if not self.adapter.filters:
            return
        margin = self.adapter.margin
        span = pc.min_max(table["received_at"])
        earliest, latest = span["min"].as_py(), span["max"].as_py()
        limit = datetime.combine(window.to_date + timedelta(days=1), time_of_day.min) + margin
        is_outside = latest is not None and latest >= limit
        if window.from_date is not None and earliest is not None:
            is_outside |= earliest < datetime.combine(window.from_date, time_of_day.min) - margin
        if is_outside:
            raise ContractBroken(
                f"{self.source.source_id} gave dossiers received outside the days asked for: "
                "it ignored the filter on receiveDate.",
                action="check the date format the source expects and its version; nothing of this pull was kept.",
            )
        if window.is_open_only:
            is_open = pc.fill_null(pc.is_in(table["status_code"], pa.array(OPEN_STATUSES, pa.int16())), False)
            if not pc.all(is_open, min_count=0).as_py():
                raise ContractBroken(
                    f"{self.source.source_id} gave dossiers that are not open when asked for open ones: "
                    "it ignored the filter on status.",
                    action="check the version of the source and the statuses in its mapping.",
                )


def pull_batch(batch: ledger.Batch, source: Source, connection: SourceConnection) -> dict[str, int]:
    """Pull a batch of any kind of record into landing and record it in the ledger; return its counts by disposition.

    Pulling again from an unchanged source writes the same bytes. Raises as the two pulls below do.
    """
    pull = pull_dossiers if source.record_kind == DOSSIER.name else pull_whole
    return pull(batch, source, connection)


def pull_whole(batch: ledger.Batch, source: Source, connection: SourceConnection) -> dict[str, int]:
    """Pull all that a source has of another kind of record than dossiers.

    Raises:
        SourceUnavailable: the source has nothing, or nothing of the days asked for.
        ContractBroken: it is not what the catalogue says; nothing was written.
    """
    adapter = make_whole_adapter(source, connection)
    kind = adapter.kind
    try:
        pulled = pa.concat_tables([kind.pulled_schema.empty_table(), *adapter.tables()])
        until = adapter.answers_until
    finally:
        adapter.close()
    if until is not None and until < batch.window_from:
        raise SourceUnavailable(
            f"{source.source_id} tells of nothing after {until}; it was asked from {batch.window_from} on.",
            action="have what is newer given, then ingest the source again.",
        )
    settled = settle_whole(pulled, kind)
    count = counts(settled)
    manifest_sha256 = landing.write_records(
        batch.landing_uri,
        settled,
        {
            "batch_id": batch.batch_id,
            "source_id": source.source_id,
            "adapter": source.adapter,
            "window": {"from": str(batch.window_from), "to": str(batch.window_to)},
            "answers_until": None if until is None else str(until),
            "declared_total": None,
            "counts": count,
        },
        kind,
    )
    ledger.mark_extracted(
        batch.batch_id,
        manifest_sha256=manifest_sha256,
        declared_total=None,
        pulled=settled.num_rows,
        out_of_window=count["out_of_window"],
        duplicate=count["duplicate"],
        answers_until=until,
    )
    return count


def pull_dossiers(batch: ledger.Batch, source: Source, connection: SourceConnection) -> dict[str, int]:
    """Pull a batch of dossiers into landing and record it in the ledger; return the counts of its dispositions.

    Raises:
        SourceUnavailable: no answer after the last attempt, or the set would not stand still.
        BatchHeld: the listing is not believable (`guards`); nothing was written.
        ContractBroken: the source answered something its protocol does not allow; nothing was written.
        ConfigurationError: the connection is wrong.
        CatalogError: the adapter's mapping is wrong.
    """
    settings = Settings.load()
    mapping = load_mapping(settings.catalog_dir, source.mapping)
    pseudonymise = pseudonymiser(settings.hmac_keys())
    window = Window(batch.window_from, batch.window_to)
    open_in_store = _known("extract/open_dossiers", batch)
    known = _known("extract/known_in_window", batch)
    drift = Drift(source, mapping, batch.batch_id)
    adapter = make_adapter(source, connection, mapping)
    try:
        pull = _Pull(adapter, TableBuilder(source, mapping, pseudonymise), source, drift)
        listed = pull.list_window(window)
        listed_open = 0
        if adapter.lists_open:
            listed_open = pull.list_window(Window(None, batch.window_from - timedelta(days=1), is_open_only=True))
        believed = check_listing(batch, pull.table, frozenset(known), lists_all=source.lists_all)
        shown = set(pull.table["dossier_id"].to_pylist())
        asked = [dossier_id for dossier_id in (*open_in_store, *known) if dossier_id not in shown]
        if not source.lists_all and not getattr(adapter, "absence_is_proof", False):
            asked = []  # files are not asked by id, and what a part of them leaves out is not absent
        unknown: list[str] = []
        found = 0
        for records in _by_id(adapter, asked, unknown):
            pull.add(records)
            found += len(records)
        drift.later_pages(pull.builder.unclassified)
        warnings: list[str] = getattr(adapter, "warnings", [])
    finally:
        adapter.close()
    settled = settle(pull.table, window, frozenset((*open_in_store, *asked)))
    count = counts(settled)
    if unknown:
        log.warning(
            "%s: %d known dossiers are not at the source now; they count until it is proven",
            source.source_id,
            len(unknown),
        )
    for warning in warnings:
        log.warning("%s: %s", source.source_id, warning)
    if pull.builder.unclassified:
        log.warning("%s: unknown keys dropped: %s", source.source_id, ", ".join(sorted(pull.builder.unclassified)))
    manifest_sha256 = landing.write_records(
        batch.landing_uri,
        settled,
        {
            "batch_id": batch.batch_id,
            "source_id": source.source_id,
            "adapter": source.adapter,
            "window": {"from": str(batch.window_from), "to": str(batch.window_to)},
            "declared_total": pull.declared,
            "pulled": {"listed": listed, "listed_open": listed_open, "by_id": found, "unknown_by_id": unknown},
            "absence_is_proof": getattr(adapter, "absence_is_proof", False),
            "guards": believed,
            "counts": count,
            "warnings": warnings,
            "hmac_key_id": pseudonymise.key_id,
            "hmac_previous_key_ids": pseudonymise.previous_ids,
            "unclassified_fields": sorted(pull.builder.unclassified),
        },
    )
    drift.accept()
    ledger.mark_extracted(
        batch.batch_id,
        manifest_sha256=manifest_sha256,
        declared_total=pull.declared,
        pulled=settled.num_rows,
        out_of_window=count["out_of_window"],
        duplicate=count["duplicate"],
    )
    return count


def _known(name: str, batch: ledger.Batch) -> list[str]:
    """Return ids the store holds of the batch's source, by a statement about its window."""
    with store_engine().connect() as connection:
        return list(
            connection.scalars(
                statement(name),
                {"source_id": batch.source_id, "window_from": batch.window_from, "window_to": batch.window_to},
            )
        )


def _by_id(adapter: SourceAdapter, dossier_ids: Sequence[str], unknown: list[str]) -> Iterator[list[Record]]:
    """Yield what the source has of these dossiers, in their order, and put the ids it does not know in `unknown`."""
    for start in range(0, len(dossier_ids), BY_ID_PAGE):
        ids = dossier_ids[start : start + BY_ID_PAGE]
        with ThreadPoolExecutor(BY_ID_WORKERS, thread_name_prefix="by-id") as pool:
            try:
                answers = list(pool.map(adapter.by_id, ids))
            finally:
                pool.shutdown(cancel_futures=True)
        unknown += [dossier_id for dossier_id, answer in zip(ids, answers, strict=True) if answer is None]
        yield [answer for answer in answers if answer is not None]
