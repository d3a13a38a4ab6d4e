"""Starting and stopping processes: nothing of ours outlives its stop, nothing of others is touched."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tests.work_folder import is_running

from motcua.demo.processes import (
    Service,
    free_ports,
    read_register,
    start_service,
    stop_services,
    wait_for_end,
    write_register,
)
from motcua.errors import ConfigurationError

# A parent that starts a child in a process group of its own, as Airflow does with a task, and ignores SIGTERM.
STUBBORN_FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('child', flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", code], process_group=0)
time.sleep(60)
"""


def start(code: str, folder: Path) -> Service:
    return start_service("test", [sys.executable, "-c", code], os.environ, folder / "log", folder)


def wait_until(happened: Callable[[], bool]) -> None:
    for _ in range(1000):
        if happened():
            return
        time.sleep(0.05)
    pytest.fail("it never happened")


def test_stopping_also_stops_children_in_groups_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motcua.demo.processes.STOP_SECONDS", 1.0)
    service = start(STUBBORN_FAMILY, tmp_path)
    wait_until(lambda: service.log.exists() and "child" in service.log.read_text())
    parent = psutil.Process(service.pid)
    family = [parent, *parent.children(recursive=True)]
    assert len(family) == 2
    stop_services([service])
    wait_until(lambda: not any(map(is_running, family)))
    stop_services([service])


def test_another_process_stops_the_services_in_the_register(tmp_path: Path) -> None:
    service = start("import time; time.sleep(60)", tmp_path)
    write_register(tmp_path / "stack.json", [service])
    code = (
        "from pathlib import Path\n"
        "from motcua.demo.processes import read_register, stop_services\n"
        f"stop_services(read_register(Path({str(tmp_path / 'stack.json')!r})))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
    assert not service.is_running
    stop_services([service])


def test_a_later_process_with_the_same_id_is_left_alone(tmp_path: Path) -> None:
    service = start("import time; time.sleep(60)", tmp_path)
    earlier = Service(service.name, service.pid, service.started_at - 100, service.log)
    assert not earlier.is_running
    stop_services([earlier])
    assert service.is_running
    stop_services([service])
    assert not service.is_running


def test_without_a_register_there_is_nothing_to_stop(tmp_path: Path) -> None:
    assert read_register(tmp_path / "stack.json") == []


def test_a_service_that_fails_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    service = start("print('the reason'); raise SystemExit(3)", tmp_path)
    with pytest.raises(ConfigurationError, match="the reason"):
        wait_for_end(service, timeout=20)


def test_free_ports_are_distinct_and_can_be_listened_on() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    with socket.create_server(("127.0.0.1", ports[0])):
        assert ports[0] not in free_ports(5)
