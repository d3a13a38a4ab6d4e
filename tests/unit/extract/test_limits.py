"""A rate that no number of tasks exceeds, and a host that is left alone after it failed too often."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.unit.extract.opencps_site import Site, answers, record

from motcua.catalog import Source, load_catalog
from motcua.errors import SourceUnavailable
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.limits import Gate
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
        "from motcua.extract.limits import Gate\n"
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


CIRCUIT = "circuit: {failures: 3, pause_seconds: 0.4, longest_pause_seconds: 0.8}\n"


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


def test_parallel_tasks_do_not_hammer_a_host_that_is_down(site: Site, plan: Plan, resolve: Resolve) -> None:
    catalog = load_catalog(Settings.load().catalog_dir)
    source_ids = [each.source_id for each in catalog.sources if each.source_id.startswith("tra-vinh.")][:40]
    site.faults = [answers(503)] * 1000
    batch_ids = plan(*source_ids)
    outcome = extract_batches(batch_ids, resolve)
    assert len(outcome.failed) == 40
    assert len(site.asked) < 20 + 8 * 3  # until the circuit opens, and what was under way; unguarded it is 240


def test_the_attempts_of_one_request_are_each_paced_and_noted(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers["84102"] = [record(1)]
    site.faults = [answers(503), answers(503)]
    batch_ids = plan()
    assert extract_batches(batch_ids, resolve).failed == []
    with store_engine().connect() as connection:
        assert connection.scalar(text("select failure_count from host_circuit")) == 0
        assert connection.scalar(text("select count(*) from request_slot where scope like 'host 127.0.0.1:%'")) == 1
