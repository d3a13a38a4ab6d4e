"""One electronic code in all its spellings, and the traps of its text (one_stop_systems.md quirk d.5)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.catalog import load_catalog
from motcua.errors import CatalogError
from motcua.settings import Settings
from motcua.units.codes import UnitCodes
from motcua.units.electronic_codes import normal_form, order

CATALOG = load_catalog(Settings.load().catalog_dir)
CODES = UnitCodes(CATALOG)
OCTOBER_2023, TODAY = date(2023, 10, 1), date(2026, 11, 22)


@pytest.mark.parametrize(
    ("spelling", "form"),
    [
        ("000.00.53.H48", "H48.53"),
        ("H48.53", "H48.53"),
        (" h48. 53\u200b", "H48.53"),
        ("000.00.00.H37", "H37"),
        ("H37", "H37"),
        ("H37.00.00", "H37"),
        ("000.01.21.H59", "H59.21.01"),
        ("005.02.21.H62", "H62.21.02.005"),
        ("H44.100", "H44.100"),
        ("G09.20", "G09.20"),
        ("000.00.00.G22", "G22"),
        ("H15.50.05.13", "H15.50.05.13"),
    ],
)
def test_every_spelling_of_a_code_has_one_form(spelling: str, form: str) -> None:
    assert normal_form(spelling) == form


@pytest.mark.parametrize(
    "text",
    ["", "84", "29236", "UBND xã Lâm Thao", "H4", "H444", "H44.1", "H44.1000", "000.53.H48", "H44-13", "000.00.00.h"],
)
def test_a_text_that_is_not_an_electronic_code_has_no_normal_form(text: str) -> None:
    assert normal_form(text) is None


LEVELS = st.lists(st.integers(1, 99).map("{:02d}".format), max_size=2)


@given(st.from_regex(r"[A-Z][0-9]{2}", fullmatch=True), LEVELS)
def test_the_older_and_the_newer_spelling_of_a_code_have_one_normal_form(first: str, levels: list[str]) -> None:
    newer = ".".join([first, *levels])
    older = ".".join(["000", *reversed([*levels, "00", "00"][:2]), first])
    assert normal_form(newer) == normal_form(older) == newer


def test_department_h44_13_sorts_before_ward_h44_129_though_its_text_comes_after() -> None:
    codes = ["H44.129", "H44.13", "H44.100", "H44", "H44.13.02"]
    assert sorted(codes) != sorted(codes, key=order)
    assert sorted(codes, key=order) == ["H44", "H44.13", "H44.13.02", "H44.100", "H44.129"]


def test_the_34_codes_of_one_export_mean_34_provinces_lang_son_in_the_older_writing_too() -> None:
    exported = [entry for entry in CATALOG.agency_codes if "export of October 2025" in entry.evidence]
    assert {entry.code for entry in exported} >= {"000.00.00.H37", "H05", "H44"}
    provinces = {CATALOG.province_of(CODES.resolve(TODAY, entry.code).unit_id).code for entry in exported}
    assert len(exported) == len(provinces) == 34
    assert CODES.resolve(TODAY, "h37") == CODES.resolve(TODAY, "000.00.00.H37")


@pytest.mark.parametrize(("day", "unit_id"), [(OCTOBER_2023, "96-TTPVHCC:2020"), (TODAY, "96-TTPVHCC:2025")])
def test_a_code_means_the_unit_of_the_day(day: date, unit_id: str) -> None:
    assert CODES.resolve(day, "H12").unit_id == CODES.resolve(day, "000.00.00.H12").unit_id == unit_id


def test_a_code_of_a_unit_that_ended_is_refused_with_its_successor() -> None:
    with pytest.raises(
        CatalogError,
        match=r"'000\.00\.21\.H59' means no unit on 2026-11-22\. From 2020-01-01 to 2025-06-30 it means 842:2020 "
        r"\(Thành phố Trà Vinh\), succeeded by 86-TTPVHCC:2025 .* on 2025-07-01",
    ):
        CODES.resolve(TODAY, "000.00.21.H59")


def test_a_code_seen_only_after_the_reform_is_refused_before_it() -> None:
    with pytest.raises(CatalogError, match=r"From 2025-07-01 to now it means 25-TTPVHCC:2025"):
        CODES.resolve(OCTOBER_2023, "H44")


def test_an_unknown_code_is_refused_with_the_nearest_known_codes() -> None:
    with pytest.raises(
        CatalogError, match=r"No unit has .* 'H59\.21\.99'\. Known at and below H59\.21: H59\.21, H59\.21\.01"
    ):
        CODES.resolve(OCTOBER_2023, "H59.21.99")
    with pytest.raises(CatalogError, match=r"No unit has the code or name 'H99\.01'\. What to do"):
        CODES.resolve(OCTOBER_2023, "H99.01")


def test_a_name_of_several_units_is_refused_with_all_of_them(tmp_path: Path) -> None:
    files = {
        "units/units.csv": "unit_id,code,kind,level,parent_id,name,valid_from,valid_to,evidence\n"
        "p,01,province,province,,Tỉnh P,2025-07-01,,t\n"
        "a,10001,commune,commune,p,Xã An,2025-07-01,,t\nb,10002,commune,commune,p,Xã An,2025-07-01,,t\n",
        "sources/s.yaml": "sources:\n  - {source_id: s, name: x, system_code: x, adapter: files,"
        " options: {path: x}, level: province, unit_id: p, valid_from: 2025-07-01}\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"'xã an' means 2 units on 2026-11-22: a \(Xã An\), b \(Xã An\)"):
        UnitCodes(load_catalog(tmp_path)).resolve(TODAY, "xã an", "s")
