"""A list of columns in a statement stands for what the kind of record says."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import text

from motcua.canonical import DOSSIER, KINDS
from motcua.settings import Settings
from motcua.warehouse import array_text, store_engine
from motcua.warehouse.statements import expanded, statement_text


def test_a_list_is_written_out_and_each_column_qualified_where_the_list_is() -> None:
    assert expanded("select known.{key} from {version_table} as known where id = :key") == (
        "select known.system_code, known.agency_code, known.dossier_id from dossier_version as known where id = :key"
    )


def test_a_list_that_no_kind_has_is_refused() -> None:
    with pytest.raises(KeyError, match="columns_of_mine"):
        expanded("select {columns_of_mine}")


def test_braces_that_name_no_list_are_left_alone() -> None:
    assert expanded("select '{}'::jsonb, '{1,2}'") == "select '{}'::jsonb, '{1,2}'"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_statement_keeps_a_list_unwritten(kind: object) -> None:
    folder = Settings.load().sql_dir
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.sql")]
    assert [name for name in names if re.search(r"\{[a-z_]+\}", statement_text(name, kind))] == []  # type: ignore[arg-type]


def test_no_statement_names_more_than_half_of_the_columns_of_a_dossier_itself() -> None:
    folder = Settings.load().sql_dir
    said = set(DOSSIER.lists["said"])
    own = {path.name: said & set(re.findall(r"\w+", path.read_text("utf-8"))) for path in folder.rglob("*.sql")}
    # The definition of every count reads what it counts; nothing else lists columns.
    assert {name for name, columns in own.items() if len(columns) > len(said) // 2} <= {"20__dossier_contribution.sql"}


@pytest.mark.parametrize("type_", ["text", "date"])
def test_an_array_comes_back_as_it_was_given(database_server: None, type_: str) -> None:
    given = {
        "text": ["", 'a "b" \\ {c}, d', "null", "NULL", None, "Xã Ea Đ'rông\n\tà", " "],
        "date": [date(2020, 1, 1), None, date(2099, 12, 31)],
    }[type_]
    with store_engine().connect() as connection:
        asked = text(f"select cast(:given as {type_}[])")
        for values in (given, given[:0], [None]):
            assert connection.scalar(asked, {"given": array_text(values)}) == values
