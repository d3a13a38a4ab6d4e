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
    OTHER_CENTRE,
    REFORM,
    TOWN,
    WARD_1,
    WARD_4,
)

from motcua.catalog.forms import load_form
from motcua.errors import ReportRefused
from motcua.period import parse_period, period_between
from motcua.publish import form_06
from motcua.publish.form.parts import check_carried, check_same
from motcua.publish.form.scope import Scope
from motcua.settings import Settings

JULY = period_between(date(2025, 6, 15), date(2025, 7, 14))
COLUMNS = ("received_total", "received_online", "received_direct", "carried_over", "resolved_total", "open_total")


def lines(rows: Any) -> dict[str, tuple[int, ...]]:
    return {row.unit_id: tuple(row.figures[column] for column in COLUMNS) for row in rows}


def test_as_now_the_whole_period_stands_on_the_heirs_lines(reform: Store) -> None:
    form = form_06("86", JULY, on_map="as-now")
    assert lines(form.rows) == {
        NEW_CENTRE: (175, 30, 45, 100, 72, 103),
        NEW_WARD: (27, 11, 7, 9, 11, 16),
        NEW_TOWN: (4, 0, 4, 0, 0, 4),
        NEW_PART: (2, 2, 0, 0, 2, 0),
    }


def test_as_was_each_part_stands_on_the_lines_of_its_days(reform: Store) -> None:
    first, second = form_06("86", JULY, on_map="as-was").reading.parts
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
    form = form_06("86", JULY, by, on_map=on_map)
    assert dict(form.total.figures) == dict(form_06("86", JULY).total.figures)
    assert form.total.figures["received_total"] == 208
    for column in form.total.figures:
        assert sum(row.figures[column] for row in form.rows) == form.total.figures[column]


def test_what_a_line_loses_to_its_heir_is_told(reform: Store) -> None:
    document = form_06("86", JULY, on_map="as-was").as_json()
    rows = {row["row_name"]: row for row in document["rows"]}
    assert (rows["Phường 4, Thành phố Trà Vinh"]["moved_out"], rows["Phường Trà Vinh"]["moved_in"]) == (5, 12)
    for row in document["rows"]:
        assert row["received_total"] + row["moved_in"] == row["resolved_total"] + row["open_total"] + row["moved_out"]
    assert sum(row["moved_in"] for row in document["rows"]) == sum(row["moved_out"] for row in document["rows"])
    assert [part["period"]["to"] for part in document["parts"]] == ["2025-06-30", "2025-07-14"]


def test_the_paragraph_says_who_counts_in_which_part_and_what_moved(reform: Store) -> None:
    told = form_06("86", JULY, on_map="as-now").reading.explanation
    assert "Phần 1 (15/06/2025–30/06/2025): 7 đơn vị thuộc Tỉnh Trà Vinh và Tỉnh Vĩnh Long" in told["vi"]
    assert "174 hồ sơ đang giải quyết cuối ngày 30/06/2025 chuyển theo: Trung tâm tỉnh Vĩnh Long 158" in told["vi"]
    assert "6 units have 3 heirs; 174 dossiers open at the end of 30 June 2025 went with them" in told["en"]
    assert "The totals are the same on either map: received 208" in told["en"]


def test_a_period_on_one_map_has_no_parts_and_says_nothing(reform: Store) -> None:
    form = form_06("84", parse_period("CAL_MONTH:2025-05"), on_map="as-was")
    assert (form.reading.parts, dict(form.reading.explanation)) == ((), {})
    assert form.reading.day == date(2025, 5, 31)


def test_an_old_period_can_be_read_on_the_map_of_today(reform: Store) -> None:
    month = parse_period("CAL_MONTH:2025-06")
    now, was = (form_06("84", month, on_map=on_map) for on_map in ("as-now", "as-was"))
    assert set(lines(now.rows)) == {NEW_CENTRE, NEW_WARD, NEW_TOWN}
    assert dict(now.total.figures) == dict(was.total.figures)
    assert "5 units of the period are counted on the lines of 3" in now.reading.explanation["en"]


def test_a_unit_that_ended_is_still_answered_for_by_its_heir_on_the_map_of_today(reform: Store) -> None:
    """All its figures are 0, and a source answered so: the line stands."""
    form = form_06("84", parse_period("CAL_MONTH:2024-02"), on_map="as-now")
    assert set(lines(form.rows)) == {NEW_CENTRE, NEW_WARD, NEW_TOWN}


def test_what_is_no_map_is_refused(reform: Store) -> None:
    with pytest.raises(ReportRefused, match="'yesterday' is no map"):
        form_06("86", JULY, on_map="yesterday")


def test_a_stock_lost_between_the_parts_is_refused(reform: Store) -> None:
    scope, form, parts = parts_of(reform)
    (table,) = [parts[1].tables["unit"]]
    rows = [
        replace(row, figures={**row.figures, "carried_over": row.figures["carried_over"] - 1})
        if row.unit_id == NEW_WARD
        else row
        for row in table.rows
    ]
    broken = replace(parts[1], tables={**parts[1].tables, "unit": replace(table, rows=tuple(rows))})
    check_carried(form, scope, parts)
    with pytest.raises(ReportRefused, match=r"carried_over of 29242:2025 from 2025-07-01 on is 11, but .* 12 on"):
        check_carried(form, scope, [parts[0], broken])


def test_a_line_that_is_not_the_sum_of_its_predecessors_is_refused(reform: Store) -> None:
    scope, form, parts = parts_of(reform)
    tables = form_06("86", JULY, on_map="as-now").reading.tables
    check_same(form, scope, parts, tables, JULY.to_date)
    table = tables["unit"]
    swapped = [replace(row, figures=other.figures) for row, other in zip(table.rows, table.rows[::-1], strict=True)]
    with pytest.raises(ReportRefused, match="on the map of 2025-07-14, but the parts"):
        check_same(form, scope, parts, {**tables, "unit": replace(table, rows=tuple(swapped))}, JULY.to_date)


def parts_of(reform: Store) -> tuple[Scope, Any, list[Any]]:
    form = load_form(Settings.load().catalog_dir, "form-06", JULY.to_date)
    scope = Scope(reform.catalog, reform.catalog.unit_by_id["86:2025"])
    return scope, form, list(form_06("86", JULY, on_map="as-was").reading.parts)


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
