"""Puts the mutants of a module under the tests of that module (`python.toml`), each in a forked process.

A process of its own imports motcua, collects the tests of the module and stops before the first. Each mutant has a fork
of it, in which the changed function has its new code. A change that shows already while modules are imported or tests
collected (a constant, a default, a function that a module calls) has a process that imports everything anew, and only
the test files that it needs. Nothing in the tree is written. What takes far longer than the code as it is is killed.
"""

from __future__ import annotations

import atexit
import builtins
import gc
import importlib
import importlib.machinery
import importlib.util
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tests.mutation.forks import (
    FAILED,
    NOT_BEGUN,
    PASSED,
    Chosen,
    Limits,
    Watch,
    fate,
    fork,
    hookimpl,
    limits_of,
    processor_seconds,
    run_pytest,
)
from tests.mutation.operators import Mutant, mutants
from tests.mutation.pool import ROOT, Prepared, Worker
from tests.mutation.replacement import NOTE, Entered, Functions, Replacement, functions_of, noting, replacement

LIBRARIES = (
    "adbc_driver_postgresql.dbapi", "alembic.config", "fsspec", "holidays", "hypothesis", "jinja2", "numpy", "orjson",
    "pandas", "psutil", "psycopg", "pyarrow.parquet", "pydantic", "pytest", "requests",
    "sqlalchemy.dialects.postgresql.psycopg", "xlsxwriter", "yaml",
)  # fmt: skip

ANEW = 10  # seconds of the processor


@dataclass(frozen=True)
class FileMutant:
    """A mutant of a module, with the file that it is one of."""

    file: str
    mutant: Mutant

    @property
    def line(self) -> int:
        return self.mutant.line

    @property
    def change(self) -> str:
        return self.mutant.change

    @property
    def function(self) -> str:
        return self.mutant.function

    @property
    def key(self) -> tuple[str, str, str]:
        return self.file, self.function, self.change


@dataclass(frozen=True)
class Module:
    """A module and the files of its tests, the quickest first."""

    name: str
    tests: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        return (self.name,)

    def serve(self, channel: Connection, worker: Worker, known: Prepared | None) -> None:
        """See `pool.Unit`."""
        path = ROOT / self.name
        ours, theirs = Pipe()
        warm = os.fork()
        if warm == 0:
            channel.close()
            ours.close()
            _collect(path, self.tests, worker, _Warm(path, self.name, worker, theirs, known))
        theirs.close()
        with suppress(EOFError):
            message = ours.recv()
            channel.send(message)
            while message[0] != "red" and (asked := channel.recv()) is not None:
                prepared = message[1]
                ours.send(asked)
                answer = ours.recv()
                if answer is None:  # its change shows while modules are imported
                    mutant = prepared.mutants[asked[0]].mutant
                    answer = _anew(path, mutant, asked[1], worker, limits_of(prepared))
                channel.send(answer)
        ours.close()
        os.waitpid(warm, 0)

    def order(self, prepared: Prepared, mutant: FileMutant, killers: Counter[tuple[str, str]]) -> list[str]:
        """Return those that enter the function first: what the others entered may have been kept (lru_cache)."""
        begins, line = mutant.mutant.function_line, mutant.line

        def worth(test: str) -> float:
            lines = prepared.reached[test]
            kills = 0.1 + killers[test, ""] + 10 * killers[test, mutant.function] + 3 * (line in lines)
            return kills / (0.05 + prepared.seconds[test])

        return sorted(
            prepared.reached,
            key=lambda test: (begins is not None and begins not in prepared.reached[test], -worth(test)),
        )


def load() -> None:
    """Load the libraries, pytest and its plugins, and nothing of motcua."""
    for library in LIBRARIES:
        importlib.import_module(library)
    for plugin in entry_points(group="pytest11"):
        plugin.load()


