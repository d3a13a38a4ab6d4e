"""Fixtures shared by every test: a work folder of its own and real databases in it.

The environment is set before anything of motcua or Airflow is imported, so no test touches the developer's work
folder. One embedded server serves the whole session; `databases` empties both databases for each test.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Folders whose tests share an Airflow, or a sandbox in a process of its own.
SHARED = {"dags", "docs", "e2e", "sandbox"}
WORK = Path(tempfile.mkdtemp(prefix="motcua-test-"))
WORK.chmod(0o755)  # the server runs as its own user when the tests run as root
os.environ.update(
    MOTCUA_WORK=str(WORK),
    MOTCUA_HMAC_KEY="test:" + "5a" * 32,
    GX_ANALYTICS_ENABLED="false",
    AIRFLOW_HOME=str(WORK / "airflow"),
)
for name in (
    "MOTCUA_STORE_DSN",
    "MOTCUA_WAREHOUSE_DSN",
    "MOTCUA_PROVINCE",
    "MOTCUA_CATALOG",
    "MOTCUA_LANDING",
    "MOTCUA_HMAC_PREVIOUS_KEYS",
):
    os.environ.pop(name, None)


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    """Start the embedded server, migrate both databases, stop the server at the end."""
    from motcua.warehouse import embedded, upgrade_databases

    upgrade_databases()
    yield
    embedded.stop_server(WORK / "pg")


@pytest.fixture
def databases(database_server: None) -> None:
    """Empty both databases."""
    from tests.store_world import empty_databases

    empty_databases()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file on one worker, and a folder that shares something costly to start; xdist parts the rest."""
    for item in items:
        folder = item.path.parent
        place = folder if folder.name in SHARED else item.path
        item.add_marker(pytest.mark.xdist_group(str(place)))
