"""What was received before the catalogue begins is read by the catalogue's first day, and is not set aside for that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from motcua.consolidate import consolidate_batches
from motcua.validate import list_quarantine, validate_batches

Record = Callable[..., dict[str, Any]]
Land = Callable[..., str]


def received(day: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "dossier_no": f"000.01.21.H59-{day:%y%m%d}-0001",
        "received_at": day + timedelta(hours=8),
        "submitted_at": None,
        "due_at": day + timedelta(days=1, hours=17),
        "finished_at": day + timedelta(days=1, hours=9),
        "returned_at": day + timedelta(days=1, hours=10),
    } | changes


@pytest.mark.parametrize("day", [datetime(2014, 3, 4), datetime(2019, 12, 31), datetime(2020, 1, 2)])
@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, ()),
        ({"unit_code": None}, ("V1",)),
        ({"unit_code": "000.99.99.H59"}, ("V7",)),
    ],
)
def test_only_what_the_first_day_does_not_know_either_is_set_aside(
    land: Land, record: Record, day: datetime, changes: dict[str, Any], rules: tuple[str, ...]
) -> None:
    batch_id = land([record("1", **received(day, **changes))])
    validate_batches([batch_id], now=datetime(2023, 11, 1, 2))
    consolidate_batches([batch_id])
    assert [entry.rule_ids for entry in list_quarantine()] == ([rules] if rules else [])
