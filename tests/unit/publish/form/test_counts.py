"""What a column counts: which days a window holds, who is silent, and that every way to ask gives one answer."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from motcua.catalog.forms import Form, Term, form_file, load_form, report_codes
from motcua.errors import CatalogError
from motcua.period import parse_period
from motcua.publish.form.counts import read_counts
from motcua.settings import Settings
from motcua.warehouse import store_engine

OCTOBER = parse_period("CAL_MONTH:2023-10")
WARD, OTHER_WARD, CITY = "29236:2020", "29239:2020", "842:2020"
LATER = date(2026, 3, 14)  # every form is in force


def counted(store: Any, columns: Any, by: Any = ("unit",), **options: Any) -> dict[tuple[str, ...], int]:
    placed = options.pop("placed", {unit_id: unit_id for unit_id in (WARD, OTHER_WARD, CITY)})
    with store_engine().connect() as connection:
        return {
            tuple(
                filter(None, (count.breakdown, count.row_key, count.procedure_code, count.column_code))
            ): count.quantity
            for count in read_counts(connection, store.catalog, columns, placed, OCTOBER, by, **options)
        }


def form_codes() -> list[str]:
    folder = Settings.load().catalog_dir
    return [code for code in report_codes(folder) if form_file(folder, code).forms]


def form(report_code: str) -> Form:
    return load_form(Settings.load().catalog_dir, report_code, LATER)


@pytest.mark.parametrize(
    ("window", "days"),
    [
        ("before_period", ["09-30"]),
        ("in_period", ["10-01", "10-31"]),
        ("until_end", ["09-30", "10-01", "10-31"]),
        ("days_ahead", ["11-01", "11-03"]),
    ],
)
def test_a_window_holds_exactly_its_days(store: Any, window: Any, days: list[str]) -> None:
    weight = {day: 10**place for place, day in enumerate(("09-30", "10-01", "10-31", "11-01", "11-03", "11-04"))}
    for day, quantity in weight.items():
        store.measure(WARD, date.fromisoformat(f"2023-{day}"), "received_online", quantity)
    columns = {"c": (Term(measures=("received_online",), window=window),)}
    found = counted(store, columns, ahead_until=date(2023, 11, 3))
    assert found == {("unit", WARD, "c"): sum(weight[day] for day in days)}


def test_nothing_lies_ahead_unless_it_is_said_how_far(store: Any) -> None:
    store.measure(WARD, date(2023, 11, 1), "open_due", 3)
    assert counted(store, {"c": (Term(measures=("open_due",), window="days_ahead"),)}) == {}


def test_a_breakdown_that_does_not_tell_procedures_apart_names_none(store: Any) -> None:
    store.measure(WARD, date(2023, 10, 2), "received_online", 3)
    columns = {"c": (Term(measures=("received_online",), window="in_period"),)}
    with store_engine().connect() as connection:
        [count] = read_counts(connection, store.catalog, columns, {WARD: WARD}, OCTOBER, ("unit",))
    assert (count.row_key, count.procedure_code, count.quantity) == (WARD, "", 3)


def test_terms_of_several_measures_and_both_signs_are_one_sum(store: Any) -> None:
    for measure, quantity in (("received_online", 5), ("received_direct", 7), ("withdrawn", 2), ("stopped", 1)):
        store.measure(WARD, date(2023, 10, 2), measure, quantity)
    columns = {
        "c": (
            Term(measures=("received_online", "received_direct"), window="in_period"),
            Term(measures=("withdrawn",), window="in_period", sign=-1),
        ),
        "d": (Term(measures=("stopped",), window="in_period"),),
    }
    assert counted(store, columns) == {("unit", WARD, "c"): 10, ("unit", WARD, "d"): 1}


def test_a_silent_unit_adds_nothing_to_the_column_it_is_silent_on_in_any_breakdown(store: Any) -> None:
    for unit_id, quantity in ((WARD, 5), (OTHER_WARD, 7)):
        store.measure(unit_id, date(2023, 10, 2), "received_online", quantity)
    term = Term(measures=("received_online",), window="in_period")
    found = counted(store, {"c": (term,), "d": (term,)}, ("unit", "level", "total"), silent=[(WARD, "c")])
    assert found == {
        ("unit", WARD, "d"): 5, ("unit", OTHER_WARD, "c"): 7, ("unit", OTHER_WARD, "d"): 7,
        ("level", "commune", "c"): 7, ("level", "commune", "d"): 12,
        ("total", "total", "c"): 7, ("total", "total", "d"): 12,
    }  # fmt: skip


def test_a_unit_counts_on_the_line_it_is_placed_on_and_one_outside_not_at_all(store: Any) -> None:
    for unit_id, quantity in ((WARD, 5), (OTHER_WARD, 7), ("26-TTPVHCC:2020", 100)):
        store.measure(unit_id, date(2023, 10, 2), "received_online", quantity)
    columns = {"c": (Term(measures=("received_online",), window="in_period"),)}
    found = counted(store, columns, ("unit", "level", "total"), placed={WARD: CITY, OTHER_WARD: OTHER_WARD})
    assert found == {
        ("unit", CITY, "c"): 5, ("unit", OTHER_WARD, "c"): 7, ("level", "district", "c"): 5,
        ("level", "commune", "c"): 7, ("total", "total", "c"): 12,
    }  # fmt: skip


def random_october(store: Any, seed: int) -> None:
    rng = random.Random(seed)
    measures = sorted({m for code in form_codes() for m in measures_of(form(code))})
    for _ in range(300):
        store.measure(
            rng.choice([WARD, OTHER_WARD, CITY]),
            OCTOBER.from_date + timedelta(days=rng.randrange(-20, 40)),
            rng.choice([measure for measure in measures if not measure.startswith("petition_")]),
            rng.randrange(1, 50),
            field=rng.choice(["ho-tich", "cu-tru"]),
            procedure=rng.choice(["1.001193", "1.004222"]),
        )


def measures_of(found: Form) -> set[str]:
    return {measure for column in found.columns for term in column.terms for measure in term.measures}


def test_a_column_made_of_columns_counts_the_same_by_its_own_terms_in_every_form(store: Any) -> None:
    """The index and the portal's comparison ask for the terms, a report adds the columns: there is one composition."""
    random_october(store, 8)
    columns = 0
    for code in form_codes():
        one = form(code)
        measured = counted(store, {column.code: column.terms for column in one.columns if column.terms})
        by_terms = counted(store, {column: one.terms_of(column) for column in one.column_codes})
        for unit_id in (WARD, OTHER_WARD, CITY):
            composed = one.counts({column: measured.get(("unit", unit_id, column), 0) for column in one.column_codes})
            assert composed == {column: by_terms.get(("unit", unit_id, column), 0) for column in one.column_codes}
            columns += sum(value != 0 for value in composed.values())
    assert columns > 50


