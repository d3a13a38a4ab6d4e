from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from motcua import ledger
from motcua.canonical import DOSSIER
from motcua.errors import ContractBroken, SuiteBroken
from motcua.landing import RECORDS, read_accepted
from motcua.settings import PROJECT_ROOT, Settings
from motcua.validate import validate_batches
from motcua.warehouse import store_engine

NOW = datetime(2023, 11, 1, 2)
OTHER_SOURCE = "tra-vinh.c29239"

Record = Callable[..., dict[str, Any]]
Land = Callable[..., str]


def state_of(batch_id: str) -> ledger.Batch:
    return ledger.read_batches([batch_id])[0]


def rows(query: str) -> list[tuple[Any, ...]]:
    with store_engine().connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def set_aside() -> list[tuple[Any, ...]]:
    return rows("select batch_id, record_no, record_id, broken_rules, record from quarantine_record order by 1, 2")


def findings(batch_id: str) -> dict[str, tuple[int, int]]:
    found = rows("select batch_id, rule_id, checked_count, failed_count from rule_finding")
    return {rule: (checked, failed) for batch, rule, checked, failed in found if batch == batch_id}


def accepted(batch_id: str) -> list[dict[str, Any]]:
    batch = state_of(batch_id)
    found: list[dict[str, Any]] = read_accepted(batch.landing_uri, batch.accepted_sha256).to_pylist()
    return found


def test_a_good_record_is_accepted_with_its_unit_and_field(land: Land, record: Record) -> None:
    batch_id = land([record()])
    outcome = validate_batches([batch_id], now=NOW)
    assert (outcome.validated, outcome.held, outcome.failed) == ([batch_id], [], [])
    [found] = accepted(batch_id)
    assert (found["unit_id"], found["field_code"], found["applicant_ref"]) == ("29236:2020", "G15-TP08", "test:5ec2e7")
    assert (state_of(batch_id).state, state_of(batch_id).quarantined_count) == ("validated", 0)


def test_a_record_that_breaks_a_critical_rule_is_set_aside_with_every_rule_it_broke(land: Land, record: Record) -> None:
    bad = record("2", finished_at=datetime(2023, 10, 1, 9), fee_amount=-1, dossier_no="18E8E577")
    batch_id = land([record("1"), bad])
    validate_batches([batch_id], now=NOW)
    assert [found["dossier_id"] for found in accepted(batch_id)] == ["1"]
    [(_, record_no, dossier_id, broken, said)] = set_aside()
    assert (record_no, dossier_id, state_of(batch_id).quarantined_count) == (1, "2", 1)
    assert [(rule["rule_id"], rule["severity"]) for rule in broken] == [
        ("V3", "critical"), ("V8", "warning"), ("V11", "critical"),
    ]  # fmt: skip
    assert broken[0]["value"] == "received_at=2023-10-02 08:00:00, finished_at=2023-10-01 09:00:00"
    assert (broken[2]["field"], broken[2]["value"]) == ("fee_amount", "-1")
    assert all(rule["reason"] and rule["reason_vi"] and rule["legal_source"] for rule in broken)
    assert (said["fee_amount"], said["finished_at"]) == (-1, "2023-10-01T09:00:00")


def test_the_applicants_reference_does_not_reach_the_quarantine(land: Land, record: Record) -> None:
    validate_batches([land([record(fee_amount=-1)])], now=NOW)
    [(_, _, _, broken, said)] = set_aside()
    assert "test:5ec2e7" not in json.dumps([broken, said])


def test_a_record_that_breaks_only_a_warning_rule_is_accepted_and_counted(land: Land, record: Record) -> None:
    batch_id = land([record("1", dossier_no="18E8E577"), record("2")])
    validate_batches([batch_id], now=NOW)
    assert len(accepted(batch_id)) == 2
    assert findings(batch_id)["V8"] == (2, 1)


def test_a_rule_that_no_record_broke_has_its_count_too(land: Land, record: Record) -> None:
    batch_id = land([record("1")])
    validate_batches([batch_id], now=NOW)
    found = findings(batch_id)
    assert len(found) == 20
    assert set(found.values()) == {(1, 0)}


def test_duplicates_and_records_outside_the_window_are_not_judged(land: Land, record: Record) -> None:
    batch_id = land([
        record("1"),
        record("1", disposition="duplicate", fee_amount=-1),
        record("2", disposition="out_of_window", fee_amount=-1),
    ])  # fmt: skip
    validate_batches([batch_id], now=NOW)
    assert set_aside() == []
    assert [found["dossier_id"] for found in accepted(batch_id)] == ["1"]


