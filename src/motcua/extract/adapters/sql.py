"""Reads the database of a source with a read-only query, through SQLAlchemy.

The query is a `.sql` file of the catalogue, and the days are its bound parameters. Its columns are mapped by name, as
those of a spreadsheet are. The transaction cannot write. A database without read-only transactions is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import URL, Connection, Date, bindparam, create_engine, text
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from motcua.catalog import Source
from motcua.catalog.options import SqlOptions
from motcua.errors import CatalogError, ConfigurationError, ContractBroken, SourceUnavailable
from motcua.extract.adapters.files import record_keys
from motcua.extract.adapters.protocol import Page, Record, Window
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.rules import KeyRule
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.worker_slots import current_slot
from motcua.settings import TIMEZONE, Settings

_LOCAL = ZoneInfo(TIMEZONE)

_PLAIN = frozenset({bool, int, float, str, type(None)})  # the types that `_plain` returns unchanged

# The SQLAlchemy driver of each Airflow connection type.
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "oracle": "oracle+oracledb",
    "sqlite": "sqlite",
}

# The statement of each dialect that makes the next transaction read-only.
_READ_ONLY = {
    "postgresql": "set transaction read only",
    "mysql": "set session transaction read only",
    "mariadb": "set session transaction read only",
    "oracle": "set transaction read only",
    "sqlite": "pragma query_only = on",
}


class SqlAdapter:
    """The database of one source."""

    margin = timedelta(0)
    filters = True

    def __init__(self, source: Source, connection: SourceConnection, mapping: SourceMapping) -> None:
        self._source = source
        self._mapping = mapping
        self._options = source.options_as(SqlOptions)
        if self._options.by_id_query and isinstance(mapping.identity, KeyRule):
            raise CatalogError(
                f"{source.source_id}: by_id_query asks by a key that the database does not hold, because the mapping"
                " makes it (identity as: key).",
                action="leave by_id_query out, or use the record number of the database (identity as: identifier).",
            )
        self._slot = current_slot()
        self.lists_open = self._options.open_query is not None
        self.absence_is_proof = self._options.by_id_query is not None
        url = _url(source, connection)
        if url.get_backend_name() not in _READ_ONLY:
            raise ConfigurationError(
                f"{source.source_id}: a {url.get_backend_name()} database has no read-only transactions.",
                action=f"use one of {', '.join(_READ_ONLY)}, or ask the unit to export files.",
            )
        try:
            self._engine = create_engine(url, poolclass=NullPool, hide_parameters=True, **_timeouts(source, url))
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise ConfigurationError(
                f"{source.source_id}: no driver for {url.drivername} ({error}).", action="install that driver."
            ) from None

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield the rows of the query for the days, or of the query for dossiers still open."""
        query = self._options.open_query if window.is_open_only else self._options.query
        assert query is not None, "a source without open_query has no list of open dossiers"
        parameters = {"from_date": window.from_date, "to_date": window.to_date}
        for records in self._run_query(query, parameters):
            yield Page(records, None)

    def by_id(self, dossier_id: str) -> Record | None:
        """Return one dossier, or None when the query returns no row or the catalogue has no by_id_query."""
        if self._options.by_id_query is None:
            return None
        records = [
            record for page in self._run_query(self._options.by_id_query, {"dossier_id": dossier_id}) for record in page
        ]
        if len(records) > 1:
            raise self._broken(f"returned {len(records)} rows for one dossier", "correct by_id_query")
        return records[0] if records else None

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _run_query(self, query: str, parameters: Mapping[str, object]) -> Iterator[list[Record]]:
        statement = text(_read_query(query))
        unknown = sorted(set(statement._bindparams) - set(parameters))
        if unknown:
            raise CatalogError(
                f"{query} uses the parameter :{unknown[0]}, which does not exist.",
                action=f"use only {', '.join(f':{name}' for name in parameters)}.",
            )
        bound = {name: value for name, value in parameters.items() if name in statement._bindparams}
        dates = [bindparam(name, type_=Date()) for name in bound if name.endswith("_date")]
        with self._transaction(query) as connection:
            result = connection.execution_options(stream_results=True, max_row_buffer=self._source.page_size).execute(
                statement.bindparams(*dates), bound
            )
            keys = self._mapping.keys
            names = record_keys(
                list(result.keys()), f"{self._source.source_id}, {query},", (*keys.keep, *keys.hmac), keys.listed
            )
            for rows in result.partitions(self._source.page_size):
                if {type(value) for row in rows for value in row} <= _PLAIN:
                    yield [dict(zip(names, row, strict=True)) for row in rows]
                else:
                    yield [dict(zip(names, map(_plain, row), strict=True)) for row in rows]

    @contextmanager
    def _transaction(self, query: str) -> Iterator[Connection]:
        """Open a read-only transaction. The message of the driver is never shown, because it may quote a row."""
        try:
            with self._engine.connect() as connection:
                connection.execute(text(_READ_ONLY[self._engine.dialect.name]))
                if self._slot:
                    self._slot.note_answer()
                yield connection
                connection.rollback()
        except OperationalError as error:
            raise SourceUnavailable(
                f"{self._source.source_id}: its database did not answer {query} ({_error_kind(error)}).",
                action=f"check the connection {self._source.connection_id} and the database, then try again.",
            ) from None
        except DBAPIError as error:
            raise self._broken(
                f"refused {query} ({_error_kind(error)})",
                "run the query with the account of the connection; it may only read",
            ) from None
        except SQLAlchemyError as error:
            raise self._broken(f"could not run {query} ({type(error).__name__})", "correct the query") from None

    def _broken(self, what: str, action: str) -> ContractBroken:
        return ContractBroken(f"{self._source.source_id} {what}.", action=f"{action}.")


