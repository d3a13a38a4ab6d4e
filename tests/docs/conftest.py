"""A copy of the project in which pages are run, with what `make demo` would have left in its work folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import WORK
from tests.docs import preloaded
from tests.docs.run import run_page
from tests.work_folder import VARIABLE

from motcua.demo.processes import free_ports
from motcua.settings import PROJECT_ROOT
from motcua.warehouse import embedded

# Ports that pages name; each test run takes free ones instead.
PORTS = ("8400", "8600")
# What of the project pages use or edit.
COPIED = (
    "include",
    "expectations",
    "docs",
    "Makefile",
    ".env.example",
    "docker-compose.yaml",
    "tests/unit/cli/cases",
    "tests/unit/cli/foreign",
)
# What the demos leave, in small: a few sources of each scenario, one night, one edition; one server for both. The
# second world has record numbers of the first, so its changes are accepted.
DEMOS = """
```console
$ python -m motcua.sandbox --scenario small --port 8400 &
sandbox ready on ...
$ export MOTCUA_WORK=.motcua/demo/tra-vinh-2023-10 MOTCUA_PROVINCE=84
$ export AIRFLOW_CONN_ONESTOP_TRA_VINH=http://motcua:sandbox@127.0.0.1:8400
$ motcua ingest --source tra-vinh.centre --source tra-vinh.d842 --source tra-vinh.c29236 \\
    --from 2023-10-01 --to 2023-10-31
...
3 of 3 sources loaded.
$ motcua report publish form-06 --unit 84 --period CAL_MONTH:2023-10
$ kill %1; wait
$ python -m motcua.sandbox --scenario vinh-long-2025-07 --port 8400 &
sandbox ready on ...
$ mkdir -p .motcua/demo/vinh-long-2025-07 && ln -s ../tra-vinh-2023-10/pg .motcua/demo/vinh-long-2025-07/pg
$ export MOTCUA_WORK=.motcua/demo/vinh-long-2025-07 MOTCUA_PROVINCE=86:2025
$ export AIRFLOW_CONN_ONESTOP_VINH_LONG=http://motcua:sandbox@127.0.0.1:8400
$ motcua ingest --source tra-vinh.centre --source tra-vinh.c29236 --from 2025-06-01 --to 2025-06-30 --accept-changes
$ motcua ingest --source vinh-long.centre --source vinh-long.c29263 --from 2025-07-01 --to 2025-07-14
```
"""


@dataclass(frozen=True)
class Checkout:
    """A folder that looks like a fresh checkout after `make setup` and `make demo`, and how a reader's shell is set."""

    folder: Path
    environment: dict[str, str]
    ports: dict[str, str]

    def run(self, page: str) -> None:
        """Run a page of the project. Raises as `run_page` does."""
        try:
            self.run_text((PROJECT_ROOT / page).read_text(encoding="utf-8"))
        finally:
            self.restore()

    def run_text(self, text: str) -> None:
        """Run a text as a page, with ports that are free on this machine."""
        for named, taken in self.ports.items():
            text = text.replace(named, taken)
        run_page(text, self.folder, self.environment)

    def restore(self) -> None:
        """Undo what a page did to the files of the project; the work folder stays."""
        for name in COPIED:
            original, copy = PROJECT_ROOT / name, self.folder / name
            if original.is_dir():
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(original, copy)
            else:
                shutil.copy2(original, copy)


@pytest.fixture(scope="session")
def checkout() -> Iterator[Checkout]:
    folder = WORK / "checkout"
    address = str(WORK / "motcua.socket")
    binaries = folder / ".venv" / "bin"
    binaries.mkdir(parents=True)
    _script(binaries / "motcua", preloaded.CLIENT.format(python=sys.executable, address=address))
    _script(binaries / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    environment = {
        "PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "MOTCUA_HOME": str(folder),
        "PYTHONPATH": str(PROJECT_ROOT),
        "GX_ANALYTICS_ENABLED": "false",
        "NO_PROXY": "127.0.0.1",
        **{name: os.environ[name] for name in (VARIABLE, "TMPDIR", "XDG_RUNTIME_DIR")},
    }
    found = Checkout(folder, environment, dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True)))
    found.restore()
    command = [sys.executable, "-m", "tests.docs.preloaded", address, str(folder / "include" / "catalog")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, cwd=folder, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == preloaded.READY
        try:
            found.run_text(DEMOS)
            yield found
        finally:
            server.terminate()
            for data in (folder / ".motcua").rglob("PG_VERSION"):
                embedded.stop_server(data.parent)


def _script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
