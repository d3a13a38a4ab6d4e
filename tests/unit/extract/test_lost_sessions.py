"""What the loss of a database session costs a chunk of pulls: one retry, and no source."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.lost_sessions import ending_sessions
from tests.unit.extract.opencps_site import Site, record

from motcua import ledger
from motcua.errors import ContractBroken
from motcua.extract import SourceConnection, extract_batches
from motcua.landing import read_records
from motcua.warehouse import sessions

SOURCES = ("tra-vinh.c29236", "tra-vinh.c29239")
GROUPS = ("84102", "84103")
Plan = Callable[..., list[str]]
Resolve = Callable[[str], SourceConnection]


@pytest.fixture(autouse=True)
def _without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PAUSE_SECONDS", 0.0)


def test_a_session_lost_at_any_step_of_a_chunk_costs_no_source(site: Site, plan: Plan, resolve: Resolve) -> None:
    for group in GROUPS:
        site.dossiers[group] = [record(number, groupId=int(group)) for number in range(1, 4)]
    undisturbed = plan(*SOURCES, run_id="undisturbed")
    with ending_sessions(lambda number, text: False) as seen:
        extract_batches(undisturbed, resolve)
    for step in range(1, seen.steps, seen.steps // 5):
        batch_ids = plan(*SOURCES, run_id=f"lost at step {step}")
        with ending_sessions(lambda number, text, step=step: number == step) as hit:
            outcome = extract_batches(batch_ids, resolve)
        assert hit.ended == 1
        assert (outcome.extracted, outcome.failed) == (batch_ids, []), f"lost at step {step}"
        for batch in ledger.read_batches(batch_ids):
            assert batch.state == "extracted"
            assert read_records(batch.landing_uri, batch.manifest_sha256).num_rows == batch.pulled_count == 3


@pytest.mark.parametrize("stage", ["validate", "consolidate"])
def test_what_a_later_stage_failed_is_not_pulled_again(stage: str, site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[GROUPS[0]] = [record(1)]
    batch_ids = plan()
    extract_batches(batch_ids, resolve)
    ledger.mark_failed(batch_ids[0], stage, ContractBroken("changed.", action="look."))
    asked = len(site.asked)
    assert extract_batches(batch_ids, resolve).extracted == batch_ids
    assert len(site.asked) == asked
    assert ledger.read_batches(batch_ids)[0].failed_stage == stage
