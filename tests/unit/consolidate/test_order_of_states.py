"""The newest state of a dossier wins, whatever order pulls are loaded in and whatever the clock says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from tests.store_world import SOURCE, dossier, measures, validated_batch

from motcua import ledger
from motcua.aggregate import build_measures, check_measures
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.errors import ContractBroken
from motcua.landing import ACCEPTED
from motcua.settings import Settings
from motcua.warehouse import embedded, store_engine

pytestmark = pytest.mark.usefixtures("databases")

OPEN: dict[str, Any] = {"status_code": 4, "finished_at": None, "returned_at": None}
MARKED = {"disposition": "record", "disposition_reason": "soft_deleted", "status_code": None}


def load(batch_id: str) -> ledger.Batch:
    assert consolidate_batches([batch_id]).loaded == [batch_id]
    return ledger.read_batches([batch_id])[0]


def current() -> list[tuple[str, int, bool]]:
    with store_engine().connect() as connection:
        rows = connection.execute(
            text(
                "select dossier_id, status_code, is_deleted from dossier_version where known_to is null"
                " order by dossier_id"
            )
        )
        return [tuple(row) for row in rows]


def set_back(sql: str, **values: Any) -> None:
    with store_engine().begin() as connection:
        connection.execute(text(sql), values)


def test_a_pull_that_was_paused_while_a_newer_one_finished_is_stale_and_changes_nothing() -> None:
    load(validated_batch([dossier(number, **OPEN) for number in "123"]))
    paused = validated_batch([dossier(number, **OPEN) for number in "123"])
    load(validated_batch([dossier(number) for number in "123"]))
    build_measures()
    before = measures()
    batch = load(paused)
    build_measures()
    check_measures()
    assert (batch.stale_count, batch.changed_count, batch.unchanged_count) == (3, 0, 0)
    assert current() == [("1", 10, False), ("2", 10, False), ("3", 10, False)]
    assert measures() == before


def test_a_paused_pull_is_stale_also_when_the_newer_one_only_repeated_what_was_known() -> None:
    load(validated_batch([dossier("1", **OPEN)]))
    paused = validated_batch([dossier("1")])
    load(validated_batch([dossier("1", **OPEN)]))
    assert load(paused).stale_count == 1
    assert current() == [("1", 4, False)]


def test_a_paused_pull_still_brings_what_no_newer_pull_has_shown() -> None:
    load(validated_batch([dossier("1", **OPEN)]))
    paused = validated_batch([dossier("1"), dossier("2", **OPEN)])
    load(validated_batch([]))
    batch = load(paused)
    assert (batch.changed_count, batch.new_count, batch.stale_count) == (1, 1, 0)


def test_a_paused_pull_does_not_bring_a_dossier_that_a_newer_one_marks_as_deleted() -> None:
    paused = validated_batch([dossier("1")])
    load(validated_batch([], aside=[dossier("1", **MARKED)]))
    assert load(paused).stale_count == 1
    assert current() == []


def test_without_the_landing_of_the_newer_pull_the_paused_one_is_refused_by_name() -> None:
    paused = validated_batch([dossier("1", **OPEN)])
    newer = load(validated_batch([dossier("1")]))
    path = Settings.load().home / newer.landing_uri / ACCEPTED
    path.unlink()
    assert consolidate_batches([paused]).failed == [paused]
    assert "its landing is gone" in (ledger.read_batches([paused])[0].error_message or "")


def test_of_two_pulls_that_end_in_one_instant_the_one_that_started_later_wins() -> None:
    first, second = validated_batch([dossier(**OPEN)]), validated_batch([dossier()])
    set_back("update batch set extracted_at = '2023-11-01 02:00:00+07'")
    assert (load(second).new_count, load(first).stale_count) == (1, 1)
    assert current() == [("1", 10, False)]


def test_a_clock_that_stood_a_day_ahead_does_not_make_later_pulls_stale() -> None:
    ahead = validated_batch([dossier(**OPEN)])
    set_back("update batch set extracted_at = extracted_at + interval '1 day'")
    load(ahead)
    assert load(validated_batch([dossier()])).changed_count == 1
    with store_engine().connect() as connection:
        assert connection.scalar(text("select count(*) from dossier_version where known_to < known_from")) == 0
    assert current() == [("1", 10, False)]


def test_the_time_at_which_the_source_modified_a_dossier_stands_above_the_order_of_pulls() -> None:
    load(validated_batch([dossier(modified_at=datetime(2023, 10, 7))]))
    replica = validated_batch([dossier(**OPEN, modified_at=datetime(2023, 10, 5))])  # lags behind
    assert load(replica).stale_count == 1
    assert current() == [("1", 10, False)]


def test_it_stands_above_them_also_where_a_later_pull_repeated_an_older_state() -> None:
    load(validated_batch([dossier(**OPEN, modified_at=datetime(2023, 10, 5))]))
    paused = validated_batch([dossier(modified_at=datetime(2023, 10, 7))])
    assert load(validated_batch([dossier(**OPEN, modified_at=datetime(2023, 10, 5))])).unchanged_count == 1
    assert load(paused).changed_count == 1
    assert current() == [("1", 10, False)]


def test_a_dossier_restored_at_its_source_is_what_the_source_says_after_its_deletion() -> None:
    load(validated_batch([dossier(modified_at=datetime(2023, 10, 7))]))
    load(validated_batch([], aside=[dossier(**MARKED)]))
    restored = load(validated_batch([dossier(**OPEN, modified_at=datetime(2023, 10, 5))]))
    assert (restored.changed_count, restored.restored_count) == (1, 1)
    assert current() == [("1", 4, False)]


@pytest.fixture
def backup(databases: None) -> Iterator[str]:
    """The name of a database that a backup of the store may take."""
    yield "motcua_store_backup"
    with psycopg.connect(embedded.ensure_server(Settings.load().work_dir / "pg"), autocommit=True) as connection:
        connection.execute("drop database if exists motcua_store_backup")


def test_a_store_restored_from_a_backup_goes_on_in_the_right_order(backup: str) -> None:
    load(validated_batch([dossier(**OPEN)]))
    waiting = validated_batch([dossier(status_code=9, returned_at=None)])
    copy_store(to=backup)
    load(validated_batch([dossier(), dossier("2")]))  # lost with what was not backed up
    copy_store(back_from=backup)

    assert load(validated_batch([dossier()])).changed_count == 1
    assert load(waiting).stale_count == 1
    assert current() == [("1", 10, False)]


def copy_store(to: str = "", back_from: str = "") -> None:
    """Make a backup of the store, or put one in its place."""
    store_engine().dispose()
    with psycopg.connect(embedded.ensure_server(Settings.load().work_dir / "pg"), autocommit=True) as connection:
        if back_from:
            connection.execute("drop database motcua_store with (force)")
        others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'motcua_store'"
        connection.execute(others)
        name, template = (to, "motcua_store") if to else ("motcua_store", back_from)
        connection.execute(f"create database {name} template {template} owner motcua_store")
        connection.execute(f"revoke all on database {name} from public")


def test_an_attempt_that_a_later_one_has_overtaken_leaves_the_batch_alone() -> None:
    [[batch_id]] = ledger.plan_run(
        load_catalog(Settings.load().catalog_dir), "overtaken", date(2023, 10, 31), source_ids=[SOURCE]
    )
    counts = {"declared_total": 0, "pulled": 0, "out_of_window": 0, "duplicate": 0}
    paused = ledger.start_attempt(batch_id)
    newer = ledger.start_attempt(batch_id)
    ledger.mark_extracted(batch_id, manifest_sha256="newer", pull_no=newer, **counts)
    with pytest.raises(ContractBroken, match="another attempt"):
        ledger.mark_extracted(batch_id, manifest_sha256="paused", pull_no=paused, **counts)
    assert ledger.read_batches([batch_id])[0].manifest_sha256 == "newer"
