"""Cut resolution times against the figures two provinces published."""

from __future__ import annotations

import random
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from tests.unit.procedures.conftest import MakeCatalog

from motcua.catalog import Procedure
from motcua.errors import CatalogError
from motcua.procedures.cuts import CutBand, CutRow, saved_pct, time_cuts
from motcua.settings import Settings

PUBLISHED = Settings.load().shipped_catalog_dir / "published_figures.csv"


def rows_of(times: list[tuple[str, str, str]], province: str) -> list[str]:
    """One row of the province for each (statutory, announced, from day), codes counted up, in no order."""
    lines = [
        f"1.{number:06d},P{number},f,F,province,{province},{statutory},working_days,{announced},working_days,,,,,,{first},,t"
        for number, (statutory, announced, first) in enumerate(times, start=1)
    ]
    random.Random(7).shuffle(lines)
    return lines


def test_tra_vinh_of_october_2019_is_reproduced_from_a_catalogue_with_its_counts(make_catalog: MakeCatalog) -> None:
    half = [(str(limit), str(limit // 2), "2018-01-01") for limit in (10, 14, 20, 7)] * 404 + [
        ("8", "1", "2018-01-01")
    ] * 3
    third = [("15", "10", "2018-01-01"), ("30", "16", "2018-01-01")] * 49
    same = [("5", "5", "2018-01-01")] * 232
    catalog = make_catalog(*rows_of([*half, *third, *same], "84"))
    found = {row.band.code: row for row in time_cuts(catalog, date(2019, 10, 15), "84", PUBLISHED).rows}
    shares = {code: (found[code].count, found[code].base, found[code].share_pct, found[code].agrees) for code in found}
    assert shares["cut_by_half"] == (1619, 1949, 83.07, True)
    assert shares["cut_by_third"] == (98, 1949, 5.03, True)
    assert shares["unchanged"] == (232, 1949, 11.90, True)
    assert shares["cut"] == (1717, 1949, 88.10, None)
    assert (shares["cut_by_less"][0], shares["longer"][0]) == (0, 0)


def test_ca_mau_of_2023_is_reproduced_from_a_catalogue_with_its_counts(make_catalog: MakeCatalog) -> None:
    recent = [("10", "8", "2021-01-01"), ("10", "2", "2022-06-01")] * 196
    before = [("10", "5", "2020-12-31")] * 1000 + [("10", "9", "2022-01-01")] * 107
    same = [("5", "5", "2020-01-01")] * 509
    catalog = make_catalog(*rows_of([*recent, *before, *same], "96"))
    found = {row.band.code: row for row in time_cuts(catalog, date(2023, 5, 31), "96", PUBLISHED).rows}
    assert (found["cut"].count, found["cut"].base, found["cut"].share_pct) == (1499, 2008, 74.65)
    assert (found["cut_20_to_80"].count, found["cut_20_to_80"].agrees) == (392, True)
    assert found["cut"].agrees
    assert not time_cuts(catalog, date(2020, 12, 31), "96").rows[-1].count


def test_a_figure_that_differs_from_the_published_one_is_reported(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(*rows_of([("10", "5", "2018-01-01")], "84"))
    found = time_cuts(catalog, date(2019, 10, 15), "84", PUBLISHED).rows[0]
    assert (found.count, found.published, found.agrees) == (1, (1619, 1949), False)


@pytest.mark.parametrize(
    ("statutory", "announced", "saved"),
    [
        (("10", "working_days"), ("5", "working_days"), Fraction(50)),
        (("3", "working_days"), ("2", "working_days"), Fraction(100, 3)),
        (("2", "working_days"), ("8", "working_hours"), Fraction(50)),
        (("2", "working_days"), ("", "same_day"), Fraction(50)),
        (("5", "working_days"), ("6", "working_days"), Fraction(-20)),
        (("20", "calendar_days"), ("15", "calendar_days"), Fraction(25)),
        (("20", "calendar_days"), ("10", "working_days"), None),
        (("", ""), ("5", "working_days"), None),
        (("5", "working_days"), ("", ""), None),
        (("", "same_day"), ("", "same_day"), Fraction(0)),
    ],
)
def test_savings_are_exact_and_units_that_cannot_be_compared_are_not_compared(
    statutory: tuple[str, str], announced: tuple[str, str], saved: Fraction | None
) -> None:
    row = Procedure.model_validate(
        {"code": "1.000001", "name": "N", "field_code": "f", "field_name": "F", "level": "commune", "evidence": "e",
         "valid_from": "2020-01-01", "time_limit": statutory[0], "time_unit": statutory[1],
         "announced_limit": announced[0], "announced_unit": announced[1]}
    )  # fmt: skip
    assert saved_pct(row, 8.0) == saved


def test_a_procedure_of_two_levels_counts_once_and_one_without_an_announced_time_not_at_all(
    make_catalog: MakeCatalog,
) -> None:
    row = "1.000001,N,f,F,{},84,10,working_days,{},,,,,,,2020-01-01,,t"
    lone = "1.000002,N,f,F,commune,,10,working_days,,,,,,,,2020-01-01,,t"
    found = time_cuts(make_catalog(row.format("commune", 5), row.format("district", 7), lone), date(2023, 1, 1), "84")
    counted = {one.band.code: one.count for one in found.rows}
    assert (found.base, found.not_comparable, counted["cut_by_half"], counted["cut_by_less"]) == (1, 1, 0, 1)


def test_classes_with_a_gap_are_refused(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(*rows_of([("10", "5", "2018-01-01")], "84"))
    path = catalog.folder / "procedures" / "cuts.yaml"
    path.write_text("parts: [{code: a, from_pct: 60, vi: a, en: a}]\nevidence: e\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"a cut of 50\.00 % is in no class"):
        time_cuts(catalog, date(2019, 1, 1), "84")


@pytest.mark.parametrize(
    ("count", "base", "share"), [(1, 3, 33.33), (2, 3, 66.67), (1, 8, 12.5), (1, 800, 0.13), (0, 0, None)]
)
def test_a_share_is_rounded_half_up_and_blank_without_a_base(count: int, base: int, share: float | None) -> None:
    band = CutBand(code="a", from_pct=0, vi="a", en="a")
    assert CutRow(band, count, base).share_pct == share


def test_the_published_file_holds_what_is_compared() -> None:
    text = Path(PUBLISHED).read_text(encoding="utf-8")
    assert ",1619,1949," in text
    assert ",392,," in text
