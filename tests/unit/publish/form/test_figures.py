"""The rows of a form: who has one, what it is called, what it cannot tell, and which tables are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
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
from tests.unit.publish.form.test_parts import IN, TINY, form, row, term

from motcua.catalog.forms import Form
from motcua.errors import ReportRefused
from motcua.period import Period, day_period, period_between
from motcua.publish.form.figures import Row, Table, check_tables, make_row, read_tables, units_in_force
from motcua.publish.form.scope import Scope
from motcua.warehouse import store_engine

JUNE, JULY = period_between(date(2025, 6, 1), EVE), period_between(date(2025, 7, 1), date(2025, 7, 31))


def tables(store: Store, asked: Form, unit: str, period: Period, on_map: str | None = None) -> dict[str, Table]:
    with store_engine().connect() as connection:
        return read_tables(connection, asked, Scope.of(store.catalog, unit, period, on_map, date(2025, 8, 1)))


def names(found: dict[str, Table], code: str = "unit") -> list[str]:
    return [one.row_name for one in found[code].rows]


def with_tables(asked: Form, *codes: str) -> Form:
    sections = [
        {"number": number, "level": level, "vi": level.upper(), "en": level}
        for number, level in (("I", "province"), ("II", "district"), ("III", "commune"))
    ]
    return Form.model_validate({**asked.model_dump(), "tables": codes, "sections": sections})


def test_a_unit_that_a_source_speaks_for_has_a_row_also_when_nothing_happened(reform: Store) -> None:
    quiet = period_between(date(2024, 2, 1), date(2024, 2, 29))
    found = tables(reform, TINY, "84", quiet)
    assert [one.unit_id for one in found["unit"].rows] == [CENTRE, CITY, WARD_4, WARD_1, TOWN]
    assert all(set(one.figures.values()) == {0} for one in found["unit"].rows)


def test_a_unit_no_source_speaks_for_has_a_row_only_if_it_holds_dossiers(reform: Store) -> None:
    later = period_between(date(2026, 2, 1), date(2026, 2, 28))
    assert "Xã Phần Mới" in names(tables(reform, TINY, "86", later))  # its source is in force
    before = tables(reform, TINY, "86:2025", day_period(date(2025, 6, 26)), "2025-06-26")
    assert NEW_PART not in {one.unit_id for one in before["unit"].rows}  # nobody speaks for it yet
    holding = tables(reform, TINY, "86:2025", day_period(date(2025, 6, 27)), "2025-06-27")
    assert NEW_PART in {one.unit_id for one in holding["unit"].rows}  # what its heir told of lies with it


def test_a_source_of_a_province_itself_gives_it_a_row(reform: Store) -> None:
    of_the_province = {"old.city": {"unit_id": "84:2020"}}
    sources = [one.model_copy(update=of_the_province.get(one.source_id, {})) for one in reform.catalog.sources]
    reform.catalog = replace(reform.catalog, sources=tuple(sources))
    quiet = period_between(date(2024, 2, 1), date(2024, 2, 29))
    rows = [one.unit_id for one in tables(reform, TINY, "84", quiet)["unit"].rows]
    assert "84:2020" in rows
    assert CITY not in rows


def test_rows_go_by_level_then_code_and_a_commune_is_named_with_its_district(reform: Store) -> None:
    found = tables(reform, TINY, "84", JUNE)
    assert names(found) == [
        "Trung tâm tỉnh Trà Vinh", "Thành phố Trà Vinh", "Phường 4, Thành phố Trà Vinh",
        "Phường 1, Thành phố Trà Vinh", "Thị trấn Càng Long, Thành phố Trà Vinh",
    ]  # fmt: skip
    assert "Phường 4" in names(tables(reform, TINY, CITY, JUNE))  # in the report of the district
    assert names(tables(reform, TINY, WARD_4, JUNE)) == ["Phường 4"]
    assert "Phường Trà Vinh" in names(tables(reform, TINY, "86", JULY))  # without a district there is none to name


def test_rows_by_unit_level_field_and_the_total_are_read_as_the_form_asks(reform: Store) -> None:
    reform.measure(WARD_4, date(2025, 6, 11), "received_online", 2, field="cu-tru")
    reform.measure(WARD_4, date(2025, 7, 11), "received_online", 2, field="later")
    for measure in ("received_online", "resolved_early"):  # come and gone before: nothing to show of this field
        reform.measure(WARD_4, date(2025, 5, 5), measure, 1, field="gone")
    assert list(tables(reform, TINY, "84", JUNE)) == ["unit", "total"]
    found = tables(reform, with_tables(TINY, "unit", "field", "level"), "84", JUNE)
    assert list(found) == ["unit", "field", "level", "total"]
    assert {one.row_code: one.figures["came"] for one in found["field"].rows} == {"cu-tru": 2, "ho-tich": 39}
    assert [(one.row_code, one.row_name, one.level, one.figures["came"]) for one in found["level"].rows] == [
        ("province", "PROVINCE", "province", 0), ("district", "DISTRICT", "district", 30),
        ("commune", "COMMUNE", "commune", 11),
    ]  # fmt: skip
    [total] = found["total"].rows
    assert (total.row_code, total.row_name, total.level, total.unit_id) == ("total", "Tổng số", "", "")
    assert dict(total.figures) == {"came": 41, "before": 0, "left": 25, "all": 41}
    assert names(tables(reform, with_tables(TINY, "unit", "level"), CITY, JUNE), "level") == ["DISTRICT", "COMMUNE"]


@pytest.mark.parametrize(("days", "expected"), [(0, 0), (1, 1), (2, 3), (3, 7)])
def test_a_form_looks_ahead_so_many_working_days_and_over_rest_days(reform: Store, days: int, expected: int) -> None:
    friday = day_period(date(2025, 6, 20))
    for day, quantity in ((20, 100), (23, 1), (24, 2), (25, 4), (26, 8)):
        reform.measure(WARD_4, date(2025, 6, day), "open_due", quantity)
    ahead = form(due={"terms": [term(["open_due"], "days_ahead")]})
    asked = Form.model_validate({**ahead.model_dump(), "working_days_ahead": days})
    assert tables(reform, asked, "84", friday)["total"].rows[0].figures["due"] == expected


def test_the_first_working_day_ahead_is_the_day_after_the_period(reform: Store) -> None:
    for day, quantity in ((24, 100), (25, 1), (26, 2)):
        reform.measure(WARD_4, date(2025, 6, day), "open_due", quantity)
    ahead = form(due={"terms": [term(["open_due"], "days_ahead")]})
    asked = Form.model_validate({**ahead.model_dump(), "working_days_ahead": 1})
    assert tables(reform, asked, "84", day_period(date(2025, 6, 24)))["total"].rows[0].figures["due"] == 1


def test_a_part_that_another_follows_does_not_look_ahead(reform: Store) -> None:
    ahead = form(due={"terms": [term(["open_due"], "days_ahead")]})
    asked = Form.model_validate({**ahead.model_dump(), "working_days_ahead": 3})
    reform.measure(NEW_WARD, date(2025, 7, 1), "open_due", 5)
    scope = Scope.of(reform.catalog, "86", period_between(date(2025, 6, 1), date(2025, 7, 31)))
    with store_engine().connect() as connection:
        first = read_tables(connection, asked, scope.parts[0])
        alone = read_tables(connection, asked, replace(scope.parts[0], looks_ahead=True))
    assert (first["total"].rows[0].figures["due"], alone["total"].rows[0].figures["due"]) == (0, 5)


@pytest.fixture
def told(reform: Store, tmp_path: Path) -> Store:
    """The reform's world, in which the sources of two units tell a fact that the others do not."""
    folder = tmp_path / "catalog"
    (folder / "mappings").mkdir(exist_ok=True)
    (folder / "mappings" / "telling.yaml").write_text("fields: {apology_at: {}, fee_amount: {}}\n", encoding="utf-8")
    old = folder / "sources" / "old.yaml"
    text = old.read_text(encoding="utf-8")
    for source in ("old.ward4", "old.city"):
        text = text.replace(f"source_id: {source},", f"source_id: {source}, mapping: telling,")
    old.write_text(text, encoding="utf-8")
    from motcua.catalog import load_catalog

    load_catalog.cache_clear()
    reform.catalog = load_catalog(folder)
    reform.answer_all((date(2025, 5, 15), date(2025, 7, 14)))
    return reform


