"""What the loss of a database session costs the merge and the measures: one retry of the batch it stood at."""

from __future__ import annotations

import itertools

import psycopg
import pytest
from sqlalchemy import text
from tests.lost_sessions import ending_sessions
from tests.store_world import COMMUNE, dossier, measures, validated_batch

from motcua import ledger
from motcua.aggregate import build_measures, check_measures, rebuild_measures
from motcua.canonical import DOSSIER
from motcua.consolidate import consolidate_batches
from motcua.consolidate.staging import staged
from motcua.warehouse import libpq_dsn, sessions, store_engine

pytestmark = pytest.mark.usefixtures("databases")

_ids = itertools.count(1)


@pytest.fixture(autouse=True)
def _without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def three() -> list[str]:
    return three_batches()


def three_batches() -> list[str]:
    return [validated_batch([dossier(str(next(_ids)))]) for _ in range(3)]


def current() -> int:
    with store_engine().connect() as connection:
        return int(connection.scalar(text("select count(*) from dossier_version where known_to is null")) or 0)


def staging_tables() -> list[str]:
    with store_engine().connect() as connection:
        return list(connection.scalars(text("select tablename from pg_tables where schemaname = 'staging'")))


def test_a_session_lost_at_any_step_of_a_chunk_costs_no_batch(three: list[str]) -> None:
    with ending_sessions(lambda number, text: False) as seen:
        consolidate_batches(three)
        build_measures()
    assert current() == 3
    for step in range(1, seen.steps, seen.steps // 9):
        batch_ids = three_batches()
        before = current()
        with ending_sessions(lambda number, text, step=step: number == step) as hit:
            outcome = consolidate_batches(batch_ids)
            build_measures()
        assert hit.ended == 1
        assert (sorted(outcome.loaded), outcome.failed) == (sorted(batch_ids), []), f"lost at step {step}"
        assert current() == before + 3
    consolidate_batches(three_batches())
    assert staging_tables() == []
    check_measures()


def test_a_batch_that_loses_its_session_twice_fails_alone_and_is_the_stages_to_repeat(three: list[str]) -> None:
    bad = three[1]
    standing: list[str] = []

    def merges_the_second(number: int, statement: str) -> bool:
        if "for update" in statement:
            standing.append(statement)
        return len(standing) in (2, 3) and "known_to" in statement  # its first and its second attempt

    with ending_sessions(merges_the_second) as seen:
        outcome = consolidate_batches(three)
    assert seen.ended == 2
    assert (outcome.loaded, outcome.failed) == ([three[0], three[2]], [bad])
    [batch] = ledger.read_batches([bad])
    assert (batch.state, batch.failed_stage, batch.is_explained) == ("failed", "consolidate", False)
    assert sorted(consolidate_batches(three).loaded) == sorted(three)
    assert ledger.read_batches([bad])[0].failed_stage is None
    assert current() == 3


def test_a_bulk_load_that_is_cut_off_is_done_once_more(three: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import adbc_driver_postgresql.dbapi as adbc

    cuts = iter([True, False])
    connect = adbc.connect

    def connect_and_cut(dsn: str) -> adbc.Connection:
        loader = connect(dsn)
        if next(cuts):
            with loader.cursor() as cursor:
                cursor.execute("select pg_backend_pid()")
                pid = cursor.fetchone()[0]
            with psycopg.connect(libpq_dsn("motcua_store"), autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s, 10000)", (pid,))
        return loader

    monkeypatch.setattr(adbc, "connect", connect_and_cut)
    assert consolidate_batches(three).loaded == three
    assert list(cuts) == []


def test_an_error_of_the_work_itself_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def fails() -> None:
        tried.append(1)
        with store_engine().begin() as connection:
            connection.execute(text("select 1 / 0"))

    with pytest.raises(Exception, match="division by zero"):
        sessions.with_one_retry(fails, "it")
    assert tried == [1]


def test_a_server_that_takes_no_session_is_tried_once_more_and_then_named() -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import OperationalError

    tried: list[int] = []

    def connects() -> None:
        tried.append(1)
        create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing").connect()

    with pytest.raises(OperationalError):
        sessions.with_one_retry(connects, "it")
    assert tried == [1, 1]


@pytest.mark.parametrize("work", [build_measures, check_measures, rebuild_measures])
def test_measures_survive_a_session_lost_in_the_middle(work: object, three: list[str]) -> None:
    consolidate_batches(three)
    with ending_sessions(lambda number, statement: number == 3) as seen:
        work()  # type: ignore[operator]
    assert seen.ended == 1
    assert measures()[COMMUNE, "2023-10-06", "resolved_early"] == 3
    check_measures()


@pytest.fixture
def left_by_a_kill(databases: None) -> str:
    """A staging table of batches that nobody consolidates again, as after a kill of the process."""
    with store_engine().begin() as connection:
        connection.execute(text("create unlogged table staging.load_of_others (dossier_id text)"))
    return "load_of_others"


def test_a_staging_table_that_a_kill_left_of_other_batches_is_removed(left_by_a_kill: str, three: list[str]) -> None:
    assert staging_tables() == [left_by_a_kill]
    assert consolidate_batches(three).failed == []
    assert staging_tables() == []


def test_a_staging_table_that_a_living_session_uses_is_kept(three: list[str]) -> None:
    first, second, _ = ledger.read_batches(three)
    with staged(DOSSIER, [first]) as (connection, _):
        [in_use] = staging_tables()
        with staged(DOSSIER, [second]):
            assert len(staging_tables()) == 2
        assert staging_tables() == [in_use]
        assert connection.scalar(text("select count(*) from accepted_record")) == 1
    assert staging_tables() == []


def test_a_session_lost_while_its_table_is_dropped_leaves_it_to_the_next(three: list[str]) -> None:
    with ending_sessions(lambda number, statement: statement.startswith("drop table staging.")) as seen:
        assert consolidate_batches(three[:2]).loaded == three[:2]
    assert seen.ended == 1
    assert len(staging_tables()) == 1
    assert consolidate_batches(three[2:]).loaded == three[2:]
    assert staging_tables() == []
