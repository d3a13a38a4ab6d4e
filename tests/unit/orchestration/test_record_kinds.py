"""The night of the petitions: skipped without a source, sound rows loaded whatever the others are."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from tests.petition_world import SOURCE_ID, add_source, drop, emptied, make_catalog, row, versions

from motcua.errors import ConfigurationError, ContractBroken, SourceUnavailable
from motcua.orchestration import night, record_kinds

RUN = SimpleNamespace(
    run_id="night", partition_key=None, data_interval_end=None, run_after=datetime(2023, 11, 1, tzinfo=UTC)
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_catalog(tmp_path_factory.mktemp("petitions") / "catalog")


@pytest.fixture
def catalog(shared: Path, databases: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOTCUA_CATALOG", str(shared))
    with emptied(shared) as found:
        return found


def run(**params: Any) -> dict[str, int]:
    for chunk in record_kinds.plan("petition", params, RUN):
        night.extract(chunk, is_patient=True)
        night.validate(chunk)
        night.consolidate(chunk)
    return record_kinds.name_missing_sources("petition", RUN.run_id)


def test_without_a_source_the_run_is_skipped_not_failed(catalog: Path) -> None:
    with pytest.raises(AirflowSkipException, match="no source of records of kind petition"):
        record_kinds.plan("petition", {"sources": []}, RUN)


def test_the_last_task_is_skipped_as_well_and_fails_when_nothing_was_planned(catalog: Path) -> None:
    with pytest.raises(AirflowSkipException, match="no source of records of kind petition"):
        record_kinds.name_missing_sources("petition", RUN.run_id)
    add_source(catalog)
    with pytest.raises(ConfigurationError, match="plan_batches"):
        record_kinds.name_missing_sources("petition", RUN.run_id)


def test_what_was_dropped_is_in_the_store_and_the_run_may_be_repeated(catalog: Path) -> None:
    drop(add_source(catalog), row("1"), row("2"))
    for _ in range(2):
        assert run() == {"records": 2, "set_aside": 0}
    assert [version[0] for version in versions()] == ["PAKN-1", "PAKN-2"]


def test_a_row_set_aside_turns_the_last_task_red_and_keeps_no_other_out(
    catalog: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drop(add_source(catalog), row("1", Ngày_nhận="32/10/2023"), row("2"))
    with caplog.at_level(logging.WARNING), pytest.raises(ContractBroken, match="1 records were set aside"):
        run()
    assert [version[0] for version in versions()] == ["PAKN-2"]
    assert "P0" in caplog.text
    assert "32/10" not in caplog.text


def test_a_source_that_did_not_get_through_is_named_and_keeps_no_other_out(catalog: Path) -> None:
    drop(add_source(catalog), row("1"))
    add_source(catalog, "silent.petitions", "29236:2020")
    with pytest.raises(
        SourceUnavailable, match=r"1 of 2 sources are missing .* silent\.petitions \(SourceUnavailable\)"
    ):
        run()
    assert [version[0] for version in versions()] == ["PAKN-1"]


def test_only_the_sources_asked_for_are_read(catalog: Path) -> None:
    drop(add_source(catalog), row("1"))
    drop(add_source(catalog, "ward.petitions", "29236:2020"), row("2"))
    assert run(sources=[SOURCE_ID])["records"] == 1
    with pytest.raises(ConfigurationError, match="source of petitions of level any called nowhere"):
        record_kinds.plan("petition", {"sources": ["nowhere"]}, RUN)


def test_the_night_of_the_first_of_november_asks_for_the_last_of_october(catalog: Path) -> None:
    from motcua import ledger

    drop(add_source(catalog), row("1"))
    [[batch_id]] = record_kinds.plan("petition", {}, RUN)
    assert ledger.read_batches([batch_id])[0].window_to == date(2023, 10, 31)
