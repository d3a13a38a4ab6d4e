"""Pulls one batch: the dossiers of the window, and the open dossiers that were received before it.

The first pull of a source is its opening: it also takes what was received before the window and closed since its first
day (`opening`).

The sources have no modified-since filter (one_stop_systems.md a.2, trap 8), so a dossier received before the window is
requested again while it is open. First the source lists its open dossiers, which also finds re-opened dossiers. Then
the dossiers that are open only in the store are requested by id. Dossiers of the window that are in the store but not
in the listing are requested by id too, because absence from a listing does not prove a deletion.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from datetime import time as time_of_day
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from motcua import landing, ledger
from motcua.canonical import DOSSIER
from motcua.catalog import Source, load_catalog
from motcua.catalog.guards import load_guards
from motcua.catalog.record_sources import asked_sha256, reading_sha256, vouched_for
from motcua.errors import ContractBroken, SourceUnavailable
from motcua.extract.absence import Missed, by_id, days_shown, known_between, known_ids, weigh
from motcua.extract.adapters.protocol import (
    ListingShifted,
    Page,
    Record,
    SourceAdapter,
    Window,
    can_ask_by_id,
    gives_register,
    make_adapter,
    make_whole_adapter,
)
from motcua.extract.disposition import assign_dispositions, assign_dispositions_whole, counts
from motcua.extract.drift import Drift
from motcua.extract.listing_guards import EmptyAnswers, check_empty_windows, check_listing
from motcua.extract.older_files import check_files
from motcua.extract.opening import KeptListings, ask_backwards, folder_of_opening
from motcua.extract.proof import answers_until, book_began, proof_of
from motcua.extract.records.mapping import OPEN_STATUSES, mapping_of
from motcua.extract.records.privacy import pseudonymiser
from motcua.extract.records.table import PULLED_SCHEMA, TableBuilder
from motcua.extract.repeats import with_request
from motcua.extract.reused_keys import check_reused_keys, contents_of
from motcua.extract.source_keys import doubts_json, read_source_keys
from motcua.extract.wire.connection import SourceConnection
from motcua.settings import Settings

LISTINGS = 3  # the most attempts at a listing whose set changes while it is read
log = logging.getLogger(__name__)


@dataclass
class _Pull:
    """The records that one pull has collected so far."""

    adapter: SourceAdapter
    builder: TableBuilder
    source: Source
    drift: Drift
    tables: list[pa.Table] = field(default_factory=list)
    declared: int | None = 0
    empty: list[Window] = field(default_factory=list)  # those asked for twice, in vain

    def __post_init__(self) -> None:
        self._empty_answers = EmptyAnswers(self.source)

    def list_window(self, window: Window, kept: KeptListings | None = None) -> pa.Table:
        """Add a complete listing and return it. One that an earlier attempt kept is not requested again."""
        listing, declared = kept.get(window, lambda: self._complete(window)) if kept else self._complete(window)
        self.tables.append(self._with_request(listing))
        self._declare(declared, listing.num_rows)
        if self.adapter.filters and not listing.num_rows:
            self.empty.append(window)
        return self.tables[-1]

    def _complete(self, window: Window) -> tuple[pa.Table, int | None]:
        """Return a complete listing and its declared total. A listing whose set changes is requested again."""
        for attempts_left in reversed(range(LISTINGS)):
            try:
                tables, declared = self._listing(window)
                if self.adapter.filters:
                    self._empty_answers.check(
                        window, sum(map(len, tables)), lambda: sum(map(len, self._listing(window)[0]))
                    )
            except ListingShifted as shifted:
                if not attempts_left:
                    raise SourceUnavailable(shifted.args[0], action=shifted.action) from None
                log.info(
                    "%s: the listing changed while it was read, requesting it again (%d attempts left)",
                    self.source.source_id,
                    attempts_left,
                )
                time.sleep(self.source.retry_wait_seconds)
            else:
                break
        return pa.concat_tables([PULLED_SCHEMA.empty_table(), *tables]), declared

    def add(self, records: Sequence[Record]) -> None:
        """Add dossiers that were requested by id. Their declared total is their number."""
        self.tables.append(self._with_request(self.builder.table(records)))
        self._declare(len(records), len(records))

    def _with_request(self, table: pa.Table) -> pa.Table:
        return with_request(table, len(self.tables)) if self.source.adapter == "sql" else table

    @property
    def table(self) -> pa.Table:
        return pa.concat_tables([PULLED_SCHEMA.empty_table(), *self.tables])

    def _declare(self, declared: int | None, rows: int) -> None:
        if declared is not None and declared != rows:
            raise ContractBroken(
                f"{self.source.source_id} declared {declared} dossiers but returned {rows}.",
                action="check that the source's index is complete, then pull the window again.",
            )
        self.declared = None if self.declared is None or declared is None else self.declared + declared

    def _listing(self, window: Window) -> tuple[list[pa.Table], int | None]:
        tables: list[pa.Table] = []
        page: Page | None = None
        for page in self.adapter.pages(window):
            if not tables and not window.is_open_only:
                self.drift.first_page(page)
            table = self.builder.table(page.records, page.stands)
            self._check_filters(table, window)
            tables.append(table)
        return tables, page.declared_total if page else None

    def _check_filters(self, table: pa.Table, window: Window) -> None:
        """Refuse a page that breaks the filters: a source may ignore a filter without an error (trap 4)."""
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
                f"{self.source.source_id} returned dossiers received outside the requested days: "
                "it ignored the filter on receiveDate.",
                action="check the version of the source and the date format it expects; nothing of this pull was kept.",
            )
        if window.is_open_only:
            is_open = pc.fill_null(pc.is_in(table["status_code"], pa.array(OPEN_STATUSES, pa.int16())), False)
            if not pc.all(is_open, min_count=0).as_py():
                raise ContractBroken(
                    f"{self.source.source_id} returned dossiers that are not open to a request for open ones: "
                    "it ignored the filter on status.",
                    action="check the version of the source and the statuses in its mapping.",
                )


def pull_batch(batch: ledger.Batch, source: Source, connection: SourceConnection) -> dict[str, int]:
    """Pull a batch of any record kind into landing and record it in the ledger. Return its counts by disposition.

    A second pull from an unchanged source writes the same bytes. Raises the errors of the two functions below.
    """
    pull = pull_dossiers if source.record_kind == DOSSIER.name else pull_whole
    return pull(batch, source, connection)


def pull_whole(batch: ledger.Batch, source: Source, connection: SourceConnection) -> dict[str, int]:
    """Pull all records of a source whose record kind is not dossier.

    Raises:
        SourceUnavailable: the source has no records, or none of the requested days.
        BatchHeld: its files went back in time (`older_files`); nothing was written.
        ContractBroken: the records differ from what the catalogue states; nothing was written.
    """
    adapter = make_whole_adapter(source, connection)
    kind = adapter.kind
    try:
        pulled = pa.concat_tables([kind.pulled_schema.empty_table(), *adapter.tables()])
        files = check_files(batch, source, getattr(adapter, "newest_of_series", ()))
        until = answers_until(source, adapter, Window(batch.window_from, batch.window_to), pulled)
        warnings = _logged(source, getattr(adapter, "warnings", ()))
    finally:
        adapter.close()
    disposed = assign_dispositions_whole(pulled, kind)
    count = counts(disposed)
    manifest_sha256 = landing.write_records(
        batch.landing_uri,
        disposed,
        {
            "batch_id": batch.batch_id,
            "source_id": source.source_id,
            "adapter": source.adapter,
            "window": {"from": str(batch.window_from), "to": str(batch.window_to)},
            "answers_until": None if until is None else str(until),
            "declared_total": None,
            "counts": count,
            "files": files,
            "warnings": warnings,
        },
        kind,
    )
    ledger.mark_extracted(
        batch.batch_id,
        manifest_sha256=manifest_sha256,
        declared_total=None,
        pulled=disposed.num_rows,
        out_of_window=count["out_of_window"],
        duplicate=count["duplicate"],
        pull_no=batch.pull_no,
        answers_until=until,
        asked_sha256=asked_sha256(Settings.load().catalog_dir, source),
        vouched=vouched_for(source, None),
    )
    return count


def pull_dossiers(batch: ledger.Batch, source: Source, connection: SourceConnection) -> dict[str, int]:
    """Pull a batch of dossiers into landing and record it in the ledger. Return the counts of its dispositions.

    Raises:
        SourceUnavailable: no answer after the last attempt, or the set changed during every listing.
        BatchHeld: the listing is not plausible (`listing_guards`), or days are swapped with months (`day_order`).
        ContractBroken: the answer of the source breaks its protocol; nothing was written.
        ConfigurationError: the connection is wrong.
        CatalogError: the adapter's mapping is wrong.
    """
    settings = Settings.load()
    reading = reading_sha256(load_catalog(settings.catalog_dir), source)
    asked = asked_sha256(settings.catalog_dir, source)
    mapping = mapping_of(settings.catalog_dir, source)
    pseudonymise = pseudonymiser(settings.hmac_keys())
    window = Window(batch.window_from, batch.window_to)
    open_in_store = known_ids("extract/open_dossiers", batch)
    known = known_ids("extract/known_in_window", batch)
    drift = Drift(source, mapping, batch.batch_id)
    keys = read_source_keys(source, mapping)
    keys.check()
    adapter = make_adapter(source, connection, mapping)
    try:
        builder = TableBuilder(source, mapping, pseudonymise, since=keys.since, earlier=keys.earlier)
        pull = _Pull(adapter, builder, source, drift)
        can_ask = can_ask_by_id(adapter)
        listed = pull.list_window(window).num_rows
        files = check_files(batch, source, getattr(adapter, "newest_of_series", ()))
        is_register = gives_register(adapter, mapping)
        opening, kept = None, None
        if batch.is_opening and adapter.filters:
            if can_ask:
                kept = KeptListings(folder_of_opening(batch, source, f"{mapping!r}{pseudonymise.key_id}{asked}"))
            limits = load_guards(settings.catalog_dir).opening
            opening = ask_backwards(lambda asked: pull.list_window(asked, kept), window, source.first_record_on, limits)
        listed_open = 0
        if adapter.lists_open:
            before = opening.asked_from if opening else batch.window_from
            # An empty list of receptions is compared with what is open of its days.
            last = max([before - timedelta(days=1), *(empty.to_date for empty in pull.empty)])
            listed_open = pull.list_window(Window(None, last, is_open_only=True)).num_rows
        builder.check_days()
        until = answers_until(source, adapter, window, pull.table, is_register=is_register)
        listed_ids = {*pull.table["dossier_id"].to_pylist()} - {None}
        contents = contents_of(pull.table)
        replaced = keys.replaced(builder.became, contents)
        dispose = partial(
            assign_dispositions,
            window=window,
            known=_now((*open_in_store, *known), replaced),
            is_opening=batch.is_opening,
            is_register=is_register,
            repeats=mapping.repeated_rows,
        )
        register = dispose(pull.table) if is_register else None  # no record of it is requested by id
        began = None if register is None else book_began(source, register, partial(known_between, batch))
        withdrawn_from = began if batch.is_shrink_accepted else None
        settled = keys.settled_set_aside(builder.became, contents, listed_ids, withdrawn_from=withdrawn_from)
        guard_results = check_listing(batch, pull.table, _now(known, replaced), lists_all=source.lists_all)
        guard_results |= check_empty_windows(batch, pull.table, [each for each in pull.empty if not each.is_open_only])
        guard_results |= check_reused_keys(batch, source, mapping, contents)
        in_hand = listed_ids | replaced.keys()
        # An extract of a period says nothing of what was open before it.
        is_open_told = can_ask or is_register or adapter.lists_open
        expected = {*open_in_store, *known} if is_open_told else {*known}
        withdrawn = frozenset(
            expected.intersection(known_between(batch, withdrawn_from, batch.window_to)) if withdrawn_from else ()
        )
        if began is not None:
            shown = days_shown(pull.table)
            expected &= {*open_in_store, *known_between(batch, min(began, shown[0]), batch.window_to)}
            expected |= {*known_between(batch, *shown)}
        requested_ids = sorted(expected - in_hand)
        if not source.lists_all and not can_ask:
            requested_ids = []  # files have no request by id, and a dossier that some files leave out is not absent
        listing, missed = pull.table, Missed()
        found_by_id = 0
        for records in by_id(adapter, requested_ids, missed):
            pull.add(records)
            found_by_id += len(records)
        for records in by_id(adapter, sorted(kept.reread) if kept else [], Missed()):
            pull.add(records)
            found_by_id += len(records)
        drift.later_pages(pull.builder.unclassified)
        warnings: list[str] = weigh(adapter, listing, missed, can_prove=can_ask)
        warnings += getattr(adapter, "warnings", [])
    finally:
        adapter.close()
    disposed = dispose(pull.table) if register is None else register
    count = counts(disposed)
    if missed.count:
        log.warning(
            "%s: %d known dossiers were not returned by the source; they count until their deletion is proven",
            source.source_id,
            missed.count,
        )
    _logged(source, warnings)
    if pull.builder.unclassified:
        log.warning("%s: unknown keys dropped: %s", source.source_id, ", ".join(sorted(pull.builder.unclassified)))
    manifest_sha256 = landing.write_records(
        batch.landing_uri,
        disposed,
        {
            "batch_id": batch.batch_id,
            "source_id": source.source_id,
            "adapter": source.adapter,
            "window": {"from": str(batch.window_from), "to": str(batch.window_to)},
            "declared_total": pull.declared,
            "pulled": {
                "listed": listed,
                "listed_open": listed_open,
                "empty_twice": len(pull.empty),
                "by_id": found_by_id,
                "unknown_by_id": missed.not_found,
                "not_shown": missed.not_shown,
            },
            "opening": asdict(opening) | {"asked_from": str(opening.asked_from)} if opening else None,
            "absence_is_proof": can_ask,
            "answers_until": None if until is None else str(until),
            "replaced_keys": replaced,
            "not_in_accepted_register": [one for one in missed.not_shown if one in withdrawn],
            "settled_set_aside": settled,
            "guards": guard_results,
            "counts": count,
            "files": files,
            "warnings": warnings,
            "hmac_key_id": pseudonymise.key_id,
            "hmac_previous_key_ids": pseudonymise.previous_ids,
            "unclassified_fields": sorted(pull.builder.unclassified),
        },
    )
    drift.accept()
    keys.note()
    ledger.mark_extracted(
        batch.batch_id,
        manifest_sha256=manifest_sha256,
        declared_total=pull.declared,
        pulled=disposed.num_rows,
        out_of_window=count["out_of_window"],
        duplicate=count["duplicate"],
        answers_until=until,
        proof=proof_of(batch, source, opening, adapter, began),
        pull_no=batch.pull_no,
        key_doubts=doubts_json(keys.doubts(listed_ids)),
        reading_sha256=reading,
        asked_sha256=asked,
        vouched=vouched_for(source, mapping.covers),
        shown_days=days_shown(listing) if is_register else None,
    )
    if kept:
        kept.remove()
    return count


def _logged(source: Source, warnings: Sequence[str]) -> Sequence[str]:
    for warning in warnings:
        log.warning("%s: %s", source.source_id, warning)
    return warnings


def _now(known: Sequence[str], replaced: Mapping[str, str]) -> frozenset[str]:
    """Return the keys of known dossiers as they are made today."""
    return frozenset(replaced.get(dossier_id, dossier_id) for dossier_id in known)
