"""The single definition of every count, case by case."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text
from tests.store_world import COMMUNE, dossier, validated_batch

from motcua.consolidate import consolidate_batches
from motcua.warehouse import store_engine

CASES = yaml.safe_load(Path(__file__).with_name("contribution_cases.yaml").read_text(encoding="utf-8"))
IN_PROCESS = {"status_code": 4, "finished_at": None, "returned_at": None}


@pytest.mark.usefixtures("databases")
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_contribution(case: dict[str, Any]) -> None:
    consolidate_batches([validated_batch([dossier(**{**IN_PROCESS, **case.get("given", {})})])])
    with store_engine().connect() as connection:
        rows = connection.execute(
            text("select measure, on_day, quantity, unit_id, procedure_code, field_code from dossier_contribution")
        ).all()
    assert {row.measure: row.on_day for row in rows} == {
        measure: date(2023, 10, day) for measure, day in case["contributes"].items()
    }
    assert {tuple(row)[2:] for row in rows} <= {(1, COMMUNE, "2.000815", "G15-TP08")}
