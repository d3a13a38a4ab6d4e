"""A unit nobody knew, with a spreadsheet of its own making, added by catalogue lines only and reported at a terminal.

The catalogue `foreign/` names one commune, what it calls its departments and procedures, and how its columns read; the
rest is the shipped catalogue's. Airflow is not running.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.unit.cli.conftest import Told

from motcua.catalog import load_catalog
from motcua.catalog.finality import load_waivers
from motcua.errors import CatalogError
from motcua.settings import TIMEZONE

SEPTEMBER = ("--from", "2025-09-01", "--to", "2025-09-30")
Command = Callable[..., Any]


@pytest.fixture
def motcua(databases: None, catalog: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Told]) -> Command:
    """Return a function that runs the command on the foreign catalogue and returns what it printed."""

    def run(*arguments: str, code: int = 0) -> str:
        told = command("--catalog", str(catalog), *arguments, code=code)
        return " ".join(told.err.split()) if code else told.out

    return run


def test_a_foreign_csv_is_added_with_catalogue_lines_and_reported(motcua: Command) -> None:
    told = motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    assert "1 of 1 sources loaded." in told

    form = json.loads(motcua("report", "form-06", "--unit", "phu-an", *SEPTEMBER, "--json"))
    total = form["total"]
    assert (total["received_online"], total["received_direct"]) == (2, 5)
    assert (total["resolved_early"], total["resolved_on_time"], total["resolved_late"]) == (
        2,
        2,
        1,
    )  # a withdrawn one counts as on time (docs/decisions/0006)
    printed = motcua("report", "form-06", "--unit", "phu-an", *SEPTEMBER)
    assert "(3) Tổng số = (4) Trực tuyến + (5) Trực tiếp, dịch vụ bưu chính + (6) Từ kỳ trước" in printed
    rows = {row["row_name"]: row["received_total"] for row in form["rows"]}
    assert rows["Phòng Kinh tế"] == 3
    assert rows["Trung tâm Phục vụ hành chính công"] == 4


def test_wrong_records_of_a_foreign_csv_are_set_aside_with_the_reason(motcua: Command) -> None:
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    entries = json.loads(motcua("quarantine", "list", "--json", "--all"))
    broken = {
        entry["record_id"]: [rule["rule_id"] for rule in entry["broken_rules"] if rule["severity"] == "critical"]
        for entry in entries
    }
    assert {dossier: rules[0] for dossier, rules in broken.items()} == {
        "PA/2025/008": "V7",  # a department nobody declared
        "PA/2025/009": "V0",  # a channel nobody declared
        "PA/2025/010": "V0",  # 31 September
        "PA/2025/011": "V0",  # a status nobody declared
        "PA/2025/012": "V0",  # a procedure code that Excel cut
        None: "V1",  # no number
        "PA/2025/014": "V3",  # finished before it was received
    }


def test_a_row_without_a_number_is_waived_by_what_quarantine_show_prints(motcua: Command, catalog: Path) -> None:
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    [entry] = [one for one in json.loads(motcua("quarantine", "list", "--json")) if one["record_id"] is None]
    place = f"{entry['place']['file']} row {entry['place']['row']}"
    assert place in motcua("quarantine", "list")
    told = motcua("quarantine", "show", str(entry["quarantine_id"]))
    assert f"It stands in {place}, saved " in told
    [waiver] = re.findall(r"entry of waivers\.yaml: (\{.*\})", told)
    today = f"{datetime.now(ZoneInfo(TIMEZONE)):%Y-%m-%d}"
    told_by_a_person = {"reason: ...": "reason: dòng tổng của sổ", "person: ...": "person: An B", "YYYY-MM-DD": today}
    for part, said in told_by_a_person.items():
        waiver = waiver.replace(part, said)
    absent = (
        '{source_id: phu-an.so-tay, agency_code: x, record_id: "99", rules: [V1], reason: no such row, person: An B,'
    )
    (catalog / "waivers.yaml").write_text(f"waivers:\n- {waiver}\n- {absent} day: 2026-01-01}}\n", encoding="utf-8")
    load_waivers.cache_clear()
    told = motcua("report", "publish", "form-06", "--unit", "phu-an", *SEPTEMBER)
    assert place in next(line for line in told.splitlines() if line.startswith("Được miễn: "))
    assert sum(line.startswith("Miễn trừ không có tác dụng: ") for line in told.splitlines()) == 1
    assert "x/99: no such record is set aside" in motcua("quarantine", "list")


def test_a_channel_that_nobody_states_is_not_direct(motcua: Command, catalog: Path) -> None:
    mapping = catalog / "mappings" / "so-theo-doi.yaml"
    said = mapping.read_text(encoding="utf-8")
    mapping.write_text(re.sub("  when_null: 1.*\n", "", said), encoding="utf-8")
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    [entry] = [one for one in json.loads(motcua("quarantine", "list", "--json")) if one["record_id"] == "PA/2025/006"]
    [unread] = [rule["value"] for rule in entry["broken_rules"] if rule["rule_id"] == "V0"]
    assert unread == "channel_code: not stated"
    told = motcua("report", "form-06", "--unit", "phu-an", *SEPTEMBER)
    assert "Nếu công bố bây giờ: TẠM THỜI" in told
    assert "channel_code" in told


def test_personal_data_of_a_foreign_csv_are_not_kept(motcua: Command, tmp_path: Path) -> None:
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    shown = motcua("quarantine", "list", "--json", "--all") + motcua(
        "report", "form-06", "--unit", "phu-an", *SEPTEMBER
    )
    assert "Mẫu" not in shown


def test_records_of_other_days_are_out_of_window_until_they_are_requested(motcua: Command, catalog: Path) -> None:
    mapping = catalog / "mappings" / "so-theo-doi.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("covers: register", "covers: period"), "utf-8")
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    motcua("ingest", "--source", "phu-an.so-tay", "--from", "2025-10-01", "--to", "2025-10-31")
    form = json.loads(
        motcua("report", "form-06", "--unit", "phu-an", "--from", "2025-10-01", "--to", "2025-10-31", "--json")
    )
    assert (form["total"]["received_online"], form["total"]["received_direct"]) == (1, 0)


def test_without_names_of_units_all_records_belong_to_the_unit_of_the_source(motcua: Command, catalog: Path) -> None:
    (catalog / "units" / "agency_codes.csv").unlink()
    mapping = catalog / "mappings" / "so-theo-doi.yaml"
    text = mapping.read_text(encoding="utf-8")
    text = text.replace("  unit_code: {as: name, key: Phòng ban}\n", "").replace("Phòng ban, ", "", 1)
    mapping.write_text(text.replace("drop_unneeded: [", "drop_unneeded: [Phòng ban, "), encoding="utf-8")
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    form = json.loads(motcua("report", "form-06", "--unit", "90001", *SEPTEMBER, "--json"))
    assert form["total"]["received_total"] == 8


def test_a_file_without_a_mapped_column_is_refused_with_the_missing_and_present_columns(
    motcua: Command, catalog: Path
) -> None:
    drop = catalog / "drops" / "2025-09.csv"
    drop.write_text(drop.read_text(encoding="utf-8").replace(";Hẹn trả;", ";Ngày hẹn trả;"), encoding="utf-8")
    told = motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER, code=1)
    assert "2025-09.csv has no column 'Hẹn trả' ('Ngày hẹn trả' looks like it)" in told


def test_a_file_that_is_missing_is_a_source_that_does_not_answer(motcua: Command, catalog: Path) -> None:
    (catalog / "drops" / "2025-09.csv").rename(catalog / "drops" / "2025-09.csv.part")
    told = motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER, code=1)
    assert "no file at" in told
    assert "only" not in told or "still being written" in told


@pytest.mark.parametrize(
    ("part", "says"),
    [("units", r"No units\*\.csv in .*each entry needs"), ("sources", r"No \*\.yaml in .*adapter")],
)
def test_a_catalogue_without_its_own_part_is_refused_with_what_it_needs(catalog: Path, part: str, says: str) -> None:
    shutil.rmtree(catalog / part)
    with pytest.raises(CatalogError, match=says):
        load_catalog(catalog)
