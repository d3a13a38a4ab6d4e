"""Sizes, names and docstrings of the modules."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path, PurePath

import pytest

from motcua.settings import PROJECT_ROOT

STAGES = ("extract", "validate", "consolidate", "aggregate", "publish")
LINES_OF_A_MODULE = 400
LINES_OF_A_DAG = 80
MODULES_OF_A_FOLDER = 15
# Long lists of files that are alike: a command each, a system each.
LISTS_OF_THE_ALIKE = re.compile(r"src/motcua/(cli|sandbox/systems)")
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc|v\d+)($|_)")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b(?!.*\bissue \d+)")


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (PROJECT_ROOT / folder).rglob("*.py"))


def too_long(texts: dict[str, str], limit: int) -> list[str]:
    return [f"{name}: {len(text.splitlines())} lines" for name, text in texts.items() if len(text.splitlines()) > limit]


def read(paths: list[Path]) -> dict[str, str]:
    return {str(path.relative_to(PROJECT_ROOT)): path.read_text(encoding="utf-8") for path in paths}


def test_no_module_is_longer_than_a_few_screens() -> None:
    assert too_long(read(python_files("src", "dags", "plugins", "tests", "bench")), LINES_OF_A_MODULE) == []


def test_no_dag_file_is_longer_than_a_screen() -> None:
    assert too_long(read(python_files("dags")), LINES_OF_A_DAG) == []


def test_a_module_one_line_too_long_is_found() -> None:
    assert too_long({"a.py": "x\n" * 401, "b.py": "x\n" * 400}, LINES_OF_A_MODULE) == ["a.py: 401 lines"]


def too_full(files: list[str]) -> list[str]:
    """Return the folders with more modules at one level than are found in at a glance; `__init__` is their door."""
    modules = Counter(str(PurePath(name).parent) for name in files if PurePath(name).stem != "__init__")
    return [
        f"{folder}: {count} modules"
        for folder, count in sorted(modules.items())
        if count > MODULES_OF_A_FOLDER and not LISTS_OF_THE_ALIKE.fullmatch(folder)
    ]


def test_no_folder_holds_more_modules_than_can_be_looked_over() -> None:
    assert too_full([str(path.relative_to(PROJECT_ROOT)) for path in python_files("src")]) == []


def test_a_folder_with_one_module_too_many_is_found() -> None:
    def full(folder: str, count: int) -> list[str]:
        return [f"{folder}/__init__.py", *(f"{folder}/m{number}.py" for number in range(count))]

    assert too_full(full("src/motcua/validate", 15) + full("src/motcua/cli", 30)) == []
    assert too_full(full("src/motcua/validate", 16)) == ["src/motcua/validate: 16 modules"]
    assert too_full(full("src/motcua/cli/sources", 16)) == ["src/motcua/cli/sources: 16 modules"]


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    paths = [
        path
        for folder in ("src", "dags", "plugins", "tests", "bench", "include", "expectations")
        for path in (PROJECT_ROOT / folder).rglob("*")
    ]
    assert [str(path) for path in paths if VAGUE.search(path.stem)] == []


@pytest.mark.parametrize("stem", ["utils", "sql_helpers", "common", "task_manager", "measures_v2"])
def test_a_name_that_says_nothing_is_found(stem: str) -> None:
    assert VAGUE.search(stem)


@pytest.mark.parametrize("stem", ["commune", "community", "0001_ledger_and_versions", "dossier_version"])
def test_a_name_that_only_resembles_one_is_left_alone(stem: str) -> None:
    assert not VAGUE.search(stem)


def test_no_unfinished_work_is_left_without_an_issue() -> None:
    this = Path(__file__).resolve()
    files = [path for path in python_files("src", "dags", "plugins", "tests", "bench") if path != this]
    files += sorted((PROJECT_ROOT / "include").rglob("*.sql"))
    assert [name for name, text in read(files).items() if UNFINISHED.search(text)] == []


def test_unfinished_work_is_found_unless_an_issue_is_named() -> None:
    assert UNFINISHED.search("# TODO: round here")
    assert not UNFINISHED.search("# TODO issue 12: round here")


def without_docstring(source: str) -> list[str]:
    """Return the public functions and classes at the top of a module that have no docstring."""
    return [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]


def test_every_public_function_of_a_stage_says_what_it_does() -> None:
    files = python_files(*(f"src/motcua/{stage}" for stage in STAGES))
    found = [f"{name}: {what}" for name, text in read(files).items() for what in without_docstring(text)]
    assert found == []


def test_a_public_function_without_a_docstring_is_found() -> None:
    source = 'def a(): ...\ndef _b(): ...\ndef c():\n    """Say it."""\nclass D: ...\n'
    assert without_docstring(source) == ["a", "D"]


def test_every_package_and_module_says_what_it_is() -> None:
    files = [path for path in python_files("src", "dags", "plugins", "bench") if "versions" not in path.parts]
    assert [name for name, text in read(files).items() if not ast.get_docstring(ast.parse(text))] == []
