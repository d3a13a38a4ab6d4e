"""Asks a source by id for the dossiers that its lists did not show, and says what a 404 of it proves.

A 404 is a step towards the proof of a deletion only when the source itself gave it and finds, in the same pull, a
dossier by id that its list shows. A gateway that lost its route, or a request by id that finds nothing at all, proves
nothing of one dossier. The second step, a later night, is taken by the merge (`consolidate/prove_deletions.sql`).

A replay asks for nothing. Of what it accepts, `LaterPulls` says what later pulls would have shown and did not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from motcua import ledger
from motcua.canonical import DOSSIER
from motcua.catalog import Source
from motcua.extract.adapters.protocol import Record, SourceAdapter, adapter_class
from motcua.extract.records.mapping import OPEN_STATUSES
from motcua.extract.wire.transport import NotTheSource
from motcua.warehouse import statement, store_engine

BY_ID_WORKERS = 4
BY_ID_PAGE = 500
PROBES = 3  # listed dossiers that are asked for, until one is found: one of them may have been deleted meanwhile


@dataclass
class Missed:
    """The ids that were asked for in vain: `not_found` by the source itself, `not_shown` where nothing is proven."""

    not_found: list[str] = field(default_factory=list)
    not_shown: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.not_found) + len(self.not_shown)


def by_id(adapter: SourceAdapter, dossier_ids: Sequence[str], missed: Missed) -> Iterator[list[Record]]:
    """Yield the records of these dossiers in their order. Note the ids that brought none in `missed`."""
    for start in range(0, len(dossier_ids), BY_ID_PAGE):
        ids = dossier_ids[start : start + BY_ID_PAGE]
        with ThreadPoolExecutor(BY_ID_WORKERS, thread_name_prefix="by-id") as pool:
            try:
                answers = list(pool.map(lambda dossier_id: _ask(adapter, dossier_id), ids))
            finally:
                pool.shutdown(cancel_futures=True)
        missed.not_found += [one for one, answer in zip(ids, answers, strict=True) if answer is None]
        missed.not_shown += [one for one, answer in zip(ids, answers, strict=True) if isinstance(answer, NotTheSource)]
        yield [answer for answer in answers if isinstance(answer, dict)]


def weigh(adapter: SourceAdapter, listed: pa.Table, missed: Missed, *, can_prove: bool) -> list[str]:
    """Move the ids whose 404 proves nothing to `not_shown`. Return warnings for an engineer.

    Args:
        listed: rows of PULLED_SCHEMA that the lists of this pull show.
        can_prove: whether requests by id reach the source itself (`absence_is_proof`).
    """
    warnings: list[str] = []
    if not can_prove:
        missed.not_shown, missed.not_found = [*missed.not_shown, *missed.not_found], []
        return warnings
    if missed.not_shown:
        warnings.append(
            f"{len(missed.not_shown)} requests by id were answered 404 by something other than the source, such as a"
            " gateway without a route; nothing is proven of these dossiers"
        )
    if missed.not_found and not _finds_a_listed_one(adapter, listed):
        warnings.append(
            f"{len(missed.not_found)} ids were not found, and neither was any dossier that the list shows; nothing is"
            " proven of them"
        )
        missed.not_shown, missed.not_found = [*missed.not_shown, *missed.not_found], []
    return warnings


def _finds_a_listed_one(adapter: SourceAdapter, listed: pa.Table) -> bool:
    own = listed.filter(pc.and_(pc.is_null(listed["standing"]), pc.is_valid(listed["dossier_id"])))
    ids = own["dossier_id"].to_pylist()
    chosen = ids[:: max(1, len(ids) // PROBES)][:PROBES]
    return any(isinstance(_ask(adapter, dossier_id), dict) for dossier_id in chosen)


def _ask(adapter: SourceAdapter, dossier_id: str) -> Record | NotTheSource | None:
    try:
        return adapter.by_id(dossier_id)
    except NotTheSource as answer:
        return answer


def days_shown(listing: pa.Table) -> tuple[date, date]:
    """Return the first and the last day of reception that a listing has; an empty span where it has none.

    What a register should show is known for these days only: that of a new year may begin with it.
    """
    days = pc.min_max(listing["received_at"].cast(pa.date32()))
    first, last = days["min"].as_py(), days["max"].as_py()
    return (date.max, date.min) if first is None else (first, last)


def known_ids(name: str, batch: ledger.Batch, days: tuple[date, date] | None = None) -> list[str]:
    """Return ids of the source's dossiers in the store, by a statement about days, or about the window of the batch."""
    window_from, window_to = days or (batch.window_from, batch.window_to)
    with store_engine().connect() as connection:
        return list(
            connection.scalars(
                statement(name),
                {
                    "source_id": batch.source_id,
                    "window_from": window_from,
                    "window_to": window_to,
                    "open_statuses": [int(status) for status in OPEN_STATUSES],
                },
            )
        )


