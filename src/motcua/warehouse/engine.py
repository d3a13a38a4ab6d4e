"""Engines of the two databases, from DSNs or from the embedded server."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Engine, create_engine

from motcua.settings import Settings
from motcua.warehouse import embedded


def libpq_dsn(database: str) -> str:
    """Return the libpq URI of `motcua_store`, `motcua_warehouse` or (embedded only) `airflow`.

    Without a DSN in the environment, the embedded server is started and used.
    """
    settings = Settings.load()
    configured = {"motcua_store": settings.store_dsn, "motcua_warehouse": settings.warehouse_dsn}.get(database)
    return configured or embedded.dsn(embedded.ensure_server(settings.work_dir / "pg"), database)


def store_engine() -> Engine:
    """Return the engine of the store, one per process. Transactions are READ COMMITTED."""
    return _engine(libpq_dsn("motcua_store"))


def warehouse_engine() -> Engine:
    """Return the engine of the warehouse, one per process."""
    return _engine(libpq_dsn("motcua_warehouse"))


@cache
def _engine(dsn: str) -> Engine:
    return create_engine(dsn.replace("postgresql://", "postgresql+psycopg://", 1), pool_pre_ping=True)
