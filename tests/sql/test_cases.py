"""Every statement that decides a fate or a figure, case by case: the cases are YAML beside this file (`cases.py`)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from tests.sql.cases import Case, all_cases

CASES = all_cases()


@pytest.fixture(scope="module")
def empty_databases(database_server: None) -> Iterator[dict[str, Connection]]:
    """Both databases empty, one connection to each for all cases."""
    from tests.sql.world import connections
    from tests.store_world import empty_databases

    empty_databases()
    with connections() as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=[f"{case.statement}: {case.name}" for case in CASES])
def test_statement(case: Case, empty_databases: dict[str, Connection]) -> None:
    from tests.sql.world import faults

    assert faults(empty_databases[case.database], case) == []


def test_each_case_has_a_name_of_its_own() -> None:
    names = [(case.statement, case.name) for case in CASES]
    assert sorted(names) == sorted(set(names))
