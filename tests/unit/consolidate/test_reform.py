"""A dossier that an heir's system goes on with stays one dossier, and its past stays with the unit that took it in."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.reform_world import (
    CODES,
    EVE,
    NEW_SOURCES,
    NEW_TOWN,
    NEW_WARD,
    OLD_SOURCES,
    REFORM,
    TOWN,
    WARD_1,
    WARD_4,
    reform_catalog,
)
from tests.store_world import dossier, measures, validated_batch

from motcua.aggregate import build_measures, check_measures
from motcua.consolidate import consolidate_batches
from motcua.warehouse import store_engine

JUNE = (date(2025, 6, 1), EVE)
JULY = (REFORM, date(2025, 7, 31))
HEIR = {WARD_4: NEW_WARD, WARD_1: NEW_WARD, TOWN: NEW_TOWN}


@pytest.fixture(autouse=True)
def reform(databases: None, tmp_path: Path) -> Iterator[None]:
    with reform_catalog(tmp_path / "catalog"):
        yield


def record(unit_id: str, number: int, received_on: date, *, taken_in_by: str = "", **values: Any) -> dict[str, Any]:
    """What the system of a unit says of a dossier; its number is that of the unit that took it in."""
    is_new = unit_id in NEW_SOURCES
    return dossier(
        values.pop("dossier_id", f"{'n' if is_new else 'o'}{number}"),
        **{
            "system_code": "opencps-new" if is_new else "opencps-old",
            "agency_code": (NEW_SOURCES if is_new else OLD_SOURCES)[unit_id],
            "dossier_no": f"{CODES[taken_in_by or unit_id]}-{received_on:%y%m%d}-{number:04d}",
            "unit_id": unit_id,
            "unit_code": CODES[unit_id],
            "received_at": datetime.combine(received_on, datetime.min.time()) + timedelta(hours=8),
            "due_at": datetime.combine(received_on, datetime.min.time()) + timedelta(days=9),
            "status_code": 4,
            "finished_at": None,
            "returned_at": None,
        }
        | values,
    )


def pulled(unit_id: str, *records: dict[str, Any]) -> str:
    is_new = unit_id in NEW_SOURCES
    source_id = (NEW_SOURCES if is_new else OLD_SOURCES)[unit_id]
    return validated_batch(list(records), source_id=source_id, window=JULY if is_new else JUNE)


def load(*batch_ids: str) -> None:
    assert consolidate_batches(batch_ids).failed == []
    build_measures()
    check_measures()


def flows() -> dict[tuple[str, str, str], int]:
    return {key: count for key, count in measures().items() if key[2].startswith(("received", "resolved"))}


RECEIVED = date(2025, 6, 20)
DONE = {"status_code": 10, "finished_at": datetime(2025, 7, 4, 9), "returned_at": datetime(2025, 7, 4, 10)}


def test_a_dossier_reported_by_the_heirs_system_keeps_its_unit_of_intake_and_goes_on() -> None:
    load(pulled(WARD_4, record(WARD_4, 1, RECEIVED)))
    before = flows()
    load(pulled(NEW_WARD, record(NEW_WARD, 1, RECEIVED, taken_in_by=WARD_4)))
    assert flows() == before == {(WARD_4, "2025-06-20", "received_direct"): 1}
    load(pulled(NEW_WARD, record(NEW_WARD, 1, RECEIVED, taken_in_by=WARD_4, **DONE)))
    assert flows() == before | {(WARD_4, "2025-07-04", "resolved_late"): 1}
    with store_engine().connect() as connection:
        known = connection.execute(
            text(
                "select unit_id, reported_unit_id, unit_code, duplicate_of from dossier_current"
                " order by duplicate_of nulls first"
            )
        ).all()
    assert known == [
        (WARD_4, NEW_WARD, CODES[NEW_WARD], None),
        (WARD_4, None, CODES[WARD_4], "opencps-new/new.ward/n1"),
    ]


def test_the_same_system_under_the_heirs_code_keeps_the_unit_of_intake() -> None:
    key = {"system_code": "opencps-old", "agency_code": "old.ward4", "dossier_id": "o1"}
    load(pulled(WARD_4, record(WARD_4, 1, RECEIVED)))
    load(pulled(NEW_WARD, record(NEW_WARD, 1, RECEIVED, taken_in_by=WARD_4, **key)))
    load(pulled(NEW_WARD, record(NEW_WARD, 1, RECEIVED, taken_in_by=WARD_4, **DONE, **key)))
    assert flows() == {(WARD_4, "2025-06-20", "received_direct"): 1, (WARD_4, "2025-07-04", "resolved_late"): 1}


def test_it_does_not_matter_which_of_the_two_systems_is_pulled_first() -> None:
    load(pulled(NEW_WARD, record(NEW_WARD, 1, RECEIVED, taken_in_by=WARD_4, **DONE)))
    assert flows() == {(NEW_WARD, "2025-06-20", "received_direct"): 1, (NEW_WARD, "2025-07-04", "resolved_late"): 1}
    load(pulled(WARD_4, record(WARD_4, 1, RECEIVED)))
    assert flows() == {(WARD_4, "2025-06-20", "received_direct"): 1, (WARD_4, "2025-07-04", "resolved_late"): 1}
    load(pulled(NEW_WARD, record(NEW_WARD, 1, RECEIVED, taken_in_by=WARD_4, **DONE, source_status="done")))
    assert flows() == {(WARD_4, "2025-06-20", "received_direct"): 1, (WARD_4, "2025-07-04", "resolved_late"): 1}


def test_a_repeated_record_is_not_a_change() -> None:
    load(pulled(WARD_4, record(WARD_4, 1, RECEIVED)))
    again = record(NEW_WARD, 1, RECEIVED, taken_in_by=WARD_4)
    load(pulled(NEW_WARD, again))
    load(pulled(NEW_WARD, again))
    with store_engine().connect() as connection:
        assert connection.scalar(text("select changed_count from batch order by planned_at desc limit 1")) == 0


def test_a_dossier_that_goes_to_a_unit_which_is_no_heir_has_moved() -> None:
    key = {"system_code": "opencps-old", "agency_code": "old.ward4", "dossier_id": "o1"}
    load(pulled(WARD_4, record(WARD_4, 1, RECEIVED)))
    load(pulled(NEW_TOWN, record(NEW_TOWN, 1, RECEIVED, taken_in_by=WARD_4, **key)))
    assert flows() == {(NEW_TOWN, "2025-06-20", "received_direct"): 1}


@pytest.mark.parametrize("seed", [2, 7, 13, 19])
def test_random_nights_across_the_reform_lose_nothing_move_nothing_and_equal_a_recompute(seed: int) -> None:
    """Old systems until 30 June, then the heirs' with what was open; batches come late and in any order."""
    rng = random.Random(seed)
    received: dict[int, tuple[str, date]] = {}
    said: dict[tuple[str, int], dict[str, Any]] = {}  # by reporting unit and number
    waiting: list[str] = []

    def say(unit_id: str, number: int) -> None:
        taken_in_by, day = received[number]
        ending = {} if rng.random() < 0.5 else DONE if unit_id in NEW_SOURCES else DONE | {
            "finished_at": datetime(2025, 6, rng.randint(22, 30), 9), "returned_at": None,
        }  # fmt: skip
        if (unit_id, number) in said and said[unit_id, number]["status_code"] == 10:
            return
        said[unit_id, number] = record(unit_id, number, day, taken_in_by=taken_in_by, **ending)

    def pull(unit_id: str) -> None:
        records = [row for (unit, _), row in said.items() if unit == unit_id]
        waiting.append(pulled(unit_id, *records))
        if rng.random() < 0.6:
            rng.shuffle(waiting)
            assert consolidate_batches(waiting).failed == []
            waiting.clear()
        if rng.random() < 0.5:
            build_measures()

    for night in range(6):
        for unit_id in HEIR:
            for _ in range(2):
                number = len(received) + 1
                received[number] = (unit_id, date(2025, 6, 15 + 2 * night))
                say(unit_id, number)
            say(unit_id, rng.choice([n for n, (unit, _) in received.items() if unit == unit_id]))
            pull(unit_id)
    handed = {number for (_, number), row in said.items() if row["status_code"] == 4}
    for night in range(6):
        for unit_id in (NEW_WARD, NEW_TOWN):
            for number in sorted(handed):
                if HEIR.get(received[number][0]) == unit_id and rng.random() < 0.7:
                    say(unit_id, number)
            number = len(received) + 1
            received[number] = (unit_id, REFORM + timedelta(days=night))
            say(unit_id, number)
            pull(unit_id)
    for unit_id in (*HEIR, NEW_WARD, NEW_TOWN):
        pull(unit_id)
    rng.shuffle(waiting)
    assert consolidate_batches(waiting).failed == []
    check_measures()

    expected: Counter[tuple[str, str, str]] = Counter()
    for number, (unit_id, day) in received.items():
        last = said.get((HEIR.get(unit_id, unit_id), number)) or said[unit_id, number]
        expected[unit_id, f"{day}", "received_direct"] += 1
        if last["status_code"] == 10:
            gap = last["finished_at"].date() - last["due_at"].date()
            outcome = "early" if gap.days < 0 else "late" if gap.days else "on_time"
            expected[unit_id, f"{last['finished_at'].date()}", f"resolved_{outcome}"] += 1
    assert flows() == expected
