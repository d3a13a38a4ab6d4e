"""Stated percentages against the counts that came with them."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from motcua.errors import InputRefused
from motcua.reconcile.stated import Stated, check_file, check_stated
from motcua.settings import Settings

PUBLISHED = Settings.load().shipped_catalog_dir / "published_figures.csv"


def stated(numerator: int, denominator: int, percentage: str) -> Stated:
    return check_stated(Decimal(numerator), Decimal(denominator), Decimal(percentage))


def test_the_published_figures_hold_two_that_disagree_one_truncated_and_one_with_two_bases() -> None:
    found = check_file(PUBLISHED)
    wrong = {one.label.rsplit(", ", 1)[1]: one for one in found if one.is_wrong and "Trà Vinh" not in one.label}
    assert {name: one.verdict for name, one in wrong.items()} == {
        "online_share": "disagrees", "procedures_time_cut": "truncated", "procedures_in_force": "two_bases",
    }  # fmt: skip
    [tra_vinh] = [one for one in found if one.is_wrong and "Trà Vinh" in one.label]
    assert (tra_vinh.verdict, tra_vinh.recomputed) == ("disagrees", Decimal("45.54"))
    assert (tra_vinh.implied_numerator, tra_vinh.implied_denominator) == (14809, 34472)
    tien_giang = wrong["online_share"]
    assert (tien_giang.recomputed, tien_giang.implied_numerator) == (Decimal("7.06"), 21518)
    bases = wrong["procedures_in_force"]
    assert (bases.numerator, bases.other_base, found[12].row, bases.other_row) == (1986, 2008, 14, 14)
    assert "nêu 1.986, còn tỷ lệ ở dòng 14 tính trên 2.008" in bases.sentence("vi")
    assert "15,247 / 33,482 = 45.54 %, stated 44.23 %; it would take ≈ 14,809" in tra_vinh.sentence("en")


@pytest.mark.parametrize(
    ("numerator", "denominator", "percentage", "verdict"),
    [
        (15247, 33482, "45.54", "agrees"), (15247, 33482, "45.5", "agrees"), (15247, 33482, "46", "agrees"),
        (15247, 33482, "45.53", "truncated"), (15247, 33482, "45.55", "disagrees"), (1499, 2008, "74.7", "agrees"),
        (1499, 2008, "74", "truncated"), (1, 8, "12.5", "agrees"), (1, 8, "12.50", "agrees"), (1, 8, "13", "agrees"),
        (1, 8, "12", "truncated"), (110, 110, "100", "agrees"), (0, 5, "0", "agrees"),
        (3, 2, "150", "part_exceeds_whole"), (0, 0, "0", "no_counts"),
    ],
)  # fmt: skip
def test_a_percentage_is_judged_at_its_own_precision(
    numerator: int, denominator: int, percentage: str, verdict: str
) -> None:
    assert stated(numerator, denominator, percentage).verdict == verdict


def test_a_figure_without_counts_or_without_a_percentage_is_not_judged() -> None:
    assert check_stated(None, Decimal(177640), Decimal("98.57")).verdict == "no_counts"
    assert check_stated(Decimal(38), Decimal(40), None).verdict == "no_percentage"


def test_every_right_rounding_agrees_and_no_other_does() -> None:
    draw = random.Random(15)
    for _ in range(5000):
        whole = draw.randint(1, 400_000)
        part, places = draw.randint(0, whole), draw.randint(0, 3)
        exact = Fraction(100 * part, whole)
        right = Decimal((2 * exact * 10**places + 1) // 2).scaleb(-places)
        step = Decimal(1).scaleb(-places)
        assert check_stated(Decimal(part), Decimal(whole), right).verdict == "agrees"
        above = check_stated(Decimal(part), Decimal(whole), right + step).verdict
        assert above == "disagrees"
        below = check_stated(Decimal(part), Decimal(whole), right - step).verdict
        assert below == ("truncated" if Fraction(right) > exact else "disagrees")


def put(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "figures.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_file_needs_counts_and_percentages_only_and_may_be_written_as_people_do(tmp_path: Path) -> None:
    path = put(tmp_path, "numerator,denominator,stated", '15.247,"33,482","45,54 %"', "1,2,", ",,99")
    assert [(one.row, one.verdict) for one in check_file(path)] == [
        (2, "agrees"), (3, "no_percentage"), (4, "no_counts"),
    ]  # fmt: skip


def test_a_total_that_fits_the_base_or_stands_in_another_text_is_no_second_base(tmp_path: Path) -> None:
    head = "period_label,metric,numerator,denominator,stated,unit"
    rows = ("a,procedures_cut,5,10,50,percent", "a,procedures_in_force,10,,,procedures",
            "b,procedures_in_force,9,,,procedures",
            "b,procedures_cut_deeply,8,,,procedures",
            "a,dossiers_received,12,,,dossiers", "b,procedures_cut,9,10,90,percent")  # fmt: skip
    assert [one.verdict for one in check_file(put(tmp_path, head, *rows))] == [
        "agrees", "no_percentage", "two_bases", "no_percentage", "no_percentage", "agrees",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("numerator,stated", "1,2"), r"figures\.csv:1: the columns denominator are missing"),
        (("numerator,denominator,stated", "1,x,2"), r"figures\.csv:2: denominator is not a number"),
        (("numerator,denominator,stated", "-1,5,2"), r"figures\.csv:2: numerator is not a number"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    with pytest.raises(InputRefused, match=told):
        check_file(put(tmp_path, *lines))
    with pytest.raises(InputRefused, match="No such file"):
        check_file(tmp_path / "none.csv")
