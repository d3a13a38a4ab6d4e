"""When each DAG starts, what it runs in which order, what links it to the next."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest

from motcua.settings import PROJECT_ROOT

LEVELS = ("province", "district", "commune")
STAGES = ("extract_sources", "validate_batches", "consolidate_batches")


@pytest.mark.parametrize("level", LEVELS)
def test_a_night_starts_at_one_in_vietnam(level: str, dags: dict[str, Any]) -> None:
    timetable = dags[f"ingest_dossiers__{level}"].timetable
    assert (timetable.expression, str(timetable.timezone)) == ("0 1 * * *", "Asia/Ho_Chi_Minh")


@pytest.mark.parametrize("level", LEVELS)
def test_the_stages_follow_each_other_chunk_by_chunk(level: str, dags: dict[str, Any]) -> None:
    dag = dags[f"ingest_dossiers__{level}"]
    chunk, again = ([f"{group}.{task}" for task in STAGES] for group in ("chunk", "ask_again"))
    answered = ["plan_batches", *chunk, "close_night", "name_missing_sources"]
    silent = ["plan_batches", *chunk, "list_unanswered", *again, "close_again", "name_missing_sources"]
    assert set(dag.task_dict) == {*answered, *silent}
    for before, after in [*pairwise(answered), *pairwise(silent)]:
        assert after in dag.get_task(before).downstream_task_ids
    mapped = {task.task_id for task in dag.tasks if next(task.iter_mapped_task_groups(), None) is not None}
    assert mapped == {*chunk, *again}


@pytest.mark.parametrize("level", LEVELS)
def test_sources_that_answered_do_not_wait_for_sources_that_are_tried_again(level: str, dags: dict[str, Any]) -> None:
    dag = dags[f"ingest_dossiers__{level}"]
    waits_for = dag.get_task("close_night").get_flat_relative_ids(upstream=True)
    assert waits_for == {"plan_batches", *(f"chunk.{task}" for task in STAGES)}
    patience = {
        f"{group}.extract_sources": dag.get_task(f"{group}.extract_sources").op_args[1]
        for group in ("chunk", "ask_again")
    }
    assert patience == {"chunk.extract_sources": False, "ask_again.extract_sources": True}


@pytest.mark.parametrize("level", LEVELS)
def test_a_night_is_closed_after_any_failure_and_fails_only_then(level: str, dags: dict[str, Any]) -> None:
    dag = dags[f"ingest_dossiers__{level}"]
    for closing in ("close_night", "list_unanswered", "close_again"):
        assert dag.get_task(closing).trigger_rule == "all_done"
    assert dag.get_task("name_missing_sources").trigger_rule == "none_failed_min_one_success"
    assert [task.task_id for task in dag.leaves] == ["name_missing_sources"]


@pytest.mark.parametrize("dag_id", [*(f"ingest_dossiers__{level}" for level in LEVELS), "ingest_petitions"])
def test_a_stage_goes_on_with_what_the_one_before_did_not_fail(dag_id: str, dags: dict[str, Any]) -> None:
    rules = {task.task_id: task.trigger_rule for task in dags[dag_id].tasks if "." in task.task_id}
    assert {task_id.partition(".")[2] for task_id in rules} == set(STAGES)
    for task_id, rule in rules.items():
        assert rule == ("all_success" if task_id.endswith("extract_sources") else "all_done")


@pytest.mark.parametrize("level", LEVELS)
def test_closing_a_night_updates_the_asset_of_its_level(level: str, dags: dict[str, Any]) -> None:
    dag = dags[f"ingest_dossiers__{level}"]
    told = {task.task_id: [asset.name for asset in task.outlets] for task in dag.tasks if task.outlets}
    assert told == {closing: [f"dossiers__{level}"] for closing in ("close_night", "close_again")}


def test_measures_are_built_after_any_level_and_their_asset_is_updated_only_when_checked(dags: dict[str, Any]) -> None:
    from airflow.sdk import AssetAny

    dag = dags["build_measures"]
    assert isinstance(dag.timetable.asset_condition, AssetAny)
    assert {asset.name for asset in dag.timetable.asset_condition.objects} == {f"dossiers__{lv}" for lv in LEVELS}
    assert dag.get_task("build_measures").downstream_task_ids == {"check_measures"}
    assert dag.get_task("build_measures").outlets == []
    assert [asset.name for asset in dag.get_task("check_measures").outlets] == ["measures"]


def test_the_brief_follows_the_measures_and_runs_at_five_at_the_latest(dags: dict[str, Any]) -> None:
    timetable = dags["publish_nightly_brief"].timetable
    assert {asset.name for asset in timetable.asset_condition.objects} == {"measures"}
    assert timetable.timetable.expression == "0 5 * * *"
    assert str(timetable.timetable.timezone) == "Asia/Ho_Chi_Minh"


def test_period_reports_follow_the_reporting_periods(dags: dict[str, Any]) -> None:
    from motcua.orchestration.schedule.timetables import ReportingPeriodTimetable

    dag = dags["publish_period_reports"]
    assert dag.timetable == ReportingPeriodTimetable()
    assert dag.get_task("plan_reports").downstream_task_ids == {"publish_report"}
    assert dag.get_task("publish_report").is_mapped


def test_the_index_follows_the_calendar_months(dags: dict[str, Any]) -> None:
    dag = dags["publish_index_766"]
    assert (dag.timetable.expression, str(dag.timetable.timezone)) == ("0 6 2 * *", "Asia/Ho_Chi_Minh")
    assert dag.get_task("plan_reports").downstream_task_ids == {"publish_report"}
    assert dag.get_task("publish_report").is_mapped


def test_what_is_not_final_is_tried_each_night_after_the_brief(dags: dict[str, Any]) -> None:
    dag = dags["publish_unfinished_periods"]
    assert (dag.timetable.expression, str(dag.timetable.timezone)) == ("30 5 * * *", "Asia/Ho_Chi_Minh")
    assert dag.get_task("plan_reports").downstream_task_ids == {"publish_report"}
    assert dag.get_task("publish_report").is_mapped


def test_petitions_are_read_before_the_night_of_the_dossiers(dags: dict[str, Any]) -> None:
    dag = dags["ingest_petitions"]
    assert (dag.timetable.expression, str(dag.timetable.timezone)) == ("30 0 * * *", "Asia/Ho_Chi_Minh")
    assert "chunk.extract_sources" in dag.get_task("plan_batches").downstream_task_ids
    assert dag.get_task("chunk.extract_sources").downstream_task_ids == {"chunk.validate_batches"}
    assert dag.get_task("chunk.validate_batches").downstream_task_ids == {"chunk.consolidate_batches"}
    assert dag.get_task("chunk.consolidate_batches").downstream_task_ids == {"name_missing_sources"}


def test_obligations_are_written_before_reminders_are_sent_at_seven(dags: dict[str, Any]) -> None:
    dag = dags["track_obligations"]
    assert (dag.timetable.expression, str(dag.timetable.timezone)) == ("0 7 * * *", "Asia/Ho_Chi_Minh")
    assert dag.get_task("plan_obligations").downstream_task_ids == {"send_reminders"}


def test_the_portal_is_compared_on_the_third_of_each_month(dags: dict[str, Any]) -> None:
    timetable = dags["reconcile_national_portal"].timetable
    assert (timetable.expression, str(timetable.timezone)) == ("0 6 3 * *", "Asia/Ho_Chi_Minh")


def test_with_the_clock_off_only_assets_and_people_start_runs() -> None:
    code = (
        "from airflow.dag_processing.dagbag import DagBag\n"
        f"bag = DagBag(dag_folder={str(PROJECT_ROOT / 'dags')!r})\n"
        "print('KINDS', sorted((i, type(d.timetable).__name__) for i, d in bag.dags.items()))\n"
    )
    environment = {**os.environ, "MOTCUA_CLOCK": "off"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    kinds = dict(eval(done.stdout.partition("KINDS")[2]))  # noqa: S307  our own output
    assert kinds == {
        **{f"ingest_dossiers__{level}": "NullTimetable" for level in LEVELS},
        "build_measures": "AssetTriggeredTimetable",
        "ingest_petitions": "NullTimetable",
        "publish_index_766": "NullTimetable",
        "publish_nightly_brief": "AssetTriggeredTimetable",
        "publish_period_reports": "NullTimetable",
        "publish_unfinished_periods": "NullTimetable",
        "reconcile_national_portal": "NullTimetable",
        "track_obligations": "NullTimetable",
    }
