"""Fixtures shared by every test: a work folder of its own and real databases in it.

The environment is set before anything of motcua or Airflow is imported, so no test touches the developer's work
folder. One embedded server serves the whole session; `databases` empties both databases for each test. At the end
nothing is left: no process, no file outside the work folder, no work folder; and what was not run is said aloud.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

import pytest
from tests.work_folder import CHECKOUT, VARIABLE, Strays, clear_away, end_processes, home_of, open_session

# Folders whose tests share an Airflow, or a sandbox in a process of its own.
SHARED = {"dags", "docs", "e2e", "sandbox"}
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
SESSION = Path(os.environ[VARIABLE]) if WORKER else open_session(home_of(CHECKOUT))
WORK = SESSION / (WORKER or "main")
if not WORKER:
    atexit.register(clear_away, SESSION)  # first of all, so last of all: others write there while they end
for folder, mode in ((WORK, 0o755), (WORK / "tmp", 0o1777), (WORK / "run", 0o700)):
    folder.mkdir()
    folder.chmod(mode)
os.environ[VARIABLE] = str(SESSION)
os.environ.update(
    MOTCUA_WORK=str(WORK),
    MOTCUA_HMAC_KEY="test:" + "5a" * 32,
    GX_ANALYTICS_ENABLED="false",
    AIRFLOW_HOME=str(WORK / "airflow"),
    HYPOTHESIS_STORAGE_DIRECTORY=str(CHECKOUT / ".motcua" / "hypothesis"),  # what once failed is tried again
    TMPDIR=str(WORK / "tmp"),
    XDG_RUNTIME_DIR=str(WORK / "run"),
    XDG_CACHE_HOME=str(CHECKOUT / ".motcua" / "cache"),  # what libraries keep of entry points and fonts
)
tempfile.tempdir = None  # read TMPDIR again
for name in (
    "MOTCUA_STORE_DSN",
    "MOTCUA_WAREHOUSE_DSN",
    "MOTCUA_PROVINCE",
    "MOTCUA_CATALOG",
    "MOTCUA_LANDING",
    "MOTCUA_HMAC_PREVIOUS_KEYS",
):
    os.environ.pop(name, None)

STRAYS = Strays(CHECKOUT / ".motcua", SESSION)
sys.addaudithook(STRAYS.hear)


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    """Start the embedded server, migrate both databases, stop the server at the end."""
    from motcua.warehouse import embedded, upgrade_databases

    upgrade_databases()
    yield
    embedded.stop_server(WORK / "pg")


@pytest.fixture
def databases(database_server: None) -> None:
    """Empty both databases, and the landing and the reports beside them."""
    from tests.store_world import empty_databases

    empty_databases()
    for folder in ("landing", "reports"):
        shutil.rmtree(WORK / folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _writes_stay_in_the_work_folder() -> Iterator[None]:
    yield
    strays, STRAYS.found = STRAYS.found, []
    assert strays == [], "a test writes to tmp_path, or below MOTCUA_WORK, and nowhere else"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Iterator[None]:
    STRAYS.is_testing = True
    try:
        return (yield)
    finally:
        STRAYS.is_testing = False


@pytest.hookimpl(tryfirst=True)  # before pytest makes its own
def pytest_configure(config: pytest.Config) -> None:
    if config.option.basetemp is None:
        config.option.basetemp = str(SESSION / "t")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares something costly together, in the order drawn, but for the longest, which come first.

    Two workers take places from the front: one of them would otherwise be left with the longest in the end.
    """
    turns: dict[str, int] = {}
    for turn, item in enumerate(items):
        turns.setdefault(place_of(item.nodeid), turn)
    items.sort(key=lambda item: (not place_of(item.nodeid).endswith("e2e"), turns[place_of(item.nodeid)]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each place to one worker. Groups of xdist 3.8 do not hold under pytest 9.2 (pytest-xdist issue 1386)."""
    from xdist.scheduler import LoadScopeScheduling

    class ByPlace(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return place_of(nodeid)

    config.option.loadscopereorder = False
    return ByPlace(config, log)


def place_of(nodeid: str) -> str:
    """Return the file whose tests one worker runs, or the folder where all of them share something costly."""
    path = PurePath(nodeid.partition("::")[0])
    return str(next((folder for folder in path.parents if folder.name in SHARED), path))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what was not run, and why."""
    reasons = Counter(
        report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        for report in terminalreporter.stats.get("skipped", [])
    )
    for reason, count in reasons.items():
        terminalreporter.section(f"{count} tests NOT RUN", red=True, bold=True)
        terminalreporter.line(reason.removeprefix("Skipped: "))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Fail a session that leaves processes behind, and on the build server one that leaves tests out."""
    yield
    if WORKER:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    faults = [f"left running: {command}" for command in end_processes(SESSION)]
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        faults.append("the build server runs every test: .ci/run has to install what the skipped ones need")
    if faults:
        print("\n".join(["", *faults]), file=sys.stderr)
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
    if session.exitstatus == pytest.ExitCode.TESTS_FAILED:
        print(f"\nWhat the tests left is in {SESSION} until the next session.", file=sys.stderr)
        atexit.unregister(clear_away)
