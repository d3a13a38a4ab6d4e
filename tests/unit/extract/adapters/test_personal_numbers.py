"""A number that looks personal is masked in whatever column and kind of cell it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.unit.extract.adapters.test_files import HEADER, adapter, landed, row

NAMES = HEADER.strip("\n").split(",")
# A citizen's number, one of nine digits, and a telephone number that lost the zero in front of it.
NUMBERS = (184_099_000_001, 184_099_001, 912_345_678)
CELLS = [kind(number) for number in NUMBERS for kind in (int, float, str, lambda one: f"{one}.0")]


@pytest.mark.parametrize("name", NAMES)
def test_no_number_of_a_person_lands_from_any_column_whatever_the_type_of_its_cell(name: str, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(NAMES)
    values = [value for cell in CELLS for value in (cell, None)]  # a page of mostly such keys is refused
    for number, value in enumerate([None, *values]):
        cells: list[Any] = row(f"000.00.12.H59-231002-{number:04}").strip("\n").split(",")
        if value is not None:
            cells[NAMES.index(name)] = value
        book.active.append([cell or None for cell in cells])
    book.save(tmp_path / "m.xlsx")
    found = landed(adapter(tmp_path, "*.xlsx"))
    assert len(found) == 1 + len(values)
    assert not [number for number in NUMBERS if str(number) in repr(found)]
