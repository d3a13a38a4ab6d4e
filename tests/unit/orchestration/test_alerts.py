"""The alert of a failed task: one line of JSON, Vietnamese first, never the text of a stranger's error."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from motcua.alerts import ALERTS
from motcua.errors import SourceUnavailable
from motcua.orchestration.alerts import alert_on_failure


@pytest.fixture
def alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOTCUA_WORK", str(tmp_path))
    return tmp_path / ALERTS


def context(error: Exception | None) -> dict[str, object]:
    task = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=-1, try_number=1)
    return {"ti": task, "exception": error}


def test_an_error_of_ours_is_passed_on_with_what_to_do(alerts: Path) -> None:
    alert_on_failure(context(SourceUnavailable("tra-vinh.centre did not answer.", action="ask it again.")))
    (line,) = alerts.read_text(encoding="utf-8").splitlines()
    alert = json.loads(line)
    assert alert["message_vi"] == "Tác vụ d.t thất bại ở lượt chạy r."
    assert alert["detail"] == "tra-vinh.centre did not answer. What to do: ask it again."
    assert list(alert).index("message_vi") < list(alert).index("message_en")


def test_the_text_of_any_other_error_stays_out(alerts: Path, caplog: pytest.LogCaptureFixture) -> None:
    alert_on_failure(context(ValueError("Key (applicant)=(Nguyễn Văn A)")))
    assert json.loads(alerts.read_text(encoding="utf-8"))["error_kind"] == "ValueError"
    assert "Nguyễn" not in alerts.read_text(encoding="utf-8") + caplog.text


def test_alerts_are_appended_one_per_line(alerts: Path) -> None:
    for _ in range(3):
        alert_on_failure(context(None))
    assert len(alerts.read_text(encoding="utf-8").splitlines()) == 3
