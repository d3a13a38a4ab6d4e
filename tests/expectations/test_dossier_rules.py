"""Every rule of expectations/dossier.json against fixtures with one defect a file.

A fixture is `fixtures/<rule>/<what>.json`: `case` (accepting, rejecting, boundary), `breaks` (every rule broken,
warnings included), `record` (what differs from valid_record.json), `beside` (more records of the same source) and
`store` (current versions that the store already holds). All are judged in one run, each as a source of its own, by the
shipped catalogue with `fixtures/procedures.csv`, which has a procedure for every unit of time.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Connection, text
from tests.store_world import empty_databases

from motcua.canonical import LANDING_SCHEMA
from motcua.catalog import Catalog, load_catalog
from motcua.settings import Settings
from motcua.units.codes import sync_units
from motcua.validate.facts import add_facts
from motcua.validate.run import run_suite
from motcua.validate.suite import load_suite
from motcua.warehouse import store_engine

FOLDER = Path(__file__).parent / "fixtures"
NOW = datetime(2023, 11, 1, 2)
CASES = ("accepting", "rejecting", "boundary")
NAMES = sorted(f"{path.parent.name}/{path.stem}" for path in FOLDER.glob("*/*.json"))
SUITE = load_suite(Settings.load().expectations_dir / "dossier.json")
VALID = json.loads((FOLDER / "valid_record.json").read_text())


def fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def record_of(changes: dict[str, Any], source: str, dossier_id: str) -> dict[str, Any]:
    """The valid record with changes, under a dossier number of its source's own unless the fixture says otherwise."""
    values = VALID | {"dossier_id": dossier_id} | changes
    for name, value in values.items():
        if name.endswith("_at") and value is not None:
            values[name] = datetime.fromisoformat(value)
    return dict.fromkeys(LANDING_SCHEMA.names) | values | {"system_code": source, "agency_code": "1"}


def numbered(record: dict[str, Any], number: int, changes: dict[str, Any]) -> dict[str, Any]:
    """Give fixtures that leave the dossier number alone one number each: they share one store."""
    if "dossier_no" not in changes or changes["dossier_no"] == VALID["dossier_no"]:
        record["dossier_no"] = f"000.01.21.H59-231002-{number:04d}"
        if record["received_at"] is not None and "received_at" in changes:
            record["dossier_no"] = f"000.01.21.H59-{record['received_at']:%y%m%d}-{number:04d}"
    return record


def fixture_catalog(folder: Path) -> Catalog:
    """The shipped catalogue with the procedures of the fixtures, and a rule of due dates for one of them."""
    shipped = Settings.load().shipped_catalog_dir
    shutil.copytree(shipped, folder, dirs_exist_ok=True)
    shutil.copy(FOLDER / "procedures.csv", folder / "procedures" / "fixtures.csv")
    with (folder / "calendar" / "due_dates.yaml").open("a", encoding="utf-8") as file:
        file.write('  - {valid_from: 2020-01-01, procedures: ["3.000005"], tolerance_workdays: 3, evidence: test}\n')
    return load_catalog(folder)


@dataclass(frozen=True)
class Judgement:
    """Rules broken by (fixture, place of the record in it), and the checks that some record failed."""

    rules: dict[tuple[str, int], set[str]]
    failed_checks: set[int]


