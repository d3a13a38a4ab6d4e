"""A source's own database, asked by a read-only query through SQLAlchemy.

The query stands in a `.sql` file of the catalogue and is given the days as bound parameters; its columns are mapped by
name, as a spreadsheet's are. The transaction cannot write: where a database has no read-only transaction, the source is
refused rather than trusted.
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
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.worker_slots import current_slot
from motcua.settings import TIMEZONE, Settings

_LOCAL = ZoneInfo(TIMEZONE)

# What an Airflow connection type is called by SQLAlchemy.
_PLAIN = frozenset({bool, int, float, str, type(None)})  # what `_plain` gives back as it is

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "oracle": "oracle+oracledb",
    "sqlite": "sqlite",
}

# What makes the transaction about to begin unable to write, by dialect.
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
        self._slot = current_slot()
        self.lists_open = self._options.open_query is not None
        self.absence_is_proof = self._options.by_id_query is not None
        url = _url(source, connection)
        if url.get_backend_name() not in _READ_ONLY:
            raise ConfigurationError(
                f"{source.source_id}: a {url.get_backend_name()} database has no read-only transaction to be had.",
                action=f"use one of {', '.join(_READ_ONLY)}, or have the unit export files.",
            )
        try:
            self._engine = create_engine(url, poolclass=NullPool, hide_parameters=True, **_patience(source, url))
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise ConfigurationError(
                f"{source.source_id}: no driver for {url.drivername} ({error}).", action="install that driver."
            ) from None

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield what the query gives for the days, or for what was open before them."""
        query = self._options.open_query if window.is_open_only else self._options.query
        assert query is not None, "what is open is not asked of a source without a query for it"
        parameters = {"from_date": window.from_date, "to_date": window.to_date}
        for records in self._ask(query, parameters):
            yield Page(records, None)

    def by_id(self, dossier_id: str) -> Record | None:
        """Return the one dossier, or none when the query gives no row or there is no query for one."""
        if self._options.by_id_query is None:
            return None
        records = [
            record for page in self._ask(self._options.by_id_query, {"dossier_id": dossier_id}) for record in page
        ]
        if len(records) > 1:
            raise self._broken(f"gave {len(records)} rows for one dossier", "correct by_id_query")
        return records[0] if records else None

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    def _ask(self, query: str, parameters: Mapping[str, object]) -> Iterator[list[Record]]:
        statement = text(_read(query))
        unknown = sorted(set(statement._bindparams) - set(parameters))
        if unknown:
            raise CatalogError(
                f"{query} uses :{unknown[0]}, which is not given.",
                action=f"use only {', '.join(f':{name}' for name in parameters)}.",
            )
        given = {name: value for name, value in parameters.items() if name in statement._bindparams}
        dates = [bindparam(name, type_=Date()) for name in given if name.endswith("_date")]
        with self._transaction(query) as connection:
            result = connection.execution_options(stream_results=True, max_row_buffer=self._source.page_size).execute(
                statement.bindparams(*dates), given
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
        """A transaction that cannot write. What the driver says is not told: it may quote a row."""
        try:
            with self._engine.connect() as connection:
                connection.execute(text(_READ_ONLY[self._engine.dialect.name]))
                if self._slot:
                    self._slot.note_answer()
                yield connection
                connection.rollback()
        except OperationalError as error:
            raise SourceUnavailable(
                f"{self._source.source_id}: its database did not answer {query} ({_kind(error)}).",
                action=f"check the connection {self._source.connection_id} and the database, then try again.",
            ) from None
        except DBAPIError as error:
            raise self._broken(
                f"refused {query} ({_kind(error)})",
                "try the query with the reading account; it may only read",
            ) from None
        except SQLAlchemyError as error:
            raise self._broken(f"could not be asked {query} ({type(error).__name__})", "correct the query") from None

    def _broken(self, what: str, action: str) -> ContractBroken:
        return ContractBroken(f"{self._source.source_id} {what}.", action=f"{action}.")


def _url(source: Source, connection: SourceConnection) -> URL:
    """Return where the database is, from the fields of the Airflow connection."""
    split = urlsplit(connection.base_url)
    driver = _DRIVERS.get(split.scheme)
    if driver is None:
        raise ConfigurationError(
            f"{source.source_id}: the connection {source.connection_id!r} is of type {split.scheme!r}, no database.",
            action=f"set its type to one of {', '.join(_DRIVERS)}.",
        )
    path = unquote(split.path)
    if driver == "sqlite":
        return URL.create(driver, database=f"file:{path}", query={"mode": "ro", "uri": "true"})
    host = unquote(split.netloc.rpartition(":")[0] if split.port else split.netloc)
    return URL.create(
        driver, connection.login or None, connection.password or None, host, split.port, path.strip("/") or None
    )


def _patience(source: Source, url: URL) -> dict[str, Any]:
    """How long a connection and a query may take, where the driver takes that at connecting."""
    seconds = source.timeout_seconds
    if url.get_backend_name() == "postgresql":
        options = f"-c default_transaction_read_only=on -c statement_timeout={round(seconds * 1000)}"
        return {"connect_args": {"connect_timeout": max(2, round(seconds)), "options": options}}
    if url.get_backend_name() in ("mysql", "mariadb"):
        return {"connect_args": {"connect_timeout": max(1, round(seconds)), "read_timeout": max(1, round(seconds))}}
    return {"connect_args": {"timeout": seconds}} if url.get_backend_name() == "sqlite" else {}


def _read(path: str) -> str:
    """Return a query of the catalogue. Raises CatalogError when there is none."""
    file: Path = Settings.load().catalog_dir / path
    try:
        return file.read_text(encoding="utf-8").strip().rstrip(";")
    except FileNotFoundError:
        raise CatalogError(
            f"There is no query {file}.", action="write it, or correct the options of the source."
        ) from None


def _kind(error: DBAPIError) -> str:
    """What kind of error it is, by name and by code: its text may hold values."""
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    return type(error.orig).__name__ + (f" {code}" if code else "")


def _plain(value: Any) -> Any:
    """Return a value as JSON or a workbook would give it: whole numbers, text, local instants."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.astimezone(_LOCAL).replace(tzinfo=None)
    return str(value) if isinstance(value, UUID) else value
