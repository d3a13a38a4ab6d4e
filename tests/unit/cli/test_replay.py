"""After a correction of mapping or catalogue what was landed is judged again, and the source is not asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.unit.cli.conftest import Told

from motcua.catalog import load_catalog
from motcua.extract.records.mapping import load_mapping
from motcua.warehouse import store_engine

SEPTEMBER = ("--from", "2025-09-01", "--to", "2025-09-30")
Command = Callable[..., str]


@pytest.fixture
def motcua(databases: None, catalog: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Told]) -> Command:
    """Return a function that runs the command on the foreign catalogue and returns what it printed."""

    def run(*arguments: str, code: int = 0) -> str:
        load_catalog.cache_clear()  # each command is a process of its own
        load_mapping.cache_clear()
        told = command("--catalog", str(catalog), *arguments, code=code)
        return told.out + told.err

    return run


def correct(catalog: Path) -> None:
    """Name the department, the channel, the status and the procedure that nobody knew, and read one channel anew."""
    with (catalog / "units" / "agency_codes.csv").open("a", encoding="utf-8") as codes:
        codes.write("Phòng Tư pháp,phu-an.hcc,2025-07-01,,made up,\n")
    mapping = catalog / "mappings" / "so-theo-doi.yaml"
    words = mapping.read_text(encoding="utf-8")
    words = words.replace("BCCI: 3}", "BCCI: 1, Qua Zalo: 2}")
    words = words.replace("    Trễ hạn:", "    Chờ sếp ký: {code: 4, evidence: inferred}\n    Trễ hạn:")
    mapping.write_text(words, encoding="utf-8")


def open_rules(motcua: Command) -> dict[str | None, str]:
    entries: list[dict[str, Any]] = json.loads(motcua("quarantine", "list", "--json"))
    return {entry["record_id"]: entry["broken_rules"][0]["rule_id"] for entry in entries}


def count(sql: str) -> int:
    with store_engine().connect() as connection:
        return int(connection.execute(text(sql)).scalar_one())


def test_what_was_set_aside_is_accepted_after_a_correction_without_asking_the_source(
    motcua: Command, catalog: Path
) -> None:
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    dossiers = count("select count(*) from dossier_current")
    assert set(open_rules(motcua)) == {*(f"PA/2025/{number:03}" for number in (8, 9, 10, 11, 12, 14)), None}
    (catalog / "drops" / "2025-09.csv").unlink()
    correct(catalog)

    told = motcua("replay", "--source", "phu-an.so-tay")
    assert "3 of 7 records that were set aside are accepted now." in told, told
    assert re.search(r"phu-an.so-tay \S+/PA/2025/008\s+V7, V8\s+accepted", told)
    assert re.search(r"phu-an.so-tay \S+/PA/2025/010 .*breaks V0", told)
    # 15 rows landed: 3 new, 1 changed (its channel), 7 as they were, 4 still set aside.
    [row] = [line.split() for line in told.splitlines() if line.strip().startswith("phu-an.so-tay   ")]
    assert row[1:] == ["1", "15", "15", "0", "0", "3", "1", "7", "0", "0", "4"]

    assert open_rules(motcua).keys() == {"PA/2025/010", "PA/2025/012", "PA/2025/014", None}
    assert count("select count(*) from dossier_current") == dossiers + 3
    form = json.loads(motcua("report", "form-06", "--unit", "phu-an", *SEPTEMBER, "--json"))["total"]
    assert (form["received_online"], form["received_direct"]) == (3, 7)
    motcua("measures", "rebuild", "--check")


def test_a_second_replay_changes_nothing(motcua: Command, catalog: Path) -> None:
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    correct(catalog)
    motcua("replay")
    versions = count("select count(*) from dossier_version")
    still_open = open_rules(motcua)
    told = motcua("replay")
    assert "0 of 4 records that were set aside are accepted now." in told
    assert count("select count(*) from dossier_version") == versions
    assert open_rules(motcua) == still_open
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)  # the source says the same, read the same
    assert count("select count(*) from dossier_version") == versions


def test_a_replay_answers_for_no_day_and_is_named_on_the_edition(motcua: Command, catalog: Path) -> None:
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    with store_engine().begin() as connection:  # it was asked on the last day of the month, which was not over
        connection.execute(text("update batch set planned_at = '2025-09-30 12:00+07'"))
    correct(catalog)
    motcua("replay")
    motcua("report", "publish", "form-06", "--unit", "phu-an", *SEPTEMBER)
    [edition] = json.loads(motcua("edition", "list", "--json"))
    content = json.loads(motcua("edition", "show", edition["edition_id"]))
    unmet = {line["code"]: line["missing"][0]["en"] for line in content["checklist"] if line["is_met"] == "no"}
    assert "not asked after 2025-09-30 ended" in unmet["sources_answered"]
    [cell] = [cell for cell in content["cells"] if cell["source_id"]]
    assert len(cell["batches"]) == 2


def test_a_source_that_cannot_be_read_again_is_named_and_the_others_go_on(motcua: Command, catalog: Path) -> None:
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    mapping = catalog / "mappings" / "so-theo-doi.yaml"
    words = mapping.read_text(encoding="utf-8")
    mapping.write_text(
        words.replace("keep: [", "keep: [Ghi chú, ")
        .replace("Người nộp, Ghi chú", "Người nộp")
        .replace("  due_at:", "  source_field_code: {as: code, key: Ghi chú}\n  due_at:"),
        encoding="utf-8",
    )  # fmt: skip
    told = " ".join(motcua("replay", code=1).split())
    assert "cannot be read again, because Ghi chú was not kept" in told


def test_another_key_is_refused_because_the_store_would_hold_each_dossier_twice(motcua: Command, catalog: Path) -> None:
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    sources = catalog / "sources" / "phu-an.yaml"
    entry = sources.read_text(encoding="utf-8")
    sources.write_text(re.sub(r"system_code: \S+", "system_code: another", entry), encoding="utf-8")
    told = motcua("replay", code=1)
    assert "have another key now" in " ".join(told.split())
    assert count("select count(*) from batch") == 1


def test_a_replay_without_such_a_source_is_refused(motcua: Command) -> None:
    assert "There is no source nowhere." in motcua("replay", "--source", "nowhere", code=1)


def line_of(motcua: Command, unit: str, code: str) -> tuple[str, list[str]]:
    """Return what the checklist of September says of one line: whether it is met, and what is missing."""
    checklist = json.loads(motcua("report", "form-06", "--unit", unit, *SEPTEMBER, "--json"))["checklist"]
    [line] = [line for line in checklist if line["code"] == code]
    return line["is_met"], [what["en"] for what in line["missing"]]


def test_figures_are_not_final_while_records_are_read_by_an_earlier_mapping(motcua: Command, catalog: Path) -> None:
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    assert line_of(motcua, "phu-an", "read_as_stated") == ("yes", [])
    correct(catalog)
    is_met, missing = line_of(motcua, "phu-an", "read_as_stated")
    assert is_met == "no"
    [said] = missing
    assert "1 pulls, of 2025-09-01 to 2025-09-30" in said
    assert "run `motcua replay --source phu-an.so-tay`" in said
    motcua("replay")
    assert line_of(motcua, "phu-an", "read_as_stated") == ("yes", [])


def test_the_dossiers_of_a_source_whose_unit_was_wrong_are_no_zeros_of_the_right_one(
    motcua: Command, catalog: Path
) -> None:
    mapping = catalog / "mappings" / "so-theo-doi.yaml"
    words = mapping.read_text(encoding="utf-8").replace("  unit_code: {as: name, key: Phòng ban}\n", "")
    words = words.replace("Phòng ban, ", "").replace("[STT]", "[STT, Phòng ban]")
    mapping.write_text(words, encoding="utf-8")
    motcua("ingest", "--source", "phu-an.so-tay", *SEPTEMBER)
    with (catalog / "units" / "units.csv").open("a", encoding="utf-8") as units:
        units.write("phu-binh,99002,commune,commune,,Xã Phú Bình,2020-01-01,,made up\n")
    dossiers = count("select count(*) from dossier_current where unit_id = 'phu-an'")
    entry = catalog / "sources" / "phu-an.yaml"
    entry.write_text(entry.read_text(encoding="utf-8").replace('unit_id: "phu-an"', 'unit_id: "phu-binh"'))
    assert line_of(motcua, "phu-binh", "read_as_stated")[0] == "no"

    motcua("replay", "--source", "phu-an.so-tay")
    assert line_of(motcua, "phu-binh", "read_as_stated") == ("yes", [])
    assert count("select count(*) from dossier_current where unit_id = 'phu-binh'") == dossiers > 0
    assert count("select count(*) from dossier_current where unit_id = 'phu-an'") == 0
    motcua("measures", "rebuild", "--check")
