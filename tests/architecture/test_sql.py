"""The SQL files: one statement each, each with its header, each in use, each found by whoever asks for it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from motcua.settings import PROJECT_ROOT

SQL = PROJECT_ROOT / "include" / "sql"
VIEW_NAME = re.compile(r"\d\d__[a-z][a-z0-9_]*")


def name_of(path: Path) -> str:
    return path.relative_to(SQL).with_suffix("").as_posix()


def statements() -> set[str]:
    return {name_of(path) for path in SQL.rglob("*.sql") if path.relative_to(SQL).parts[0] != "views"}


def names_in_use(source: str) -> set[str]:
    """Return the `<layer>/<name>` literals of a module."""
    return {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z]+(/[a-z0-9_]+)+", node.value)
    }


def names_asked_for(source: str) -> set[str]:
    """Return what a module passes to `statement` or `statement_text` as a literal."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in {"statement", "statement_text"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def faults(text: str) -> list[str]:
    """Return what is wrong with the form of one SQL file."""
    found = []
    if not re.match(r"-- Grain: \S", text):
        found.append("the first line is not `-- Grain: ...`")
    code = re.sub(r"'(?:[^']|'')*'", "''", re.sub(r"--[^\n]*", "", text))
    if ";" in code:
        found.append("a semicolon: one statement a file, unterminated")
    return found


def modules() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in (PROJECT_ROOT / "src").rglob("*.py")]


def test_every_sql_file_says_its_grain_and_holds_one_statement() -> None:
    found = [f"{name_of(p)}: {fault}" for p in sorted(SQL.rglob("*.sql")) for fault in faults(p.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "select 1\n",
        "-- reads batch\nselect 1\n",
        "-- Grain: one batch.\nselect 1;\n",
        "-- Grain: a\nselect 1; select 2",
    ],
)
def test_a_sql_file_out_of_form_is_found(text: str) -> None:
    assert len(faults(text)) == 1


def test_a_semicolon_in_a_comment_or_a_text_is_no_fault() -> None:
    assert faults("-- Grain: one batch; reads batch.\nselect 'a; b' as reason\n") == []


def test_every_statement_is_in_use() -> None:
    used = set().union(*(names_in_use(source) for source in modules()))
    assert statements() - used == set()


def test_every_statement_asked_for_exists() -> None:
    asked = set().union(*(names_asked_for(source) for source in modules()))
    assert asked, "no module asks for a statement: this test no longer sees how they do"
    assert asked - statements() == set()


def test_the_readers_of_statement_names_see_them() -> None:
    source = 'rows = connection.execute(statement("ledger/plan_batch"), {})\nNAME = "publish/brief_totals"\n'
    assert names_asked_for(source) == {"ledger/plan_batch"}
    assert names_in_use(source) == {"ledger/plan_batch", "publish/brief_totals"}


def test_every_view_file_is_numbered_under_a_database() -> None:
    views = sorted((SQL / "views").rglob("*.sql"))
    assert views
    for path in views:
        assert path.parent.name in {"store", "warehouse"}, path
        assert VIEW_NAME.fullmatch(path.stem), path
