"""Extracts a chunk of batches side by side, each source isolated from the others.

A chunk is asked in one of two ways. In passing, it is let go as soon as every source that answers has been pulled; who
is silent then is left and named, so that what was pulled is validated and loaded without waiting for anybody's
time-outs. Patiently, every source is waited for to its last attempt, and asked once more in the end.
"""

from __future__ import annotations

import gc
import logging
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Semaphore, Thread

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.catalog.record_sources import every_source
from motcua.errors import MotcuaError, SourceUnavailable
from motcua.extract.pull import pull_batch
from motcua.extract.wire.connection import NO_CONNECTION, Resolve
from motcua.extract.wire.limits import HostLeftAlone
from motcua.extract.wire.places import Left, Place, working_at
from motcua.settings import Settings

ROUNDS = 2  # how often a source that was unavailable is asked patiently, all in all
ASKED = ("opencps", "igate", "tandan", "sql")  # adapters that ask a host; the others work from their start
_COLLECTION = (200_000, 20, 100)
DONE = ("extracted", "validated", "loaded", "held")
LONGEST_PAUSE_SECONDS = 60.0  # between two rounds, for hosts that are left alone for now

SILENT_SECONDS = 1.0  # after so long without an answer another source is begun in its stead
# In passing, when nobody else is left to wait for: how long a source may be silent.
SHORTEST_PATIENCE_SECONDS = 0.5
FIRST_ANSWER_SECONDS = 5.0  # while no source of the chunk has answered
FIRST_ANSWER_FACTOR = 2.0  # times the slowest first answer of the others
ANSWERED_SHARE = 0.2  # of the chunk's time, for a source that has answered before: its work would be lost
_LOOK_SECONDS = 0.05

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExtractOutcome:
    """What became of a chunk: ids of the batches in landing, of those that failed, and of those yet to be asked."""

    extracted: list[str]
    failed: list[str]
    unanswered: tuple[str, ...] = ()


