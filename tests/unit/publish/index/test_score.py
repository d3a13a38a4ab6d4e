"""The scorer of index 766: the vectors of domain.md section 1.8, null beside zero, and bounds on random counts."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from motcua.catalog.index import Definition, load_definition
from motcua.errors import InputRefused
from motcua.publish.index.gap import gaps, next_band
from motcua.publish.index.score import NO_REPORT_DATA, TEMP_DENOMINATOR, Counts, Score, score
from motcua.settings import Settings

Pairs = dict[str, tuple[float, float] | None]


@pytest.fixture(scope="module")
def definition() -> Definition:
    return load_definition(Settings.load().catalog_dir, "766", date(2026, 8, 31))


def counted(pairs: Pairs) -> dict[str, Counts | None]:
    return {
        row: None if pair is None else Counts(Fraction(str(pair[0])), Fraction(str(pair[1])))
        for row, pair in pairs.items()
    }


def group(found: Score, code: str) -> Decimal | None:
    return next(one.score for one in found.groups if one.code == code)


@pytest.mark.parametrize(
    ("code", "pairs", "expected"),
    [
        ("online", {"3.1": (52, 56), "3.2": (406, 1968), "3.3": (150956, 152595)}, "8.83"),
        ("online", {"3.1": (52, 89), "3.2": (516, 1884), "3.3": (589496, 597894)}, "8.56"),
        ("payment", {"3.6": (82913, 98459), "3.4": (93, 310), "3.5": (56, 310)}, "6.25"),
        ("payment", {"3.6": (0, 0), "3.4": (7, 8), "3.5": (0, 8)}, "2.00"),
        ("payment", {"3.6": (0, 0), "3.4": (0, 0), "3.5": (0, 0)}, "0.00"),
        ("satisfaction", {"5.2": (0, 0), "5.3": (0, 0)}, "12.00"),
        ("satisfaction", {"5.4": (90, 100)}, "6.00"),
        ("satisfaction", {"5.4": (0.45, 1)}, "3.00"),
        ("online", {"3.3": (1, 2)}, "6.00"),
        ("online", {"3.3": (15247, 33482)}, "5.46"),
        ("transparency", {"1.1": (8, 10), "1.2": (1, 1), "1.3": (1, 1), "1.4": (1, 1)}, "16.80"),
    ],
)
def test_the_published_cases_are_met(definition: Definition, code: str, pairs: Pairs, expected: str) -> None:
    found = score(definition, counted(pairs))
    assert group(found, code) == found.total == Decimal(expected)


def test_a_row_that_is_not_given_is_not_a_zero(definition: Definition) -> None:
    nothing, zero = score(definition, {"2.1": None}), score(definition, counted({"2.1": (0, 10)}))
    assert (nothing.total, nothing.max_available, nothing.of_hundred, nothing.band) == (None, 0, None, None)
    assert (zero.total, zero.max_available, zero.of_hundred) == (0, 20, 0)
    assert (nothing.item("2.1").state, nothing.item("2.1").score) == ("not_available", None)


def test_nothing_to_divide_by_is_null_zero_or_full_as_the_row_says(definition: Definition) -> None:
    found = score(definition, counted(dict.fromkeys(("1.1", "2.1", "3.3", "4.1", "5.2", "5.4"), (0, 0))))
    assert {one.item.id: one.score for one in found.items if one.state == "empty"} == {
        "1.1": None, "2.1": None, "3.3": 0, "4.1": None, "5.2": 6, "5.4": 0,
    }  # fmt: skip
    assert all(one.ratio is None for one in found.items)
    assert (group(found, "progress"), found.total) == (0, 6)  # null adds 0 to the total, where it was given
    assert group(found, "payment") is None


def test_dossiers_without_a_national_report_are_held_against_the_prior_year(definition: Definition) -> None:
    def of(counts: Counts) -> tuple[Decimal | None, str]:
        item = score(definition, {"1.4": counts}).item("1.4")
        return item.score, item.flag

    year = Fraction(1200)
    assert of(Counts(Fraction(50), None, year)) == (Decimal("3.00"), TEMP_DENOMINATOR)
    assert of(Counts(Fraction(150), Fraction(0), year, "quarter")) == (Decimal("3.00"), TEMP_DENOMINATOR)
    assert of(Counts(Fraction(600), None, year, "year")) == (Decimal("3.00"), TEMP_DENOMINATOR)
    assert of(Counts(Fraction(130), None, year)) == (Decimal("6.00"), TEMP_DENOMINATOR)
    assert of(Counts(Fraction(50), None)) == (Decimal("0.00"), NO_REPORT_DATA)
    assert of(Counts(Fraction(50), Fraction(100), year)) == (Decimal("3.00"), "")
    with pytest.raises(InputRefused, match="no share of the prior year is defined for a nine_months"):
        of(Counts(Fraction(50), None, year, "nine_months"))


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ({"3.3": (11, 10)}, r"Row 3\.3: the numerator 11 exceeds the denominator 10 \(rule V14\)"),
        ({"3.3": (1, 0)}, r"Row 3\.3: the numerator 1 has no denominator \(rule V14\)"),
        ({"3.3": (-1, 10)}, r"Row 3\.3: -1 is negative"),
        ({"3.3": (1, -10)}, r"Row 3\.3: -10 is negative"),
        ({"9.9": (1, 10), "2.1": (1, 2)}, r"Index 766 has no row 9\.9"),
    ],
)
def test_counts_that_cannot_be_are_refused(definition: Definition, pairs: Pairs, told: str) -> None:
    with pytest.raises(InputRefused, match=told):
        score(definition, counted(pairs))


def test_a_row_of_another_level_is_left_out_or_full_as_the_definition_says(definition: Definition) -> None:
    given = counted({"2.1": (9, 10), "4.6": (0, 5)})
    assert score(definition, given, "province").total == 18
    assert score(definition, given, "commune").item("4.6").state == "not_applicable"
    assert score(definition, given, "commune").max_available == 20
    generous = definition.model_copy(update={"full_where_not_applicable": True})
    assert score(generous, given, "commune").item("4.6").score == 2
    assert score(generous, given, "commune").max_available == 28  # 3.1, 4.5a, 4.5b and 4.6 in full


@pytest.mark.parametrize(
    ("good", "band"), [(900, "Xuất sắc"), (899, "Tốt"), (800, "Tốt"), (700, "Khá"), (500, "Trung bình"), (0, "Yếu")]
)
def test_a_class_begins_at_its_score(definition: Definition, good: int, band: str) -> None:
    found = score(definition, counted({"2.1": (good, 1000)}))
    assert found.band is not None
    assert (found.band.vi, found.is_complete) == (band, False)


def drawn(draw: random.Random, definition: Definition) -> dict[str, Counts | None]:
    given: dict[str, Counts | None] = {}
    for item in definition.items:
        if draw.random() < 0.85:
            whole = draw.choice([0, 1, 2, 7, draw.randrange(1, 1000), draw.randrange(1, 10**6)])
            given[item.id] = Counts(Fraction(draw.randint(0, whole)), Fraction(whole))
        elif draw.random() < 0.5:
            given[item.id] = None
    return given


def test_ten_thousand_random_indexes_stay_within_their_maximum(definition: Definition) -> None:
    draw = random.Random(766)
    for _ in range(10_000):
        given = drawn(draw, definition)
        found = score(definition, given)
        for one in (*found.items, *found.groups):
            most = one.item.max if hasattr(one, "item") else one.max
            assert most is not None
            assert one.score is None or 0 <= one.score <= most
        assert found.total is None or 0 <= found.total <= found.max_available <= 100
        assert found.of_hundred is None or 0 <= found.of_hundred <= 100
        assert found.total == (sum(one.score or 0 for one in found.groups) if found.total is not None else None)
        missing = {item.id for item in definition.items if given.get(item.id) is None}
        assert {one.item.id for one in found.items if one.state == "not_available"} == missing


def test_what_a_row_lacks_is_the_least_that_reaches_it(definition: Definition) -> None:
    draw = random.Random(2026)
    looked = 0
    for _ in range(60):
        given = drawn(draw, definition)
        found = score(definition, given)
        band = next_band(found)
        for row, gap in gaps(definition, given).items():
            counts = given[row]
            assert counts is not None
            assert counts.denominator is not None

            def after(
                more: int, row: str = row, counts: Counts = counts, given: dict[str, Counts | None] = given
            ) -> Score:
                return score(definition, {**given, row: Counts(counts.numerator + more, counts.denominator)})

            assert gap.to_full is not None
            assert after(gap.to_full).item(row).exact == definition.item(row).max
            assert gap.to_full == 0 or after(gap.to_full - 1).item(row).exact != definition.item(row).max
            room = int(counts.denominator - counts.numerator)
            if band is not None and gap.to_band is not None:
                assert (after(gap.to_band).of_hundred or 0) >= band.score
                assert (after(gap.to_band - 1).of_hundred or 0) < band.score
            elif band is not None:
                assert (after(room).of_hundred or 0) < band.score
            looked += 1
    assert looked > 500


def test_tra_vinh_lacked_1494_online_dossiers_in_october_2023(definition: Definition) -> None:
    lacking = gaps(definition, counted({"3.3": (15247, 33482)}))
    assert lacking["3.3"].to_full == 1494


def test_a_row_that_is_full_or_has_no_denominator_lacks_nothing(definition: Definition) -> None:
    lacking = gaps(definition, counted({"3.3": (6, 10), "1.1": (0, 0), "2.1": (1, 2)}))
    assert set(lacking) == {"3.3", "2.1"}
    assert lacking["3.3"].to_full == 0