def test_a_batch_without_records_is_validated(land: Land) -> None:
    batch_id = land([])
    assert validate_batches([batch_id], now=NOW).validated == [batch_id]
    assert accepted(batch_id) == []


def test_the_field_falls_back_to_the_sources_own_and_then_to_khac(land: Land, record: Record) -> None:
    unknown = {"procedure_code": "9.999999"}
    batch_id = land([record("1", **unknown, source_field_code="LV-1"), record("2", **unknown)])
    validate_batches([batch_id], now=NOW)
    assert [found["field_code"] for found in accepted(batch_id)] == ["LV-1", "khac"]


def test_a_tampered_landing_stops_its_batch_and_no_other(land: Land, record: Record) -> None:
    tampered, sound = land([record("1")]), land([record("2")], source_id=OTHER_SOURCE)
    path = Path(state_of(tampered).landing_uri) / RECORDS
    path.write_bytes(path.read_bytes() + b"x")
    outcome = validate_batches([tampered, sound], now=NOW)
    assert (outcome.validated, outcome.failed) == ([sound], [tampered])
    broken = state_of(tampered)
    assert (broken.state, broken.failed_stage, broken.error_kind) == ("failed", "validate", "ContractBroken")


def test_a_missing_landing_stops_its_batch_and_no_other(land: Land, record: Record) -> None:
    missing, sound = land([record("1")]), land([record("2")], source_id=OTHER_SOURCE)
    (Path(state_of(missing).landing_uri) / RECORDS).unlink()
    outcome = validate_batches([missing, sound], now=NOW)
    assert (outcome.validated, outcome.failed) == ([sound], [missing])


def test_a_batch_that_differs_from_the_ledger_is_stopped_and_no_other(land: Land, record: Record) -> None:
    sources = iter([f"tra-vinh.c{29242 + 3 * n}" for n in range(9)])
    two = [record("1"), record("2")]
    wrong = {
        land(two, source_id=next(sources), pulled=3): "T2",
        land(two, source_id=next(sources), duplicate=1): "T2",
        land(two, source_id=next(sources), out_of_window=1): "T2",
        land([record("1"), record("2", disposition="kept")], source_id=next(sources)): "T3",
        land([record("1"), record("2", disposition=None)], source_id=next(sources)): "T3",
        land([record("1"), record("2", agency_code=None)], source_id=next(sources)): "T4",
        land([record("1"), record("2", record_no=0)], source_id=next(sources)): "T5",
        land([record("1"), record("1")], source_id=next(sources)): "T5",
    }
    sound = land(two, source_id=next(sources))
    outcome = validate_batches([*wrong, sound], now=NOW)
    assert (outcome.validated, sorted(outcome.failed)) == ([sound], sorted(wrong))
    for batch_id, rule in wrong.items():
        assert f"rule {rule}" in (state_of(batch_id).error_message or ""), batch_id
    assert set_aside() == []


def test_a_batch_landed_with_other_columns_is_stopped(land: Land, record: Record) -> None:
    content = tuple(field for field in DOSSIER.content if field.name != "refused_at")
    batch_id = land([record()], kind=replace(DOSSIER, content=content))
    assert validate_batches([batch_id], now=NOW).failed == [batch_id]
    assert "rule T1" in (state_of(batch_id).error_message or "")


def broken_share(record: Record, broken: int, whole: int) -> list[dict[str, Any]]:
    return [record(str(n), fee_amount=-1 if n < broken else 0) for n in range(whole)]


def test_a_batch_with_more_than_half_of_its_records_broken_is_held_and_the_rule_named(
    land: Land, record: Record
) -> None:
    held = land(broken_share(record, 11, 20))
    sound = land([record("3")], source_id=OTHER_SOURCE)
    outcome = validate_batches([held, sound], now=NOW)
    assert (outcome.held, outcome.validated, outcome.failed) == ([held], [sound], [])
    batch = state_of(held)
    assert (batch.state, batch.error_kind) == ("held", "BatchHeld")
    assert "tra-vinh.c29236" in (batch.error_message or "")
    assert "11 of 20 records break critical rules, most often V11" in (batch.error_message or "")
    assert set_aside() == []
    assert findings(held) == {}
    with pytest.raises(ContractBroken, match=r"accepted.parquet is missing"):
        accepted(held)


@pytest.mark.parametrize(("broken", "whole"), [(10, 20), (19, 19)])
def test_half_a_batch_or_a_small_one_is_set_aside_not_held(land: Land, record: Record, broken: int, whole: int) -> None:
    batch_id = land(broken_share(record, broken, whole))
    assert validate_batches([batch_id], now=NOW).validated == [batch_id]
    assert len(set_aside()) == broken


