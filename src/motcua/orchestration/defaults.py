"""The settings that all DAGs share: tags, owner, alert route, retries, time limits."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

import pendulum
from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from motcua.errors import (
    BatchHeld,
    CatalogError,
    ConfigurationError,
    ContractBroken,
    MeasuresDiffer,
    ReportRefused,
    StageFailed,
    StageInterrupted,
)
from motcua.orchestration.alerts import alert_on_failure
from motcua.settings import TIMEZONE


class Tag(StrEnum):
    """The only tags that a DAG may have: the stages and the levels."""

    EXTRACT = "extract"
    VALIDATE = "validate"
    CONSOLIDATE = "consolidate"
    AGGREGATE = "aggregate"
    PUBLISH = "publish"
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


OWNER = "data-engineering"
ALERT_ROUTE = alert_on_failure

# A retry helps when something was down. It never helps when a person must correct the catalogue, the settings or the
# data.
_NOT_RETRIED = [
    CatalogError,
    ConfigurationError,
    ContractBroken,
    BatchHeld,
    MeasuresDiffer,
    ReportRefused,
    StageFailed,
]

DEFAULT_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "retries": 2,
    "retry_exponential_backoff": True,
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(
                exception=StageInterrupted,
                retry_delay=timedelta(seconds=20),  # the other batches of the chunk wait for it
                reason="the stage repeats what was interrupted",
            ),
            RetryRule(
                exception=list(_NOT_RETRIED),
                action=RetryAction.FAIL,
                reason="a person must act first: a retry cannot help",
            ),
        ]
    ),
    "execution_timeout": timedelta(hours=2),
    "on_failure_callback": [ALERT_ROUTE],
}

DAG_ARGS: dict[str, Any] = {
    "start_date": pendulum.datetime(2020, 1, 1, tz=TIMEZONE),
    "catchup": False,
    "max_active_runs": 1,
    "default_args": DEFAULT_ARGS,
}
