"""Hands on what is ready after a few seconds, while other sources of the chunk are still being pulled."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Thread

from motcua.errors import MotcuaError

READY_SECONDS = 3.0  # what is ready within them goes on together: the next stage costs by its calls, not by its records
COST_FACTOR = 4.0  # the next group waits so many times what the last one took, so that pulling keeps most of the time

GoOn = Callable[[list[str]], object]

log = logging.getLogger(__name__)


class HandOver:
    """The batches of a chunk that are in landing and wait for the next stage. `tick` is called often, by one thread.

    Args:
        go_on: takes batch ids through the next stages. It runs in a thread of its own, one call at a time. These stages
            record what they fail. When it raises, the batches wait for the end of the chunk, as without it.
    """

    def __init__(self, go_on: GoOn | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._go_on = go_on
        self._clock = clock
        self._ready: list[str] = []
        self._ready_since = 0.0
        self._pause = READY_SECONDS
        self._thread: Thread | None = None

    def add(self, batch_id: str) -> None:
        """Note that a batch is in landing."""
        if not self._ready:
            self._ready_since = self._clock()
        self._ready.append(batch_id)

    def tick(self) -> None:
        """Hand on what is ready, if the first of it has waited long enough and nothing else is on its way."""
        if not (self._go_on and self._ready) or (self._thread and self._thread.is_alive()):
            return
        if self._clock() - self._ready_since < self._pause:
            return
        batch_ids, self._ready = self._ready, []
        self._thread = Thread(target=self._run, args=(self._go_on, batch_ids), name="hand over")
        self._thread.start()

    def close(self) -> None:
        """Wait for what is on its way. What is ready by now is left to the stage that follows the chunk."""
        if self._thread:
            self._thread.join()

    def _run(self, go_on: GoOn, batch_ids: list[str]) -> None:
        started = self._clock()
        log.info("%d batches go on while other sources of their chunk are pulled", len(batch_ids))
        try:
            go_on(batch_ids)
        except Exception as error:
            # The text of an unexpected error may contain a value of a record.
            reason = str(error) if isinstance(error, MotcuaError) else type(error).__name__
            log.warning("%d batches wait for the end of their chunk: %s", len(batch_ids), reason)
            self._go_on = None
        self._pause = max(READY_SECONDS, COST_FACTOR * (self._clock() - started))
