"""Gives mutants to workers, each with a PostgreSQL server of its own, and tells what became of every file.

A unit is what one process prepares once: the tests of a module collected, or the cases of the statements read. A worker
takes the next unit from the queue; when none is left it helps with the unit that has most to do, so that one slow
module does not end the run alone. Processes are forked from this one, which has the libraries loaded and nothing of
motcua.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".motcua" / "mutation"
KILLED, TOO_LONG, SURVIVED, NOT_COMPILED = "killed", "too long", "survived", "not compiled"
_START = """
import psycopg
from motcua.settings import Settings
from motcua.warehouse import embedded, upgrade_databases
from motcua.warehouse.engine import libpq_dsn
with psycopg.connect(embedded.ensure_server(Settings.load().work_dir / "pg"), autocommit=True) as connection:
    for setting in ("fsync", "full_page_writes"):
        connection.execute(f"alter system set {setting} = off")
    connection.execute("select pg_reload_conf()")
upgrade_databases()
print(libpq_dsn("motcua_store"))
print(libpq_dsn("motcua_warehouse"))
"""
_STOP = """
from motcua.settings import Settings
from motcua.warehouse import embedded
embedded.stop_server(Settings.load().work_dir / "pg")
"""


class Change(Protocol):
    """A mutant, as far as the pool has to know it."""

    @property
    def file(self) -> str: ...

    @property
    def line(self) -> int: ...

    @property
    def key(self) -> tuple[str, str, str]:
        """Its file, its function or the text of its line, and the change: what an explanation names."""


@dataclass(frozen=True)
class Prepared:
    """What is known of a unit before its first mutant.

    Attributes:
        reached: by test, the lines of the module that it executes; empty where all cases belong to each mutant.
        seconds: by test, how long it takes.
        longest, processor, clock: seconds of the longest test and of all, for the limits of a mutant.
    """

    mutants: list[Any]
    reached: dict[str, set[int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    longest: float = 0.0
    processor: float = 0.0
    clock: float = 0.0


class Unit(Protocol):
    """What a process prepares once and then puts mutants of under test."""

    @property
    def name(self) -> str: ...

    @property
    def files(self) -> Sequence[str]:
        """The files whose mutants it has; of one without any mutant there is an outcome too."""

    def serve(self, channel: Connection, worker: Worker, known: Prepared | None) -> None:
        """Send ("ready", Prepared) or ("red", why); then for each (place, order of tests) a (fate, who killed it)."""

    def order(self, prepared: Prepared, mutant: Any, killers: Counter[tuple[str, str]]) -> list[str]:
        """Return the tests for a mutant, those that most likely kill it in the least time first."""


@dataclass(frozen=True)
class Worker:
    """A place where one process at a time runs: its number, its folder and its databases."""

    number: int
    folder: Path
    server: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What became of the mutants of one file, in their order, and how many seconds of a worker they took."""

    file: str
    fates: list[tuple[Any, str]]
    seconds: float


