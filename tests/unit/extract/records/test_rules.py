"""A mapping of a source nobody has seen before: words for statuses and channels, constants, fallbacks, no procedure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
import yaml

from motcua.catalog import load_catalog
from motcua.errors import ContractBroken
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.privacy import MASKED, Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.settings import PROJECT_ROOT

CATALOG = PROJECT_ROOT / "include" / "catalog"
FOREIGN = """
adapter: files
null_values: ["", "-"]
identity: {as: code, key: [Số hồ sơ, Mã cũ], patterns: ['HS \\d+/\\d{4}']}
standing:
  - {standing: soft_deleted, key: Xoá, values: [x]}
  - {standing: child, key: Loại, values: [liên thông], only_with: Hồ sơ gốc}
status:
  key: Tình trạng
  codes:
    Đang giải quyết: {code: 4, evidence: inferred}
    Đã trả: {code: 10, evidence: inferred}
  by_dates: [{field: returned_at, code: 10}, {field: received_at, code: 4}]
channel: {as: codes, key: Hình thức, codes: {Trực tiếp: 1, Qua mạng: 2, "3": 3}}
fields:
  unit_code: {as: name, key: Phòng ban}
  procedure_code: {as: constant, value: "2.000815"}
  received_at: {as: instant, key: [Ngày nhận, Ngày nộp], formats: [d/M/yyyy, excel]}
  returned_at: {as: instant, key: Ngày trả, formats: [d/M/yyyy]}
  parent_dossier_id: {as: code, key: Hồ sơ gốc}
  fee_amount: {as: integer, key: Lệ phí, minimum: 0, maximum: 100000000, thousands: "."}
  supplement_count: {as: count, key: Bổ sung}
  applicant_kind: {as: choice, key: Đối tượng, choices: {Cá nhân: citizen}, otherwise: business, when_null: citizen}
keys:
  keep: [Số hồ sơ, Mã cũ, Xoá, Loại, Hồ sơ gốc, Tình trạng, Hình thức, Phòng ban, Ngày nhận, Ngày nộp, Ngày trả,
         Lệ phí, Bổ sung, Đối tượng]
  drop_personal: [Họ tên]
