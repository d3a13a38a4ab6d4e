"""The alert route: a failed task is logged and raised as an alert, Vietnamese first.

A message of `MotcuaError` names source, record, field and rule, and never contains a payload. Any other exception may
quote data, so only its type is passed on.
"""

from __future__ import annotations

import logging
from typing import Any

from motcua.alerts import raise_alert
from motcua.errors import MotcuaError

log = logging.getLogger(__name__)


def alert_on_failure(context: Any) -> None:
    """Airflow's `on_failure_callback`: raise an alert that names the failed task, its run and what to do."""
    task_instance = context["ti"]
    error = context.get("exception")
    where = f"{task_instance.dag_id}.{task_instance.task_id}"
    alert = {
        "dag_id": task_instance.dag_id,
        "run_id": task_instance.run_id,
        "task_id": task_instance.task_id,
        "map_index": task_instance.map_index,
        "try_number": task_instance.try_number,
        "error_kind": type(error).__name__ if error else None,
        "message_vi": f"Tác vụ {where} thất bại ở lượt chạy {task_instance.run_id}.",
        "message_en": f"Task {where} failed in run {task_instance.run_id}.",
        "detail": str(error) if isinstance(error, MotcuaError) else None,
    }
    log.error("%s %s", alert["message_vi"], alert["detail"] or alert["error_kind"] or "")
    raise_alert(alert)
