"""Reads again what was landed, by today's mapping and catalogue, without asking the source.

Of a pull that is loaded, each record that no later pull showed becomes part of a new batch, a replay. That goes through
validation and consolidation like any other, and stands where its pull stood in the order: it never beats what a later
pull said. A pull of which nothing is loaded, because validation held or failed it, is read again in its place.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from motcua import landing, ledger
from motcua.canonical import DOSSIER, KINDS, RecordKind
from motcua.canonical.kind import MODIFIED
from motcua.catalog import Source, load_catalog
from motcua.catalog.record_sources import reading_sha256
from motcua.errors import ContractBroken
from motcua.extract.absence import LaterPulls
from motcua.extract.adapters.protocol import Window, adapter_class, gives_register
from motcua.extract.disposition import assign_dispositions, counts
from motcua.extract.proof import register_began
from motcua.extract.records.mapping import mapping_of
from motcua.extract.records.privacy import pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.extract.repeats import UNORDERED
from motcua.extract.source_keys import read_source_keys
from motcua.settings import Settings

log = logging.getLogger(__name__)
Key = tuple[Any, ...]
_OF_THE_FILE = ("rows", "schema", "sha256")  # what landing itself states of a batch


@dataclass(frozen=True)
class Replay:
    """A pull that was read again.

    Attributes:
        batch_id: the batch to validate: a replay, or the pull's own where nothing of it was loaded.
        replay_of: the pull's batch.
        landed: the rows that the pull landed; each is one of the following.
        read_again: rows of the batch to validate.
        shown_later: records that a later pull showed, or a later register was accepted without, so that this one says
            nothing of them.
        not_records: duplicates, and rows out of the window.
    """

    batch_id: str
    replay_of: str
    landed: int
    read_again: int
    shown_later: int
    not_records: int


def read_again(source: Source, run_id: str) -> list[Replay]:
    """Read again what was landed of a source, and return what there is to validate, in the order of the pulls.

    Raises:
        ContractBroken: landing is gone or was changed, a key that the mapping needs now was not kept, or records have
            another key than before: as replays they would count twice. Nothing was written.
        BatchHeld: days are swapped with months (`day_order`). Nothing was written.
    """
    kind = KINDS[source.record_kind]
    reader = _Reader(source, kind)
    given = ledger.read_to_replay(source.source_id)
    loaded = [batch for batch in given.batches if batch.state == "loaded"]
    newest = _Newest(kind)
    later = LaterPulls(source, given.registers)
    for batch in loaded:
        landed = landing.read_records(batch.landing_uri, batch.manifest_sha256, kind)
        newest.add(batch, landed)
        later.add(batch, landed)
    drafts = [
        _draft(batch, reader, newest, given.open_without_key[batch.batch_id]) if batch.state == "loaded"
        else _draft(batch, reader, None, is_stored=bool(loaded))
        for batch in given.batches
    ]  # fmt: skip
    _refuse_other_keys(source, drafts)
    drafts = [_without_withdrawn(draft, later) for draft in drafts]
    written = [_write(draft, run_id, number, given.chosen_at, reader) for number, draft in enumerate(drafts)]
    return [replay for replay in written if replay is not None]


def note_read_again(sources: Iterable[Source], batches: Iterable[ledger.Batch], since: datetime) -> None:
    """Note each source of dossiers that is in the store as it is read today, so that its editions may be final.

    Args:
        sources: those that were read again.
        batches: what became of their replays; a source with one that is not loaded is not noted.
        since: a moment before they were read (`ledger.read_again_since`).
    """
    failed = {batch.source_id for batch in batches if batch.state != "loaded"}
    catalog = load_catalog(Settings.load().catalog_dir)
    for source in sources:
        if source.record_kind == DOSSIER.name and source.source_id not in failed:
            ledger.note_read_again(source.source_id, reading_sha256(catalog, source), since)


@dataclass(frozen=True)
class _Draft:
    """The rows of a pull as they are read today, and how many it landed."""

    batch: ledger.Batch
    records: pa.Table
    landed: int
    shown_later: int
    other_keys: int  # records whose key reads otherwise than when they were landed
    missed_later: Mapping[str, str] = field(default_factory=dict)  # records, each with the later batch that lacks it


class _Newest:
    """Which showings of a record may be what counts today: by the order of the pulls, or by its own modified time.

    Of the showings that were accepted the last in either order; of those that were set aside each that is later than
    that in either order, because it counts once it is accepted.
    """

    def __init__(self, kind: RecordKind) -> None:
        self._kind = kind
        self._pulls: dict[str, int] = {}
        self._accepted: dict[str, set[Key]] = {}
        self._last: dict[Key, int] = {}
        self._modified: dict[Key, tuple[datetime, int]] = {}
        self._outside: dict[Key, int] = {}
        self._shown: dict[Key, int] = {}

    def add(self, batch: ledger.Batch, landed: pa.Table) -> None:
        """Note what a pull showed; pulls are given in their order."""
        pull = self._pulls[batch.batch_id] = len(self._pulls)
        records = landed.filter(pc.equal(landed["disposition"], "record"))
        outside = landed.filter(pc.equal(landed["disposition"], "out_of_window"))
        self._shown.update(dict.fromkeys(_keys(records, self._kind), pull))
        self._outside.update(dict.fromkeys(_keys(outside, self._kind), pull))
        # Of what was validated before its hash was kept, landing alone tells: every record counts as accepted.
        accepted = records
        if batch.accepted_sha256 is not None:
            names = [*self._kind.key, *(field.name for field in self._kind.kept)]
            accepted = landing.read_accepted(batch.landing_uri, batch.accepted_sha256, self._kind, names)
        keys = _keys(accepted, self._kind)
        self._accepted[batch.batch_id] = set(keys)
        self._last.update(dict.fromkeys(keys, pull))
        for key, modified_at in zip(keys, modified_times(accepted), strict=True):
            if modified_at is not None and (key not in self._modified or modified_at >= self._modified[key][0]):
                self._modified[key] = (modified_at, pull)

    def takes(self, batch: ledger.Batch, key: Key, disposition: str, modified_at: datetime | None) -> bool:
        """Return whether a row of a pull may be what counts today."""
        pull = self._pulls[batch.batch_id]
        if disposition == "out_of_window":
            return key not in self._shown and self._outside[key] == pull
        modified = self._modified.get(key)
        if key in self._accepted[batch.batch_id]:
            return pull in (self._last[key], modified and modified[1])
        is_later = pull > self._last.get(key, -1)
        return is_later or (modified is not None and modified_at is not None and modified_at > modified[0])

    def took_over(self, batch: ledger.Batch, key: Key, now: Key) -> bool:
        """Return whether a later pull showed a record under its key of today, and the store has none under the old one.

        What was accepted under the old key is taken from the store once the new one is accepted.
        """
        if key[-1] is None or key == now:
            return False
        later = self._last if key in self._accepted[batch.batch_id] else self._shown
        return later.get(now, -1) > self._pulls[batch.batch_id]


def modified_times(table: pa.Table) -> list[datetime | None]:
    """Return when each record was modified at its source; none where its kind does not say it."""
    return table[MODIFIED].to_pylist() if MODIFIED in table.column_names else [None] * table.num_rows


class _Reader:
    """Reads landed rows of one source by today's mapping and catalogue."""

    def __init__(self, source: Source, kind: RecordKind) -> None:
        self._source = source
        self.first_record_on = source.first_record_on
        self.kind = kind
        self.reading_sha256: str | None = None
        self._is_register = False
        if kind.name != DOSSIER.name:  # its adapter reads all it has again each time; here only its rules are repeated
            return
        settings = Settings.load()
        self.reading_sha256 = reading_sha256(load_catalog(settings.catalog_dir), source)
        mapping = mapping_of(settings.catalog_dir, source)
        since = read_source_keys(source, mapping).since
        self._builder = TableBuilder(source, mapping, pseudonymiser(settings.hmac_keys()), since=since)
        self._is_register = gives_register(adapter_class(source.adapter), mapping)
        self._repeats = mapping.repeated_rows

    def began(self, read: pa.Table) -> date | None:
        """Return since which day the rows tell all of their source, where they are its register."""
        return register_began(self._source, read) if self._is_register else None

    def read(self, batch: ledger.Batch, landed: pa.Table) -> pa.Table:
        """Return the rows with their dispositions, those that were records and have a key staying so."""
        if self.kind.name != DOSSIER.name:
            return landed
        was_record = pc.equal(landed["disposition"], "record")
        known = set(landed.filter(was_record)["dossier_id"].to_pylist()) - {None}
        read = self._builder.read_again(landed)
        self._builder.check_days()
        return assign_dispositions(
            read,
            Window(batch.window_from, batch.window_to),
            known,
            is_opening=batch.is_opening,
            is_register=self._is_register,
            repeats=self._repeats,
            record_nos=landed["record_no"],
        )


