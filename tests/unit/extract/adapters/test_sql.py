"""The database of a source: queried by day, never written to, mapped by column names."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from motcua.catalog import Source, SqlOptions
from motcua.errors import CatalogError, ConfigurationError, ContractBroken, SourceUnavailable
from motcua.extract.adapters.protocol import Window
from motcua.extract.adapters.sql import SqlAdapter
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.wire.connection import SourceConnection, connection_from_parts
from motcua.warehouse import libpq_dsn

OCTOBER = Window(date(2023, 10, 1), date(2023, 10, 31))
QUERY = (
    "select id, status, received, fee, person from dossier where received between :from_date and :to_date order by id"
)
MAPPING = SourceMapping.model_validate(
    {
        "adapter": "sql",
        "null_values": [""],
        "identity": {"as": "identifier", "key": "ID"},
        "status": {"key": "Status", "codes": {"4": {"code": 4, "evidence": "inferred"}}},
        "channel": {"as": "constant", "code": 1},
        "fields": {
            "received_at": {"as": "instant", "key": "received", "formats": ["yyyy-MM-dd HH:mm:ss"]},
            "fee_amount": {"as": "integer", "key": "fee", "minimum": 0, "maximum": 10**9},
        },
        "keys": {"keep": ["ID", "Status", "received", "fee"], "drop_personal": ["person"]},
    }
)
TABLE = (
    "create table dossier (id bigint primary key, status text, received timestamp, fee numeric(12, 2), person text)",
    "insert into dossier values (1, '4', '2023-10-02 08:00:00', 20000.00, 'Nguyễn Văn Mẫu')",
    "insert into dossier values (2, '4', '2023-10-03 08:00:00', null, 'Trần Thị Mẫu')",
    "insert into dossier values (3, '4', '2023-11-03 08:00:00', null, 'Lê Thị Mẫu')",
)
Make = Callable[..., SqlAdapter]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a function that makes an adapter of these queries on a connection."""
    monkeypatch.setenv("MOTCUA_CATALOG", str(tmp_path))

    def made(connection: SourceConnection, query: str = QUERY, **queries: str) -> SqlAdapter:
        for name, content in {"query": query, **queries}.items():
            (tmp_path / f"{name}.sql").write_text(f"-- {name}\n{content};\n", encoding="utf-8")
        options = SqlOptions(**{name: f"{name}.sql" for name in ("query", *queries)})
        source = Source(
            source_id="x.db", name="X", system_code="x", adapter="sql", options=options, connection_id="x",
            level="commune", unit_id="u", valid_from=date(2020, 1, 1), page_size=1, timeout_seconds=2,
        )  # fmt: skip
        return SqlAdapter(source, connection, MAPPING)

    return made


@pytest.fixture
def postgres(databases: None) -> Any:
    """The connection of a PostgreSQL database with a table of dossiers."""
    url = make_url(libpq_dsn("airflow")).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("drop table if exists dossier"))
        for statement in TABLE:
            connection.execute(text(statement))
    yield connection_from_parts(
        "x",
        conn_type="postgres",
        host=url.host or str(url.query.get("host")),
        port=url.port or int(str(url.query.get("port", 5432))),
        schema=url.database,
        login=url.username,
        password=url.password,
    )
    with engine.begin() as connection:
        connection.execute(text("drop table dossier"))
    engine.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> SourceConnection:
    with sqlite3.connect(tmp_path / "Một Cửa.sqlite") as connection:
        for statement in TABLE:
            connection.execute(statement)
    return connection_from_parts("x", conn_type="sqlite", host=str(tmp_path / "Một Cửa.sqlite"))


def records(adapter: SqlAdapter, window: Window = OCTOBER) -> list[dict[str, Any]]:
    return [record for page in adapter.pages(window) for record in page.records]