@pytest.fixture(scope="module")
def judgement(database_server: None, tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    """Judge every fixture at once."""
    empty_databases()
    records: list[dict[str, Any]] = []
    sources: list[str] = []
    places: list[tuple[str, int]] = []
    with store_engine().connect() as connection:
        sync_units(connection, load_catalog(Settings.load().catalog_dir))
        for number, name in enumerate(NAMES, start=1):
            found = fixture(name)
            for place, changes in enumerate([found.get("record", {}), *found.get("beside", ())], start=1):
                records.append(numbered(record_of(changes, name, str(place)), number, changes))
                sources.append(name)
                places.append((name, place))
            for version in found.get("store", ()):
                put_into_store(connection, name, version, number)
        frame = pa.Table.from_pylist(records, schema=LANDING_SCHEMA).to_pandas()
        frame["source_id"] = sources
        frame["window_to"] = datetime(2023, 10, 31)
        frame["window_to"] = frame["window_to"].astype("datetime64[us]")
        judged = add_facts(frame, fixture_catalog(tmp_path_factory.mktemp("rules")), connection, NOW)
        connection.rollback()
    rules: dict[tuple[str, int], set[str]] = {place: set() for place in places}
    findings = run_suite(SUITE, judged)
    for finding in findings:
        for row in finding.rows:
            rules[places[row]].add(finding.check.rule_id)
    return Judgement(rules, {number for number, finding in enumerate(findings) if finding.rows})


def put_into_store(connection: Connection, name: str, version: dict[str, Any], number: int) -> None:
    values = {
        "batch": f"stored@{name}",
        "source": name if version["source"] == "same" else "another",
        "system": name if version["source"] == "same" else "another",
        "dossier": "1" if version["dossier_id"] == "itself" else version["dossier_id"],
        "no": f"000.01.21.H59-231002-{number:04d}",
        "status": version.get("status_code", 10),
        "superseded": version.get("superseded", False),
    }
    connection.execute(
        text(
            "insert into batch (batch_id, run_id, source_id, level, window_from, window_to)"
            " values (:batch, 'stored', :source, 'commune', '2023-09-01', '2023-09-30')"
        ),
        values,
    )
    connection.execute(
        text(
            "insert into dossier_version (system_code, agency_code, dossier_id, dossier_no, procedure_code,"
            " status_code, unit_id, field_code, content_hash, source_id, batch_id, known_from, known_to,"
            " superseded_by_batch_id)"
            " values (:system, '1', :dossier, :no, '2.000815', :status, '29236:2020', 'G15-TP08', 'x', :source, :batch,"
            " now(), case when :superseded then now() end, case when :superseded then :batch end)"
        ),
        values,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_fixture_breaks_exactly_the_rules_it_names(name: str, judgement: Judgement) -> None:
    assert judgement.rules[name, 1] == set(fixture(name)["breaks"])


def test_both_dossiers_of_one_number_are_set_aside(judgement: Judgement) -> None:
    assert [judgement.rules["V9/number_twice_in_the_source", place] for place in (1, 2)] == [{"V9"}, {"V9"}]


@pytest.mark.parametrize("number", range(len(SUITE.checks)), ids=lambda n: f"{n}-{SUITE.checks[n].rule_id}")
def test_a_check_is_failed_by_some_fixture(number: int, judgement: Judgement) -> None:
    assert number in judgement.failed_checks, SUITE.checks[number].meta.reason


@pytest.mark.parametrize("rule", list(SUITE.severity_by_rule))
def test_a_rule_has_an_accepting_a_rejecting_and_a_boundary_fixture(rule: str) -> None:
    found = [fixture(name) for name in NAMES if name.split("/")[0] == rule]
    assert {each["case"] for each in found} == set(CASES)
    assert all(rule in each["breaks"] for each in found if each["case"] == "rejecting")
    assert not any(rule in each["breaks"] for each in found if each["case"] == "accepting")


def test_every_fixture_belongs_to_a_rule() -> None:
    assert {name.split("/")[0] for name in NAMES} == set(SUITE.severity_by_rule)


def test_the_rules_of_the_domain_stand_in_the_suite_with_their_severity() -> None:
    critical = {"V0", "V1", "V2", "V3", "V4", "V7", "V9", "V11", "V14"}
    warning = {"V4.stand_in", "V4.refusal", "V5", "V5.procedure", "V6", "V8", "V9.elsewhere", "V10", "V16"}
    warning |= {"V10.reason", "V14.reuse"}
    severity = SUITE.severity_by_rule
    assert {rule for rule in severity if severity[rule] == "critical"} == critical
    assert {rule for rule in severity if severity[rule] == "warning"} == warning


@pytest.mark.parametrize("suite", ["dossier", "petition", "landing", "batch"])
def test_a_check_explains_itself_in_both_languages_and_names_its_source(suite: str) -> None:
    for check in load_suite(Settings.load().expectations_dir / f"{suite}.json").checks:
        assert check.meta.reason.endswith(".")
        assert check.meta.reason_vi.endswith(".")
        assert check.meta.legal_source
        assert check.meta.evidence


@pytest.mark.parametrize("suite", ["landing", "batch"])
def test_a_rule_of_a_whole_batch_says_what_to_do(suite: str) -> None:
    assert all(check.meta.action for check in load_suite(Settings.load().expectations_dir / f"{suite}.json").checks)


def test_every_rule_with_several_checks_says_in_one_line_what_it_asks() -> None:
    checks = Counter(check.rule_id for check in SUITE.checks)
    assert set(SUITE.rules) == {rule for rule, count in checks.items() if count > 1}
