"""Every statement that decides a fate or a figure, case by case: the cases are YAML beside this file (`cases.py`)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from tests.sql.cases import Case, all_cases

from motcua.settings import Settings

CASES = all_cases()
WITHOUT_CASES = {
    "validate/asked_dossiers": "makes an empty table, which the cases of validate/known_dossiers fill",
}


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


def test_every_statement_has_cases() -> None:
    folder = Settings.load().sql_dir
    statements = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.sql")}
    assert statements - {case.statement for case in CASES} == WITHOUT_CASES.keys()
