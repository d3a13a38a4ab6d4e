"""Extracts a chunk of batches in parallel, with each source isolated from the others.

There are two ways to extract a chunk. Without patience, the chunk ends as soon as every source that answers has been
pulled. A source that does not answer is skipped and named, so that the pulled batches are validated and loaded without
waiting for time-outs. With patience, the chunk waits for the last attempt of every source, and tries an unavailable
source once more at the end.
"""

from __future__ import annotations

import gc
import logging
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Semaphore, Thread

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.catalog.record_sources import every_source
from motcua.errors import MotcuaError, SourceUnavailable
from motcua.extract.hand_over import GoOn, HandOver
from motcua.extract.pull import pull_batch
from motcua.extract.wire.connection import NO_CONNECTION, Resolve
from motcua.extract.wire.limits import CircuitOpen
from motcua.extract.wire.worker_slots import PullAbandoned, WorkerSlot, using_slot
from motcua.settings import Settings
from motcua.warehouse import with_one_retry

ROUNDS = 2  # how often an unavailable source is tried with patience, in all
ONLINE = ("opencps", "igate", "tandan", "sql")  # adapters that send requests to a host; others work from the start
_COLLECTION = (200_000, 20, 100)
DONE = ("extracted", "validated", "loaded", "held")
LATER_STAGES = ("validate", "consolidate")  # what one of these failed is in landing, and that stage's to repeat
LONGEST_PAUSE_SECONDS = 60.0  # between two rounds, for hosts whose circuit is open

UNANSWERED_SECONDS = 1.0  # after so long without an answer, another source is started in addition
# Without patience, when all other sources are done: how long a source may go without an answer.
SHORTEST_PATIENCE_SECONDS = 0.5
FIRST_ANSWER_SECONDS = 5.0  # while no source of the chunk has answered
FIRST_ANSWER_FACTOR = 2.0  # times the slowest first answer of the others
ANSWERED_SHARE = 0.2  # of the chunk's time, for a source that has answered before, because its work would be lost
_POLL_SECONDS = 0.05

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExtractOutcome:
    """The outcome of a chunk: ids of the batches in landing, of those that failed, and of those without an answer."""

    extracted: list[str]
    failed: list[str]
    unanswered: tuple[str, ...] = ()


