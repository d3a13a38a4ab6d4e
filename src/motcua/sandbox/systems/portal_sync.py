"""Batches that a local system pushes to the national portal (one_stop_systems.md section b.1). This module writes them
as JSON files; `posting` posts them.

A dossier is first pushed in its state at reception (`isUpdating` False), then its steps, then its current state (True).
Some dossiers are pushed once more than needed. For some, only the steps state the end. A dossier without a number is
never pushed, because the portal has no other key. `SoBienNhan` has the local record number, which is our choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson

from motcua.sandbox.systems.dossier_values import DIRECT, NATIONAL_TEXTS, ONLINE, POSTAL, DossierValues, Holdings
from motcua.sandbox.systems.written import Writer
from motcua.sandbox.world import people
from motcua.sandbox.world.columns import World

Shape = Literal["2020", "2025"]
WHOLE, STEPS = "DongBoHoSoMC", "CapNhatTienDoHoSoMC"
WHOLE_CHUNK, STEP_CHUNK = 200, 10
_TAKEN_IN = {1: "1", 3: "1"}  # the first status; for any other status the first was "2", received
_PAUSED = (5, 6)
_written = Writer("%Y%m%d", "{:02d}{:02d}{:02d}", "")

Item = dict[str, Any]


def write_batches(world: World, night: int, folder: Path, shape: Shape = "2025") -> list[Path]:
    """Write the batches of every system to `<folder>/<groupId>/NNNNNN-<service>.json`, in the order of sending.

    Returns:
        The files written, in order.
    """
    written = []
    for group_id in world.group_ids:
        own = folder / str(group_id)
        own.mkdir(parents=True, exist_ok=True)
        for number, message in enumerate(messages(world, night, group_id, shape), start=1):
            written.append(own / f"{number:06d}-{message['service']}.json")
            written[-1].write_bytes(orjson.dumps(message))
    return written


def messages(
    world: World, night: int, group_id: int, shape: Shape = "2025", since: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the messages of one system in the order of sending: all, or only the changes since an earlier night."""
    for service, is_update, items in _batches(world, night, group_id, shape, since):
        yield {
            "session": "",
            "madonvi": world.unit_codes[world.group_ids.index(group_id)],
            "service": service,
            "isUpdating": str(is_update),
            "data": items,
        }


def _batches(
    world: World, night: int, group_id: int, shape: Shape, since: int | None
) -> Iterator[tuple[str, bool, list[Item]]]:
    """Yield (service, isUpdating, items) in the order of sending."""
    current, complete_by_steps = _standing(world, night, group_id, shape)
    if since is None:
        yield from _histories(current, complete_by_steps)
        return
    before = {item["MaHoSo"]: item for item in _standing(world, since, group_id, shape)[0]}
    fresh = [place for place, item in enumerate(current) if item["MaHoSo"] not in before]
    yield from _histories([current[place] for place in fresh], [complete_by_steps[place] for place in fresh])
    changed = [item for item in current if item != before.get(item["MaHoSo"], item)]
    for chunk in _chunks(changed, WHOLE_CHUNK):
        yield WHOLE, True, chunk


def _standing(world: World, night: int, group_id: int, shape: Shape) -> tuple[list[Item], list[bool]]:
    """Return the dossiers of a system in their current state, and whether the steps alone state all changes of each."""
    holdings = Holdings(world, night)
    rows = holdings.rows(group_id)
    rows = rows[np.lexsort((holdings.columns.dossier_id[rows], holdings.columns.created[rows]))]
    dossiers = DossierValues(world, holdings.columns, rows)
    kept = np.array([bool(number) for number in dossiers.numbers], np.bool_)
    dossiers = DossierValues(world, holdings.columns, rows[kept])
    current = _items(world, dossiers, shape)
    complete_by_steps = [
        _is_complete_by_steps(item, number, broken)
        for item, number, broken in zip(current, dossiers.ids, dossiers.of("broken"), strict=True)
    ]
    return current, complete_by_steps


def _histories(current: Sequence[Item], complete_by_steps: Sequence[bool]) -> Iterator[tuple[str, bool, list[Item]]]:
    """Yield the pushes of dossiers from their reception to their current state."""
    first = [_as_taken_in(item) for item in current]
    for chunk in _chunks(first, WHOLE_CHUNK):
        yield WHOLE, False, chunk
    steps = [step for item in current for step in _steps(item)]
    for chunk in _chunks(steps, STEP_CHUNK):
        yield STEPS, False, chunk
    updated = [
        item
        for item, before, is_complete in zip(current, first, complete_by_steps, strict=True)
        if item != before and not is_complete
    ]
    for chunk in _chunks(updated, WHOLE_CHUNK):
        yield WHOLE, True, chunk
    again = [item for item in updated if int(item["SoBienNhan"]) % 9 == 0]
    for chunk in _chunks(again, WHOLE_CHUNK):
        yield WHOLE, True, chunk


