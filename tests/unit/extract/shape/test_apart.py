"""Totals, signatures and headings are told from records, and no record is taken for one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.extract.error_texts import MERGED, NOT_WORKED_OUT
from motcua.extract.shape.apart import ApartRows, Columns
from motcua.extract.shape.meaning import is_day, is_word
from motcua.extract.shape.words import row_words
from motcua.settings import PROJECT_ROOT
from motcua.spelling import folded

KEYS = ("STT", "Số hồ sơ", "Họ và tên", "Tên thủ tục", "Hình thức nộp", "Tiếp nhận", "Hẹn trả", "Trạng thái", "Ghi chú")
STATUSES = ("Đã trả kết quả", "Đang xử lý")
COLUMNS = Columns(
    identity=frozenset({"Số hồ sơ"}),
    used=frozenset({"Tên thủ tục", "Hình thức nộp", "Tiếp nhận", "Hẹn trả", "Trạng thái"}),
    unneeded=frozenset({"STT", "Ghi chú"}),
    says={
        "Tiếp nhận": (is_day(("dd/MM/yyyy", "excel")),),
        "Hẹn trả": (is_day(("dd/MM/yyyy", "excel")),),
        "Trạng thái": (is_word({folded(word) for word in STATUSES}),),
        "Hình thức nộp": (is_word({folded("Trực tuyến"), folded("Trực tiếp")}),),
    },
)
WORDS = row_words(PROJECT_ROOT / "include" / "catalog")
RECORD = [1, "HS-0001", "Nguyễn Văn Mẫu", "Đăng ký khai sinh", "Trực tuyến", "05/10/2023", "06/10/2023", "Đang xử lý"]


def apart() -> ApartRows:
    return ApartRows(KEYS, [(key, None) for key in KEYS], COLUMNS, WORDS)


def at(**cells: Any) -> list[Any]:
    """Return a row with cells in the columns A, B, C ..."""
    return [cells.get("ABCDEFGHI"[position]) for position in range(len(KEYS))]


def kinds(*rows: list[Any]) -> list[str | None]:
    told = apart()
    taken = [told.takes(number, row) for number, row in enumerate(rows, start=2)]
    kind = {number: kind for kind, numbers in told.left_out.rows.items() for number in numbers}
    assert [number + 2 in kind for number in range(len(rows))] == taken
    return [kind.get(number) for number in range(2, len(rows) + 2)]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (at(B="Tổng cộng: 1.000 hồ sơ"), "total"),
        (at(A="Tổng cộng: 10 hồ sơ"), "total"),
        (at(C="TỔNG SỐ", F=150, G="1.020", H=30), "total"),
        (at(A="Tổng cộng", F=NOT_WORKED_OUT, G="#REF!"), "total"),
        (at(B="Cộng lĩnh vực: 5"), "total"),
        (at(B="Trong đó: trễ hạn 3"), "total"),
        (at(F="Xã Mẫu, ngày 31 tháng 10 năm 2023"), "signature"),
        (at(F="Xã Mẫu, ngày ... tháng ... năm 2023"), "signature"),
        (at(B="Người lập biểu", F="Chủ tịch"), "signature"),
        (at(B="NGƯỜI LẬP BIỂU", H="KT. CHỦ TỊCH"), "signature"),
        (at(B="(Ký tên)", F="(Ký, đóng dấu)"), "signature"),
        (at(A="I", B="Lĩnh vực Hộ tịch"), "heading"),
        (at(A="II", B="Hộ tịch", C=MERGED, D=MERGED, H=MERGED), "heading"),
        (at(A="Tháng 10/2023"), "heading"),
        (at(B="Quý IV năm 2023"), "heading"),
        (list(KEYS), "repeated header"),
        ([f"({number})" for number in range(1, 10)], "repeated header"),
        (["A", "B", *range(1, 8)], "repeated header"),
        (at(A=11), "line without an entry"),
    ],
)
def test_a_row_that_is_no_record_is_known_by_what_stands_in_it(row: list[Any], kind: str) -> None:
    assert kinds(row) == [kind]


@pytest.mark.parametrize(
    "row",
    [
        at(A=1, C="Nguyễn Văn Mẫu", D="Đăng ký khai sinh", F="05/10/2023"),  # a record whose number is missing
        at(C="Nguyễn Văn Mẫu"),
        at(A=12, C="Quý Thị Hoa"),  # a name that begins as a heading does
        at(C="Quý Thị Hoa"),
        at(A=12, C="Công ty TNHH Mẫu"),
        at(A=12, B="Nguyễn Văn Mẫu"),
        at(B="HS-0001"),
        at(B="KT.0012"),
        at(B="TL.2023.001", H="đã ký"),
        at(B=7),
        at(A=2, B=3, C="Nguyễn Văn Mẫu"),
        at(D="Thủ tục đăng ký khai sinh", H="Đang xử lý"),
        at(D="Đăng ký khai sinh"),
        at(F="05/10/2023"),
        at(F="ngày 05 tháng 10 năm 2023"),  # a day in a format that the mapping does not know
        at(B="Tổng cộng", F="05/10/2023"),
        at(B="Tổng cộng", F=45204),  # a serial day
        at(B="Tổng cộng", H="Đang xử lý"),
        at(B="Hộ tịch", E="Trực tiếp"),
        at(B="#REF!"),
        at(A=1, C="079203001234"),
    ],
)
def test_what_may_be_a_record_is_one(row: list[Any]) -> None:
    assert kinds(row) == [None]


def test_names_below_a_signature_are_part_of_it_and_names_elsewhere_are_not() -> None:
    names = at(B="Nguyễn Văn Mẫu", F="Trần Thị Mẫu")
    assert kinds(RECORD, names) == [None, None]
    assert kinds(RECORD, at(B="Người lập biểu", F="Chủ tịch"), names) == [None, "signature", "signature"]
    assert kinds(at(B="Người lập biểu"), RECORD, names) == ["signature", None, None]


def test_what_was_left_out_is_said_by_what_it_is_with_its_rows() -> None:
    told = apart()
    for number in range(2, 7):
        told.takes(number, at(B="Tổng cộng: 5"))
    told.takes(7, at(B="Ký tên"))
    assert str(told.left_out) == "5 totals (rows 2, 3, 4 ...), 1 signature (row 7)"


CELLS = st.one_of(
    st.none(),
    st.sampled_from(("Tổng cộng", "Người lập biểu", "Ký tên", "Lĩnh vực Đất đai", "I", "#REF!", MERGED, "Chủ tịch")),
    st.integers(0, 200_000),
    st.text(max_size=12),
)
# What a record has and no other row: each alone keeps a row a record, whatever else stands in it.
SIGNS = st.one_of(
    st.tuples(st.just(1), st.sampled_from(("HS-1", "0001", "12/2023", "H59.35-231001-0001", "000.00.12.H59-1"))),
    st.tuples(st.sampled_from((5, 6)), st.sampled_from(("05/10/2023", 45204))),
    st.tuples(st.just(7), st.sampled_from(STATUSES)),
    st.tuples(st.just(4), st.sampled_from(("Trực tuyến", "TRỰC TIẾP"))),
    st.tuples(st.just(3), st.just("1.001193 Đăng ký khai sinh")),
    st.tuples(st.just(2), st.sampled_from(("079203001234", "Số 5, phường Mẫu"))),
)


@given(st.lists(CELLS, min_size=len(KEYS), max_size=len(KEYS)), SIGNS)
def test_a_row_with_anything_that_only_a_record_has_is_never_left_out(cells: list[Any], sign: tuple[int, Any]) -> None:
    position, value = sign
    row = [*cells[:position], value, *cells[position + 1 :]]
    assert kinds(at(B="Người lập biểu"), row) == ["signature", None]


def test_an_office_adds_its_own_words(tmp_path: Path) -> None:
    shipped = (PROJECT_ROOT / "include/catalog/tables/rows_apart.yaml").read_text(encoding="utf-8")
    (tmp_path / "tables").mkdir()
    own = shipped.replace("    - tổng cộng\n", "    - tổng cộng\n    - lũy kế\n")
    (tmp_path / "tables" / "rows_apart.yaml").write_text(own, encoding="utf-8")
    told = ApartRows(KEYS, [()] * len(KEYS), COLUMNS, row_words(tmp_path))
    assert kinds(at(B="Lũy kế: 12 hồ sơ")) == [None]
    assert told.takes(2, at(B="Luỹ kế: 12 hồ sơ"))
