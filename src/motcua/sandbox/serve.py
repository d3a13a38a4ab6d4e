"""Starts the sandbox, in this process or in a separate process."""

from __future__ import annotations

import gc
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
import uvicorn

from motcua.errors import SourceUnavailable
from motcua.sandbox.app import Sandbox
from motcua.sandbox.systems import igate, tandan
from motcua.sandbox.systems.opencps import BASE_PATH
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.scenario import load_scenario

LOGIN_VARIABLE, PASSWORD_VARIABLE = "MOTCUA_SANDBOX_LOGIN", "MOTCUA_SANDBOX_PASSWORD"
DEFAULT_LOGIN, DEFAULT_PASSWORD = "motcua", "sandbox"
_READY = "sandbox ready on "


def serve(scenario_id: str, port: int, hosts: int = 1) -> None:
    """Build a scenario's world and serve it on 127.0.0.1 until the process is stopped; port 0 uses a free port.

    With more than one of `hosts` it also serves on 127.0.0.2 and so on, so that a client sees that many machines (Linux
    only). It prints one line when it listens: `sandbox ready on http://127.0.0.1:<port>`. The account is taken from
    MOTCUA_SANDBOX_LOGIN and MOTCUA_SANDBOX_PASSWORD.
    """
    login = os.environ.get(LOGIN_VARIABLE) or DEFAULT_LOGIN
    password = os.environ.get(PASSWORD_VARIABLE) or DEFAULT_PASSWORD
    sandbox = Sandbox(build_world(load_scenario(scenario_id)), login, password)
    gc.freeze()  # the world never becomes garbage, so the collector must not scan it for every page
    first = socket.create_server(("127.0.0.1", port), backlog=128)
    port = first.getsockname()[1]
    others = [socket.create_server((f"127.0.0.{number}", port), backlog=128) for number in range(2, hosts + 1)]
    print(f"{_READY}http://127.0.0.1:{port}", flush=True)
    config = uvicorn.Config(sandbox.app(), log_level="warning", access_log=False, lifespan="off", date_header=False)
    uvicorn.Server(config).run(sockets=[first, *others])


class SandboxServer:
    """The sandbox in a separate process, for the demo and the tests. It can be used as a context manager.

    Attributes:
        url: address of the server without a path. `base_url` is the address of OpenCPS, `base_url_of` that of any
            protocol.
        login, password: the account that the server accepts.
    """

    def __init__(
        self, scenario_id: str, *, port: int = 0, login: str = "motcua", password: str = "", hosts: int = 1
    ) -> None:
        self.scenario_id = scenario_id
        self._hosts = hosts
        self.login = login
        self.password = password or secrets.token_urlsafe(12)
        self.url = ""
        self._port = port
        self._process: subprocess.Popen[str] | None = None

    @property
    def base_url(self) -> str:
        return f"{self.url}{BASE_PATH}"

    def base_url_of(self, protocol: str) -> str:
        """Return the base URL of a protocol (opencps, igate, tandan)."""
        return self.url + {"opencps": BASE_PATH, "igate": igate.BASE_PATH, "tandan": tandan.BASE_PATH}[protocol]

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, log: Path | None = None) -> SandboxServer:
        """Start the process and wait until it listens. Its error output goes to `log`, or to this process's stderr.

        Raises:
            SourceUnavailable: the process ended before it listened.
        """
        command = [sys.executable, "-m", "motcua.sandbox", "--scenario", self.scenario_id, "--port", str(self._port)]
        command += ["--hosts", str(self._hosts)]
        account = {LOGIN_VARIABLE: self.login, PASSWORD_VARIABLE: self.password}
        errors = log.open("ab") if log else None
        try:
            self._process = subprocess.Popen(
                command, env={**os.environ, **account}, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        finally:
            if errors:
                errors.close()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(_READY):
            code = self._process.wait()
            raise SourceUnavailable(
                f"The sandbox of {self.scenario_id} ended with code {code} before it listened.",
                action=f"run `{' '.join(command)}` and read its error output.",
            )
        self.url = line.removeprefix(_READY).strip()
        return self

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._process = None

    def set_night(self, night: int) -> None:
        """Make every system serve its state on a night, from 1 to the scenario's `nights`."""
        self._post("night", {"night": night})

    def set_down(self, group_ids: Sequence[int]) -> None:
        """Make exactly these systems answer 503."""
        self._post("down", {"group_ids": list(group_ids)})

    def set_faults(self, faults: Sequence[Mapping[str, Any]], *, seed: int = 0) -> None:
        """Make exactly these faults active (motcua.sandbox.systems.faults). An empty list clears all faults."""
        self._post("faults", {"seed": seed, "faults": list(faults)})

    def faults(self) -> list[dict[str, Any]]:
        """Return the active faults, each with the number of requests that it checked (`seen`) and hit (`fired`)."""
        found: list[dict[str, Any]] = self._get("faults")["faults"]
        return found

    def plant(self, planted: Sequence[Mapping[str, Any]]) -> None:
        """Make the National Portal's figures differ in exactly these ways (`systems.national_portal.Planted`)."""
        self._post("portal", list(planted))

    def set_token_seconds(self, seconds: float) -> None:
        """Set the lifetime of the tokens that are issued from now on."""
        self._post("tokens", {"expires_in": seconds})

    def reset_served(self) -> None:
        self._post("served/reset", {})

    def status(self) -> dict[str, Any]:
        return self._get("status")

    def served(self) -> dict[int, dict[str, Any]]:
        """Return, by groupId, the counts answered since the last reset and those that a complete pull would find."""
        return {int(group_id): cell for group_id, cell in self._get("served").items()}

    def _get(self, control: str) -> dict[str, Any]:
        answer = requests.get(f"{self.url}/_sandbox/{control}", timeout=30)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content

    def _post(self, control: str, content: Any) -> None:
        requests.post(f"{self.url}/_sandbox/{control}", json=content, timeout=30).raise_for_status()

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