def extract_batches(
    batch_ids: Sequence[str],
    resolve: Resolve,
    *,
    workers: int = 8,
    is_patient: bool = True,
    go_on: GoOn | None = None,
) -> ExtractOutcome:
    """Pull every batch that is planned, or that extraction failed, into landing. Those that are there are skipped.

    A source that fails is recorded in the ledger with its reason and delays no other source: while it does not answer,
    it uses no worker (`motcua.extract.wire.worker_slots`).

    Args:
        batch_ids: batches of the ledger.
        resolve: returns the connection of a connection id.
        workers: the number of answering sources that are worked on at once. Another `workers - 1` sources may wait for
            their first answer. With one worker, the sources are pulled in order.
        is_patient: wait for the last attempt of every source, and try an unavailable source once more when the others
            are done. Otherwise a source that is unavailable, or does not answer when all others are done, stays planned
            with the reason, so that it can be tried with patience.
        go_on: takes batches that are ready through the next stages, while others of the chunk are still being pulled.
    """
    batches = ledger.read_batches(batch_ids)
    done = {batch.batch_id for batch in batches if batch.state in DONE or batch.failed_stage in LATER_STAGES}
    hand_over = HandOver(go_on)
    chunk = _Chunk(done, len(batches), resolve, workers, is_patient, hand_over)
    waiting = [batch for batch in batches if batch.batch_id not in done]
    rounds = ROUNDS if is_patient else 1
    try:
        for number in range(1, rounds + 1):
            if number > 1 and waiting:
                again = "%d of %d sources were unavailable and are tried again (round %d)"
                log.info(again, len(waiting), len(batches), number)
                chunk.wait_for_circuits()
            with _collecting_rarely():
                waiting = chunk.run(waiting) if waiting else []
    finally:
        hand_over.close()
    unanswered = () if is_patient else tuple(batch.batch_id for batch in waiting)
    return ExtractOutcome(
        extracted=[batch.batch_id for batch in batches if batch.batch_id in chunk.done],
        failed=[batch.batch_id for batch in batches if batch.batch_id not in {*chunk.done, *unanswered}],
        unanswered=unanswered,
    )


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Run the garbage collector far less often: there are many records, and they have no cycles."""
    usual = gc.get_threshold()
    gc.set_threshold(*_COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@dataclass(frozen=True)
class _Ended:
    """The end of one attempt at a batch: a log text with counts or the failure, and the error."""

    batch: ledger.Batch
    summary: str
    error: Exception | None = None


class _Chunk:
    """The sources of one call: those that run, those that do not answer, and those that are done."""

    def __init__(
        self, done: set[str], total: int, resolve: Resolve, workers: int, is_patient: bool, hand_over: HandOver
    ) -> None:
        self.done = done
        self._hand_over = hand_over
        self._total = total
        self._resolve = resolve
        self._is_patient = is_patient
        catalog = load_catalog(Settings.load().catalog_dir)
        self._sources = {source.source_id: source for source in every_source(catalog)}
        self._slots = Semaphore(workers)
        self._at_once = 2 * workers - 1
        self._pause_until = 0.0
        self._slowest_first_answer: float | None = None

    def wait_for_circuits(self) -> None:
        """Wait until the hosts whose circuit is open may be tried again, at most `LONGEST_PAUSE_SECONDS`."""
        until = min(self._pause_until, time.monotonic() + LONGEST_PAUSE_SECONDS)
        while (seconds := until - time.monotonic()) > 0:
            self._hand_over.tick()
            time.sleep(min(seconds, _POLL_SECONDS))

    def run(self, batches: Sequence[ledger.Batch]) -> list[ledger.Batch]:
        """Try each batch once. Return the batches whose source was unavailable or was abandoned."""
        unstarted = deque(batches)
        running: dict[str, tuple[ledger.Batch, WorkerSlot]] = {}
        ended: SimpleQueue[_Ended] = SimpleQueue()
        unavailable: list[ledger.Batch] = []
        try:
            begun_at = time.monotonic()
            while unstarted or running:
                self._hand_over.tick()
                answering = sum(slot.seconds_without_answer() < UNANSWERED_SECONDS for _, slot in running.values())
                for _ in range(min(self._at_once - answering, len(unstarted))):
                    batch = unstarted.popleft()
                    running[batch.batch_id] = (batch, self._start(batch, ended))
                try:
                    end = ended.get(timeout=_POLL_SECONDS)
                except Empty:
                    if not (self._is_patient or unstarted) and self._may_abandon(running, time.monotonic() - begun_at):
                        unavailable += self._abandon(running)
                    continue
                if end.batch.batch_id not in running:  # it was abandoned at the moment when it ended
                    continue
                _, slot = running.pop(end.batch.batch_id)
                self._note_first_answer(slot)
                if self._record(end, self._total - len(unstarted) - len(running)):
                    unavailable.append(end.batch)
        finally:
            for _, slot in running.values():  # only after an error: their results are not used any more
                slot.abandon()
        return unavailable

    def _start(self, batch: ledger.Batch, ended: SimpleQueue[_Ended]) -> WorkerSlot:
        slot = WorkerSlot(self._slots)
        Thread(target=self._extract, args=(batch, slot, ended), name=f"extract {batch.source_id}", daemon=True).start()
        return slot

    def _may_abandon(self, running: dict[str, tuple[ledger.Batch, WorkerSlot]], seconds: float) -> bool:
        """Return whether all running sources have not answered for longer than the other sources let one expect."""
        for _, slot in running.values():
            self._note_first_answer(slot)
        if self._slowest_first_answer is None:
            patience = FIRST_ANSWER_SECONDS
        else:
            patience = max(SHORTEST_PATIENCE_SECONDS, FIRST_ANSWER_FACTOR * self._slowest_first_answer)
        after_answer = max(patience, ANSWERED_SHARE * seconds)
        return all(
            slot.seconds_without_answer() > (patience if slot.first_answer_seconds is None else after_answer)
            for _, slot in running.values()
        )

    def _abandon(self, running: dict[str, tuple[ledger.Batch, WorkerSlot]]) -> list[ledger.Batch]:
        """Abandon the sources that do not answer, and return their batches."""
        abandoned = [batch for batch, slot in running.values() if slot.abandon_if_unanswered()]
        for batch in abandoned:
            del running[batch.batch_id]
            error = SourceUnavailable(
                f"{batch.source_id} had not answered when the other sources of its chunk were done.",
                action="no action yet: it is tried again, with more patience, in the same run.",
            )
            ledger.note_unanswered(batch.batch_id, error)
            log.warning("%s does not answer and is tried again later", batch.source_id)
        return abandoned

    def _note_first_answer(self, slot: WorkerSlot) -> None:
        if slot.first_answer_seconds is not None:
            self._slowest_first_answer = max(self._slowest_first_answer or 0.0, slot.first_answer_seconds)

    def _record(self, end: _Ended, number: int) -> bool:
        """Log and record the end of an attempt. Return whether the source was unavailable."""
        batch, progress = end.batch, f"({number} of {self._total})"
        if end.error is None:
            self.done.add(batch.batch_id)
            self._hand_over.add(batch.batch_id)
            log.info("%s: %s %s", batch.source_id, end.summary, progress)
            return False
        log.error("%s: %s %s", batch.source_id, end.summary, progress)
        if isinstance(end.error, CircuitOpen):
            self._pause_until = max(self._pause_until, time.monotonic() + end.error.seconds)
        if isinstance(end.error, SourceUnavailable) and not self._is_patient:
            ledger.note_unanswered(batch.batch_id, end.error)
        else:
            ledger.mark_failed(batch.batch_id, "extract", end.error)
        return isinstance(end.error, SourceUnavailable)

    def _extract(self, batch: ledger.Batch, slot: WorkerSlot, ended: SimpleQueue[_Ended]) -> None:
        """Try one batch once and report how it ended. An abandoned batch reports nothing."""
        started = time.monotonic()
        try:
            batch = replace(batch, pull_no=ledger.start_attempt(batch.batch_id))
            source = self._sources[batch.source_id]
            connection = self._resolve(source.connection_id) if source.connection_id else NO_CONNECTION
            with using_slot(slot):
                if source.adapter not in ONLINE:
                    slot.note_answer()
                count = with_one_retry(lambda: pull_batch(batch, source, connection), batch.source_id)
        except PullAbandoned:
            return
        except MotcuaError as error:
            ended.put(_Ended(batch, _failed_after(started, f"{type(error).__name__}: {error}"), error))
        except Exception as error:  # an error of one source must not end the others
            # Only the position, never the text: the text of an unexpected error may contain a value of a record.
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
