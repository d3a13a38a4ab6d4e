"""Lets a source that does not answer take nothing from those that do.

A chunk works on so many sources at once. A place is held only while a source answers: it is taken with the first
answer, given up with the first failure, and taken again with the next answer. Who waits for a host that is down holds
none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import BoundedSemaphore, Lock


class Place:
    """One source's claim on a place. May be used from several threads."""

    def __init__(self, places: BoundedSemaphore) -> None:
        self._places = places
        self._is_held = False
        self._lock = Lock()

    def take(self) -> None:
        """Hold a place, waiting until one is free."""
        with self._lock:
            if not self._is_held:
                self._places.acquire()
                self._is_held = True

    def give_up(self) -> None:
        with self._lock:
            if self._is_held:
                self._is_held = False
                self._places.release()


_PLACE: ContextVar[Place | None] = ContextVar("place", default=None)


@contextmanager
def one_of(places: BoundedSemaphore) -> Iterator[Place]:
    """Give this thread a claim, and let go of what it holds in the end."""
    place = Place(places)
    token = _PLACE.set(place)
    try:
        yield place
    finally:
        _PLACE.reset(token)
        place.give_up()


def claim() -> Place | None:
    """Return the claim of the source this thread pulls; none outside a chunk."""
    return _PLACE.get()
