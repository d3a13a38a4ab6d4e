"""What is left of an item that was posted to us: its shape and its codes, and nothing that could be a person's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.extract.records.mapping import SourceMapping, load_mapping
from motcua.extract.records.masking import Masker, unmask
from motcua.extract.records.privacy import MASKED, Pseudonym, pseudonymiser
from motcua.settings import PROJECT_ROOT

MAPPING = load_mapping(PROJECT_ROOT / "include" / "catalog", "portal_sync")
NEW, OLD = ("new", b"\x5a" * 32), ("old", b"\x11" * 32)
CITIZEN, PHONE, PERSON = "084123456789", "0912345678", "CHIM HOÀNG YẾN"
PROCEDURE = "Chứng thực bản sao"


def masker(*keys: tuple[str, bytes], mapping: SourceMapping = MAPPING, extra: tuple[str, ...] = ()) -> Masker:
    return Masker(mapping, pseudonymiser(keys or (NEW,)), {PROCEDURE: "2.000815"}.get, extra)


def masked(**item: Any) -> dict[str, Any]:
    return masker().mask(item)


def test_values_that_landing_would_hold_are_kept_as_sent() -> None:
    item = {
        "MaHoSo": "000.01.21.H59-231002-0001", "MaTTHC": "2.000815", "TenTTHC": PROCEDURE, "MaLinhVuc": "G15-TP08",
        "DonViXuLy": "UBND phường Việt Trì", "NgayTiepNhan": "20231002080000", "NgayHenTra": "2023-10-03 17:00:00",
        "TrangThaiHoSo": "4", "KenhThucHien": 2, "DuocThanhToanTrucTuyen": "1", "LoaiDoiTuong": "1",
        "TaiKhoanDuocXacThucVoiVNeID": True, "NgayTra": "", "NgayTuChoi": None, "NgayKetThucXuLy": "null",
    }  # fmt: skip
    assert masked(**item) == item | {"TaiKhoanDuocXacThucVoiVNeID": MASKED}  # a flag is a word of a list here


@pytest.mark.parametrize(
    "key",
    [
        "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "DonViXuLy", "madonvi", "NgayTiepNhan", "TrangThaiHoSo",
        "KenhThucHien", "LoaiDoiTuong", "DuocThanhToanTrucTuyen", "TaiKhoanDuocXacThucVoiVNeID",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [PERSON, PHONE, "chim.yen@example.com", 1.5, True])
def test_a_value_that_does_not_fit_its_key_is_masked_and_not_removed(key: str, value: Any) -> None:
    assert masked(**{key: value}) == {key: MASKED}


@pytest.mark.parametrize("key", ["MaHoSo", "TenTTHC", "DonViXuLy", "NgayHenTra", "TrangThaiHoSo"])
def test_the_error_of_a_spreadsheet_stays_so_that_it_is_read_as_one(key: str) -> None:
    assert masked(**{key: "#REF!"}) == {key: "#REF!"}


@pytest.mark.parametrize(("sub", "kept"), [("stopped", "stopped"), (PERSON, MASKED), ("unheard of", MASKED)])
def test_a_sub_status_is_kept_where_its_list_has_it(sub: str, kept: str) -> None:
    document = MAPPING.model_dump(by_alias=True)
    document["status"] |= {"sub_key": "TrangThaiPhu"}
    document["status"]["codes"]["8"]["sub"] = {"stopped": {"code": 7, "evidence": "inferred", "why": "test"}}
    document["keys"]["keep"] = [*document["keys"]["keep"], "TrangThaiPhu"]
    listed = Masker(SourceMapping.model_validate(document), pseudonymiser((NEW,)), {}.get, only_listed=True)
    assert listed.mask({"TrangThaiPhu": sub}) == {"TrangThaiPhu": kept}


def test_of_a_list_of_names_the_one_that_is_read_remains_where_it_is_no_persons() -> None:
    def named(name: str) -> list[dict[str, Any]]:
        return [{"languageId": 46, "name": "People's Committee"}, {"languageId": 228, "name": name}]

    assert masker().nested("DonViXuLy", named("UBND phường Việt Trì")) == "UBND phường Việt Trì"
    assert masker().nested("DonViXuLy", named(PERSON)) == MASKED


def test_a_procedure_that_any_text_may_stand_for_is_kept_only_where_it_is_known() -> None:
    document = MAPPING.model_dump(by_alias=True)
    document["fields"]["procedure_code"]["otherwise"] = "PA-KHAC"
    otherwise = masker(mapping=SourceMapping.model_validate(document))
    assert otherwise.fits("TenTTHC", PROCEDURE)
    assert not otherwise.fits("TenTTHC", PERSON)


def test_only_the_name_remains_of_a_key_that_no_field_uses() -> None:
    assert masked(ChuHoSo=PERSON, x="1", TenLinhVuc={"a": PERSON}) == {"ChuHoSo": None, "x": None, "TenLinhVuc": None}


@pytest.mark.parametrize("name", [PERSON, PHONE, CITIZEN, "x" * 81, "chim yen", "a@b", "", "9a"])
def test_a_key_name_that_could_be_a_person_or_a_value_is_masked_too(name: str) -> None:
    assert masked(**{name: PERSON}) == {MASKED: None}


@pytest.mark.parametrize("name", ["x" * 80, "a", "_a9", "a.b-c"])
def test_a_key_name_of_the_usual_form_is_kept(name: str) -> None:
    assert masked(**{name: PERSON}) == {name: None}


def test_a_key_name_with_a_personal_number_is_masked() -> None:
    assert masked(**{f"so-{CITIZEN}": "1"}) == {MASKED: None}


@pytest.mark.parametrize(("length", "is_kept"), [(200, True), (201, False)])
def test_a_text_longer_than_any_code_is_masked(length: int, is_kept: bool) -> None:
    code = "A" * length
    assert masked(MaLinhVuc=code) == {"MaLinhVuc": code if is_kept else MASKED}


def test_a_text_with_invisible_characters_is_masked() -> None:
    assert masked(DonViXuLy="UBND xã\u200b Lâm Thao") == {"DonViXuLy": MASKED}


@pytest.mark.parametrize(("length", "is_kept"), [(40, True), (41, False)])
def test_a_code_of_a_closed_list_is_short(length: int, is_kept: bool) -> None:
    code = "7" + "A" * (length - 1)
    for key in ("KenhThucHien", "LoaiDoiTuong"):
        assert masked(**{key: code}) == {key: code if is_kept else MASKED}


def test_a_code_outside_its_list_is_kept_so_that_it_can_be_reported_by_name() -> None:
    assert masked(TrangThaiHoSo="11", KenhThucHien="7", LoaiDoiTuong="KHAC") == {
        "TrangThaiHoSo": "11", "KenhThucHien": "7", "LoaiDoiTuong": "KHAC",
    }  # fmt: skip


def test_an_identity_number_becomes_its_keyed_hash_at_any_depth() -> None:
    ref = pseudonymiser([NEW])(CITIZEN)
    found = masked(SoGiayToChuHoSo=CITIZEN, DinhDanhCHS=[{"SoDinhDanh": CITIZEN, "LoaiDinhDanh": "1"}])
    assert found == {
        "SoGiayToChuHoSo": {"__ref__": ref},
        "DinhDanhCHS": [{"SoDinhDanh": {"__ref__": ref}, "LoaiDinhDanh": None}],
    }


def test_during_a_rotation_the_reference_with_the_old_key_is_added() -> None:
    found = masker(NEW, OLD).mask({"SoGiayToChuHoSo": CITIZEN})["SoGiayToChuHoSo"]
    assert found == {"__ref__": pseudonymiser([NEW])(CITIZEN), "__previous__": pseudonymiser([OLD])(CITIZEN)}


@pytest.mark.parametrize("nothing", ["000000001", "", "null", None])
def test_a_value_that_means_no_identity_number_is_not_hashed(nothing: Any) -> None:
    assert masked(SoGiayToChuHoSo=nothing) == {"SoGiayToChuHoSo": nothing}


@pytest.mark.parametrize("value", [{"x": CITIZEN}, {"__ref__": "forged"}])
def test_an_object_in_place_of_a_single_value_is_masked(value: Any) -> None:
    assert masked(NgayTra=value, SoGiayToChuHoSo=value) == {"NgayTra": MASKED, "SoGiayToChuHoSo": MASKED}


def test_a_list_keeps_its_length_and_each_item_is_masked_like_a_single_value() -> None:
    assert masked(TrangThaiHoSo=["4", PERSON, None]) == {"TrangThaiHoSo": ["4", MASKED, None]}


def test_a_list_inside_a_list_is_masked_whole() -> None:
    people = [[PERSON], [{"NgayBoSung": "20230901000000"}], "20230901000000"]
    assert masked(NgayTra=people) == {"NgayTra": [MASKED, MASKED, "20230901000000"]}
    assert masked(DanhSachHoSoBoSung=[[{"NgayBoSung": "20230901000000"}]]) == {"DanhSachHoSoBoSung": [MASKED]}


def test_only_the_keys_that_a_field_uses_remain_of_the_items_of_a_list() -> None:
    supplement = {"NgayBoSung": "20230901000000", "NguoiYeuCauBoSung": PERSON}
    assert masked(DanhSachHoSoBoSung=[supplement, PERSON]) == {
        "DanhSachHoSoBoSung": [{"NgayBoSung": "20230901000000", "NguoiYeuCauBoSung": None}, MASKED]
    }


def test_flags_by_which_items_are_counted_are_kept_and_the_address_of_a_file_is_not() -> None:
    paper = {"DuocSoHoa": "1", "DuocTaiSuDung": PERSON, "IsDeleted": "0", "TenTepDinhKem": f"{PERSON}.pdf"}
    result = {"DuongDanTepTinKetQua": "/x/1.pdf"}
    assert masked(TaiLieuNop=[paper], DanhSachGiayToKetQua=[result]) == {
        "TaiLieuNop": [{"DuocSoHoa": "1", "DuocTaiSuDung": MASKED, "IsDeleted": "0", "TenTepDinhKem": None}],
        "DanhSachGiayToKetQua": [{"DuongDanTepTinKetQua": MASKED}],
    }


@pytest.mark.parametrize(
    ("amount", "is_kept"),
    [
        (0, True), ("0", True), (50_000, True), ("50000", True), (" 50000 ", True), ("+50000", True), (-5, True),
        ("-5", True), (99_999_999_999, True), ("99999999999", True), ("+99999999999", True),
        (100_000_000_000, False), ("100000000000", False), (CITIZEN, False), (PHONE, False),
        ("00", False), ("012345678", False), ("1.5", False), (PERSON, False),
    ],
)  # fmt: skip
def test_an_amount_of_money_is_distinguished_from_an_identity_number(amount: Any, is_kept: bool) -> None:
    assert masked(DanhSachLePhi=[{"Gia": amount, "TenPhiLePhi": PERSON}]) == {
        "DanhSachLePhi": [{"Gia": amount if is_kept else MASKED, "TenPhiLePhi": None}]
    }


def test_keys_that_the_protocol_needs_are_kept_as_short_codes() -> None:
    item = {"service": "DongBoHoSoMC", "who": PERSON}
    assert masker(extra=("service", "who")).mask(item) == {"service": "DongBoHoSoMC", "who": MASKED}
    assert masker().mask(item) == {"service": None, "who": None}


def test_a_channel_that_is_the_same_for_all_needs_no_key() -> None:
    constant = {"as": "constant", "code": 1}
    given = MAPPING.model_dump(by_alias=True, mode="json") | {"channel": constant}
    given["keys"]["keep"] = [key for key in given["keys"]["keep"] if key != "KenhThucHien"]
    mapping = SourceMapping.model_validate(given)
    assert masker(mapping=mapping).mask({"KenhThucHien": "2"}) == {"KenhThucHien": None}


def test_a_status_is_kept_even_when_no_field_uses_it() -> None:
    given = MAPPING.model_dump(by_alias=True, mode="json")
    del given["fields"]["source_status"]
    found = masker(mapping=SourceMapping.model_validate(given)).mask({"TrangThaiHoSo": "4"})
    assert found == {"TrangThaiHoSo": "4"}


def test_an_empty_value_is_kept_even_when_the_mapping_does_not_list_it() -> None:
    given = MAPPING.model_dump(by_alias=True, mode="json") | {"null_values": []}
    found = masker(mapping=SourceMapping.model_validate(given)).mask({"NgayTra": "", "NgayHenTra": "null"})
    assert found == {"NgayTra": "", "NgayHenTra": MASKED}


def test_a_masked_item_is_read_as_it_was_sent_with_references_in_place_of_numbers() -> None:
    item = masker(NEW, OLD).mask({"MaHoSo": "1", "SoGiayToChuHoSo": CITIZEN, "DinhDanhCHS": [{"SoDinhDanh": CITIZEN}]})
    read = unmask(item)
    refs = read["SoGiayToChuHoSo"], read["DinhDanhCHS"][0]["SoDinhDanh"]
    assert read["MaHoSo"] == "1"
    for ref in refs:
        assert isinstance(ref, Pseudonym)
        assert (ref, ref.previous) == (pseudonymiser([NEW])(CITIZEN), pseudonymiser([OLD])(CITIZEN))


def test_a_reference_without_a_replaced_key_has_none_before_it() -> None:
    assert unmask(masked(SoGiayToChuHoSo=CITIZEN))["SoGiayToChuHoSo"].previous == ""


def test_an_object_with_something_else_in_place_of_a_reference_stays_an_object() -> None:
    assert unmask({"__ref__": 7, "x": [None]}) == {"__ref__": 7, "x": [None]}


PERSONAL = [PERSON, PHONE, CITIZEN, f"Tổ 5, {PERSON}", "chim.yen@example.com", f"http://x/{PHONE}"]
values = st.recursive(
    st.sampled_from([*PERSONAL, "", None, "1", 7, True]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*PERSONAL, *MAPPING.keys.listed, "SoDinhDanh", "Gia"]), inner, max_size=4)
    ),
    max_leaves=12,
)
names = st.sampled_from([*PERSONAL, *(key.partition(".")[0] for key in MAPPING.keys.listed)])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(names, values, max_size=6))
def test_no_personal_data_remain_in_any_shape_of_an_item(item: dict[str, Any]) -> None:
    kept = json.dumps(masker().mask(item), ensure_ascii=False)
    assert [secret for secret in PERSONAL if secret in kept] == []
