"""The same of a MariaDB server, started here where one is installed; elsewhere it is said that nothing was run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from tests.unit.extract.adapters.test_sql import OCTOBER, TABLE, Make, make, records

from motcua.errors import ContractBroken, SourceUnavailable
from motcua.extract.wire.connection import SourceConnection, connection_from_parts

__all__ = ["make"]  # the fixture of the other databases

PLACES = f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin"  # few have the latter on their path
SERVER, INSTALL, DEFAULTS = (
    shutil.which(name, path=PLACES) for name in ("mariadbd", "mariadb-install-db", "my_print_defaults")
)
pytestmark = pytest.mark.skipif(
    not (SERVER and INSTALL and DEFAULTS),
    reason="no MariaDB server on this machine; to run them: apt-get install mariadb-server-core mariadb-client-core",
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Start a server with a table of dossiers and an account that may do anything to it."""
    folder = Path(tempfile.mkdtemp(prefix="maria-"))
    folder.chmod(0o777)
    user = ["--user=nobody"] if os.geteuid() == 0 else []  # it does not run as root
    install = [
        str(INSTALL),
        "--no-defaults",
        *user,
        f"--datadir={folder}/data",
        "--auth-root-authentication-method=normal",
    ]
    install.append("--skip-test-db")  # and with it an account without a name, which stands before ours
    subprocess.run(install, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    server = subprocess.Popen(
        [str(SERVER), "--no-defaults", *user, f"--datadir={folder}/data", f"--socket={folder}/s",
         "--bind-address=127.0.0.1", f"--port={number}", f"--pid-file={folder}/pid"],
        stdout=subprocess.DEVNULL, stderr=(folder / "log").open("w"),
    )  # fmt: skip
    engine = create_engine(f"mariadb+pymysql://root@/?unix_socket={folder}/s&charset=utf8mb4")
    try:
        for left in reversed(range(100)):
            try:
                engine.connect().close()
                break
            except OperationalError:
                assert left, (folder / "log").read_text()
                time.sleep(0.2)
        with engine.begin() as connection:
            connection.execute(text("create database mot_cua character set utf8mb4"))
            connection.execute(text("use mot_cua"))
            for statement in TABLE:
                connection.execute(text(statement.replace("timestamp", "datetime")))
            connection.execute(text("create user reader@'%' identified by 's3cret'"))
            connection.execute(text("grant all on mot_cua.* to reader@'%'"))
        yield number
    finally:
        engine.dispose()
        server.kill()  # nobody needs what it holds
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["mysql", "mariadb"])
def connection(port: int, request: pytest.FixtureRequest) -> SourceConnection:
    """A connection of either type."""
    return connection_from_parts(
        "x", conn_type=request.param, host="127.0.0.1", port=port, schema="mot_cua", login="reader", password="s3cret"
    )


def test_it_is_queried_for_the_days_and_read_page_by_page(make: Make, connection: SourceConnection) -> None:
    pages = list(make(connection).pages(OCTOBER))
    assert [len(page.records) for page in pages] == [1, 1]
    assert pages[0].records[0] == {
        "ID": 1,
        "Status": "4",
        "received": datetime(2023, 10, 2, 8),
        "fee": 20000,
        "person": "Nguyễn Văn Mẫu",
    }


@pytest.mark.parametrize(
    "query",
    [
        "update dossier set status = '9'",
        "insert into dossier select id + 9, status, received, fee, person from dossier returning *",
        "delete from dossier returning *",
        "create table other as select * from dossier",
        "drop table dossier",
        "truncate table dossier",
    ],
)
def test_the_database_refuses_writes_in_our_transaction(make: Make, connection: SourceConnection, query: str) -> None:
    with pytest.raises((ContractBroken, SourceUnavailable), match="25006"):  # read-only transaction
        records(make(connection, query))


@pytest.mark.parametrize("query", ["commit; delete from dossier", "set session transaction read write"])
def test_a_query_is_one_statement_that_returns_rows(make: Make, connection: SourceConnection, query: str) -> None:
    with pytest.raises(ContractBroken):
        records(make(connection, query))
    assert len(records(make(connection))) == 2


def test_a_dossier_is_queried_by_id(make: Make, connection: SourceConnection) -> None:
    asked = make(connection, by_id_query="select id, status, received, fee from dossier where id = :dossier_id")
    assert (asked.by_id("3") or {})["ID"] == 3
    assert asked.by_id("9") is None


@pytest.mark.parametrize(
    ("query", "error", "says"),
    [
        ("select * from nowhere", ContractBroken, r"refused query.sql \(ProgrammingError 42S02\)"),
        ("select id, sleep(9) from dossier", SourceUnavailable, r"did not answer query.sql \(OperationalError"),
    ],
)
def test_a_refusal_is_reported_by_code_and_without_its_rows(
    make: Make, connection: SourceConnection, query: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as told:
        records(make(connection, query))
    assert "Mẫu" not in str(told.value)


def test_a_wrong_password_is_never_shown(make: Make, port: int) -> None:
    wrong = connection_from_parts("x", conn_type="mysql", host="127.0.0.1", port=port, login="a", password="0ther")
    with pytest.raises(SourceUnavailable, match="28000") as told:
        records(make(wrong))
    assert "0ther" not in str(told.value)