NEEDING = form(
    letters={"terms": [term(["resolved_late_with_apology"], "in_period")], "needs": ["apology_at"]},
    late={"terms": [term(["resolved_late"], "in_period")]},
    with_letters={"plus": ["late", "letters"]},
    without={"plus": ["late"], "minus": ["letters"]},
    share={"percent": {"of": "letters", "among": "late"}},
)


def test_what_none_of_its_sources_tells_a_unit_has_no_figure_of(told: Store) -> None:
    for unit_id in (WARD_4, WARD_1, CITY):
        told.measure(unit_id, date(2025, 6, 12), "resolved_late_with_apology", 1)
        told.measure(unit_id, date(2025, 6, 12), "resolved_late", 2)
    found = tables(told, with_tables(NEEDING, "unit", "level"), "84", JUNE)
    rows = {one.unit_id: one for one in found["unit"].rows}
    assert rows[WARD_4].lacking == rows[CITY].lacking == frozenset()
    assert rows[WARD_1].lacking == {"letters", "with_letters"}  # what it takes off stays in the rest
    assert (rows[WARD_4].figures["letters"], rows[WARD_4].percentages["share"]) == (1, "50.00")
    assert (rows[WARD_1].figures["letters"], rows[WARD_1].percentages["share"]) == (0, "")
    assert set(rows[WARD_1].told) == {"came", "before", "left", "all", "late", "without"}
    levels = {one.row_code: one for one in found["level"].rows}
    assert (levels["commune"].lacking, levels["commune"].figures["letters"]) == (frozenset(), 1)
    assert levels["province"].lacking == {"letters", "with_letters"}
    [total] = found["total"].rows
    assert (total.lacking, total.figures["letters"], total.figures["late"]) == (frozenset(), 2, 6)


