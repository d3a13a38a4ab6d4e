"""The database of the SQL cases: puts rows into tables, also into those that a merge makes for itself, and reads them.

Every case runs in one transaction that is rolled back, so nothing has to be emptied between two of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from sqlalchemy import Connection, CursorResult, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from tests.sql.cases import Case, Expression, HashOf, Rows, Some

from motcua.canonical import KINDS, NAMES_OFFICE, RecordKind
from motcua.settings import Settings
from motcua.warehouse import embedded, statement, store_engine, warehouse_engine
from motcua.warehouse.statements import expanded

# What a merge makes in its transaction: the statement that makes it, and what that statement reads.
TEMPORARY: dict[str, tuple[str, tuple[str, ...]]] = {
    "accepted_record": ("", ()),
    "compared": ("consolidate/compare_incoming", ("accepted_record", "said_later")),
    "said_later": ("consolidate/said_later", ("accepted_record",)),
    "absent": ("consolidate/note_absent", ()),
    "reissued": ("consolidate/prove_deletions", ("absent", "compared", "said_later")),
    "stated_numbers": ("ledger/stated_numbers", ()),
    "identity_decision": ("consolidate/decide_identity", ("compared", "reissued", "stated_numbers")),
    "asked_dossier": ("validate/asked_dossiers", ()),
}
_ARRAYS = (
    "dossier_ids", "evidence", "now", "system_codes", "agency_codes", "record_ids", "modified_ats", "pull_nos",
    "other_system_codes",
)  # fmt: skip
NOTHING: dict[str, Any] = dict.fromkeys(("batch_id", "source_id", "known_from", "pull_no", "said_at", "is_replay"))
NOTHING |= {array: [] for array in _ARRAYS} | {"names_office": NAMES_OFFICE}


@contextmanager
def connections() -> Iterator[dict[str, Connection]]:
    """Open a connection to each of the two databases, which are empty and know what cases need."""
    _may_stand_alone()
    with store_engine().connect() as store, warehouse_engine().connect() as warehouse:
        for connection in (store, warehouse):
            _start_numbers(connection)
            connection.commit()
        yield {"store": store, "warehouse": warehouse}


def faults(connection: Connection, case: Case, body: str | None = None, *, seconds: int | None = None) -> list[str]:
    """Run a case; return where what came is not what was expected. `body` is put in place of the statement's text.

    Everything is rolled back. Raises DBAPIError for a statement that the database refuses, unless the case expects it.
    """
    with connection.begin() as transaction:
        if seconds is not None:
            connection.execute(text(f"set local statement_timeout = '{seconds}s'"))
        if case.view and body is not None:
            connection.exec_driver_sql(f"create or replace view {case.view} as\n{body}")
        if case.clock is not None:
            _stop_clock(connection, case.clock)
        _stand(connection, case)
        if case.refused is not None:
            said = _refusal(connection, case, body)
        else:
            found = _result(connection, case, body)
            said = [] if case.expect is None else _differences(connection, case, case.expect, _rows(found))
            if case.writes is not None and found.rowcount != case.writes:
                said.append(f"{found.rowcount} rows are written, not {case.writes}")
            for table, rows in case.after.items():
                held = _differences(connection, case, rows, _rows(connection.execute(text(f"select * from {table}"))))
                said += [f"{table}: {one}" for one in held]
        transaction.rollback()
    return said


def _stop_clock(connection: Connection, at: datetime) -> None:
    """Let the clock stand: `clock_timestamp` is looked for in the schema `fake` first."""
    for sql in (
        "create schema fake",
        f"create function fake.clock_timestamp() returns timestamptz return timestamptz '{at}'",
        "set local search_path = fake, public, pg_catalog",
    ):
        connection.execute(text(sql))


def _refusal(connection: Connection, case: Case, body: str | None) -> list[str]:
    try:
        _result(connection, case, body)
    except DBAPIError as error:
        return [] if case.refused and case.refused in str(error.orig) else [f"refused otherwise: {error.orig}"]
    return ["the database did not refuse it"]


def _may_stand_alone() -> None:
    """Let the roles of both databases put rows in without the rows that they refer to."""
    with psycopg.connect(embedded.ensure_server(Settings.load().work_dir / "pg"), autocommit=True) as connection:
        for role in ("motcua_store", "motcua_warehouse"):
            connection.execute(f"grant set on parameter session_replication_role to {role}")


def _start_numbers(connection: Connection) -> None:
    """Let numbers that the database gives start far above those that cases name."""
    connection.execute(
        text(
            "select setval(pg_get_serial_sequence(table_name, column_name), 1000000) from information_schema.columns"
            " where table_schema = 'public' and is_identity = 'YES'"
        )
    )


def _stand(connection: Connection, case: Case) -> None:
    """Put the given rows of a case into the database, whatever they would refer to."""
    made: set[str] = set()
    for table in [*case.temporary, *case.given]:
        _make(connection, KINDS[case.kind], table, made)
    connection.execute(text("set local session_replication_role = replica"))
    for table, rows in case.given.items():
        for row in rows:
            _insert(connection, KINDS[case.kind], table, row)
    connection.execute(text("set local session_replication_role = origin"))


def _result(connection: Connection, case: Case, body: str | None) -> CursorResult[Any]:
    if case.view:
        return connection.execute(text(f"select * from {case.view}"))
    kind = KINDS[case.kind]
    asked = statement(case.statement, kind) if body is None else text(expanded(body, kind))
    return connection.execute(asked, case.parameters)


def _rows(result: CursorResult[Any]) -> Rows:
    return [dict(row) for row in result.mappings()] if result.returns_rows else []


def _differences(connection: Connection, case: Case, expected: Rows, found: Rows) -> list[str]:
    """Return where rows found are not those expected; a row expected names only the columns that matter."""
    left = list(found)
    said = []
    for place, row in enumerate(expected):
        candidates = left[:1] if case.is_ordered else left
        match = next((one for one in candidates if _is_like(connection, case, row, one)), None)
        if match is None:
            said.append(f"row {place + 1} is not there: {row}")
        else:
            left.remove(match)
    named = {column for row in expected for column in row}
    said += [
        f"not expected: { {column: value for column, value in row.items() if not named or column in named} }"
        for row in left
    ]
    return said


def _is_like(connection: Connection, case: Case, expected: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return all(_is_equal(connection, case, value, found[column]) for column, value in expected.items())


def _is_equal(connection: Connection, case: Case, expected: Any, found: Any) -> bool:
    if isinstance(expected, Some):
        return found is not None
    if isinstance(expected, Expression):
        expected = _plain(connection.scalar(text(f"select {expected.sql}")))
    found = _plain(found)
    if isinstance(expected, int) and not isinstance(expected, bool) and isinstance(found, date) and case.month:
        expected = date.fromisoformat(f"{case.month}-{expected:02}")
    if isinstance(found, datetime) and isinstance(expected, date) and not isinstance(expected, datetime):
        expected = datetime(expected.year, expected.month, expected.day)
    if isinstance(expected, bool) is not isinstance(found, bool):
        return False
    return bool(expected == found)


def _plain(value: Any) -> Any:
    """Return what a case can write of a value: an instant without its zone, a whole number, a range as text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, Range):
        return str(value)
    return value


