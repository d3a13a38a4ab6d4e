"""The national lists of the catalogue are made from the public lists, and from nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from motcua.errors import CatalogError
from motcua.settings import PROJECT_ROOT
from motcua.units.changes import Changes
from motcua.units.history import HEIRS_OF_DISTRICTS, HEIRS_OF_VANISHED, build_files
from motcua.units.lists import Listed, read_unit_lists

LISTS = PROJECT_ROOT / "include" / "reference" / "units"
UNITS = PROJECT_ROOT / "include" / "catalog" / "units"


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LISTS, tmp_path / "lists"))


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_files_equal_those_built_from_the_lists_byte_for_byte() -> None:
    _, files = build_files(LISTS, UNITS)
    assert {name: (UNITS / name).read_text(encoding="utf-8") for name in files} == files


def test_a_district_with_a_row_of_its_own_has_another_heir_than_the_rule_says(tmp_path: Path) -> None:
    heirs = tmp_path / HEIRS_OF_DISTRICTS
    shutil.copy(UNITS / HEIRS_OF_DISTRICTS, heirs)
    before = build_files(LISTS, tmp_path)[1]
    with heirs.open("a", encoding="utf-8") as file:
        file.write("842,29254:2025,Quyết định of the province\n")
    after = build_files(LISTS, tmp_path)[1]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"succession-2025-districts.csv"}
    name = changed.pop()
    assert set(after[name].splitlines()) - set(before[name].splitlines()) == {
        "842:2020,29254:2025,2025-07-01,1,Quyết định of the province"
    }


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("district_code,heir_id,evidence\n999,x,y\n*,a,b\n", r"district_heirs\.csv:2: 999 is not a district"),
        ("district_code,heir_id,evidence\n842,x,y\n", r"the row `\*` is missing"),
        ("district_code,heir_id,evidence\n*,x,\n", r"district_heirs\.csv:2: evidence"),
    ],
)
def test_a_wrong_heir_of_a_district_is_refused_by_file_and_line(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / HEIRS_OF_DISTRICTS).write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=what):
        build_files(LISTS, tmp_path)


def test_a_known_heir_of_a_vanished_commune_takes_precedence_over_names(tmp_path: Path) -> None:
    shutil.copy(UNITS / HEIRS_OF_DISTRICTS, tmp_path)
    (tmp_path / HEIRS_OF_VANISHED).write_text(
        "code,heir_code,evidence\n29245,29239,Nghị quyết of the test\n448,436,Nghị quyết of the test\n",
        encoding="utf-8",
    )
    rows = build_files(LISTS, tmp_path)[1]["succession-2024.csv"].splitlines()
    given = [row.split(",")[:4] for row in rows]
    assert [row for row in given if row[0] == "29245:2020"] == [["29245:2020", "29239:2020", "2024-11-01", "1"]]
    assert sorted(row[1::2] for row in given if row[0] == "448:2020") == [["436:2020", "1"], ["445:2020", "0"]]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("29236,29239,x", r"vanished_heirs\.csv:2: 29236 did not vanish"),
        ("29245,29251,x", r"vanished_heirs\.csv:2: 29251 is not a unit of units_2025-06-30\.csv"),
    ],
)
def test_an_impossible_heir_is_refused_by_file_and_line(tmp_path: Path, row: str, what: str) -> None:
    shutil.copy(UNITS / HEIRS_OF_DISTRICTS, tmp_path)
    (tmp_path / HEIRS_OF_VANISHED).write_text(f"code,heir_code,evidence\n{row}\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=what):
        build_files(LISTS, tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new", "what"),
    [
        (
            "units_2022.csv",
            "province,02,,",
            "province,01,,",
            r"units_2022\.csv:3: the code 01 is listed twice, first in line 2",
        ),
        ("units_2022.csv", "province,02,,", "region,02,,", r"units_2022\.csv:3: 'region' is not a level"),
        (
            "units_2025-06-30.csv",
            "district,842,84,",
            "district,842,85,",
            r"842 is under '85', which is not a province",
        ),
        ("units_2025-07-01.csv", "level,code", "code,level", r"units_2025-07-01\.csv:1: the columns are code, level"),
        ("province_succession_2025-07-01.csv", "84,86", "84,84", r":\d+: '84' is not a province of the list"),
        ("province_succession_2025-07-01.csv", "84,86\n", "", r"84 of units_2025-06-30\.csv have no successor"),
        ("province_succession_2025-07-01.csv", "84,86", "84,82", "is not in the successor of its province"),
        ("unit_succession_2025-07-01.csv", "00001,00097,1", "00001,00097,0", r"csv:2: the commune 00001 has 0 heirs"),
        ("unit_succession_2025-07-01.csv", "00001,00097,1", "00001,00097,yes", r"csv:2: is_heir is 'yes', not 0 or 1"),
        ("unit_succession_2025-07-01.csv", "00001,00097,1", "99999,00097,1", r"csv:2: '99999' is not a commune"),
        ("electronic_codes_2025-10.csv", "H44,Phú Thọ,25", "H44,Phú Thọ,24", r"24 is Tỉnh Bắc Ninh, not Phú Thọ"),
    ],
)
def test_lists_that_contradict_themselves_or_one_another_are_refused(
    lists: Path, name: str, old: str, new: str, what: str
) -> None:
    replace(lists / name, old, new)
    with pytest.raises(CatalogError, match=what):
        read_unit_lists(lists)


def test_a_missing_list_is_named(lists: Path) -> None:
    (lists / "units_2022.csv").unlink()
    with pytest.raises(CatalogError, match=r"There is no .*units_2022\.csv"):
        read_unit_lists(lists)


def changes(before: str, eve: str) -> Changes:
    """Communes `code name` of district 1 on two days; `code name @2` is under district 2."""

    def listed(text: str) -> dict[str, Listed]:
        found = {code: Listed("district", code, "9", f"Huyện {code}") for code in "12"}
        for line in text.split("; "):
            code, _, rest = line.partition(" ")
            name, _, district = rest.partition(" @")
            found[code] = Listed("commune", code, district or "1", name)
        return found

    return Changes(listed(before), listed(eve))


@pytest.mark.parametrize(
    ("before", "eve", "heir"),
    [
        ("11 Phường 1; 12 Phường 4", "12 Phường 1", "12"),  # takes its name
        ("11 Xã Hoà An; 12 Xã Bình", "12 Thị trấn Hòa An", "12"),  # in another spelling and type
        ("11 Xã Cao Đại; 12 Xã Bồ Sao", "12 Xã Sao Đại", "12"),  # joins words of both
        ("11 Xã An Đại; 13 Xã Cao Đại; 12 Xã Bồ Sao", "12 Xã Sao Đại", "1"),  # two may have given the word
        ("11 Xã Cao Đại; 12 Xã Bồ Sao; 13 Xã Đại Sơn", "12 Xã Sao Đại; 13 Xã Sơn Hà", "1"),  # so may a living one
        ("11 Xã Cao Đại; 12 Xã Bồ Sao; 13 Xã Hà", "12 Xã Sao Đại; 13 Xã Cao Hà", "1"),  # its words went two ways
        ("11 Xã Cao Đại; 12 Xã Bồ Sao", "12 Xã Bồ Sao", "1"),  # nothing tells
        ("11 Xã Cao Đại; 12 Xã Bồ Sao @2", "12 Xã Cao Đại @2", "1"),  # the name is taken in another district
    ],
)
def test_a_vanished_commune_has_a_commune_as_heir_only_when_names_allow_exactly_one(
    before: str, eve: str, heir: str
) -> None:
    assert changes(before, eve).commune_heirs["11"].code == heir
