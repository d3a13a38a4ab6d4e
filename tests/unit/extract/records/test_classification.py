"""Every key a protocol is known to send is classified; any other is dropped and named, wherever it stands."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.extract.adapters.test_protocols import source

from motcua.extract.records.mapping import load_mapping
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.canary import CANARY_NAME
from motcua.settings import PROJECT_ROOT

SAMPLES = PROJECT_ROOT / "tests" / "samples"
CATALOG = PROJECT_ROOT / "include" / "catalog"

# What Tân Dân sends of a dossier (one_stop_systems.md a.7), and the portal of a request for supplements (b).
TANDAN = (
    "id", "maHoSo", "maDinhDanh", "kenhThucHien", "trangThaiHoSoId", "loaiDoiTuong", "maTTHC", "maLinhVuc", "mucDo",
    "ngayNopHoSo", "ngayTiepNhan", "ngayHenTra", "ngayKetThucXuLy", "ngayTra", "lePhi", "viTriDeHoSo",
    "lastModifiedOn", "deletedOn", "soGiayToChuHoSo", "chuHoSo", "donViId", "soDienThoaiChuHoSo", "emailChuHoSo",
    "diaChiChuHoSo", "trichYeuHoSo", "tenTTHC", "tenLinhVuc", "createdOn", "createdBy",
)  # fmt: skip
SUPPLEMENT = (
    "HoSoBoSungId", "NguoiYeuCauBoSung", "NoiDungBoSung", "NgayBoSung", "NguoiTiepNhanBoSung", "ThongTinTiepNhan",
    "NgayTiepNhanBoSung", "TrangThaiBoSung", "DanhSachGiayToBoSung", "DanhSachLePhiBoSung", "NgayHenTraTruoc",
    "NgayHenTraMoi",
)  # fmt: skip


def sample(name: str, inside: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))[inside][0]
    if "MaHoSo" in record:
        record["DanhSachHoSoBoSung"] = [dict.fromkeys(SUPPLEMENT, "")] * 2
    return record


SENT = {
    "opencps": ("opencps", sample("opencps_dossiers_page", "data")),
    "igate": ("igate", sample("igate_dossier_search_page", "content")),
    "tandan": ("tandan", {"id": "0f" * 16} | dict.fromkeys(TANDAN[1:], "")),
    "portal_sync, 2020": ("portal_sync", sample("dvcqg_dongbohosomc_2020", "data")),
    "portal_sync, 2025": ("portal_sync", sample("dvcqg_dongbohosomc_2025", "data")),
}


def read(mapping_name: str, record: dict[str, Any]) -> tuple[set[str], str]:
    """Return the names nobody classified, and everything that a record became, as text."""
    mapping = load_mapping(CATALOG, mapping_name)
    if mapping_name == "igate":
        record = record | {"id": "0f" * 12}
    builder = TableBuilder(source("opencps"), mapping, Pseudonymiser("k1", b"\x5a" * 32))
    kept = str(builder.table([record, record]).to_pylist())
    return builder.unclassified, kept


def objects(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object in a record with the path of the keys that lead to it."""
    if isinstance(value, dict):
        yield place, value
        for key, inner in value.items():
            yield from objects(inner, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner, place)


@pytest.mark.parametrize("sent", SENT)
def test_every_key_of_the_sample_is_classified(sent: str) -> None:
    assert read(*SENT[sent])[0] == set()


@pytest.mark.parametrize("sent", SENT)
def test_a_new_key_at_any_depth_is_dropped_and_named(sent: str) -> None:
    name, original = SENT[sent]
    keys = load_mapping(CATALOG, name).keys
    dropped = (*keys.drop_personal, *keys.drop_unneeded)
    tried = 0
    for number, (place, _) in enumerate(objects(original)):
        if any(f"{place}.".startswith(f"{drop}.") for drop in dropped):
            continue  # all that is in it goes with it
        record = copy.deepcopy(original)
        list(objects(record))[number][1]["hoTenMoi"] = CANARY_NAME
        unclassified, kept = read(name, record)
        assert unclassified == {f"{place}.hoTenMoi".lstrip(".")}
        assert CANARY_NAME not in kept
        tried += 1
    assert tried >= (4 if name in ("igate", "portal_sync") else 1)


@pytest.mark.parametrize("sent", SENT)
def test_names_in_keys_other_than_pseudonyms_are_not_kept(sent: str) -> None:
    """Whatever a source puts where codes, days and sums are due: it is masked or nothing, never kept."""
    name, record = SENT[sent]
    filled = copy.deepcopy(record)
    mapping = load_mapping(CATALOG, name)
    for place, inside in objects(filled):
        for key, value in inside.items():
            if f"{place}.{key}".lstrip(".") not in mapping.identity.key and not isinstance(value, list | dict):
                inside[key] = CANARY_NAME
    assert CANARY_NAME.casefold() not in read(name, filled)[1].casefold()


@pytest.mark.parametrize("protocol", ["opencps", "igate", "tandan"])
def test_every_key_the_sandbox_serves_is_classified(protocol: str, running: SandboxServer) -> None:
    from tests.unit.extract.adapters.test_protocols import pull

    assert pull(running, source(protocol)).num_rows > 100  # it asserts that nothing is unclassified


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxServer]:
    with SandboxServer("small") as server:
        yield server
