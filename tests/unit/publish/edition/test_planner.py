"""Publishing follows the state of the store: what is over and not final, or changed, is to be published."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.measured_world import Store

from motcua.errors import CatalogError
from motcua.period import parse_period
from motcua.publish import plan_publication, publish_edition
from motcua.publish.edition.planner import periods_over

NOVEMBER_2 = date(2023, 11, 2)
MONTH = parse_period("RPT_MONTH:2023-10")


def planned(today: date) -> dict[tuple[str, str, str], str]:
    return {(one.report, one.period.period_type, one.period.label): one.why for one in plan_publication("84", today)}


def form_06(today: date) -> dict[str, str]:
    return {f"{kind}:{label}": why for (report, kind, label), why in planned(today).items() if report == "form-06"}


def test_nothing_is_published_before_a_first_pull(store: Store) -> None:
    assert plan_publication("84", date(2026, 1, 20)) == []
    store.answer(["tra-vinh.c29236"], state="failed")
    assert plan_publication("84", date(2026, 1, 20)) == []


def test_what_sources_of_another_province_answered_is_no_first_day(store: Store) -> None:
    store.answer(store.sources_of("26:2020")[:1])
    assert plan_publication("84:2020", date(2026, 1, 20)) == []  # a unit that has ended is still known by its id


def test_a_period_on_whose_days_the_unit_had_ended_is_left_out(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.answer(store.sources_of("84:2020")[:1], (date(2025, 6, 20), date(2025, 6, 30)))
    labels = {label for _, _, label in planned(date(2025, 8, 20))}
    assert "2025-06" in labels
    assert "2025-08" not in labels
    assert any("2025-08" in message for message in caplog.messages)


def test_an_unknown_unit_is_refused(store: Store) -> None:
    with pytest.raises(CatalogError, match="nowhere"):
        plan_publication("nowhere", NOVEMBER_2)


def test_a_scheduler_that_was_away_finds_the_month_quarter_half_year_and_year_that_ended_meanwhile() -> None:
    asked = date(2023, 12, 5)
    away = {(clock, f"{one.period_type}:{one.label}") for clock, one in periods_over(asked, asked + timedelta(days=40))}
    assert away == {
        ("reporting_periods", "RPT_MONTH:2023-12"),
        ("reporting_periods", "RPT_QUARTER:2023-Q4"),
        ("reporting_periods", "RPT_H2:2023-H2"),
        ("reporting_periods", "RPT_YEAR:2023"),
        ("calendar_months", "CAL_MONTH:2023-12"),
    }


def test_a_period_is_over_from_the_day_after_its_last() -> None:
    last = date(2023, 10, 14)
    assert periods_over(last, last) == []
    assert [one.label for _, one in periods_over(last, last + timedelta(days=1))] == ["2023-10"]
    assert periods_over(last + timedelta(days=1), date(2023, 10, 31)) == []


def test_a_period_is_planned_until_it_is_final_and_again_when_its_figures_change(october: Store) -> None:
    october.answer(october.sources_of("84:2020"), (date(2023, 9, 15), date(2023, 9, 30)))
    late = "tra-vinh.c29236"
    [batch_id] = october.answer([late], MONTH_DAYS, state="failed")
    october.execute("update batch set state = 'failed', measured_at = null where source_id = :s", s=late)
    assert form_06(NOVEMBER_2) == {"RPT_MONTH:2023-10": "never_published"}
    assert publish_edition("form-06", "84", MONTH).completeness == "provisional"
    assert form_06(NOVEMBER_2) == {"RPT_MONTH:2023-10": "not_final"}
    [batch_id] = october.answer([late], MONTH_DAYS)  # on the 16th, or weeks later
    assert publish_edition("form-06", "84", MONTH).completeness == "final"
    assert form_06(NOVEMBER_2) == {}

    def changed(day: date) -> dict[str, str]:
        [batch] = october.answer([late], (date(2023, 10, 20), date(2023, 10, 20)))
        october.version(batch, "29236:2020", f"d-{day}", day)
        return form_06(NOVEMBER_2)

    assert changed(date(2023, 10, 15)) == {}  # of the next month
    assert changed(date(2023, 10, 14)) == {"RPT_MONTH:2023-10": "changed"}
    assert batch_id


def test_a_change_is_in_what_was_published_after_it_and_not_in_what_was_published_before(october: Store) -> None:
    for days in ((date(2023, 9, 15), date(2023, 9, 30)), (date(2023, 11, 1), date(2023, 11, 14))):
        october.answer(october.sources_of("84:2020"), days)
    assert publish_edition("form-06", "84", MONTH).completeness == "final"
    [batch] = october.answer(["tra-vinh.c29236"], (date(2023, 10, 20), date(2023, 10, 20)))
    october.version(batch, "29236:2020", "late", date(2023, 10, 3))
    following = parse_period("RPT_MONTH:2023-11")
    assert publish_edition("form-06", "84", following).completeness == "final"
    assert form_06(date(2023, 11, 20)) == {"RPT_MONTH:2023-10": "changed"}


def test_an_edition_on_the_units_of_another_day_takes_the_place_of_none(october: Store) -> None:
    october.answer(october.sources_of("84:2020"), (date(2023, 9, 15), date(2023, 9, 30)))
    assert publish_edition("form-06", "84", MONTH, on_map="as-now").completeness == "final"
    assert form_06(NOVEMBER_2) == {"RPT_MONTH:2023-10": "never_published"}


MONTH_DAYS = (MONTH.from_date, MONTH.to_date)


def test_the_dag_publishes_what_is_planned_and_ends_as_skipped_where_nothing_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from motcua.orchestration import publishing

    params: dict[str, Any] = {"unit": "84"}
    with pytest.raises(AirflowSkipException, match="nothing was pulled yet"):
        publishing.plan_unfinished(params)
    store.answer(store.sources_of("84:2020"), MONTH_DAYS)
    due = publishing.plan_unfinished(params | {"reports": ["form-06"]})
    assert due[0] == {"report": "form-06", "period": "2023-09-15..2023-10-14"}
    assert {one["report"] for one in due} == {"form-06"}
