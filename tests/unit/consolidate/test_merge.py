"""The records of a night become append-only versions, and the ledger balances."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.store_world import dossier, validated_batch

from motcua import ledger
from motcua.canonical import DOSSIER
from motcua.consolidate import consolidate_batches
from motcua.consolidate.staging import staged
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")


def load(batch_id: str) -> ledger.Batch:
    assert consolidate_batches([batch_id]).loaded == [batch_id]
    return ledger.read_batches([batch_id])[0]


def versions() -> list[tuple[str, int, bool]]:
    with store_engine().connect() as connection:
        rows = connection.execute(
            text("select dossier_id, status_code, known_to is null from dossier_version order by version_id")
        )
        return [tuple(row) for row in rows]


def test_a_record_is_new_then_unchanged_then_changed() -> None:
    first = load(validated_batch([dossier("1"), dossier("2", status_code=4, finished_at=None, returned_at=None)]))
    second = load(validated_batch([dossier("1"), dossier("2"), dossier("3")]))
    assert (first.new_count, first.changed_count, first.unchanged_count) == (2, 0, 0)
    assert (second.new_count, second.changed_count, second.unchanged_count) == (1, 1, 1)
    assert versions() == [("1", 10, True), ("2", 4, False), ("2", 10, True), ("3", 10, True)]


def test_a_null_that_becomes_a_value_is_a_change() -> None:
    load(validated_batch([dossier(due_at=None)]))
    assert load(validated_batch([dossier()])).changed_count == 1


def test_a_different_time_of_the_pull_alone_is_not_a_change() -> None:
    load(validated_batch([dossier(modified_at=datetime(2023, 10, 6))]))
    assert load(validated_batch([dossier(modified_at=datetime(2023, 10, 7))])).unchanged_count == 1


def test_a_state_modified_before_the_newest_repetition_of_another_changes_nothing() -> None:
    load(validated_batch([dossier(modified_at=datetime(2023, 10, 6))]))
    load(validated_batch([dossier(modified_at=datetime(2023, 10, 8))]))  # nothing changed, but it was true until then
    between = validated_batch([dossier(channel_code=2, modified_at=datetime(2023, 10, 7))])
    assert load(between).stale_count == 1
    after = validated_batch([dossier(channel_code=2, modified_at=datetime(2023, 10, 9))])
    assert load(after).changed_count == 1


def test_a_loaded_batch_is_loaded_once() -> None:
    batch_id = validated_batch([dossier("1")])
    before = load(batch_id)
    assert load(batch_id) == before
    assert len(versions()) == 1


def test_two_runs_of_one_batch_at_once_do_not_double_it() -> None:
    batch_id = validated_batch([dossier(str(number)) for number in range(500)])
    with ThreadPoolExecutor(2) as pool:
        for outcome in pool.map(consolidate_batches, [[batch_id]] * 2):
            assert outcome.failed == []
    assert len(versions()) == 500


def test_a_batch_with_a_record_that_is_not_accounted_for_does_not_load() -> None:
    good, short = validated_batch([dossier("1")]), validated_batch([dossier("2")], pulled=3)
    assert consolidate_batches([short, good]).failed == [short]
    batch = ledger.read_batches([short])[0]
    assert (batch.state, batch.error_kind) == ("failed", "LedgerImbalance")
    assert "3 records were pulled but 1 are accounted for" in (batch.error_message or "")
    assert [version[0] for version in versions()] == ["1"]


def test_a_batch_whose_landing_cannot_be_read_stops_no_other() -> None:
    good, gone = validated_batch([dossier("1")]), validated_batch([dossier("2")])
    shutil.rmtree(ledger.read_batches([gone])[0].landing_uri)
    outcome = consolidate_batches([gone, good])
    assert (outcome.loaded, outcome.failed) == ([good], [gone])
    [batch] = ledger.read_batches([gone])
    assert (batch.failed_stage, batch.error_kind) == ("validate", "ContractBroken")
    assert "accepted.parquet is missing. What to do:" in (batch.error_message or "")


def waits_for_a_lock() -> bool:
    """Tell whether a session of the store waits for an advisory lock of another."""
    with store_engine().connect() as connection:
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        return connection.scalar(text(waiting)) == 1


def test_a_second_run_of_the_same_batches_waits_for_the_first_and_staging_is_left_empty() -> None:
    batch_id = validated_batch([dossier("1")])
    with ThreadPoolExecutor(1) as pool:
        with staged(DOSSIER, ledger.read_batches([batch_id])):
            second = pool.submit(consolidate_batches, [batch_id])
            while not waits_for_a_lock():
                assert not second.done()
        assert second.result(timeout=30).loaded == [batch_id]
    with store_engine().connect() as connection:
        assert connection.scalar(text("select count(*) from pg_tables where schemaname = 'staging'")) == 0


def test_the_database_itself_refuses_a_loaded_batch_that_does_not_balance() -> None:
    batch_id = validated_batch([dossier("1")], pulled=3)
    with pytest.raises(DBAPIError, match="batch_balances"), store_engine().begin() as connection:
        connection.execute(
            text(
                "update batch set state = 'loaded', new_count = 1, changed_count = 0, unchanged_count = 0"
                " where batch_id = :id"
            ),
            {"id": batch_id},
        )


def test_a_batch_pulled_before_the_known_version_does_not_overwrite_it() -> None:
    old = validated_batch([dossier(status_code=4, finished_at=None, returned_at=None)])
    load(validated_batch([dossier()]))
    assert load(old).stale_count == 1
    assert versions() == [("1", 10, True)]


@pytest.mark.parametrize("change", ["delete from dossier_version", "update dossier_version set status_code = 4"])
def test_a_version_cannot_be_rewritten_or_removed(change: str) -> None:
    load(validated_batch([dossier()]))
    with pytest.raises(DBAPIError, match="append-only"), store_engine().begin() as connection:
        connection.execute(text(change))