def _draft(
    batch: ledger.Batch,
    reader: _Reader,
    newest: _Newest | None,
    open_without_key: Iterable[int] = (),
    *,
    is_stored: bool = True,
) -> _Draft:
    """Read a pull again: all of it, or what no later one showed.

    Args:
        newest: of a loaded pull, what each pull showed; none of one of which nothing is loaded.
        open_without_key: records without a key that are still set aside, by their number.
        is_stored: whether a batch of the source is loaded, so that its records may be in the store under their keys.
    """
    kind = KINDS[batch.record_kind]
    landed = landing.read_records(batch.landing_uri, batch.manifest_sha256, kind)
    keys, dispositions = _keys(landed, kind), landed["disposition"].to_pylist()
    reasons = landed["disposition_reason"].to_pylist()
    rows = list(range(landed.num_rows))
    if newest is not None:
        still_open, numbers, modified = set(open_without_key), landed["record_no"].to_pylist(), modified_times(landed)
        rows = [
            row
            for row in rows
            if (
                numbers[row] in still_open
                if keys[row][-1] is None
                else dispositions[row] != "duplicate"
                and newest.takes(batch, keys[row], dispositions[row], modified[row])
            )
        ]
        taken = {keys[row] for row in rows}  # rows that stand beside a record are judged with it
        rows = sorted({*rows, *(row for row, key in enumerate(keys) if reasons[row] == UNORDERED and key in taken)})
    read = reader.read(batch, landed.take(pa.array(rows, pa.int64())))
    now = _keys(read, kind)
    if newest is not None:
        is_left = [not newest.took_over(batch, keys[row], other) for row, other in zip(rows, now, strict=True)]
        rows = [row for row, is_one in zip(rows, is_left, strict=True) if is_one]
        read = read.filter(pa.array(is_left, pa.bool_()))
        now = _keys(read, kind)
    before = {keys[row] for row in rows if keys[row][-1] is not None}
    lost = before - set(now) if is_stored else set()
    if newest is not None:
        read = read.filter(pc.not_equal(read["disposition"], "out_of_window"))
    is_record = [
        disposition == "record" and key[-1] is not None for key, disposition in zip(keys, dispositions, strict=True)
    ]
    shown_later = sum(is_record) - sum(is_record[row] for row in rows)
    return _Draft(batch, read, landed.num_rows, shown_later, len(lost))


