"""Who may import whom: the contracts of `.importlinter`, and what they cannot say.

Lazy imports and imports for types only count as imports.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from motcua.settings import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "src" / "motcua"
# A breach of each kind, in a file of its own. Lazily and for types only too: a layer is a layer whenever it is crossed.
BREACHES = {
    "aggregate/measures.py": ("motcua.consolidate", "def late():\n    from motcua import consolidate\n"),
    "cli/demo.py": ("motcua.sandbox.serve", "from motcua.sandbox import serve\n"),
    "cli/console.py": ("motcua.cli.sources", "from motcua.cli import sources\n"),
    "consolidate/merge.py": ("motcua.extract.pull", "import motcua.extract.pull\n"),
    "demo/run.py": ("airflow", "from airflow.sdk import dag\n"),
    "errors.py": ("motcua.settings", "from motcua.settings import Settings\n"),
    "extract/adapters/igate.py": ("motcua.extract.adapters.tandan", "from . import tandan\n"),
    "extract/records/rules.py": ("motcua.extract.records.table", "from .table import *\n"),
    "extract/wire/tabular.py": ("motcua.extract.records.table", "from ..records import table\n"),
    "ledger.py": ("motcua.extract.chunk", "from motcua.extract.chunk import *\n"),
    "orchestration/duties.py": ("motcua.sandbox.app", "import motcua.sandbox.app\n"),
    "publish/files/page.py": ("motcua.reconcile.stated", "from motcua.reconcile import stated\n"),
    "publish/form/figures.py": ("pandas", "import pandas as pd\n"),
    "units/codes.py": (
        "motcua.ledger",
        "import typing\nif typing.TYPE_CHECKING:\n    from motcua.ledger import read_batches\n",
    ),
    "validate/run.py": ("airflow", "import airflow.sdk\n"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Hold the contracts to the package `motcua` of a folder."""
    command = [
        Path(sys.executable).with_name("lint-imports"),
        "--no-cache",
        "--no-logo",
        PROJECT_ROOT / ".importlinter",
    ]
    return subprocess.run(
        command, cwd=folder, env={"COLUMNS": "400", "PYTHONPATH": str(folder)}, capture_output=True, text=True
    )


def test_the_contracts_hold() -> None:
    done = lint(PACKAGE.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_against_a_contract_is_found(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "motcua", ignore=shutil.ignore_patterns("__pycache__"))
    wanted = set()
    for name, (imported, source) in BREACHES.items():
        with (tmp_path / "motcua" / name).open("a", encoding="utf-8") as module:
            module.write(source)
        wanted.add(f"motcua.{name.removesuffix('.py').replace('/', '.')} -> {imported} (l.")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert {each for each in wanted if each not in done.stdout} == set()


def test_a_part_of_the_package_without_a_place_is_found(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "motcua", ignore=shutil.ignore_patterns("__pycache__"))
    for new in ("weather.py", "publish/weather.py"):
        (tmp_path / "motcua" / new).write_text('"""Nobody said where this stands."""\n')
    done = lint(tmp_path)
    assert done.returncode == 1
    assert done.stdout.count("- motcua.weather") == done.stdout.count("- motcua.publish.weather") == 1


def in_circles(graph: grimp.ImportGraph) -> list[str]:
    """Return the modules that reach themselves over imports, a package's own file included."""
    return sorted(
        module
        for module in graph.modules
        if any(graph.direct_import_exists(importer=far, imported=module) for far in graph.find_upstream_modules(module))
    )


def test_no_file_imports_in_a_circle() -> None:
    assert in_circles(grimp.build_graph("motcua", cache_dir=None)) == []


def test_a_circle_through_the_door_of_a_room_is_found() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in (("a", "a.one"), ("a.one", "a.two"), ("a.two", "a"), ("a.three", "a.one")):
        graph.add_import(importer=importer, imported=imported)
    assert in_circles(graph) == ["a", "a.one", "a.two"]


def registration_breaches(source: str) -> list[str]:
    """Return what a DAG or plugin file imports besides the standard library, Airflow and motcua.orchestration."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names = [f"motcua.{alias.name}" for alias in node.names] if module == "motcua" else [module]
        else:
            continue
        found += [
            f"{node.lineno}: {name}"
            for name in names
            if name.split(".")[0] not in {"airflow", *sys.stdlib_module_names}
            and not f"{name}.".startswith("motcua.orchestration.")
        ]
    return found


@pytest.mark.parametrize("folder", ["dags", "plugins"])
def test_dag_and_plugin_files_import_only_airflow_and_orchestration(folder: str) -> None:
    files = sorted((PROJECT_ROOT / folder).rglob("*.py"))
    assert files
    found = [f"{p.name}:{line}" for p in files for line in registration_breaches(p.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import pandas",
        "from motcua.extract import extract_batches",
        "def task():\n    from motcua import publish",
        "import requests",
        "from . import other_dag",
    ],
)
def test_a_dag_file_that_does_the_work_itself_is_found(source: str) -> None:
    assert len(registration_breaches(source)) == 1
