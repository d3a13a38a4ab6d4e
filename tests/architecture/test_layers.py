"""Who may import whom: dags → orchestration → stages → foundations → libraries. Lazy imports count as imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from motcua.settings import PROJECT_ROOT

SRC = PROJECT_ROOT / "src"
STAGES = {"extract", "validate", "consolidate", "aggregate", "publish"}
FOUNDATIONS = {
    "alerts",
    "canonical",
    "catalog",
    "days",
    "errors",
    "landing",
    "ledger",
    "obligations",
    "percentage",
    "period",
    "procedures",
    "settings",
    "spelling",
    "units",
    "warehouse",
}
# What each part of the package may import of the others. A stage meets another stage in landing, store or ledger.
MAY_IMPORT = {
    **dict.fromkeys(FOUNDATIONS, FOUNDATIONS),
    **dict.fromkeys(STAGES, FOUNDATIONS),
    "reconcile": FOUNDATIONS | {"publish"},
    "sandbox": FOUNDATIONS,
    "orchestration": FOUNDATIONS | STAGES | {"reconcile"},
    "demo": FOUNDATIONS | STAGES | {"reconcile", "sandbox"},
    "cli": FOUNDATIONS | STAGES | {"demo", "orchestration", "reconcile", "sandbox"},
    "reference_docs": FOUNDATIONS | STAGES | {"cli"},
}
SEES_AIRFLOW = {"orchestration"}


def imports_of(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of every import, `from motcua import x` as motcua.x, relative ones resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            if module == "motcua":
                yield from ((node.lineno, f"motcua.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, module


def part_of(path: Path, src: Path = SRC) -> str:
    """Return the part of the package a file belongs to: `extract` for src/motcua/extract/pull.py."""
    inside = path.relative_to(src / "motcua")
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def breaches(path: Path, source: str, src: Path = SRC) -> list[str]:
    """Return the imports of one module that its layer may not have."""
    part = part_of(path, src)
    if part == "__init__":
        return [f"{path.name}: the package itself imports nothing"] if list(imports_of(ast.parse(source), "")) else []
    package = ".".join(path.relative_to(src).parent.parts)
    found = []
    for line, name in imports_of(ast.parse(source), package):
        top, _, rest = name.partition(".")
        if top == "airflow" and part not in SEES_AIRFLOW:
            found.append(f"{path.name}:{line}: {part} imports {name}; only orchestration may know Airflow")
        other = rest.split(".")[0]
        if top == "motcua" and other != part and other not in MAY_IMPORT[part]:
            found.append(f"{path.name}:{line}: {part} may not import {name}")
    return found


def test_no_part_imports_what_stands_above_or_beside_it() -> None:
    modules = sorted((SRC / "motcua").rglob("*.py"))
    assert [line for path in modules for line in breaches(path, path.read_text(encoding="utf-8"))] == []


def test_every_part_of_the_package_has_a_place_in_the_layers() -> None:
    parts = {part_of(path) for path in (SRC / "motcua").rglob("*.py")} - {"__init__"}
    assert parts <= set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("extract/pull.py", "from motcua.validate import validate_batches"),
        ("extract/pull.py", "def pull():\n    from motcua import consolidate"),
        ("extract/pull.py", "from ..publish import form"),
        ("validate/run.py", "import airflow.sdk"),
        ("demo/run.py", "from airflow.sdk import dag"),
        ("publish/page.py", "from motcua.sandbox import serve"),
        ("publish/page.py", "from motcua.orchestration.assets import EDITION"),
        ("ledger.py", "from motcua.extract import extract_batches"),
        ("orchestration/tasks.py", "import motcua.sandbox"),
    ],
)
def test_an_import_against_the_layers_is_found(module: str, source: str) -> None:
    assert len(breaches(SRC / "motcua" / module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("extract/pull.py", "import requests\nfrom motcua.ledger import read_batches\nfrom .paging import pages"),
        ("orchestration/tasks.py", "from airflow.sdk import task\nfrom motcua.extract import extract_batches"),
    ],
)
def test_an_import_along_the_layers_is_allowed(module: str, source: str) -> None:
    assert breaches(SRC / "motcua" / module, source) == []


def registration_breaches(source: str) -> list[str]:
    """Return what a DAG or plugin file imports besides the standard library, Airflow and motcua.orchestration."""
    return [
        f"{line}: {name}"
        for line, name in imports_of(ast.parse(source), "")
        if name.split(".")[0] not in {"airflow", *sys.stdlib_module_names}
        and not f"{name}.".startswith("motcua.orchestration.")
    ]


@pytest.mark.parametrize("folder", ["dags", "plugins"])
def test_dag_and_plugin_files_import_only_airflow_and_orchestration(folder: str) -> None:
    files = sorted((PROJECT_ROOT / folder).rglob("*.py"))
    found = [f"{p.name}:{line}" for p in files for line in registration_breaches(p.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize("source", ["import pandas", "from motcua.extract import extract_batches", "import requests"])
def test_a_dag_file_that_does_the_work_itself_is_found(source: str) -> None:
    assert len(registration_breaches(source)) == 1


def cycles(graph: dict[str, set[str]]) -> list[str]:
    """Return the nodes that can reach themselves."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(graph.get(start, ()))
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting += graph.get(node, ())
        return seen

    return sorted(node for node in graph if node in reach(node))


def test_the_foundations_have_no_import_cycle() -> None:
    graph: dict[str, set[str]] = {}
    for path in (SRC / "motcua").rglob("*.py"):
        package = ".".join(path.relative_to(SRC).parent.parts)
        names = imports_of(ast.parse(path.read_text(encoding="utf-8")), package)
        part = part_of(path)
        graph.setdefault(part, set()).update(
            name.split(".")[1] for _, name in names if name.startswith("motcua.") and name.split(".")[1] != part
        )
    assert cycles(graph) == []


def test_an_import_cycle_is_found() -> None:
    assert cycles({"ledger": {"units"}, "units": {"warehouse"}, "warehouse": {"ledger"}, "cli": {"ledger"}}) == [
        "ledger",
        "units",
        "warehouse",
    ]
