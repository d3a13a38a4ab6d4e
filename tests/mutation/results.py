"""What became of the mutants of each file, kept in `results.json` with a hash of what that depends on.

A result stands until its hash changes: the file itself, its tests, the conftests of their folders and what these import
of `tests/` at their head, or for SQL its cases; and what makes the mutants.
"""

from __future__ import annotations

import ast
import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
KEPT = HERE / "results.json"
PYTHON, SQL = HERE / "python.toml", HERE / "sql_survivors.yaml"
SQL_CASES = ("base_rows.yaml", "cases.py", "world.py")


@dataclass(frozen=True)
class Result:
    """What became of the mutants of one file.

    Attributes:
        proof: the hash of what this depends on.
        run: the commit that was run, and the day.
        survived: of each survivor its line, its function or the text of its line, and its change.
    """

    file: str
    proof: str
    run: str
    seconds: int
    killed: int
    survived: tuple[tuple[int, str, str], ...] = ()

    @property
    def score(self) -> float:
        """The killed in percent of all."""
        mutants = self.killed + len(self.survived)
        return 100 * self.killed / mutants if mutants else 100.0

    def place(self, line: int, where: str) -> str:
        """Return where a survivor stands, for the page."""
        return f"{self.file}:{line}" if self.file.endswith(".sql") else f"{where}:{line}"


def modules() -> dict[str, tuple[str, ...]]:
    """Return the modules that are run, by file, with the files of their tests."""
    return {f"src/motcua/{each['file']}": tuple(each["tests"]) for each in _python()["module"]}


def statements() -> dict[str, Path]:
    """Return the statements that are run, by file, with the file of their cases."""
    from tests.sql.cases import case_files, statement_of

    return {f"include/sql/{statement_of(path)}.sql": path for path in case_files()}


def proofs() -> dict[str, str]:
    """Return by file the hash of what its result depends on."""
    makers = [HERE / "operators.py"]
    found = {
        file: _hash([ROOT / file, *makers, *_tests([ROOT / test for test in tests])])
        for file, tests in modules().items()
    }
    makers = [HERE / "sql_mutants.py", *(ROOT / "tests" / "sql" / name for name in SQL_CASES)]
    return found | {file: _hash([ROOT / file, path, *makers]) for file, path in statements().items()}


def read() -> dict[str, Result]:
    """Return the results that are kept, by file."""
    if not KEPT.exists():
        return {}
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    return {
        file: Result(file, each["proof"], each["run"], each["seconds"], each["killed"], _survivors(each["survived"]))
        for file, each in kept.items()
    }


def write(results: Iterable[Result]) -> None:
    """Keep these results."""
    kept = {
        each.file: {"proof": each.proof, "run": each.run, "seconds": each.seconds, "killed": each.killed,
                    "survived": each.survived}
        for each in sorted(results, key=lambda each: each.file)
    }  # fmt: skip
    KEPT.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def reasons() -> dict[tuple[str, str, str], str]:
    """Return why survivors may live, by file, by function or the text of the line, and by change."""
    found = {(f"src/motcua/{each['file']}", each["in"], each["change"]): each["why"] for each in _python()["survivor"]}
    for name, entries in (yaml.safe_load(SQL.read_text(encoding="utf-8")) or {}).items():
        found |= {(f"include/sql/{name}.sql", each["line"], each["change"]): each["why"] for each in entries}
    return found


def _survivors(kept: list[list[Any]]) -> tuple[tuple[int, str, str], ...]:
    return tuple((line, where, change) for line, where, change in kept)


@cache
def _python() -> dict[str, Any]:
    return tomllib.loads(PYTHON.read_text(encoding="utf-8"))


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _tests(paths: Iterable[Path]) -> list[Path]:
    """Return test files with what they import of `tests/` and the conftests of their folders."""
    found: dict[Path, None] = {}
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = None
        waiting += _imported(path)
        folders = [folder for folder in path.parents if folder.is_relative_to(ROOT / "tests")]
        waiting += [conftest for folder in folders if (conftest := folder / "conftest.py").exists()]
    return sorted(found)


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8"))))


def _imports(module: ast.Module) -> Iterator[Path]:
    """Yield what a module imports at its head: what a fixture imports when somebody asks for it is not followed."""
    for node in module.body:
        names = [each.name for each in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module), *(f"{node.module}.{name}" for name in names)]
        for name in names:
            path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
            if name.startswith("tests.") and path.exists():
                yield path
