"""`motcua procedures` and `motcua due` as they are typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Told

from motcua.catalog import load_catalog
from motcua.settings import Settings

Run = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(Settings.load().shipped_catalog_dir, tmp_path / "catalog"))


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Told]) -> Run:
    """Return a function that runs the command on a copy of the catalogue and gives what it printed."""
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))

    def typed(*words: str, exit_code: int = 0) -> str:
        load_catalog.cache_clear()
        told = command(*words, code=exit_code)
        return told.err if exit_code else told.out

    return typed


def due(run: Run, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("due", *words, "--json"))
    return found


def test_due_shows_each_step_in_vietnamese_or_in_english_when_chosen(run: Run) -> None:
    words = (
        "due",
        "1.004222.000.00.00.H59",
        "--received",
        "2023-10-02 17:10",
        "--supplement",
        "2023-10-04..2023-10-06",
    )
    told = run(*words)
    assert "Tiếp nhận vào ngoài giờ hoặc ngày nghỉ: tính từ ngày làm việc tiếp theo, thứ Ba 03/10/2023" in told
    assert "Đến hạn: thứ Năm 12/10/2023" in told
    assert "Ngày hẹn trả: thứ Hai 16/10/2023, trước 17:00" in told
    english = run(*words, "--language", "en")
    assert "Due: Monday 2023-10-16, by 17:00" in english
    assert "The day after intake is day 1" in english


def test_due_of_a_same_day_procedure_moves_after_15_00(run: Run) -> None:
    days = [due(run, "1.001193", "--received", f"2023-10-06 {at}")["due_on"] for at in ("15:00", "15:01")]
    assert days == ["2023-10-06", "2023-10-09"]


def test_due_compares_the_due_date_of_the_source_as_rule_6_does(run: Run) -> None:
    found = due(run, "1.004222", "--received", "2023-10-02 08:00", "--stated", "2023-10-13", "--language", "en")
    assert found["gap_workdays"] == 2
    assert "beyond (rule V6) the tolerance of ±1" in found["steps"][-1]


def test_due_takes_a_new_appointment_once(run: Run) -> None:
    words = ("1.004222", "--received", "2023-10-02 08:00", "--reappointed", "2023-10-20")
    assert due(run, *words)["due_on"] == "2023-10-20"
    assert "at most once" in run("due", *words, "--reappointed", "2023-10-25", exit_code=1)


def test_due_has_no_date_while_a_supplement_is_awaited(run: Run) -> None:
    found = due(run, "1.004222", "--received", "2023-10-02 08:00", "--supplement", "2023-10-04")
    assert (found["due_on"], found["due_at"]) == (None, None)


def test_due_of_hours_shows_the_working_sessions(run: Run, folder: Path) -> None:
    (folder / "procedures" / "own.csv").write_text(
        "code,name,field_code,field_name,level,time_limit,time_unit,valid_from,evidence\n"
        "1.999999,Thử,f,F,commune,4,working_hours,2020-01-01,test\n",
        encoding="utf-8",
    )
    found = due(run, "1.999999", "--received", "2023-10-02 10:00", "--language", "en")
    assert found["due_at"] == "2023-10-02 16:00:00"
    assert "Working hours 07:30-11:30, 13:30-17:00 (7.5 a day)" in found["steps"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("9.999999",), "is not in the catalogue on 2023-10-02"),
        (("2.000884",), "has no resolution time"),
        (("1.004222", "--supplement", "4/10"), "is not a supplement"),
        (("1.004222", "--supplement", "2023-10-06..2023-10-04"), "ends before it begins"),
        (("1.004222", "--supplement", "2023-10-04..2023-10-09", "--supplement", "2023-10-06..2023-10-10"), "overlaps"),
    ],
)
def test_due_says_what_is_wrong_and_what_to_do(run: Run, words: tuple[str, ...], message: str) -> None:
    told = run("due", *words, "--received", "2023-10-02 08:00", exit_code=1)
    assert message in " ".join(told.split())
    assert "What to do:" in told


def test_a_history_is_shown_and_a_day_of_it(run: Run) -> None:
    both = json.loads(run("procedures", "show", "2.000806.H59", "--json"))
    assert [row["level"] for row in both] == ["district", "commune"]
    (one,) = json.loads(run("procedures", "show", "2.000806", "--on", "2025-07-01", "--json"))
    assert one["level"] == "commune"
    assert "its rows hold: 2020-01-01 to 2025-06-30" in run(
        "procedures", "show", "2.000806", "--on", "2019-01-01", exit_code=1
    )
    assert "Đăng ký kết hôn" in run("procedures", "show", "2.000806")


def test_a_list_is_shown_first_and_then_merged(run: Run, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "danh-muc.csv"
    path.write_text(
        "STT;Mã TTHC;Thời hạn sau cắt giảm;Hiệu lực từ\n1;1.004222.H59;5 ngày làm việc;01/06/2023\n", encoding="utf-8"
    )
    words = ("procedures", "import", str(path), "--province", "84")
    told = run(*words, "--dry-run")
    assert "would write" in told
    assert "Unknown columns, ignored: STT." in told
    assert not (folder / "procedures" / "province-84.csv").exists()
    found = json.loads(run(*words, "--json"))
    assert found["counts"] == {"new": 1, "changed": 0, "completed": 0, "closed": 0, "unchanged": 0}
    assert json.loads(run(*words, "--json"))["counts"]["unchanged"] == 1
    received = ("1.004222", "--received", "2023-10-02 08:00")
    assert due(run, *received, "--province", "84")["due_on"] == "2023-10-09"
    assert due(run, *received)["due_on"] == "2023-10-11"
    shown = json.loads(run("procedures", "cuts", "--province", "84", "--on", "2023-10-01", "--json"))
    assert {row["code"]: row["count"] for row in shown["rows"]}["cut"] == 1
    assert "Cắt giảm dưới 1/3" in run("procedures", "cuts", "--province", "84", "--on", "2023-10-01")


def test_deadlines_are_shown_with_their_counts_or_as_not_available(run: Run, folder: Path) -> None:
    assert "not available" in run("procedures", "deadlines", "--period", "CAL_MONTH:2023-10")
    (folder / "procedures" / "own.csv").write_text(
        "code,name,field_code,field_name,level,province,announced_on,effective_on,published_on,valid_from,evidence\n"
        "1.999999,Thử,f,F,commune,84,2023-10-02,2023-10-09,2023-10-12,2020-01-01,test\n",
        encoding="utf-8",
    )
    words = ("procedures", "deadlines", "--period", "CAL_MONTH:2023-10", "--province", "84")
    assert json.loads(run(*words, "--json"))["rows"] == {"1.1": [1, 1], "1.2": [0, 1]}
    told = run(*words)
    assert "100.00" in told
    assert "2023-10-09" in told
    assert "is not the code of a province" in run(*words[:4], "--province", "abc", exit_code=1)
