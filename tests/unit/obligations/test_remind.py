"""Each reminder is sent once where an answer is missing: three and one working days before, on the day, one after."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.store_world import COMMUNE, DAY, SOURCE, dossier, validated_batch

from motcua.alerts import ALERTS
from motcua.consolidate import consolidate_batches
from motcua.obligations import plan_obligations, send_reminders
from motcua.settings import Settings
from motcua.warehouse import store_engine

DUE = date(2023, 10, 16)  # a Monday; the communes' day of reporting month 10/2023


@pytest.fixture(autouse=True)
def owed(databases: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")
    (Settings.load().work_dir / ALERTS).unlink(missing_ok=True)
    plan_obligations(date(2023, 9, 15))
    with store_engine().begin() as connection:
        connection.execute(text("delete from obligation where unit_id <> :unit"), {"unit": COMMUNE})
        connection.execute(text("delete from obligation where period_type <> 'RPT_MONTH' or period_label <> '2023-10'"))


def sent(on: date) -> list[int]:
    return [reminder.working_days for reminder in send_reminders(on)]


def test_a_unit_without_an_answer_is_reminded_once_on_each_reminder_day() -> None:
    found = {}
    day = DUE - timedelta(days=10)
    while day <= DUE + timedelta(days=10):
        first, again = sent(day), sent(day)
        assert again == []
        if first:
            found[day] = first
        day += timedelta(days=1)
    assert found == {
        date(2023, 10, 11): [-3],
        date(2023, 10, 13): [-1],
        date(2023, 10, 16): [0],
        date(2023, 10, 17): [1],
    }


def test_after_days_without_a_run_only_the_latest_reminder_is_sent() -> None:
    assert sent(date(2023, 10, 11)) == [-3]
    assert sent(DUE + timedelta(days=3)) == [1]


def test_a_unit_that_answers_every_night_is_not_reminded() -> None:
    batch_id = validated_batch([dossier()], source_id=SOURCE)
    assert consolidate_batches([batch_id]).loaded
    with store_engine().begin() as connection:
        connection.execute(text("update batch set window_from = '2023-09-15', window_to = :last"), {"last": DAY})
    assert sent(date(2023, 10, 13)) == []
    assert sent(DUE) == []


def test_the_alert_is_vietnamese_first_and_names_unit_period_and_day(tmp_path: Path) -> None:
    sent(DUE)
    (line,) = (Settings.load().work_dir / ALERTS).read_text(encoding="utf-8").splitlines()
    alert = json.loads(line)
    assert alert["message_vi"] == ("Phường 4: biểu form-06 kỳ 2023-10, hạn 16/10/2023, hôm nay đến hạn. Chưa đến hạn.")
    assert list(alert).index("message_vi") < list(alert).index("message_en")
    assert (alert["unit_id"], alert["due_on"], alert["cell"]) == (COMMUNE, "2023-10-16", "awaited")
