"""A rate that no number of tasks exceeds, and a host that is left alone after it failed too often."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from sqlalchemy import text
from tests.unit.extract.opencps_site import Site, answers, record

from motcua.catalog import Source, load_catalog
from motcua.errors import SourceUnavailable
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.wire.limits import Gate, HostLeftAlone
from motcua.extract.wire.transport import FIRST_ATTEMPTS
from motcua.settings import PROJECT_ROOT, Settings
from motcua.warehouse import store_engine

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


def most_in_a_second(left_at: list[float]) -> int:
    return max(sum(start <= other < start + 1 for other in left_at) for start in left_at)


def test_threads_of_two_sources_keep_the_rate_of_their_host(guarded: Callable[[str], None]) -> None:
    guarded("requests: {per_second_of_a_host: 20}\n")
    gates = [Gate(source(), HOST), Gate(source(source_id="other"), HOST)]

    def leave(number: int) -> float:
        gates[number % 2].enter()
        return time.time()

    started = time.time()
    with ThreadPoolExecutor(8) as pool:
        left_at = sorted(pool.map(leave, range(45)))
    assert most_in_a_second(left_at) <= 21  # the first and the last of a second
    assert left_at[-1] - started < 8


def test_the_stricter_of_the_two_rates_holds(guarded: Callable[[str], None]) -> None:
    guarded("requests: {per_second_of_a_host: 1000}\n")
    gate = Gate(source(max_requests_per_second=10), HOST)
    left_at = []
    for _ in range(8):
        gate.enter()
        left_at.append(time.time())
    assert left_at[-1] - left_at[0] >= 0.65


def test_processes_keep_one_rate_together(guarded: Callable[[str], None]) -> None:
    guarded("requests: {per_second_of_a_host: 10}\n")
    program = (
        "import time\n"
        "from motcua.catalog import load_catalog\n"
        "from motcua.extract.wire.limits import Gate\n"
        "from motcua.settings import Settings\n"
        "source = load_catalog(Settings.load().catalog_dir).source_by_id['tra-vinh.c29236']\n"
        f"gate = Gate(source, {HOST!r})\n"
        "for _ in range(9):\n"
        "    gate.enter()\n"
        "    print(time.time())\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    left_at = sorted(float(line) for child in children for line in child.communicate(timeout=60)[0].split())
    assert len(left_at) == 27
    assert most_in_a_second(left_at) <= 11


def test_a_host_without_a_limit_is_not_paced(guarded: Callable[[str], None]) -> None:
    guarded("requests: {per_second_of_a_host: null}\n")
    Gate(source(), HOST).enter()
    with store_engine().connect() as connection:
        assert connection.scalar(text("select count(*) from request_slot")) == 0


CIRCUIT = "circuit: {failures: 3, sources: 1, pause_seconds: 0.4, longest_pause_seconds: 0.8}\n"
SITES = "circuit: {failures: 10, sources: 6, pause_seconds: 30, longest_pause_seconds: 30}\n"


def test_a_host_is_left_alone_after_as_many_failures_in_a_row(guarded: Callable[[str], None]) -> None:
    guarded(CIRCUIT)
    mine, yours = Gate(source(), HOST), Gate(source(source_id="other"), HOST)
    for _ in range(2):
        mine.failed("503")
    yours.enter()
    mine.failed("503")
    with pytest.raises(SourceUnavailable, match=r"failed 3 times in a row \(last: 503\) and is left alone until"):
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


def test_when_the_pause_is_over_one_request_tries_and_its_answer_opens_the_way(
    guarded: Callable[[str], None],
) -> None:
    guarded(CIRCUIT)
    gate = Gate(source(), HOST)
    for _ in range(3):
        gate.failed("no answer")
    time.sleep(0.45)

    def enters(_: int) -> bool:
        try:
            Gate(source(), HOST).enter()
        except SourceUnavailable:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(enters, range(12))) == 1
    gate.answered()
    assert all(enters(number) for number in range(3))


def test_a_failed_trial_doubles_the_pause_up_to_the_longest(guarded: Callable[[str], None]) -> None:
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
        time.sleep(pauses[-1] + 0.05)
        gate.enter()
        gate.failed("no answer")
    assert pauses == pytest.approx([0.4, 0.8, 0.8], abs=0.02)


def test_failures_of_requests_already_under_way_do_not_lengthen_the_pause(guarded: Callable[[str], None]) -> None:
    guarded(CIRCUIT)
    gate = Gate(source(), HOST)
    for _ in range(9):
        gate.failed("no answer")
    with store_engine().connect() as connection:
        assert connection.scalar(text("select trip_count from host_circuit")) == 1


def enters(source_id: str) -> bool:
    """Tell whether a source that has not asked yet may ask the host."""
    try:
        Gate(source(source_id=source_id), HOST).enter()
    except SourceUnavailable:
        return False
    return True


def fails(sites: int, times: int, how: str) -> None:
    gates = [Gate(source(source_id=f"dead-{number}"), HOST) for number in range(sites)]
    for number in range(times):
        gates[number % sites].failed(how)


def test_five_sites_of_a_host_that_fail_hold_up_no_other_of_its_sites(guarded: Callable[[str], None]) -> None:
    guarded(SITES)
    for how in ("503", "ReadTimeoutError"):
        fails(5, 40, how)
        assert enters("healthy")


def test_a_host_of_which_more_sites_fail_than_can_be_chance_is_left_alone(guarded: Callable[[str], None]) -> None:
    guarded(SITES)
    fails(6, 9, "503")
    assert enters("healthy")
    fails(1, 1, "503")
    assert not enters("healthy")


@pytest.mark.parametrize("how", ["NewConnectionError", "NameResolutionError", "ConnectTimeoutError"])
def test_a_host_nobody_can_connect_to_is_left_alone_by_all(how: str, guarded: Callable[[str], None]) -> None:
    guarded(SITES)
    fails(1, 9, how)
    assert enters("healthy")
    fails(1, 1, how)
    assert not enters("healthy")


def test_a_site_that_was_answered_last_asks_on_while_its_host_is_left_alone(guarded: Callable[[str], None]) -> None:
    guarded(SITES)
    healthy = Gate(source(source_id="healthy"), HOST)
    healthy.enter()
    healthy.answered()
    fails(8, 12, "503")
    assert not enters("another")
    healthy.enter()
    healthy.answered()  # and what it is answered opens the host for the others
    assert enters("another")


def test_a_site_whose_own_question_failed_waits_like_the_others(guarded: Callable[[str], None]) -> None:
    guarded(SITES)
    mine = Gate(source(source_id="mine"), HOST)
    mine.answered()
    fails(8, 12, "503")
    mine.failed("503")
    with pytest.raises(HostLeftAlone) as raised:
        mine.enter()
    assert 25 < raised.value.seconds <= 30


def test_a_connection_refused_is_told_from_an_answer_that_refuses(plan: Plan, site: Site) -> None:
    batch_ids = plan("tra-vinh.c29236")
    closed = SourceConnection("http://127.0.0.1:9", "motcua", "secret")  # discard: nobody listens
    assert extract_batches(batch_ids, lambda _: closed).failed == batch_ids
    with store_engine().connect() as connection:
        counted = connection.execute(text("select failure_count, unreachable_count from host_circuit")).one()
    assert counted.unreachable_count == counted.failure_count > 0


def test_a_source_that_never_answered_is_asked_less_often_than_one_that_did(
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


def test_parallel_tasks_do_not_hammer_a_host_that_is_down(site: Site, plan: Plan, resolve: Resolve) -> None:
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
