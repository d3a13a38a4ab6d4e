"""docs/how-to/add-a-field.md done on a copy of the tree: the places it names are all that a field needs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from motcua.settings import PROJECT_ROOT, Settings
from motcua.warehouse import database_status, embedded

PAGE = (PROJECT_ROOT / "docs" / "how-to" / "add-a-field.md").read_text(encoding="utf-8")
FOREIGN = PROJECT_ROOT / "tests" / "unit" / "cli" / "foreign"
STORE = "a_field_more"
SEPTEMBER = ("--from", "2025-09-01", "--to", "2025-09-30")


def blocks(language: str) -> list[str]:
    """Return the code of the page in a language, block by block."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", PAGE, flags=re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def put_line_last(path: Path, opening: str, closing: str, line: str) -> None:
    """Put a line before the first `closing` after `opening`."""
    before, found, after = path.read_text(encoding="utf-8").partition(opening)
    inside, ended, rest = after.partition(closing)
    assert found
    assert ended
    path.write_text(f"{before}{opening}{inside}\n    {line.strip()}{closing}{rest}", encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path, database_server: None) -> Path:
    """A copy of the code, the rules and a catalogue, with what the page says done to them."""
    shutil.copytree(PROJECT_ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT_ROOT / "expectations", tmp_path / "expectations")
    shutil.copytree(FOREIGN, tmp_path / "catalog")
    (tmp_path / "include").symlink_to(PROJECT_ROOT / "include")

    [field], [migration] = blocks("diff"), blocks("python")
    put_line_last(tmp_path / "src/motcua/canonical/dossier.py", "_CONTENT = (", "\n)", field.removeprefix("+"))
    store = next(status for status in database_status() if status.database == "store")
    versions = tmp_path / "src/motcua/warehouse/migrations/store/versions"
    (versions / "9999_a_field_more.py").write_text(
        migration.replace("00NN", "9999").replace("00MM", str(store.head)), encoding="utf-8"
    )

    [suite] = (tmp_path / "expectations").glob("dossier.json")
    rules = json.loads(suite.read_text(encoding="utf-8"))
    rules["expectations"] += [json.loads(block) for block in blocks("json")]
    suite.write_text(json.dumps(rules), encoding="utf-8")

    [mapping] = (tmp_path / "catalog" / "mappings").glob("*.yaml")
    told = yaml.safe_load(mapping.read_text(encoding="utf-8"))
    [added] = map(yaml.safe_load, blocks("yaml"))
    told["fields"] |= added["fields"]
    told["keys"]["keep"] += added["keys"]["keep"]
    mapping.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    return tmp_path


@pytest.fixture
def store(database_server: None) -> Iterator[str]:
    """A store of its own on the server of the tests."""
    admin = embedded.ensure_server(Settings.load().work_dir / "pg")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"drop database if exists {STORE}")
        connection.execute(f"create database {STORE} owner motcua_store")
        yield embedded.dsn(admin, "motcua_store").replace("/motcua_store?", f"/{STORE}?")
        connection.execute(f"drop database {STORE}")


@pytest.fixture
def motcua(tree: Path, store: str) -> Callable[..., str]:
    """Return a function that runs the command of the copied tree."""
    environment = os.environ | {
        "PYTHONPATH": str(tree / "src"),
        "MOTCUA_HOME": str(tree),
        "MOTCUA_WORK": str(tree / "work"),
        "MOTCUA_STORE_DSN": store,
        "MOTCUA_WAREHOUSE_DSN": embedded.dsn(
            embedded.ensure_server(Settings.load().work_dir / "pg"), "motcua_warehouse"
        ),
    }

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", "from motcua.cli import main; main()", "--catalog", str(tree / "catalog")]
        ended = subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def drop(tree: Path, *extensions: str) -> None:
    """Drop the register with the new column, filled from its first dossier on."""
    [path] = (tree / "catalog" / "drops").glob("*.csv")
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    header = next(place for place, line in enumerate(lines) if line.startswith("STT;"))
    cells = ["Số lần gia hạn", *extensions, *[""] * len(lines)]
    path.write_text(
        "\n".join(
            line if place < header else f"{line.rsplit(';', line.count(';') - 10)[0]};{cells[place - header]}"
            for place, line in enumerate(lines)
        ),
        encoding="utf-8",
    )


def versions(store: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(store) as connection:
        return connection.execute(
            "select dossier_id, extension_count, known_to is null from dossier_version"
            " where dossier_id in ('PA/2025/001', 'PA/2025/002', 'PA/2025/003') order by dossier_id, version_id"
        ).fetchall()


def test_a_field_needs_one_line_one_migration_one_mapping_and_its_rule(
    tree: Path, store: str, motcua: Callable[..., str]
) -> None:
    motcua("db", "upgrade")
    drop(tree, "2", "-1")
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    assert versions(store) == [("PA/2025/001", 2, True), ("PA/2025/003", None, True)]
    aside = json.loads(motcua("quarantine", "list", "--rule", "V14.extensions", "--json"))
    assert [entry["dossier_no"] for entry in aside] == ["PA/2025/002"]

    drop(tree, "3", "")
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    assert versions(store) == [
        ("PA/2025/001", 2, False),
        ("PA/2025/001", 3, True),
        ("PA/2025/002", None, True),
        ("PA/2025/003", None, True),
    ]
