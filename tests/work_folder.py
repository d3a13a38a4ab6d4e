"""The folder a test session works in: `.motcua/test-…` of the checkout, gone at the end with every process it started.

A session holds a lock in its folder for as long as it lives. What a killed session leaves has no such lock, and the
next session clears it away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

CHECKOUT = Path(__file__).resolve().parents[1]
VARIABLE = "MOTCUA_TEST_SESSION"  # holds the folder, in the environment of everything that a session starts
PREFIX = "test-"
LOCK = "session.lock"
SECONDS_TO_END = 10
# A Unix socket's path has at most 107 bytes; after this one comes test-abcdefgh/t/popen-gw0/fresh0/pg/.s.PGSQL.5432.
LONGEST_HOME = 50

_locks: list[IO[str]] = []  # a lock lasts as long as its file is open


def home_of(checkout: Path) -> Path:
    """Return where the sessions of a checkout have their folders."""
    home = checkout / ".motcua"
    return home if len(str(home)) <= LONGEST_HOME else Path(tempfile.gettempdir()) / "motcua-tests"


def open_session(home: Path) -> Path:
    """Clear away what dead sessions left and return a new folder, held until this process ends."""
    home.mkdir(parents=True, exist_ok=True)
    for folder in home.glob(f"{PREFIX}*"):
        if not is_alive(folder):
            clear_away(folder)
    made = Path(tempfile.mkdtemp(prefix="new-", dir=home))
    made.chmod(0o755)  # the databases run as users of their own when the tests run as root
    lock = (made / LOCK).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    _locks.append(lock)
    return made.rename(home / made.name.replace("new-", PREFIX, 1))  # nobody sees it before it is locked


def is_alive(folder: Path) -> bool:
    """Tell whether the session of a folder still runs."""
    try:
        with (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def processes_of(folder: Path) -> list[psutil.Process]:
    """Return the processes that a session started, by what they inherit from it; never this one."""
    found = []
    for process in psutil.process_iter():
        try:
            session = process.environ().get(VARIABLE)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        if session == str(folder) and process.pid != os.getpid():
            found.append(process)
    return found


def end_processes(folder: Path) -> list[str]:
    """End the processes of a session and return their command lines; those that do not listen are killed."""
    left = processes_of(folder)
    told = []
    for process in left:
        with suppress(psutil.NoSuchProcess):
            told.append(f"{process.pid} {' '.join(process.cmdline())}")
            process.terminate()
    for _ in range(100 * SECONDS_TO_END):
        if not any(map(is_running, left)):
            return told
        time.sleep(0.01)
    for process in filter(is_running, left):
        process.kill()
    return told


def is_running(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that nobody waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def clear_away(folder: Path) -> None:
    """End what runs in a folder and remove it."""
    end_processes(folder)
    shutil.rmtree(folder, ignore_errors=True)  # another session may clear it away at the same time


class Strays:
    """Writes of this process outside the places where tests may write. Call `watch` once; there is no way back."""

    def __init__(self, *allowed: Path) -> None:
        self._allowed = tuple(f"{path}/" for path in (*allowed, Path("/dev"), Path("/proc")))
        self.is_testing = False
        self.found: list[str] = []

    def note(self, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a file that is already open
        whole = os.path.abspath(os.fsdecode(path))
        if not whole.startswith(self._allowed) and "/__pycache__" not in whole:
            self.found.append(whole)

    def hear(self, event: str, args: tuple[object, ...]) -> None:
        """Note one event of the interpreter (`sys.addaudithook`)."""
        if not self.is_testing:
            return
        if event == "open":
            if isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self.note(args[0])
        elif event == "os.mkdir":
            self.note(args[0])
        elif event in ("os.rename", "os.link", "os.symlink"):
            self.note(args[1])