def test_a_held_batch_is_judged_again_when_validated_again(
    land: Land, record: Record, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held = land(broken_share(record, 11, 20))
    validate_batches([held], now=NOW)
    home = home_with_suites(tmp_path, "batch", lambda suite: suite["expectations"][0]["kwargs"].update(max_value=60))
    monkeypatch.setenv("MOTCUA_HOME", str(home))
    assert validate_batches([held], now=NOW).validated == [held]
    assert len(set_aside()) == 11


def home_with_suites(folder: Path, name: str, change: Callable[[dict[str, Any]], object]) -> Path:
    """A home folder whose suites differ in one file; everything else is the project's."""
    (folder / "expectations").mkdir()
    (folder / "include").symlink_to(PROJECT_ROOT / "include")
    for path in Settings.load().expectations_dir.glob("*.json"):
        suite = json.loads(path.read_text())
        if path.stem == name:
            change(suite)
        (folder / "expectations" / path.name).write_text(json.dumps(suite))
    return folder


@pytest.mark.parametrize("name", ["dossier", "landing", "batch"])
def test_a_suite_that_lost_an_expectation_gives_no_verdict_on_any_batch(
    land: Land, record: Record, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    ids = [land([record("1")]), land([record("2")], source_id=OTHER_SOURCE)]
    home = home_with_suites(tmp_path, name, lambda suite: suite["expectations"][0].update(type="expect_something_else"))
    monkeypatch.setenv("MOTCUA_HOME", str(home))
    with pytest.raises(SuiteBroken, match="lost 1 of"):
        validate_batches(ids, now=NOW)
    assert [(state_of(each).state, state_of(each).error_kind) for each in ids] == [("failed", "SuiteBroken")] * 2
    assert set_aside() == []


def test_a_batch_that_failed_in_validation_is_validated_by_a_second_try(land: Land, record: Record) -> None:
    batch_id = land([record("1")])
    path = Path(state_of(batch_id).landing_uri) / RECORDS
    body = path.read_bytes()
    path.write_bytes(b"")
    validate_batches([batch_id], now=NOW)
    path.write_bytes(body)
    assert validate_batches([batch_id], now=NOW).validated == [batch_id]
    assert (state_of(batch_id).state, state_of(batch_id).error_message) == ("validated", None)


def test_a_batch_that_extraction_did_not_complete_is_not_changed(land: Land, record: Record) -> None:
    batch_id = land([record("1")])
    ledger.mark_failed(batch_id, "extract", ValueError())
    assert validate_batches([batch_id], now=NOW).failed == [batch_id]
    assert state_of(batch_id).failed_stage == "extract"


def test_a_validated_batch_is_not_judged_again(land: Land, record: Record) -> None:
    batch_id = land([record("1", fee_amount=-1)])
    validate_batches([batch_id], now=NOW)
    before = rows("select quarantine_id from quarantine_record")
    outcome = validate_batches([batch_id], now=NOW)
    assert (outcome.validated, outcome.page) == ([batch_id], None)
    assert rows("select quarantine_id from quarantine_record") == before


def test_judging_a_batch_again_gives_the_same_rows(land: Land, record: Record) -> None:
    batch_id = land([record("1", fee_amount=-1), record("2"), record("3", dossier_no="18E8E577")])
    first = validate_batches([batch_id], now=NOW)
    before = set_aside(), findings(batch_id), accepted(batch_id), state_of(batch_id)
    with store_engine().begin() as connection:
        connection.execute(text("update batch set state = 'extracted'"))
    again = validate_batches([batch_id], now=NOW)
    assert (set_aside(), findings(batch_id), accepted(batch_id), state_of(batch_id)) == before
    assert again == first


def test_the_same_dossier_number_in_two_sources_of_one_call_is_not_a_duplicate(land: Land, record: Record) -> None:
    ids = [land([record("1")]), land([record("1", agency_code="84103")], source_id=OTHER_SOURCE)]
    assert validate_batches(ids, now=NOW).validated == ids
    assert set_aside() == []


def test_findings_are_counted_for_each_batch_of_a_call(land: Land, record: Record) -> None:
    first = land([record("1", fee_amount=-1), record("2", fee_amount=-1), record("3")])
    second = land([record("4", fee_amount=-1)], source_id=OTHER_SOURCE)
    validate_batches([first, second], now=NOW)
    assert (findings(first)["V11"], findings(second)["V11"]) == ((3, 2), (1, 1))
