"""Limits the requests to a host across all tasks and processes: a rate that is never exceeded, and a circuit breaker.

The state is in the store, because the tasks of one night run in several processes and on several machines. A request
first reserves a time within the rates of its host and its source. A request that wakes up too late reserves another
time, so that a process that was suspended cannot send a burst. The circuit of a host opens after too many failures in a
row; then the host gets no requests for a pause. After the pause one request tries the host, and its outcome decides for
all. Several sources may be sites of one host. Failures of a few sites do not open the circuit, unless no connection to
the host is possible. A site that was answered last may continue while the circuit is open.
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
from motcua.extract.wire.worker_slots import WorkerSlot
from motcua.settings import TIMEZONE, Settings
from motcua.warehouse import statement, store_engine

LATENESS_SECONDS = 0.05  # a reserved time that is missed by more is not used
UNREACHABLE = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")  # no site of the host can be reached


class CircuitOpen(SourceUnavailable):
    """The circuit of the host is open after too many failures. It may be tried again after `seconds`."""

    seconds = 0.0


class Gate:
    """Every request of one source to one host passes this gate. May be used from several threads."""

    def __init__(self, source: Source, host: str, slot: WorkerSlot | None = None) -> None:
        guards = load_guards(Settings.load().catalog_dir)
        self._source_id = source.source_id
        self._host = host
        self._slot = slot
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
        """Wait until a request may be sent.

        Raises:
            CircuitOpen: the circuit of the host is open; nothing was sent.
            PullAbandoned: the source was abandoned.
        """
        if self._slot:
            self._slot.check()
        self._check_circuit()
        while self._wait() > LATENESS_SECONDS:
            pass

    def failed(self, reason: str) -> None:
        """Note that the host did not answer, or answered with a failure. `reason` is a status or an error name."""
        self._is_suspect, self._is_answered = True, False
        if self._slot:
            self._slot.note_failure()
        failure = {
            "host": self._host,
            "source_id": self._source_id,
            "failure": reason,
            "unreachable": int(reason in UNREACHABLE),
        }
        with _shared() as connection:
            connection.execute(statement("extract/note_failure"), failure)
            connection.execute(statement("extract/open_circuit"), _circuit(self._host, self._circuit))

    def answered(self) -> None:
        """Note that the host answered."""
        self._is_answered = True
        if self._is_suspect:
            self._is_suspect = False
            with _shared() as connection:
                connection.execute(statement("extract/note_success"), {"host": self._host})
        if self._slot:
            self._slot.note_answer()

    def _check_circuit(self) -> None:
        with store_engine().connect() as connection:
            state: Any = connection.execute(statement("extract/read_circuit"), {"host": self._host}).one_or_none()
        if state is None:
            return
        self._is_suspect |= state.failure_count > 0
        if not state.is_open or self._is_answered:
            return
        if state.is_due:
            with _shared() as connection:
                trial = {"host": self._host, "trial_seconds": self._trial_seconds}
                if connection.scalar(statement("extract/take_trial"), trial):
                    return
        until = state.opened_until.astimezone(UTC).astimezone(ZoneInfo(TIMEZONE))
        error = CircuitOpen(
            f"{self._source_id}: {self._host} failed {state.failure_count} times in a row (last: {state.last_failure})"
            f" and gets no requests until {until:%H:%M:%S}.",
            action="check that the host is up; one request tries it then. The batch can be tried again.",
        )
        error.seconds = max(0.0, until.timestamp() - time.time())
        raise error

    def _wait(self) -> float:
        """Reserve a time, sleep until then, and return by how many seconds it was missed."""
        if not self._intervals:
            return 0.0
        scopes = sorted(self._intervals)
        with _shared() as connection:
            rows = connection.execute(
                statement("extract/take_slots"),
                {"scopes": scopes, "seconds": [self._intervals[scope] for scope in scopes]},
            ).all()
        reserved_at = time.monotonic()
        wait: float = max(row.seconds_to_next - self._intervals[row.scope] for row in rows)
        if wait <= 0:
            return 0.0
        time.sleep(wait)
        return time.monotonic() - reserved_at - wait


@contextmanager
def _shared() -> Iterator[Connection]:
    """A transaction whose commit does not wait for the disk: losing it in a crash of the server does no harm."""
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
