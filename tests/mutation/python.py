"""Puts each mutant of a module under the tests of that module, and tells which of them none noticed.

`python.toml` says which tests are a module's. One embedded server is started for all; each mutant has a process of its
own, forked from one that has the libraries loaded and nothing of motcua, and imports the changed module there. Nothing
in the tree is written. A mutant that takes far longer than the code as it is counts as killed.
"""

from __future__ import annotations

import atexit
import fcntl
import importlib
import importlib.machinery
import importlib.util
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from tests.mutation.operators import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".motcua" / "mutation"
RESULT = WORK / "python.json"
LIBRARIES = (
    "adbc_driver_postgresql.dbapi", "alembic.config", "fsspec", "holidays", "hypothesis", "numpy", "orjson", "pandas",
    "psycopg", "pyarrow.parquet", "pydantic", "pytest", "requests", "sqlalchemy.dialects.postgresql.psycopg", "yaml",
)  # fmt: skip
PASSED, NOT_BEGUN, NO_TESTS = 0, 4, 5
# How long a mutant may take: so many seconds, and so many times what the code takes as it is. One test and all together
# by the processor's time, and all by the clock for one that waits instead of working; that goes on while others work.
ONE_TEST, PROCESSOR, CLOCK = (3, 5), (10, 3), (120, 10)


class _Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from other source than its file's."""

    source = ""

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec", dont_inherit=True)


class _Finder:
    """Finds the changed module before Python finds its file."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> Any:
        if name != self._name:
            return None
        loader = _Changed(name, str(self._path))
        loader.source = self._source
        return importlib.util.spec_from_file_location(name, self._path, loader=loader)


@dataclass(frozen=True)
class _Limits:
    """Seconds: of the processor for one test and for all, and by the clock."""

    one_test: float = 3600
    processor: int = 3600
    clock: int = 3600


def _name(nodeid: str) -> str:
    """Return a test's name without its parameters, which may be made from what a mutant changes."""
    return nodeid.partition("[")[0]


@dataclass
class _Baseline:
    """What the tests do with the code as it is.

    Attributes:
        reached: by test, the lines where the functions of the module begin that it enters. Those entered while a test
            is set up count for all tests of its file: what is set up may serve them all.
        longest: the processor time of the longest test.
    """

    reached: dict[str, set[int]] = field(default_factory=dict)
    longest: float = 0.0

    def tests_of(self, mutant: Mutant) -> set[str]:
        """Return the tests that enter the function of a mutant; all for one outside of functions."""
        if mutant.function_line is None:
            return set(self.reached)
        return {test for test, lines in self.reached.items() if mutant.function_line in lines}


class _Watch:
    """Follows a run: the first test that fails, and without a `chosen` set what each test enters of the module.

    Lets the tests that killed before come first, leaves out those not chosen, and points at the server of this run.
    """

    def __init__(
        self, server: dict[str, str], path: Path, limits: _Limits, killers: Counter[str], chosen: set[str] | None = None
    ) -> None:
        self._server, self._file, self._killers, self._chosen = server, str(path), killers, chosen
        self.limits = limits
        self.failed = ""
        self.baseline = _Baseline()
        self._began = 0.0
        self._entered: set[int] = set()

    def pytest_sessionstart(self) -> None:
        os.environ.update(self._server)  # after tests/conftest.py, which clears what the developer has set

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        if self._chosen is not None:
            items[:] = [item for item in items if _name(item.nodeid) in self._chosen]
        items.sort(key=lambda item: -self._killers[item.nodeid])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        signal.setitimer(signal.ITIMER_PROF, self.limits.one_test)  # ends the process
        self._began = time.process_time()
        if self._chosen is None:
            threading.settrace(self._enter)
            sys.settrace(self._enter)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        signal.setitimer(signal.ITIMER_PROF, 0)
        self.baseline.longest = max(self.baseline.longest, time.process_time() - self._began)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid
        reached = self.baseline.reached
        reached.setdefault(_name(report.nodeid), set()).update(self._entered)
        if report.when == "setup":
            reached.setdefault(report.nodeid.partition("::")[0], set()).update(self._entered)
        self._entered.clear()

    def told(self) -> str:
        """Return what the process that forked this one wants to know."""
        reached = {
            test: sorted(lines | self.baseline.reached.get(test.partition("::")[0], set()))
            for test, lines in self.baseline.reached.items()
            if "::" in test
        }
        return json.dumps([self.failed, self.baseline.longest, reached if self._chosen is None else {}])

    def _enter(self, frame: FrameType, event: str, argument: object) -> None:
        if frame.f_code.co_filename == self._file:
            self._entered.add(frame.f_code.co_firstlineno)


def main(wanted: Sequence[str]) -> int:
    """Run the modules whose path holds one of the words, all without any; results of the others are kept."""
    modules = [(f"src/motcua/{entry['file']}", entry["tests"]) for entry in _config()["module"]]
    kept = {each["file"]: each for each in json.loads(RESULT.read_text())} if RESULT.exists() else {}
    with _alone(), _server() as server:
        for library in LIBRARIES:
            importlib.import_module(library)
        for plugin in entry_points(group="pytest11"):
            plugin.load()
        for file, tests in modules:
            if wanted and not any(word in file for word in wanted):
                continue
            found = _run_module(file, tests, server)
            if found is None:
                return 1
            kept[file] = found
            ordered = [kept[each] for each, _ in modules if each in kept]
            explain(ordered)
            RESULT.write_text(json.dumps(ordered, ensure_ascii=False, indent=1))
    return 0


