"""Workbooks that clerks with other computers filled in: no day is wrong unless the pull is held or its field is unread.

What a clerk types is a day; what the workbook holds depends on the clerk's computer. The oracle knows the days, and
shares no code with the reader. `MOTCUA_WORKBOOKS=2000` makes so many workbooks.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.unit.extract.adapters.pulled_rows import pulled_rows
from tests.unit.extract.adapters.test_cell_kinds import COLUMNS, FILES, MAPPING
from tests.unit.extract.cell_files import ERROR, WITHOUT, Cell

from motcua.errors import BatchHeld
from motcua.extract.records.mapping import SourceMapping

WORKBOOKS = int(os.environ.get("MOTCUA_WORKBOOKS", "60"))
DAYS = {"Ngày nhận": "received_at", "Hẹn trả": "due_at", "Ngày xong": "finished_at"}
TOLD = SourceMapping.model_validate(
    MAPPING | {"identity": {"as": "key", "key": "Số", "unique_in": [{"column": "Quyển"}]}}
)


def american(day: date) -> Any:
    """Return what is in a cell after dd/MM/yyyy was typed under American settings."""
    return day.replace(month=day.day, day=day.month) if day.day <= 12 else f"{day:%d/%m/%Y}"


CLERKS: dict[str, Callable[[date], Any]] = {
    "Vietnamese settings": lambda day: day,
    "American settings": american,
    "cells of text": lambda day: f"{day:%d/%m/%Y}",
    "cells of text in American order": lambda day: f"{day:%m/%d/%Y}",
    "numbers": lambda day: (day - date(1899, 12, 30)).days,
    "an export of another program": lambda day: f"{day:%d/%m/%Y}",
}
WRONG = {"American settings", "cells of text in American order"}
WRITERS = sorted(set(FILES) - {"csv"})  # a CSV holds texts: nothing in it tells a date from what was typed
SPOILT = (lambda day: Cell("#REF!", ERROR), lambda day: Cell(0, WITHOUT), lambda day: "Trong ngày", lambda day: "   ")


def test_no_day_of_any_workbook_is_wrong_without_a_word(tmp_path: Path) -> None:
    ends: Counter[str] = Counter()
    for seed in range(WORKBOOKS):
        chance = random.Random(seed)
        clerks = chance.choices(list(CLERKS), weights=(5, 4, 3, 2, 1, 1), k=chance.choice((1, 1, 1, 2, 2, 3)))
        rows, truth, is_shown = _workbook(chance, clerks)
        (tmp_path / "drop").write_bytes(FILES[chance.choice(WRITERS)](rows))
        try:
            read = pulled_rows(tmp_path / "drop", TOLD)
        except BatchHeld:
            ends["held"] += 1
            ends["held, though every clerk was right"] += not WRONG & {*clerks}
            continue
        if not is_shown:
            ends["of days that show nothing"] += 1
            continue
        ends["read"] += 1
        assert len(read) == len(truth)
        for row, days in zip(read, truth, strict=True):
            unread = {issue.split(":")[0] for issue in (row["mapping_issues"] or "").split("; ")}
            for field, day in days.items():
                meant = None if day is None else datetime(day.year, day.month, day.day)
                assert field in unread or row[field] == meant, (seed, clerks, field, row, day)
    print(dict(ends))  # `pytest -s`
    assert ends["read"] > WORKBOOKS // 4, ends
    assert ends["held"] > WORKBOOKS // 8, ends
    assert ends["held, though every clerk was right"] < WORKBOOKS // 12, ends
    assert ends["of days that show nothing"] < WORKBOOKS // 20, ends


def _workbook(chance: random.Random, clerks: list[str]) -> tuple[list[list[Any]], list[dict[str, date | None]], bool]:
    """Return the rows of a workbook, the days that were meant in each, and whether its cells can show a wrong order.

    They cannot where a clerk who was wrong wrote only days of the 1st to the 12th.
    """
    first = date(2025, 1, 1) + timedelta(days=chance.randrange(300))
    span, count = chance.choice((5, 12, 31, 90, 330)), chance.choice((1, 2, 3, 6, 15, 40, 120))
    rows: list[list[Any]] = [list(COLUMNS)]
    truth: list[dict[str, date | None]] = []
    shown: dict[str, bool] = {}
    for number in range(count):
        clerk = clerks[number * len(clerks) // count]
        writes = CLERKS[clerk]
        received = first + timedelta(days=chance.randrange(span))
        meant = {
            "Ngày nhận": received,
            "Hẹn trả": received + timedelta(days=chance.randrange(1, 20)),
            "Ngày xong": received + timedelta(days=chance.randrange(15)),
        }
        told: dict[str, date | None] = {}
        row: list[Any] = []
        for column, (_, usual, _, _) in COLUMNS.items():
            if column not in meant:
                row.append({"Số": str(number + 1), "Đã xoá": None}.get(column, usual))
                continue
            spoils = chance.choice(SPOILT) if chance.random() < 0.03 else None
            shown[clerk] = shown.get(clerk, False) or (not spoils and meant[column].day > 12)
            row.append(spoils(meant[column]) if spoils else writes(meant[column]))
            told[DAYS[column]] = None if spoils else meant[column]
        rows.append(row)
        truth.append(told)
    return rows, truth, all(shown[clerk] for clerk in WRONG & shown.keys())
