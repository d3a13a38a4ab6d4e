"""The alert route: a failed task is logged and appended to `alerts.jsonl`, Vietnamese first.

A message of ours names source, record, field and rule and never a payload; any other exception may quote
data, so only its type is passed on.
"""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from typing import Any

from motcua.errors import MotcuaError
from motcua.settings import Settings

log = logging.getLogger(__name__)

ALERTS = "alerts.jsonl"


def alert_on_failure(context: Any) -> None:
    """Airflow's `on_failure_callback`: say which task failed, in which run, and what to do."""
    task_instance = context["ti"]
    error = context.get("exception")
    where = f"{task_instance.dag_id}.{task_instance.task_id}"
    alert = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
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
    path = Settings.load().work_dir / ALERTS
    path.parent.mkdir(parents=True, exist_ok=True)
    line = (json.dumps(alert, ensure_ascii=False) + "\n").encode()
    # One write in append mode: tasks fail side by side and must not mix their lines.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)
