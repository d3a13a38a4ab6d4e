"""An office is told by its words, and no person goes for one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from motcua.catalog import load_catalog
from motcua.catalog.load import read_document
from motcua.settings import PROJECT_ROOT
from motcua.spelling import fold
from motcua.units.office_words import OfficeWords, Words, office_words

CATALOG = PROJECT_ROOT / "include" / "catalog"
SAID = read_document(CATALOG / "units" / "office_words.yaml", OfficeWords)
WORDS = Words(SAID)  # without the names of the catalogue: the words alone decide
MIDDLE = ("", "Văn ", "Thị ", "Hữu ", "Đức ", "Xuân ", "Ngọc ", "Minh ", "Văn Thanh ", "Thị Thu ")
GIVEN = ("Mẫu", "An", "Hoa", "Chim", "Tâm", "Trạm", "Hạt", "Quản", "Phòng", "Sở", "Bình", "Lâm")
CASES = (str, str.upper, str.casefold)
PERSONS = st.builds(
    lambda surname, middle, given, case: case(f"{surname} {middle}{given}"),
    st.sampled_from(SAID.surnames),
    st.sampled_from(MIDDLE),
    st.sampled_from(GIVEN),
    st.sampled_from(CASES),
)


def test_each_unit_of_the_country_is_an_office_alone_and_behind_an_office_word() -> None:
    catalog = load_catalog(CATALOG)
    for name in {unit.name for unit in catalog.units} | {entry.name for entry in catalog.unit_names}:
        for written in (name, name.upper(), f"UBND {name}", f"Bộ phận Một cửa {name} - Tỉnh Phú Thọ"):
            assert WORDS.is_office(written), written


@pytest.mark.parametrize("word", SAID.offices)
def test_each_office_word_is_an_office(word: str) -> None:
    for written in (word, word.upper(), word.title(), f"{word} xã Phú An"):
        assert WORDS.is_office(written), written


@pytest.mark.parametrize(
    "name",
    ["Tổ một cửa", "Trạm Y tế", "Hạt Kiểm lâm", "TTPVHCC", "VPĐKĐĐ", "Bộ phận Tiếp nhận và Trả kết quả", "Ban Quản lý",
     "Chi cục Thuế khu vực", "Đội Quản lý trật tự đô thị", "Đội 3", "TT.PVHCC xã A", "P.Kinh tế", "Ủy ban nhân dân xã",
     "Ban Dân tộc", "Tổ an ninh", "UBND phường Nguyễn Văn Cừ", "Phòng Văn hóa - Xã hội", "Quỹ tín dụng"],
)  # fmt: skip
def test_the_units_of_a_one_stop_office_are_kept(name: str) -> None:
    assert WORDS.is_office(name)


@given(PERSONS)
@example("Ban Văn Mẫu")
@example("Tổ Thị Mẫu")
@example("TRẠM VĂN MẪU")
@example("Hạt Ngọc Chim")
@example("Quỹ Văn Mẫu")
@example("tổ văn mẫu")
@example("Tổ 5, CHIM HOÀNG YẾN")
@example("Tổ 5 CHIM HOÀNG YẾN")
def test_no_person_goes_for_an_office(person: str) -> None:
    assert not WORDS.is_office(person)


@given(PERSONS.filter(lambda person: len(person.split()) > 2), st.sampled_from(SAID.offices))
def test_no_person_beside_an_office_is_let_out(person: str, word: str) -> None:
    for written in (f"{word} - {person}", f"{word}, {person}", f"{word} ({person})", f"{word}: ông {person}"):
        assert not WORDS.is_office(written), written


@given(PERSONS)
def test_no_person_goes_for_a_procedure(person: str) -> None:
    for written in (person, f"Cấp giấy phép cho ông {person}", f"Đơn của bà {person}"):
        assert not WORDS.is_procedure(written), written


def test_no_surname_is_an_office_word_alone() -> None:
    assert not {fold(one) for one in SAID.offices} & {fold(one) for one in SAID.surnames}


def test_an_engineer_adds_a_word_or_a_name_to_his_catalogue(tmp_path: Path) -> None:
    assert not office_words(CATALOG).is_office("Gian hàng số")
    folder = shutil.copytree(PROJECT_ROOT / "tests" / "unit" / "cli" / "foreign", tmp_path / "catalog")
    shipped = (CATALOG / "units" / "office_words.yaml").read_text(encoding="utf-8")
    added = shipped.replace("offices:\n", "offices:\n  - gian hàng\n")
    (folder / "units" / "office_words.yaml").write_text(added, encoding="utf-8")
    with (folder / "units" / "agency_codes.csv").open("a", encoding="utf-8") as codes:
        codes.write("Anh Nguyễn Văn Mẫu,phu-an.hcc,2025-07-01,,said by the office,phu-an\n")
    assert office_words(folder).is_office("Gian hàng số")
    assert office_words(folder).is_office("anh Nguyễn Văn Mẫu")
