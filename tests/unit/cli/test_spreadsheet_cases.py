"""Office files that came out wrong: no final form is made of what could not be read, and a correction is replayed.

`spreadsheet_cases/` are the cases `yy`, `dueerror`, `night-mixerr` and `error-cells` of the reference inputs (made up,
no person in them exists), with `covers: register` said in their mappings.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Told
from tests.unit.extract.cell_files import BROKEN, WITHOUT, Cell, as_csv, as_ods, as_xls, by_openpyxl

from motcua.catalog import load_catalog
from motcua.extract.records.mapping import load_mapping

CASES = Path(__file__).parent / "spreadsheet_cases"
ASKED = ("--from", "2023-09-01", "--to", "2023-10-31")
OCTOBER = ("--from", "2023-10-01", "--to", "2023-10-31")
EIGHT = (
    "received_online", "received_direct", "carried_over", "resolved_early", "resolved_on_time", "resolved_late",
    "open_in_time", "open_overdue",
)  # fmt: skip
Command = Callable[..., str]


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MOTCUA_CATALOG", "MOTCUA_PROVINCE"):
        monkeypatch.setenv(name, "")
    return Path(shutil.copytree(CASES, tmp_path / "catalog"))


@pytest.fixture
def motcua(databases: None, catalog: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Told]) -> Command:
    """Return a function that runs the command on the cases and returns what it printed."""

    def run(*arguments: str, code: int = 0, is_out: bool = False) -> str:
        load_catalog.cache_clear()
        load_mapping.cache_clear()
        told = command("--catalog", str(catalog), *arguments, code=code)
        return told.out if code == 0 or is_out else told.err

    return run


def unmet(motcua: Command, unit: str, month: tuple[str, ...] = OCTOBER) -> dict[str, str]:
    """Publish October of a unit, and return the lines of its checklist that are not met, with what is missing."""
    motcua("report", "publish", "form-06", "--unit", unit, *month)
    newest: dict[str, Any] = json.loads(motcua("edition", "list", "--unit", unit, "--json"))[0]
    content = json.loads(motcua("edition", "show", newest["edition_id"]))
    lines = {line["code"]: line for line in content["checklist"] if line["is_met"] == "no"}
    assert (content["completeness"] == "final") == (not lines)
    return {code: "; ".join(what["en"] for what in line["missing"]) for code, line in lines.items()}


def test_files_with_errors_or_years_of_two_digits_are_never_final(motcua: Command, catalog: Path) -> None:
    told = motcua("ingest", "--source", "yy.x", "--source", "dueerror.x", *ASKED)
    assert "2 of 2 sources loaded." in told
    for unit in ("yy", "dueerror"):
        missing = unmet(motcua, unit)
        assert "10 of 10 records (100.00 %" in missing["nothing_set_aside"], unit
        assert "due_at: 10 records" in missing["everything_read"], unit
    # Forty dossiers, ten with an error in the due date, all ten late.
    motcua("ingest", "--source", "mixerr.x", *ASKED)
    missing = unmet(motcua, "mixerr")
    assert "10 of 40 records (25.00 %" in missing["nothing_set_aside"]
    assert missing["everything_read"] == "due_at: 10 records"

    mapping = catalog / "mappings" / "yy-x.yaml"
    words = mapping.read_text(encoding="utf-8")
    mapping.write_text(words.replace('"dd/MM/yyyy"]', '"dd/MM/yyyy", "dd/MM/yy"]'), encoding="utf-8")
    assert "10 of 10 records that were set aside are accepted now." in motcua("replay", "--source", "yy.x")
    total = json.loads(motcua("report", "form-06", "--unit", "yy", *OCTOBER, "--json"))["total"]
    assert tuple(total[code] for code in EIGHT) == (4, 5, 1, 4, 2, 2, 1, 1)
    assert unmet(motcua, "yy") == {}


def test_no_kind_of_file_makes_an_unread_due_date_an_empty_one(motcua: Command, catalog: Path) -> None:
    october = ("--from", "2025-10-01", "--to", "2025-10-31")
    header = ["Số hồ sơ", "Thủ tục", "Kênh", "Ngày nhận", "Hẹn trả", "Ngày xong", "Ngày trả", "Tình trạng"]
    for name, write in {"b.xls": as_xls, "c.ods": as_ods, "d.csv": as_csv, "e.xlsx": by_openpyxl}.items():
        rows = [
            [f"{name[0]}-{number}", "Chứng thực bản sao", "Trực tiếp", date(2025, 10, 6), due, date(2025, 10, 20),
             date(2025, 10, 20), "Đã trả kết quả"]
            for number, due in enumerate((Cell("#REF!", BROKEN), Cell(0, WITHOUT), date(2025, 10, 8)))
        ]  # fmt: skip
        (catalog / "drops" / "error-cells-a" / name).write_bytes(write([header, *rows]))
    told = motcua("ingest", "--source", "error-cells-a.x", "--source", "error-cells-b.x", *october)
    assert "2 of 2 sources loaded." in told
    # Of the case two formulas that were never worked out, two errors and two late ones; of each file above one of each.
    missing = unmet(motcua, "error-cells-a", october)
    assert "12 of 18 records (66.67 %" in missing["nothing_set_aside"]
    assert missing["everything_read"] == "due_at: 12 records"
    # The case `drops-b`: a workbook that counts days from 1904.
    assert unmet(motcua, "error-cells-b", october) == {}
    for unit, right in (("error-cells-a", (0, 6, 0, 0, 0, 6, 0, 0)), ("error-cells-b", (0, 3, 0, 3, 0, 0, 0, 0))):
        total = json.loads(motcua("report", "form-06", "--unit", unit, *october, "--json"))["total"]
        assert tuple(total[code] for code in EIGHT) == right


def test_days_that_american_excel_turned_are_held_until_it_is_said_what_they_are(
    motcua: Command, catalog: Path, caplog: pytest.LogCaptureFixture
) -> None:
    october = ("--from", "2025-10-01", "--to", "2025-10-31")
    # The case `swapped-day-and-month`: what was typed as 01/10/2025 is 10 January, 13/10/2025 is left as text.
    header = ["Số hồ sơ", "Thủ tục", "Kênh", "Ngày nhận", "Hẹn trả", "Ngày xong", "Ngày trả", "Tình trạng"]
    rows: list[list[Any]] = [header]
    for day in range(1, 32):
        cell = date(2025, day, 10) if day <= 12 else f"{day:02}/10/2025"
        rows.append([f"PD-{day}", "Chứng thực bản sao", "Trực tiếp", cell, cell, cell, cell, "Đã trả kết quả"])
    (catalog / "drops" / "error-cells-b" / "a.xlsx").write_bytes(by_openpyxl(rows))
    told = motcua("sources", "check", "error-cells-b.x", *october, code=1, is_out=True)
    assert "a.xlsx, sheet Sheet row 2 says 2025-01-10, turned round 2025-10-01" in " ".join(told.split())
    assert "Verdict: nothing would be loaded." in told
    assert "held" in motcua("ingest", "--source", "error-cells-b.x", *october, code=1, is_out=True)
    assert "BatchHeld: error-cells-b.x: Ngày nhận (received_at): days that only one order can read" in caplog.text
    assert "row 3 says 2025-02-10, turned round 2025-10-02; and 9 more. Hẹn trả (due_at): " in caplog.text
    told = motcua("report", "publish", "form-06", "--unit", "error-cells-b", *october, code=1)
    assert "no source of it has answered" in told

    mapping = catalog / "mappings" / "error-cells.yaml"
    words = mapping.read_text(encoding="utf-8")
    mapping.write_text(words.replace("{as: instant,", "{as: instant, swapped: true,"), encoding="utf-8")
    assert "1 of 1 sources loaded." in motcua("ingest", "--source", "error-cells-b.x", *october)
    total = json.loads(motcua("report", "form-06", "--unit", "error-cells-b", *october, "--json"))["total"]
    assert tuple(total[code] for code in EIGHT) == (0, 31, 0, 0, 31, 0, 0, 0)
    assert unmet(motcua, "error-cells-b", october) == {}
