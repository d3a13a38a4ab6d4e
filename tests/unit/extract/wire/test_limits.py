"""A rate that no number of tasks exceeds, and a circuit that opens after a host failed too often."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from sqlalchemy import text
from tests.unit.extract.opencps_site import Site, answers, record

from motcua.catalog import Source, load_catalog
from motcua.errors import SourceUnavailable
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.wire import limits
from motcua.extract.wire.limits import LATENESS_SECONDS, CircuitOpen, Gate
from motcua.extract.wire.transport import FIRST_ATTEMPTS
from motcua.settings import PROJECT_ROOT, Settings
from motcua.warehouse import libpq_dsn, store_engine

pytestmark = pytest.mark.usefixtures("databases")

Plan = Callable[..., list[str]]
Resolve = Callable[[str], SourceConnection]
HOST = "motcua.example:443"


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the guards of the catalogue say something else; the rest of it stays."""
    folder = tmp_path / "guarded"
    folder.mkdir()
    for path in (PROJECT_ROOT / "include" / "catalog").iterdir():
        if path.name != "guards.yaml":
            (folder / path.name).symlink_to(path)

    def write(guards: str) -> None:
        (folder / "guards.yaml").write_text(guards)
        monkeypatch.setenv("MOTCUA_CATALOG", str(folder))

    return write


def source(**values: object) -> Source:
    found = load_catalog(PROJECT_ROOT / "include" / "catalog").source_by_id["tra-vinh.c29236"]
    return found.model_copy(update=values)


