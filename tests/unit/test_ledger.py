"""The ledger plans what is due, once, and tells a missing answer from a zero."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text
from tests.store_world import SOURCE, dossier, validated_batch

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.errors import ConfigurationError, SourceUnavailable
from motcua.settings import Settings
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

OCTOBER = (date(2023, 10, 1), date(2023, 10, 31))


def plan(run_id: str, day: date, **options: object) -> list[list[str]]:
    return ledger.plan_run(load_catalog(Settings.load().catalog_dir), run_id, day, **options)  # type: ignore[arg-type]


def cell() -> ledger.Completeness:
    return ledger.completeness([SOURCE], *OCTOBER)[0]


def test_a_run_is_cut_into_chunks_of_the_configured_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")
    monkeypatch.setenv("MOTCUA_SOURCES_PER_TASK", "40")
    assert [len(chunk) for chunk in plan("r", date(2023, 10, 31), level="commune")] == [40, 40, 26]


def test_planning_a_run_again_gives_the_same_batches_with_their_state() -> None:
    [[batch_id]] = plan("r", date(2023, 10, 31), source_ids=[SOURCE])
    ledger.mark_failed(batch_id, "extract", SourceUnavailable("gone.", action="wait."))
    assert plan("r", date(2023, 10, 31), source_ids=[SOURCE]) == [[batch_id]]
    assert ledger.read_batches([batch_id])[0].state == "failed"


def test_a_source_is_asked_for_its_overlap_and_for_every_day_it_has_not_answered() -> None:
    consolidate_batches([validated_batch([dossier()])])
    [[batch_id]] = plan("three nights later", date(2023, 11, 3), source_ids=[SOURCE])
    batch = ledger.read_batches([batch_id])[0]
    assert (batch.window_from, batch.window_to) == (date(2023, 10, 1), date(2023, 11, 3))


def test_an_unknown_source_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="No source nowhere"):
        plan("r", date(2023, 10, 31), source_ids=["nowhere"])


def test_a_source_never_asked_is_missing_and_not_a_zero() -> None:
    assert cell().cell == "missing"


def test_a_loaded_batch_over_every_day_is_received() -> None:
    batch_id = validated_batch([])
    assert cell().cell == "missing"
    consolidate_batches([batch_id])
    assert (cell().cell, cell().batch_ids) == ("received", [batch_id])


def test_a_loaded_batch_over_some_days_is_not_enough() -> None:
    consolidate_batches([validated_batch([])])
    with store_engine().begin() as connection:
        connection.execute(text("update batch set window_from = '2023-10-02'"))
    assert cell().cell == "missing"


def test_a_failed_batch_counts_until_its_days_are_answered_by_a_later_one() -> None:
    consolidate_batches([validated_batch([])])
    broken = validated_batch([])
    ledger.mark_failed(broken, "extract", SourceUnavailable("Source s did not answer.", action="wait."))
    assert (cell().cell, cell().reason) == ("failed", "Source s did not answer. What to do: wait.")
    part = validated_batch([])
    with store_engine().begin() as connection:
        connection.execute(text("update batch set window_from = '2023-10-20' where batch_id = :id"), {"id": part})
    consolidate_batches([part])
    assert cell().cell == "failed"
    consolidate_batches([validated_batch([])])
    assert cell().cell == "received"


def test_an_unexpected_error_enters_the_ledger_without_its_text() -> None:
    [[batch_id]] = plan("r", date(2023, 10, 31), source_ids=[SOURCE])
    ledger.mark_failed(batch_id, "extract", ValueError("NGUYỄN VĂN A"))
    assert ledger.read_batches([batch_id])[0].error_message == "ValueError in extract"
