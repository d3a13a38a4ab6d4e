"""Starts and stops processes. Each has a session of its own, so that stopping it also stops all it started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from motcua.errors import ConfigurationError

STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Service:
    """A process started by us. `started_at` (epoch seconds) distinguishes it from a later one with the same id."""

    name: str
    pid: int
    started_at: float
    log: Path

    @classmethod
    def of_pid(cls, name: str, pid: int, log: Path) -> Service:
        """Return the service of a process that is running now."""
        return cls(name, pid, psutil.Process(pid).create_time(), log)

    @property
    def is_running(self) -> bool:
        return _is_same(self.pid, self.started_at)

    def last_lines(self, count: int = 15) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])


def start_service(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, cwd: Path) -> Service:
    """Start a command in its own session, with its output in a log file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
        )
    _CHILDREN[process.pid] = process
    return Service.of_pid(name, process.pid, log)


def stop_services(services: Iterable[Service]) -> None:
    """Ask every service to end, then kill what remains of their sessions. Stopping twice is harmless."""
    alive = [service for service in services if _processes_of(service)]
    for service in alive:
        if service.is_running:
            _signal(service.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and any(_processes_of(service) for service in alive):
        time.sleep(0.1)
    for service in alive:
        for pid in _processes_of(service):
            _signal(pid, signal.SIGKILL)
    for service in alive:
        if child := _CHILDREN.pop(service.pid, None):
            child.wait(timeout=STOP_SECONDS)


def wait_for_end(service: Service, timeout: float) -> None:
    """Wait for a service that ends by itself. Raises ConfigurationError with the end of its log when it failed."""
    code = _CHILDREN[service.pid].wait(timeout=timeout)
    del _CHILDREN[service.pid]
    if code != 0:
        raise ended(service, f"doing its work (exit code {code})")


def write_register(path: Path, services: Iterable[Service]) -> None:
    """Write the started services to a file, so that another process can stop them."""
    rows = [{"name": s.name, "pid": s.pid, "started_at": s.started_at, "log": str(s.log)} for s in services]
    path.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def read_register(path: Path) -> list[Service]:
    """Return the services in a register; an empty list when there is no register."""
    if not path.exists():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [Service(row["name"], row["pid"], row["started_at"], Path(row["log"])) for row in rows]


def free_ports(count: int) -> list[int]:
    """Return distinct loopback ports on which nothing listens now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def ended(service: Service, what: str) -> ConfigurationError:
    """Return the error for a service that ended unexpectedly, with the end of its log."""
    return ConfigurationError(
        f"{service.name} ended while {what}. The end of {service.log}:\n{service.last_lines()}\n",
        action="correct what the log reports and start again.",
    )


_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


def _is_same(pid: int, started_at: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started_at) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _processes_of(service: Service) -> list[int]:
    """The service and the live processes of its session. Airflow gives each task a group, but never a session."""
    pids = [service.pid] if service.is_running else []
    for process in psutil.process_iter(["pid", "create_time", "status"]):
        try:
            is_of_session = process.pid != service.pid and os.getsid(process.pid) == service.pid
        except (ProcessLookupError, PermissionError):
            continue
        is_later = process.info["create_time"] >= service.started_at - 1
        if is_of_session and is_later and process.info["status"] != psutil.STATUS_ZOMBIE:
            pids.append(process.pid)
    return pids


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