def _without_withdrawn(draft: _Draft, later: LaterPulls) -> _Draft:
    """Leave out what a person withdrew by accepting a later register without it. Note what else later pulls lack."""
    missed = later.missing(draft.batch, draft.records)
    days = draft.records["received_at"].cast(pa.date32()).to_pylist() if any(missed) else [None] * len(missed)
    is_left = [not later.is_withdrawn_by(batch_id, day) for batch_id, day in zip(missed, days, strict=True)]
    withdrawn = is_left.count(False)
    ids = draft.records[KINDS[draft.batch.record_kind].id_column].to_pylist()
    return replace(
        draft,
        records=draft.records.filter(pa.array(is_left, pa.bool_())),
        shown_later=draft.shown_later + withdrawn,
        missed_later={
            record_id: batch_id
            for record_id, batch_id, is_one in zip(ids, missed, is_left, strict=True)
            if is_one and batch_id is not None
        },
    )


def _refuse_other_keys(source: Source, drafts: Iterable[_Draft]) -> None:
    for draft in drafts:
        if draft.other_keys:
            raise ContractBroken(
                f"{source.source_id}: {draft.other_keys} records of batch {draft.batch.batch_id} have another key now"
                " than when they were landed, so the store would hold them twice.",
                action="take back the change of the key (identity of the mapping, system_code or the agency of the"
                " source), or ask the source for its days again with `motcua ingest`, which puts a new key in the place"
                " of the old one. Other corrections can be replayed while the keys stay.",
            )


