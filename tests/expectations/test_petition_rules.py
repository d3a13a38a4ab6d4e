"""Every rule of expectations/petition.json against fixtures with one defect a file, in the form of the dossiers' own.

A fixture is `petitions/<rule>/<what>.json`: `case`, `breaks` and `record`, which differs from valid_record.json.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from motcua.canonical import PETITION
from motcua.catalog import load_catalog
from motcua.settings import Settings
from motcua.validate.facts import add_facts
from motcua.validate.run import run_suite
from motcua.validate.suite import load_suite
from motcua.warehouse import store_engine

FOLDER = Path(__file__).parent / "petitions"
NOW = datetime(2023, 11, 1, 2)
NAMES = sorted(f"{path.parent.name}/{path.stem}" for path in FOLDER.glob("*/*.json"))
SUITE = load_suite(Settings.load().expectations_dir / "petition.json")
VALID = json.loads((FOLDER / "valid_record.json").read_text(encoding="utf-8"))


def fixture(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def broken(database_server: None) -> dict[str, list[int]]:
    """Judge every fixture at once; return by fixture the checks it fails, by their place in the suite."""
    records = []
    for name in NAMES:
        values = dict.fromkeys(PETITION.landing_schema.names) | VALID | fixture(name).get("record", {})
        days = {key: date.fromisoformat(value) for key, value in values.items() if key.endswith("_on") and value}
        records.append(values | days)
    frame = pa.Table.from_pylist(records, schema=PETITION.landing_schema).to_pandas(date_as_object=False)
    frame["source_id"] = "tra-vinh.petitions"
    frame["window_to"] = pd.Timestamp(2023, 10, 31).as_unit("us")
    with store_engine().connect() as connection:
        judged = add_facts(frame, load_catalog(Settings.load().catalog_dir), connection, NOW, PETITION)
    found: dict[str, list[int]] = {name: [] for name in NAMES}
    for place, finding in enumerate(run_suite(SUITE, judged)):
        for row in finding.rows:
            found[NAMES[row]].append(place)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_petition_breaks_exactly_the_rules_it_names(name: str, broken: dict[str, list[int]]) -> None:
    assert {SUITE.checks[place].rule_id for place in broken[name]} == set(fixture(name)["breaks"])


@pytest.mark.parametrize("place", range(len(SUITE.checks)), ids=lambda n: f"{n}-{SUITE.checks[n].rule_id}")
def test_a_check_of_petitions_is_failed_by_some_fixture(place: int, broken: dict[str, list[int]]) -> None:
    assert any(place in failed for failed in broken.values()), SUITE.checks[place].meta.reason


@pytest.mark.parametrize("rule", list(SUITE.severity_by_rule))
def test_a_rule_of_petitions_has_an_accepting_a_rejecting_and_a_boundary_fixture(rule: str) -> None:
    found = [fixture(name) for name in NAMES if name.split("/")[0] == rule]
    assert {each["case"] for each in found} == {"accepting", "rejecting", "boundary"}
    assert all(rule in each["breaks"] for each in found if each["case"] == "rejecting")
    assert not any(rule in each["breaks"] for each in found if each["case"] == "accepting")


def test_only_a_petition_that_is_never_late_is_merely_warned_of() -> None:
    assert {rule: severity for rule, severity in SUITE.severity_by_rule.items() if severity == "warning"} == {
        "P6": "warning"
    }
    assert {name.split("/")[0] for name in NAMES} == set(SUITE.severity_by_rule)
