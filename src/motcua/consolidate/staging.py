"""The staging table of one session: the accepted records of several batches, bulk loaded at once."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
from sqlalchemy import Connection, text

from motcua import ledger
from motcua.canonical import RecordKind
from motcua.landing import read_accepted
from motcua.warehouse import is_lost_session, libpq_dsn, store_engine, with_one_retry

log = logging.getLogger(__name__)


@contextmanager
def staged(kind: RecordKind, batches: Sequence[ledger.Batch]) -> Iterator[tuple[Connection, dict[str, Exception]]]:
    """Bulk load the accepted records of all batches into one unlogged table, which the view `accepted_record` shows.

    Yields the connection with that view, and the error of each batch that cannot be read. The name of the table follows
    from its batches. So a second run of the same batches waits for the first. Tables of sessions that are gone are
    dropped: the lock of a living one is held until its table is.
    """
    tables, unread = [], dict[str, Exception]()
    for batch in batches:
        try:
            records = read_accepted(batch.landing_uri, batch.accepted_sha256, kind)
        except Exception as error:
            unread[batch.batch_id] = error
        else:
            tables.append(records.append_column("batch_id", pa.repeat(batch.batch_id, records.num_rows)))
    name = "load_" + hashlib.sha256("\n".join(batch.batch_id for batch in batches).encode()).hexdigest()[:32]
    connection = with_one_retry(lambda: _stage(name, kind, tables), "the bulk load")
    with connection:
        try:
            yield connection, unread
        finally:
            _unstage(connection, name)


def _stage(name: str, kind: RecordKind, tables: Sequence[pa.Table]) -> Connection:
    connection = store_engine().connect()
    try:
        connection.execute(text("select pg_advisory_lock(hashtext(:name))"), {"name": name})
        _drop_abandoned(connection, name)
        connection.execute(text(f"drop table if exists staging.{name} cascade"))
        connection.execute(text(f"create unlogged table staging.{name} ({kind.staging_columns})"))
        connection.execute(text(f"create temporary view accepted_record as table staging.{name}"))
        connection.commit()
        if tables:
            _ingest(name, pa.concat_tables(tables))
    except BaseException:
        connection.invalidate()  # ends the session, and with it the lock and the view
        connection.close()
        raise
    return connection


def _drop_abandoned(connection: Connection, own: str) -> None:
    """Drop the staging tables whose session a kill ended: nobody holds the lock of their name."""
    names = connection.scalars(text("select tablename from pg_tables where schemaname = 'staging'")).all()
    for name in (name for name in names if name != own):
        if connection.scalar(text("select pg_try_advisory_lock(hashtext(:name))"), {"name": name}):
            connection.execute(text(f'drop table if exists staging."{name}" cascade'))
            connection.commit()
            connection.execute(text("select pg_advisory_unlock(hashtext(:name))"), {"name": name})
            log.info("staging.%s was left by a session that is gone, and is dropped", name)


def _unstage(connection: Connection, name: str) -> None:
    """Drop the table. Where the session is lost, the next consolidation drops it."""
    if connection.invalidated:
        return
    try:
        connection.execute(text(f"drop table staging.{name} cascade"))
        connection.execute(text("select pg_advisory_unlock(hashtext(:name))"), {"name": name})
        connection.commit()
    except Exception as error:
        if not is_lost_session(error):
            raise


def _ingest(name: str, records: pa.Table) -> None:
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(libpq_dsn("motcua_store")) as loader, loader.cursor() as cursor:
        cursor.adbc_ingest(name, records, mode="append", db_schema_name="staging")
        loader.commit()
