"""Messages of the national portal's sync in files: complete dossiers, steps and repeated items."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from motcua.catalog import PortalSyncOptions, Source
from motcua.errors import ContractBroken, SourceUnavailable
from motcua.extract.adapters.portal_sync import PortalSyncAdapter
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import assign_dispositions
from motcua.extract.records.mapping import load_mapping
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.settings import PROJECT_ROOT

CATALOG = PROJECT_ROOT / "include" / "catalog"
SAMPLES = PROJECT_ROOT / "tests" / "samples"
AGENCY = "000.00.00.H44"
NUMBER = "H44.100-250905-0007"
WINDOW = Window(date(2025, 9, 1), date(2025, 9, 30))


def source(path: Path) -> Source:
    return Source(
        source_id="x.portal",
        name="X",
        system_code="x",
        adapter="portal_sync",
        options=PortalSyncOptions(path=f"{path}/*.json", agency_code=AGENCY),
        level="commune",
        unit_id="29236:2020",
        valid_from=date(2020, 1, 1),
    )


def whole(is_updating: bool = False, **values: Any) -> dict[str, Any]:
    item = {
        "MaHoSo": NUMBER,
        "MaTTHC": "2.000815",
        "DonViXuLy": "UBND phường Việt Trì",
        "KenhThucHien": "2",
        "TrangThaiHoSo": "2",
        "NgayTiepNhan": "20250905080000",
        "NgayHenTra": "20250908170000",
        "NgayKetThucXuLy": "",
        "NgayTra": "",
    }
    return message("DongBoHoSoMC", item | values, is_updating)


def step(status: str, at: str, number: str = NUMBER) -> dict[str, Any]:
    item = {"MaHoSo": number, "NguoiXuLy": "NGUYỄN VĂN MẪU", "ThoiDiemXuLy": at, "TrangThai": status}
    return message("CapNhatTienDoHoSoMC", item)


def message(service: str, item: dict[str, Any], is_updating: bool = False, agency: str = AGENCY) -> dict[str, Any]:
    return {"session": "s", "madonvi": agency, "service": service, "isUpdating": str(is_updating), "data": [item]}


def read(folder: Path, *messages: Any) -> list[dict[str, Any]]:
    """Return the records that the messages, a file each, are read as."""
    for number, content in enumerate(messages):
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        (folder / f"{number:04d}.json").write_text(text, encoding="utf-8")
    adapter = PortalSyncAdapter(source(folder), NO_CONNECTION, load_mapping(CATALOG, "portal_sync"))
    return [record for page in adapter.pages(WINDOW) for record in page.records]


def rows(folder: Path, *messages: Any) -> list[dict[str, Any]]:
    """Return the rows that the messages, a file each, land as."""
    builder = TableBuilder(source(folder), load_mapping(CATALOG, "portal_sync"), Pseudonymiser("k1", b"\x5a" * 32))
    table = builder.table(read(folder, *messages))
    assert not builder.unclassified
    landed: list[dict[str, Any]] = assign_dispositions(table, WINDOW, frozenset()).to_pylist()
    return landed


def current(folder: Path, *messages: Any) -> dict[str, Any]:
    [row] = [row for row in rows(folder, *messages) if row["disposition"] == "record"]
    return row


def test_the_last_message_of_a_dossier_counts_and_the_earlier_one_is_its_duplicate(tmp_path: Path) -> None:
    first, second = rows(
        tmp_path,
        whole(),
        whole(is_updating=True, TrangThaiHoSo="9", NgayKetThucXuLy="20250908100000"),
    )
    assert (first["disposition"], first["disposition_reason"]) == ("duplicate", "repeated")
    assert (second["disposition"], second["status_code"]) == ("record", 9)
    assert second["finished_at"] == datetime(2025, 9, 8, 10)
    assert second["channel_code"] == 2


def test_a_message_sent_again_is_a_duplicate_and_changes_nothing(tmp_path: Path) -> None:
    done = whole(is_updating=True, TrangThaiHoSo="9", NgayKetThucXuLy="20250908100000")
    found = rows(tmp_path, whole(), done, whole(), done)
    assert [row["disposition"] for row in found].count("duplicate") == 3
    assert next(row for row in found if row["disposition"] == "record")["status_code"] == 9


def test_a_dossier_may_be_re_opened_by_an_update(tmp_path: Path) -> None:
    done = whole(is_updating=True, TrangThaiHoSo="9", NgayKetThucXuLy="20250908100000")
    row = current(tmp_path, whole(), done, whole(is_updating=True))
    assert (row["status_code"], row["finished_at"]) == (2, None)


def test_steps_move_the_status_and_date_it(tmp_path: Path) -> None:
    row = current(
        tmp_path, whole(), step("4", "20250905090000"), step("9", "20250908100000"), step("10", "20250908110000")
    )
    assert (row["status_code"], row["procedure_code"]) == (10, "2.000815")
    assert (row["finished_at"], row["returned_at"]) == (datetime(2025, 9, 8, 10), datetime(2025, 9, 8, 11))


def test_a_step_back_into_processing_clears_the_day_of_the_end(tmp_path: Path) -> None:
    row = current(tmp_path, whole(), step("9", "20250908100000"), step("4", "20250909080000"))
    assert (row["status_code"], row["finished_at"]) == (4, None)


def test_a_step_that_comes_late_does_not_move_the_status_back(tmp_path: Path) -> None:
    row = current(tmp_path, whole(), step("9", "20250908100000"), step("4", "20250905090000"))
    assert (row["status_code"], row["finished_at"]) == (9, datetime(2025, 9, 8, 10))


def test_a_supplement_pauses_from_its_request(tmp_path: Path) -> None:
    asked = [{"NgayBoSung": "20250906080000", "NoiDungBoSung": "bổ sung"}, {"NgayBoSung": "20250907080000"}]
    row = current(tmp_path, whole(TrangThaiHoSo="5", DanhSachHoSoBoSung=asked))
    assert (row["paused_at"], row["supplement_count"]) == (datetime(2025, 9, 7, 8), 2)


def test_the_keys_of_a_step_are_classified_and_another_is_named(tmp_path: Path) -> None:
    sent = {"NguoiXuLy", "ChucDanh", "PhongBanXuLy", "NoiDungXuLy", "NgayBatDau", "NgayKetThucTheoQuyDinh"}
    moved = step("4", "20250905090000")
    moved["data"][0] |= dict.fromkeys(sent, "NGUYỄN VĂN MẪU")
    assert current(tmp_path, whole(), moved)["status_code"] == 4
    moved["data"][0]["TamTrang"] = "vui"
    records = read(tmp_path, whole(), moved)
    builder = TableBuilder(source(tmp_path), load_mapping(CATALOG, "portal_sync"), Pseudonymiser("k1", b"\x5a" * 32))
    builder.table(records)
    assert builder.unclassified == {"TamTrang"}
    assert "MẪU" not in repr(records)


def test_fees_are_summed(tmp_path: Path) -> None:
    assert current(tmp_path, whole(DanhSachLePhi=[{"Gia": "10000"}, {"Gia": 5000}]))["fee_amount"] == 15000


@pytest.mark.parametrize(
    ("shape", "status", "channel", "window"),
    [("2020", 10, 1, (date(2021, 3, 1), date(2021, 3, 31))), ("2025", 9, 2, (date(2025, 9, 1), date(2025, 9, 30)))],
)
def test_the_fields_of_both_years_are_read(
    tmp_path: Path, shape: str, status: int, channel: int, window: tuple[date, date]
) -> None:
    [row] = rows(tmp_path, (SAMPLES / f"dvcqg_dongbohosomc_{shape}.json").read_text(encoding="utf-8"))
    assert (row["status_code"], row["channel_code"], row["procedure_code"]) == (status, channel, "2.000815")
    assert row["mapping_issues"] is None
    assert row["fee_amount"] == 10000
    assert "MẪU" not in repr(row)


def test_a_file_may_hold_several_messages_in_a_list_or_in_lines(tmp_path: Path) -> None:
    other = whole() | {"data": [whole()["data"][0] | {"MaHoSo": "H44.100-250905-0008"}]}
    lines = "\n".join(json.dumps(one) for one in (whole(), other))
    found = rows(tmp_path, lines, [step("4", "20250905090000"), step("4", "20250905090000", "H44.100-250905-0008")])
    assert {row["dossier_no"]: row["status_code"] for row in found if row["disposition"] == "record"} == {
        NUMBER: 4,
        "H44.100-250905-0008": 4,
    }


def test_messages_of_other_agencies_and_services_are_skipped(tmp_path: Path) -> None:
    item = whole()["data"][0]
    assert (
        len(rows(tmp_path, whole(), message("DongBoHoSoMC", item, agency="H45"), message("DongBoDanhGia", item))) == 1
    )


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (json.dumps(whole())[:-20], SourceUnavailable, "0000.json is incomplete"),
        ('{"a": 1]', ContractBroken, "0000.json is not JSON"),
        ({"total": 0}, ContractBroken, "not a message"),
        (whole(MaHoSo=""), ContractBroken, "without MaHoSo"),
    ],
)
def test_an_invalid_message_is_reported_with_its_file(
    tmp_path: Path, content: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        rows(tmp_path, content)


def paper(digitised: str = "0", reused: str = "0", stored: str = "0", **other: str) -> dict[str, str]:
    file = {"TenTepDinhKem": "Don cua Nguyen Van A.pdf", "DuongDanTaiTepTin": "https://example.invalid/1"}
    return file | {"DuocSoHoa": digitised, "DuocTaiSuDung": reused, "DuocLayTuKhoDMQG": stored} | other


def facts(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("components_count", "components_digitised_count", "components_reused_count", "components_from_store_count")
    return tuple(row[name] for name in names)


def test_papers_are_counted_by_their_flags(tmp_path: Path) -> None:
    papers = [paper("1", "1", "1"), paper("1", "1"), paper("1"), paper(), paper("1", IsDeleted="True")]
    assert facts(current(tmp_path, whole(TaiLieuNop=papers))) == (4, 3, 2, 1)


def test_a_dossier_without_papers_has_no_digitised_paper(tmp_path: Path) -> None:
    assert facts(current(tmp_path, whole(TaiLieuNop=[]))) == (0, 0, 0, 0)


def test_a_batch_of_2020_does_not_say_whether_papers_are_digitised(tmp_path: Path) -> None:
    old = {"TenTepDinhKem": "a.pdf", "IsDeleted": "False"}
    assert facts(current(tmp_path, whole(TaiLieuNop=[old, old]))) == (2, None, None, None)


def test_a_batch_that_sends_no_papers_does_not_say_that_there_are_none(tmp_path: Path) -> None:
    item = whole()
    for key in ("TaiLieuNop", "DanhSachGiayToKetQua", "DSKetNoiCSDL", "TaiKhoanDuocXacThucVoiVNeID"):
        item["data"][0].pop(key, None)
    row = current(tmp_path, item)
    assert facts(row) == (None, None, None, None)
    assert {row[name] for name in ("has_electronic_result", "uses_population_data", "is_identity_verified")} == {None}
    assert row["is_synced_to_portal"] is True


@pytest.mark.parametrize(("address", "has_result"), [("https://example.invalid/2", True), ("", False), (None, False)])
def test_a_result_is_electronic_when_it_has_a_file(tmp_path: Path, address: str | None, has_result: bool) -> None:
    result = {"TenGiayTo": "Giấy khai sinh", "DuongDanTepTinKetQua": address}
    row = current(tmp_path, whole(DanhSachGiayToKetQua=[result]))
    assert row["has_electronic_result"] is has_result
    assert "example.invalid" not in str(row)


@pytest.mark.parametrize(("codes", "uses"), [(["1"], True), (["2", "1"], True), (["2"], False), ([], False)])
def test_the_population_database_is_one_of_those_queried(tmp_path: Path, codes: list[str], uses: bool) -> None:
    row = current(tmp_path, whole(DSKetNoiCSDL=[{"MaCSDL": code} for code in codes]))
    assert row["uses_population_data"] is uses


@pytest.mark.parametrize(("said", "is_so"), [("1", True), ("0", False), ("", None), (True, True), (0, False)])
def test_an_identity_is_verified_where_the_account_states_it(tmp_path: Path, said: Any, is_so: bool | None) -> None:
    assert current(tmp_path, whole(TaiKhoanDuocXacThucVoiVNeID=said))["is_identity_verified"] is is_so


def test_papers_that_are_not_a_list_are_an_issue_and_have_no_count(tmp_path: Path) -> None:
    row = current(tmp_path, whole(TaiLieuNop="Don cua Nguyen Van A.pdf"))
    assert facts(row) == (None, None, None, None)
    assert "components_count: not a list" in row["mapping_issues"]
    assert "Nguyen" not in row["mapping_issues"]
