"""Form II.06a: the counting rules, the identities, who is in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from motcua.catalog import load_catalog
from motcua.catalog.forms import Form, load_form
from motcua.errors import CatalogError, ReportRefused
from motcua.period import Period, parse_period, period_between
from motcua.publish import FormReading, read_form
from motcua.publish.form.figures import Row, Table, check_tables
from motcua.settings import Settings

KEYS = [
    "received_total", "received_online", "received_direct", "carried_over", "resolved_total", "resolved_early",
    "resolved_on_time", "resolved_late", "open_total", "open_in_time", "open_overdue",
]  # fmt: skip
OCTOBER = parse_period("CAL_MONTH:2023-10")


def form_06(unit: str, period: Period, by: str = "unit") -> FormReading:
    return read_form("form-06", unit, period, by)


def row_of(form: Any, code: str) -> dict[str, int]:
    return next(dict(row.figures) for row in form.rows if row.row_code == code)


def test_the_columns_count_what_the_form_says(october: Any) -> None:
    ward = row_of(form_06("84", OCTOBER), "29236")
    assert [ward[key] for key in KEYS] == [16, 0, 11, 5, 11, 7, 4, 0, 5, 3, 2]


def test_withdrawn_and_stopped_dossiers_are_booked_on_time(october: Any) -> None:
    city = row_of(form_06("84", OCTOBER), "842")
    assert city["resolved_on_time"] == 66 + 3 + 2
    assert city["open_total"] == 100 - 71


def test_an_overdue_dossier_that_was_cleared_is_no_longer_open_overdue(october: Any) -> None:
    centre = row_of(form_06("84", OCTOBER), "84-TTPVHCC")
    assert (centre["resolved_late"], centre["open_overdue"]) == (50, 10)


def test_what_is_carried_over_is_what_was_open_the_period_before(october: Any) -> None:
    october.measure("842:2020", date(2023, 11, 3), "resolved_late", 4)
    for unit in ("84", "842", "29236"):
        first, second = (
            form_06(unit, OCTOBER),
            form_06(unit, parse_period("CAL_MONTH:2023-11")),
        )
        before = {row.row_code: row.figures["open_total"] for row in first.rows}
        after = {row.row_code: row.figures["carried_over"] for row in second.rows}
        assert before == after
        assert first.total.figures["open_total"] == second.total.figures["carried_over"] > 0


def test_the_first_and_last_day_belong_to_the_period(store: Any) -> None:
    for day in (OCTOBER.from_date, OCTOBER.to_date):
        for off in (-1, 0, 1):
            store.measure("842:2020", day + timedelta(days=off), "received_online", 1)
    figures = form_06("842", OCTOBER).total.figures
    assert (figures["carried_over"], figures["received_online"], figures["open_total"]) == (1, 4, 5)


def test_a_form_holds_its_subtree_and_nothing_else(october: Any) -> None:
    assert form_06("84", OCTOBER).total.figures["received_online"] == 1230
    assert form_06("842", OCTOBER).total.figures["received_online"] == 30
    assert {row.row_code for row in form_06("29236", OCTOBER).rows} == {"29236"}
    assert form_06("844", OCTOBER).total.figures["received_total"] == 0


def test_every_unit_with_a_source_has_a_row_in_the_order_of_the_sections(october: Any) -> None:
    rows = form_06("84", OCTOBER).rows
    assert [row.level for row in rows] == ["province"] + ["district"] * 9 + ["commune"] * 106
    assert [row.row_code for row in rows[1:10]] == sorted(row.row_code for row in rows[1:10])
    assert "84" not in {row.row_code for row in rows}


def test_a_unit_no_source_speaks_for_has_no_zeros_but_keeps_its_dossiers(store: Any) -> None:
    period = parse_period("CAL_H1:2020")
    assert [row.row_code for row in form_06("82", period).rows] == ["82-TTPVHCC"]
    store.measure("815:2020", date(2020, 2, 1), "received_direct", 2)
    assert [row.row_code for row in form_06("82", period).rows] == ["82-TTPVHCC", "815"]


@pytest.mark.parametrize("by", ["unit", "field", "level"])
def test_every_breakdown_has_the_same_total(october: Any, by: str) -> None:
    form = form_06("84", OCTOBER, by)
    for key in KEYS:
        assert sum(row.figures[key] for row in form.rows) == form.total.figures[key]
    assert form.total.figures == form_06("84", OCTOBER).total.figures


def test_fields_are_named_and_levels_are_in_order(october: Any) -> None:
    assert [row.row_name for row in form_06("84", OCTOBER, "field").rows] == ["Cư trú", "Hộ tịch"]
    assert [row.row_code for row in form_06("84", OCTOBER, "level").rows] == [
        "province",
        "district",
        "commune",
    ]


def test_the_json_has_the_keys_promised(october: Any) -> None:
    body = form_06("84", OCTOBER, "level").as_json()
    assert list(body) == ["period", "unit", "rows", "total", "sums"]
    assert body["sums"]["received_total"] == {"plus": ["received_online", "received_direct", "carried_over"]}
    assert body["total"]["received_total"] == sum(
        body["total"][part] for part in body["sums"]["received_total"]["plus"]
    )
    assert body["period"] == {"type": "CAL_MONTH", "label": "2023-10", "from": "2023-10-01", "to": "2023-10-31"}
    assert body["unit"]["code"] == "84"
    for row in (*body["rows"], body["total"]):
        assert list(row) == ["row_code", "row_name", "level", *KEYS]


def test_a_unit_can_be_named_by_its_id(october: Any) -> None:
    assert form_06("842:2020", OCTOBER) == form_06("842", OCTOBER)


def test_an_unknown_unit_is_refused(october: Any) -> None:
    with pytest.raises(CatalogError, match="99999"):
        form_06("99999", OCTOBER)


def test_a_finish_before_its_reception_makes_a_negative_stock_and_is_refused(store: Any) -> None:
    store.measure("842:2020", date(2023, 9, 1), "resolved_early", 1)
    store.measure("842:2020", date(2023, 10, 5), "received_online", 1)
    with pytest.raises(ReportRefused, match=r"842.*carried_over is negative: -1"):
        form_06("84", period_between(OCTOBER.from_date, OCTOBER.to_date))


def _form() -> Form:
    return load_form(Settings.load().catalog_dir, "form-06", OCTOBER.to_date)


def _tables(**changes: int) -> dict[str, Table]:
    figures = dict(zip(KEYS, (16, 0, 11, 5, 11, 7, 4, 0, 5, 3, 2), strict=True)) | changes
    row = Row("29236", "Phường 4", "commune", "29236:2020", figures)
    return {"unit": Table("unit", (row,)), "total": Table("total", (replace(row, row_code="total"),))}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"received_online": 1}, "c3 = c4 \\+ c5 \\+ c6"),
        ({"resolved_late": 1}, "c7 = c8 \\+ c9 \\+ c10"),
        ({"open_overdue": 3}, "c11 = c12 \\+ c13"),
        ({"open_total": 6, "open_in_time": 4}, "c3 = c7 \\+ c11"),
        ({"open_in_time": 6, "open_overdue": -1}, "open_overdue is negative"),
    ],
)
def test_a_broken_identity_is_refused_with_unit_and_values(changes: dict[str, int], name: str) -> None:
    unit = load_catalog(Settings.load().catalog_dir).unit("84", OCTOBER.to_date)
    check_tables(_form(), unit, _tables())
    with pytest.raises(ReportRefused, match=f"Tỉnh Trà Vinh.*29236.*{name}"):
        check_tables(_form(), unit, _tables(**changes))


def test_a_total_that_is_not_the_sum_of_its_rows_is_refused() -> None:
    unit = load_catalog(Settings.load().catalog_dir).unit("84", OCTOBER.to_date)
    tables = _tables() | {"unit": Table("unit", _tables()["unit"].rows * 2)}
    with pytest.raises(ReportRefused, match="received_total 16, but the rows sum to 32"):
        check_tables(_form(), unit, tables)
