"""Lets a source that does not answer take nothing from those that do.

A chunk works on so many sources at once. A place is held only while a source answers: it is taken with the first
answer, given up with the first failure, and taken again with the next answer. Who waits for a host that is down holds
none, is known to be silent, and may be left: whatever it is told later it then throws away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock, Semaphore


class Left(Exception):
    """The source was left while it was silent; this pull ends without a trace."""


class Place:
    """One source's claim on a place. May be used from several threads."""

    def __init__(self, places: Semaphore, clock: Callable[[], float] = time.monotonic) -> None:
        self._places = places
        self._clock = clock
        self._state = Lock()
        self._turn = Lock()  # held while waiting for a place, so that one thread waits for all of its source
        self._is_held = False
        self._is_left = False
        self._asked_at = clock()
        self._silent_since: float | None = self._asked_at
        self._first_answer_seconds: float | None = None

    @property
    def first_answer_seconds(self) -> float | None:
        """How long the source took to its first answer; none while it has given none."""
        return self._first_answer_seconds

    def silent_seconds(self) -> float:
        """Return for how long the source has not answered, since first asked or since it failed; 0 if it does."""
        with self._state:
            return 0.0 if self._silent_since is None else self._clock() - self._silent_since

    def take(self) -> None:
        """Note an answer and hold a place, waiting until one is free. Raises Left."""
        with self._state:
            self._check()
            self._silent_since = None
            if self._first_answer_seconds is None:
                self._first_answer_seconds = self._clock() - self._asked_at
        with self._turn:
            if not self._is_held:
                self._places.acquire()
                self._is_held = True

    def give_up(self) -> None:
        """Note a failure and let go of the place. Raises Left."""
        with self._state:
            self._check()
            if self._silent_since is None:
                self._silent_since = self._clock()
        self.release()

    def release(self) -> None:
        with self._turn:
            if self._is_held:
                self._is_held = False
                self._places.release()

    def check(self) -> None:
        """Raise Left if nobody waits for the source any longer: then nothing more is to be asked."""
        with self._state:
            self._check()

    def leave(self) -> bool:
        """Wait for the source no longer, if it is silent; return whether it is left.

        From then on everything it does raises Left, so what it still answers reaches neither landing nor ledger.
        """
        with self._state:
            if self._silent_since is not None:
                self._is_left = True
            return self._is_left

    def end(self) -> None:
        """Wait for the source no longer, silent or not."""
        with self._state:
            self._is_left = True

    def _check(self) -> None:
        if self._is_left:
            raise Left


_PLACE: ContextVar[Place | None] = ContextVar("place", default=None)


@contextmanager
def working_at(place: Place) -> Iterator[None]:
    """Let this thread pull under a claim, and let go of what it holds in the end."""
    token = _PLACE.set(place)
    try:
        yield
    finally:
        _PLACE.reset(token)
        place.release()


def claim() -> Place | None:
    """Return the claim of the source this thread pulls; none outside a chunk."""
    return _PLACE.get()
