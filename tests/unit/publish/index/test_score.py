"""The scorer of index 766: the vectors of domain.md section 1.8, null beside zero, and bounds on random counts."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from motcua.catalog.index import INDEX_LEVELS, Definition, IndexFile, IndexLevel, _amended, load_definition
from motcua.errors import InputRefused
from motcua.publish.index import wording
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
    assert (zero.total, zero.max_available, zero.at_least, zero.at_most) == (0, 20, 0, 80)
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
    assert score(definition, given, "commune").item("3.1").state == "not_applicable"
    assert score(definition, given, "commune").max_available == 22
    generous = definition.model_copy(update={"full_where_not_applicable": True})
    assert score(generous, given, "commune").item("3.1").score == 2
    assert score(generous, given, "commune").max_available == 24  # 2.1 and 4.6 were given, 3.1 is full


@pytest.mark.parametrize("level", INDEX_LEVELS)
def test_every_level_is_scored_on_the_whole_group_of_digitisation(definition: Definition, level: IndexLevel) -> None:
    every = counted(dict.fromkeys((item.id for item in definition.items), (1, 1)))
    whole = score(definition, every, level)
    assert group(whole, "digitisation") == 22
    assert (whole.item("3.1").state == "not_applicable", whole.max_whole) == (
        (False, 100) if level == "province" else (True, 98)
    )
    assert (whole.is_complete, whole.of_hundred) == (True, 100)


def whole_of(definition: Definition, good: int) -> dict[str, Counts | None]:
    """Every row, with `good` thousandths of its points."""
    return {item.id: Counts(Fraction(good) * Fraction(item.full_at or 1), Fraction(1000)) for item in definition.items}


@pytest.mark.parametrize(
    ("good", "band"), [(900, "Xuất sắc"), (899, "Tốt"), (800, "Tốt"), (700, "Khá"), (500, "Trung bình"), (0, "Yếu")]
)
def test_a_class_begins_at_its_score(definition: Definition, good: int, band: str) -> None:
    found = score(definition, whole_of(definition, good))
    assert found.band is not None
    assert (found.band.vi, found.is_complete, found.of_hundred) == (band, True, Decimal(good) / 10)


def test_an_index_fed_in_two_of_its_rows_is_a_range_and_has_no_class(definition: Definition) -> None:
    found = score(definition, counted({"2.1": (9857, 10000), "5.2": (9240, 10000)}))
    assert (found.total, found.max_available, found.max_whole) == (Decimal("25.25"), 26, 100)
    assert (found.at_least, found.at_most, found.of_hundred, found.band) == (
        Decimal("25.25"), Decimal("99.25"), None, None,
    )  # fmt: skip
    said = list(wording.summary(found, "en"))
    assert said == [
        "At least 25.25, at most 99.25 of 100: 26 of the 100 points are known, 25.25 reached; 19 rows are not known.",
        "Class not known.",
    ]
    assert "97" not in " ".join([*said, *wording.summary(found, "vi")])


@pytest.mark.parametrize(
    ("unknown", "good", "told"),
    [
        (("5.4",), 980, "Xuất sắc"),  # 92.12 at least: 94 points are known, and the others cannot change the class
        (("5.4",), 920, None),  # 86.48 to 92.48
        (("2.1",), 600, None),  # 48 to 68
        (("2.1",), 370, "Yếu"),  # 29.60 to 49.60: 80 points are just enough
        (("2.1", "1.3"), 100, None),  # 7.80 to 29.80: one class, but 78 points are not enough
    ],
)
def test_a_class_is_told_only_where_enough_is_known_and_the_rest_cannot_change_it(
    definition: Definition, unknown: tuple[str, ...], good: int, told: str | None
) -> None:
    found = score(definition, whole_of(definition, good) | dict.fromkeys(unknown))
    assert (None if found.band is None else found.band.vi) == told
    assert any("dù chỉ tiêu chưa có số liệu" in line for line in wording.summary(found, "vi")) is (told is not None)


@pytest.mark.parametrize("level", INDEX_LEVELS)
def test_to_know_more_never_moves_the_score_out_of_the_range_told_before(
    definition: Definition, level: IndexLevel
) -> None:
    draw = random.Random(f"range {level}")
    unsure = amended(definition, {"5.2": {"empty": "unknown"}, "5.3": {"empty": "unknown"}})
    classes = 0
    for _ in range(60):
        known = drawn(draw, unsure, share=1)
        order = draw.sample(sorted(known), len(known))
        least, most, band = Decimal(0), Decimal(100), None
        for count in range(len(order) + 1):
            found = score(unsure, {row: known[row] for row in order[:count]}, level)
            if found.at_least is None or found.at_most is None:
                continue
            assert least <= found.at_least <= found.at_most <= most
            assert band is None or found.band == band
            assert found.of_hundred is None or found.of_hundred == found.at_least == found.at_most
            least, most, band = found.at_least, found.at_most, found.band
            classes += band is not None
    assert classes > 20


def amended(definition: Definition, override: dict[str, dict[str, Any]]) -> Definition:
    amendment = {"valid_from": definition.valid_from, "override": override, "evidence": "test"}
    file = IndexFile.model_validate({"index": "766", "versions": [definition], "amendments": [amendment]})
    return _amended(definition, file.amendments[0])


def drawn(draw: random.Random, definition: Definition, *, share: float = 0.85) -> dict[str, Counts | None]:
    given: dict[str, Counts | None] = {}
    for item in definition.items:
        if draw.random() < share:
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
        assert found.at_least is None or 0 <= found.at_least <= (found.at_most or 0) <= 100
        assert found.total == (sum(one.score or 0 for one in found.groups) if found.total is not None else None)
        missing = {item.id for item in definition.items if given.get(item.id) is None}
        assert {one.item.id for one in found.items if one.state == "not_available"} == missing


def test_what_a_row_lacks_is_the_least_that_reaches_it(definition: Definition) -> None:
    draw = random.Random(2026)
    looked = reached = 0
    for number in range(60):
        given = drawn(draw, definition, share=1 if number % 2 else 0.9)
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
                assert (after(gap.to_band).at_least or 0) >= band.score
                assert (after(gap.to_band - 1).at_least or 0) < band.score
                reached += 1
            elif band is not None:
                assert (after(room).at_least or 0) < band.score
            looked += 1
    assert looked > 500
    assert reached > 50


def test_tra_vinh_lacked_1494_online_dossiers_in_october_2023(definition: Definition) -> None:
    lacking = gaps(definition, counted({"3.3": (15247, 33482)}))
    assert lacking["3.3"].to_full == 1494


def test_a_row_that_is_full_or_has_no_denominator_lacks_nothing(definition: Definition) -> None:
    lacking = gaps(definition, counted({"3.3": (6, 10), "1.1": (0, 0), "2.1": (1, 2)}))
    assert set(lacking) == {"3.3", "2.1"}
    assert lacking["3.3"].to_full == 0
