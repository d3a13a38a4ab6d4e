"""Workbooks with days and words in an office's own way: nothing is read as another value, whatever stands in a cell.

Each kind of column is written by a writer here, which knows what is meant; it shares no code with the reader. A cell of
every kind (`cell_table`) in every such column, and workbooks of any mix (`MOTCUA_WORKBOOKS=2000` makes so many).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.extract.adapters.cell_table import PLAIN, SERIAL, workbooks
from tests.unit.extract.adapters.pulled_rows import pulled_rows
from tests.unit.extract.adapters.test_cell_kinds import FILES, MAPPING
from tests.unit.extract.adapters.test_turned_workbooks import american
from tests.unit.extract.cell_files import ERROR, WITHOUT, Cell, as_ods, as_xls, as_xlsx

from motcua.errors import BatchHeld, ContractBroken
from motcua.extract.records.mapping import SourceMapping

WORKBOOKS = int(os.environ.get("MOTCUA_WORKBOOKS", "60"))
KEPT = ["Ký hiệu", "Số", "Tình trạng", "Thủ tục", "Ngày", "Tháng", "Năm", "Giờ", "Hẹn trả", "Ngày xong", "Giờ xong",
        "Trả - ký"]  # fmt: skip
DAYS = ["d/M/yyyy", "d/M/yy", "excel"]
TOLD = SourceMapping.model_validate(
    {
        "adapter": "files",
        "null_values": ["", "-"],
        "made": {
            "Số hồ sơ": {"join": ["Ký hiệu", "Số"], "between": "-"},
            "Nhận lúc": {"day": "Ngày", "month": "Tháng", "year": "Năm", "hour": "Giờ", "short_year": True},
            "Xong lúc": {"date": "Ngày xong", "hour": "Giờ xong"},
            "Ngày trả": {"part_of": "Trả - ký", "pattern": r"(?P<value>\S+)(?: - .+)?"},
        },
        "identity": {"as": "key", "key": "Số hồ sơ"},
        "status": MAPPING["status"],
        "channel": {"as": "constant", "code": 1},
        "fields": {
            "dossier_no": {"as": "code", "key": "Số hồ sơ"},
            "procedure_code": {"as": "procedure", "key": "Thủ tục"},
            "received_at": {"as": "instant", "key": "Nhận lúc"},
            "due_at": {
                "as": "instant", "key": "Hẹn trả", "formats": ["d/M/yyyy h:mm:ss tt", *DAYS], "limits": "working_days",
            },
            "finished_at": {
                "as": "instant", "key": "Xong lúc", "formats": ["d/M/yyyy HH:mm:ss", "d/M/yy HH:mm:ss", *DAYS],
            },
            "returned_at": {"as": "instant", "key": "Ngày trả", "formats": ["d/M/yyyy", "d/M/yy"]},
        },
        "keys": {"keep": KEPT},
    }
)  # fmt: skip
FIELDS = {
    "Ký hiệu": "dossier_id", "Số": "dossier_id", "Ngày": "received_at", "Tháng": "received_at", "Năm": "received_at",
    "Giờ": "received_at", "Hẹn trả": "due_at", "Ngày xong": "finished_at", "Giờ xong": "finished_at",
    "Trả - ký": "returned_at",
}  # fmt: skip
USUAL: dict[str, Any] = {
    "Ký hiệu": "HS", "Số": 7, "Tình trạng": "Đã trả", "Thủ tục": "2.000815", "Ngày": 6, "Tháng": 10, "Năm": 2025,
    "Giờ": "9h30", "Hẹn trả": "2 ngày", "Ngày xong": date(2025, 10, 8), "Giờ xong": "02:15 CH",
    "Trả - ký": "08/10/2025 - 09/10/2025",
}  # fmt: skip
MEANT = {
    "dossier_id": "HS-7/2025", "received_at": datetime(2025, 10, 6, 9, 30), "due_at": datetime(2025, 10, 8),
    "finished_at": datetime(2025, 10, 8, 14, 15), "returned_at": datetime(2025, 10, 8),
}  # fmt: skip
# What a cell of a kind means where it means something; every other one is unread. Text is the usual text of the column.
AS_USUAL = {"text", "formula with a value", "spaces that do not break"}
DAY = datetime(2025, 10, 8)
READ: dict[tuple[str, str], Any] = {
    ("Hẹn trả", "date"): DAY,
    ("Hẹn trả", "date as text"): DAY,
    ("Hẹn trả", "date and hour"): datetime(2025, 10, 8, 9, 30),
    ("Hẹn trả", "number of a day"): DAY,
    ("Hẹn trả", "number of a day as text"): DAY,
    ("Hẹn trả", "empty"): None,
    ("Hẹn trả", "blanks only"): None,
    ("Ngày xong", "date"): datetime(2025, 10, 8, 14, 15),
    ("Ngày xong", "date as text"): datetime(2025, 10, 8, 14, 15),
    ("Ngày xong", "number of a day"): datetime(2025, 10, 8, 14, 15),
    ("Giờ xong", "empty"): DAY,
    ("Giờ xong", "blanks only"): DAY,
    ("Giờ", "empty"): datetime(2025, 10, 6),
    ("Giờ", "blanks only"): datetime(2025, 10, 6),
    ("Trả - ký", "date as text"): DAY,
    ("Trả - ký", "empty"): None,
    ("Trả - ký", "blanks only"): None,
    # A text is what it says, of a number of the office's own too.
    ("Ký hiệu", "date as text"): "8/10/2025-7",
    ("Ký hiệu", "number of a day"): f"{SERIAL}-7/2025",
    ("Ký hiệu", "number of a day as text"): f"{SERIAL}-7/2025",
    ("Số", "date as text"): "HS-8/10/2025",
    ("Số", "number of a day"): f"HS-{SERIAL}/2025",
    ("Số", "number of a day as text"): f"HS-{SERIAL}/2025",
}
WIDTH = "digits of full width", "spaces of no width"


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("column", FIELDS)
def test_a_cell_of_any_kind_is_read_as_what_it_says_or_is_unread(column: str, kind: str, tmp_path: Path) -> None:
    field = FIELDS[column]
    text = f"{USUAL[column]:%d/%m/%Y}" if isinstance(USUAL[column], date) else str(USUAL[column])
    rows = [list(KEPT), *([USUAL[name] for name in KEPT] for _ in range(4))]
    files = workbooks(rows, 2, KEPT.index(column), kind, text)
    assert len(files) >= 2
    for file, body in files.items():
        above, row, *_ = read(tmp_path, body)
        assert {name: above[name] for name in MEANT} == MEANT, file
        assert above["mapping_issues"] is None
        unread = issues_of(row)
        if kind in AS_USUAL or (kind in WIDTH and field not in unread):
            assert row[field] == MEANT[field], (file, row)
        elif (column, kind) in READ:
            assert (row[field], field in unread) == (READ[column, kind], False), (file, row)
        else:
            assert (row[field], field in unread) == (None, True), (file, row)
        if column in ("Ngày", "Tháng", "Năm", "Giờ") and row["received_at"] is None:
            assert {"received_at", "due_at", "dossier_id"} <= unread
            assert row["due_at"] is None


@pytest.mark.parametrize("write", [as_xlsx, as_xls, as_ods])
def test_days_of_a_workbook_from_1904_are_read_right_in_made_columns_and_limits(write: Any, tmp_path: Path) -> None:
    number = (date(2025, 10, 8) - date(1904, 1, 1)).days
    rows = [[USUAL[name] for name in KEPT] for _ in range(3)]
    rows[1][KEPT.index("Ngày xong")] = number
    rows[1][KEPT.index("Hẹn trả")] = 2
    rows[2][KEPT.index("Hẹn trả")] = "2"
    read_rows = read(tmp_path, write([list(KEPT), *rows], is_1904=True))
    for row in read_rows:
        assert row["mapping_issues"] is None
        assert {name: row[name] for name in MEANT} == MEANT


SPOILT = (lambda: Cell("#REF!", ERROR), lambda: Cell(0, WITHOUT), lambda: "hỏi lại", lambda: Cell("#N/A", ERROR))
REST = {date(2025, 4, 7), date(2025, 4, 30), date(2025, 5, 1), date(2025, 5, 2), date(2025, 9, 1), date(2025, 9, 2)}
WORKED = {date(2025, 4, 26)}


def test_no_workbook_of_any_mix_is_read_as_another_day_or_number(tmp_path: Path) -> None:
    ends: Counter[str] = Counter()
    for seed in range(WORKBOOKS):
        chance = random.Random(seed)
        is_turned = chance.random() < 0.2
        rows, truth, is_shown = _workbook(chance, is_turned=is_turned)
        try:
            got = read(tmp_path, FILES[chance.choice(sorted({*FILES} - {"csv"}))](rows))
        except (BatchHeld, ContractBroken):
            ends["held, though the clerk was right" if not is_turned else "held"] += 1
            continue
        if is_turned and not is_shown:
            ends["of days that show nothing"] += 1
            continue
        ends["read"] += 1
        assert len(got) == len(truth)
        for row, meant in zip(got, truth, strict=True):
            unread = issues_of(row)
            for field, value in meant.items():
                ends[f"{field} unread" if field in unread else "a value"] += 1
                assert row[field] == value or (field in unread and row[field] is None), (seed, field, row, meant)
    print(dict(ends))  # `pytest -s`
    assert ends["held"] > WORKBOOKS // 12, ends
    assert ends["held, though the clerk was right"] < WORKBOOKS // 5, ends
    assert ends["of days that show nothing"] < WORKBOOKS // 12, ends
    unread_count = sum(count for name, count in ends.items() if name.endswith("unread"))
    assert unread_count * 5 < ends["a value"], ends


def _workbook(chance: random.Random, *, is_turned: bool) -> tuple[list[list[Any]], list[dict[str, Any]], bool]:
    """Return the rows of a workbook, what each means, and whether its cells can show that a program turned days.

    Where it did, Excel took what was typed as dd/MM/yyyy for American days, and left as text what it could not.
    """
    is_shown = False
    first, span = date(2025, 3, 3) + timedelta(days=chance.randrange(180)), chance.choice((12, 31, 60))
    truth: list[dict[str, Any]] = []
    rows: list[list[Any]] = [list(KEPT)]
    for number in range(1, chance.choice((3, 12, 40)) + 1):
        received = _workday(first + timedelta(days=chance.randrange(span)))
        at = datetime(received.year, received.month, received.day, chance.randrange(8, 11), chance.randrange(60))
        finished = datetime.combine(received + timedelta(days=chance.randrange(9)), datetime.min.time())
        hour = finished + timedelta(hours=chance.randrange(24), minutes=chance.randrange(60))
        due, said, is_limit = _due(chance, received)
        short = chance.random() < 0.4
        cells = {
            "Ký hiệu": chance.choice(("HS", " hs ", "HS ")),
            "Số": chance.choice((number, str(number), f"{number:04}", float(number))),
            "Tình trạng": "Đã trả",
            "Thủ tục": "2.000815",
            "Ngày": chance.choice((at.day, f"{at.day:02}", float(at.day))),
            "Tháng": chance.choice((at.month, f"{at.month:02}")),
            "Năm": at.year % 100 if short else at.year,
            "Giờ": chance.choice(
                (f"{at:%H:%M}", f"{at.hour}h{at:%M}", f"{at.hour} giờ {at:%M} phút", f"{at:%I:%M} SA")
            ),
            "Hẹn trả": said,
            "Ngày xong": _written(chance, finished),
            "Giờ xong": f"{hour.hour % 12 or 12:02}:{hour:%M:%S} {'SA' if hour.hour < 12 else 'CH'}",
            "Trả - ký": f"{finished:%d/%m/%Y} - {finished + timedelta(days=1):%d/%m/%Y}",
        }
        meant: dict[str, Any] = {
            "dossier_id": f"HS-{number}/2025", "received_at": at, "due_at": due, "finished_at": hour,
            "returned_at": finished,
        }  # fmt: skip
        if is_turned:
            cells["Ngày xong"] = american(finished.date())
            is_shown = is_shown or finished.day > 12
        for column in (column for column in FIELDS if chance.random() < 0.02):
            cells[column] = chance.choice(SPOILT)()
            meant[FIELDS[column]] = None
            if FIELDS[column] == "received_at":
                meant |= {"dossier_id": None} | ({"due_at": None} if is_limit else {})
            if column == "Ký hiệu" and cells[column] == "hỏi lại":
                meant["dossier_id"] = f"HỎI LẠI-{number}/2025"
            if column == "Số" and cells[column] == "hỏi lại":
                meant["dossier_id"] = "HS-HỎI LẠI/2025"
        rows.append([cells[name] for name in KEPT])
        truth.append(meant)
    return rows, truth, is_shown


def _due(chance: random.Random, received: date) -> tuple[datetime, Any, bool]:
    """Return a due instant, what a clerk writes for it, and whether that is a time limit."""
    number = chance.randrange(1, 15)
    day = received
    for _ in range(number):
        day = _workday(day + timedelta(days=1))
    at = datetime(day.year, day.month, day.day)
    noon = at + timedelta(hours=chance.choice((0, 9, 12, 15)), minutes=30)
    return chance.choice(
        [
            (datetime(received.year, received.month, received.day), chance.choice(("Trong ngày", "TRONG NGÀY")), True),
            (at, chance.choice((number, str(number), f"{number} ngày", f"{number:02} ngày làm việc")), True),
            (at, day, False),
            (at, f"{day:%d/%m/%Y}", False),
            (at, f"{day:%d/%m/%y}", False),
            (noon, f"{noon:%d/%m/%Y} {noon:%I:%M:%S} {'SA' if noon.hour < 12 else 'CH'}", False),
        ]
    )


def _workday(day: date) -> date:
    while day in REST or (day.weekday() > 4 and day not in WORKED):
        day += timedelta(days=1)
    return day


def _written(chance: random.Random, day: datetime) -> Any:
    return chance.choice((day.date(), f"{day:%d/%m/%Y}", f"{day:%d/%m/%y}", (day.date() - date(1899, 12, 30)).days))


def issues_of(row: dict[str, Any]) -> set[str]:
    return {issue.split(":")[0] for issue in (row["mapping_issues"] or "").split("; ")}


def read(folder: Path, body: bytes) -> list[dict[str, Any]]:
    (folder / "drop").write_bytes(body)
    return pulled_rows(folder / "drop", TOLD)
