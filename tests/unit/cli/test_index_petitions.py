"""Rows 5.2 and 5.3 from a dropped table to `motcua index unit`, as they are typed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from motcua.cli import main
from motcua.settings import PROJECT_ROOT

pytestmark = pytest.mark.usefixtures("databases")

SOURCE = """
source_id: tra-vinh.petitions
path: petitions-drop/*.csv
unit_id: "{unit}"
valid_from: 2023-01-01
columns: {{petition_id: Mã, unit: Đơn vị, received_on: Nhận, due_on: Hạn, handled_on: Xử lý, kind: Loại,
          is_satisfied: Hài lòng}}
words: {{kind: {{Hành vi: behaviour}}, is_satisfied: {{Có: true, Không: false}}}}
"""
CITY, WARD = "842", "29236:2020"
PETITIONS = (
    "P1,,20/09/2023,10/10/2023,05/10/2023,Hành vi,Có",  # carried over, in time
    "P2,,02/10/2023,09/10/2023,12/10/2023,Hành vi,Có",  # late
    "P3,,02/10/2023,20/10/2023,12/10/2023,Hành vi,Không",  # in time, unsatisfied
    "P4,,30/10/2023,20/11/2023,,Hành vi,",  # open and not yet due
    "P5,,01/10/2023,20/10/2023,,Hành vi,",  # open and overdue
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def command(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["motcua", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        assert ended.value.code == 0, told
        return told.out

    return command


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "catalog"
    shutil.copytree(PROJECT_ROOT / "include" / "catalog", found)
    (found / "petitions").mkdir()
    (found / "petitions-drop").mkdir()
    monkeypatch.setenv("MOTCUA_CATALOG", str(found))
    return found


def satisfaction(run: Callable[..., str], unit: str) -> dict[str, Any]:
    found = json.loads(run("index", "unit", unit, "--period", "CAL_MONTH:2023-10", "--json"))
    group = found["groups"]["satisfaction"]
    return {
        row: (item["numerator"], item["denominator"], item["score"], item["state"])
        for row, item in group["items"].items()
        if row in ("5.2", "5.3")
    } | {"score": group["score"]}


def test_petitions_are_scored_where_they_are_told_full_without_any_and_not_available_where_nobody_tells(
    run: Callable[..., str], catalog: Path
) -> None:
    nothing = (None, None, None, "not_available")
    assert satisfaction(run, CITY) == {"5.2": nothing, "5.3": nothing, "score": None}

    (catalog / "petitions" / "tra-vinh.yaml").write_text(SOURCE.format(unit="842:2020"), encoding="utf-8")
    heading = "Mã,Đơn vị,Nhận,Hạn,Xử lý,Loại,Hài lòng"
    (catalog / "petitions-drop" / "1.csv").write_text("\n".join([heading, *PETITIONS]), encoding="utf-8")
    assert "5 of 5 rows taken in" in run("petitions", "ingest")

    assert satisfaction(run, CITY) == {"5.2": (3, 5, 3.6, "measured"), "5.3": (2, 5, 2.4, "measured"), "score": 6}
    assert satisfaction(run, WARD) == {"5.2": (0, 0, 6, "empty"), "5.3": (0, 0, 6, "empty"), "score": 12}
    assert satisfaction(run, "84-TTPVHCC:2020") == {"5.2": nothing, "5.3": nothing, "score": None}

    table = " ".join(run("index", "unit", CITY, "--period", "CAL_MONTH:2023-10").split())
    assert "còn thiếu 2 phản ánh kiến nghị xử lý đúng hạn" in table
