"""The database of the SQL cases: puts rows into tables, also into those that a merge makes for itself, and reads them.

Every case runs in one transaction that is rolled back, so nothing has to be emptied between two of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import Range
from tests.sql.cases import About, Case, Expression, Rows, Some

from motcua.consolidate import merge
from motcua.warehouse import statement

# What a merge makes in its transaction: the statement that makes it, and what that statement reads.
TEMPORARY: dict[str, tuple[str, tuple[str, ...]]] = {
    "accepted_record": ("", ()),
    "compared": ("consolidate/compare_incoming", ("accepted_record",)),
    "absent": ("consolidate/note_absent", ()),
    "reissued": ("consolidate/prove_deletions", ("absent", "compared")),
    "identity_decision": ("consolidate/decide_identity", ("compared", "reissued")),
    "asked_dossier": ("validate/asked_dossiers", ()),
}
NOTHING = dict.fromkeys(("batch_id", "source_id", "known_from")) | {"dossier_ids": [], "evidence": []}
TOLERANCE = timedelta(minutes=10)


def may_stand_alone() -> None:
    """Let the roles of both databases put rows in without the rows that they refer to."""
    from motcua.settings import Settings
    from motcua.warehouse import embedded

    with psycopg.connect(embedded.ensure_server(Settings.load().work_dir / "pg"), autocommit=True) as connection:
        for role in ("motcua_store", "motcua_warehouse"):
            connection.execute(f"grant set on parameter session_replication_role to {role}")


def start_numbers(connection: Connection) -> None:
    """Let numbers that the database gives start far above those that cases name."""
    connection.execute(
        text(
            "select setval(pg_get_serial_sequence(table_name, column_name), 1000000) from information_schema.columns"
            " where table_schema = 'public' and is_identity = 'YES'"
        )
    )


def stand(connection: Connection, case: Case) -> None:
    """Put the given rows of a case into the database, whatever they would refer to."""
    made: set[str] = set()
    for table in [*case.temporary, *case.given]:
        _make(connection, table, made)
    connection.execute(text("set local session_replication_role = replica"))
    for table, rows in case.given.items():
        for row in rows:
            _insert(connection, table, row)
    connection.execute(text("set local session_replication_role = origin"))


def result(connection: Connection, case: Case) -> Rows:
    """Run the statement of a case; return its rows."""
    asked = text(f"select * from {case.view}") if case.view else statement(case.statement)
    rows = connection.execute(asked, case.parameters)
    return [dict(row) for row in rows.mappings()] if rows.returns_rows else []


def table_rows(connection: Connection, table: str) -> Rows:
    """Return all rows of a table."""
    return [dict(row) for row in connection.execute(text(f"select * from {table}")).mappings()]


def differences(connection: Connection, case: Case, expected: Rows, found: Rows) -> list[str]:
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
    if isinstance(expected, About):
        told = connection.scalar(text(f"select {expected.sql}"))
        return found is not None and abs(_plain(found) - _plain(told)) <= TOLERANCE
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


def _make(connection: Connection, table: str, made: set[str]) -> None:
    if table not in TEMPORARY or table in made:
        return
    made.add(table)
    name, reads = TEMPORARY[table]
    for other in reads:
        _make(connection, other, made)
    if name:
        connection.execute(statement(name), NOTHING)
    else:
        connection.execute(text(f"create temporary table {table} ({merge._STAGING_COLUMNS}) on commit drop"))


def _insert(connection: Connection, table: str, row: Mapping[str, Any]) -> None:
    types = _types(connection, table)
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


_known_types: dict[str, dict[str, str]] = {}


def _types(connection: Connection, table: str) -> dict[str, str]:
    if table not in _known_types or table in TEMPORARY:
        rows: Iterable[Any] = connection.execute(
            text(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute"
                " where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped"
            ),
            {"table": table},
        )
        _known_types[table] = {name: kind for name, kind in rows}
    return _known_types[table]
