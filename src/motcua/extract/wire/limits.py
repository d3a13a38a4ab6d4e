"""How hard a host is asked, by all tasks and processes together: a rate that is never exceeded, and a circuit breaker.

The state is in the store, because tasks of one night run in several processes and on several machines. A request first
reserves a moment of its host's and its source's rate; one that wakes too late for its moment reserves another, so that
a process that was stopped cannot let a burst go. A host that failed too often in a row is left alone; when the pause is
over one request tries it, and its outcome decides for all. Several sources may be sites of one host: as long as only
few of them fail, that says nothing of the others, unless nobody can connect; and whom it answered last, it answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from motcua.catalog import Source
from motcua.catalog.guards import Circuit, load_guards
from motcua.errors import SourceUnavailable
from motcua.extract.wire.places import Place
from motcua.settings import TIMEZONE, Settings
from motcua.warehouse import statement, store_engine

LATENESS_SECONDS = 0.05  # a moment missed by more is not used
UNREACHABLE = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")  # then no site of it can be reached


class HostLeftAlone(SourceUnavailable):
    """A host that failed too often is not asked for now; `seconds` until it may be tried."""

    seconds = 0.0


class Gate:
    """What every request of one source to one host passes. May be used from several threads."""

    def __init__(self, source: Source, host: str, place: Place | None = None) -> None:
        guards = load_guards(Settings.load().catalog_dir)
        self._source_id = source.source_id
        self._host = host
        self._place = place
        self._circuit = guards.circuit
        self._trial_seconds = source.timeout_seconds * source.attempts
        rates = {
            f"host {host}": guards.requests.per_second_of_a_host,
            f"source {source.source_id}": source.max_requests_per_second,
        }
        self._intervals = {scope: 1 / rate for scope, rate in rates.items() if rate}
        self._is_suspect = False
        self._is_answered = False

    def enter(self) -> None:
        """Wait until a request may leave.

        Raises:
            HostLeftAlone: the host is left alone for now; nothing was sent.
            Left: nobody waits for the source any longer.
        """
        if self._place:
            self._place.check()
        self._check_circuit()
        while self._wait() > LATENESS_SECONDS:
            pass

    def failed(self, how: str) -> None:
        """Note that the host did not answer, or answered that it cannot."""
        self._is_suspect, self._is_answered = True, False
        if self._place:
            self._place.give_up()
        noted = {
            "host": self._host,
            "source_id": self._source_id,
            "failure": how,
            "unreachable": int(how in UNREACHABLE),
        }
        with _shared() as connection:
            connection.execute(statement("extract/note_failure"), noted)
            connection.execute(statement("extract/leave_host_alone"), _circuit(self._host, self._circuit))

    def answered(self) -> None:
        """Note that the host answered."""
        self._is_answered = True
        if self._is_suspect:
            self._is_suspect = False
            with _shared() as connection:
                connection.execute(statement("extract/note_success"), {"host": self._host})
        if self._place:
            self._place.take()

    def _check_circuit(self) -> None:
        with store_engine().connect() as connection:
            state: Any = connection.execute(statement("extract/read_circuit"), {"host": self._host}).one_or_none()
        if state is None:
            return
        self._is_suspect |= state.failure_count > 0
        if not state.is_left_alone or self._is_answered:
            return
        if state.is_due:
            with _shared() as connection:
                asked = {"host": self._host, "trial_seconds": self._trial_seconds}
                if connection.scalar(statement("extract/take_trial"), asked):
                    return
        until = state.opened_until.astimezone(UTC).astimezone(ZoneInfo(TIMEZONE))
        error = HostLeftAlone(
            f"{self._source_id}: {self._host} failed {state.failure_count} times in a row (last: {state.last_failure})"
            f" and is left alone until {until:%H:%M:%S}.",
            action="check that the host is up; one request tries it then, and the batch can be tried again.",
        )
        error.seconds = max(0.0, until.timestamp() - time.time())
        raise error

    def _wait(self) -> float:
        """Reserve a moment, sleep until it, and return how many seconds too late this woke."""
        if not self._intervals:
            return 0.0
        scopes = sorted(self._intervals)
        with _shared() as connection:
            rows = connection.execute(
                statement("extract/take_slots"),
                {"scopes": scopes, "seconds": [self._intervals[scope] for scope in scopes]},
            ).all()
        told = time.monotonic()
        wait: float = max(row.seconds_to_next - self._intervals[row.scope] for row in rows)
        if wait <= 0:
            return 0.0
        time.sleep(wait)
        return time.monotonic() - told - wait


@contextmanager
def _shared() -> Iterator[Connection]:
    """A transaction whose loss in a crash of the server costs nothing, so its commit waits for no disk."""
    with store_engine().begin() as connection:
        connection.execute(text("set local synchronous_commit = off"))
        yield connection


def _circuit(host: str, circuit: Circuit) -> dict[str, Any]:
    return {
        "host": host,
        "failures": circuit.failures,
        "sources": circuit.sources,
        "pause_seconds": circuit.pause_seconds,
        "longest_pause_seconds": circuit.longest_pause_seconds,
    }
