"""Schema changes by Alembic, with one history per database, and then the views from their SQL files.

Views have no migrations. After every upgrade each view of `include/sql/views/<database>/` is created again, so the file
in the tree is always the definition in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from motcua.settings import Settings
from motcua.warehouse.engine import store_engine, warehouse_engine

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class DatabaseStatus:
    """The revision of one database, and the newest revision that this code has (`head`)."""

    database: str
    revision: str | None
    head: str | None

    @property
    def is_current(self) -> bool:
        return self.revision == self.head


def upgrade_databases(revision: str = "head") -> list[DatabaseStatus]:
    """Migrate both databases to a revision and create their views again. Safe to run at any time, also in parallel."""
    for database, engine in _engines():
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(hashtext('motcua upgrade'))"))
            config = _config(database)
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            if revision == "head":
                for path in sorted((Settings.load().sql_dir / "views" / database).glob("*.sql")):
                    body = path.read_text(encoding="utf-8")
                    connection.exec_driver_sql(f"create or replace view {path.stem.split('__')[-1]} as\n{body}")
    return database_status()


def database_status() -> list[DatabaseStatus]:
    """Return the revisions of both databases."""
    statuses = []
    for database, engine in _engines():
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        statuses.append(
            DatabaseStatus(database, current, ScriptDirectory.from_config(_config(database)).get_current_head())
        )
    return statuses


def _engines() -> tuple[tuple[str, Engine], ...]:
    return ("store", store_engine()), ("warehouse", warehouse_engine())


def _config(database: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / database).replace("%", "%%"))
    config.set_main_option("recursive_version_locations", "true")  # older revisions stand in folders of their own
    return config