def test_a_unit_without_a_source_could_have_what_any_source_of_the_scope_tells(told: Store) -> None:
    told.measure(NEW_PART, date(2025, 6, 27), "resolved_late_with_apology", 1)
    told.measure(NEW_PART, date(2025, 6, 27), "resolved_late", 1)
    found = tables(told, NEEDING, "86:2025", JUNE, "2025-06-30")
    rows = {one.unit_id: one for one in found["unit"].rows}
    assert rows[NEW_PART].figures["letters"] == 1
    assert rows[NEW_PART].lacking == frozenset()


def test_an_heir_tells_what_any_unit_on_its_line_does(told: Store) -> None:
    found = tables(told, NEEDING, "86:2025", JUNE, "2025-07-01")
    rows = {one.unit_id: one for one in found["unit"].rows}
    assert rows[NEW_WARD].lacking == frozenset()  # ward 4 tells, ward 1 does not
    assert rows[NEW_TOWN].lacking == {"letters", "with_letters"}


def test_a_source_that_is_not_in_force_in_the_period_tells_nothing_of_it(told: Store) -> None:
    found = tables(told, NEEDING, "86", JULY)
    assert all(one.lacking == {"letters", "with_letters"} for one in found["unit"].rows)
    assert found["total"].rows[0].lacking == {"letters", "with_letters"}


def test_a_row_keeps_its_figures_what_they_lack_and_its_shares() -> None:
    figures = {"came": 1, "before": 0, "left": 1, "all": 1, "letters": 1, "late": 3, "with_letters": 4, "without": 2}
    made = make_row(NEEDING, ("1", "Một", "commune", "1:2020"), figures)
    assert (made.row_code, made.row_name, made.level, made.unit_id) == ("1", "Một", "commune", "1:2020")
    assert (dict(made.percentages), made.lacking, made.told) == ({"share": "33.33"}, frozenset(), figures)
    assert made.as_json()["level"] == "commune"
    lacking = make_row(NEEDING, ("1", "Một", "", ""), figures, frozenset({"late"}))
    assert dict(lacking.percentages) == {"share": ""}
    assert lacking.as_json() == {
        "row_code": "1", "row_name": "Một", "level": None, **figures, "late": None, "share": "",
    }  # fmt: skip


def test_units_that_could_hold_dossiers_are_those_in_force_but_a_province_itself(reform: Store) -> None:
    units = Scope.of(reform.catalog, "86", JULY).units

    def found(first: date, last: date) -> set[str]:
        return {unit.unit_id for unit in units_in_force(units, period_between(first, last))}

    old, new = {CENTRE, OTHER_CENTRE, CITY, WARD_4, WARD_1, TOWN}, {NEW_CENTRE, NEW_WARD, NEW_TOWN, NEW_PART}
    assert found(date(2025, 6, 1), EVE) == old
    assert found(REFORM, date(2025, 7, 9)) == new
    assert found(EVE, REFORM) == old | new


