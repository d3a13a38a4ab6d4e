"""Registers whose numbers look alike or are written in several ways: `cases/`, run at a terminal.

A mapping is corrected by the lines that `sources check` asks for, and by nothing else.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.unit.cli.conftest import Told

from motcua.extract.records.mapping import load_mapping
from motcua.period import period_between
from motcua.publish import publish_edition
from motcua.warehouse import store_engine

CASES = Path(__file__).parent / "cases"
EIGHT = (
    "received_online", "received_direct", "carried_over", "resolved_early", "resolved_on_time", "resolved_late",
    "open_in_time", "open_overdue",
)  # fmt: skip
THE_TEN = (4, 5, 1, 4, 2, 2, 1, 1)
AUTUMN_2023 = ("--from", "2023-09-01", "--to", "2023-10-31")
OCTOBER_2023 = ("--from", "2023-10-01", "--to", "2023-10-31")
OCTOBER_2025 = ("--from", "2025-10-01", "--to", "2025-10-31")
REGISTER = "adapter: files\ncovers: register"

Command = Callable[..., str]


@pytest.fixture
def motcua(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Told]) -> Command:
    """Return a function that runs a command on a copy of a case and returns what it printed."""
    monkeypatch.setenv("MOTCUA_CATALOG", str(tmp_path / "catalog"))
    monkeypatch.setenv("MOTCUA_PROVINCE", "")

    def run(*arguments: str, code: int = 0) -> str:
        told = command("--catalog", str(tmp_path / "catalog"), *arguments, code=code)
        return told.out + " ".join(told.err.split())

    return run


@pytest.fixture
def case(tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: Path(shutil.copytree(CASES / name, tmp_path / "catalog"))


def rewrite(path: Path, before: str, after: str) -> None:
    said = path.read_text(encoding="utf-8")
    assert before in said
    path.write_text(said.replace(before, after), encoding="utf-8")
    load_mapping.cache_clear()  # a command reads it anew


def eight(motcua: Command, unit: str, *period: str) -> tuple[int | None, ...]:
    total = json.loads(motcua("report", "form-06", "--unit", unit, *period, "--json"))["total"]
    return tuple(total[code] for code in EIGHT)


def published(unit: str, *period: str) -> dict[str, Any]:
    """Publish the form of a unit for the period of a command and return what the edition holds."""
    content: dict[str, Any] = publish_edition(
        "form-06", unit, period_between(*map(date.fromisoformat, period[1::2]))
    ).content
    return content


def checklist(unit: str, *period: str) -> dict[str, str]:
    return {line["code"]: line["is_met"] for line in published(unit, *period)["checklist"]}


def deletion_proofs() -> dict[str, str]:
    with store_engine().connect() as connection:
        rows = connection.execute(
            text("select dossier_id, deletion_proof from dossier_current where is_deleted order by dossier_id")
        )
        return {row.dossier_id: row.deletion_proof for row in rows}


def test_numbers_of_two_offices_that_look_alike_are_two_registers(motcua: Command, case: Callable[[str], Path]) -> None:
    rewrite(case("numbers-of-an-office") / "mappings/so.yaml", "adapter: files", REGISTER)
    motcua("ingest", *OCTOBER_2025)
    form = {unit: eight(motcua, unit, *OCTOBER_2025) for unit in ("tinh011", "xa-a011", "xa-b011")}
    assert form["tinh011"][:2] == (5, 5)
    assert sum(form["tinh011"][3:6]) == 10
    assert (form["xa-a011"][:2], form["xa-a011"][3:6]) == ((0, 5), (0, 5, 0))
    assert (form["xa-b011"][:2], form["xa-b011"][3:6]) == ((5, 0), (0, 0, 5))


def test_zeros_lost_on_the_way_are_a_finding_and_stop_final(motcua: Command, case: Callable[[str], Path]) -> None:
    catalog = case("zeros-lost-in-a-key")
    rewrite(catalog / "mappings/so.yaml", "adapter: files", REGISTER)
    saved_again = (catalog / "drops-a/a.csv").read_text(encoding="utf-8")
    head, *rows = saved_again.splitlines()
    before = [f"000{row.replace(',7/10/2025,7/10/2025,Đã trả kết quả', ',,,Đang xử lý')}" for row in rows]
    (catalog / "drops-a/a.csv").write_text("\n".join([head, *before, ""]), encoding="utf-8")
    ingest = ("ingest", "--source", "xa-a131.so-tay", *OCTOBER_2025)
    motcua(*ingest)
    (catalog / "drops-a/a.csv").write_text(saved_again, encoding="utf-8")
    motcua(*ingest)
    assert eight(motcua, "xa-a131", *OCTOBER_2025) == (0, 18, 0, 9, 0, 0, 0, 9)
    assert checklist("xa-a131", *OCTOBER_2025)["keys_mean_one"] == "no"
    told = " ".join(motcua("sources", "check", "xa-a131.so-tay", *OCTOBER_2025, code=1).split())
    assert "9 numbers of Số hồ sơ are written in several ways" in told
    assert "0001 = 1" in told

    # The line that the finding asks for: the old keys give way to the new ones, none is counted twice.
    rewrite(catalog / "mappings/so.yaml", "{as: code, key: Số hồ sơ}\nstatus", "{as: key, key: Số hồ sơ}\nstatus")
    motcua(*ingest)
    assert eight(motcua, "xa-a131", *OCTOBER_2025) == (0, 9, 0, 9, 0, 0, 0, 0)
    assert checklist("xa-a131", *OCTOBER_2025)["keys_mean_one"] == "yes"
    assert len(deletion_proofs()) == 18
    assert "its key is 1/2025 since the mapping makes it so" in deletion_proofs()["0001"]
    assert "Verdict: everything could be read." in motcua("sources", "check", "xa-a131.so-tay", *OCTOBER_2025)


def test_a_number_as_text_and_as_a_number_is_one(motcua: Command, case: Callable[[str], Path]) -> None:
    mapping = case("spreadsheets") / "mappings/zeros-x.yaml"
    motcua("ingest", "--source", "zeros.x", *AUTUMN_2023)
    assert eight(motcua, "zeros", *OCTOBER_2023)[:2] == (8, 10)
    assert checklist("zeros", *OCTOBER_2023)["keys_mean_one"] == "no"
    rewrite(mapping, 'identity: {as: code, key: "Số hồ sơ"}', 'covers: register\nidentity: {as: key, key: "Số hồ sơ"}')
    motcua("ingest", "--source", "zeros.x", *AUTUMN_2023)
    assert eight(motcua, "zeros", *OCTOBER_2023) == THE_TEN
    assert published("zeros", *OCTOBER_2023)["completeness"] == "final"


def test_numbers_that_begin_again_on_each_sheet_are_kept_apart_by_the_sheet(
    motcua: Command, case: Callable[[str], Path]
) -> None:
    mapping = case("spreadsheets") / "mappings/restart-x.yaml"
    checked = " ".join(motcua("sources", "check", "restart.x", *AUTUMN_2023, code=1).split())
    assert "is a running number" in checked
    assert "9 keys come back with other content" in checked
    held = motcua("ingest", "--source", "restart.x", *AUTUMN_2023, code=1)
    assert "1: received 2023-09-02, procedure 1.001193 | received 2023-10-02, procedure 1.001193;" in held
    assert "and 4 more. Nothing was loaded." in held
    rewrite(
        mapping,
        'identity: {as: code, key: "Số hồ sơ"}',
        'covers: register\nidentity: {as: key, key: "Số hồ sơ", unique_in: [year, sheet]}',
    )
    told = motcua("ingest", "--source", "restart.x", *AUTUMN_2023)
    assert "1 of 1 sources loaded." in told
    september, october = (
        eight(motcua, "restart", "--from", f"2023-{m}-01", "--to", f"2023-{m}-30") for m in ("09", 10)
    )
    assert sum(september[:2]) + sum(october[:2]) == 18
