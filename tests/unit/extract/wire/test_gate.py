"""One gate, request by request: its reservations, its waits and its notes. No test here waits for a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Semaphore
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from sqlalchemy import text

from motcua.catalog import Source, load_catalog
from motcua.extract.wire import limits
from motcua.extract.wire.limits import CircuitOpen, Gate
from motcua.extract.wire.worker_slots import PullAbandoned, WorkerSlot
from motcua.settings import PROJECT_ROOT, TIMEZONE
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

CATALOG = PROJECT_ROOT / "include" / "catalog"
HOST = "motcua.example:443"
SLOW = 1 / 1_000  # requests a second: so far apart that no test run reaches the next moment


class Clock:
    """Stands for the module `time`: a sleep is over at once, and some wake later than they should."""

    time = staticmethod(time.time)

    def __init__(self) -> None:
        self.now = 500.0
        self.slept: list[float] = []
        self.late: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds + (self.late.pop(0) if self.late else 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(limits, "time", found)
    return found


@pytest.fixture
def guards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the guards of the catalogue say something else; the rest of it stays."""
    folder = tmp_path / "guarded"
    folder.mkdir()
    for path in CATALOG.iterdir():
        if path.name != "guards.yaml":
            (folder / path.name).symlink_to(path)

    def write(per_second: float | None = None, **circuit: object) -> None:
        usual = {"failures": 3, "sources": 1, "pause_seconds": 40, "longest_pause_seconds": 100}
        said = {"requests": {"per_second_of_a_host": per_second}, "circuit": usual | circuit}
        (folder / "guards.yaml").write_text(yaml.safe_dump(said))
        monkeypatch.setenv("MOTCUA_CATALOG", str(folder))

    write()
    return write


def source(source_id: str = "one", **values: object) -> Source:
    found = load_catalog(CATALOG).source_by_id["tra-vinh.c29236"]
    return found.model_copy(update={"source_id": source_id, **values})


def gate(source_id: str = "one", host: str = HOST, slot: WorkerSlot | None = None, **values: object) -> Gate:
    return Gate(source(source_id, **values), host, slot)


def ask(query: str) -> Any:
    with store_engine().connect() as connection:
        return connection.execute(text(query)).one()


def change(assignment: str) -> None:
    with store_engine().begin() as connection:
        connection.execute(text(f"update host_circuit set {assignment}"))


def reserved(scope: str) -> float:
    """Return in how many seconds the moment after all that is reserved comes."""
    return float(
        ask(f"select extract(epoch from next_at - clock_timestamp()) from request_slot where scope = '{scope}'")[0]
    )


def open_circuit(times: int = 3, source_id: str = "failing") -> None:
    failing = gate(source_id)
    for _ in range(times):
        failing.failed("503")


def enters(source_id: str) -> bool:
    try:
        gate(source_id).enter()
    except CircuitOpen:
        return False
    return True


def test_a_first_request_is_sent_at_once_and_the_next_at_its_reserved_time(
    guards: Callable[..., None], clock: Clock
) -> None:
    one = gate(max_requests_per_second=SLOW)
    one.enter()
    assert clock.slept == []
    one.enter()
    assert clock.slept == [pytest.approx(1_000, abs=60)]
    one.enter()
    assert clock.slept[1:] == [pytest.approx(2_000, abs=60)]
    assert reserved("source one") == pytest.approx(3_000, abs=60)


def test_a_request_that_wakes_too_late_reserves_another_time_again(guards: Callable[..., None], clock: Clock) -> None:
    one = gate(max_requests_per_second=SLOW)
    one.enter()
    clock.late = [3.0, 2.0]
    one.enter()
    assert [round(seconds, -3) for seconds in clock.slept] == [1_000, 2_000, 3_000]
    assert reserved("source one") == pytest.approx(4_000, abs=60)


@pytest.mark.parametrize(("late", "moments"), [(0.04, 1), (0.06, 2)])
def test_a_reserved_time_that_is_missed_by_a_little_is_used(
    late: float, moments: int, guards: Callable[..., None], clock: Clock
) -> None:
    one = gate(max_requests_per_second=SLOW)
    one.enter()
    clock.late = [late]
    one.enter()
    assert len(clock.slept) == moments


def test_sources_of_a_host_share_its_rate_and_each_has_its_own(guards: Callable[..., None], clock: Clock) -> None:
    guards(per_second=2 * SLOW)
    gate("one", max_requests_per_second=SLOW).enter()
    gate("two").enter()
    assert clock.slept == [pytest.approx(500, abs=60)]  # two waits for the host only
    gate("one", max_requests_per_second=SLOW).enter()
    assert clock.slept[1:] == [pytest.approx(1_000, abs=60)]  # and one for the stricter of both
    gate("three", host="another:443").enter()
    assert len(clock.slept) == 2


def test_without_limits_nothing_is_reserved(guards: Callable[..., None], clock: Clock) -> None:
    gate().enter()
    gate().enter()
    assert (clock.slept, ask("select count(*) from request_slot")[0]) == ([], 0)


