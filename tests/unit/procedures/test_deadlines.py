"""Announcement and publication by their deadlines: rows 1.1 and 1.2 of index 766."""

from __future__ import annotations

from datetime import date

import pytest
from tests.unit.procedures.conftest import MakeCatalog

from motcua.catalog import Catalog
from motcua.errors import CatalogError
from motcua.period import parse_period
from motcua.procedures.deadlines import Deadlines, procedure_deadlines

OCTOBER = parse_period("CAL_MONTH:2023-10")


def row(code: int, announced: str = "", effective: str = "", published: str = "", province: str = "84",
        level: str = "commune") -> str:  # fmt: skip
    return f"1.{code:06d},N,f,F,{level},{province},,,,,,,{announced},{effective},{published},2020-01-01,,t"


def standings(found: Deadlines, step: str) -> dict[str, str]:
    return {entry.code[-1]: entry.standing for entry in found.entries if entry.step == step}


@pytest.fixture
def catalog(make_catalog: MakeCatalog) -> Catalog:
    return make_catalog(
        row(1, "2023-10-02", "2023-10-09", "2023-10-09"),  # both on the last day allowed
        row(2, "2023-10-03", "2023-10-09", "2023-10-11"),  # both a working day late
        row(3, "2023-10-27", "2023-12-01"),  # its time to be made public still runs: due
        row(4, "2023-10-03", "2023-11-01"),  # never made public
        row(5, "", "2023-10-20"),  # no decision, though the law is in force
        row(6, "", "2023-11-20"),  # no decision yet, and time to take one
        row(7, "2023-09-28", "2023-10-09", "2023-10-02"),  # decided before the period, public in it
        row(8, "2023-08-01", "2023-08-09", "2023-08-02"),  # all before the period
    )


def test_a_decision_five_working_days_before_the_law_is_on_time_and_one_later_is_not(catalog: Catalog) -> None:
    found = procedure_deadlines(catalog, OCTOBER, "84")
    assert standings(found, "announcement") == {
        "1": "on_time", "2": "late", "3": "on_time", "4": "on_time", "5": "late", "6": "due"
    }  # fmt: skip
    assert found.ratio("announcement") == (3, 4)  # decisions taken in the period only


def test_publication_is_counted_when_done_or_past_its_deadline_and_not_before_that(catalog: Catalog) -> None:
    found = procedure_deadlines(catalog, OCTOBER, "84")
    assert standings(found, "publication") == {"1": "on_time", "2": "late", "3": "due", "4": "late", "7": "on_time"}
    assert found.ratio("publication") == (2, 4)
    assert [found.of("publication", standing) for standing in ("on_time", "late", "due")] == [2, 2, 1]


def test_events_after_the_period_are_not_known_in_it(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(row(1, "2023-10-02", "2023-12-01", "2023-11-02"))
    assert standings(procedure_deadlines(catalog, OCTOBER), "publication") == {"1": "late"}
    november = procedure_deadlines(catalog, parse_period("CAL_MONTH:2023-11"))
    assert standings(november, "publication") == {"1": "late"}


def test_a_ministry_has_twenty_working_days_and_ten(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(
        row(1, "2023-10-02", "2023-10-30", "2023-10-16", province=""),
        row(2, "2023-10-03", "2023-10-30", "2023-10-18", province=""),
    )
    found = procedure_deadlines(catalog, OCTOBER, "")
    assert standings(found, "announcement") == {"1": "on_time", "2": "late"}
    assert standings(found, "publication") == {"1": "on_time", "2": "late"}


def test_a_procedure_late_in_any_decision_is_late_and_counts_once(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(
        row(1, "2023-10-02", "2023-11-09", "2023-10-02"),
        row(1, "2023-10-06", "2023-10-09", "2023-10-06", level="district"),
    )
    found = procedure_deadlines(catalog, OCTOBER)
    assert found.ratio("announcement") == (0, 1)
    assert found.ratio("publication") == (1, 1)
    assert [found.of("announcement", standing) for standing in ("on_time", "late")] == [0, 1]


def test_a_period_without_decisions_has_no_ratio_and_not_a_ratio_of_zero(make_catalog: MakeCatalog) -> None:
    assert procedure_deadlines(make_catalog(row(1)), OCTOBER).ratio("announcement") == (0, 0)


def test_two_rules_of_one_day_are_refused(catalog: Catalog) -> None:
    rule = "{valid_from: 2020-01-01, announced_before: {province: 5, ministry: 20}, published_after: {province: 5, ministry: 10}, evidence: e}"  # noqa: E501
    path = catalog.folder / "procedures" / "deadlines.yaml"
    path.write_text(f"rules:\n  - {rule}\n  - {rule}\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="2 rules hold on 2023-10-0"):
        procedure_deadlines(catalog, OCTOBER)


def test_a_period_across_a_holiday_counts_working_days_only(make_catalog: MakeCatalog) -> None:
    # 1 and 4 September 2023 are holidays: five working days after 30 August end on 8 September.
    catalog = make_catalog(
        row(1, "2023-08-30", "2023-12-01", "2023-09-08"), row(2, "2023-08-30", "2023-12-01", "2023-09-11")
    )
    found = procedure_deadlines(catalog, parse_period("CAL_MONTH:2023-09"))
    assert standings(found, "publication") == {"1": "on_time", "2": "late"}
    assert {entry.deadline_on for entry in found.entries if entry.step == "publication"} == {date(2023, 9, 8)}
