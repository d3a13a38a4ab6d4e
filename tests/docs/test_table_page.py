"""The examples of `## The table` on the page of spreadsheets are what the reader does."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
import yaml

from motcua.catalog import FilesOptions
from motcua.extract.adapters.files import record_keys
from motcua.extract.error_texts import is_error
from motcua.extract.shape.apart import Columns
from motcua.extract.shape.meaning import is_day, is_word
from motcua.extract.shape.table import ShapedTables
from motcua.extract.shape.words import row_words
from motcua.extract.wire.tabular import Layout, read_tables
from motcua.settings import PROJECT_ROOT
from motcua.spelling import folded

PAGE = (PROJECT_ROOT / "docs/how-to/read-a-spreadsheet.md").read_text(encoding="utf-8")
TABLE = PAGE.split("## The table\n", 1)[1].split("\n## ", 1)[0]
EXAMPLES = re.findall(r"```yaml\n(options:.*?)```\n\n((?:\|[^\n]*\n)+)", TABLE, re.DOTALL)
USED = ("Tên thủ tục", "Ngày nhận", "Ngày hẹn", "Trạng thái")
COLUMNS = Columns(
    identity=frozenset({"Số hồ sơ", "column 2"}),
    used=frozenset(USED),
    unneeded=frozenset({"column 1"}),
    says={"Ngày nhận": (is_day(("dd/MM/yyyy",)),), "Trạng thái": (is_word({folded("Đang xử lý")}),)},
)


def test_every_section_but_that_of_kinds_of_files_has_an_example() -> None:
    assert len(EXAMPLES) == 8
    assert TABLE.count("```yaml") == 8


@pytest.mark.parametrize(("said", "table"), EXAMPLES)
def test_a_table_of_the_page_is_read_as_the_page_says(said: str, table: str) -> None:
    _, _, *lines = ([cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines())
    options = FilesOptions(path="x", **yaml.safe_load(said)["options"])
    layout = Layout(
        frozenset({"Số hồ sơ", *USED}), sheets=(), header_row=options.header_row, first_row=options.first_row,
        text=options.text,
    )  # fmt: skip
    shaped = ShapedTables(options, COLUMNS, ("Trạng thái",), row_words(PROJECT_ROOT / "include/catalog"))
    records: dict[int, dict[str, Any]] = {}
    for one in read_tables(workbook([cells[1:-1] for cells in lines]), "a.xlsx", layout):
        keys = record_keys(one.columns, one.place, ())
        records |= {number: dict(zip(keys, cells, strict=False)) for number, cells in shaped.records(one, keys)}
    assert {number: becomes(records.get(number), said) for number, said in stated(lines).items()} == stated(lines)
    assert records.keys() <= stated(lines).keys()


def stated(lines: list[list[str]]) -> dict[int, str]:
    return {int(cells[0]): cells[-1] for cells in lines}


def becomes(record: dict[str, Any] | None, said: str) -> str:
    """Return what became of a row, as far as the page says it."""
    if record is None:
        return "left out"
    if said in ("left out", "record"):
        return "*unread*" if any(map(is_error, record.values())) else "record"
    key = said.split(":")[0]
    value = record.get(key)
    return f"{key}: {'*unread*' if is_error(value) else '' if value is None else value}".strip()


def workbook(rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([None if cell in ("", "^") else int(cell) if cell.isdecimal() else cell for cell in row])
    for number, row in enumerate(rows, start=1):
        for position, cell in enumerate(row, start=1):
            if cell == "^":
                book.active.merge_cells(
                    start_row=number - 1, end_row=number, start_column=position, end_column=position
                )
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()
