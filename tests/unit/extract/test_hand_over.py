"""What is ready goes on while a slow neighbour is still being pulled."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from tests.unit.extract.opencps_site import Site, record

from motcua import ledger
from motcua.consolidate import consolidate_batches
from motcua.errors import ContractBroken
from motcua.extract import SourceConnection, chunk, extract_batches, hand_over
from motcua.extract.hand_over import HandOver
from motcua.validate import validate_batches

SOURCES = ("tra-vinh.c29236", "tra-vinh.c29239")
GROUPS = ("84102", "84103")
Plan = Callable[..., list[str]]
Resolve = Callable[[str], SourceConnection]


def states(batch_ids: list[str]) -> list[str]:
    return [batch.state for batch in ledger.read_batches(batch_ids)]


@pytest.fixture
def slow(site: Site, monkeypatch: pytest.MonkeyPatch) -> Event:
    """Let the second source go on only after the event."""
    released, pull = Event(), chunk.pull_batch
    for group in GROUPS:
        site.dossiers[group] = [record(1, groupId=int(group))]

    def pull_slowly(batch: ledger.Batch, *rest: Any) -> dict[str, int]:
        if batch.source_id == SOURCES[1]:
            assert released.wait(120), "the slow source was waited for"
        return pull(batch, *rest)

    monkeypatch.setattr(chunk, "pull_batch", pull_slowly)
    monkeypatch.setattr(hand_over, "READY_SECONDS", 0.0)
    return released


@pytest.mark.parametrize("is_patient", [True, False])
def test_a_batch_is_in_the_store_before_its_slow_neighbour_is_pulled(
    is_patient: bool, slow: Event, plan: Plan, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk._Chunk, "_may_abandon", lambda *_: False)  # it is slow, not silent
    batch_ids = plan(*SOURCES)
    meanwhile: list[tuple[list[str], list[str]]] = []

    def go_on(ready: list[str]) -> None:
        validate_batches(ready)
        consolidate_batches(ready)
        meanwhile.append((ready, states(batch_ids)))
        slow.set()

    outcome = extract_batches(batch_ids, resolve, is_patient=is_patient, go_on=go_on)
    assert meanwhile[0] == (batch_ids[:1], ["loaded", "planned"])
    assert outcome.extracted == batch_ids
    assert states(batch_ids)[1] in ("extracted", "loaded")


def test_what_cannot_go_on_waits_for_the_end_of_its_chunk(slow: Event, plan: Plan, resolve: Resolve) -> None:
    batch_ids = plan(*SOURCES)

    def go_on(ready: list[str]) -> None:
        slow.set()
        raise ContractBroken("a suite is broken.", action="mend it.")

    assert extract_batches(batch_ids, resolve, go_on=go_on).extracted == batch_ids
    assert states(batch_ids) == ["extracted", "extracted"]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_is_ready_within_a_few_seconds_goes_on_together_and_costly_groups_are_fewer() -> None:
    clock, groups = Clock(), list[list[str]]()

    def go_on(ready: list[str]) -> None:
        groups.append(ready)
        clock.now += 2.0

    waiting = HandOver(go_on, clock)
    waiting.tick()
    waiting.add("a")
    clock.now += 1.0
    waiting.add("b")
    clock.now += 1.9
    waiting.tick()
    assert groups == []
    clock.now += 0.1
    waiting.tick()
    waiting.close()
    assert groups == [["a", "b"]]
    waiting.add("c")
    clock.now += 7.9  # the first group took two seconds
    waiting.tick()
    waiting.close()
    assert groups == [["a", "b"]]
    clock.now += 0.1
    waiting.add("d")
    waiting.tick()
    waiting.close()
    assert groups == [["a", "b"], ["c", "d"]]


def test_one_group_is_on_its_way_at_a_time_and_without_a_way_nothing_goes_on() -> None:
    clock, started, release = Clock(), list[str](), Event()

    def go_on(ready: list[str]) -> None:
        started.extend(ready)
        assert release.wait(120)

    waiting = HandOver(go_on, clock)
    for batch_id in ("a", "b"):
        waiting.add(batch_id)
        clock.now += 10.0
        waiting.tick()
    release.set()
    waiting.close()
    assert started == ["a"]
    alone = HandOver(None, clock)
    alone.add("a")
    clock.now += 10.0
    alone.tick()
    alone.close()