def test_procedures_fields_levels_and_units_add_up_to_one_total(store: Any) -> None:
    random_october(store, 9)
    one = form("form-06")
    columns = {code: one.terms_of(code) for code in one.column_codes}
    sums: dict[str, Counter[str]] = {}
    for key, quantity in counted(store, columns, ("unit", "field", "level", "total", "unit_procedure")).items():
        sums.setdefault(key[0], Counter())[key[-1]] += quantity
    assert set(sums) == {"unit", "field", "level", "total", "unit_procedure"}
    assert all(found == sums["total"] for found in sums.values())
    assert sums["total"]["resolved_total"] > 100


def test_a_column_the_form_does_not_count_has_no_terms() -> None:
    with pytest.raises(CatalogError, match=r"counts no column 'online_pct'.*name one of"):
        form("online-payment").terms_of("online_pct")
    with pytest.raises(CatalogError, match="counts no column 'open_totals'"):
        form("form-06").summands("open_totals")


def test_a_column_that_takes_another_off_turns_the_signs_of_its_terms() -> None:
    terms = form("form-06").terms_of("open_in_time")
    signs = {(measure, term.sign) for term in terms for measure in term.measures}
    assert {("became_overdue", -1), ("overdue_cleared", 1), ("received_online", 1), ("resolved_late", -1)} <= signs


def test_a_share_is_blank_where_there_is_nothing_to_divide_or_a_count_is_untold() -> None:
    one = form("digitisation")
    counts = dict.fromkeys(one.column_codes, 0) | {"received_total": 3, "components_digitised": 2}
    assert one.shares(counts) == {"digitised_pct": "66.67", "result_pct": ""}
    assert one.shares(counts, {"components_digitised"})["digitised_pct"] == ""
    assert one.shares(counts, {"received_total"})["digitised_pct"] == ""
    assert one.shares(counts, {"components_reused"})["digitised_pct"] == "66.67"
