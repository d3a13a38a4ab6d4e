"""Publishing follows the state of the store: what is over and not final, or changed, is to be published."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.measured_world import Store

from motcua.errors import CatalogError
from motcua.period import parse_period
from motcua.publish import plan_publication, publish_edition
from motcua.publish.edition.editions import list_editions
from motcua.publish.edition.planner import periods_over
from motcua.settings import Settings

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


def test_what_sources_of_another_province_answered_is_no_first_day(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "motcua.publish.edition.planner")
    store.answer(store.sources_of("26:2020")[:1])
    assert plan_publication("84:2020", date(2026, 1, 20)) == []  # a unit that has ended is still known by its id
    assert caplog.messages == []  # and no period of it is told to be left out


def test_a_period_on_whose_days_the_unit_had_ended_is_left_out(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.answer(store.sources_of("84:2020")[:1], (date(2025, 6, 20), date(2025, 8, 10)))
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


@pytest.mark.parametrize(
    ("report", "unit", "period"),
    [
        ("form-06", "84", "CAL_MONTH:2023-10"),
        ("form-06", "84", "2023-10-02..2023-10-20"),
        ("form-06", "84", "2023-10-02..2023-10-21"),  # begins on the same day
        ("form-06", "29236:2020", "CAL_MONTH:2023-10"),
        ("nightly-brief", "84", "2023-10-20..2023-10-20"),
        ("index-766", "84", "2023-10-01..2023-10-20"),
    ],
)
def test_an_edition_that_a_person_published_of_any_unit_and_period_is_planned_when_its_figures_change(
    october: Store, report: str, unit: str, period: str
) -> None:
    asked = parse_period(period)
    october.answer(october.sources_of("84:2020"), (date(2023, 9, 15), date(2023, 9, 30)))
    edition = publish_edition(report, unit, asked)
    assert edition.completeness == "final"
    other = "29239:2020" if unit != "84" else "26-TTPVHCC:2020"
    change(october, other, date(2023, 10, 3))  # of another unit
    change(october, "29236:2020", asked.to_date + timedelta(days=1))  # after its last day
    assert by_hand(report, asked) == []
    change(october, "29236:2020", date(2023, 10, 3))
    [one] = by_hand(report, asked)
    assert (one.unit_id, one.newest and one.newest.edition_id) == (edition.unit_id, edition.edition_id)
    assert one.why == "changed"


def by_hand(report: str, period: Any) -> list[Any]:
    return [one for one in plan_publication("84", NOVEMBER_2) if (one.report, one.period) == (report, period)]


def change(store: Store, unit_id: str, day: date) -> None:
    [source] = [source.source_id for source in store.catalog.sources if source.unit_id == unit_id][:1]
    [batch] = store.answer([source], (date(2023, 10, 20), date(2023, 10, 20)))
    store.version(batch, unit_id, f"{unit_id}-{day}", day)


def test_an_edition_on_another_map_is_planned_on_that_map(october: Store) -> None:
    october.answer(october.sources_of("84:2020"), (date(2023, 9, 15), date(2023, 9, 30)))
    month = parse_period("CAL_MONTH:2023-10")
    publish_edition("form-06", "84", month, on_map="as-now")
    assert by_hand("form-06", month) == []
    change(october, "29236:2020", date(2023, 10, 3))
    assert [(one.on_map, one.why) for one in by_hand("form-06", month)] == [("as-now", "changed")]


def test_an_edition_of_another_province_is_not_planned(october: Store) -> None:
    october.answer(october.sources_of("26:2020")[:1], (date(2023, 9, 15), NOVEMBER_2))
    assert publish_edition("form-06", "26", MONTH).completeness == "provisional"
    assert ("26:2020", "not_final") in {(one.unit_id, one.why) for one in plan_publication("26", NOVEMBER_2)}
    assert "26:2020" not in {one.unit_id for one in plan_publication("84", NOVEMBER_2)}


def test_a_change_before_a_later_edition_of_another_series_is_found(
    october: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    october.answer(october.sources_of("84:2020"), (date(2023, 9, 15), date(2023, 9, 30)))
    first = publish_edition("form-06", "84", parse_period("CAL_MONTH:2023-10"))
    change(october, "29236:2020", date(2023, 10, 3))
    later = publish_edition("form-06", "84", parse_period("2023-10-02..2023-10-20"))
    editions = [
        replace(one, published_at=one.published_at + timedelta(hours=3)) if one.edition_id == later.edition_id else one
        for one in list_editions()
    ]
    monkeypatch.setattr("motcua.publish.edition.planner.list_editions", lambda: editions)
    planned_again = {one.newest.edition_id for one in plan_publication("84", NOVEMBER_2) if one.newest}
    assert first.edition_id in planned_again


def test_an_edition_of_days_that_are_not_over_is_not_planned(october: Store) -> None:
    month = parse_period("CAL_MONTH:2023-10")
    publish_edition("form-06", "84", month, today=date(2023, 10, 25))
    assert [one for one in plan_publication("84", date(2023, 10, 31)) if one.period == month and one.newest] == []
    assert [one.why for one in by_hand("form-06", month)] == ["not_final"]


def test_a_brief_that_is_not_final_is_planned_only_when_its_figures_changed(october: Store) -> None:
    day = parse_period("2023-10-20..2023-10-20")
    october.execute("update batch set state = 'failed' where source_id = 'tra-vinh.c29239'")
    assert publish_edition("nightly-brief", "84", day).completeness == "provisional"
    assert by_hand("nightly-brief", day) == []
    october.answer(["tra-vinh.c29236"], (date(2023, 10, 20), date(2023, 10, 20)), quarantined=1)
    assert by_hand("nightly-brief", day) == []  # what is set aside is no figure
    change(october, "29236:2020", date(2023, 10, 3))
    assert [one.why for one in by_hand("nightly-brief", day)] == ["changed"]


def test_what_is_set_aside_concerns_the_units_that_its_source_speaks_for(october: Store) -> None:
    month = parse_period("CAL_MONTH:2023-10")
    october.answer(october.sources_of("84:2020"), (date(2023, 9, 15), date(2023, 9, 30)))
    for unit in ("29236:2020", "29239:2020"):
        assert publish_edition("form-06", unit, month).completeness == "final"
    october.answer(["tra-vinh.c29236"], (date(2023, 10, 20), date(2023, 10, 20)), quarantined=1)
    assert [one.unit_id for one in by_hand("form-06", month)] == ["29236:2020"]


def test_a_period_of_which_no_source_answered_anything_is_not_planned(store: Store) -> None:
    sources = store.sources_of("84:2020")
    store.answer(sources[:1], (date(2023, 6, 20), date(2023, 6, 25)))
    store.answer(sources[:1], (date(2023, 9, 14), date(2023, 9, 14)))
    assert form_06(date(2023, 12, 20)) == dict.fromkeys(
        ["RPT_MONTH:2023-07", "RPT_MONTH:2023-09", "RPT_QUARTER:2023-Q3", "RPT_9M:2023-9M", "RPT_H2:2023-H2",
         "RPT_YEAR:2023"], "never_published"
    )  # fmt: skip


def test_dossiers_are_no_answer_to_a_report_of_petitions_and_the_index_needs_either(store: Store) -> None:
    store.answer(store.sources_of("84:2020")[:1])
    reports = {report for report, _, _ in planned(date(2023, 11, 20))}
    assert "form-06" in reports
    assert "index-766" in reports
    assert not {report for report in reports if "petition" in report}


def test_dossiers_are_answered_for_from_the_first_day_of_a_period_on(store: Store) -> None:
    store.answer(store.sources_of("84:2020")[:1], (MONTH.from_date, MONTH.from_date))
    assert form_06(NOVEMBER_2) == {"RPT_MONTH:2023-10": "never_published"}


def test_an_answer_for_days_that_a_source_does_not_owe_is_none(store: Store) -> None:
    ended = "tra-vinh.c29245"  # its ward ended on 31 October 2024
    store.answer([ended], (date(2024, 11, 20), date(2024, 11, 30)))
    assert form_06(date(2024, 12, 20)).keys() == {"RPT_QUARTER:2024-Q4", "RPT_H2:2024-H2", "RPT_YEAR:2024"}


def petitions_of(catalog_dir: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Add a source of petitions to the catalogue, and return it."""
    shutil.copytree(Settings.load().catalog_dir, catalog_dir)
    (catalog_dir / "petitions").mkdir(exist_ok=True)
    (catalog_dir / "petitions" / "tra-vinh.yaml").write_text(
        'source_id: tra-vinh.petitions\npath: petitions-drop/*.csv\nunit_id: "84:2020"\nvalid_from: 2020-01-01\n'
        "columns: {petition_id: Mã, received_on: Ngày nhận, kind: Loại}\nwords: {kind: {HV: behaviour}}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog_dir))
    return "tra-vinh.petitions"


def answer_petitions(store: Store, source_id: str, changed: int = 0) -> None:
    store.execute(
        "insert into batch (batch_id, run_id, source_id, record_kind, is_whole, level, window_from, window_to, state,"
        " pulled_count, out_of_window_count, duplicate_count, quarantined_count, new_count, changed_count,"
        " unchanged_count, planned_at, measured_at) values (:b, 'r', :s, 'petition', true, 'province', '2023-09-15',"
        " '2023-10-31', 'loaded', :n, 0, 0, 0, :n, 0, 0, clock_timestamp(), clock_timestamp())",
        b=f"{source_id}-{changed}", s=source_id, n=changed,
    )  # fmt: skip


def test_petitions_alone_are_an_answer_to_the_index_and_the_report_of_petitions_and_to_no_form_of_dossiers(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_petitions(store, petitions_of(tmp_path / "catalog", monkeypatch))
    reports = {report for report, _, _ in planned(NOVEMBER_2)}
    assert {report for report in reports if not report.startswith("index-")} == {"petitions"}
    assert "index-766" in reports


def test_petitions_that_changed_are_a_change_of_the_index_and_of_no_form_of_dossiers(
    october: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_id = petitions_of(tmp_path / "catalog", monkeypatch)
    answer_petitions(october, source_id)
    october.answer(october.sources_of("84:2020"), (date(2023, 9, 15), date(2023, 9, 30)))
    days = parse_period("2023-10-01..2023-10-20")
    for report in ("form-06", "index-766"):
        assert publish_edition(report, "84", days).completeness == "final"
    answer_petitions(october, source_id, changed=1)
    assert by_hand("form-06", days) == []
    assert [one.why for one in by_hand("index-766", days)] == ["changed"]


def test_an_edition_of_a_unit_that_the_catalogue_has_lost_is_left_out_and_named(
    october: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    days = parse_period("2023-10-02..2023-10-20")
    publish_edition("form-06", "84", days)
    [kept] = list_editions()
    lost = replace(kept, edition_id="lost.1", unit_id="29999:2020")
    monkeypatch.setattr("motcua.publish.edition.planner.list_editions", lambda: [lost, kept])
    change(october, "29236:2020", date(2023, 10, 3))
    assert [one.newest and one.newest.edition_id for one in by_hand("form-06", days)] == [kept.edition_id]
    assert [message for message in caplog.messages if "lost.1" in message and "29999:2020" in message]


def test_a_change_after_an_edition_is_found_beside_one_that_the_edition_has(october: Store) -> None:
    days = parse_period("2023-10-02..2023-10-20")
    change(october, "29236:2020", date(2023, 10, 3))
    assert publish_edition("form-06", "84", days).completeness == "final"
    assert by_hand("form-06", days) == []
    change(october, "29236:2020", date(2023, 10, 4))
    assert [one.why for one in by_hand("form-06", days)] == ["changed"]


def test_a_change_is_found_although_the_clock_that_dates_editions_is_half_an_hour_ahead(
    october: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = parse_period("2023-10-02..2023-10-20")
    publish_edition("form-06", "84", days)
    [edition] = list_editions()
    ahead = replace(edition, published_at=edition.published_at + timedelta(minutes=30))
    monkeypatch.setattr("motcua.publish.edition.planner.list_editions", lambda: [ahead])
    change(october, "29236:2020", date(2023, 10, 3))
    assert [one.why for one in by_hand("form-06", days)] == ["changed"]


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


def test_the_dag_names_the_unit_and_the_map_of_an_edition_that_has_others(
    october: Store, reports_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from motcua.orchestration import publishing

    month = parse_period("CAL_MONTH:2023-10")
    october.answer(october.sources_of("84:2020"), (date(2023, 9, 15), date(2023, 9, 30)))
    publish_edition("form-06", "29236:2020", month)
    publish_edition("form-06", "84", month, on_map="as-now")
    change(october, "29236:2020", date(2023, 10, 3))
    october.measure("29236:2020", date(2023, 10, 3), "received_direct", 1)
    due = publishing.plan_unfinished({"unit": "84", "reports": ["form-06"]})
    asked = [one for one in due if one["period"] == "2023-10-01..2023-10-31"]
    assert asked == [
        {"report": "form-06", "period": "2023-10-01..2023-10-31", "unit": "29236:2020"},
        {"report": "form-06", "period": "2023-10-01..2023-10-31", "on_map": "as-now"},
    ]
    published = [publishing.publish_report(params={"unit": "84"}, **one)["edition_id"] for one in asked]
    assert published == ["form-06.29236.CAL_MONTH.2023-10.2", "form-06.84.CAL_MONTH.2023-10.as-now.2"]