def test_an_abandoned_source_sends_and_reserves_nothing(guards: Callable[..., None], clock: Clock) -> None:
    slot = WorkerSlot(Semaphore(1))
    one = gate(slot=slot, max_requests_per_second=SLOW)
    one.enter()
    slot.abandon()
    with pytest.raises(PullAbandoned):
        one.enter()
    assert reserved("source one") == pytest.approx(1_000, abs=60)


def test_a_failure_releases_the_slot_and_an_answer_takes_it(guards: Callable[..., None]) -> None:
    slots = Semaphore(1)
    one = gate(slot=WorkerSlot(slots))
    one.answered()
    assert not slots.acquire(blocking=False)
    one.failed("503")
    assert slots.acquire(blocking=False)
    assert gate().answered() is None  # outside a chunk there is none


def test_a_failure_is_noted_with_its_source_its_reason_and_whether_the_host_was_reached(
    guards: Callable[..., None],
) -> None:
    for how in ("503", "NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ReadTimeoutError"):
        gate().failed(how)
    gate("two").failed("500")
    found = ask("select host, failure_count, unreachable_count, source_ids, last_failure from host_circuit")
    assert tuple(found) == (HOST, 6, 3, ["one", "two"], "500")


def test_an_answer_resets_the_failures_of_all_sources(guards: Callable[..., None]) -> None:
    mine, yours = gate("mine"), gate("yours")
    mine.failed("503")
    yours.enter()
    yours.answered()
    assert ask("select failure_count from host_circuit")[0] == 0
    mine.failed("503")
    mine.answered()
    assert ask("select failure_count from host_circuit")[0] == 0


def test_an_answer_to_a_gate_without_failures_does_not_reset_those_of_others(guards: Callable[..., None]) -> None:
    mine = gate("mine")
    mine.enter()
    gate("yours").failed("503")
    mine.answered()  # asked before the host failed
    assert ask("select failure_count from host_circuit")[0] == 1


def test_an_answer_leaves_failures_that_came_after_the_last_one(guards: Callable[..., None]) -> None:
    mine = gate("mine")
    mine.failed("503")
    mine.answered()
    gate("yours").failed("503")
    mine.answered()
    assert ask("select failure_count from host_circuit")[0] == 1


def test_an_answer_leaves_failures_of_a_host_that_had_none_when_it_was_asked(guards: Callable[..., None]) -> None:
    before = gate("before")
    before.failed("503")
    before.answered()
    mine = gate("mine")
    mine.enter()
    gate("yours").failed("503")
    mine.answered()
    assert ask("select failure_count from host_circuit")[0] == 1


def test_an_open_circuit_names_the_host_the_failures_the_reason_and_its_end(guards: Callable[..., None]) -> None:
    open_circuit()
    with pytest.raises(CircuitOpen) as refused:
        gate("waiting").enter()
    until = datetime.now(ZoneInfo(TIMEZONE)) + timedelta(seconds=refused.value.seconds)
    message = str(refused.value)
    assert f"waiting: {HOST} failed 3 times in a row (last: 503) and gets no requests until {until:%H:%M}" in message
    assert 30 < refused.value.seconds <= 40


def test_a_pause_that_is_just_over_leaves_no_seconds_to_wait(guards: Callable[..., None]) -> None:
    open_circuit()
    change(
        "opened_until = clock_timestamp() - interval '5 seconds', trial_until = clock_timestamp() + interval '1 day'"
    )
    with pytest.raises(CircuitOpen) as refused:
        gate("waiting").enter()
    assert refused.value.seconds == 0


def test_after_the_pause_one_request_at_a_time_tries_the_host(guards: Callable[..., None]) -> None:
    open_circuit()
    change("opened_until = clock_timestamp()")
    trying = gate("one", timeout_seconds=20, attempts=3)
    trying.enter()
    assert 50 < float(ask("select extract(epoch from trial_until - clock_timestamp()) from host_circuit")[0]) <= 60
    assert not enters("two")
    trying.answered()
    assert enters("two")


def test_a_failed_trial_doubles_the_pause_up_to_the_limit(guards: Callable[..., None]) -> None:
    open_circuit()
    pauses = []
    for _ in range(3):
        pauses.append(float(ask("select extract(epoch from opened_until - last_failure_at) from host_circuit")[0]))
        change("opened_until = clock_timestamp()")
        trying = gate("one")
        trying.enter()
        trying.failed("503")
        assert not enters("two")
    assert pauses == pytest.approx([40, 80, 100], abs=5)


def test_failures_of_too_few_sources_do_not_open_the_circuit(guards: Callable[..., None]) -> None:
    guards(failures=3, sources=2)
    open_circuit(9)
    assert enters("two")
    open_circuit(1, "another")
    assert not enters("two")


def test_a_source_that_was_answered_last_continues_until_its_own_request_fails(guards: Callable[..., None]) -> None:
    mine = gate("mine")
    mine.enter()
    mine.answered()
    open_circuit()
    mine.enter()
    mine.failed("503")
    with pytest.raises(CircuitOpen):
        mine.enter()


def test_an_answer_while_the_circuit_is_open_closes_it_for_all(guards: Callable[..., None]) -> None:
    mine = gate("mine")
    mine.answered()
    open_circuit()
    mine.enter()
    mine.answered()
    assert enters("two")
