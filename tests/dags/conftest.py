"""The DAG files, parsed once as Airflow parses them: with the project's plugins and nothing else."""

from __future__ import annotations

import os
from typing import Any

import pytest

from motcua.settings import PROJECT_ROOT

os.environ.update(
    AIRFLOW__CORE__DAGS_FOLDER=str(PROJECT_ROOT / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(PROJECT_ROOT / "plugins"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
)


@pytest.fixture(scope="session")
def dags() -> dict[str, Any]:
    """Return every DAG of the project by its id."""
    from airflow.dag_processing.dagbag import DagBag

    os.environ.pop("MOTCUA_CLOCK", None)
    bag = DagBag(dag_folder=str(PROJECT_ROOT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)