def test_a_database_is_queried_for_the_days_and_read_page_by_page(make: Make, postgres: SourceConnection) -> None:
    pages = list(make(postgres).pages(OCTOBER))
    assert [len(page.records) for page in pages] == [1, 1]
    assert pages[0].records[0] == {
        "ID": 1,  # as the mapping spells it
        "Status": "4",
        "received": datetime(2023, 10, 2, 8),
        "fee": 20000,
        "person": "Nguyễn Văn Mẫu",
    }
    assert pages[0].declared_total is None


def test_a_sqlite_file_is_a_database_too(make: Make, sqlite: SourceConnection) -> None:
    assert [record["ID"] for record in records(make(sqlite))] == [1, 2]


@pytest.mark.parametrize(
    "query",
    [
        "update dossier set status = '9' returning *",
        "insert into dossier select id + 9, status, received, fee, person from dossier returning *",
        "with gone as (delete from dossier returning *) select * from gone",
        "commit; delete from dossier",
    ],
)
def test_a_query_that_writes_is_refused_by_the_database(make: Make, postgres: SourceConnection, query: str) -> None:
    with pytest.raises(ContractBroken, match=r"refused query\.sql"):
        records(make(postgres, query))
    assert len(records(make(postgres))) == 2


def test_a_sqlite_file_cannot_be_written_either(make: Make, sqlite: SourceConnection) -> None:
    with pytest.raises((ContractBroken, SourceUnavailable)):
        records(make(sqlite, "delete from dossier returning *"))
    assert len(records(make(sqlite))) == 2


def test_a_dossier_is_queried_by_id_when_there_is_a_query_for_it(make: Make, postgres: SourceConnection) -> None:
    asked = make(
        postgres, by_id_query="select id, status, received, fee from dossier where id = cast(:dossier_id as bigint)"
    )
    assert asked.absence_is_proof
    assert (asked.by_id("3") or {})["ID"] == 3
    assert asked.by_id("9") is None
    assert make(postgres).by_id("3") is None
    assert not make(postgres).absence_is_proof


def test_open_dossiers_are_queried_only_when_there_is_a_query_for_them(make: Make, postgres: SourceConnection) -> None:
    assert not make(postgres).lists_open
    adapter = make(postgres, open_query="select id, status, received, fee from dossier where received <= :to_date")
    assert adapter.lists_open
    assert len(records(adapter, Window(None, date(2023, 10, 31), is_open_only=True))) == 2


def test_a_missing_column_is_named(make: Make, postgres: SourceConnection) -> None:
    with pytest.raises(
        ContractBroken, match=r"x.db, query.sql, has no column 'received' \('received_on' looks like it"
    ):
        records(
            make(postgres, "select id, status, received as received_on, fee from dossier where :to_date is not null")
        )


@pytest.mark.parametrize(
    ("query", "error", "says"),
    [
        ("select * from nowhere", ContractBroken, r"refused query.sql \(UndefinedTable 42P01\)"),
        ("select id, :since from dossier", CatalogError, "uses the parameter :since, which does not exist"),
        ("select id, pg_sleep(9) from dossier", SourceUnavailable, r"did not answer query.sql \(QueryCanceled 57014\)"),
    ],
)
def test_a_refusal_of_the_database_is_reported_without_its_rows(
    make: Make, postgres: SourceConnection, query: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as told:
        records(make(postgres, query))
    assert "Mẫu" not in str(told.value)


def test_a_database_that_is_down_is_unavailable(make: Make) -> None:
    down = connection_from_parts("x", conn_type="postgres", host="127.0.0.1", port=1, login="a", password="s3cret")
    with pytest.raises(SourceUnavailable, match="did not answer") as told:
        records(make(down))
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    ("kind", "says"), [("mssql", "is of type"), ("http", "not a database"), ("oracle", "no driver")]
)
def test_a_source_without_a_read_only_transaction_is_refused(make: Make, kind: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        make(connection_from_parts("x", conn_type=kind, host="db.example.vn"))
