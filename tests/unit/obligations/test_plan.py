"""Obligations exist at least 30 days before they are due, and their due day moves only until it is reached."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from motcua.catalog.obligations import Due
from motcua.days.workdays import working_calendar
from motcua.obligations import due_day, plan_obligations
from motcua.period import reporting_period
from motcua.settings import Settings
from motcua.warehouse import store_engine


@pytest.fixture
def tra_vinh(databases: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")


def rows(condition: str = "true") -> list[tuple[str, date, date]]:
    with store_engine().connect() as connection:
        query = f"select obligation_id, to_date, due_on from obligation where {condition} order by obligation_id"
        return [tuple(row) for row in connection.execute(text(query))]  # type: ignore[misc]


def test_every_unit_in_force_owes_the_month_30_days_before_it_is_due(tra_vinh: None) -> None:
    due = date(2023, 10, 25)
    plan_obligations(due - timedelta(days=30))
    month = rows("period_type = 'RPT_MONTH' and period_label = '2023-10'")
    communes = [row for row in month if ".29" in row[0]]
    assert len(communes) == 106
    assert ("form-06.84:2020.RPT_MONTH.2023-10", date(2023, 10, 14), due) in month


def test_planning_again_changes_nothing(tra_vinh: None) -> None:
    assert plan_obligations(date(2023, 9, 20))
    before = rows()
    assert plan_obligations(date(2023, 9, 20)) == []
    assert rows() == before


def test_a_past_due_day_does_not_move_and_a_future_one_does(tra_vinh: None) -> None:
    plan_obligations(date(2023, 9, 20))
    with store_engine().begin() as connection:
        connection.execute(
            text("update obligation set due_on = to_date + case when unit_id = '84:2020' then 15 else 3 end")
        )
    moved = plan_obligations(date(2023, 10, 20), since=date(2023, 10, 1))
    assert moved
    still = {row[0]: row[2] for row in rows("to_date = '2023-10-14'")}
    assert still["form-06.29236:2020.RPT_MONTH.2023-10"] == date(2023, 10, 17)
    assert still["form-06.84:2020.RPT_MONTH.2023-10"] == date(2023, 10, 25)


def test_districts_owe_nothing_for_a_period_that_ends_after_they_did(tra_vinh: None) -> None:
    plan_obligations(date(2025, 6, 1))
    ids = [row[0] for row in rows()]
    assert "form-06.842:2020.RPT_MONTH.2025-06" in ids
    assert "form-06.842:2020.RPT_MONTH.2025-07" not in ids


@pytest.mark.parametrize(
    ("due", "month", "expected"),
    [
        (Due(working_days=1), (2023, 10), date(2023, 10, 16)),  # ends on Saturday the 14th
        (Due(working_days=2), (2023, 10), date(2023, 10, 17)),
        (Due(working_days=1), (2023, 11), date(2023, 11, 15)),
        (Due(working_days=1), (2024, 2), date(2024, 2, 15)),  # Tết: 8 to 14 February were rest days
        (Due(day=25), (2023, 11), date(2023, 11, 24)),  # the 25th is a Saturday
        (Due(day=25, when_rest_day="after"), (2023, 11), date(2023, 11, 27)),
        (Due(day=25), (2023, 10), date(2023, 10, 25)),
    ],
)
def test_due_days_are_working_days_after_the_period(due: Due, month: tuple[int, int], expected: date) -> None:
    calendar = working_calendar(Settings.load().catalog_dir)
    assert due_day(due, reporting_period("MONTH", *month), calendar) == expected


def test_a_province_of_the_reform_owes_with_those_that_it_was_formed_from(
    databases: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "86:2025")
    plan_obligations(date(2025, 6, 20))
    july = {row[0].split(".")[1] for row in rows("period_type = 'RPT_MONTH' and period_label = '2025-07'")}
    assert {"84:2020", "86:2025", "86-TTPVHCC:2025"} <= july
    plan_obligations(date(2025, 7, 20))
    august = {row[0].split(".")[1] for row in rows("period_type = 'RPT_MONTH' and period_label = '2025-08'")}
    assert "86:2025" in august
    assert "84:2020" not in august
