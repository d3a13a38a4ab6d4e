"""Schema changes by Alembic, with one history per database, and then the views from their SQL files.

Views have no migrations. After every upgrade each view of `include/sql/views/<database>/` is created again. The hash of
its file is its comment in the database, so a database whose views are of other files is behind like one of an older
revision: the file in the tree is always the definition in force.
"""

from __future__ import annotations

import hashlib
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
    """The revision of one database, the newest that this code has (`head`), and views that are not of its files."""

    database: str
    revision: str | None
    head: str | None
    other_views: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        return self.revision == self.head and not self.other_views


def upgrade_databases(revision: str = "head") -> list[DatabaseStatus]:
    """Migrate both databases to a revision and create their views again. Safe to run at any time, also in parallel."""
    for database, engine in _engines():
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(hashtext('motcua upgrade'))"))
            config = _config(database)
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            if revision == "head":
                for name, definition in _views(database).items():
                    connection.exec_driver_sql(f"create or replace view {name} as\n{definition}")
                    connection.exec_driver_sql(f"comment on view {name} is '{_sha256(definition)}'")
    return database_status()


def database_status() -> list[DatabaseStatus]:
    """Return the revisions of both databases."""
    statuses = []
    for database, engine in _engines():
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            comments = text("select relname, obj_description(oid, 'pg_class') from pg_class where relkind = 'v'")
            made_of = {row.relname: row.obj_description for row in connection.execute(comments)}
        others = [name for name, definition in _views(database).items() if made_of.get(name) != _sha256(definition)]
        head = ScriptDirectory.from_config(_config(database)).get_current_head()
        statuses.append(DatabaseStatus(database, current, head, tuple(others)))
    return statuses


def _views(database: str) -> dict[str, str]:
    """Return the definition of each view by its name, in the order in which they are created."""
    files = sorted((Settings.load().sql_dir / "views" / database).glob("*.sql"))
    return {path.stem.split("__")[-1]: path.read_text(encoding="utf-8") for path in files}


def _sha256(definition: str) -> str:
    return hashlib.sha256(definition.encode()).hexdigest()


def _engines() -> tuple[tuple[str, Engine], ...]:
    return ("store", store_engine()), ("warehouse", warehouse_engine())


def _config(database: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / database).replace("%", "%%"))
    config.set_main_option("recursive_version_locations", "true")  # older revisions stand in folders of their own
    return config
