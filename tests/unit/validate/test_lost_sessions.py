"""What the loss of a database session costs a validation: one retry, and no batch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from tests.lost_sessions import ending_sessions

from motcua import ledger
from motcua.landing import read_accepted
from motcua.validate import validate_batches
from motcua.warehouse import sessions

NOW = datetime(2023, 11, 1, 2)
Record = Callable[..., dict[str, Any]]
Land = Callable[..., str]


@pytest.fixture(autouse=True)
def _without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PAUSE_SECONDS", 0.0)


def test_a_session_lost_at_any_step_of_a_chunk_costs_no_batch(land: Land, record: Record) -> None:
    def two() -> list[str]:
        return [
            land([record("1"), record("2", unit_code="nobody's")]),
            land([record("3")], source_id="tra-vinh.c29239"),
        ]

    undisturbed = two()
    with ending_sessions(lambda number, text: False) as seen:
        validate_batches(undisturbed, now=NOW)
    for step in range(1, seen.steps, seen.steps // 2):
        batch_ids = two()
        with ending_sessions(lambda number, text, step=step: number == step) as hit:
            outcome = validate_batches(batch_ids, now=NOW)
        assert hit.ended == 1
        assert (outcome.validated, outcome.failed) == (batch_ids, []), f"lost at step {step}"
        batches = ledger.read_batches(batch_ids)
        assert [batch.quarantined_count for batch in batches] == [1, 0]
        assert [read_accepted(batch.landing_uri, batch.accepted_sha256).num_rows for batch in batches] == [1, 1]


def test_a_batch_that_loses_its_session_twice_fails_alone_and_is_the_stages_to_repeat(
    land: Land, record: Record
) -> None:
    bad, good = land([record("1")]), land([record("3")], source_id="tra-vinh.c29239")
    losses = iter([True, True])
    with ending_sessions(lambda number, text: "for update" in text and next(losses, False)) as seen:
        outcome = validate_batches([bad, good], now=NOW)
    assert seen.ended == 2
    assert (outcome.validated, outcome.failed) == ([good], [bad])
    [batch] = ledger.read_batches([bad])
    assert (batch.state, batch.failed_stage, batch.is_explained) == ("failed", "validate", False)
    assert validate_batches([bad, good], now=NOW).failed == []