def _make(connection: Connection, kind: RecordKind, table: str, made: set[str]) -> None:
    if table not in TEMPORARY or table in made:
        return
    made.add(table)
    name, reads = TEMPORARY[table]
    for other in reads:
        _make(connection, kind, other, made)
    if name:
        connection.execute(statement(name, kind), NOTHING)
    else:
        connection.execute(text(f"create temporary table {table} ({kind.staging_columns}) on commit drop"))


def _insert(connection: Connection, kind: RecordKind, table: str, row: Mapping[str, Any]) -> None:
    row = {
        column: _content_hash(connection, kind, value.row) if isinstance(value, HashOf) else value
        for column, value in row.items()
    }
    types = _types(connection, kind, table)
    if unknown := row.keys() - types.keys():
        raise ValueError(f"{table} has no column {', '.join(sorted(unknown))}")
    values = ", ".join(
        f"cast({row[column].sql} as {types[column]})"
        if isinstance(row[column], Expression)
        else f"cast(:{column} as {types[column]})"
        for column in row
    )
    connection.execute(
        text(f"insert into {table} ({', '.join(row)}) overriding system value values ({values})"),
        {
            column: json.dumps(value) if types[column] == "jsonb" and value is not None else value
            for column, value in row.items()
            if not isinstance(value, Expression)
        },
    )


def _content_hash(connection: Connection, kind: RecordKind, record: Mapping[str, Any]) -> str:
    """Return the content hash that the statement in the tree gives an accepted record."""
    with connection.begin_nested() as savepoint:
        for table in ("accepted_record", "said_later"):
            if not _exists(connection, table):
                _make(connection, kind, table, set())
        _insert(connection, kind, "accepted_record", {**record, "batch_id": "only hashed"})
        connection.execute(statement("consolidate/compare_incoming", kind), NOTHING | {"batch_id": "only hashed"})
        found: str = connection.execute(text("select content_hash from compared")).scalar_one()
        savepoint.rollback()
    return found


def _exists(connection: Connection, table: str) -> bool:
    return connection.scalar(text("select to_regclass(:table)"), {"table": table}) is not None


_known_types: dict[tuple[str, str], dict[str, str]] = {}


def _types(connection: Connection, kind: RecordKind, table: str) -> dict[str, str]:
    if (kind.name, table) not in _known_types:
        rows: CursorResult[Any] = connection.execute(
            text(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute"
                " where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped"
            ),
            {"table": table},
        )
        _known_types[kind.name, table] = dict(rows.tuples().all())
    return _known_types[kind.name, table]
