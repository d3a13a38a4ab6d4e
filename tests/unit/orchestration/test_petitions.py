"""The night of the petitions: skipped without a source, sound rows taken in whatever the others are."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from motcua.orchestration.petitions import plan_sources, take
from sqlalchemy import text

from motcua.errors import ContractBroken
from motcua.settings import PROJECT_ROOT
from motcua.warehouse import store_engine

SOURCE = """
source_id: tra-vinh.petitions
path: petitions-drop/*.csv
unit_id: "842:2020"
valid_from: 2023-01-01
columns: {petition_id: Mã, received_on: Nhận, kind: Loại}
words: {kind: {Hành vi: behaviour}}
"""


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "catalog"
    shutil.copytree(PROJECT_ROOT / "include" / "catalog", found)
    monkeypatch.setenv("MOTCUA_CATALOG", str(found))
    return found


def drop(catalog: Path, *rows: str) -> None:
    for name in ("petitions", "petitions-drop"):
        (catalog / name).mkdir(exist_ok=True)
    (catalog / "petitions" / "tra-vinh.yaml").write_text(SOURCE, encoding="utf-8")
    (catalog / "petitions-drop" / "1.csv").write_text("\n".join(["Mã,Nhận,Loại", *rows]), encoding="utf-8")


def taken_in() -> list[str]:
    with store_engine().connect() as connection:
        return list(connection.execute(text("select petition_id from petition order by 1")).scalars())


def test_a_run_without_a_source_is_skipped_and_does_not_fail(catalog: Path) -> None:
    with pytest.raises(AirflowSkipException, match="no source of petitions"):
        plan_sources({"sources": []})


def test_dropped_petitions_are_in_the_store_and_may_be_read_again(catalog: Path, databases: None) -> None:
    drop(catalog, "P1,02/10/2023,Hành vi", "P2,03/10/2023,Hành vi")
    assert plan_sources({}) == ["tra-vinh.petitions"]
    for _ in range(2):
        assert take("tra-vinh.petitions") == {"rows": 2, "taken": 2}
    assert taken_in() == ["P1", "P2"]


def test_a_refused_row_fails_the_task_but_the_other_rows_are_stored(
    catalog: Path, databases: None, caplog: pytest.LogCaptureFixture
) -> None:
    drop(catalog, "P1,32/10/2023,Hành vi", "P2,03/10/2023,Hành vi")
    with caplog.at_level(logging.WARNING), pytest.raises(ContractBroken, match="1 of 2 rows refused"):
        take("tra-vinh.petitions")
    assert taken_in() == ["P2"]
    assert "received_on is not dd/MM/yyyy" in caplog.text
    assert "32/10" not in caplog.text
