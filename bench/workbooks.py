"""Reads a workbook of 300,000 rows with python-calamine alone and as a pull does, and prints time and memory of both.

`nice -n 10 .venv/bin/python bench/workbooks.py [rows]`. Memory is the largest that both processes had, together.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import xlsxwriter

COLUMNS = ("STT", "Số hồ sơ", "Họ và tên", "Tên thủ tục", "Hình thức nộp", "Ngày tiếp nhận", "Ngày hẹn trả", "Ngày trả",
           "Trạng thái")  # fmt: skip


def write(path: Path, rows: int) -> None:
    """Write a register with so many rows."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, COLUMNS)
    for row in range(1, rows + 1):
        at = datetime(2023, 10, 1 + row % 28)
        sheet.write_row(row, 0, (row, f"HS-{row:07}", f"Người nộp {row}", "Đăng ký khai sinh", "Trực tuyến"))
        for column in (5, 6, 7):
            sheet.write_datetime(row, column, at, day)
        sheet.write_string(row, 8, "Đã trả kết quả")
    book.close()


def alone(body: bytes) -> int:
    """Read the first sheet with python-calamine."""
    import python_calamine

    workbook = python_calamine.load_workbook(io.BytesIO(body))
    return sum(1 for _ in workbook.get_sheet_by_index(0).iter_rows())


def as_pulled(body: bytes) -> int:
    """Read it as the adapter of files does."""
    from motcua.extract.wire.tabular import Layout, read_tables

    return sum(1 for table in read_tables(body, "a.xlsx", Layout(frozenset(COLUMNS))) for _ in table.rows)


def measure(name: str, path: Path) -> None:
    """Print the time of one way and its memory."""
    body = path.read_bytes()
    if name == "as_pulled":
        import motcua.extract.wire.tabular  # noqa: F401  its import is no part of reading
    started, idle = time.perf_counter(), time.process_time()
    rows = {"alone": alone, "as_pulled": as_pulled}[name](body)
    wall = time.perf_counter() - started
    own, children = (resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    memory = (own.ru_maxrss + children.ru_maxrss) / 1024
    busy = time.process_time() - idle + children.ru_utime + children.ru_stime
    print(f"{name:10} {rows:>8,} rows  {wall:5.2f} s  {busy:5.2f} processor s  {memory:4.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], Path(sys.argv[3]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.xlsx"
            write(path, int(sys.argv[1]) if sys.argv[1:] else 300_000)
            for _ in range(3):
                for name in ("alone", "as_pulled"):
                    subprocess.run([sys.executable, __file__, "--measure", name, str(path)], check=True)
