"""Runs tests in forks, each within limits, and tells what became of them."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from pluggy import HookimplMarker
from tests.mutation.pool import KILLED, SURVIVED, TOO_LONG, Prepared, Worker

hookimpl = HookimplMarker("pytest")
# A test that puts another database in the place of the store is red in a fork without any change.
LEFT_OUT = (
    "tests/unit/consolidate/test_order_of_states.py::test_a_store_restored_from_a_backup_goes_on_in_the_right_order"
)
OPTIONS = ("-x", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:randomly", "--deselect", LEFT_OUT)
PASSED, FAILED, NOT_BEGUN = 0, 1, 4
# How long a mutant may take: so many seconds, and so many times what the code takes as it is. One test and all together
# by the processor's time, and one by the clock, for one that waits instead of working; that goes on while others work.
ONE_TEST, PROCESSOR, CLOCK = (2, 3), (10, 3), (20, 8)


@dataclass(frozen=True)
class Limits:
    """Seconds: of the processor for one test and for all, and by the clock."""

    one_test: float = 3600
    processor: int = 3600
    seconds: Mapping[str, float] = field(default_factory=dict)

    def clock(self, test: str) -> float:
        """Return how many seconds a test may take by the clock."""
        return CLOCK[0] + CLOCK[1] * self.seconds.get(test, 0) if self.seconds else 3600


def limits_of(prepared: Prepared) -> Limits:
    return Limits(
        ONE_TEST[0] + ONE_TEST[1] * prepared.longest,
        int(PROCESSOR[0] + PROCESSOR[1] * prepared.processor),
        prepared.seconds,
    )


def _name(nodeid: str) -> str:
    """Return a test's name without its parameters, which may be made from what a mutant changes."""
    return nodeid.partition("[")[0]


class Watch:
    """Follows a run: the first test that fails, how long each takes, and with `lines` what of the module it executes.

    What is executed while a test is set up counts for all tests of its file: what is set up may serve them all.
    """

    def __init__(self, limits: Limits, lines: set[int] | None = None) -> None:
        self._limits, self._lines = limits, lines
        self.failed = ""
        self.reached: dict[str, set[int]] = {}
        self.seconds: dict[str, float] = {}
        self.longest = 0.0
        self._began = self._clock = 0.0

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        signal.setitimer(signal.ITIMER_PROF, self._limits.one_test)  # ends the process, and so does the next
        signal.setitimer(signal.ITIMER_REAL, self._limits.clock(nodeid))
        self._began, self._clock = time.process_time(), time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.longest = max(self.longest, time.process_time() - self._began)
        self.seconds[nodeid] = time.monotonic() - self._clock

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid
            if self._lines is not None:  # without any change: the log says why
                print(report.longreprtext, flush=True)
        if self._lines is not None:
            self.reached.setdefault(report.nodeid, set()).update(self._lines)
            if report.when == "setup":
                self.reached.setdefault(report.nodeid.partition("::")[0], set()).update(self._lines)
            self._lines.clear()

    def told(self) -> list[Any]:
        """Return what the process that forked this one wants to know."""
        reached = {
            test: sorted(lines | self.reached.get(test.partition("::")[0], set()))
            for test, lines in self.reached.items()
            if "::" in test
        }
        return [self.failed, self.longest, reached, self.seconds]


class Chosen:
    """Lets a run have only the tests named, in their order, and the databases of its worker."""

    def __init__(self, worker: Worker, order: Sequence[str]) -> None:
        self._worker = worker
        self._rank = {test: place for place, test in reversed([*enumerate(order)])}
        self._names = {_name(test): place for place, test in reversed([*enumerate(order)])}

    def pytest_sessionstart(self) -> None:
        os.environ.update(self._worker.server)  # after tests/conftest.py, which clears what the developer has set

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        if self._rank:
            places = {item: self._rank.get(item.nodeid, self._names.get(_name(item.nodeid))) for item in items}
            items[:] = sorted((item for item in items if places[item] is not None), key=lambda item: places[item] or 0)

    @hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        """The databases are migrated once, before the run."""
        if fixturedef.argname == "database_server":
            with mock.patch("motcua.warehouse.upgrade_databases", list):
                return (yield)
        return (yield)


def fate(status: int, told: list[Any]) -> tuple[str, str]:
    if status == PASSED:
        return SURVIVED, ""
    return (TOO_LONG if status < 0 else KILLED), told[0] if told else ""  # less than 0: ended by a signal


def fork(limits: Limits, work: Callable[[], tuple[int, list[Any]]]) -> tuple[int, list[Any]]:
    """Do some work in a fork; return its exit status and what it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = FAILED
        try:
            os.close(reading)
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (limits.processor, limits.processor))
            status, told = work()
            with os.fdopen(writing, "w") as answer:
                answer.write(json.dumps(told))
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    _, waited = os.waitpid(child, 0)
    with suppress(ProcessLookupError):  # what it started and left
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(waited), json.loads(said) if said else []


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_pytest(tests: Sequence[str], plugins: list[Any]) -> int:
    import pytest
    from hypothesis import Phase, settings

    # The same examples for every mutant; that there is one is enough, the smallest does not matter.
    settings.register_profile(
        "mutation", derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate]
    )
    settings.load_profile("mutation")
    return int(pytest.main([*tests, *OPTIONS], plugins))
