"""The nightly brief: one day, its change from the day before, what falls due, what was set aside."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from motcua.errors import ReportRefused
from motcua.period import day_period, parse_period
from motcua.publish import publish_edition, verify_edition
from motcua.publish.edition.content import table_rows

DAY = date(2023, 10, 20)  # a Friday


def brief(day: date = DAY) -> Any:
    return publish_edition("nightly-brief", "84", day_period(day))


def figures(edition: Any, table: str, code: str) -> dict[str, int]:
    found: dict[str, int] = next(r["figures"] for r in table_rows(edition.content, table) if r["row_code"] == code)
    return found


def test_the_brief_counts_the_day_and_the_stock_at_its_end(october: Any) -> None:
    edition = brief()
    assert (edition.edition_id, edition.completeness) == ("nightly-brief.84.DAY.2023-10-20.1", "final")
    centre = figures(edition, "unit", "84-TTPVHCC")
    assert (centre["received"], centre["resolved_total"], centre["resolved_early"]) == (0, 1500, 1500)
    assert (centre["open_total"], centre["open_overdue"]) == (500, 60)
    assert figures(edition, "level", "province") == centre


def test_change_is_the_difference_from_the_day_before(october: Any) -> None:
    today, yesterday = brief(), brief(date(2023, 10, 19))
    for code in ("84-TTPVHCC", "842", "29236"):
        now, before = figures(today, "unit", code), figures(yesterday, "unit", code)
        change = figures(today, "unit_change", code)
        assert change == {column: now[column] - before[column] for column in change}
    assert figures(today, "total_change", "total")["open_total"] == -1500


def test_three_working_days_after_a_friday_end_on_wednesday(october: Any) -> None:
    for day, quantity in ((20, 1), (21, 2), (25, 4), (26, 8)):
        october.measure("842:2020", date(2023, 10, day), "open_due", quantity)
    assert figures(brief(), "unit", "842")["due_soon"] == 2 + 4


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2023, 10, 18), date(2023, 10, 23)), (DAY, date(2023, 10, 25)), (date(2023, 10, 21), date(2023, 10, 25)),
     (date(2023, 8, 31), date(2023, 9, 7))],
)  # fmt: skip
def test_rest_days_and_holidays_are_not_working_days(october: Any, day: date, expected: date) -> None:
    october.answer(october.sources_of("84:2020"), (day, day))
    for ahead, quantity in ((expected, 3), (expected + timedelta(days=1), 100)):
        october.measure("842:2020", ahead, "open_due", quantity)
    assert figures(brief(day), "unit", "842")["due_soon"] == 3


def test_the_brief_tells_what_the_latest_pull_set_aside(october: Any) -> None:
    source = "tra-vinh.c29236"
    october.answer([source], quarantined=9)
    (batch_id,) = october.answer([source], quarantined=2)
    october.execute("insert into rule_finding values (:b, 'V3', 'critical', 10, 2), (:b, 'V5', 'warning', 10, 4)",
                    b=batch_id)  # fmt: skip
    assert brief().content["quarantine"] == {
        "records": 2,
        "sources": [{"source_id": source, "source_name": "UBND Phường 4, Thành phố Trà Vinh", "records": 2}],
        "rules": [{"rule_id": "V3", "records": 2}],
    }


def test_a_source_that_did_not_answer_that_day_is_named(october: Any) -> None:
    october.execute("update batch set state = 'failed', measured_at = null where source_id = 'tra-vinh.d842'")
    edition = brief()
    assert edition.completeness == "provisional"
    assert [c["source_id"] for c in edition.content["cells"] if c["cell"] == "failed"] == ["tra-vinh.d842"]


def test_a_brief_can_be_verified_like_any_edition(october: Any) -> None:
    assert verify_edition(brief().edition_id).findings == ()


def test_a_brief_of_a_month_is_refused(october: Any) -> None:
    with pytest.raises(ReportRefused, match="covers one day"):
        publish_edition("nightly-brief", "84", parse_period("CAL_MONTH:2023-10"))
