"""Loads what the tasks need before the LocalExecutor forks them, so that no task loads it again.

Great Expectations and pandas cost each fresh task some 3.5 s of processor. Imported by an `airflow_local_settings.py`
of the scheduler only: a DAG processor that loaded them would parse slowly, an API server has no use for them.
"""

from __future__ import annotations

import os

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import adbc_driver_postgresql.dbapi
import great_expectations
import pandas
import pyarrow.parquet

import motcua.aggregate
import motcua.consolidate
import motcua.extract
import motcua.orchestration.night
import motcua.orchestration.publishing
import motcua.publish.edition.lifecycle
import motcua.validate
import motcua.warehouse

__all__ = ["adbc_driver_postgresql", "great_expectations", "motcua", "pandas", "pyarrow"]
