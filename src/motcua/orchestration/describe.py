"""Describes the DAG files as plain data for the reference documentation.

It runs as `python -m motcua.orchestration.describe FOLDER`, so that its caller does not import Airflow.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motcua.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import DAG


def describe_dags(folder: Path) -> list[dict[str, Any]]:
    """Return the DAGs of a folder by id: description, schedule, tags, parameters, tasks in order, `doc_md`.

    Raises:
        ConfigurationError: a file of the folder cannot be imported. The message names it.
    """
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(folder))
    if bag.import_errors:
        file, error = next(iter(sorted(bag.import_errors.items())))
        raise ConfigurationError(
            f"{Path(file).name} cannot be imported: {error.strip().splitlines()[-1]}.", action="correct that DAG file."
        )
    return [_describe(dag) for _, dag in sorted(bag.dags.items())]


def _describe(dag: DAG) -> dict[str, Any]:
    return {
        "dag_id": dag.dag_id,
        "description": dag.description or "",
        "doc_md": (dag.doc_md or "").strip(),
        "schedule": _schedule(dag.schedule),
        "tags": sorted(str(getattr(tag, "value", tag)) for tag in dag.tags),
        "params": {name: dag.params.get_param(name).description or "" for name in dag.params},
        "tasks": [
            {
                "task_id": task.task_id,
                "retries": task.retries,
                "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
                "mapped": task.is_mapped or next(task.iter_mapped_task_groups(), None) is not None,
                "outlets": [outlet.name for outlet in task.outlets],
            }
            for task in dag.topological_sort()  # type: ignore[no-untyped-call]
        ],
    }


def _schedule(schedule: Any) -> str:
    """Return a schedule in words that a reader of crontab knows."""
    if schedule is None:
        return "by hand only"
    timetable = getattr(schedule, "timetable", schedule)
    condition = getattr(schedule, "asset_condition", schedule)
    parts = []
    if hasattr(timetable, "expression"):
        parts.append(f"`{timetable.expression}` {timetable.timezone}")
    elif getattr(timetable, "description", ""):
        parts.append(timetable.description)
    if assets := _assets(condition):
        parts.append(f"when {assets} changed")
    return "; ".join(parts) or type(schedule).__name__


def _assets(condition: Any) -> str:
    """Return an asset condition: names joined by `or` when one is enough, by `and` when all are needed."""
    if hasattr(condition, "objects"):
        word = " or " if type(condition).__name__ == "AssetAny" else " and "
        return word.join(_assets(part) for part in condition.objects)
    if isinstance(condition, list):
        return " and ".join(_assets(part) for part in condition)
    return f"`{condition.name}`" if hasattr(condition, "uri") else ""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(
            AIRFLOW_HOME=home,
            AIRFLOW__CORE__LOAD_EXAMPLES="false",
            AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
        )
        os.environ.pop("MOTCUA_CLOCK", None)
        print(json.dumps(describe_dags(Path(sys.argv[1])), ensure_ascii=False))