def explain(results: Sequence[dict[str, Any]]) -> list[str]:
    """Write beside each survivor why it may live; return the explanations that fit none of them."""
    entries = _config().get("survivor", [])
    reasons = {(f"src/motcua/{each['file']}", each["in"], each["change"]): each["why"] for each in entries}
    unused = dict(reasons)
    for result in results:
        for each in result["survived"]:
            key = result["file"], each["in"], each["change"]
            each["why"] = reasons.get(key, "")
            unused.pop(key, None)
    files = {result["file"] for result in results}
    return [f"{file}, {function}: {change}" for file, function, change in unused if file in files]


def _config() -> dict[str, Any]:
    return tomllib.loads((ROOT / "tests" / "mutation" / "python.toml").read_text(encoding="utf-8"))


def _run_module(file: str, tests: list[str], server: dict[str, str]) -> dict[str, Any] | None:
    path = ROOT / file
    source = path.read_text(encoding="utf-8")
    started, used = time.monotonic(), _processor_seconds()
    status, failed, baseline = _test(path, source, tests, _Watch(server, path, _Limits(), Counter()))
    if status != PASSED:
        print(f"{file}: its tests are red without any change ({failed or 'see ' + str(WORK / 'last.log')})")
        return None
    clock, processor = time.monotonic() - started, _processor_seconds() - used
    limits = _Limits(
        ONE_TEST[0] + ONE_TEST[1] * baseline.longest,
        int(PROCESSOR[0] + PROCESSOR[1] * processor),
        int(CLOCK[0] + CLOCK[1] * clock),
    )
    every = mutants(source)
    print(f"{file}: {len(every)} mutants, {clock:.0f} s for the code as it is", flush=True)
    killers: Counter[str] = Counter()
    survived: list[Mutant] = []
    for number, mutant in enumerate(every, start=1):
        status, failed = PASSED, ""
        likely = baseline.tests_of(mutant)
        # The others too, once none of these notices: what a test entered may have been kept for the next (lru_cache).
        for chosen in filter(None, (likely, set(baseline.reached) - likely)):
            watch = _Watch(server, path, limits, killers, chosen)
            status, failed, _ = _test(path, mutant.source, tests, watch)
            if status == NOT_BEGUN:  # the change breaks what a conftest.py imports, unless it was something else
                status, failed, _ = _test(path, mutant.source, tests, watch)
            if status != PASSED:
                break
        if status == NO_TESTS:
            raise SystemExit(f"{file}: no test was run; correct tests/mutation/python.toml.")
        if status == PASSED:
            survived.append(mutant)
        if status <= PASSED:  # less: ended by a signal, for it took too long
            print(f"  {'' if status == PASSED else 'too long: '}{mutant.line} {mutant.change}", flush=True)
        killers[failed] += bool(failed)
        if number % 50 == 0:
            print(f"  {number}, {len(survived)} survived, {time.monotonic() - started:.0f} s", flush=True)
    return {
        "file": file,
        "killed": len(every) - len(survived),
        "survived": [
            {"place": f"{each.function}:{each.line}", "in": each.function, "change": each.change, "why": ""}
            for each in survived
        ],
    }


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _alone() -> Iterator[None]:
    """Let no second run empty the databases of this one."""
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("A mutation run is under way in this checkout; wait for it.") from None
        yield


@contextmanager
def _server() -> Iterator[dict[str, str]]:
    """Start and migrate the server of this run, in processes of their own so that nothing of motcua is loaded here."""
    os.environ["MOTCUA_WORK"] = str(WORK)
    for name in ("MOTCUA_STORE_DSN", "MOTCUA_WAREHOUSE_DSN", "MOTCUA_CATALOG"):
        os.environ.pop(name, None)
    start = (
        "from motcua.warehouse import upgrade_databases; from motcua.warehouse.engine import libpq_dsn;"
        " upgrade_databases(); print(libpq_dsn('motcua_store')); print(libpq_dsn('motcua_warehouse'))"
    )
    stop = (
        "from motcua.settings import Settings; from motcua.warehouse import embedded;"
        " embedded.stop_server(Settings.load().work_dir / 'pg')"
    )
    told = subprocess.run([sys.executable, "-c", start], check=True, cwd=ROOT, capture_output=True, text=True).stdout
    try:
        yield dict(zip(("MOTCUA_STORE_DSN", "MOTCUA_WAREHOUSE_DSN"), told.split(), strict=True))
    finally:
        subprocess.run([sys.executable, "-c", stop], check=True, cwd=ROOT)


def _test(path: Path, source: str, tests: list[str], watch: _Watch) -> tuple[int, str, _Baseline]:
    """Return the exit status of pytest over the tests with this source, and what was seen of them."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (watch.limits.processor, watch.limits.processor))
        signal.alarm(watch.limits.clock)
        status = 3
        try:
            status = _run_pytest(path, source, tests, watch, writing)
            atexit._run_exitfuncs()  # the test session clears its folder away
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as answer:
        failed, longest, reached = json.loads(answer.read() or '["", 0, {}]')
    _, waited = os.waitpid(child, 0)
    with suppress(ProcessLookupError):  # what it started and left
        os.killpg(child, signal.SIGKILL)
    baseline = _Baseline({test: set(lines) for test, lines in reached.items()}, longest)
    return os.waitstatus_to_exitcode(waited), failed, baseline


def _run_pytest(path: Path, source: str, tests: list[str], watch: _Watch, writing: int) -> int:
    import pytest
    from hypothesis import Phase, settings

    log = os.open(WORK / "last.log", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # The same examples for every mutant; that there is one is enough, the smallest does not matter.
    settings.register_profile(
        "mutation", derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate]
    )
    settings.load_profile("mutation")
    name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    sys.meta_path.insert(0, _Finder(name, path, source))  # type: ignore[arg-type]
    status = pytest.main([*tests, "-x", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:randomly"], [watch])
    with os.fdopen(writing, "w") as answer:
        answer.write(watch.told())
    sys.stdout.flush()
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
