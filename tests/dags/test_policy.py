"""What every DAG of the project owes, whatever it does."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from motcua.settings import PROJECT_ROOT

DAGS = PROJECT_ROOT / "dags"
DAG_IDS = {
    "build_measures",
    "ingest_dossiers__commune",
    "ingest_dossiers__district",
    "ingest_dossiers__province",
    "ingest_petitions",
    "publish_index_766",
    "publish_nightly_brief",
    "publish_period_reports",
    "publish_unfinished_periods",
    "reconcile_national_portal",
    "track_obligations",
}
CHECKS = {"name_missing_sources", "check_measures"}
FILES = sorted(DAGS.glob("*.py"))


def test_exactly_these_dags_exist(dags: dict[str, Any]) -> None:
    assert set(dags) == DAG_IDS


def test_the_stack_waits_for_exactly_these_dags() -> None:
    from motcua.demo import stack

    assert stack.DAG_IDS == DAG_IDS


def test_a_file_is_named_for_the_dag_in_it(dags: dict[str, Any]) -> None:
    assert {dag_id: Path(dag.fileloc).name for dag_id, dag in dags.items()} == {
        dag_id: f"{dag_id}.py" for dag_id in DAG_IDS
    }


def test_tags_come_from_the_enumeration_and_name_a_stage(dags: dict[str, Any]) -> None:
    from motcua.orchestration.defaults import Tag

    stages = {"extract", "validate", "consolidate", "aggregate", "publish"}
    for dag in dags.values():
        assert dag.tags <= set(Tag)
        assert dag.tags & stages


def test_every_task_has_the_owner_the_alert_route_and_a_time_limit(dags: dict[str, Any]) -> None:
    from motcua.orchestration.defaults import ALERT_ROUTE, OWNER

    for dag in dags.values():
        for task in dag.tasks:
            assert task.owner == OWNER, task.task_id
            assert ALERT_ROUTE in task.on_failure_callback, task.task_id
            assert timedelta(0) < task.execution_timeout <= timedelta(hours=2), task.task_id


def test_work_is_retried_and_checks_are_not(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        for task in dag.tasks:
            assert task.retries == (0 if task.task_id in CHECKS else 2), task.task_id


def test_an_error_that_a_person_must_correct_is_not_retried(dags: dict[str, Any]) -> None:
    from airflow.sdk import RetryAction

    from motcua.errors import ConfigurationError, SourceUnavailable

    policy = dags["build_measures"].get_task("build_measures").retry_policy
    assert policy.evaluate(ConfigurationError("x", action="y"), 1, 2).action == RetryAction.FAIL
    assert policy.evaluate(SourceUnavailable("x", action="y"), 1, 2).action == RetryAction.DEFAULT


def test_nothing_is_caught_up_and_no_dag_runs_twice_at_once(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        assert dag.catchup is False
        assert dag.max_active_runs == 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_documentation_is_the_docstring_and_says_what_why_when_and_what_to_do(
    path: Path, dags: dict[str, Any]
) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring is not None
    for part in ("**What.**", "**Why.**", "**When.**", "**When it fails.**"):
        assert part in docstring
    assert (dags[path.stem].doc_md or "").strip() == docstring.strip()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_is_thin(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 80


def test_descriptions_are_vietnamese_first(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        vietnamese, _, english = (dag.description or "").partition(" / ")
        assert not vietnamese.isascii()
        assert english.isascii()


def test_parsing_loads_neither_pandas_nor_great_expectations() -> None:
    code = (
        "import sys\n"
        "from airflow.dag_processing.dagbag import DagBag\n"
        f"bag = DagBag(dag_folder={str(DAGS)!r})\n"
        "assert bag.dags and not bag.import_errors, bag.import_errors\n"
        "heavy = {'pandas', 'great_expectations', 'pyarrow', 'adbc_driver_postgresql', 'xlsxwriter', 'vl_convert'}\n"
        "stages = {f'motcua.{s}' for s in ('extract', 'validate', 'consolidate', 'aggregate', 'publish')}\n"
        "print('LOADED', sorted((heavy | stages) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    assert "LOADED []" in done.stdout


def test_every_dag_survives_serialisation(dags: dict[str, Any]) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    for dag_id, dag in dags.items():
        again = DagSerialization.from_dict(DagSerialization.to_dict(dag))
        assert again.dag_id == dag_id
        assert set(again.task_dict) == set(dag.task_dict)
