"""Increments must tell what a recompute tells, whatever a source does to a dossier."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from tests.store_world import COMMUNE, OTHER_COMMUNE, dossier, measures, validated_batch

from motcua.aggregate import build_measures, check_measures, rebuild_measures
from motcua.aggregate import measures as measuring
from motcua.consolidate import consolidate_batches
from motcua.errors import MeasuresDiffer
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

OPEN = {"status_code": 4, "finished_at": None, "returned_at": None}


def night(*records: dict[str, object]) -> None:
    consolidate_batches([validated_batch(list(records))])
    build_measures()


def test_a_reopened_dossier_is_counted_once() -> None:
    night(dossier())
    assert measures()[COMMUNE, "2023-10-06", "resolved_early"] == 1
    night(dossier(**OPEN))
    assert measures() == {
        (COMMUNE, "2023-10-02", "received_direct"): 1,
        (COMMUNE, "2023-10-10", "became_overdue"): 1,
        (COMMUNE, "2023-10-09", "open_due"): 1,
    }


def test_a_moved_dossier_leaves_its_first_unit() -> None:
    night(dossier())
    night(dossier(unit_id=OTHER_COMMUNE))
    assert {unit for unit, _, _ in measures()} == {OTHER_COMMUNE}


def test_a_version_superseded_before_it_was_measured_leaves_no_trace() -> None:
    consolidate_batches([validated_batch([dossier(**OPEN)])])
    consolidate_batches([validated_batch([dossier()])])
    assert len(build_measures()) == 2
    check_measures()
    assert (COMMUNE, "2023-10-09", "open_due") not in measures()


def test_building_twice_changes_nothing() -> None:
    night(dossier("1"), dossier("2"))
    before = measures()
    assert build_measures() == []
    assert measures() == before


def test_increments_equal_a_recomputation_after_forty_random_nights() -> None:
    rng = random.Random(7)

    def anyhow(number: int) -> dict[str, object]:
        received = datetime(2023, 10, rng.randint(1, 28), 8)
        due = rng.choice([None, received + timedelta(days=rng.randint(0, 9))])
        finished = received + timedelta(days=rng.randint(0, 15))
        status = rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        ended = status in (7, 8, 9, 10)
        return dossier(
            str(number),
            status_code=status,
            channel_code=rng.choice([None, 1, 2, 3]),
            received_at=received,
            due_at=due,
            finished_at=finished if ended else None,
            returned_at=None,
            paused_at=finished if status in (5, 6) else None,
            unit_id=rng.choice([COMMUNE, OTHER_COMMUNE]),
        )

    for _ in range(40):
        consolidate_batches([validated_batch([anyhow(number) for number in rng.sample(range(60), 20)])])
        if rng.random() < 0.7:
            build_measures()
    check_measures()
    assert rebuild_measures() == []


def test_a_wrong_measure_is_found_and_corrected() -> None:
    night(dossier())
    with store_engine().begin() as connection:
        connection.execute(text("update measure_day set quantity = 5 where measure = 'received_direct'"))
    with pytest.raises(MeasuresDiffer, match="received_direct of unit 29236:2020 on 2023-10-02: 5 by increments, 1"):
        check_measures()
    [difference] = rebuild_measures()
    assert (difference.incremental, difference.recomputed) == (5, 1)
    check_measures()


def test_a_batch_loaded_while_the_measures_are_compared_neither_waits_nor_appears_as_a_difference() -> None:
    night(dossier("1"))
    second = validated_batch([dossier("2")])
    with measuring._measuring() as connection, ThreadPoolExecutor(1) as other:
        measuring._apply_pending(connection)
        assert other.submit(consolidate_batches, [second]).result(timeout=30).loaded == [second]
        assert measuring._differences(connection) == []
    assert build_measures() == [second]


def test_a_rebuild_takes_in_what_is_loaded_and_not_measured_yet() -> None:
    night(dossier("1"))
    consolidate_batches([validated_batch([dossier("2")])])
    assert rebuild_measures() == []
    assert measures()[COMMUNE, "2023-10-02", "received_direct"] == 2
    assert build_measures() == []


def test_of_several_wrong_measures_the_first_is_named() -> None:
    night(dossier())
    with store_engine().begin() as connection:
        connection.execute(text("update measure_day set quantity = quantity + 1"))
    with pytest.raises(MeasuresDiffer, match=r"cells of measure_day differ .*; the first is received_direct of"):
        check_measures()


def test_measures_are_built_by_one_at_a_time_each_from_what_is_loaded_when_its_turn_comes() -> None:
    waiting = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and wait_event = 'advisory'")
    first = validated_batch([dossier("1")])
    with store_engine().connect() as watcher, ThreadPoolExecutor(1) as other:
        with measuring._measuring():
            built = other.submit(build_measures)
            while not watcher.scalar(waiting):
                assert not built.done()
                watcher.rollback()
            assert consolidate_batches([first]).loaded == [first]
        assert built.result(timeout=60) == [first]