def _write(draft: _Draft, run_id: str, number: int, chosen_at: datetime, reader: _Reader) -> Replay | None:
    """Land what was read again, and write the ledger; nothing where a loaded pull has nothing left to say."""
    batch, records = draft.batch, draft.records
    if batch.state == "loaded" and not records.num_rows:
        return None
    batch_id = ledger.batch_id_of(batch.source_id, run_id, number) if batch.state == "loaded" else batch.batch_id
    uri = f"{Settings.load().landing_url}/{batch.source_id}/{batch.window_from}_{batch.window_to}/{run_id}-{number}"
    count = counts(records)
    facts = _facts(batch, count, batch_id) | {"missed_later": dict(draft.missed_later)}
    sha256 = landing.write_records(uri, records, facts, reader.kind)
    if batch.state == "loaded":
        pull_no = ledger.plan_replay(batch_id, run_id, batch.batch_id, uri, chosen_at)
        ledger.mark_extracted(
            batch_id,
            manifest_sha256=sha256,
            declared_total=None,
            pulled=records.num_rows,
            out_of_window=count["out_of_window"],
            duplicate=count["duplicate"],
            pull_no=pull_no,
            reading_sha256=reader.reading_sha256,
        )
    elif not ledger.mark_read_again(
        batch_id,
        landing_uri=uri,
        manifest_sha256=sha256,
        out_of_window=count["out_of_window"],
        duplicate=count["duplicate"],
        reading_sha256=reader.reading_sha256,
        stock_from=reader.began(records),
        first_record_on=reader.first_record_on,
    ):
        log.warning("%s: batch %s was validated while it was read again", batch.source_id, batch_id)
        return None
    not_records = draft.landed - records.num_rows - draft.shown_later
    log.info("%s: %d of %d rows of %s read again", batch.source_id, records.num_rows, draft.landed, batch.batch_id)
    return Replay(batch_id, batch.batch_id, draft.landed, records.num_rows, draft.shown_later, not_records)


def _facts(batch: ledger.Batch, count: Mapping[str, int], batch_id: str) -> dict[str, Any]:
    """Return what the manifest of the rows read again states: of a pull in its place, also what that stated."""
    manifest = landing.read_manifest(batch.landing_uri)
    stated = {name: value for name, value in manifest.items() if name not in _OF_THE_FILE}
    if batch.state == "loaded":
        stated = {name: stated[name] for name in ("source_id", "adapter", "window") if name in stated}
    read_again = {"batch_id": batch.batch_id, "landing": batch.landing_uri, "manifest_sha256": batch.manifest_sha256}
    return {**stated, "batch_id": batch_id, "counts": dict(count), "reads_again": read_again}


def _keys(table: pa.Table, kind: RecordKind) -> list[Key]:
    return list(zip(*(table[name].to_pylist() for name in kind.key), strict=True))
