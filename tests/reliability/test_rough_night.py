"""A whole night under a mix of faults loses nothing, doubles nothing, and neither asks nor waits for ever."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from tests.reliability.province import HTTP, Province, empty_store, form, stored, versions

from motcua.extract.wire.transport import LONGEST_BACK_OFF
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.columns import World
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

MIX = (
    {"kind": "5xx", "share": 0.20},
    {"kind": "429", "share": 0.05},
    {"kind": "truncated_json", "share": 0.02},
    {"kind": "duplicated_page", "share": 0.01},
)
# Pages small enough that every share strikes; attempts as the catalogue of a rough host would have them.
SETTINGS = {"page_size": 8, "attempts": 6, "retry_wait_seconds": 0.01}


@pytest.mark.parametrize("adapter", HTTP)
def test_a_rough_night_leaves_the_store_of_a_quiet_one(
    adapter: str, systems: SandboxServer, small: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    province = Province(adapter, small, tmp_path, systems, SETTINGS).found(monkeypatch)
    outcomes, requests, slept = [], [], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    for waits in ("urllib3.util.retry.time", "motcua.extract.wire.transport.time"):
        monkeypatch.setattr(waits, SimpleNamespace(sleep=sleep, time=time.time))
    for faults in ((), MIX):
        empty_store()
        listened = {"kind": "wrong_charset", "variant": "header"}  # changes nothing and counts what is asked
        systems.set_faults([{**fault, "protocol": adapter} for fault in (listened, *faults)], seed=11)
        for night in (1, 2):
            province.stand_at(night)
            batches = province.run(f"night-{night}", night=night, attempts=3)
            assert {batch.state for batch in batches} == {"loaded"}, [batch.error_message for batch in batches]
        requests.append(systems.faults()[0]["seen"])
        outcomes.append((stored(), form(), versions()))
    struck = {fault["kind"]: fault["fired"] for fault in systems.faults()}
    assert all(struck.values()), struck
    quiet, rough = outcomes
    assert rough == quiet
    assert requests[1] < 2 * requests[0], requests
    assert slept
    assert max(slept) <= LONGEST_BACK_OFF * SETTINGS["retry_wait_seconds"]


def test_five_systems_down_hold_up_no_other(
    systems: SandboxServer, small: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    province = Province("opencps", small, tmp_path, systems, {"retry_wait_seconds": 0.05}).found(monkeypatch)
    down = list(small.group_ids[:5])
    systems.set_down(down)
    batches = province.run("five-down")
    failed = {batch.source_id for batch in batches if batch.state == "failed"}
    assert len(failed) == 5
    assert {batch.state for batch in batches if batch.source_id not in failed} == {"loaded"}
    assert {key[1] for key in stored()} == {str(group_id) for group_id in small.group_ids[5:]}
    systems.set_down([])
    with store_engine().begin() as connection:  # a host that failed so often is left alone; let that be over
        connection.execute(text("update host_circuit set opened_until = clock_timestamp()"))
    assert {batch.state for batch in province.run("five-down")} == {"loaded"}
    assert {key[1] for key in stored()} == {str(group_id) for group_id in small.group_ids}
