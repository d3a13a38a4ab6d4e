"""Columns made of others: what they give, what is unread, and what a mapping may not say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.extract.adapters.test_cell_kinds import MAPPING
from tests.unit.extract.records.test_as_sent import landed

from motcua.catalog import Source, load_catalog
from motcua.extract.error_texts import NO_PART
from motcua.extract.records.cells.made import MadeColumns
from motcua.extract.records.made_rules import MadeColumn
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.privacy import MASKED, Pseudonym, Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.settings import PROJECT_ROOT

THREE = {"day": "Ngày", "month": "Tháng", "year": "Năm", "hour": "Giờ"}
DATED = {"date": "Ngày", "hour": "Giờ"}
JOINED = {"join": ["Ký hiệu", "Số"], "between": "/"}
PARTED = {"part_of": "Nhận - hẹn", "pattern": "(?P<value>[^ ]+) - .+"}
NULLS = frozenset({None, "", "-"})


def made(rule: dict[str, Any], *cells: Any) -> Any:
    told = MadeColumn.model_validate(rule)
    values = {column: [cell] for column, cell in zip(told.columns, cells, strict=True)}
    return MadeColumns({"made": told}, NULLS).of(values)["made"][0]


@pytest.mark.parametrize(
    ("rule", "cells", "value"),
    [
        (THREE, (5, 10, 2023, None), datetime(2023, 10, 5)),
        (THREE, ("05", "10", "2023", "8h30"), datetime(2023, 10, 5, 8, 30)),
        (THREE, (5.0, "10", 2023.0, "14:05:06"), datetime(2023, 10, 5, 14, 5, 6)),
        (THREE, (5, 10, 2023, "02:15 CH"), datetime(2023, 10, 5, 14, 15)),
        (THREE, (5, 10, 2023, "12:15 SA"), datetime(2023, 10, 5, 0, 15)),
        (THREE, (5, 10, 2023, 0.4375), datetime(2023, 10, 5, 10, 30)),
        (THREE, (5, 10, 2023, "8 giờ 30 phút"), datetime(2023, 10, 5, 8, 30)),
        (THREE, (5, 10, 2023, 8), datetime(2023, 10, 5, 8)),
        (THREE, (None, "", "-", "  "), None),
        (THREE, (31, 9, 2023, None), NO_PART),
        (THREE, (5, None, 2023, None), NO_PART),
        (THREE, (None, None, None, "8h30"), NO_PART),
        (THREE, (5, 10, 23, None), NO_PART),
        (THREE, (5, 10, 1923, None), NO_PART),
        (THREE, (0, 10, 2023, None), NO_PART),
        (THREE, (5, 10, 2023, "25:00"), NO_PART),
        (THREE, (5, 10, 2023, "8h5"), NO_PART),
        (THREE, (5, 10, 2023, "13:00 CH"), NO_PART),
        (THREE, (5, "mười", 2023, None), NO_PART),
        (THREE, (date(2023, 10, 5), 10, 2023, None), NO_PART),
        (THREE, (5, True, 2023, None), NO_PART),
        (THREE, (5, "#REF!", 2023, None), "#REF!"),
        (THREE, (5, MASKED, 2023, None), NO_PART),
        (THREE | {"short_year": True}, (5, 10, 23, None), datetime(2023, 10, 5)),
        (THREE | {"short_year": True}, (5, 10, "05", None), datetime(2005, 10, 5)),
        (THREE | {"short_year": True}, (5, 10, 2023, None), datetime(2023, 10, 5)),
        (THREE | {"short_year": True}, (5, 10, 123, None), NO_PART),
        (THREE | {"short_year": True}, (5, 10, "0023", None), NO_PART),
        (DATED, (date(2023, 10, 5), "8h30"), datetime(2023, 10, 5, 8, 30)),
        (DATED, (datetime(2023, 10, 5), 0.4375), datetime(2023, 10, 5, 10, 30)),
        (DATED, (45204, 0.5), 45204.5),
        (DATED, ("05/10/2023", "8h30"), "05/10/2023 08:30:00"),
        (DATED, ("05/10/2023", None), "05/10/2023"),
        (DATED, (date(2023, 10, 5), None), date(2023, 10, 5)),
        (DATED, (None, "8h30"), NO_PART),
        (DATED, (datetime(2023, 10, 5, 9), "8h30"), NO_PART),
        (DATED, (45204.4, "8h30"), NO_PART),
        (DATED, ("05/10/2023", "sáng"), NO_PART),
        (JOINED, ("HS", 7), "HS/7"),
        (JOINED, (" HS ", "0007"), "HS/0007"),
        (JOINED, ("HS", 4156618411), NO_PART),  # an identity number that lost its zeros
        (JOINED, (79123456789.0, "HS"), NO_PART),
        (JOINED, ("HS", None), NO_PART),
        (JOINED, (None, 7), NO_PART),
        (JOINED, (None, "-"), None),
        (JOINED, ("HS", date(2023, 10, 5)), NO_PART),
        (JOINED, ("HS", 7.5), NO_PART),
        (JOINED, ("#N/A", 7), "#N/A"),
        (JOINED, ("HS", MASKED), NO_PART),
        (PARTED | {"pattern": "(?P<value>.+)"}, (MASKED,), NO_PART),
        (JOINED | {"optional": ["Ký hiệu"]}, (None, 7), "7"),
        ({"join": ["Ký hiệu", "Số"]}, ("HS", 7), "HS7"),
        ({"join": ["Ký hiệu", "Số"]}, (1, 23), NO_PART),
        ({"join": ["Ký hiệu", "Số"]}, ("HS", "A"), NO_PART),
        (PARTED, ("05/10/2023 - 10/10/2023",), "05/10/2023"),
        (PARTED, ("05/10/2023",), NO_PART),
        (PARTED, (date(2023, 10, 5),), NO_PART),
        (PARTED, ("",), None),
        (PARTED | {"pattern": r"\d+(?:/(?P<value>.+))?"}, (12,), None),
        (PARTED | {"pattern": r"Số \d+ ngày (?P<value>.+)"}, ("Số 12 ngày 05/10/2023",), "05/10/2023"),
    ],
)
def test_a_value_is_made_of_its_columns_or_is_unread_and_never_another_value(
    rule: dict[str, Any], cells: Sequence[Any], value: Any
) -> None:
    assert made(rule, *cells) == value
    assert type(made(rule, *cells)) is type(value)


CELLS = st.one_of(
    st.none(), st.integers(-3, 3000), st.sampled_from(["", "-", "05", "23", "2023", "8h30", "#REF!", 0.5, "HS", True]),
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
)  # fmt: skip


@given(st.lists(CELLS, min_size=4, max_size=4), st.booleans())
def test_three_columns_give_the_day_that_stands_in_them_or_none_or_an_unread_cell(
    cells: list[Any], short: bool
) -> None:
    value = made(THREE | {"short_year": short}, *cells)
    is_empty = all(cell in NULLS for cell in cells)
    assert (value is None) == is_empty
    if isinstance(value, datetime):
        assert (value.day, value.month) == (int(cells[0]), int(cells[1]))
        assert value.year in (int(cells[2]), 2000 + int(cells[2]))
        assert value.year == int(cells[2]) or (short and len(str(cells[2])) <= 2)
    elif not is_empty:
        assert value == ("#REF!" if "#REF!" in cells else NO_PART)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"day": "A", "month": "B"}, "day, month and year"),
        ({"date": "A"}, "date without hour"),
        ({"hour": "A"}, "needs one of"),
        ({"join": ["A"]}, "two columns or more"),
        ({"join": ["A", "A"]}, "names a column twice"),
        ({"join": ["A", "B"], "optional": ["A", "B"]}, "one at least is not optional"),
        ({"join": ["A", "B"], "part_of": "C", "pattern": "(?P<value>.)"}, "needs one of"),
        ({"part_of": "A"}, "needs a pattern"),
        ({"part_of": "A", "pattern": "(.)"}, "one named group"),
        ({"part_of": "A", "pattern": "(?P<day>.)(?P<value>.)"}, "one named group"),
        ({"part_of": "A", "pattern": "("}, "not a regular expression"),
        ({"date": "A", "hour": "B", "short_year": True}, "short_year is of day"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(rule: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        MadeColumn.model_validate(rule)


WORDED = MAPPING | {
    "made": {
        "Ngày nhận": {"day": "Ngày", "month": "Tháng", "year": "Năm", "hour": "Giờ"},
        "Số": {"join": ["Ký hiệu", "Số thứ tự"], "between": "/"},
        "Ngày xong": {"part_of": "Xong - trả", "pattern": "(?P<value>[^ ]+) - [^ ]+"},
        "CCCD": {"join": ["Họ tên", "Địa chỉ"], "between": ", "},
    },
    "fields": MAPPING["fields"] | {  # type: ignore[operator]
        "received_at": {"as": "instant", "key": "Ngày nhận"},
        "due_at": {"as": "instant", "key": "Hẹn trả", "formats": ["d/M/yyyy", "excel"], "limits": "working_days"},
        "finished_at": {"as": "instant", "key": "Ngày xong", "formats": ["d/M/yyyy", "d/M/yy"]},
    },
    "keys": {
        "keep": ["Ký hiệu", "Số thứ tự", "Quyển", "Đã xoá", "Tình trạng", "Kênh", "Đơn vị", "Thủ tục", "Ngày", "Tháng",
                 "Năm", "Giờ", "Hẹn trả", "Xong - trả", "Lệ phí", "Đối tượng"],
        "hmac": ["Họ tên", "Địa chỉ"],
    },
}  # fmt: skip
RECORD = {
    "Ký hiệu": "HS", "Số thứ tự": 7, "Quyển": "A", "Đã xoá": None, "Tình trạng": "Đã trả", "Kênh": "Trực tuyến",
    "Đơn vị": "UBND Xã Phú An", "Thủ tục": "2.000815", "Ngày": 6, "Tháng": 10, "Năm": 2025, "Giờ": "9h30",
    "Hẹn trả": "2 ngày", "Xong - trả": "07/10/25 - 08/10/25", "Lệ phí": 0, "Đối tượng": "Công dân",
    "Họ tên": "Nguyễn Văn Mẫu", "Địa chỉ": "ấp 3",
}  # fmt: skip


def builder(mapping: dict[str, Any] = WORDED) -> TableBuilder:
    [source, *_] = load_catalog(PROJECT_ROOT / "include" / "catalog").sources
    given_source = Source.model_validate(source.model_dump() | {"mapping": "files"})
    return TableBuilder(given_source, SourceMapping.model_validate(mapping), Pseudonymiser("k1", b"\x5a" * 32))


BUILDER, AGAIN = builder(), builder()


def read(**cells: Any) -> dict[str, Any]:
    row: dict[str, Any] = BUILDER.table([RECORD | cells, RECORD, RECORD]).to_pylist()[0]
    return row


def test_a_record_is_read_from_made_columns_and_its_limit_is_counted_from_its_reception() -> None:
    row = read()
    assert row["mapping_issues"] is None
    assert (row["received_at"], row["due_at"], row["finished_at"]) == (
        datetime(2025, 10, 6, 9, 30), datetime(2025, 10, 8), datetime(2025, 10, 7),
    )  # fmt: skip
    assert row["dossier_id"] == "HS/7/2025|A"
    assert row["applicant_ref"] == read(**{"Họ tên": "NGUYỄN  VĂN MẪU"})["applicant_ref"]
    assert row["applicant_ref"] != read(**{"Địa chỉ": "ấp 4"})["applicant_ref"]


def test_a_column_of_limits_beside_one_of_due_days_is_read_where_that_is_empty() -> None:
    told = json.loads(json.dumps(WORDED))
    told["fields"]["due_at"] |= {"key": ["Hẹn trả", "Thời hạn"]}
    told["keys"]["keep"].append("Thời hạn")
    cells = [("9/10/2025", 3), (None, 3), (None, "x"), ("x", 3), (None, None), ("1 ngày", 3)]
    records = [RECORD | {"Hẹn trả": one, "Thời hạn": other} for one, other in cells]
    rows = builder(told).table(records).to_pylist()
    assert [row["due_at"] and row["due_at"].day for row in rows] == [9, 9, None, None, None, 7]
    assert [bool(row["mapping_issues"]) for row in rows] == [False, False, True, True, False, False]
    told["fields"]["due_at"] = {"as": "instant", "key": "Thời hạn", "limits": "calendar_days"}
    told["keys"]["keep"].remove("Hẹn trả")
    rows = builder(told).table([RECORD | {"Thời hạn": cell} for cell in (3, "9/10/2025")]).to_pylist()
    assert [(row["due_at"] and row["due_at"].day, row["mapping_issues"]) for row in rows] == [
        (9, None), (None, "due_at: not a day"),
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["#REF!", 32, None, "x"])
def test_a_reception_that_is_unread_leaves_its_limit_unread_and_never_empty(cell: Any) -> None:
    row = read(Ngày=cell)
    assert row["received_at"] is row["due_at"] is None
    assert [issue.split(":")[0] for issue in row["mapping_issues"].split("; ")] == [
        "received_at",
        "due_at",
        "dossier_id",
    ]


def test_a_limit_that_a_mapping_does_not_take_is_unread_as_before() -> None:
    told = json.loads(json.dumps(WORDED))
    del told["fields"]["due_at"]["limits"]
    for cell in ("Trong ngày", "10 ngày", 10, "10"):
        row = builder(told).table([RECORD | {"Hẹn trả": cell}]).to_pylist()[0]
        assert (row["due_at"], row["mapping_issues"]) == (None, "due_at: not d/M/yyyy")


ANY = st.one_of(
    st.none(), st.integers(-10, 10**12), st.booleans(), st.text(max_size=20),
    st.sampled_from(["5", "Trong ngày", "10 ngày", "#REF!", "HS", "Nguyễn Văn Mẫu", "0912345678", "8h30", 0.5,
                     "05/10/25 - Trần Thị Mẫu", "05/10/25 - 079203001234", "12/2023"]),
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from([*RECORD]), ANY), min_size=1, max_size=3))
def test_read_again_made_columns_are_what_they_were_or_unread(changed: list[dict[str, Any]]) -> None:
    pulled = BUILDER.table([*[RECORD] * len(changed), *(RECORD | cells for cells in changed)])
    again = AGAIN.read_again(landed(pulled))
    made_of = ("received_at", "due_at", "finished_at", "dossier_id", "dossier_no")
    for first, second in zip(pulled.to_pylist(), again.to_pylist(), strict=True):
        unread = {issue.split(":")[0] for issue in (second["mapping_issues"] or "").split("; ")}
        for field in made_of:
            assert second[field] == first[field] or {field, field.replace("_no", "_id")} & unread, (
                field,
                first,
                second,
            )
    assert again.to_pylist()[0] == pulled.to_pylist()[0]


@pytest.mark.parametrize(
    ("cells", "hidden"),
    [
        ({"Xong - trả": "07/10/25 - Mẫu"}, "Mẫu"),
        ({"Ký hiệu": "Nguyễn Văn Mẫu"}, "Nguyễn"),
        ({"Số thứ tự": "079203001234"}, "079203001234"),
        ({"Giờ": "Trần Thị Mẫu"}, "Trần"),
        ({"Họ tên": "Lê Thị Mẫu"}, "Mẫu"),
        ({"Hẹn trả": "hỏi anh Mẫu"}, "Mẫu"),
    ],
)
def test_landing_keeps_nothing_personal_of_the_columns_that_one_is_made_of(cells: dict[str, Any], hidden: str) -> None:
    table: pa.Table = BUILDER.table([RECORD, RECORD | cells])
    assert hidden not in json.dumps(table.to_pylist(), default=str, ensure_ascii=False)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"made": WORDED["made"] | {"Quyển": {"join": ["A", "B"]}}}, "Quyển is a column of the source"),  # type: ignore[operator]
        ({"made": WORDED["made"] | {"Cũ": {"join": ["A", "B"]}}}, "no field is read from it"),  # type: ignore[operator]
        ({"adapter": "opencps", "identity": {"as": "code", "key": "Số"}}, "made columns are of files"),
        ({"fields": {k: v for k, v in WORDED["fields"].items() if k != "received_at"}}, "counted from received_at"),  # type: ignore[attr-defined]
        ({"fields": WORDED["fields"] | {"finished_at": {"as": "instant", "key": "Ngày xong"}}}, "needs formats"),  # type: ignore[operator]
        ({"fields": WORDED["fields"] | {"finished_at": {"as": "instant", "key": "Ngày xong", "formats": ["iso"],  # type: ignore[operator]
                                                        "limits": "working_days"}}}, "limits are of due_at"),
        ({"fields": WORDED["fields"] | {"received_at": {"as": "instant", "key": "Ngày nhận", "swapped": True}}},  # type: ignore[operator]
         "swapped is of days in one cell"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_agree_with_its_made_columns_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        SourceMapping.model_validate(WORDED | change)


def test_a_person_who_is_read_again_stays_who_it_was() -> None:
    assert made({"join": ["Họ tên", "Địa chỉ"]}, Pseudonym("k1:ab"), None) == "k1:ab"
