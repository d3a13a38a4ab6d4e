"""A workbook is read in a process of its own: one that asks for too much ends its source by name, and nothing else."""

from __future__ import annotations

import io
import zipfile
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import psutil
import pytest
from tests.unit.extract.cell_files import as_ods, as_xls, rewritten

from motcua.errors import ContractBroken
from motcua.extract.wire.tabular import Layout, read_tables, visible_sheets
from motcua.extract.wire.workbooks import reading
from motcua.extract.wire.workbooks.reading import Workbook

LAYOUT = Layout(frozenset({"Số", "Hẹn trả"}))


def book(*sheets: list[list[object]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for number, rows in enumerate(sheets, start=1):
        sheet = made.create_sheet(f"Tờ {number}")
        for row in rows:
            sheet.append(row)
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


def stray(at: str) -> bytes:
    made = openpyxl.Workbook()
    made.active.append(["Số", "Hẹn trả"])
    made.active.append([1, date(2023, 10, 5)])
    made.active[at] = "x"
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if is_reader(one)]


def is_reader(process: psutil.Process) -> bool:
    try:
        return any("child.py" in part for part in process.cmdline())
    except psutil.NoSuchProcess:  # one of another test has ended
        return False


def test_a_cell_far_from_the_table_is_named_before_any_memory_is_asked_for() -> None:
    with pytest.raises(ContractBroken, match=r"a\.xlsx cannot be read: a cell stands in column 16384 .* row 1048576"):
        list(read_tables(stray("XFD1048576"), "a.xlsx", LAYOUT))
    assert not children()


def test_a_workbook_that_asks_for_too_much_memory_is_refused_by_name() -> None:
    # The far cell stands in the middle of the sheet, where it is not looked for.
    rows = [["Số", "Hẹn trả"], *([number, "x" * 10] for number in range(40_000))]
    body = rewritten(book(rows), b'<c r="B20000"', b'<c r="XFD20000"')
    refused = pytest.raises(ContractBroken, match=r"a\.xlsx cannot be read in 400 MB of memory.*delete the rows and")
    with closing(Workbook(body, "a.xlsx", most_bytes=400 << 20)) as workbook, refused:
        workbook.sheet("Tờ 1")
    assert not children()


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (3 << 20))
    monkeypatch.setattr(reading, "MOST_UNPACKED", 2 << 20)
    with pytest.raises(ContractBroken, match=r"a\.xlsx would take 3 MB when it is unpacked; at most 2 MB are read"):
        list(read_tables(body.getvalue(), "a.xlsx", LAYOUT))


def test_the_rows_of_a_sheet_are_there_after_the_next_one_was_read() -> None:
    sheets = [[["Số", "Hẹn trả"], *([f"{sheet}-{number}", 1] for number in range(5_000))] for sheet in (1, 2, 3)]
    tables = list(read_tables(book(*sheets), "a.xlsx", LAYOUT))
    assert not children()
    for number, table in reversed([*enumerate(tables, start=1)]):
        assert [cells[0] for _, cells in table.rows] == [f"{number}-{one}" for one in range(5_000)]


def test_a_table_that_is_left_half_read_leaves_no_process() -> None:
    tables = read_tables(book([["Số", "Hẹn trả"], *([number, 1] for number in range(9_000))]), "a.xlsx", LAYOUT)
    next(next(tables).rows)
    assert len(children()) == 1
    tables.close()  # type: ignore[attr-defined]
    assert not children()


def test_values_are_the_same_as_they_stand_in_the_workbook() -> None:
    at = datetime(2023, 10, 5, 8, 30)
    values = [1, True, 1.5, 0, False, "1", " a ", "", at, date(2023, 10, 5), time(8, 30), "=A1+1"]
    made = openpyxl.Workbook()
    made.active.append(["Số", "Hẹn trả"])
    for value in values:
        made.active.append(["x", value])
    made.active.cell(13, 2).data_type = "s"  # a formula that stands there as a text
    body = io.BytesIO()
    made.save(body)
    [table] = read_tables(body.getvalue(), "a.xlsx", LAYOUT)
    told = [cells[1] if len(cells) > 1 else None for _, cells in table.rows]
    told[10] = str(told[10])
    assert [(type(one), one) for one in told] == [
        (type(one), one)
        for one in (1, True, 1.5, 0, False, "1", "a", None, at, date(2023, 10, 5), "08:30:00", "#FORMULA?")
    ]


@pytest.mark.parametrize("write", [as_xls, as_ods])
def test_other_kinds_of_workbooks_are_read_the_same_way(write: object) -> None:
    rows = [["Số", "Hẹn trả"], ["A-1", date(2023, 10, 5)]]
    body = write(rows)  # type: ignore[operator]
    [table] = read_tables(body, "a", LAYOUT)
    assert [cells[:2] for _, cells in table.rows] == [["A-1", date(2023, 10, 5)]]
    assert visible_sheets(body, "a") == ["Sổ 10"]


def test_what_is_no_workbook_is_refused_by_name() -> None:
    with pytest.raises(ContractBroken, match=r"a\.xls is not a workbook that can be read"):
        list(read_tables(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2_000, "a.xls", LAYOUT))
    assert not children()


def test_the_process_is_started_by_its_path_and_knows_nothing_of_the_project() -> None:
    source = Path(reading.__file__).with_name("child.py").read_text(encoding="utf-8")
    assert "from motcua" not in source
