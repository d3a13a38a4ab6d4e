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
    from sqlalchemy import text

    from motcua.reference_docs import TABLES
    from motcua.warehouse import store_engine, warehouse_engine

    with store_engine().begin() as connection:
        connection.execute(text(f"truncate {', '.join(TABLES['store'])}"))
    with warehouse_engine().begin() as connection:
        for table in ("edition", "edition_figure"):
            connection.execute(text(f"alter table {table} disable trigger {table}_immutable"))
        connection.execute(text("truncate edition, edition_figure"))
        for table in ("edition", "edition_figure"):
            connection.execute(text(f"alter table {table} enable trigger {table}_immutable"))
