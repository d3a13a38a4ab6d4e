"""Parts of a period, added up and held against each other: on tables made by hand, no store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.reform_world import EVE, NEW_TOWN, NEW_WARD, REFORM, TOWN, WARD_1, WARD_4, reform_catalog

from motcua.catalog import Catalog
from motcua.catalog.forms import Form
from motcua.errors import ReportRefused
from motcua.period import Period, period_between
from motcua.publish.form import parts
from motcua.publish.form.figures import Row, Table
from motcua.publish.form.parts import (
    PeriodPart,
    carried,
    check_carried,
    check_same,
    combine,
    kind_of,
    stocks,
)
from motcua.publish.form.scope import Scope

JULY = period_between(date(2025, 6, 15), date(2025, 7, 14))
IN, OUT = ["received_online"], ["resolved_early"]


def term(measures: list[str], window: str, sign: int = 1) -> dict[str, Any]:
    return {"measures": measures, "window": window, "sign": sign}


def form(**columns: Any) -> Form:
    """A form of a flow `came`, the stocks `before` and `left`, and their sum `all`; further columns are added."""
    stock = {
        "before": [term(IN, "before_period"), term(OUT, "before_period", -1)],
        "left": [term(IN, "until_end"), term(OUT, "until_end", -1)],
    }
    given: dict[str, Any] = {"came": {"terms": [term(IN, "in_period")]}}
    given |= {code: {"terms": terms} for code, terms in stock.items()}
    given |= {"all": {"plus": ["came", "before"]}} | columns
    return Form.model_validate(
        {
            "valid_from": "2019-01-01", "report_code": "tiny", "form_no": "", "title_vi": "", "title_en": "",
            "legal_source": "", "counted_vi": "", "counted_en": "", "row_heading": {"vi": "", "en": ""},
            "tables": ["unit"], "sections": [],
            "columns": [
                {"number": number, "code": code, "label": "", "vi": ["x"], "en": ["x"], "evidence": "test", **column}
                for number, (code, column) in enumerate(given.items(), start=3)
            ],
        }
    )  # fmt: skip


TINY = form()


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with reform_catalog(tmp_path_factory.mktemp("parts") / "catalog") as found:
        yield found


def row(key: str, came: int, before: int, left: int, lacking: frozenset[str] = frozenset()) -> Row:
    is_unit = ":" in key
    figures = TINY.counts({"came": came, "before": before, "left": left})
    return Row(key.split(":")[0], key, "commune" if is_unit else "", key if is_unit else "", figures, lacking)


def table(code: str, *rows: Row) -> Table:
    return Table(code, rows)


def part(scope: Scope, number: int, *tables: Table) -> PeriodPart:
    return PeriodPart(number, scope.parts[number - 1], {one.code: one for one in tables})


def two_parts(catalog: Catalog, carried_over: int = 7) -> tuple[Scope, list[PeriodPart]]:
    """Before the reform two wards and a town; after it the new ward and the new town, which carry all over."""
    scope = Scope.of(catalog, "86", JULY)
    first = part(
        scope, 1,
        table("unit", row(WARD_4, 9, 0, 5), row(WARD_1, 3, 1, 2), row(TOWN, 4, 0, 4)),
        table("field", row("land", 16, 1, 11)),
        table("total", row("total", 16, 1, 11)),
    )  # fmt: skip
    second = part(
        scope, 2,
        table("unit", row(NEW_WARD, 10, carried_over, 12), row(NEW_TOWN, 0, 4, 3)),
        table("field", row("land", 10, 11, 15)),
        table("total", row("total", 10, 11, 15)),
    )  # fmt: skip
    return scope, [first, second]


def figures(found: Mapping[str, Table], code: str) -> dict[str, tuple[int, ...]]:
    return {one.row_name: tuple(one.figures.values()) for one in found[code].rows}


@pytest.mark.parametrize(
    ("windows", "kind"),
    [(["in_period"], "flow"), (["in_period", "in_period"], "flow"), (["before_period"], "opening"),
     (["until_end"], "closing"), (["days_ahead"], "closing")],
)  # fmt: skip
def test_a_column_is_a_flow_or_a_stock_by_its_window(windows: list[str], kind: str) -> None:
    made = form(one={"terms": [term(["withdrawn"], window) for window in windows]})
    assert kind_of(made, made.columns[-1]) == kind


@pytest.mark.parametrize(
    "windows", [["in_period", "until_end"], ["until_end", "days_ahead"], ["before_period", "in_period"]]
)
def test_a_column_of_mixed_windows_cannot_be_added_up_and_is_refused_by_name(windows: list[str]) -> None:
    made = form(mixed={"terms": [term(["withdrawn"], window) for window in windows]})
    told = ", ".join(sorted(windows))
    with pytest.raises(ReportRefused, match=rf"Column mixed of tiny mixes the windows {told}.*split the column"):
        kind_of(made, made.columns[-1])


def test_stocks_are_the_pairs_that_count_the_same_before_and_after() -> None:
    assert stocks(TINY) == [("before", "left")]
    other = form(
        other={"terms": [term(["stopped"], "until_end")]},
        added={"terms": [term(IN, "until_end"), term(OUT, "until_end")]},
        first={"terms": [term(["stopped"], "before_period")]},
    )
    assert stocks(other) == [("before", "left"), ("first", "other")]


def test_parts_add_up_flows_take_the_first_opening_and_the_last_closing_stock(catalog: Catalog) -> None:
    _, parts = two_parts(catalog)
    combined = combine(TINY, parts)
    assert list(combined.tables) == ["unit", "field", "total"]
    assert figures(combined.tables, "total") == {"total": (26, 1, 15, 27)}
    assert figures(combined.tables, "unit") == {
        WARD_4: (9, 0, 0, 9), WARD_1: (3, 1, 0, 4), TOWN: (4, 0, 0, 4), NEW_WARD: (10, 0, 12, 10),
        NEW_TOWN: (0, 0, 3, 0),
    }  # fmt: skip
    ward = combined.tables["unit"].rows[3]
    assert (ward.row_code, ward.level, ward.unit_id) == ("29242", "commune", NEW_WARD)


def test_what_each_line_gave_to_its_heir_and_got_is_told(catalog: Catalog) -> None:
    _, parts = two_parts(catalog)
    assert combine(TINY, parts).moved == {
        WARD_4: (0, 5), WARD_1: (0, 2), TOWN: (0, 4), NEW_WARD: (7, 0), NEW_TOWN: (4, 0),
    }  # fmt: skip


def test_moves_over_three_parts_are_summed(catalog: Catalog) -> None:
    scope, [first, second] = two_parts(catalog)
    later = Period("CUSTOM", "later", JULY.to_date + timedelta(days=1), JULY.to_date + timedelta(days=9))
    third = PeriodPart(3, replace(scope, period=later, day=later.from_date), {
        "unit": table("unit", row(NEW_WARD, 1, 10, 11), row(NEW_TOWN, 0, 5, 5)),
        "field": table("field", row("land", 1, 15, 16)),
        "total": table("total", row("total", 1, 15, 16)),
    })  # fmt: skip
    combined = combine(TINY, [first, second, third])
    assert (combined.moved[NEW_WARD], combined.moved[NEW_TOWN]) == ((7, 2), (6, 0))
    assert figures(combined.tables, "total") == {"total": (27, 1, 16, 28)}


def test_a_column_is_untold_over_all_parts_only_where_it_is_in_each(catalog: Catalog) -> None:
    scope, [first, second] = two_parts(catalog)
    lacking = [
        replace(one, tables={"total": table("total", row("total", 1, 0, 0, untold))})
        for one, untold in ((first, frozenset({"came", "before"})), (second, frozenset({"came", "left"})))
    ]
    assert combine(TINY, lacking).tables["total"].rows[0].lacking == {"came"}
    assert scope.parts  # of a period that has some


def test_what_a_part_leaves_is_what_the_next_begins_with_at_each_heir(catalog: Catalog) -> None:
    check_carried(TINY, two_parts(catalog)[1])
    lost = (
        r"Report tiny of Tỉnh Vĩnh Long \(86:2025\): before of 29242:2025 from 2025-07-01 on is 6,"
        r" but its units had left 7 on 2025-06-30"
    )
    with pytest.raises(ReportRefused, match=lost):
        check_carried(TINY, two_parts(catalog, carried_over=6)[1])


@pytest.mark.parametrize("code", ["field", "total"])
def test_fields_and_totals_carry_over_by_their_own_key(catalog: Catalog, code: str) -> None:
    _, [first, second] = two_parts(catalog)
    key = second.tables[code].rows[0].row_code
    broken = replace(second, tables={**second.tables, code: table(code, row(key, 10, 12, 15))})
    with pytest.raises(ReportRefused, match=f"before of {key} from 2025-07-01 on is 12, but its units had left 11"):
        check_carried(TINY, [first, broken])
    gone = replace(second, tables={**second.tables, code: table(code)})
    with pytest.raises(ReportRefused, match=f"before of {key} from 2025-07-01 on is 0"):
        check_carried(TINY, [first, gone])


def test_dossiers_may_move_between_levels(catalog: Catalog) -> None:
    _, [first, second] = two_parts(catalog)
    levels = [table("level", row("commune", 16, 1, 11)), table("level", row("commune", 10, 3, 15))]
    parts = [
        replace(one, tables={"level": level, **one.tables}) for one, level in zip((first, second), levels, strict=True)
    ]
    check_carried(TINY, parts)
    lost = replace(parts[1], tables={**parts[1].tables, "total": table("total", row("total", 10, 12, 15))})
    with pytest.raises(ReportRefused, match="before of total from 2025-07-01 on is 12"):
        check_carried(TINY, [parts[0], lost])


def test_a_column_of_a_part_is_read_on_the_map_of_a_later_day(catalog: Catalog) -> None:
    _, [first, _] = two_parts(catalog)
    assert carried(first, "left", "unit", EVE) == {WARD_4: 5, WARD_1: 2, TOWN: 4}
    assert carried(first, "left", "unit", REFORM) == {NEW_WARD: 7, NEW_TOWN: 4}
    assert carried(first, "left", "field", REFORM) == {"land": 11}


def on_one_map(ward: tuple[int, int, int] = (22, 1, 12)) -> dict[str, Table]:
    return {
        "unit": table("unit", row(NEW_WARD, *ward), row(NEW_TOWN, 4, 0, 3)),
        "field": table("field", row("land", 26, 1, 15)),
        "level": table("level", row("commune", 99, 99, 99)),
        "total": table("total", row("total", 26, 1, 15)),
    }


def test_the_whole_period_on_one_map_is_what_its_parts_add_up_to(catalog: Catalog) -> None:
    scope, parts = two_parts(catalog)
    check_same(TINY, scope, parts, on_one_map())
    for ward, column in (((21, 1, 12), "came"), ((22, 2, 12), "before"), ((22, 1, 13), "left")):
        told = rf"{column} of 29242:2025 is \d+ on the map of 2025-07-14, but the parts, .* add up to \d+"
        with pytest.raises(ReportRefused, match=told):
            check_same(TINY, scope, parts, on_one_map(ward))


@pytest.mark.parametrize("code", ["field", "total"])
def test_fields_and_totals_do_not_depend_on_the_map(catalog: Catalog, code: str) -> None:
    scope, parts = two_parts(catalog)
    tables = on_one_map()
    key = tables[code].rows[0].row_code
    with pytest.raises(ReportRefused, match=f"came of {key} is 25"):
        check_same(TINY, scope, parts, {**tables, code: table(code, row(key, 25, 1, 15))})
    with pytest.raises(ReportRefused, match=f"came of {key} is 0"):
        check_same(TINY, scope, parts, {**tables, code: table(code)})


def test_rows_by_unit_are_not_compared_on_a_map_older_than_the_last_part(catalog: Catalog) -> None:
    scope, parts = two_parts(catalog)
    for day, is_compared in ((EVE, False), (REFORM, True)):
        older = replace(scope, day=day)
        if is_compared:
            with pytest.raises(ReportRefused, match="29242:2025"):
                check_same(TINY, older, parts, on_one_map((0, 0, 0)))
        else:
            check_same(TINY, older, parts, on_one_map((0, 0, 0)))
            with pytest.raises(ReportRefused, match="came of total is 0"):
                check_same(TINY, older, parts, {**on_one_map(), "total": table("total")})


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (table("total", row("total", 10, 12, 15)), "the total is not the sum of the rows: before 12"),
        (table("unit", row(NEW_WARD, 10, 6, 12), row(NEW_TOWN, 0, 5, 3)), r"before of 29242:2025 .* is 6"),
    ],
    ids=["within a part", "between two parts"],
)
def test_parts_that_do_not_agree_are_refused_when_they_are_read(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, broken: Table, told: str
) -> None:
    scope, [first, second] = two_parts(catalog)
    monkeypatch.setattr(parts, "read_tables", lambda _, __, of: (first if of.day == first.scope.day else second).tables)
    assert [one.number for one in parts.read_parts(None, TINY, scope)] == [1, 2]  # type: ignore[arg-type]
    second = replace(second, tables={**second.tables, broken.code: broken})
    with pytest.raises(ReportRefused, match=told):
        parts.read_parts(None, TINY, scope)  # type: ignore[arg-type]


def test_a_refusal_says_what_to_look_at(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(
        ReportRefused, match=r"check the successions in include/catalog/units/.*measures rebuild --check"
    ):
        check_carried(TINY, two_parts(catalog, carried_over=6)[1])
