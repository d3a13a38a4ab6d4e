"""A month against the portal the sandbox serves: nothing differs until something is planted, and that is found."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.store_world import empty_databases

from motcua import ledger
from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.cli import main
from motcua.consolidate import consolidate_batches
from motcua.errors import ContractBroken, ReportRefused, SourceUnavailable
from motcua.extract import SourceConnection, extract_batches
from motcua.period import calendar_period, reporting_period
from motcua.reconcile import Reconciliation, open_differences, reconcile
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.scenario import load_scenario
from motcua.settings import PROJECT_ROOT, Settings
from motcua.validate import validate_batches
from motcua.warehouse import store_engine

OCTOBER = calendar_period("MONTH", 2023, 10)
NOVEMBER = calendar_period("MONTH", 2023, 11)
COMMUNE, PROCEDURE = "29236:2020", "2.000815"
TODAY = date(2023, 11, 3)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer("small") as server:
        yield server


@pytest.fixture(scope="module")
def october(database_server: None, sandbox: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small scenario's October in the store; a contract that may be asked as fast as the machine can."""
    folder = tmp_path_factory.mktemp("reconcile") / "catalog"
    shutil.copytree(PROJECT_ROOT / "include" / "catalog", folder)
    contract = folder / "national_portal.yaml"
    contract.write_text(contract.read_text().replace("requests_per_second: 2", "requests_per_second: 2000"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTCUA_CATALOG", str(folder))
        patch.setenv("MOTCUA_PROVINCE", "84")
        empty_databases()
        catalog = load_catalog(Settings.load().catalog_dir)
        chunks = ledger.plan_run(
            catalog,
            "october",
            date(2023, 10, 31),
            window=(date(2020, 1, 1), date(2023, 10, 31)),  # with all that was carried over, as an opening would
            source_ids=[source.source_id for source in load_scenario("small").sources(catalog)],
        )
        connection = SourceConnection(sandbox.base_url, sandbox.login, sandbox.password)
        for chunk in chunks:
            assert extract_batches(chunk, lambda _: connection).failed == []
            validate_batches(chunk)
            consolidate_batches(chunk)
        build_measures()
        yield folder


@pytest.fixture
def month(october: Path, sandbox: SandboxServer) -> SandboxServer:
    with store_engine().begin() as connection:
        connection.execute(text("truncate portal_figure, portal_difference"))
    sandbox.plant([])
    return sandbox


def compared(sandbox: SandboxServer, today: date = TODAY) -> Reconciliation:
    return reconcile("84", OCTOBER, base_url=sandbox.url, today=today)


def planted(kind: str, count: int = 1, **more: Any) -> dict[str, Any]:
    place = {"unit_id": COMMUNE, "procedure": PROCEDURE, "month": "2023-10"}
    return {"kind": kind, "count": count, **place, **more}


def found(result: Reconciliation) -> dict[tuple[str, str], tuple[str, int]]:
    return {(one.unit_id, one.metric): (one.kind, one.quantity) for one in result.differences}


def test_what_was_taken_in_from_the_systems_is_what_the_portal_counts(month: SandboxServer) -> None:
    result = compared(month)
    assert result.compared > 20
    assert result.unmapped == ()
    assert result.differences == ()


def test_a_dossier_that_never_reached_the_portal_is_missing_there(month: SandboxServer) -> None:
    month.plant([planted("lost", 2)])
    result = found(compared(month))
    assert result[COMMUNE, "received"] == ("missing_there", -2)
    assert {kind for kind, _ in result.values()} == {"missing_there"}


def test_a_dossier_only_the_portal_has_is_missing_here(month: SandboxServer) -> None:
    month.plant([planted("extra", procedure="1.000045")])  # a procedure nobody here reports
    result = compared(month)
    assert {(one.procedure_code, one.kind) for one in result.differences} == {("1.000045", "missing_here")}


def test_dossiers_counted_for_another_commune_are_another_mapping(month: SandboxServer) -> None:
    catalog = load_catalog(Settings.load().catalog_dir)
    served = load_scenario("small").sources(catalog)
    other = next(each.unit_id for each in served if each.level == "commune" and each.unit_id != COMMUNE)
    month.plant([planted("elsewhere", other_unit_id=other)])
    result = compared(month)
    assert {one.unit_id for one in result.differences} == {COMMUNE, other}
    assert {one.kind for one in result.differences} == {"unit_mapping"}


def test_dossiers_the_portal_dates_a_month_later_are_another_date(month: SandboxServer) -> None:
    month.plant([planted("later")])
    reconcile("84", NOVEMBER, base_url=month.url, today=TODAY)
    assert found(compared(month))[COMMUNE, "received"] == ("date", -1)


def test_a_result_that_did_not_reach_the_portal_is_another_state(month: SandboxServer) -> None:
    month.plant([planted("undone")])
    assert found(compared(month)) == {(COMMUNE, "on_time"): ("state", -1)}


def test_a_difference_ages_until_it_is_gone(month: SandboxServer) -> None:
    month.plant([planted("undone")])
    compared(month, TODAY)
    compared(month, date(2023, 11, 13))
    (one,) = open_differences("84:2020", date(2023, 11, 20))
    assert (one.first_seen_on, one.last_seen_on, one.age_days) == (TODAY, date(2023, 11, 13), 17)
    month.plant([])
    compared(month, date(2023, 11, 21))
    assert open_differences("84:2020", date(2023, 11, 22)) == []
    with store_engine().connect() as connection:
        assert connection.execute(text("select closed_on from portal_difference")).scalar_one() == date(2023, 11, 21)


def test_the_newest_snapshot_stands_in_when_the_portal_is_away(month: SandboxServer) -> None:
    month.plant([planted("undone")])
    compared(month)
    assert found(reconcile("84", OCTOBER, base_url=None, today=TODAY)) == {(COMMUNE, "on_time"): ("state", -1)}
    with pytest.raises(ReportRefused, match="no snapshot"):
        reconcile("84", NOVEMBER, base_url=None, today=TODAY)


def test_reporting_periods_are_never_compared_with_calendar_ones(october: Path) -> None:
    with pytest.raises(ReportRefused, match="calendar months"):
        reconcile("84", reporting_period("MONTH", 2023, 10), base_url="http://127.0.0.1:9", today=TODAY)


def test_a_portal_that_speaks_otherwise_is_a_broken_contract(
    month: SandboxServer, october: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(october, folder)
    contract = folder / "national_portal.yaml"
    contract.write_text(contract.read_text().replace("field: totalOnTime", "field: totalPunctual"))
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
    with pytest.raises(ContractBroken, match="a whole number under totalPunctual"):
        compared(month)


def test_a_portal_that_is_away_is_told(october: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motcua.reconcile.portal.client.ATTEMPTS", 1)
    with pytest.raises(SourceUnavailable, match="did not answer"):
        reconcile("84", OCTOBER, base_url="http://127.0.0.1:9", today=TODAY)


def test_the_command_lists_differences_by_province(
    month: SandboxServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    month.plant([planted("undone")])
    monkeypatch.setenv("AIRFLOW_CONN_NATIONAL_PORTAL", month.url)

    def run(*arguments: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["motcua", "portal", *arguments, "--on", TODAY.isoformat(), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        return json.loads(capsys.readouterr().out)

    assert run("compare", "--unit", "84", "--period", "CAL_MONTH:2023-10")["by_kind"] == {"state": 1}
    (listed,) = run("differences", "--unit", "84:2020")
    assert (listed["unit_id"], listed["kind"], listed["age_days"]) == (COMMUNE, "state", 0)
