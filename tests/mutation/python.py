"""Puts the mutants of a module under the tests of that module (`python.toml`), each in a forked process.

A process of its own imports motcua, collects the tests of the module and stops before the first. Each mutant has a fork
of it, in which the changed function has its new code. A change that shows already while modules are imported or tests
collected (a constant, a default, a function that a module calls) has a process that imports everything anew, and only
the test files that it needs. Nothing in the tree is written. What takes far longer than the code as it is is killed.
"""

from __future__ import annotations

import ast
import atexit
import builtins
import gc
import importlib
import importlib.machinery
import importlib.util
import inspect
import json
import os
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any
from unittest import mock

from pluggy import HookimplMarker
from tests.mutation.operators import Mutant, mutants
from tests.mutation.pool import KILLED, ROOT, SURVIVED, TOO_LONG, Prepared, Worker

LIBRARIES = (
    "adbc_driver_postgresql.dbapi", "alembic.config", "fsspec", "holidays", "hypothesis", "jinja2", "numpy", "orjson",
    "pandas", "psutil", "psycopg", "pyarrow.parquet", "pydantic", "pytest", "requests",
    "sqlalchemy.dialects.postgresql.psycopg", "xlsxwriter", "yaml",
)  # fmt: skip
NOTE = "__motcua_line__"
OPTIONS = ("-x", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:randomly")
hookimpl = HookimplMarker("pytest")
PASSED, FAILED, NOT_BEGUN, NO_TESTS = 0, 1, 4, 5
# How long a mutant may take: so many seconds, and so many times what the code takes as it is. One test and all together
# by the processor's time, and one by the clock, for one that waits instead of working; that goes on while others work.
ONE_TEST, PROCESSOR, CLOCK = (2, 3), (10, 3), (20, 8)


Place = tuple[str, int]  # the name and the first line of a function
Functions = dict[Place, list[FunctionType]]


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


@dataclass(frozen=True)
class Module:
    """A module and the files of its tests, the quickest first."""

    name: str
    tests: tuple[str, ...]

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
                    answer = _anew(path, mutant, asked[1], worker, _limits(prepared))
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


@dataclass(frozen=True)
class _Limits:
    """Seconds: of the processor for one test and for all, and by the clock."""

    one_test: float = 3600
    processor: int = 3600
    seconds: Mapping[str, float] = field(default_factory=dict)

    def clock(self, test: str) -> float:
        """Return how many seconds a test may take by the clock."""
        return CLOCK[0] + CLOCK[1] * self.seconds.get(test, 0) if self.seconds else 3600


def _limits(prepared: Prepared) -> _Limits:
    return _Limits(
        ONE_TEST[0] + ONE_TEST[1] * prepared.longest,
        int(PROCESSOR[0] + PROCESSOR[1] * prepared.processor),
        prepared.seconds,
    )


def _name(nodeid: str) -> str:
    """Return a test's name without its parameters, which may be made from what a mutant changes."""
    return nodeid.partition("[")[0]


class _Entered:
    """The functions of a file that are entered while it is followed."""

    def __init__(self, path: Path) -> None:
        self._file = str(path)
        self.functions: set[Place] = set()

    def follow(self) -> None:
        threading.setprofile(self._enter)
        sys.setprofile(self._enter)

    def leave(self) -> None:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]

    def _enter(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename == self._file:
            self.functions.add((frame.f_code.co_qualname, frame.f_code.co_firstlineno))


class _Noting(ast.NodeTransformer):
    """Lets each function tell which of its lines it executes, and first where it begins."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        begins = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        self.generic_visit(node)
        node.body = [self._note(node.body[0], begins), *node.body]
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.Module | ast.ClassDef):
            return node
        for name in ("body", "orelse", "finalbody"):
            if isinstance(statements := getattr(node, name, None), list):
                noted = [each for one in statements for each in (self._note(one, one.lineno), one)]
                setattr(node, name, noted)
        return node

    @staticmethod
    def _note(node: ast.stmt, line: int) -> ast.stmt:
        called = ast.Name(NOTE, ast.Load())
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(ast.Call(called, [ast.Constant(line)], [])), node))


class _Watch:
    """Follows a run of tests: the first that fails, and with `lines`, to which the module adds, what each executes and how long it takes.

    What is executed while a test is set up counts for all tests of its file: what is set up may serve them all.
    """

    def __init__(self, limits: _Limits, lines: set[int] | None = None) -> None:
        self._limits, self._lines = limits, lines
        self.failed = ""
        self.reached: dict[str, set[int]] = {}
        self.seconds: Counter[str] = Counter()
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


class _Chosen:
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


class _Warm(_Chosen):
    """Serves forks of a session whose tests are collected."""

    def __init__(self, path: Path, file: str, worker: Worker, channel: Connection, known: Prepared | None) -> None:
        super().__init__(worker, ())
        self._path, self._file, self._channel, self._known = path, file, channel, known
        self.at_import = _Entered(path)

    @hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        """Instead of running the tests, run them in forks as they are asked for."""
        self.at_import.leave()
        if session.testsfailed or not session.items:
            self._channel.send(("red", "they cannot be collected"))
            return True
        source = self._path.read_text(encoding="utf-8")
        self._load_catalog()
        functions = _functions(self._path)
        prepared = self._known
        if prepared is None:
            prepared, failed = self._as_it_is(session, source, functions)
            if failed:
                self._channel.send(("red", failed))
                return True
        self._channel.send(("ready", prepared))
        limits = _limits(prepared)
        gc.collect()
        gc.freeze()  # a fork that does not look through what is there does not copy it
        items = {item.nodeid: item for item in session.items}
        original = compile(source, self._path, "exec", dont_inherit=True)
        with suppress(EOFError):
            while (asked := self._channel.recv()) is not None:
                place, order = asked
                changed = compile(prepared.mutants[place].mutant.source, self._path, "exec", dont_inherit=True)
                found = _replacement(original, changed, functions, self.at_import.functions)
                if found is None:
                    self._channel.send(None)
                    continue
                chosen = [items[test] for test in order if test in items]
                status, told = _fork(limits, lambda c=chosen, f=found: _run(session, c, _Watch(limits), f))
                self._channel.send(_fate(status, told))
        return True

    def _load_catalog(self) -> None:
        """Read the catalogue once for all, where nothing of the module is entered for it."""

        def trial() -> tuple[int, list[Any]]:
            entered = _Entered(self._path)
            entered.follow()
            self._read_catalog()
            entered.leave()
            return (FAILED if entered.functions else PASSED), []

        if _fork(_Limits(), trial)[0] == PASSED:
            self._read_catalog()

    @staticmethod
    def _read_catalog() -> None:
        from motcua.catalog import load_catalog
        from motcua.settings import Settings

        load_catalog(Settings.load().catalog_dir)

    def _as_it_is(self, session: Any, source: str, functions: Functions) -> tuple[Prepared, str]:
        started, used = time.monotonic(), _processor_seconds()
        lines: set[int] = set()
        noting = compile(_Noting().visit(ast.parse(source)), self._path, "exec", dont_inherit=True)
        codes = {(code.co_qualname, code.co_firstlineno): code for code in _every(noting)}

        def work() -> tuple[int, list[Any]]:
            setattr(builtins, NOTE, lines.add)
            for place, found in functions.items():
                for function in found:
                    function.__code__ = codes[place]
            return _run(session, session.items, _Watch(_Limits(), lines), None)

        status, told = _fork(_Limits(), work)
        if status != PASSED or not told:
            return Prepared([]), told[0] if told else "their process ended"
        every = [FileMutant(self._file, mutant) for mutant in mutants(source)]
        return Prepared(
            every,
            {test: set(lines) for test, lines in told[2].items()},
            told[3],
            told[1],
            _processor_seconds() - used,
            time.monotonic() - started,
        ), ""


def _run(session: Any, items: list[Any], watch: _Watch, found: _Replacement | None) -> tuple[int, list[Any]]:
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


def _fate(status: int, told: list[Any]) -> tuple[str, str]:
    if status == PASSED:
        return SURVIVED, ""
    return (TOO_LONG if status < 0 else KILLED), told[0] if told else ""  # less than 0: ended by a signal


def _fork(limits: _Limits, work: Callable[[], tuple[int, list[Any]]]) -> tuple[int, list[Any]]:
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
        told = answer.read()
    _, waited = os.waitpid(child, 0)
    with suppress(ProcessLookupError):  # what it started and left
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(waited), json.loads(told) if told else []


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _collect(path: Path, tests: Sequence[str], worker: Worker, plugin: Any) -> None:
    """Run pytest over test files in this process, which ends with it."""
    status = FAILED
    try:
        plugin.at_import.follow()
        status = _pytest(tests, [plugin])
        atexit._run_exitfuncs()  # the test session clears its folder away
    finally:
        sys.stdout.flush()
        os._exit(status)


def _pytest(tests: Sequence[str], plugins: list[Any]) -> int:
    import pytest
    from hypothesis import Phase, settings

    # The same examples for every mutant; that there is one is enough, the smallest does not matter.
    settings.register_profile(
        "mutation", derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate]
    )
    settings.load_profile("mutation")
    return int(pytest.main([*tests, *OPTIONS], plugins))


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


def _anew(path: Path, mutant: Mutant, order: Sequence[str], worker: Worker, limits: _Limits) -> tuple[str, str]:
    files = list(dict.fromkeys(test.partition("::")[0] for test in order))

    def work() -> tuple[int, list[Any]]:
        watch = _Watch(limits)
        sys.meta_path.insert(0, _Finder(path, mutant.source))  # type: ignore[arg-type]
        status = _pytest(files, [watch, _Chosen(worker, order)])
        atexit._run_exitfuncs()
        return status, watch.told()

    status, told = _fork(limits, work)
    if status == NOT_BEGUN:  # the change breaks what a conftest.py imports, unless it was something else
        status, told = _fork(limits, work)
    return _fate(status, told)


# A change within a function.


@dataclass(frozen=True)
class _Replacement:
    """New code for functions that are there already."""

    functions: list[FunctionType]
    code: CodeType


def _functions(path: Path) -> Functions:
    """Return the functions of a file, wherever they are kept, by name and first line."""
    found: Functions = {}
    for each in gc.get_objects():
        if type(each) is FunctionType and each.__code__.co_filename == str(path):
            found.setdefault((each.__code__.co_qualname, each.__code__.co_firstlineno), []).append(each)
    return found


def _replacement(before: CodeType, after: CodeType, functions: Functions, entered: set[Place]) -> _Replacement | None:
    """Return the one function that differs; none where a module, a class or a function entered already does."""
    found = list(_different(before, after))
    if len(found) != 1 or found[0] is None:
        return None
    old, new = found[0]
    place = old.co_qualname, old.co_firstlineno
    if place in entered or place not in functions or old.co_freevars != new.co_freevars:
        return None
    return _Replacement(functions[place], new)


def _different(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType] | None]:
    """Yield the functions that differ, and none for what differs outside of them."""
    if _plain(before) != _plain(after):
        yield None
        return
    for old, new in zip(_nested(before), _nested(after), strict=True):
        if old.co_flags & inspect.CO_OPTIMIZED:
            if _whole(old) != _whole(new):
                yield old, new
        else:
            yield from _different(old, new)


def _plain(code: CodeType) -> tuple[Any, ...]:
    """Return what a code object does, without the code objects in it and without its lines."""
    constants = [None if isinstance(each, CodeType) else (type(each), repr(each)) for each in code.co_consts]
    return (
        code.co_name, code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars,
        code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags, code.co_exceptiontable,
    )  # fmt: skip


def _nested(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _every(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in _nested(code):
        yield from _every(each)


def _whole(code: CodeType) -> list[Any]:
    return [_plain(code), *map(_whole, _nested(code))]
