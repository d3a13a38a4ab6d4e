"""Which reports a run is to publish."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from motcua.errors import ConfigurationError, NothingAnswered
from motcua.orchestration.measuring import days_of_events
from motcua.orchestration.publishing import plan_nights, plan_periods, plan_reports, province_of, publish_report
from motcua.period import parse_period


def run(end: datetime | None = None, key: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(data_interval_end=end, partition_key=key)


def fifteenth(month: int) -> datetime:
    """00:00 on the 15th in Vietnam."""
    return datetime(2023, month, 14, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("month", "types"),
    [
        (10, ["RPT_MONTH"]),
        (3, ["RPT_MONTH", "RPT_QUARTER"]),
        (6, ["RPT_MONTH", "RPT_QUARTER", "RPT_H1"]),
        (9, ["RPT_MONTH", "RPT_QUARTER", "RPT_9M"]),
        (12, ["RPT_MONTH", "RPT_QUARTER", "RPT_H2", "RPT_YEAR"]),
    ],
)
def test_a_scheduled_run_reports_on_every_period_that_ended_the_day_before(month: int, types: list[str]) -> None:
    planned = [parse_period(name) for name in plan_periods({}, run(fifteenth(month)))]
    assert [period.period_type for period in planned] == types
    assert {period.to_date for period in planned} == {date(2023, month, 14)}


def test_a_period_in_conf_comes_before_the_interval() -> None:
    assert plan_periods({"period": "CAL_MONTH:2023-10"}, run(fifteenth(3))) == ["CAL_MONTH:2023-10"]


def test_a_partition_key_names_a_period() -> None:
    assert plan_periods({}, run(key="RPT_MONTH:2023-10")) == ["RPT_MONTH:2023-10"]


@pytest.mark.parametrize("params", [{}, {"period": "October"}])
def test_a_run_without_a_period_that_is_one_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        plan_reports("reporting_periods", params, run())


def test_each_report_of_each_period_is_a_task_of_its_own() -> None:
    planned = plan_reports("reporting_periods", {"unit": "84"}, run(fifteenth(9)))
    periods = ["2023-08-15..2023-09-14", "2023-06-15..2023-09-14", "2022-12-15..2023-09-14"]
    assert [one["period"] for one in planned if one["report"] == "form-06"] == periods
    assert {one["report"] for one in planned} >= {"form-06", "online-payment"}
    assert {one["report"] for one in planned}.isdisjoint({"index-766", "form-2026", "petitions"})


def test_a_calendar_month_named_by_hand_is_form_06_alone() -> None:
    named = {"unit": "84", "period": "2023-10-01..2023-10-31"}
    assert plan_reports("reporting_periods", named, run()) == [
        {"report": "form-06", "period": "2023-10-01..2023-10-31"}
    ]
    asked = {**named, "reports": ["digitisation"]}
    assert plan_reports("reporting_periods", asked, run()) == [
        {"report": "digitisation", "period": "2023-10-01..2023-10-31"}
    ]


def test_the_index_is_that_of_the_calendar_month_before_the_run() -> None:
    second = SimpleNamespace(run_after=datetime(2024, 1, 1, 23, tzinfo=UTC))  # 06:00 on the 2nd in Vietnam
    december = {"report": "index-766", "period": "2023-12-01..2023-12-31"}
    assert plan_reports("calendar_months", {"unit": "84"}, second) == [december]
    year = {"report": "index-766", "period": "2023-01-01..2023-12-31"}
    assert plan_reports("calendar_months", {"unit": "84", "period": "CAL_YEAR:2023"}, second) == [year]
    with pytest.raises(AirflowSkipException, match=r"published for 2020-01-01\.\.2020-01-31"):
        plan_reports("calendar_months", {"unit": "84", "period": "CAL_MONTH:2020-01"}, second)


def test_a_period_for_which_nobody_has_answered_is_left_out_unless_it_was_asked_for(databases: None) -> None:
    day = "2023-10-31..2023-10-31"
    with pytest.raises(AirflowSkipException, match="no source of it has answered"):
        publish_report("nightly-brief", day, {"unit": "84"})
    for asked in ({"day": "2023-10-31"}, {"period": day}):
        with pytest.raises(NothingAnswered, match="no source of it has answered"):
            publish_report("nightly-brief", day, {"unit": "84", **asked})


def test_the_unit_is_the_province_of_the_installation_unless_conf_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")
    assert province_of({"unit": None}) == "84"
    assert province_of({"unit": "842"}) == "842"
    monkeypatch.delenv("MOTCUA_PROVINCE")
    with pytest.raises(ConfigurationError):
        province_of({})


def test_the_days_of_a_run_are_those_of_all_its_events() -> None:
    def event(extra: Any) -> SimpleNamespace:
        return SimpleNamespace(extra=extra)

    events = {
        "dossiers__commune": [event({"day": "2023-11-01"}), event({"day": "2023-10-31"})],
        "measures": [event({"days": ["2023-11-01"]}), event({}), event(None)],
    }
    assert days_of_events(events) == ["2023-10-31", "2023-11-01"]


def test_a_night_that_is_not_closed_waits_for_the_next_event_and_a_closed_one_is_planned(
    databases: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = {date(2023, 10, 30): {"commune": "3 of 106 sources"}}
    monkeypatch.setattr("motcua.orchestration.night.levels_not_closed", lambda day: waits.get(day, {}))
    told = {"measures": [SimpleNamespace(extra={"days": ["2023-10-30", "2023-10-31"]})]}
    assert plan_nights({}, run(), told) == ["2023-10-31..2023-10-31"]
    waits[date(2023, 10, 31)] = {"province": "1 batches to be measured"}
    with pytest.raises(
        AirflowSkipException, match=r"2023-10-30: commune \(3 of 106.*; 2023-10-31: province \(1 batches"
    ):
        plan_nights({}, run(), told)


def test_without_an_event_a_night_is_planned_as_it_stands(databases: None) -> None:
    five = datetime(2023, 10, 31, 22, tzinfo=UTC)  # 05:00 in Vietnam
    assert plan_nights({}, run(five), {}) == ["2023-10-31..2023-10-31"]
    assert plan_nights({"day": "2023-10-20"}, run(five), None) == ["2023-10-20..2023-10-20"]
    planned = plan_reports("nights", {"unit": "84", "day": "2023-10-20"}, run(five), {})
    assert planned == [{"report": "nightly-brief", "period": "2023-10-20..2023-10-20"}]
