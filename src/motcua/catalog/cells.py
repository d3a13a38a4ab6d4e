"""The closed list of cells: what became of what a source or a unit owed for some days. Missing is not zero.

Obligations, the completeness of an edition, page, workbook, terminal and restatements all use this list and its texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from motcua.catalog.models import Text

CellCode = Literal[
    "received", "declared_empty", "late", "missing", "failed", "quarantined", "opening_not_known", "no_source",
    "not_expected", "awaited",
]  # fmt: skip
CELLS: tuple[CellCode, ...] = get_args(CellCode)
CELL_TEXTS: Mapping[CellCode, Text] = {
    "received": Text(vi="Đã nhận đủ", en="Received"),
    "declared_empty": Text(vi="Đã báo cáo không phát sinh", en="Declared empty"),
    "late": Text(vi="Đã nhận, quá hạn", en="Received late"),
    "missing": Text(vi="Thiếu dữ liệu", en="Missing"),
    "failed": Text(vi="Lỗi kết nối", en="Failed"),
    "quarantined": Text(vi="Bị giữ lại để kiểm tra", en="Held for a decision"),
    "opening_not_known": Text(vi="Chưa biết số tồn đầu kỳ", en="Opening not known"),
    "no_source": Text(vi="Chưa có nguồn dữ liệu", en="No source"),
    "not_expected": Text(vi="Không có nguồn phải báo cáo", en="No source expected"),
    "awaited": Text(vi="Chưa đến hạn", en="Awaited"),
}
# An answer that is owed and not there: it keeps an edition from being final, and is reminded of.
LACKING: frozenset[CellCode] = frozenset(
    {"missing", "failed", "quarantined", "opening_not_known", "no_source", "awaited"}
)
# Codes in editions published before there was one list.
_EARLIER: Mapping[str, CellCode] = {"held": "quarantined"}


def cell_code(code: str) -> CellCode:
    """Return a cell of the list, also for a code that an edition published earlier holds.

    Raises:
        ValueError: it is no cell, and never was.
    """
    for known in CELLS:
        if known == code:
            return known
    if code in _EARLIER:
        return _EARLIER[code]
    raise ValueError(f"{code!r} is no cell; the cells are {', '.join(CELLS)}")


def cell_text(code: str, lang: str) -> str:
    """Return what a cell is called in Vietnamese (`vi`) or English (`en`); also one of an edition published earlier."""
    text = CELL_TEXTS[cell_code(code)]
    return text.vi if lang == "vi" else text.en


def is_lacking(code: str) -> bool:
    """Return whether a cell says that an answer is owed and not there."""
    return cell_code(code) in LACKING
