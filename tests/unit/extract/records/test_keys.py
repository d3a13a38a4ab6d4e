"""The key of a dossier: one for every spelling of a number, another for every other number, office, year and place."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from motcua.extract.records.convert import Problem
from motcua.extract.records.keys import KeyMaker, normalised, spelled_alike, states_year
from motcua.extract.records.privacy import MASKED
from motcua.extract.records.rules import CodeRule, KeyRule

DAY = date(2025, 10, 6)
SPACES = " \u00a0\u2009\u3000\t\n\u200b\ufeff\u2060\u00ad"


def rule(**values: Any) -> KeyRule:
    return KeyRule(**{"as": "key", "key": "Số", **values})


def keys(
    numbers: list[Any], *, days: list[date | None] | None = None, columns: dict[str, list[Any]] | None = None,
    since: tuple[date, ...] = (), **values: Any
) -> list[Any]:  # fmt: skip
    made = KeyMaker(rule(**values), frozenset({None, ""}), since)
    return made.keys({"Số": numbers, **(columns or {})}, days or [DAY] * len(numbers))


def key(number: Any, **values: Any) -> Any:
    [made] = keys([number], **values)
    return made


@pytest.mark.parametrize(
    ("number", "made"),
    [
        ("0001", "1/2025"),
        (1, "1/2025"),
        (1.0, "1/2025"),
        ("1.0", "1/2025"),
        ("'0001", "1/2025"),
        ("0001/2025", "1/2025"),
        ("0001/2024", "1/2024"),  # the year that it states is the year
        ("pa-0012", "PA-12/2025"),
        ("PA – 12", "PA-12/2025"),
        ("HS 001", "HS1/2025"),
        ("1 12", "1 12/2025"),
        ("11 2", "11 2/2025"),
        ("HS-2024", "HS-2024/2025"),  # the 2024th of its year
        ("2025", "2025/2025"),
        ("1.05", "1.05/2025"),  # zeros after a point are not in front
        ("000.01.21.H59-231002-0001", "000.01.21.H59-231002-0001"),  # names its office
        ("h59.01-231002-0001", "H59.01-231002-0001"),
        ("12/Đ", "12/Đ/2025"),
        ("12/\u00d0", "12/Đ/2025"),
    ],
)
def test_a_number_becomes_its_one_spelling_and_its_year(number: Any, made: str) -> None:
    assert key(number, patterns=[r"\d+ \d+"]) == made


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (date(2025, 10, 1), "Excel read it as a day"),
        (datetime(2025, 10, 1), "Excel read it as a day"),
        (1.5, "Excel read it as a fraction"),
        (True, "not a number"),
        ("1|2", "part a key"),
        ("1~2", "part a key"),
    ],
)
def test_what_is_no_number_is_told_with_the_reason(number: Any, why: str) -> None:
    problem = key(number)
    assert isinstance(problem, Problem)
    assert why in problem.why


@pytest.mark.parametrize(
    "number",
    ["Nguyễn Văn Mẫu", "184099000001", "084099000001", "0912 345 678", 184099000001, 84099000001, 912345678, "a@b.vn"],
)
def test_what_may_be_personal_is_masked_whatever_the_type_of_its_cell(number: Any) -> None:
    assert key(number).instead == MASKED
    made = KeyMaker(CodeRule(**{"as": "code", "key": "Số"}), frozenset({None}))
    assert made.keys({"Số": [number]}, [DAY])[0].instead == MASKED


def test_a_long_number_that_the_mapping_vouches_for_is_kept() -> None:
    assert key(202510000123, patterns=[r"2025\d{8}"]) == "202510000123/2025"
    assert key("hs 000000001 a", patterns=[r"HS\d{9}A"]) == "HS1A/2025"  # in either spelling of zeros and case


def test_zeros_and_letter_case_are_kept_where_the_mapping_says_so() -> None:
    assert keys(["01a", "1A"], zeros="keep", case="keep") == ["01a/2025", "1A/2025"]


def test_a_number_is_of_the_year_in_which_its_dossier_was_received() -> None:
    assert keys([7, 7], days=[date(2024, 12, 31), date(2025, 1, 1)]) == ["7/2024", "7/2025"]
    [made] = keys([7], days=[None])
    assert "no day" in made.why
    assert keys(["7/2024"], days=[None]) == ["7/2024"]


def test_books_sheets_months_and_words_keep_one_number_apart() -> None:
    unique_in = ["year", "sheet", {"column": "Quyển"}, {"literal": "HT"}]
    columns = {"(sheet)": ["T9", "T9", "T10"], "Quyển": ["01", 2, 1]}
    assert keys([7, 7, 7], unique_in=unique_in, columns=columns) == [
        "7/2025|T9|1|HT",
        "7/2025|T9|2|HT",
        "7/2025|T10|1|HT",
    ]
    assert keys([7, 7], unique_in=["month"], columns={"(month)": ["2025-09", "2025-10"]}) == ["7|2025-09", "7|2025-10"]
    assert keys([7], unique_in=[]) == ["7"]


def test_a_sheet_that_may_be_named_after_a_person_is_not_told_but_keeps_its_numbers_apart() -> None:
    columns = {"(sheet)": ["Chị Hoa", "chị  hoa", "Chị Hà"]}
    first, same, other = keys([7, 7, 7], unique_in=["sheet"], columns=columns)
    assert (first == same, first == other, "HOA" in first) == (True, False, False)


def test_a_record_without_a_part_of_its_key_has_none() -> None:
    unique_in = [{"column": "Quyển"}]
    missing, wrong = keys([7, 7], unique_in=unique_in, columns={"Quyển": [None, date(2025, 1, 2)]})
    assert "no Quyển" in missing.why
    assert "day" in wrong.why
    assert keys([None, ""], unique_in=unique_in, columns={"Quyển": ["1", "1"]}) == [None, None]


def test_a_new_numbering_begins_on_its_day() -> None:
    since = (date(2025, 7, 1), date(2026, 1, 1))
    days = [date(2025, 6, 30), date(2025, 7, 1), date(2026, 2, 1), None]
    *made, unknown = keys([7, 7, 7, 7], days=days, since=since, unique_in=[])
    assert made == ["7", "7~2025-07-01", "7~2026-01-01"]
    assert "no day" in unknown.why


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"unique_in": ["office"]}, "unique_in"),
        ({"unique_in": [{"literal": "a|b"}]}, "literal"),
        ({"zeros": "all"}, "zeros"),
        ({"patterns": ["("]}, "regular expression"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        rule(**values)


numbers = st.from_regex(r"[A-Z]{0,3}-?[1-9][0-9]{0,3}(/20[0-9]{2})?(/[A-Z]{2})?", fullmatch=True)


@settings(suppress_health_check=[HealthCheck.too_slow])  # drawing is slow on a machine that does other work
@given(numbers, st.data())
def test_any_spelling_of_a_number_makes_one_key(number: str, data: st.DataObject) -> None:
    spelled = ""
    for at, letter in enumerate(number):
        is_first_digit = letter.isdigit() and not number[at - 1 : at].isdigit()
        if is_first_digit and not spelled.endswith(tuple("0123456789")):
            spelled += "0" * data.draw(st.integers(0, 4))
        spelled += data.draw(st.sampled_from([letter, letter.lower()]))
        if letter in "-/" or number[at + 1 : at + 2] in ("-", "/", ""):
            spelled += "".join(data.draw(st.lists(st.sampled_from(SPACES), max_size=2)))
    spelled = spelled.replace("-", data.draw(st.sampled_from("-\u2013\u2212\u2011")))
    assert key(spelled) == key(number)
    assert spelled_alike([spelled, number]) in ([], [tuple(sorted({spelled, number}))])
    if spelled != number:
        assert spelled_alike([spelled, number])


@given(st.integers(1, 10**8 - 1))
def test_a_number_as_text_with_zeros_as_an_integer_and_as_a_float_makes_one_key(number: int) -> None:
    assert len({key(form) for form in (number, float(number), f"{number:08d}", f" {number} ")}) == 1


parts = st.tuples(numbers, st.sampled_from([2024, 2025]), st.sampled_from(["T9", "T10"]), st.integers(1, 30))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(parts, parts)
def test_two_dossiers_have_one_key_only_where_number_year_and_place_are_the_same(
    one: tuple[str, int, str, int], other: tuple[str, int, str, int]
) -> None:
    rows = [one, other]
    first, second = keys(
        [row[0] for row in rows],
        days=[date(row[1], 5, 5) for row in rows],
        columns={"(sheet)": [row[2] for row in rows], "Quyển": [row[3] for row in rows]},
        unique_in=["year", "sheet", {"column": "Quyển"}],
    )

    def meant(row: tuple[str, int, str, int]) -> tuple[Any, ...]:
        number = str(normalised(row[0]))
        return (number if states_year(number) else f"{number}/{row[1]}", *row[2:])

    assert (first == second) is (meant(one) == meant(other))
