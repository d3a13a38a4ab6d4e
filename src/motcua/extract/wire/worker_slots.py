"""Ensures that sources that do not answer take no capacity from sources that do.

A chunk works on a limited number of sources at once. A source holds a slot only while it answers: it takes the slot
with its first answer, gives it up with the first failure, and takes it again with the next answer. A source whose host
is down holds no slot and can be abandoned: its pull then ends, and any later answer is discarded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock, Semaphore


class PullAbandoned(Exception):
    """The source was abandoned while it did not answer. Its pull ends without a trace."""


class WorkerSlot:
    """The slot of one source, which it holds or not. May be used from several threads."""

    def __init__(self, slots: Semaphore, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._clock = clock
        self._state = Lock()
        self._turn = Lock()  # held while waiting for a slot, so that only one thread of a source waits for it
        self._is_held = False
        self._is_abandoned = False
        self._started_at = clock()
        self._unanswered_since: float | None = self._started_at
        self._first_answer_seconds: float | None = None

    @property
    def first_answer_seconds(self) -> float | None:
        """The seconds until the first answer of the source; None while it has not answered."""
        return self._first_answer_seconds

    def seconds_without_answer(self) -> float:
        """Return the seconds since the first request or the last failure; 0 while the source answers."""
        with self._state:
            return 0.0 if self._unanswered_since is None else self._clock() - self._unanswered_since

    def note_answer(self) -> None:
        """Note an answer, and hold a slot; wait until one is free. Raises PullAbandoned."""
        with self._state:
            self._check()
            self._unanswered_since = None
            if self._first_answer_seconds is None:
                self._first_answer_seconds = self._clock() - self._started_at
        with self._turn:
            if not self._is_held:
                self._slots.acquire()
                self._is_held = True

    def note_failure(self) -> None:
        """Note a failure, and release the slot. Raises PullAbandoned."""
        with self._state:
            self._check()
            if self._unanswered_since is None:
                self._unanswered_since = self._clock()
        self.release()

    def release(self) -> None:
        with self._turn:
            if self._is_held:
                self._is_held = False
                self._slots.release()

    def check(self) -> None:
        """Raise PullAbandoned when the source was abandoned; no further request may be sent then."""
        with self._state:
            self._check()

    def abandon_if_unanswered(self) -> bool:
        """Abandon the source if it does not answer now; return whether it is abandoned.

        From then on every call here raises PullAbandoned, so a later answer reaches neither landing nor ledger.
        """
        with self._state:
            if self._unanswered_since is not None:
                self._is_abandoned = True
            return self._is_abandoned

    def abandon(self) -> None:
        """Abandon the source, whether it answers or not."""
        with self._state:
            self._is_abandoned = True

    def _check(self) -> None:
        if self._is_abandoned:
            raise PullAbandoned


_SLOT: ContextVar[WorkerSlot | None] = ContextVar("worker_slot", default=None)


@contextmanager
def using_slot(slot: WorkerSlot) -> Iterator[None]:
    """Let this thread pull with a slot, and release the slot at the end."""
    token = _SLOT.set(slot)
    try:
        yield
    finally:
        _SLOT.reset(token)
        slot.release()


def current_slot() -> WorkerSlot | None:
    """Return the slot of the source that this thread pulls; None outside a chunk."""
    return _SLOT.get()
