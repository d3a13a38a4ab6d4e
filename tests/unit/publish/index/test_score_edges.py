"""The scorer at its edges: what is shown of a row, the last count that is accepted and the first that is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from motcua.catalog.index import Definition, Item, load_definition
from motcua.errors import InputRefused
from motcua.publish.index.score import (
    NO_REPORT_DATA,
    TEMP_DENOMINATOR,
    Counts,
    ItemScore,
    number,
    rounded,
    score,
    score_item,
)
from motcua.settings import Settings

YEAR = Fraction(1200)


@pytest.fixture(scope="module")
def definition() -> Definition:
    return load_definition(Settings.load().catalog_dir, "766", date(2026, 8, 31))


def row(definition: Definition, row_id: str, *counts: int | None, **more: Any) -> ItemScore:
    """Score one row of counts: numerator, denominator, prior year."""
    given = [None if count is None else Fraction(count) for count in counts]
    return score(definition, {row_id: Counts(*given, **more)}).item(row_id)  # type: ignore[arg-type]


def test_more_than_the_prior_years_share_is_shown_as_all_of_it_and_not_more(definition: Definition) -> None:
    found = row(definition, "1.4", 130, None, 1200)
    assert (found.ratio, found.exact, found.flag) == (1, 6, TEMP_DENOMINATOR)
    assert row(definition, "1.4", 100, None, 1200).ratio == 1
    assert row(definition, "1.4", 99, None, 1200).ratio == Fraction(99, 100)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((1, None, -1), r"Row 1\.4: -1 is negative\. What to do: give counts of 0 or more"),
        ((1, 2, -5), r"Row 1\.4: -5 is negative"),
        ((-3, None, 1200), r"Row 1\.4: -3 is negative"),
        ((3, -2, 1200), r"Row 1\.4: -2 is negative"),
    ],
)
def test_a_negative_count_is_refused_by_its_name_whichever_it_is(
    definition: Definition, counts: tuple[int | None, ...], told: str
) -> None:
    with pytest.raises(InputRefused, match=told):
        row(definition, "1.4", *counts)


def test_no_prior_year_or_one_of_nothing_is_no_report_data_and_zero(definition: Definition) -> None:
    for prior in (None, 0):
        found = row(definition, "1.4", 5, None, prior)
        assert (found.state, found.flag, found.exact, found.ratio) == ("empty", NO_REPORT_DATA, 0, None)
    assert row(definition, "1.4", 0, 0, 0).flag == NO_REPORT_DATA


def test_a_part_as_large_as_its_whole_is_accepted_and_one_larger_is_refused(definition: Definition) -> None:
    assert row(definition, "2.1", 10, 10).score == 20
    with pytest.raises(InputRefused, match=r"Row 2\.1: the numerator 11 exceeds the denominator 10 .*larger than its"):
        row(definition, "2.1", 11, 10)


@pytest.mark.parametrize("denominator", [None, 0])
def test_a_numerator_without_a_denominator_is_refused(definition: Definition, denominator: int | None) -> None:
    with pytest.raises(InputRefused, match=r"Row 2\.1: the numerator 1 has no denominator .*null for the row"):
        row(definition, "2.1", 1, denominator)
    with pytest.raises(InputRefused, match=r"the numerator 0 has no denominator"):
        row(definition, "2.1", 0, None)


def test_the_json_of_a_row_shows_its_counts_ratio_flag_and_whose_they_are(definition: Definition) -> None:
    assert row(definition, "3.3", 1, 7).as_json() == {
        "score": 1.71, "max": 6, "state": "measured", "numerator": 1, "denominator": 7, "ratio": 0.142857,
        "evidence": definition.item("3.3").evidence,
    }  # fmt: skip
    shown = row(definition, "1.4", 50, None, 1200, inherited=True).as_json()
    assert (shown["numerator"], shown["denominator"], shown["ratio"]) == (50, None, 0.5)
    assert (shown["flag"], shown["inherited"]) == (TEMP_DENOMINATOR, True)
    absent = score(definition, {}).item("3.3").as_json()
    assert absent == {
        "score": None, "max": 6, "state": "not_available", "numerator": None, "denominator": None, "ratio": None,
        "evidence": definition.item("3.3").evidence,
    }  # fmt: skip


def test_counts_are_their_own_unless_said_to_be_inherited() -> None:
    assert not Counts(Fraction(1), Fraction(2)).inherited


def test_the_json_of_an_index_holds_groups_rows_and_total(definition: Definition) -> None:
    shown = score(definition, {"2.1": Counts(Fraction(9), Fraction(10)), "3.3": None}).as_json()
    assert (shown["total"], shown["groups"]["progress"]["score"], shown["groups"]["progress"]["max"]) == (18, 18, 20)
    assert shown["groups"]["online"]["score"] is None
    assert (shown["max_available"], shown["max_whole"], shown["at_least"], shown["at_most"]) == (20, 100, 18, 98)
    assert (shown["of_hundred"], shown["is_complete"], shown["class"]) == (None, False, None)
    assert list(shown["groups"]["online"]["items"]) == ["3.1", "3.2", "3.3"]


def test_a_row_counts_for_the_maximum_where_it_was_given_or_is_full(definition: Definition) -> None:
    given = {"1.1": Counts(Fraction(0), Fraction(0)), "2.1": Counts(Fraction(1), Fraction(1))}
    found = score(definition, given)
    assert found.max_available == 26  # null adds 0, and its 6 points belong to what can be reached
    assert found.item("1.1").is_counted
    assert not found.item("3.3").is_counted
    assert not found.is_complete
    generous = definition.model_copy(update={"full_where_not_applicable": True})
    full = score(generous, {}, "commune").item("3.1")
    assert (full.is_available, full.is_counted, full.exact) == (False, True, 2)


def test_a_row_whose_points_nobody_knows_shows_its_ratio_and_counts_for_nothing() -> None:
    par = load_definition(Settings.load().catalog_dir, "par-index", date(2026, 8, 31))
    item = par.items[0]
    found = score(par, {item.id: Counts(Fraction(3), Fraction(4))})
    one = found.item(item.id)
    assert (one.ratio, one.exact, one.score, one.is_available, one.is_counted) == (
        Fraction(3, 4),
        None,
        None,
        True,
        False,
    )
    assert (found.total, found.max_available, found.of_hundred, found.band) == (None, 0, None, None)
    assert one.as_json()["max"] is None


def test_an_index_is_complete_when_every_row_was_available(definition: Definition) -> None:
    every = {item.id: Counts(Fraction(1), Fraction(1)) for item in definition.items}
    assert score(definition, every).is_complete
    assert score(definition, every).of_hundred == score(definition, every).total == 100
    assert not score(definition, every | {"2.1": None}).is_complete


def test_a_row_applies_to_its_levels_and_to_any_where_none_is_named(definition: Definition) -> None:
    item = definition.item("3.1")
    counts = Counts(Fraction(1), Fraction(1))
    assert "commune" not in item.applies_to
    assert score_item(definition, item, counts).state == "measured"
    assert score_item(definition, item, counts, "province").state == "measured"
    left_out = score_item(definition, item, counts, "commune")
    assert (left_out.state, left_out.counts, left_out.exact) == ("not_applicable", None, None)


def test_a_capped_row_is_full_at_its_share_and_never_above(definition: Definition) -> None:
    item: Item = definition.item("3.3")
    assert item.full_at == Decimal("0.50")
    shares = {1: Fraction(6, 5), 4: Fraction(24, 5), 5: Fraction(6), 6: Fraction(6), 10: Fraction(6)}
    for numerator, exact in shares.items():
        assert row(definition, "3.3", numerator, 10).exact == exact


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [(Fraction(1, 200), 2, "0.01"), (Fraction(1, 201), 2, "0.00"), (Fraction(5, 2), 0, "3"), (Fraction(0), 2, "0.00"),
     (Fraction(12345, 10000), 3, "1.235")],
)  # fmt: skip
def test_points_are_rounded_half_up(value: Fraction, places: int, shown: str) -> None:
    assert str(rounded(value, places)) == shown


def test_a_number_is_written_whole_where_it_is() -> None:
    assert [number(value) for value in (None, Decimal("6.00"), Decimal("5.46"), Fraction(3), Fraction(1, 2))] == [
        None, 6, 5.46, 3, 0.5,
    ]  # fmt: skip
    assert isinstance(number(Decimal("6.00")), int)


def test_a_class_is_that_of_the_score_reached_and_the_lowest_begins_at_nothing(definition: Definition) -> None:
    none = score(definition, {item.id: Counts(Fraction(0), Fraction(10)) for item in definition.items})
    assert none.band == definition.bands[-1]
    best = score(definition, {item.id: Counts(Fraction(10), Fraction(10)) for item in definition.items})
    assert best.band == definition.bands[0]
    assert best.as_json()["class"] == {"vi": "Xuất sắc", "en": "Excellent", "is_of_whole": True}
    assert best.of_available == 100


def test_a_row_that_does_not_apply_is_no_gap_and_the_score_is_of_the_others(definition: Definition) -> None:
    every = {item.id: Counts(Fraction(1), Fraction(2)) for item in definition.items}
    found = score(definition, every, "commune")
    assert (found.is_complete, found.max_available, found.max_whole) == (True, 98, 98)
    assert found.known_rows == {item.id for item in definition.items} - {"3.1"}
    assert found.of_hundred == found.at_least == found.at_most == rounded(100 * Fraction(found.total or 0) / 98, 2)


def test_the_least_and_the_most_are_of_all_rows_and_the_share_of_those_known(definition: Definition) -> None:
    found = score(definition, {"2.1": Counts(Fraction(1), Fraction(4))})
    assert (found.at_least, found.at_most, found.of_available) == (5, 85, 25)
    nothing = score(definition, {})
    assert (nothing.at_least, nothing.at_most, nothing.of_available, nothing.max_whole) == (None, None, None, 100)


def test_what_nothing_to_divide_by_gave_on_a_day_may_not_be_known() -> None:
    before = load_definition(Settings.load().catalog_dir, "766", date(2025, 10, 15))
    since = load_definition(Settings.load().catalog_dir, "766", date(2025, 10, 16))
    for row_id in ("5.2", "5.3"):
        unknown = row(before, row_id, 0, 0)
        assert (unknown.state, unknown.exact, unknown.is_available, unknown.is_counted) == (
            "undecided", None, False, False,
        )  # fmt: skip
        assert (row(since, row_id, 0, 0).state, row(since, row_id, 0, 0).score) == ("empty", 6)
        assert row(before, row_id, 1, 2).score == 3
    assert score(before, {"5.2": Counts(Fraction(0), Fraction(0))}).total is None
    with pytest.raises(InputRefused, match=r"the numerator 1 has no denominator"):
        row(before, "5.2", 1, 0)