class _Warm(Chosen):
    """Serves forks of a session whose tests are collected."""

    def __init__(self, path: Path, file: str, worker: Worker, channel: Connection, known: Prepared | None) -> None:
        super().__init__(worker, ())
        self._path, self._file, self._channel, self._known = path, file, channel, known
        self.at_import = Entered(path)

    @hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        """Instead of running the tests, run them in forks as they are asked for."""
        self.at_import.leave()
        if session.testsfailed or not session.items:
            self._channel.send(("red", "they cannot be collected"))
            return True
        source = self._path.read_text(encoding="utf-8")
        self._load_catalog()
        functions = functions_of(self._path)
        prepared = self._known
        if prepared is None:
            prepared, failed = self._as_it_is(session, source, functions)
            if failed:
                self._channel.send(("red", failed))
                return True
        self._channel.send(("ready", prepared))
        limits = limits_of(prepared)
        gc.collect()
        gc.freeze()  # a fork that does not look through what is there does not copy it
        items = {item.nodeid: item for item in session.items}
        original = compile(source, self._path, "exec", dont_inherit=True)
        with suppress(EOFError):
            while (asked := self._channel.recv()) is not None:
                place, order = asked
                changed = compile(prepared.mutants[place].mutant.source, self._path, "exec", dont_inherit=True)
                found = replacement(original, changed, functions, self.at_import.functions)
                if found is None:
                    self._channel.send(None)
                    continue
                chosen = [items[test] for test in order if test in items]
                status, told = fork(limits, lambda c=chosen, f=found: _run(session, c, Watch(limits), f))
                self._channel.send(fate(status, told))
        return True

    def _load_catalog(self) -> None:
        """Read the catalogue once for all, where nothing of the module is entered for it."""

        def trial() -> tuple[int, list[Any]]:
            entered = Entered(self._path)
            entered.follow()
            self._read_catalog()
            entered.leave()
            return (FAILED if entered.functions else PASSED), []

        if fork(Limits(), trial)[0] == PASSED:
            self._read_catalog()

    @staticmethod
    def _read_catalog() -> None:
        from motcua.catalog import load_catalog
        from motcua.settings import Settings

        load_catalog(Settings.load().catalog_dir)

    def _as_it_is(self, session: Any, source: str, functions: Functions) -> tuple[Prepared, str]:
        started, used = time.monotonic(), processor_seconds()
        lines: set[int] = set()
        codes = noting(source, self._path)

        def work() -> tuple[int, list[Any]]:
            setattr(builtins, NOTE, lines.add)
            for place, found in functions.items():
                for function in found:
                    function.__code__ = codes[place]
            return _run(session, session.items, Watch(Limits(), lines), None)

        status, told = fork(Limits(), work)
        if status != PASSED or not told:
            return Prepared([]), told[0] if told else "their process ended"
        every = [FileMutant(self._file, mutant) for mutant in mutants(source)]
        return Prepared(
            every,
            {test: set(lines) for test, lines in told[2].items()},
            told[3],
            told[1],
            processor_seconds() - used,
            time.monotonic() - started,
        ), ""


def _run(session: Any, items: list[Any], watch: Watch, found: Replacement | None) -> tuple[int, list[Any]]:
    """Run tests of the session in this process, with a function replaced."""
    from _pytest.main import pytest_runtestloop

    if found:
        for function in found.functions:
            function.__code__ = found.code
    session.items[:] = items
    session.config.pluginmanager.register(watch)
    with suppress(session.Failed, session.Interrupted):
        pytest_runtestloop(session)
    return (FAILED if session.testsfailed else PASSED), watch.told()


def _collect(path: Path, tests: Sequence[str], worker: Worker, plugin: Any) -> None:
    """Run pytest over test files in this process, which ends with it."""
    status = FAILED
    try:
        plugin.at_import.follow()
        status = run_pytest(tests, [plugin])
        atexit._run_exitfuncs()  # the test session clears its folder away
    finally:
        sys.stdout.flush()
        os._exit(status)


# A change that shows while modules are imported.


class _Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from other source than its file's."""

    source = ""

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec", dont_inherit=True)


class _Finder:
    """Finds the changed module before Python finds its file."""

    def __init__(self, path: Path, source: str) -> None:
        self._name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        self._path, self._source = path, source

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> Any:
        if name != self._name:
            return None
        loader = _Changed(name, str(self._path))
        loader.source = self._source
        return importlib.util.spec_from_file_location(name, self._path, loader=loader)


def _anew(path: Path, mutant: Mutant, order: Sequence[str], worker: Worker, limits: Limits) -> tuple[str, str]:
    files = list(dict.fromkeys(test.partition("::")[0] for test in order))
    # The first test loads what a process that serves forks has loaded before.
    limits = replace(limits, one_test=limits.one_test + ANEW)

    def work() -> tuple[int, list[Any]]:
        watch = Watch(limits)
        sys.meta_path.insert(0, _Finder(path, mutant.source))  # type: ignore[arg-type]
        status = run_pytest(files, [watch, Chosen(worker, order)])
        atexit._run_exitfuncs()
        return status, watch.told()

    status, told = fork(limits, work)
    if status == NOT_BEGUN:  # the change breaks what a conftest.py imports, unless it was something else
        status, told = fork(limits, work)
    return fate(status, told)
