"""Where alerts go: `alerts.jsonl` in the work folder, and a web hook when there is one.

An alert never holds a payload or a personal value: who writes one names source, unit, record, field and rule.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from motcua.settings import Settings

ALERTS = "alerts.jsonl"
WEBHOOK_TIMEOUT_SECONDS = 10

log = logging.getLogger(__name__)


def raise_alert(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Append an alert to the file and post it to `MOTCUA_ALERT_WEBHOOK`; return it with its time.

    A web hook that fails is logged and loses nothing: the file holds the alert already.
    """
    told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **alert}
    settings = Settings.load()
    path = settings.work_dir / ALERTS
    path.parent.mkdir(parents=True, exist_ok=True)
    line = (json.dumps(told, ensure_ascii=False, default=str) + "\n").encode()
    # One write in append mode: processes raise alerts side by side and must not mix their lines.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)
    if settings.alert_webhook:
        _post(settings.alert_webhook, line)
    return told


def _post(webhook: str, line: bytes) -> None:
    import requests

    try:
        answer = requests.post(
            webhook, data=line, headers={"Content-Type": "application/json"}, timeout=WEBHOOK_TIMEOUT_SECONDS
        )
        answer.raise_for_status()
    except requests.RequestException as error:
        # The address may hold a token, and a traceback the address: only the kind of failure is told.
        kind = type(error).__name__
        log.warning("The alert web hook did not take an alert (%s); it is in %s.", kind, ALERTS)
