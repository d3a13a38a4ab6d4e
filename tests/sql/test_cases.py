"""Every statement that decides a fate or a figure, case by case: the cases are YAML beside this file (`cases.py`)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from tests.sql.cases import Case, all_cases
from tests.sql.world import differences, may_stand_alone, result, stand, start_numbers, table_rows

CASES = all_cases()


@pytest.fixture(scope="module")
def empty_databases(database_server: None) -> Iterator[dict[str, Connection]]:
    """Both databases empty, one connection to each for all cases."""
    from tests import store_world

    from motcua.warehouse import store_engine, warehouse_engine

    store_world.empty_databases()
    may_stand_alone()
    with store_engine().connect() as store, warehouse_engine().connect() as warehouse:
        for connection in (store, warehouse):
            start_numbers(connection)
            connection.commit()
        yield {"store": store, "warehouse": warehouse}


@pytest.mark.parametrize("case", CASES, ids=[f"{case.statement}: {case.name}" for case in CASES])
def test_statement(case: Case, empty_databases: dict[str, Connection]) -> None:
    connection = empty_databases[case.database]
    with connection.begin() as transaction:
        stand(connection, case)
        if case.refused is not None:
            with pytest.raises(DBAPIError, match=case.refused):
                result(connection, case)
        else:
            found = result(connection, case)
            said = [] if case.expect is None else differences(connection, case, case.expect, found)
            for table, rows in case.after.items():
                said += [
                    f"{table}: {one}" for one in differences(connection, case, rows, table_rows(connection, table))
                ]
            assert said == []
        transaction.rollback()


def test_each_case_has_a_name_of_its_own() -> None:
    names = [(case.statement, case.name) for case in CASES]
    assert sorted(names) == sorted(set(names))
