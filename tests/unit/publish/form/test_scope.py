"""As was or as now: the lines differ, the totals never."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.measured_world import Store
from tests.reform_world import (
    CENTRE,
    CITY,
    EVE,
    NEW_CENTRE,
    NEW_PART,
    NEW_TOWN,
    NEW_WARD,
    OLD_SOURCES,
    OTHER_CENTRE,
    REFORM,
    TOWN,
    WARD_1,
    WARD_4,
)

from motcua.catalog import Catalog
from motcua.catalog.forms import load_form
from motcua.errors import CatalogError, ReportRefused
from motcua.period import day_period, parse_period, period_between
from motcua.publish import publish_edition, read_form
from motcua.publish.form.parts import check_carried, check_same
from motcua.publish.form.scope import Scope
from motcua.settings import Settings
from motcua.units.map import UnitMap, map_of

ANSWERED = (date(2025, 5, 15), date(2025, 7, 14))
JULY = period_between(date(2025, 6, 15), date(2025, 7, 14))
COLUMNS = ("received_total", "received_online", "received_direct", "carried_over", "resolved_total", "open_total")


def lines(rows: Any) -> dict[str, tuple[int, ...]]:
    return {row.unit_id: tuple(row.figures[column] for column in COLUMNS) for row in rows}


def test_as_now_the_whole_period_stands_on_the_heirs_lines(reform: Store) -> None:
    form = read_form("form-06", "86", JULY, on_map="as-now")
    assert lines(form.rows) == {
        NEW_CENTRE: (175, 30, 45, 100, 72, 103),
        NEW_WARD: (27, 11, 7, 9, 11, 16),
        NEW_TOWN: (4, 0, 4, 0, 0, 4),
        NEW_PART: (2, 2, 0, 0, 2, 0),
    }


def test_as_was_each_part_stands_on_the_lines_of_its_days(reform: Store) -> None:
    first, second = read_form("form-06", "86", JULY, on_map="as-was").reading.parts
    assert (first.period.to_date, second.period.from_date) == (EVE, REFORM)
    assert lines(first.tables["unit"].rows) == {
        CENTRE: (40, 0, 40, 0, 0, 40),
        OTHER_CENTRE: (100, 0, 0, 100, 0, 100),
        CITY: (30, 30, 0, 0, 12, 18),
        WARD_4: (9, 0, 0, 9, 4, 5),
        WARD_1: (7, 0, 7, 0, 0, 7),
        TOWN: (4, 0, 4, 0, 0, 4),  # with the one that only its heir told of
        NEW_PART: (2, 2, 0, 0, 0, 2),  # a part of a unit: on the old map nobody can say whose it was
    }
    assert lines(second.tables["unit"].rows) == {
        NEW_CENTRE: (163, 0, 5, 158, 60, 103),
        NEW_WARD: (23, 11, 0, 12, 7, 16),
        NEW_TOWN: (4, 0, 0, 4, 0, 4),
        NEW_PART: (2, 0, 0, 2, 2, 0),
    }


@pytest.mark.parametrize("by", ["unit", "field", "level"])
@pytest.mark.parametrize("on_map", ["as-was", "as-now", "2025-06-30", "2025-07-01", "2019-01-01", None])
def test_totals_are_equal_on_every_map_and_the_rows_add_up_to_them(reform: Store, on_map: str | None, by: str) -> None:
    form = read_form("form-06", "86", JULY, by, on_map=on_map)
    assert dict(form.total.figures) == dict(read_form("form-06", "86", JULY).total.figures)
    assert form.total.figures["received_total"] == 208
    for column in form.total.figures:
        assert sum(row.figures[column] for row in form.rows) == form.total.figures[column]


def test_what_a_line_loses_to_its_heir_is_told(reform: Store) -> None:
    reform.answer_all(ANSWERED)
    document = read_form("form-06", "86", JULY, on_map="as-was").as_json()
    rows = {row["row_name"]: row for row in document["rows"]}
    assert (rows["Phường 4, Thành phố Trà Vinh"]["moved_out"], rows["Phường Trà Vinh"]["moved_in"]) == (5, 12)
    for row in document["rows"]:
        assert row["received_total"] + row["moved_in"] == row["resolved_total"] + row["open_total"] + row["moved_out"]
    assert sum(row["moved_in"] for row in document["rows"]) == sum(row["moved_out"] for row in document["rows"])
    assert [part["period"]["to"] for part in document["parts"]] == ["2025-06-30", "2025-07-14"]


def test_where_the_opening_is_not_known_nothing_is_said_of_what_moved(reform: Store) -> None:
    document = read_form("form-06", "86", JULY, on_map="as-was").as_json()
    assert {(row["moved_in"], row["moved_out"]) for row in document["rows"]} == {(None, None)}
    assert "dossiers went along from 1 July 2025 is not known" in document["explanation"]["en"]
    assert "174" not in document["explanation"]["vi"] + document["explanation"]["en"]


def test_the_paragraph_says_who_counts_in_which_part_and_what_moved(reform: Store) -> None:
    reform.answer_all(ANSWERED)
    told = read_form("form-06", "86", JULY, on_map="as-now").reading.explanation
    assert "Phần 1 (15/06/2025–30/06/2025): 7 đơn vị thuộc Tỉnh Trà Vinh và Tỉnh Vĩnh Long" in told["vi"]
    assert "174 hồ sơ đang giải quyết cuối ngày 30/06/2025 chuyển theo: Trung tâm tỉnh Vĩnh Long 158" in told["vi"]
    assert "6 units have 3 heirs; 174 dossiers open at the end of 30 June 2025 went with them" in told["en"]
    assert "The totals are the same on either map: received 208" in told["en"]


def test_unit_days_and_map_of_an_edition_are_resolved_once(reform: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Catalog] = []

    def counted(catalog: Catalog) -> UnitMap:
        asked.append(catalog)
        return map_of(catalog)

    monkeypatch.setattr("motcua.publish.form.scope.map_of", counted)
    reform.answer([*OLD_SOURCES.values()], (date(2025, 6, 15), EVE))
    edition = publish_edition("form-06", "86", JULY, on_map="as-now", today=date(2025, 8, 1))
    assert len(edition.content["maps"]["parts"]) == 2
    assert len(asked) == 1


def test_a_code_means_what_it_does_on_the_last_day_or_else_on_the_first(reform: Store) -> None:
    assert Scope.of(reform.catalog, "86", JULY).unit.unit_id == "86:2025"
    assert Scope.of(reform.catalog, "84", JULY).unit.unit_id == "84:2020"
    with pytest.raises(CatalogError, match="'84' names 0 units on 2025-07-01"):
        Scope.of(reform.catalog, "84", period_between(REFORM, REFORM))


@pytest.mark.parametrize(
    ("on_map", "day", "code"),
    [
        (None, "2025-06-30", ""),
        ("as-was", "2025-06-30", ""),
        ("as-now", "2025-07-20", "as-now"),
        ("2025-07-01", "2025-07-01", "2025-07-01"),
        ("2025-05-01", "2025-05-01", ""),  # units stand where they do on the last day
    ],
)
def test_a_map_has_a_day_and_names_a_series_only_where_it_differs(
    reform: Store, on_map: str | None, day: str, code: str
) -> None:
    june = parse_period("CAL_MONTH:2025-06")
    scope = Scope.of(reform.catalog, "84", june, on_map, date(2025, 7, 20))
    assert (scope.day, scope.map_code, scope.is_on_own_map) == (date.fromisoformat(day), code, not code)
    assert scope.on_own_map().day == june.to_date


def test_the_parts_of_a_period_meet_at_the_day_of_change_and_only_the_last_looks_ahead(reform: Store) -> None:
    whole = Scope.of(reform.catalog, "86", JULY)
    assert whole.looks_ahead
    parts = whole.parts
    assert [(part.period.from_date, part.period.to_date, part.day, part.looks_ahead) for part in parts] == [
        (JULY.from_date, EVE, JULY.from_date, False),
        (REFORM, JULY.to_date, REFORM, True),
    ]
    for days in ((date(2025, 6, 1), EVE), (REFORM, date(2025, 7, 31))):
        assert Scope.of(reform.catalog, "86:2025", period_between(*days)).parts == ()


def test_the_period_before_is_read_on_the_same_map(reform: Store) -> None:
    scope = Scope.of(reform.catalog, "86", day_period(REFORM))
    before = scope.before
    assert before is not None
    assert (before.period, before.day, before.looks_ahead) == (day_period(EVE), REFORM, False)
    assert before.placed == scope.placed
    assert Scope.of(reform.catalog, "86", period_between(EVE, REFORM)).before is None


def test_a_period_on_one_map_has_no_parts_and_says_nothing(reform: Store) -> None:
    form = read_form("form-06", "84", parse_period("CAL_MONTH:2025-05"), on_map="as-was")
    assert (form.reading.parts, dict(form.reading.explanation)) == ((), {})
    assert form.reading.day == date(2025, 5, 31)


def test_an_old_period_can_be_read_on_the_map_of_today(reform: Store) -> None:
    month = parse_period("CAL_MONTH:2025-06")
    now, was = (read_form("form-06", "84", month, on_map=on_map) for on_map in ("as-now", "as-was"))
    assert set(lines(now.rows)) == {NEW_CENTRE, NEW_WARD, NEW_TOWN}
    assert dict(now.total.figures) == dict(was.total.figures)
    assert "5 units of the period are counted on the lines of 3" in now.reading.explanation["en"]


def test_a_unit_that_ended_is_still_answered_for_by_its_heir_on_the_map_of_today(reform: Store) -> None:
    """All its figures are 0, and a source answered so: the line stands."""
    form = read_form("form-06", "84", parse_period("CAL_MONTH:2024-02"), on_map="as-now")
    assert set(lines(form.rows)) == {NEW_CENTRE, NEW_WARD, NEW_TOWN}


def test_what_is_no_map_is_refused(reform: Store) -> None:
    with pytest.raises(ReportRefused, match="'yesterday' is no map"):
        read_form("form-06", "86", JULY, on_map="yesterday")


def test_a_stock_lost_between_the_parts_is_refused(reform: Store) -> None:
    _, form, parts = parts_of(reform)
    (table,) = [parts[1].tables["unit"]]
    rows = [
        replace(row, figures={**row.figures, "carried_over": row.figures["carried_over"] - 1})
        if row.unit_id == NEW_WARD
        else row
        for row in table.rows
    ]
    broken = replace(parts[1], tables={**parts[1].tables, "unit": replace(table, rows=tuple(rows))})
    check_carried(form, parts)
    with pytest.raises(ReportRefused, match=r"carried_over of 29242:2025 from 2025-07-01 on is 11, but .* 12 on"):
        check_carried(form, [parts[0], broken])


def test_a_line_that_is_not_the_sum_of_its_predecessors_is_refused(reform: Store) -> None:
    scope, form, parts = parts_of(reform)
    tables = read_form("form-06", "86", JULY, on_map="as-now").reading.tables
    check_same(form, scope, parts, tables)
    table = tables["unit"]
    swapped = [replace(row, figures=other.figures) for row, other in zip(table.rows, table.rows[::-1], strict=True)]
    with pytest.raises(ReportRefused, match="on the map of 2025-07-14, but the parts"):
        check_same(form, scope, parts, {**tables, "unit": replace(table, rows=tuple(swapped))})


def parts_of(reform: Store) -> tuple[Scope, Any, list[Any]]:
    form = load_form(Settings.load().catalog_dir, "form-06", JULY.to_date)
    scope = Scope.of(reform.catalog, "86:2025", JULY)
    return scope, form, list(read_form("form-06", "86", JULY, on_map="as-was").reading.parts)


def test_the_command_prints_both_maps_and_says_so(reform: Store, capsys: pytest.CaptureFixture[str]) -> None:
    from typer.testing import CliRunner

    from motcua.cli import app

    arguments = ["report", "form-06", "--unit", "86", "--from", "2025-06-15", "--to", "2025-07-14"]
    run = CliRunner()
    was = run.invoke(app, [*arguments, "--map", "as-was", "--lang", "en"])
    assert was.exit_code == 0, was.output
    now, then = (
        json.loads(run.invoke(app, [*arguments, "--json", "--map", on_map]).stdout) for on_map in ("as-now", "as-was")
    )
    assert now["total"] == then["total"]
    assert now["explanation"]["vi"] == then["explanation"]["vi"]