UNIT = object()


def checked(unit: Any, *rows: Row, total: Row | None = None, asked: Form = TINY) -> None:
    summed = {code: sum(one.figures[code] for one in rows) for code in asked.column_codes}
    last = total or Row("total", "Tổng số", "", "", summed)
    check_tables(asked, unit, {"unit": Table("unit", rows), "total": Table("total", (last,))})


IDENTITY = {"name": "all = came + before", "total": "all", "parts": ["came", "before"], "evidence": "test"}
HELD = Form.model_validate({**TINY.model_dump(), "identities": [IDENTITY]})
AT_LEAST = Form.model_validate({**TINY.model_dump(), "identities": [{**IDENTITY, "at_least": True}]})


def odd(**figures: int) -> Row:
    one = row(WARD_4, 3, 1, 2)
    return replace(one, figures={**one.figures, **figures})


def test_an_identity_holds_to_the_unit_or_at_least(reform: Store) -> None:
    unit = reform.catalog.unit_by_id[WARD_4]
    for asked in (HELD, AT_LEAST):
        checked(unit, odd(), asked=asked)
    with pytest.raises(
        ReportRefused,
        match=r"Report tiny of Phường 4 \(29236:2020\), table by unit, row 29236 29236:2020: all = came \+ before does"
        r" not hold: all 5, but came 3 \+ before 1 = 4\. What to do: run `motcua measures rebuild --check`",
    ):
        checked(unit, odd(all=5), asked=HELD)
    with pytest.raises(ReportRefused, match="all 5, but came 3"):  # what it is silent on is no part of the identity
        checked(unit, replace(odd(all=5), lacking=frozenset({"left"})), asked=HELD)
    checked(unit, odd(all=5), asked=AT_LEAST)
    for asked in (HELD, AT_LEAST):
        with pytest.raises(ReportRefused, match="all 3, but came 3"):
            checked(unit, odd(all=3), asked=asked)


def test_a_figure_below_zero_and_a_total_that_is_no_sum_are_refused(reform: Store) -> None:
    unit = reform.catalog.unit_by_id[WARD_4]
    checked(unit, odd(left=0))
    with pytest.raises(ReportRefused, match="left is negative: -1"):
        checked(unit, odd(left=-1))
    with pytest.raises(
        ReportRefused,
        match=r"table by unit, row total .*the total is not the sum of the rows: left 3, but the rows sum to 4",
    ):
        checked(
            unit, odd(), odd(), total=Row("total", "Tổng số", "", "", {"came": 6, "before": 2, "left": 3, "all": 8})
        )


PARTLY = Form.model_validate(
    {
        **form(told={"terms": [term(IN, "in_period")], "needs": ["apology_at"]}).model_dump(),
        "identities": [{"name": "came = told", "total": "came", "parts": ["told"], "evidence": "test"}],
    }
)


def test_of_a_unit_that_is_silent_on_a_part_only_the_whole_is_known(reform: Store) -> None:
    unit = reform.catalog.unit_by_id[WARD_4]
    silent = odd(told=0)
    with pytest.raises(ReportRefused, match="came 3, but told 0 = 0"):
        checked(unit, silent, asked=PARTLY)  # it could have told
    checked(unit, replace(silent, lacking=frozenset({"told"})), asked=PARTLY)
    summed = replace(silent, row_code="total", level="", unit_id="")
    tables = {"total": Table("total", (summed,)), "field": Table("field", (summed,))}
    check_tables(PARTLY, unit, tables)  # among the units of a field some may be silent
    with pytest.raises(ReportRefused, match="came 3, but told 4 = 4"):
        check_tables(PARTLY, unit, {"total": Table("total", (replace(summed, figures={**summed.figures, "told": 4}),))})


def test_one_day_more_is_another_period(reform: Store) -> None:
    day = period_between(date(2025, 6, 10), date(2025, 6, 10))
    assert tables(reform, TINY, WARD_4, day)["total"].rows[0].figures["came"] == 9
    after = day_period(day.to_date + timedelta(days=1))
    assert tables(reform, TINY, WARD_4, after)["total"].rows[0].figures == {"came": 0, "before": 9, "left": 9, "all": 9}
