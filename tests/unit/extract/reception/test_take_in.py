"""Posted batches: taken once, in order, after a login, with nothing personal in what is kept; else refused by name."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from sqlalchemy import text
from tests.receiving import MOST_BYTES, receiving

from motcua.catalog import Catalog, PortalSyncOptions, Source, load_catalog
from motcua.errors import ConfigurationError, SourceUnavailable
from motcua.extract import SourceConnection
from motcua.extract.adapters import inbox
from motcua.extract.adapters.portal_sync import PortalSyncAdapter
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import assign_dispositions
from motcua.extract.reception.take_in import Reception
from motcua.extract.records.mapping import load_mapping
from motcua.extract.records.privacy import Pseudonymiser, pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.sandbox.exports.posting import PortalSender
from motcua.settings import PROJECT_ROOT, Settings
from motcua.warehouse import store_engine

CATALOG = PROJECT_ROOT / "include" / "catalog"
SAMPLES = PROJECT_ROOT / "tests" / "samples"
AGENCY, OTHER = "000.00.00.H44", "H44.101"
NUMBER = "H44.100-250905-0007"
TODAY = date(2025, 9, 30)
WINDOW = Window(date(2025, 9, 1), TODAY)
LOGINS = {"one": ("mot-cua", "s3cret-one"), "two": ("xa-khac", "s3cret-two")}
PERSONAL = ("CHIM HOÀNG YẾN", "0912345678", "084123456789", "chim.yen@example.com", "s3cret-one", "Tổ 5, ấp Chim")


def source(source_id: str = "x.portal", agency: str = AGENCY, connection: str = "one", **changes: Any) -> Source:
    return Source(
        source_id=source_id, name="X", system_code="x", adapter="portal_sync", connection_id=connection,
        options=PortalSyncOptions(inbox=True, agency_code=agency), level="commune", unit_id="29236:2020",
        **{"valid_from": date(2020, 1, 1)} | changes,
    )  # fmt: skip


def resolve(connection_id: str) -> SourceConnection:
    return SourceConnection("", *LOGINS[connection_id])


def catalog(*sources: Source) -> Catalog:
    shipped = load_catalog(CATALOG)
    parts = {name: getattr(shipped, name) for name in ("units", "agency_codes", "procedures", "procedure_aliases")}
    return Catalog(folder=CATALOG, sources=sources or (source(), source("y.portal", OTHER, "two")), **parts)


@pytest.fixture
def url(databases: None) -> Iterator[str]:
    with receiving(catalog(), resolve, TODAY, body_seconds=1) as listening:
        yield listening


@pytest.fixture
def sender(url: str) -> PortalSender:
    return logged_in(url)


def logged_in(url: str, connection: str = "one") -> PortalSender:
    sender = PortalSender(url, *LOGINS[connection])
    assert sender.log_in()["error_code"] == 0
    return sender


def whole(is_updating: bool = False, agency: str = AGENCY, **values: Any) -> dict[str, Any]:
    item = {
        "MaHoSo": NUMBER, "MaTTHC": "2.000815", "DonViXuLy": "UBND phường Việt Trì", "KenhThucHien": "2",
        "TrangThaiHoSo": "2", "NgayTiepNhan": "20250905080000", "NgayHenTra": "20250908170000",
        "NgayKetThucXuLy": "", "NgayTra": "", "LoaiDoiTuong": "1",
    }  # fmt: skip
    return message("DongBoHoSoMC", item | values, is_updating=is_updating, agency=agency)


def step(status: str, at: str) -> dict[str, Any]:
    item = {"MaHoSo": NUMBER, "NguoiXuLy": PERSONAL[0], "NoiDungXuLy": PERSONAL[5], "ThoiDiemXuLy": at}
    return message("CapNhatTienDoHoSoMC", item | {"TrangThai": status})


def message(service: str, *items: Any, is_updating: bool = False, agency: str = AGENCY) -> dict[str, Any]:
    return {"madonvi": agency, "service": service, "isUpdating": str(is_updating), "data": list(items)}


def landed(pseudonymise: Pseudonymiser | None = None) -> list[dict[str, Any]]:
    """Return the rows a pull of the inbox lands."""
    mapping = load_mapping(CATALOG, "portal_sync")
    adapter = PortalSyncAdapter(source(), NO_CONNECTION, mapping)
    keys = pseudonymise or pseudonymiser(Settings.load().hmac_keys())
    builder = TableBuilder(source(), mapping, keys)
    records = [record for page in adapter.pages(WINDOW) for record in page.records]
    rows: list[dict[str, Any]] = assign_dispositions(builder.table(records), WINDOW, frozenset()).to_pylist()
    return rows


def current() -> dict[str, Any]:
    [row] = [row for row in landed() if row["disposition"] == "record"]
    return row


def kept() -> list[str]:
    """Return every row of the inbox, as text."""
    with store_engine().connect() as connection:
        found = connection.execute(text("select cast(m as text) from received_message as m order by message_id"))
        return list(found.scalars())


def test_a_dossier_and_its_steps_are_read_in_the_order_of_reception(sender: PortalSender) -> None:
    for posted in (whole(), step("9", "20250908100000"), step("10", "20250908110000")):
        assert sender.send(posted) == {"error_code": "0", "message": "Đồng bộ thành công"}
    row = current()
    assert (row["status_code"], row["procedure_code"], row["channel_code"]) == (10, "2.000815", 2)
    assert (str(row["finished_at"]), str(row["returned_at"])) == ("2025-09-08 10:00:00", "2025-09-08 11:00:00")


def test_an_empty_inbox_is_a_source_that_does_not_answer(databases: None) -> None:
    with pytest.raises(SourceUnavailable, match="no message has been posted"):
        landed()


@pytest.mark.parametrize("shape", ["2020", "2025"])
def test_a_posted_message_lands_as_the_same_message_from_a_file(
    shape: str, sender: PortalSender, tmp_path: Path
) -> None:
    content = json.loads((SAMPLES / f"dvcqg_dongbohosomc_{shape}.json").read_text(encoding="utf-8"))
    content["data"][0]["DanhSachHoSoBoSung"] = [{"NgayBoSung": "20250906080000", "NoiDungBoSung": PERSONAL[0]}]
    assert sender.send(content)["error_code"] == "0"
    (tmp_path / "1.json").write_text(json.dumps(content), encoding="utf-8")
    options = PortalSyncOptions(path=f"{tmp_path}/*.json", agency_code=AGENCY)
    mapping = load_mapping(CATALOG, "portal_sync")
    read = PortalSyncAdapter(source().model_copy(update={"options": options}), NO_CONNECTION, mapping)
    builder = TableBuilder(source(), mapping, pseudonymiser(Settings.load().hmac_keys()))
    [page] = read.pages(WINDOW)
    from_file = assign_dispositions(builder.table(page.records), WINDOW, frozenset()).to_pylist()
    # What could not be read of a posted message was masked before it was kept, so a replay has less of it.
    assert [row | {"as_sent": None} for row in from_file] == [row | {"as_sent": None} for row in landed()]


PLANTED = {
    "ChuHoSo": PERSONAL[0], "SoDienThoai": PERSONAL[1], "SoGiayToChuHoSo": PERSONAL[2], "Email": PERSONAL[3],
    "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": PERSONAL[2], PERSONAL[0]: "1"}],
    # Where a value is kept, and something else stands in its place.
    "DonViXuLy": PERSONAL[0], "MaTTHC": PERSONAL[0], "TenTTHC": f"Chứng thực cho {PERSONAL[0]}",
    "MaLinhVuc": PERSONAL[1], "LoaiDoiTuong": PERSONAL[0], "KenhThucHien": PERSONAL[3], "TrangThaiHoSo": PERSONAL[1],
    "NgayHenTra": f"hẹn {PERSONAL[0]}", "NgayTra": {"ten": PERSONAL[0]}, "DuocThanhToanTrucTuyen": [PERSONAL[1]],
    "DanhSachLePhi": [{"TenPhiLePhi": PERSONAL[0], "Gia": PERSONAL[2]}, PERSONAL[0]],
    "DanhSachHoSoBoSung": [{"NguoiYeuCauBoSung": PERSONAL[0], "NgayBoSung": PERSONAL[1], "x": [[PERSONAL[0]]]}],
    "TaiLieuNop": [{"TenTepDinhKem": f"{PERSONAL[0]}.pdf"}],
    PERSONAL[0]: PERSONAL[1], PERSONAL[3]: 1, "la": PERSONAL[5],
}  # fmt: skip


def test_personal_data_are_not_stored_from_any_part_of_a_message(
    sender: PortalSender, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    assert sender.send(whole(**PLANTED))["error_code"] == "0"
    assert sender.send(step("4", PERSONAL[1]))["error_code"] == "0"
    refused = sender.send(whole(**PLANTED) | {"data": [PLANTED | {"MaHoSo": PERSONAL[2]}]})
    assert refused["errors"] == [{"item": 1, "field": "MaHoSo", "rule": "personal"}]
    written = "".join((*kept(), repr(landed()), caplog.text, json.dumps(refused, ensure_ascii=False)))
    assert NUMBER in written
    assert [secret for secret in PERSONAL if secret in written] == []


def test_a_masked_value_lands_as_an_issue_and_not_as_an_empty_value(sender: PortalSender) -> None:
    sender.send(whole(**PLANTED))
    row = current()
    assert row["applicant_ref"].startswith("test:")
    issues = {issue.partition(":")[0] for issue in row["mapping_issues"].split("; ")}
    assert {"due_at", "returned_at", "status_code", "unit_code", "procedure_code", "fee_amount"} <= issues


def test_a_pseudonym_cannot_be_posted_in_place_of_a_number(sender: PortalSender) -> None:
    forged = {"__ref__": "test:" + "0" * 64}
    sender.send(whole(SoGiayToChuHoSo=forged, DinhDanhCHS=[forged]))
    assert "0" * 64 not in "".join(kept())
    assert current()["applicant_ref"] != forged["__ref__"]


def test_an_identity_keeps_its_reference_when_the_key_is_replaced(sender: PortalSender) -> None:
    sender.send(whole(SoGiayToChuHoSo=PERSONAL[2]))
    old = Settings.load().hmac_keys()[0]
    rotated = pseudonymiser([("new", b"\x11" * 32), old])
    [row] = landed(rotated)
    assert row["applicant_ref"] == pseudonymiser([old])(PERSONAL[2]) == rotated.previous_refs(PERSONAL[2])


def test_a_first_push_or_a_step_sent_again_is_kept_once(sender: PortalSender) -> None:
    codes = [sender.send(posted)["error_code"] for posted in (whole(), whole(), step("4", "20250906"), whole())]
    assert codes == ["0", "-3", "0", "-3"]
    assert sender.send(step("4", "20250906"))["error_code"] == "0"
    assert len(kept()) == 2


def test_an_update_sent_again_is_kept_once_but_one_that_re_opens_is_kept(sender: PortalSender) -> None:
    opened, done = whole(True), whole(True, TrangThaiHoSo="9", NgayKetThucXuLy="20250908100000")
    for posted in (opened, opened, done, done, opened, opened):
        assert sender.send(posted)["error_code"] == "0"
    assert len(kept()) == 3
    assert (current()["status_code"], current()["finished_at"]) == (2, None)


def test_a_message_sent_by_many_at_once_is_kept_once(url: str) -> None:
    senders = [logged_in(url) for _ in range(8)]
    threads = [threading.Thread(target=each.send, args=(whole(True),)) for each in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept()) == 1


def test_a_message_is_confirmed_only_after_it_is_committed(
    sender: PortalSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_engine().begin() as connection:
        connection.execute(text("alter table received_message rename to received_message_away"))
    try:
        answer = sender.send(whole())
    finally:
        with store_engine().begin() as connection:
            connection.execute(text("alter table received_message_away rename to received_message"))
    assert answer["error_code"] == "-1"
    assert "gửi lại" in answer["message"]
    assert kept() == []
    assert sender.send(whole())["error_code"] == "0"


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        ([{"MaHoSo": NUMBER}, {"TrangThaiHoSo": "2"}, "x"], [(2, "MaHoSo", "required"), (3, "data", "object")]),
        ([{"MaHoSo": " "}], [(1, "MaHoSo", "required")]),
        ([{"MaHoSo": [NUMBER]}], [(1, "MaHoSo", "code")]),
        ([{"MaHoSo": "1" * 300}], [(1, "MaHoSo", "code")]),
        (None, [(1, "data", "object")]),
    ],
)
def test_a_malformed_item_refuses_its_message_by_item_field_and_rule(
    sender: PortalSender, data: Any, faults: list[tuple[int, str, str]]
) -> None:
    answer = sender.send(whole() | {"data": data})
    assert answer["error_code"] == "-1"
    assert [tuple(fault.values()) for fault in answer["errors"]] == faults
    assert kept() == []


def test_a_value_that_cannot_be_read_is_accepted_and_reported_with_its_dossier(sender: PortalSender) -> None:
    assert sender.send(whole(NgayHenTra="31/02/2025 9h"))["error_code"] == "0"
    assert current()["mapping_issues"] == "due_at: not yyyyMMddHHmmss"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"madonvi": OTHER}, "madonvi 'H44.101': tài khoản này không được gửi"),
        ({"madonvi": "H99"}, "madonvi 'H99'"),
        ({"madonvi": PERSONAL[0]}, "madonvi (?)"),
        ({"service": "DongBoDanhGia"}, "service 'DongBoDanhGia': không được tiếp nhận"),
        ({"data": []}, "data: có 0 mục"),
        ({"data": [{"MaHoSo": NUMBER}] * 2_001}, "data: có 2001 mục"),
    ],
)
def test_a_message_that_is_not_for_us_is_refused_with_the_reason(
    sender: PortalSender, change: Mapping[str, Any], says: str
) -> None:
    answer = sender.send(whole() | change)
    assert (answer["error_code"], says in answer["message"]) == ("-1", True)
    assert kept() == []


@pytest.mark.parametrize("account", [("mot-cua", "wrong"), ("mot-cua", ""), ("nobody", "s3cret-one"), (None, None)])
def test_wrong_credentials_get_no_session(url: str, account: tuple[Any, Any]) -> None:
    given = {"username": account[0], "password": account[1]}
    answer = requests.post(f"{url}/mapi/login", json=given, timeout=5)
    assert (answer.status_code, answer.json()["error_code"], "session" in answer.json()) == (401, "-1", False)


@pytest.mark.parametrize("session", ["", "guessed", None, 7])
def test_a_message_without_a_session_is_refused(url: str, session: Any) -> None:
    answer = requests.post(f"{url}/mapi/g", json=whole() | {"session": session}, timeout=5)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "-1")
    assert kept() == []


def test_a_session_ends(databases: None) -> None:
    now = [0.0]
    pseudonymise = Pseudonymiser("k", b"\x5a" * 32)
    reception = Reception(catalog(), resolve, pseudonymise, today=lambda: TODAY, clock=lambda: now[0])
    session = reception.log_in(*LOGINS["one"]).session
    assert reception.take(whole() | {"session": session}).error_code == "0"
    now[0] = 1_801
    assert reception.take(whole() | {"session": session}).status == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"\xff\xfe{}", 400), (b"[]", 400), (b" " * (MOST_BYTES + 1), 413)],
)
def test_a_body_that_is_not_a_message_is_refused_before_it_is_read(url: str, body: bytes, status: int) -> None:
    answer = requests.post(f"{url}/mapi/g", data=body, timeout=5)
    assert (answer.status_code, answer.json()["error_code"]) == (status, "-1")


def test_a_body_that_never_ends_is_aborted(url: str) -> None:
    def drip() -> Iterator[bytes]:
        yield orjson.dumps(whole())[:20]
        threading.Event().wait(3)
        yield b"}"

    answer = requests.post(f"{url}/mapi/g", data=drip(), timeout=10)
    assert answer.status_code == 408


@pytest.mark.parametrize(
    ("sources", "logins", "says"),
    [
        ((source(valid_to=date(2024, 1, 1)),), LOGINS, ""),
        ((), {"one": ("a", ""), "two": ("b", "c")}, "no password"),
        ((), {"one": ("a", "b"), "two": ("a", "c")}, "with another password"),
    ],
)
def test_a_reception_that_cannot_distinguish_senders_does_not_start(
    sources: tuple[Source, ...], logins: dict[str, tuple[str, str]], says: str
) -> None:
    def open_reception() -> Reception:
        return Reception(
            catalog(*sources),
            lambda name: SourceConnection("", *logins[name]),
            Pseudonymiser("k", b"\x5a" * 32),
            today=lambda: TODAY,
        )

    if not says:  # what has ended is not pulled, so nothing is taken in for it
        reception = open_reception()
        session = reception.log_in(*logins["one"]).session
        assert "không được gửi" in reception.take(whole() | {"session": session}).message
        return
    with pytest.raises(ConfigurationError, match=says):
        open_reception()


def test_messages_are_numbered_in_the_order_of_reception_by_source(sender: PortalSender, url: str) -> None:
    logged_in(url, "two").send(whole(agency=OTHER))
    for status in ("4", "9"):
        sender.send(step(status, f"2025090{status}"))
    assert [kept.items[0]["TrangThai"] for _, kept in inbox.read("x.portal")] == ["4", "9"]
    assert len(list(inbox.read("y.portal"))) == 1