class Clock:
    """The clock of the store and of the gates: it stands until it is moved, and whoever sleeps is only noted.

    The store's own statements see it too: `clock_timestamp` is looked for in the schema `fake` first.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.late = 0.0
        self._passed = 0.0

    def move(self, seconds: float) -> None:
        self._passed += seconds
        with store_engine().begin() as connection:
            connection.execute(text("update fake.clock set at = at + make_interval(secs => :s)"), {"s": seconds})

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._passed += self.late + (seconds if self.late else 0)
        self.late = 0.0

    def monotonic(self) -> float:
        return self._passed

    def time(self) -> float:
        with store_engine().connect() as connection:
            at = connection.scalar(text("select at from fake.clock"))
        assert isinstance(at, datetime)
        return at.timestamp()


@pytest.fixture
def clock(databases: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    dsn = libpq_dsn("motcua_store")
    with store_engine().begin() as connection:
        connection.execute(text("create schema fake"))
        connection.execute(text("create table fake.clock as select timestamptz '2023-11-01 02:00+07' as at"))
        connection.execute(
            text("create function fake.clock_timestamp() returns timestamptz return (select at from fake.clock)")
        )
    parted = "&" if "?" in dsn else "?"
    monkeypatch.setenv("MOTCUA_STORE_DSN", f"{dsn}{parted}options=-csearch_path%3Dfake,public,pg_catalog")
    standing = Clock()
    monkeypatch.setattr(limits, "time", standing)
    yield standing
    store_engine().dispose()
    monkeypatch.undo()
    with store_engine().begin() as connection:
        connection.execute(text("drop schema fake cascade"))


def every(seconds: float, count: int) -> list[float]:
    """Return the moments of a rate, the first at once."""
    return [pytest.approx(number * seconds) for number in range(count)]


def test_threads_of_two_sources_keep_the_rate_of_their_host(guarded: Callable[[str], None], clock: Clock) -> None:
    guarded("requests: {per_second_of_a_host: 20}\n")
    gates = [Gate(source(), HOST), Gate(source(source_id="other"), HOST)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: gates[number % 2].enter(), range(45)))
    assert [0.0, *sorted(clock.slept)] == every(1 / 20, 45)


def test_the_stricter_of_the_two_rates_holds(guarded: Callable[[str], None], clock: Clock) -> None:
    guarded("requests: {per_second_of_a_host: 1000}\n")
    gate = Gate(source(max_requests_per_second=10), HOST)
    for _ in range(8):
        gate.enter()
    assert [0.0, *clock.slept] == every(1 / 10, 8)


def test_time_that_passes_is_not_saved_up_for_a_burst(guarded: Callable[[str], None], clock: Clock) -> None:
    guarded("requests: {per_second_of_a_host: 10}\n")
    gate = Gate(source(), HOST)
    gate.enter()
    clock.move(5)
    for _ in range(4):
        gate.enter()
    assert [0.0, *clock.slept] == every(1 / 10, 4)


def test_a_request_that_wakes_too_late_reserves_another_time(guarded: Callable[[str], None], clock: Clock) -> None:
    guarded("requests: {per_second_of_a_host: 10}\n")
    gate = Gate(source(), HOST)
    gate.enter()
    clock.late = 2 * LATENESS_SECONDS
    gate.enter()
    assert clock.slept == every(1 / 10, 3)[1:]
    clock.late = LATENESS_SECONDS / 2
    gate.enter()
    assert clock.slept == every(1 / 10, 4)[1:]


def test_processes_keep_one_rate_together(guarded: Callable[[str], None], clock: Clock) -> None:
    guarded("requests: {per_second_of_a_host: 10}\n")
    program = (
        "from motcua.catalog import load_catalog\n"
        "from motcua.extract.wire import limits\n"
        "from motcua.settings import Settings\n"
        "class Standing:\n"
        "    def sleep(self, seconds): print(seconds)\n"
        "    def monotonic(self): return 0.0\n"
        "limits.time = Standing()\n"
        "source = load_catalog(Settings.load().catalog_dir).source_by_id['tra-vinh.c29236']\n"
        f"gate = limits.Gate(source, {HOST!r})\n"
        "for _ in range(9):\n"
        "    gate.enter()\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    slept = sorted(float(line) for child in children for line in child.communicate(timeout=60)[0].split())
    assert [0.0, *slept] == every(1 / 10, 27)


def test_a_host_without_a_limit_is_not_paced(guarded: Callable[[str], None]) -> None:
    guarded("requests: {per_second_of_a_host: null}\n")
    Gate(source(), HOST).enter()
    with store_engine().connect() as connection:
        assert connection.scalar(text("select count(*) from request_slot")) == 0


CIRCUIT = "circuit: {failures: 3, sources: 1, pause_seconds: 0.4, longest_pause_seconds: 0.8}\n"
SITES = "circuit: {failures: 10, sources: 6, pause_seconds: 30, longest_pause_seconds: 30}\n"


def test_the_circuit_opens_after_so_many_failures_in_a_row(guarded: Callable[[str], None]) -> None:
    guarded(CIRCUIT)
    mine, yours = Gate(source(), HOST), Gate(source(source_id="other"), HOST)
    for _ in range(2):
        mine.failed("503")
    yours.enter()
    mine.failed("503")
    with pytest.raises(SourceUnavailable, match=r"failed 3 times in a row \(last: 503\) and gets no requests until"):
        yours.enter()
    Gate(source(), "another.example:443").enter()


def test_an_answer_in_between_starts_the_count_again(guarded: Callable[[str], None]) -> None:
    guarded(CIRCUIT)
    mine, yours = Gate(source(), HOST), Gate(source(), HOST)
    for _ in range(4):
        mine.failed("503")
        mine.failed("503")
        yours.enter()
        yours.answered()
    mine.enter()


def test_after_the_pause_one_request_tries_and_its_answer_closes_the_circuit(
    guarded: Callable[[str], None], clock: Clock
) -> None:
    guarded(CIRCUIT)
    gate = Gate(source(), HOST)
    for _ in range(3):
        gate.failed("no answer")

    def enters(_: int) -> bool:
        try:
            Gate(source(), HOST).enter()
        except SourceUnavailable:
            return False
        return True

    clock.move(0.39)
    assert not enters(0)
    clock.move(0.01)
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(enters, range(12))) == 1
    gate.answered()
    assert all(enters(number) for number in range(3))


def test_a_failed_trial_doubles_the_pause_up_to_the_longest(guarded: Callable[[str], None], clock: Clock) -> None:
    guarded(CIRCUIT)
    gate = Gate(source(), HOST)
    for _ in range(3):
        gate.failed("no answer")
    pauses = []
    for _ in range(3):
        with store_engine().connect() as connection:
            pauses.append(
                float(
                    connection.scalar(
                        text("select extract(epoch from opened_until - last_failure_at) from host_circuit")
                    )
                )
            )
        clock.move(pauses[-1])
        gate.enter()
        gate.failed("no answer")
    assert pauses == [0.4, 0.8, 0.8]


def test_failures_of_requests_already_under_way_do_not_lengthen_the_pause(guarded: Callable[[str], None]) -> None:
    guarded(CIRCUIT)
    gate = Gate(source(), HOST)
    for _ in range(9):
        gate.failed("no answer")
    with store_engine().connect() as connection:
        assert connection.scalar(text("select trip_count from host_circuit")) == 1


def enters(source_id: str) -> bool:
    """Return whether a source without an earlier request may send one to the host."""
    try:
        Gate(source(source_id=source_id), HOST).enter()
    except SourceUnavailable:
        return False
    return True


def fails(sites: int, times: int, how: str) -> None:
    gates = [Gate(source(source_id=f"dead-{number}"), HOST) for number in range(sites)]
    for number in range(times):
        gates[number % sites].failed(how)


def test_five_failing_sites_of_a_host_do_not_delay_its_other_sites(guarded: Callable[[str], None]) -> None:
    guarded(SITES)
    for how in ("503", "ReadTimeoutError"):
        fails(5, 40, how)
        assert enters("healthy")


def test_the_circuit_of_a_host_opens_when_too_many_of_its_sites_fail(guarded: Callable[[str], None]) -> None:
    guarded(SITES)
    fails(6, 9, "503")
    assert enters("healthy")
    fails(1, 1, "503")
    assert not enters("healthy")


@pytest.mark.parametrize("how", ["NewConnectionError", "NameResolutionError", "ConnectTimeoutError"])
def test_the_circuit_of_a_host_without_connections_opens_for_all_sources(
    how: str, guarded: Callable[[str], None]
) -> None:
    guarded(SITES)
    fails(1, 9, how)
    assert enters("healthy")
    fails(1, 1, how)
    assert not enters("healthy")


def test_a_site_that_was_answered_last_continues_while_the_circuit_is_open(guarded: Callable[[str], None]) -> None:
    guarded(SITES)
    healthy = Gate(source(source_id="healthy"), HOST)
    healthy.enter()
    healthy.answered()
    fails(8, 12, "503")
    assert not enters("another")
    healthy.enter()
    healthy.answered()  # and its answer closes the circuit for the others
    assert enters("another")


def test_a_site_whose_own_request_failed_waits_like_the_others(guarded: Callable[[str], None], clock: Clock) -> None:
    guarded(SITES)
    mine = Gate(source(source_id="mine"), HOST)
    mine.answered()
    fails(8, 12, "503")
    mine.failed("503")
    with pytest.raises(CircuitOpen) as raised:
        mine.enter()
    assert raised.value.seconds == 30


def test_a_refused_connection_is_distinguished_from_an_answer_that_refuses(plan: Plan, site: Site) -> None:
    batch_ids = plan("tra-vinh.c29236")
    closed = SourceConnection("http://127.0.0.1:9", "motcua", "secret")  # discard: nobody listens
    assert extract_batches(batch_ids, lambda _: closed).failed == batch_ids
    with store_engine().connect() as connection:
        counted = connection.execute(text("select failure_count, unreachable_count from host_circuit")).one()
    assert counted.unreachable_count == counted.failure_count > 0


def test_a_source_that_never_answered_gets_fewer_attempts_than_one_that_did(
    plan: Plan, site: Site, resolve: Resolve, quick_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.dossiers["84102"] = [record(number) for number in range(1, 7)]
    batch_ids = plan()
    folder = tmp_path / "eight"
    shutil.copytree(quick_catalog, folder)
    for path in (folder / "sources").glob("*.yaml"):
        document = yaml.safe_load(path.read_text())
        document["defaults"] |= {"attempts": 8, "retry_wait_seconds": 0}
        path.write_text(yaml.safe_dump(document, allow_unicode=True))
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
    site.faults = [answers(503)] * FIRST_ATTEMPTS
    extract_batches(batch_ids, resolve, is_patient=False)
    assert len(site.asked) == FIRST_ATTEMPTS
    site.faults = [None, *[answers(503)] * 7]
    assert extract_batches(batch_ids, resolve, is_patient=False).extracted == batch_ids


def test_parallel_tasks_do_not_overload_a_host_that_is_down(site: Site, plan: Plan, resolve: Resolve) -> None:
    catalog = load_catalog(Settings.load().catalog_dir)
    source_ids = [each.source_id for each in catalog.sources if each.source_id.startswith("tra-vinh.")][:40]
    site.faults = [answers(503)] * 1000
    batch_ids = plan(*source_ids)
    outcome = extract_batches(batch_ids, resolve)
    assert len(outcome.failed) == 40
    # Until the circuit opens, what each source had under way then, and one trial; unguarded it is 240.
    assert len(site.asked) < 20 + 40 + 1


def test_the_attempts_of_one_request_are_each_paced_and_noted(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers["84102"] = [record(1)]
    site.faults = [answers(503), answers(503)]
    batch_ids = plan()
    assert extract_batches(batch_ids, resolve).failed == []
    with store_engine().connect() as connection:
        assert connection.scalar(text("select failure_count from host_circuit")) == 0
        assert connection.scalar(text("select count(*) from request_slot where scope like 'host 127.0.0.1:%'")) == 1
