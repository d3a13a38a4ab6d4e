"""A foreign register: right in all eight counts, or it says which of them are not known."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from motcua import ledger
from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.extract import extract_batches
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.period import period_between
from motcua.publish import publish_edition, read_form
from motcua.settings import PROJECT_ROOT
from motcua.validate import validate_batches

OCTOBER = (date(2023, 10, 1), date(2023, 10, 31))
EIGHT = (
    "received_online", "received_direct", "carried_over", "resolved_early", "resolved_on_time", "resolved_late",
    "open_in_time", "open_overdue",
)  # fmt: skip
# The case `plain` of the spreadsheets: ten dossiers, one received before October and closed in it.
REGISTER = """\
Số hồ sơ,Tên thủ tục,Hình thức nộp,Ngày tiếp nhận,Ngày hẹn trả,Ngày trả kết quả,Trạng thái
H59.11-231001-0001,Đăng ký khai sinh,Trực tiếp,25/09/2023,02/10/2023,02/10/2023,Đã trả kết quả
H59.11-231001-0002,Đăng ký khai sinh,Trực tuyến,02/10/2023,05/10/2023,04/10/2023,Đã trả kết quả
H59.11-231001-0003,Đăng ký kết hôn,Trực tuyến,03/10/2023,06/10/2023,09/10/2023,Đã trả kết quả
H59.11-231001-0004,Đăng ký kết hôn,Trực tiếp,05/10/2023,10/10/2023,10/10/2023,Đã trả kết quả
H59.11-231001-0005,Đăng ký kết hôn,Trực tiếp,09/10/2023,12/10/2023,16/10/2023,Đã trả kết quả
H59.11-231001-0006,Đăng ký khai tử,Trực tuyến,13/10/2023,16/10/2023,13/10/2023,Đã trả kết quả
H59.11-231001-0007,Đăng ký khai tử,Trực tiếp,16/10/2023,20/10/2023,,Đang xử lý
H59.11-231001-0008,Đăng ký khai tử,Trực tiếp,20/10/2023,10/11/2023,,Đang xử lý
H59.11-231001-0009,Đăng ký khai tử,Trực tuyến,25/10/2023,30/10/2023,27/10/2023,Đã trả kết quả
H59.11-231001-0010,Đăng ký khai tử,Trực tiếp,27/10/2023,01/11/2023,30/10/2023,Đã trả kết quả
"""
MAPPING = """\
adapter: files
null_values: [""]
covers: {covers}
identity: {{as: code, key: "Số hồ sơ"}}
status:
  key: "Trạng thái"
  codes: {{"Đã trả kết quả": {{code: 10, evidence: inferred}}, "Đang xử lý": {{code: 4, evidence: inferred}}}}
channel: {{as: codes, key: "Hình thức nộp", codes: {{"Trực tiếp": 1, "Trực tuyến": 2}}}}
fields:
  dossier_no: {{as: code, key: "Số hồ sơ"}}
  procedure_code: {{as: procedure, key: ["Tên thủ tục"], otherwise: KHAC}}
  received_at: {{as: instant, key: "Ngày tiếp nhận", formats: ["dd/MM/yyyy"]}}
  due_at: {{as: instant, key: "Ngày hẹn trả", formats: ["dd/MM/yyyy"]}}
  returned_at: {{as: instant, key: "Ngày trả kết quả", formats: ["dd/MM/yyyy"]}}
keys:
  keep: ["Số hồ sơ", "Trạng thái", "Hình thức nộp", "Tên thủ tục", "Ngày tiếp nhận", "Ngày hẹn trả", "Ngày trả kết quả"]
"""


def ingest(covers: str, rows: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take October from a register of one commune, whose mapping says what it covers."""
    catalog = folder / "catalog"
    shutil.copytree(PROJECT_ROOT / "include" / "catalog" / "calendar", catalog / "calendar")
    shutil.copytree(PROJECT_ROOT / "include" / "catalog" / "forms", catalog / "forms")
    for name in ("mappings", "sources", "units", "drops"):
        (catalog / name).mkdir()
    (catalog / "mappings" / "plain.yaml").write_text(MAPPING.format(covers=covers), encoding="utf-8")
    (catalog / "drops" / "m.csv").write_text(rows, encoding="utf-8")
    (catalog / "units" / "units.csv").write_text(
        "unit_id,code,kind,level,parent_id,name,valid_from,valid_to,evidence\n"
        "plain,99200,commune,commune,,Xã plain,2020-01-01,,made up\n",
        encoding="utf-8",
    )
    (catalog / "sources" / "plain.yaml").write_text(
        "sources:\n  - {source_id: plain.x, name: Xã plain, system_code: plain, adapter: files, mapping: plain,"
        ' level: commune, unit_id: plain, valid_from: 2020-01-01, options: {path: "drops/*"}}\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog))
    monkeypatch.setenv("MOTCUA_LANDING", str(folder / "landing"))
    [[batch_id]] = ledger.plan_run(load_catalog(catalog), "october", OCTOBER[1], window=OCTOBER)
    assert extract_batches([batch_id], lambda _: NO_CONNECTION).failed == []
    validate_batches([batch_id])
    consolidate_batches([batch_id])
    build_measures()
    [batch] = ledger.read_batches([batch_id])
    assert batch.state == "loaded", batch.error_message


@pytest.mark.usefixtures("databases")
def test_a_month_of_a_whole_register_is_right_in_all_eight_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest("register", REGISTER, tmp_path, monkeypatch)
    told = read_form("form-06", "plain", period_between(*OCTOBER)).total.told
    assert tuple(told[code] for code in EIGHT) == (4, 5, 1, 4, 2, 2, 1, 1)
    assert publish_edition("form-06", "plain", period_between(*OCTOBER)).completeness == "final"
    [known] = ledger.coverage()
    assert (known.receptions_from, known.stock_from, known.opening_ended_by) == (
        ledger.EVERY_DAY, ledger.EVERY_DAY, "register",
    )  # fmt: skip
    september = read_form("form-06", "plain", period_between(date(2023, 9, 1), date(2023, 9, 30))).total.told
    assert (september["received_direct"], september["carried_over"], september["open_total"]) == (1, 0, 1)


@pytest.mark.usefixtures("databases")
def test_a_month_of_an_extract_says_which_counts_are_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head, _, *october = REGISTER.splitlines(keepends=True)
    ingest("period", "".join([head, *october]), tmp_path, monkeypatch)
    total = read_form("form-06", "plain", period_between(*OCTOBER)).total
    assert total.told == {"received_online": 4, "received_direct": 5}
    assert set(EIGHT) - set(total.told) <= total.unknown
    edition = publish_edition("form-06", "plain", period_between(*OCTOBER))
    assert (edition.completeness, [cell["cell"] for cell in edition.content["cells"]]) == (
        "provisional", ["opening_not_known"],
    )  # fmt: skip
