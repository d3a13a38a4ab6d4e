"""The units of the whole country, before and after 1 July 2025, as the shipped catalogue holds them."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.catalog import Catalog, Unit, load_catalog
from motcua.period import Period
from motcua.publish.form.figures import units_in_force
from motcua.settings import Settings

EVE, REFORM, TODAY = date(2025, 6, 30), date(2025, 7, 1), date(2026, 11, 22)
CATALOG = load_catalog(Settings.load().catalog_dir)


def in_force(day: date) -> list[Unit]:
    return [unit for unit in CATALOG.units if unit.kind != "agency" and unit.holds_on(day)]


def heir_of(unit_id: str) -> str:
    """Follow the heirs of a unit to the one that has none; each step must have exactly one."""
    while CATALOG.unit_by_id[unit_id].valid_to is not None:
        [unit_id] = [row.successor_id for row in CATALOG.successions_from[unit_id] if row.is_heir]
    return unit_id


@pytest.mark.parametrize(
    ("day", "provinces", "districts", "communes"),
    [
        (date(2022, 7, 1), 63, 705, 10_599),
        (date(2024, 10, 31), 63, 705, 10_599),
        (date(2024, 11, 1), 63, 696, 10_035),
        (EVE, 63, 696, 10_035),
        (REFORM, 34, 0, 3_321),
        (TODAY, 34, 0, 3_321),
    ],
)
def test_each_day_has_the_units_that_were_counted_for_it(
    day: date, provinces: int, districts: int, communes: int
) -> None:
    assert Counter(unit.level for unit in in_force(day)) == Counter(
        province=provinces, district=districts, commune=communes
    )


@pytest.mark.parametrize("day", [date(2020, 1, 1), date(2024, 11, 1), EVE, REFORM])
def test_no_code_means_two_units_on_one_day(day: date) -> None:
    assert [code for code, times in Counter(unit.code for unit in in_force(day)).items() if times > 1] == []


def test_the_parent_of_a_unit_is_in_force_as_long_as_the_unit() -> None:
    for unit in CATALOG.units:
        if unit.parent_id is not None:
            parent = CATALOG.unit_by_id[unit.parent_id]
            assert parent.holds_on(unit.valid_from), unit
            assert parent.valid_to is None or (unit.valid_to is not None and unit.valid_to <= parent.valid_to), unit


def test_code_82_means_tien_giang_before_the_reform_and_dong_thap_after_it() -> None:
    assert CATALOG.unit("82", EVE).name == "Tỉnh Tiền Giang"
    assert CATALOG.unit("82", REFORM).name == "Tỉnh Đồng Tháp"
    assert {row.predecessor_id for row in CATALOG.successions_to["82:2025"]} == {"82:2020", "87:2020"}


@pytest.mark.parametrize(
    ("new", "olds", "communes"),
    [("86", "83 84 86", 124), ("82", "82 87", 102), ("96", "95 96", 64), ("25", "17 25 26", 148)],
)
def test_the_provinces_of_the_published_figures_became_those_of_the_law(new: str, olds: str, communes: int) -> None:
    """domain.md §5.3; each has its centre, which took over from the centres of old."""
    below = CATALOG.subtree(f"{new}:2025")
    assert Counter(unit.kind for unit in below) == Counter(province=1, agency=1, commune=communes)
    assert {row.predecessor_id for row in CATALOG.successions_to[f"{new}:2025"]} == {
        f"{old}:2020" for old in olds.split()
    }
    from_centres = {
        row.predecessor_id
        for row in CATALOG.successions_to[f"{new}-TTPVHCC:2025"]
        if row.predecessor_id.endswith("TTPVHCC:2020")
    }
    assert from_centres == {f"{old}-TTPVHCC:2020" for old in olds.split()} & set(CATALOG.unit_by_id)


def test_the_eleven_provinces_that_the_reform_did_not_change_stay_the_same_units() -> None:
    lasting = {unit.code for unit in in_force(REFORM) if unit.level == "province" and unit.holds_on(EVE)}
    assert lasting == {"01", "04", "11", "12", "14", "20", "22", "38", "40", "42", "46"}


def test_every_unit_has_one_line_of_heirs_to_a_unit_in_force_today() -> None:
    for unit in CATALOG.units:
        assert CATALOG.unit_by_id[heir_of(unit.unit_id)].holds_on(TODAY), unit


@settings(max_examples=200, deadline=None)
@given(st.dates(date(2020, 1, 1), TODAY), st.data())
def test_the_heir_of_every_unit_is_in_the_successor_of_its_province(day: date, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(in_force(day)))
    heir = heir_of(unit.unit_id)
    assert CATALOG.province_of(heir).unit_id == heir_of(CATALOG.province_of(unit.unit_id).unit_id)


def test_every_new_commune_has_a_predecessor_also_the_five_special_zones_without_communes_before() -> None:
    new = {unit.unit_id: unit for unit in CATALOG.units if unit.valid_from == REFORM and unit.kind == "commune"}
    from_communes = {
        unit_id
        for unit_id in new
        if any(
            CATALOG.unit_by_id[row.predecessor_id].level == "commune" for row in CATALOG.successions_to.get(unit_id, ())
        )
    }
    zones = {new[unit_id].name: CATALOG.successions_to[unit_id] for unit_id in new.keys() - from_communes}
    assert {name.removeprefix("Đặc khu ") for name in zones} == {
        "Bạch Long Vĩ", "Cồn Cỏ", "Hoàng Sa", "Lý Sơn", "Côn Đảo",
    }  # fmt: skip
    for name, [row] in zones.items():
        assert CATALOG.unit_by_id[row.predecessor_id].name == name.replace("Đặc khu", "Huyện")
        assert row.evidence.startswith("inferred")


def test_evidence_states_unknown_days_and_marks_guesses() -> None:
    for unit in CATALOG.units:
        if date(2024, 11, 1) in (unit.valid_from, unit.valid_to and unit.valid_to + timedelta(days=1)):
            assert "the day is unknown" in unit.evidence
            assert "convention" in unit.evidence
    between = [row for row in CATALOG.successions if row.on == date(2024, 11, 1)]
    assert all("the day is unknown" in row.evidence for row in between)
    vanished = [row for row in between if row.predecessor_id.partition(":")[0] != row.successor_id.partition(":")[0]]
    assert all(row.evidence.startswith(("inferred: ", "unknown: ")) for row in vanished)
    assert {CATALOG.unit_by_id[row.successor_id].kind for row in vanished if row.evidence.startswith("unknown")} == {
        "district"
    }


@pytest.mark.parametrize(
    ("vanished", "heir", "reason"),
    [
        ("32011:2020", "32002:2020", "bears its name"),  # Cà Mau: Phường 4 is called Phường 2 since
        ("09109:2020", "09097:2020", "joins words of both"),  # Cao Đại is in Sao Đại Việt
        ("09094:2020", "09097:2020", "joins words of both"),  # so is Việt Xuân
        ("13702:2020", "356:2020", "unknown"),  # Lộc An is not in Mỹ Lộc, whose Lộc is the township's of that name
        ("29245:2020", "842:2020", "unknown"),
        ("221:2020", "213:2020", "17 of its communes"),
    ],
)
def test_a_vanished_unit_has_the_heir_inferred_from_names(vanished: str, heir: str, reason: str) -> None:
    [row] = [row for row in CATALOG.successions_from[vanished] if row.is_heir]
    assert (row.successor_id, reason in row.evidence) == (heir, True)


def test_a_commune_moved_to_another_district_is_a_new_unit_and_the_heir_of_the_old_one() -> None:
    moved = [row for row in CATALOG.successions if row.predecessor_id.replace(":2020", ":2024") == row.successor_id]
    assert len(moved) == 148
    for row in moved:
        old, new = CATALOG.unit_by_id[row.predecessor_id], CATALOG.unit_by_id[row.successor_id]
        assert row.is_heir
        assert old.parent_id != new.parent_id


def test_a_unit_that_was_only_renamed_stays_the_same_unit_under_two_names() -> None:
    assert CATALOG.name_of("816:2020", date(2023, 1, 1)) == "Thị xã Gò Công"
    assert CATALOG.name_of("816:2020", EVE) == "Thành phố Gò Công"
    assert CATALOG.name_of("46:2020", TODAY) == "Thành phố Huế"


def test_units_of_the_whole_country_add_no_row_to_the_report_of_one_province() -> None:
    october = Period("CAL_MONTH", "2023-10", date(2023, 10, 1), date(2023, 10, 31))
    assert len(units_in_force(CATALOG.subtree("84:2020"), october)) == 1 + 9 + 106
    july = Period("CAL_MONTH", "2025-07", date(2025, 7, 1), date(2025, 7, 31))
    assert len(units_in_force(CATALOG.subtree("86:2025"), july)) == 1 + 124


def test_the_catalogue_loads_in_well_under_half_a_second() -> None:
    def load() -> float:
        load_catalog.cache_clear()
        start = time.process_time()
        loaded: Catalog = load_catalog(Settings.load().catalog_dir)
        assert len(loaded.units) > 14_000
        return time.process_time() - start

    assert min(load() for _ in range(3)) < 0.5