def known_between(batch: ledger.Batch, first: date, last: date) -> list[str]:
    """Return ids of the source's dossiers in the store that were received from a day to another.

    A register is the book of some years: what it lacks of days before it began may stand in another book. So none of
    these is withdrawn by it, and it misses none, unless it has an older reception itself (0052).
    """
    return known_ids("extract/known_in_window", batch, (first, last))


class LaterPulls:
    """The loaded pulls of a source in their order, each with the ids that it showed.

    A pull would have shown a dossier that was received on one of its days, or that is open where it told all that is
    open: a register does, and a system that lists what is open. A source that lists only changes or parts proves
    nothing.

    Args:
        registers: the batches whose source gave all that its unit ever had, and since which day it tells all.
    """

    def __init__(self, source: Source, registers: Mapping[str, date]) -> None:
        self._is_judged = source.record_kind == DOSSIER.name and source.lists_all
        self._registers = registers
        self._tells_open = self._is_judged and getattr(adapter_class(source.adapter), "lists_open", False)
        self._pulls: list[tuple[ledger.Batch, frozenset[str]]] = []

    def add(self, batch: ledger.Batch, landed: pa.Table) -> None:
        """Note what a pull showed, accepted or not; pulls are given in their order."""
        if self._is_judged:
            self._pulls.append((batch, frozenset(landed["dossier_id"].to_pylist())))

    def missing(self, batch: ledger.Batch, records: pa.Table) -> list[str | None]:
        """Return for each record of a pull the batch of the newest later pull that would have shown it and did not."""
        later = [(pull, ids) for pull, ids in self._pulls if (pull.pull_no or 0) > (batch.pull_no or 0)]
        if not later:
            return [None] * records.num_rows
        days = records["received_at"].cast(pa.date32()).to_pylist()
        is_open = pc.fill_null(pc.is_in(records["status_code"], pa.array(OPEN_STATUSES, pa.int16())), False).to_pylist()
        is_record = pc.equal(records["disposition"], "record").to_pylist()
        found: list[str | None] = []
        for dossier_id, day, stays_open, is_own in zip(
            records["dossier_id"].to_pylist(), days, is_open, is_record, strict=True
        ):
            newest = None
            if is_own and dossier_id is not None:
                newest = next(
                    (
                        (pull, ids)
                        for pull, ids in reversed(later)
                        if dossier_id in ids
                        or (day is not None and pull.window_from <= day <= pull.window_to)
                        or (stays_open and (self._tells_open or pull.batch_id in self._registers))
                    ),
                    None,
                )
            found.append(newest[0].batch_id if newest and dossier_id not in newest[1] else None)
        return found

    def is_withdrawn_by(self, batch_id: str | None, day: date | None) -> bool:
        """Return whether the batch that misses a record is a register that a person accepted as it is.

        Args:
            day: when the record was received; none before the register began is withdrawn, and none without a day.
        """
        return any(
            pull.batch_id == batch_id
            and pull.is_shrink_accepted
            and batch_id in self._registers
            and day is not None
            and day >= self._registers[batch_id]
            for pull, _ in self._pulls
        )