"""


def mapped(*records: dict[str, Any], text: str = FOREIGN) -> list[dict[str, Any]]:
    source = load_catalog(CATALOG).source_by_id["tra-vinh.c29236"]
    mapping = SourceMapping.model_validate(yaml.safe_load(text))
    builder = TableBuilder(source, mapping, Pseudonymiser("k1", b"\x5a" * 32))
    rows: list[dict[str, Any]] = builder.table(records).to_pylist()
    return rows


def one(**values: Any) -> dict[str, Any]:
    return mapped({"Số hồ sơ": "A-1", "Ngày nhận": "5/3/2021", **values})[0]


def test_words_are_read_whatever_their_case_form_and_spaces() -> None:
    decomposed = "đang gia\u0309i   quyê\u0301t "
    assert one(**{"Tình trạng": decomposed})["status_code"] == 4
    assert one(**{"Hình thức": "QUA MẠNG"})["channel_code"] == 2
    assert one(**{"Hình thức": 3.0})["channel_code"] == 3


def test_a_word_outside_the_list_is_an_issue_without_the_word() -> None:
    row = one(**{"Tình trạng": "Nguyễn Văn Chim", "Hình thức": "bồ câu"})
    assert (row["status_code"], row["channel_code"], row["source_status"]) == (None, None, MASKED)
    assert set(row["mapping_issues"].split("; ")) == {
        "status_code: not a known Tình trạng",
        "channel_code: not a value of its list",
    }


def test_a_record_without_a_status_gets_the_status_of_its_dates() -> None:
    assert one(**{"Tình trạng": "-"})["status_code"] == 4
    assert one(**{"Ngày trả": "7/3/2021"})["status_code"] == 10
    assert one(**{"Tình trạng": "Đang giải quyết", "Ngày trả": "7/3/2021"})["status_code"] == 4


def test_an_unknown_status_is_not_replaced_by_the_status_of_the_dates() -> None:
    assert one(**{"Tình trạng": "lạ", "Ngày trả": "7/3/2021"})["status_code"] is None


def test_the_first_key_with_a_value_is_taken() -> None:
    assert one(**{"Ngày nộp": "1/1/2020"})["received_at"] == datetime(2021, 3, 5)
    assert one(**{"Ngày nhận": "-", "Ngày nộp": 43831})["received_at"] == datetime(2020, 1, 1)
    assert mapped({"Số hồ sơ": "", "Mã cũ": "B-2"})[0]["dossier_id"] == "B-2"


def test_a_constant_is_in_every_row() -> None:
    assert {row["procedure_code"] for row in mapped({"Số hồ sơ": "A"}, {"Số hồ sơ": "B"})} == {"2.000815"}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Phòng  Tư pháp", "Phòng Tư pháp"),
        ("UBND XÃ Nhơn Hội", "UBND XÃ Nhơn Hội"),
        ([{"languageId": 46, "name": "Ward"}, {"languageId": 228, "name": "UBND phường 4"}], "UBND phường 4"),
        ("Tổ một cửa", "Tổ một cửa"),
        ("Nguyễn Văn Chim", "[masked k1:"),
        ("Phòng Tư pháp, 0912345678", "[masked k1:"),
        ("", None),
    ],
)
def test_a_unit_may_be_a_name_but_not_the_name_of_a_person(name: Any, kept: str | None) -> None:
    code = one(**{"Phòng ban": name})["unit_code"]
    assert code == kept if kept is None or not kept.startswith("[") else code.startswith(kept)


def test_two_masked_units_can_be_told_apart_and_one_in_two_spellings_is_one() -> None:
    masks = [one(**{"Phòng ban": name})["unit_code"] for name in ("Trần Mẫu", "TRẦN  MẪU", "Lê Mẫu")]
    assert masks[0] == masks[1] != masks[2]
    assert all(re.fullmatch(r"\[masked k1:[0-9a-f]{8}\]", mask) for mask in masks)
    assert one(**{"Phòng ban": masks[0]})["unit_code"] == masks[0]  # as a record is read again


@pytest.mark.parametrize(("fee", "amount"), [("10.000", 10000), ("1.250.000", 1250000), (5000.0, 5000), ("10,5", None)])
def test_an_amount_may_have_dots_between_thousands(fee: Any, amount: int | None) -> None:
    assert one(**{"Lệ phí": fee})["fee_amount"] == amount


@pytest.mark.parametrize(("items", "count"), [([1, 2], 2), ([], 0), (None, 0)])
def test_a_list_is_counted(items: Any, count: int) -> None:
    assert one(**{"Bổ sung": items})["supplement_count"] == count


@pytest.mark.parametrize(("kind", "meant"), [("CÁ NHÂN", "citizen"), ("Công ty X", "business"), (None, "citizen")])
def test_a_choice_may_have_a_value_for_all_other_words(kind: Any, meant: str) -> None:
    assert one(**{"Đối tượng": kind})["applicant_kind"] == meant


def test_standings_are_rules_in_order() -> None:
    assert one(**{"Xoá": "X"})["standing"] == "soft_deleted"
    assert one(**{"Loại": "Liên thông", "Hồ sơ gốc": "A-0"})["standing"] == "child"
    assert one(**{"Loại": "Liên thông"})["standing"] is None
    assert one(**{"Xoá": "x", "Loại": "Liên thông", "Hồ sơ gốc": "A-0"})["standing"] == "soft_deleted"


def test_an_id_that_looks_personal_is_masked_unless_a_pattern_allows_it() -> None:
    assert mapped({"Số hồ sơ": "HS 123456789/2021"})[0]["dossier_id"] == "HS 123456789/2021"
    with pytest.raises(ContractBroken, match="2 of 2 records without a usable Số hồ sơ or Mã cũ") as refused:
        mapped({"Số hồ sơ": "084123456789"}, {"Số hồ sơ": ""})
    assert "084123456789" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("0000000000000000000003e9", "1001"),
        ("64F1A2B3C4D5E6F708192A3B", "31240620444182543130257074747"),
        ("64f1a2b3c4d5e6f708192a3b", "31240620444182543130257074747"),
        ("{00000000-0000-0000-0000-0000000003E9}", "1001"),
    ],
)
def test_a_number_in_base_16_is_one_key_however_it_is_spelt(value: str, key: str) -> None:
    own = "{as: code, key: [Số hồ sơ, Mã cũ], patterns: ['HS \\d+/\\d{4}']}"
    assert own in FOREIGN
    text = FOREIGN.replace(own, "{as: identifier, key: [Số hồ sơ, Mã cũ], base: 16}")
    assert mapped({"Số hồ sơ": value}, text=text)[0]["dossier_id"] == key