def extract_batches(
    batch_ids: Sequence[str], resolve: Resolve, *, workers: int = 8, is_patient: bool = True
) -> ExtractOutcome:
    """Pull every batch that is planned or failed into landing; skip those already there.

    A source that fails is recorded in the ledger with its reason and holds up no other: while it does not
    answer it occupies no worker (`places`).

    Args:
        batch_ids: batches of the ledger.
        resolve: returns the connection of a connection id.
        workers: how many sources that answer are worked on at once; as many more, but one, may wait for
            a host's first answer. With one worker the sources are asked in order.
        is_patient: wait for every source to its last attempt, and ask one that was unavailable once more when the
            rest is done. Otherwise a source that is unavailable, or silent when every other is done, stays planned,
            with the reason: it is to be asked patiently.
    """
    batches = ledger.read_batches(batch_ids)
    chunk = _Chunk(
        {batch.batch_id for batch in batches if batch.state in DONE}, len(batches), resolve, workers, is_patient
    )
    waiting = [batch for batch in batches if batch.state not in DONE]
    rounds = ROUNDS if is_patient else 1
    for number in range(1, rounds + 1):
        if number > 1 and waiting:
            log.info("%d of %d sources were unavailable, asking again (round %d)", len(waiting), len(batches), number)
            chunk.sit_out_pauses()
        with _collecting_rarely():
            waiting = chunk.ask(waiting) if waiting else []
    left = () if is_patient else tuple(batch.batch_id for batch in waiting)
    return ExtractOutcome(
        extracted=[batch.batch_id for batch in batches if batch.batch_id in chunk.done],
        failed=[batch.batch_id for batch in batches if batch.batch_id not in {*chunk.done, *left}],
        unanswered=left,
    )


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let the garbage collector look for cycles far less often: records have none, and there are many of them."""
    usual = gc.get_threshold()
    gc.set_threshold(*_COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@dataclass(frozen=True)
class _Ended:
    """One attempt at a batch is over: a line of counts and seconds, or of what failed, and the failure."""

    batch: ledger.Batch
    told: str
    error: Exception | None = None


class _Chunk:
    """The sources of one call: who works, who is silent, who is done."""

    def __init__(self, done: set[str], total: int, resolve: Resolve, workers: int, is_patient: bool) -> None:
        self.done = done
        self._total = total
        self._resolve = resolve
        self._is_patient = is_patient
        catalog = load_catalog(Settings.load().catalog_dir)
        self._sources = {source.source_id: source for source in every_source(catalog)}
        self._places = Semaphore(workers)
        self._at_once = 2 * workers - 1
        self._pause_until = 0.0
        self._slowest_first_answer: float | None = None

    def sit_out_pauses(self) -> None:
        """Wait until the hosts that were left alone may be tried again, within reason."""
        time.sleep(max(0.0, min(self._pause_until - time.monotonic(), LONGEST_PAUSE_SECONDS)))

    def ask(self, batches: Sequence[ledger.Batch]) -> list[ledger.Batch]:
        """Try each batch once; return those whose source was unavailable, or left."""
        unstarted = deque(batches)
        running: dict[str, tuple[ledger.Batch, Place]] = {}
        ended: SimpleQueue[_Ended] = SimpleQueue()
        unavailable: list[ledger.Batch] = []
        try:
            begun_at = time.monotonic()
            while unstarted or running:
                heard = sum(place.silent_seconds() < SILENT_SECONDS for _, place in running.values())
                for _ in range(min(self._at_once - heard, len(unstarted))):
                    batch = unstarted.popleft()
                    running[batch.batch_id] = (batch, self._start(batch, ended))
                try:
                    end = ended.get(timeout=_LOOK_SECONDS)
                except Empty:
                    if not (self._is_patient or unstarted) and self._may_go(running, time.monotonic() - begun_at):
                        unavailable += self._leave(running)
                    continue
                if end.batch.batch_id not in running:  # it was left in the very moment it ended
                    continue
                _, place = running.pop(end.batch.batch_id)
                self._note_first_answer(place)
                if self._settle(end, self._total - len(unstarted) - len(running)):
                    unavailable.append(end.batch)
        finally:
            for _, place in running.values():  # only after an error: nobody waits for them any longer
                place.end()
        return unavailable

    def _start(self, batch: ledger.Batch, ended: SimpleQueue[_Ended]) -> Place:
        place = Place(self._places)
        Thread(target=self._extract, args=(batch, place, ended), name=f"extract {batch.source_id}", daemon=True).start()
        return place

    def _may_go(self, running: dict[str, tuple[ledger.Batch, Place]], seconds: float) -> bool:
        """Whether all that still run are silent for longer than the others let one expect."""
        for _, place in running.values():
            self._note_first_answer(place)
        if self._slowest_first_answer is None:
            patience = FIRST_ANSWER_SECONDS
        else:
            patience = max(SHORTEST_PATIENCE_SECONDS, FIRST_ANSWER_FACTOR * self._slowest_first_answer)
        again = max(patience, ANSWERED_SHARE * seconds)
        return all(
            place.silent_seconds() > (patience if place.first_answer_seconds is None else again)
            for _, place in running.values()
        )

    def _leave(self, running: dict[str, tuple[ledger.Batch, Place]]) -> list[ledger.Batch]:
        """Wait no longer for the sources that are silent; return their batches."""
        left = [batch for batch, place in running.values() if place.leave()]
        for batch in left:
            del running[batch.batch_id]
            error = SourceUnavailable(
                f"{batch.source_id} had not answered when the others of its chunk were done.",
                action="nothing yet: it is asked again, with more patience, in the same run.",
            )
            ledger.note_unanswered(batch.batch_id, error)
            log.warning("%s: left for later, it does not answer", batch.source_id)
        return left

    def _note_first_answer(self, place: Place) -> None:
        if place.first_answer_seconds is not None:
            self._slowest_first_answer = max(self._slowest_first_answer or 0.0, place.first_answer_seconds)

    def _settle(self, end: _Ended, number: int) -> bool:
        """Log and record how an attempt ended; return whether the source was unavailable."""
        batch, place = end.batch, f"({number} of {self._total})"
        if end.error is None:
            self.done.add(batch.batch_id)
            log.info("%s: %s %s", batch.source_id, end.told, place)
            return False
        log.error("%s: %s %s", batch.source_id, end.told, place)
        if isinstance(end.error, HostLeftAlone):
            self._pause_until = max(self._pause_until, time.monotonic() + end.error.seconds)
        if isinstance(end.error, SourceUnavailable) and not self._is_patient:
            ledger.note_unanswered(batch.batch_id, end.error)
        else:
            ledger.mark_failed(batch.batch_id, "extract", end.error)
        return isinstance(end.error, SourceUnavailable)

    def _extract(self, batch: ledger.Batch, place: Place, ended: SimpleQueue[_Ended]) -> None:
        """Try one batch once and tell how it ended; one that was left tells nothing."""
        started = time.monotonic()
        try:
            ledger.start_attempt(batch.batch_id)
            source = self._sources[batch.source_id]
            connection = self._resolve(source.connection_id) if source.connection_id else NO_CONNECTION
            with working_at(place):
                if source.adapter not in ASKED:
                    place.take()
                count = pull_batch(batch, source, connection)
        except Left:
            return
        except MotcuaError as error:
            ended.put(_Ended(batch, _failed_after(started, f"{type(error).__name__}: {error}"), error))
        except Exception as error:  # one source's fault must not end the others
            # Only where, never what: the text of an unforeseen error may hold a value.
            at = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} at {at.filename}:{at.lineno}"
            ended.put(_Ended(batch, _failed_after(started, where), error))
        else:
            ended.put(_Ended(batch, _counted(count, time.monotonic() - started)))


def _failed_after(started: float, what: str) -> str:
    return f"failed after {time.monotonic() - started:.1f} s, {what}"


def _counted(count: dict[str, int], seconds: float) -> str:
    return (
        f"{count['record']} records, {count['duplicate']} duplicates, {count['out_of_window']} out of window, "
        f"{seconds:.1f} s"
    )