def _url(source: Source, connection: SourceConnection) -> URL:
    """Return the URL of the database, from the fields of the Airflow connection."""
    split = urlsplit(connection.base_url)
    driver = _DRIVERS.get(split.scheme)
    if driver is None:
        raise ConfigurationError(
            f"{source.source_id}: the connection {source.connection_id!r} is of type {split.scheme!r},"
            " which is not a database.",
            action=f"set its type to one of {', '.join(_DRIVERS)}.",
        )
    path = unquote(split.path)
    if driver == "sqlite":
        return URL.create(driver, database=f"file:{path}", query={"mode": "ro", "uri": "true"})
    host = unquote(split.netloc.rpartition(":")[0] if split.port else split.netloc)
    return URL.create(
        driver, connection.login or None, connection.password or None, host, split.port, path.strip("/") or None
    )


def _timeouts(source: Source, url: URL) -> dict[str, Any]:
    """Return the time limits of connecting and querying, for drivers that accept them when they connect."""
    seconds = source.timeout_seconds
    if url.get_backend_name() == "postgresql":
        options = f"-c default_transaction_read_only=on -c statement_timeout={round(seconds * 1000)}"
        return {"connect_args": {"connect_timeout": max(2, round(seconds)), "options": options}}
    if url.get_backend_name() in ("mysql", "mariadb"):
        return {"connect_args": {"connect_timeout": max(1, round(seconds)), "read_timeout": max(1, round(seconds))}}
    return {"connect_args": {"timeout": seconds}} if url.get_backend_name() == "sqlite" else {}


def _read_query(path: str) -> str:
    """Return the text of a query of the catalogue. Raises CatalogError when there is no such file."""
    file: Path = Settings.load().catalog_dir / path
    try:
        return file.read_text(encoding="utf-8").strip().rstrip(";")
    except FileNotFoundError:
        raise CatalogError(
            f"There is no query {file}.", action="write it, or correct the options of the source."
        ) from None


def _error_kind(error: DBAPIError) -> str:
    """Return the name and the code of an error, without its text, which may hold values."""
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    return type(error.orig).__name__ + (f" {code}" if code else "")


def _plain(value: Any) -> Any:
    """Return a value as JSON or a workbook would hold it: whole numbers, text, local instants."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.astimezone(_LOCAL).replace(tzinfo=None)
    return str(value) if isinstance(value, UUID) else value
