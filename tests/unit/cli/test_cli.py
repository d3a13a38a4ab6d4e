"""The command as a data engineer types it, on real databases and a real one-stop system."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.unit.cli.conftest import Told

from motcua.catalog import OpencpsOptions, load_catalog
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.generate import build_world
from motcua.sandbox.world.scenario import load_scenario
from motcua.sandbox.world.truth import count_truth
from motcua.settings import Settings
from motcua.warehouse import libpq_dsn, store_engine

SOURCE = "tra-vinh.c29236"
OCTOBER = ("--from", "2023-10-01", "--to", "2023-10-31")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer("small") as server:
        yield server


Command = Callable[..., Told]


@pytest.fixture
def motcua(
    databases: None,
    sandbox: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
    command: Command,
) -> Command:
    """Return a function that runs the command and holds it to an exit code."""
    place = sandbox.url.removeprefix("http://")
    address = f"http://{sandbox.login}:{sandbox.password}@{place}/o%2Frest%2Fv2"
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")
    monkeypatch.setenv("MOTCUA_CATALOG", "")
    monkeypatch.setenv("AIRFLOW_CONN_ONESTOP_TRA_VINH", address)

    return command


def small_sources() -> list[str]:
    return [source.source_id for source in load_scenario("small").sources(load_catalog(Settings.load().catalog_dir))]


def test_a_month_goes_from_a_terminal_to_a_verified_edition(motcua: Command) -> None:
    named = [part for source_id in small_sources() for part in ("--source", source_id)]
    told = motcua("ingest", *named, *OCTOBER)
    assert f"{len(small_sources())} of {len(small_sources())} sources loaded." in told.out

    form = motcua("report", "form-06", "--unit", "84", *OCTOBER, "--json").json
    truth = count_truth(build_world(load_scenario("small")), 1).total
    assert form["period"] == {"type": "CAL_MONTH", "label": "2023-10", "from": "2023-10-01", "to": "2023-10-31"}
    assert form["total"]["received_online"] == truth.received_online
    assert form["total"]["received_direct"] == truth.received_direct
    overdue = sum(row["open_overdue"] or 0 for row in form["rows"])
    assert overdue == truth.open_overdue
    assert form["total"]["open_overdue"] is None  # of most units nobody has said what was open before
    assert sum(row["received_online"] or 0 for row in form["rows"]) == truth.received_online

    motcua("measures", "rebuild", "--check")
    entries = motcua("quarantine", "list", "--json").json
    shown = motcua("quarantine", "show", str(entries[0]["quarantine_id"]), "--json").json
    assert shown["broken_rules"][0]["reason"]

    motcua("report", "publish", "form-06", "--unit", "84", *OCTOBER, "--completeness", "provisional")
    [edition] = motcua("edition", "list", "--json").json
    assert "sound" in motcua("edition", "verify").out
    content = motcua("edition", "show", edition["edition_id"]).json
    assert content["completeness"] == "provisional"

    index = motcua("index", "unit", "84", "--period", "CAL_MONTH:2023-10", "--json").json
    online = index["groups"]["online"]["items"]["3.3"]
    received = form["total"]["received_online"] + form["total"]["received_direct"]
    assert (online["numerator"], online["denominator"]) == (form["total"]["received_online"], received)
    on_time = index["groups"]["progress"]["items"]["2.1"]
    late = sum(row["resolved_late"] or 0 for row in form["rows"]) + overdue
    assert (on_time["numerator"], on_time["denominator"]) == (
        sum(row["received_total"] or 0 for row in form["rows"]) - late,
        sum(row["received_total"] or 0 for row in form["rows"]),
    )
    assert index["total"] is not None


def test_a_source_that_is_down_is_named_and_the_command_fails(
    motcua: Command, sandbox: SandboxServer, tmp_path: Path
) -> None:
    catalog = shutil.copytree(Settings.load().catalog_dir, tmp_path / "catalog")
    entries = (catalog / "sources" / "tra-vinh.yaml").read_text(encoding="utf-8")
    quick = entries.replace("defaults:\n", "defaults:\n  retry_wait_seconds: 0.01\n", 1)
    (catalog / "sources" / "tra-vinh.yaml").write_text(quick, encoding="utf-8")
    down = load_catalog(Settings.load().catalog_dir).source_by_id[SOURCE]
    sandbox.set_down([down.options_as(OpencpsOptions).group_id])
    try:
        named = ("--source", SOURCE, "--source", "tra-vinh.centre")
        told = motcua("--catalog", str(catalog), "ingest", *named, *OCTOBER, code=1)
    finally:
        sandbox.set_down([])
    assert f"{SOURCE}: failed in extract" in told.err
    assert "1 of 2 sources loaded." in told.out


def test_a_source_is_checked_without_storing_anything(motcua: Command) -> None:
    told = motcua("sources", "check", SOURCE, *OCTOBER, code=1)
    assert "Verdict: it would not be taken in whole." in told.out  # the sandbox has records that break a rule
    assert "would be set aside, by the rules below" in told.out
    assert "never pulled" in motcua("sources", "list").out


def test_an_error_with_a_remedy_is_printed_without_a_traceback(motcua: Command) -> None:
    told = motcua("sources", "check", "nowhere", code=1)
    assert "There is no source 'nowhere'." in told.err
    assert "What to do:" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize("place", ["first", "last"])
def test_another_catalogue_may_be_named_anywhere_in_the_command(motcua: Command, tmp_path: Path, place: str) -> None:
    copied = shutil.copytree(Settings.load().catalog_dir, tmp_path / "catalog")
    text = (copied / "sources" / "tra-vinh.yaml").read_text(encoding="utf-8")
    (copied / "sources" / "tra-vinh.yaml").write_text(text.replace(SOURCE, "tra-vinh.renamed"), encoding="utf-8")
    option, command = ["--catalog", str(copied)], ["sources", "list", "--json"]
    told = motcua(*([*option, *command] if place == "first" else [*command, *option]))
    assert "tra-vinh.renamed" in {source["source_id"] for source in told.json}


def test_a_database_of_another_operator_is_not_upgraded_automatically(
    motcua: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_STORE_DSN", libpq_dsn("airflow"))
    told = motcua("quarantine", "list", code=1)
    assert "run `motcua db upgrade` once" in told.err


def test_drift_and_absences_are_shown(motcua: Command) -> None:
    motcua("ingest", "--source", SOURCE, *OCTOBER)
    assert motcua("sources", "drift", "--json").json == []
    assert motcua("sources", "absences", "--json").json == []
    with store_engine().begin() as connection:
        connection.execute(
            text(
                "insert into source_drift (source_id, batch_id, kind, name, detail, handling)"
                " select source_id, batch_id, 'new_field', 'soTo', 'integer', 'evolved' from batch"
            )
        )
    [finding] = motcua("sources", "drift", SOURCE, "--json").json
    assert (finding["kind"], finding["name"]) == ("new_field", "soTo")
    assert "soTo" in motcua("sources", "drift").out
