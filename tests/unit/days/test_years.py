"""What each year's working calendar was read from, and a year that nobody has looked at."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from motcua.days.workdays import is_workday, working_calendar
from motcua.days.years import calendar_years, years_not_known, years_told
from motcua.errors import CatalogError
from motcua.settings import Settings

SHIPPED = Settings.load().shipped_catalog_dir


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "calendar" / "years.yaml"
    path.parent.mkdir()
    path.write_text(
        "years:\n  - {year: 2026, is_read: true, evidence: decision 1}\n"
        "  - {year: 2027, is_read: false, evidence: press}\n",
        encoding="utf-8",
    )
    return tmp_path


def test_every_year_that_has_been_reported_on_says_what_it_was_read_from() -> None:
    assert set(calendar_years(SHIPPED)) == set(range(2018, 2027))
    assert all(year.evidence for year in calendar_years(SHIPPED).values())
    assert years_not_known(SHIPPED, date(2018, 1, 1), date(2026, 12, 31)) == []


def test_the_years_of_a_due_day_say_whether_the_decision_was_read(own: Path) -> None:
    told = years_told(own, date(2026, 12, 30), date(2028, 1, 4))
    assert [text.en for text in told[:2]] == [
        "Working calendar of 2026: decision 1",
        "Working calendar of 2027: the decision itself was not read; from press",
    ]
    assert told[2].en.startswith("The working calendar of 2028 is not in the catalogue")
    assert [text.vi for text in told[:2]] == [
        "Lịch làm việc năm 2026: theo decision 1",
        "Lịch làm việc năm 2027: chưa đọc văn bản gốc; theo press",
    ]
    assert "năm 2028 chưa có trong danh mục" in told[2].vi


def test_a_year_without_an_entry_is_named_from_its_first_day_to_its_last(own: Path) -> None:
    assert years_not_known(own, date(2026, 1, 1), date(2027, 12, 31)) == []
    assert len(years_not_known(own, date(2027, 12, 31), date(2028, 1, 1))) == 1
    assert len(years_not_known(own, date(2025, 12, 31), date(2026, 1, 1))) == 1


def test_a_year_that_stands_twice_or_says_nothing_is_refused(own: Path) -> None:
    path = own / "calendar" / "years.yaml"
    path.write_text("years:\n" + "  - {year: 2026, is_read: true, evidence: a}\n" * 2, encoding="utf-8")
    with pytest.raises(CatalogError, match="a year stands twice"):
        calendar_years(own)


def test_a_year_needs_its_evidence(own: Path) -> None:
    (own / "calendar" / "years.yaml").write_text("years: [{year: 2026, is_read: true, evidence: ''}]", encoding="utf-8")
    with pytest.raises(CatalogError, match="evidence"):
        calendar_years(own)


def test_the_first_friday_of_2026_was_a_rest_day_worked_on_the_saturday_after() -> None:
    calendar = working_calendar(SHIPPED)
    assert not is_workday(date(2026, 1, 2), calendar)
    assert is_workday(date(2026, 1, 10), calendar)
    assert not is_workday(date(2026, 11, 24), calendar)
