"""When a night is closed, what it tells, and whom it names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from sqlalchemy import text

from motcua import ledger
from motcua.errors import (
    BatchHeld,
    ConfigurationError,
    ContractBroken,
    SourceUnavailable,
    StageFailed,
    StageInterrupted,
)
from motcua.extract.adapters.protocol import ListingShifted
from motcua.orchestration import night
from motcua.warehouse import store_engine

RUN = SimpleNamespace(run_id="night", partition_key=None, data_interval_end=None, run_after=None)


@pytest.fixture
def planned(databases: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Plan a night of Tiền Giang, which has one source, of the province level."""
    monkeypatch.setenv("MOTCUA_PROVINCE", "82")
    return plan("2020-06-30")


def plan(to: str) -> list[str]:
    (chunk,) = night.plan("province", {"to": to, "sources": []}, RUN)
    return chunk


def settle(state: str, *, measured: bool = False) -> None:
    counts = ", ".join(f"{name}_count = 0" for name in ("pulled", "new", "changed", "unchanged", "duplicate"))
    with store_engine().begin() as connection:
        connection.execute(
            text(
                f"update batch set state = :state, {counts}, quarantined_count = 0, out_of_window_count = 0,"
                " measured_at = case when :measured then now() end, error_kind = :kind"
            ),
            {"state": state, "measured": measured, "kind": "SourceUnavailable" if state == "failed" else None},
        )


def test_planning_again_returns_the_same_batches(planned: list[str]) -> None:
    assert plan("2020-06-30") == planned == ["tien-giang.centre@night"]


@pytest.mark.parametrize("state", ["planned", "extracted", "validated"])
def test_a_running_night_is_not_closed(state: str, planned: list[str]) -> None:
    settle(state)
    assert night.levels_not_closed(date(2020, 6, 30)) == {"province": "1 of 1 sources, the first tien-giang.centre"}


def test_a_night_loaded_but_not_measured_is_not_closed(planned: list[str]) -> None:
    settle("loaded")
    assert night.levels_not_closed(date(2020, 6, 30)) == {"province": "1 batches to be measured"}


@pytest.mark.parametrize(("state", "measured"), [("loaded", True), ("failed", False), ("held", False)])
def test_a_night_whose_sources_are_loaded_or_named_is_closed(state: str, measured: bool, planned: list[str]) -> None:
    settle(state, measured=measured)
    assert night.levels_not_closed(date(2020, 6, 30)) == {}


def test_closing_returns_counts_and_missing_sources(planned: list[str]) -> None:
    settle("failed")
    closed = night.close("province", "night")
    assert (closed["day"], closed["states"], closed["missing"]) == (
        "2020-06-30",
        {"failed": 1},
        ["tien-giang.centre"],
    )


def test_a_source_without_an_answer_is_listed_until_it_is_loaded_or_named(planned: list[str]) -> None:
    assert night.unanswered("province", "night") == [planned]
    for state in ("extracted", "validated", "loaded", "failed", "held"):
        settle(state)
        assert night.unanswered("province", "night") == []


def test_a_source_without_an_answer_keeps_its_night_open_and_is_named_with_its_reason(planned: list[str]) -> None:
    ledger.note_unanswered(planned[0], SourceUnavailable("It had not answered.", action="no action yet."))
    assert night.levels_not_closed(date(2020, 6, 30)) == {"province": "1 of 1 sources, the first tien-giang.centre"}
    assert night.close("province", "night")["missing"] == ["tien-giang.centre"]
    with pytest.raises(SourceUnavailable, match=r"tien-giang.centre \(SourceUnavailable\)"):
        night.name_missing("province", "night")


STAGES = ("extract", "validate", "consolidate")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("is_own", "error", "raised"),
    [
        (True, RuntimeError("a value of a record"), dict.fromkeys(STAGES, StageInterrupted)),
        (True, ContractBroken("x.", action="y."), dict.fromkeys(STAGES[1:], StageFailed)),
        (True, ListingShifted("x.", action="y."), dict.fromkeys(STAGES[1:], StageFailed)),
        (True, BatchHeld("x.", action="y."), {}),
        (False, RuntimeError("x"), {}),
    ],
)
def test_a_task_fails_for_what_its_stage_failed_and_for_nothing_else(
    stage: str,
    is_own: bool,
    error: Exception,
    raised: dict[str, type[Exception]],
    planned: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = {"extract": "validate", "validate": "consolidate", "consolidate": "extract"}[stage]
    ledger.mark_failed(planned[0], stage if is_own else other, error)
    outcome = SimpleNamespace(extracted=[], unanswered=(), validated=[], held=[], loaded=[], failed=planned)
    monkeypatch.setattr(f"motcua.{stage}.{stage}_batches", lambda *_, **__: outcome)
    run: Callable[[], dict[str, int]] = {
        "extract": lambda: night.extract(planned, is_patient=True),
        "validate": lambda: night.validate(planned),
        "consolidate": lambda: night.consolidate(planned),
    }[stage]
    if stage in raised:
        with pytest.raises(raised[stage], match=f"1 batches failed in {stage}: tien-giang.centre") as told:
            run()
        assert "a value of a record" not in str(told.value)
    else:
        assert run()["failed"] == 1


def test_a_night_is_closed_again_only_when_a_source_was_tried_again(planned: list[str]) -> None:
    settle("loaded")
    with pytest.raises(AirflowSkipException):
        night.close_again("province", "night", [])
    assert night.close_again("province", "night", [planned]) == night.close("province", "night")


def test_a_night_that_was_never_planned_cannot_be_closed(databases: None) -> None:
    with pytest.raises(ConfigurationError, match="plan_batches"):
        night.close("province", "night")


def test_a_missing_source_is_named_with_the_run_that_pulls_it_again(planned: list[str]) -> None:
    settle("failed")
    (batch,) = ledger.read_run("night")
    with pytest.raises(SourceUnavailable) as raised:
        night.name_missing("province", "night")
    message = str(raised.value)
    assert "tien-giang.centre (SourceUnavailable)" in message
    assert f'"from": "{batch.window_from}", "to": "2020-06-30", "sources": ["tien-giang.centre"]' in message


def test_a_complete_night_names_no_source(planned: list[str]) -> None:
    settle("loaded")
    assert night.name_missing("province", "night") == 1


def test_a_level_whose_units_have_ended_is_skipped_and_does_not_keep_the_night_open(
    databases: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "86:2025")
    with pytest.raises(AirflowSkipException, match="level district is in force on 2025-07-14"):
        night.plan("district", {"to": "2025-07-14", "sources": []}, RUN)
    with pytest.raises(AirflowSkipException, match="level district"):
        night.close("district", "night")
    assert "district" not in night.levels_not_closed(date(2025, 7, 14))
    assert len(night.plan("district", {"to": "2025-06-30", "sources": []}, RUN)[0]) > 1