def _chunks(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _is_complete_by_steps(item: Item, number: int, broken: int) -> bool:
    """Return whether the steps of a dossier state all changes since its reception. Steps never include a result."""
    if any(paper["DuongDanTepTinKetQua"] for paper in item["DanhSachGiayToKetQua"]):
        return False
    return (
        number % 6 == 0 and not broken and item["TrangThaiHoSo"] == "10" and item["NgayKetThucXuLy"] < item["NgayTra"]
    )


def _as_taken_in(item: Item) -> Item:
    """Return the dossier as first pushed: without an end, a supplement or a result."""
    status = item["TrangThaiHoSo"]
    ended = dict.fromkeys(("NgayTra", "NgayKetThucXuLy", "NgayTuChoi"), "")
    before = {**item, **{key: "" for key in ended if key in item}, "DanhSachHoSoBoSung": [], "DanhSachGiayToKetQua": []}
    return {
        **before,
        "TrangThaiHoSo": "2" if item["NgayTiepNhan"] and status != "0" else _TAKEN_IN.get(int(status), status),
    }


def _steps(item: Item) -> Iterator[Item]:
    """Yield the steps of a finished or returned dossier: its end, then its return."""
    if item["TrangThaiHoSo"] not in ("9", "10"):
        return
    for status, at in (("9", item["NgayKetThucXuLy"]), ("10", item["NgayTra"])):
        if at and int(status) <= int(item["TrangThaiHoSo"]):
            yield {
                "MaHoSo": item["MaHoSo"],
                "NguoiXuLy": people.name(int(at[-4:]) % 40 + 1),
                "ChucDanh": "Công chức một cửa",
                "ThoiDiemXuLy": at,
                "PhongBanXuLy": item["DonViXuLy"],
                "NoiDungXuLy": f"{NATIONAL_TEXTS[int(status)]}: {item['ChuHoSo']}",
                "TrangThai": status,
                "NgayBatDau": item["NgayTiepNhan"],
                "NgayKetThucTheoQuyDinh": item["NgayHenTra"],
            }


def _items(world: World, dossiers: DossierValues, shape: Shape) -> list[Item]:
    """Return the dossiers in their current state, with the keys of the shape in their order."""
    person, fees, statuses = dossiers.of("person"), dossiers.of("fee"), dossiers.national
    channels = dossiers.channels
    empty = [""] * len(dossiers)
    paused, released = _written(dossiers.paused), _written(dossiers.released)
    parts = [dossiers.fact(name) for name in ("components", "digitised", "reused", "from_store")]
    columns: dict[str, list[Any]] = {
        "MaHoSo": dossiers.numbers,
        "MaTTHC": dossiers.procedure(lambda p: p.code),
        "TenTTHC": dossiers.procedure(lambda p: p.name),
        "MaLinhVuc": dossiers.procedure(lambda p: p.field_code),
        "TenLinhVuc": dossiers.procedure(lambda p: p.field_name),
        "SoBienNhan": [str(number) for number in dossiers.ids],
        "ChuHoSo": [people.name(n) for n in person],
        "LoaiDoiTuong": ["2" if people.is_business(n) else "1" for n in person],
        "MaDoiTuong": empty if shape == "2020" else [None] * len(dossiers),
        "ThongTinKhac": [people.note(n) for n in person],
        "Email": [people.email(n) for n in person],
        # Some systems put a telephone number in the fax field (section d.12).
        "Fax": [people.phone(n) if n % 4 == 0 else "" for n in person],
        "SoDienThoai": [people.phone(n) for n in person],
        "TrichYeuHoSo": [people.summary(n) or "Dinhkem" for n in person],
        "NgayTiepNhan": _written(dossiers.received),
        "NgayHenTra": _written(dossiers.due),
        "TrangThaiHoSo": [str(code) for code in statuses],
        "NgayTra": _written(dossiers.finished),
        "ThongTinTra": empty,
        # 2020: submitted at the counter or online. 2025: the result is collected or sent by post (section d.12).
        "HinhThuc": [str(int(channel == (ONLINE if shape == "2020" else POSTAL))) for channel in channels],
        "NgayKetThucXuLy": released,
        "DonViXuLy": dossiers.unit_names,
        "GhiChu": [people.address(n, place) for n, place in zip(person, dossiers.unit_names, strict=True)],
        "DanhSachLePhi": [_fees(fee) for fee in fees],
        "DanhSachTepDinhKemKhac": [[] for _ in person],
        "DanhSachHoSoBoSung": [
            [_supplement(at, number)] if at and status in _PAUSED else []
            for at, number, status in zip(paused, person, statuses, strict=True)
        ],
        "DanhSachGiayToKetQua": [
            _results(at, n, has_file)
            for at, n, has_file in zip(released, dossiers.ids, dossiers.fact("results"), strict=True)
        ],
        "TaiLieuNop": [
            _documents(number, shape, *counts) for number, *counts in zip(dossiers.ids, *parts, strict=True)
        ],
    }
    if shape == "2025":
        columns |= {
            "KenhThucHien": [
                None if channel == DIRECT and number % 5 == 0 else str(channel)
                for channel, number in zip(channels, dossiers.ids, strict=True)
            ],
            "SoGiayToChuHoSo": [people.identity_number(n) for n in person],
            "NoiNopHoSo": ["1" if n % 3 == 0 else "2" for n in person],
            "HoSoCoThanhPhanSoHoa": [str(int(count > 0)) for count in dossiers.fact("digitised")],
            "TaiKhoanDuocXacThucVoiVNeID": [str(int(is_so)) for is_so in dossiers.fact("verified")],
            "DuocThanhToanTrucTuyen": [str(way) for way in dossiers.payments],
            "NgayTuChoi": _written(dossiers.refused),
            "DinhDanhCHS": [[{"LoaiDinhDanh": "1", "SoDinhDanh": people.identity_number(n)}] for n in person],
            "NgayNopHoSo": _written(dossiers.submitted),
            "DSKetNoiCSDL": [[{"MaCSDL": "1" if is_so else "2"}] for is_so in dossiers.fact("population")],
        }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _fees(fee: int) -> list[Item]:
    return [{"TenPhiLePhi": "Lệ phí", "MaPhiLePhi": "", "HinhThucThu": "1", "Gia": str(fee), "LoaiPhiLePhi": "1"}]


def _supplement(at: str, person: int) -> Item:
    return {
        "HoSoBoSungId": "1",
        "NguoiYeuCauBoSung": people.name(abs(person) % 40 + 1),
        "NoiDungBoSung": f"Đề nghị ông/bà {people.name(person)} bổ sung giấy tờ",
        "NgayBoSung": at,
        "NguoiTiepNhanBoSung": "",
        "ThongTinTiepNhan": "",
        "NgayTiepNhanBoSung": "",
        "TrangThaiBoSung": "0",
        "DanhSachGiayToBoSung": [],
        "DanhSachLePhiBoSung": [],
        "NgayHenTraTruoc": "",
        "NgayHenTraMoi": "",
    }


def _results(released: str | None, number: int, has_file: bool) -> list[Item]:
    if not released:
        return []
    url = f"https://example.invalid/ket-qua/{number}" if has_file else ""
    return [{"TenGiayTo": "Kết quả", "MaThanhPhanHoSo": "", "GiayToId": "1", "DuongDanTepTinKetQua": url}]


def _documents(number: int, shape: Shape, components: int, digitised: int, reused: int, stored: int) -> list[Item]:
    """Return the submitted papers, the digitised ones first. Some dossiers also have one that was withdrawn."""
    papers = [_document(number, shape, n < digitised, n < reused, n < stored) for n in range(components)]
    if number % 11 == 0:
        papers.append(_document(number, shape, True, False, False) | {"IsDeleted": "True"})
    return papers


def _document(number: int, shape: Shape, is_digitised: bool, is_reused: bool, is_stored: bool) -> Item:
    item = {"TepDinhKemId": "1", "TenTepDinhKem": "ho-so.pdf", "IsDeleted": "False", "MaThanhPhanHoSo": "",
            "DuongDanTaiTepTin": f"https://example.invalid/ho-so/{number}"}  # fmt: skip
    if shape == "2025":
        item |= {"DuocSoHoa": str(int(is_digitised)), "DuocTaiSuDung": str(int(is_reused)),
                 "DuocLayTuKhoDMQG": str(int(is_stored)), "MaKetQuaThayThe": ""}  # fmt: skip
    return item