@dataclass
class _Progress:
    """A unit under way."""

    unit: Unit
    prepared: Prepared | None = None
    waiting: deque[int] = field(default_factory=deque)
    fates: dict[int, str] = field(default_factory=dict)
    took: dict[int, float] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    killers: Counter[tuple[str, str]] = field(default_factory=Counter)
    doubted: set[int] = field(default_factory=set)

    def take(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.waiting.extend(range(len(prepared.mutants)))
        self.left.update(mutant.file for mutant in prepared.mutants)

    @property
    def seconds_left(self) -> float:
        """The seconds that are still to come, guessed from those gone by."""
        each = sum(self.took.values()) / len(self.took) if self.took else 1.0
        return each * len(self.waiting)

    def outcome(self, file: str) -> Outcome:
        assert self.prepared
        places = [place for place, mutant in enumerate(self.prepared.mutants) if mutant.file == file]
        fates = [(self.prepared.mutants[place], self.fates[place]) for place in places]
        return Outcome(file, fates, sum(self.took[place] for place in places))


@dataclass
class _Process:
    """A process that serves a unit for a worker."""

    worker: Worker
    progress: _Progress
    pid: int
    place: int = -1
    since: float = 0.0

    def ended(self) -> None:
        os.waitpid(self.pid, 0)


class Red(Exception):
    """The tests of a unit fail without any change."""


def run(
    units: Sequence[Unit], workers: Sequence[Worker], explained: Container[tuple[str, str, str]] = ()
) -> Iterator[Outcome | Red]:
    """Put every mutant of the units under test; yield what became of each file, and units whose tests are red.

    A mutant that is explained and does not survive is tried once more: a test may have failed for another reason.
    """
    queue = deque(units)
    under_way: list[_Progress] = []
    busy: dict[Connection, _Process] = {}
    idle = list(workers)
    try:
        while True:
            while idle and (progress := _next(queue, under_way)):
                channel, process = _fork(idle.pop(0), progress, list(busy))
                busy[channel] = process
            if not busy:
                return
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                process = busy[ready]
                progress = process.progress
                try:
                    message = ready.recv()
                except EOFError:
                    _ended(busy, ready, idle)
                    if process.place >= 0 or progress.prepared is None:
                        under_way = [each for each in under_way if each is not progress]
                        where = f"see {process.worker.folder}.log"
                        yield Red(f"{progress.unit.name}: its process ended before its work did; {where}")
                    continue
                if message[0] == "red":
                    under_way = [each for each in under_way if each is not progress]
                    _ended(busy, ready, idle)
                    yield Red(f"{progress.unit.name}: its tests are red without any change: {message[1]}")
                    continue
                if message[0] == "ready":
                    if progress.prepared is None:
                        progress.take(message[1])
                        for file in progress.unit.files:
                            if not progress.left[file]:
                                yield Outcome(file, [], 0.0)
                        print(f"{progress.unit.name}: {len(progress.waiting)} mutants", flush=True)
                else:
                    yield from _note(process, explained, *message)
                if not _ask(ready, process):
                    _ended(busy, ready, idle)
                under_way = [each for each in under_way if each.prepared is None or each.waiting]
    finally:
        for process in busy.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


def _next(queue: deque[Unit], under_way: list[_Progress]) -> _Progress | None:
    """Return the next unit of the queue, or the one under way that a second worker shortens most."""
    if queue:
        under_way.append(_Progress(queue.popleft()))
        return under_way[-1]
    ready = [each for each in under_way if each.prepared and each.seconds_left > each.prepared.clock + 5]
    return max(ready, key=lambda each: each.seconds_left, default=None)


def _fork(worker: Worker, progress: _Progress, others: list[Connection]) -> tuple[Connection, _Process]:
    ours, theirs = Pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.setpgrp()  # so that it ends with the processes it starts
            ours.close()
            for other in others:
                other.close()
            log = os.open(f"{worker.folder}.log", os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            progress.unit.serve(theirs, worker, progress.prepared)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(0)
    theirs.close()
    return ours, _Process(worker, progress, pid)


def _ask(channel: Connection, process: _Process) -> bool:
    """Send the next mutant of a unit to a process; False where there is none."""
    progress = process.progress
    if not progress.waiting or progress.prepared is None:
        with suppress(BrokenPipeError):
            channel.send(None)
        return False
    process.place, process.since = progress.waiting.popleft(), time.monotonic()
    mutant = progress.prepared.mutants[process.place]
    channel.send((process.place, progress.unit.order(progress.prepared, mutant, progress.killers)))
    return True


def _note(process: _Process, explained: Container[tuple[str, str, str]], fate: str, killer: str) -> Iterator[Outcome]:
    progress, place = process.progress, process.place
    assert progress.prepared
    mutant = progress.prepared.mutants[place]
    if fate in (KILLED, TOO_LONG) and mutant.key in explained and place not in progress.doubted:
        progress.doubted.add(place)
        progress.waiting.appendleft(place)
        process.place = -1
        return
    progress.fates[place], progress.took[place] = fate, time.monotonic() - process.since
    process.place = -1
    if killer:
        progress.killers[killer, ""] += 1
        progress.killers[killer, getattr(mutant, "function", "")] += 1
    if fate in (SURVIVED, TOO_LONG):
        print(f"  {mutant.file}:{mutant.line} {fate}: {mutant.change}", flush=True)
    progress.left[mutant.file] -= 1
    if not progress.left[mutant.file]:
        yield progress.outcome(mutant.file)


def _ended(busy: dict[Connection, _Process], channel: Connection, idle: list[Worker]) -> None:
    process = busy.pop(channel)
    process.ended()
    channel.close()
    idle.append(process.worker)


@contextmanager
def servers(count: int) -> Iterator[list[Worker]]:
    """Start and migrate a server for each worker, in processes of their own: nothing of motcua is loaded here."""
    folders = [WORK / str(number) for number in range(count)]
    for name in ("MOTCUA_STORE_DSN", "MOTCUA_WAREHOUSE_DSN", "MOTCUA_CATALOG"):
        os.environ.pop(name, None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # through what is to be closed
    for folder in folders:
        if folder.exists():
            _python(_STOP, folder).wait()
            shutil.rmtree(folder, ignore_errors=True)
    try:
        started = [_python(_START, folder) for folder in folders]
        workers = []
        for number, (folder, process) in enumerate(zip(folders, started, strict=True)):
            told, _ = process.communicate()
            if process.returncode:
                raise SystemExit(f"The server of {folder} did not start.")
            names = ("MOTCUA_STORE_DSN", "MOTCUA_WAREHOUSE_DSN")
            workers.append(Worker(number, folder, dict(zip(names, told.split(), strict=True))))
        yield workers
    finally:
        for folder in folders:
            _python(_STOP, folder).wait()
            shutil.rmtree(folder, ignore_errors=True)


def _python(code: str, folder: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"MOTCUA_WORK": str(folder)}
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
