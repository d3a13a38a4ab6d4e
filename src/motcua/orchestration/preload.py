"""Imports the modules that tasks need before the LocalExecutor forks them, so that no task imports them again.

Great Expectations and pandas cost each new task about 3.5 s of processor time. Only the `airflow_local_settings.py` of
the scheduler imports this module: a DAG processor with these modules would parse slowly, and an API server has no
use for them.
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
