"""The same month through every adapter: the same store row for row, and the same form II.06a."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.province import (
    DROPPED,
    HTTP,
    POSTED,
    SCENARIO,
    Key,
    Province,
    empty_store,
    form,
    stored,
    versions,
)

from motcua.extract.records.mapping import OPEN_STATUSES
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.systems.records import NEGATIVE_EVERY
from motcua.sandbox.world.columns import World
from motcua.sandbox.world.truth import count_truth

pytestmark = pytest.mark.usefixtures("databases")

Seen = dict[str, Any]
INSTANTS = ("received_at", "finished_at", "returned_at", "refused_at")


@pytest.fixture(scope="session")
def by_opencps() -> dict[str, Seen]:
    """What two nights of OpenCPS left, filled by the first test that needs it."""
    return {}


def two_nights(province: Province) -> Seen:
    """Run night 1, night 2 and night 2 again, which changes nothing; return store and form after each night."""
    seen: Seen = {}
    for night in (1, 2):
        province.stand_at(night)
        batches = province.run(f"night-{night}", night=night)
        assert {batch.state for batch in batches} == {"loaded"}, [batch.error_message for batch in batches]
        seen[f"store {night}"], seen[f"form {night}"] = stored(), form()
    before = versions()
    again = province.run("night-2-again", night=2)
    assert sum((batch.new_count or 0) + (batch.changed_count or 0) for batch in again) == 0
    assert (stored(), form(), versions()) == (seen["store 2"], seen["form 2"], before)
    return seen


def expected(
    cache: dict[str, Seen], systems: SandboxServer, small: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Seen:
    if not cache:
        with monkeypatch.context() as patch:
            cache["seen"] = two_nights(Province("opencps", small, folder / "opencps", systems).found(patch))
        empty_store()
    return cache["seen"]


def comparable(store: dict[Key, Seen], adapter: str, world: World) -> dict[Key, Seen]:
    """Leave out what not every protocol can show: OpenCPS does not say whether a negative result was handed over.

    What was never taken in is in no listing by the day of reception, but in every file, and so is what had ended before
    the month or came after it; what has no number is never pushed to the portal.
    """
    begins, ends = (datetime.combine(day, time.min) for day in (SCENARIO.from_date, SCENARIO.day_of_night(1)))
    last = world.nights[2]
    negative = set(map(str, last.dossier_id[last.reference % NEGATIVE_EVERY == 0].tolist()))
    return {
        key: row | {"status_code": 9} if row["status_code"] == 10 and key[-1] in negative else row
        for key, row in store.items()
        if row["received_at"]
        and row["received_at"] < ends
        and (row["dossier_no"] or adapter not in ("portal_sync", POSTED))
        and (row["status_code"] in OPEN_STATUSES or max(filter(None, map(row.get, INSTANTS))) >= begins)
    }


def differences(found: dict[Key, Seen], told: dict[Key, Seen]) -> dict[str, list[Any]]:
    """Return the keys only one side has, and for each column that differs the first cells that do."""
    differing: dict[str, list[Any]] = {}
    for name, keys in (("only here", found.keys() - told.keys()), ("missing", told.keys() - found.keys())):
        if keys:
            differing[name] = [len(keys), *sorted(keys)[:3]]
    for key in found.keys() & told.keys():
        for name, cell in found[key].items():
            if cell != told[key][name]:
                differing.setdefault(name, []).append((key, cell, told[key][name]))
    return {name: [len(cells), *cells[:3]] for name, cells in differing.items()}


@pytest.mark.parametrize("adapter", [*HTTP[1:], *DROPPED, POSTED])
def test_the_same_month_gives_the_same_store_and_the_same_form(
    adapter: str,
    systems: SandboxServer,
    small: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    by_opencps: dict[str, Seen],
) -> None:
    wanted = expected(by_opencps, systems, small, tmp_path, monkeypatch)
    server = systems if adapter in HTTP else None
    seen = two_nights(Province(adapter, small, tmp_path / adapter, server).found(monkeypatch))
    for night in (1, 2):
        found, told = (comparable(run[f"store {night}"], adapter, small) for run in (seen, wanted))
        assert differences(found, told) == {}
        assert seen[f"form {night}"] == wanted[f"form {night}"]
    assert len(told) > 1400


def test_the_form_is_what_the_world_says(
    systems: SandboxServer, small: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_opencps: dict[str, Seen]
) -> None:
    wanted = expected(by_opencps, systems, small, tmp_path, monkeypatch)
    for night in (1, 2):
        total, truth = wanted[f"form {night}"][-1], count_truth(small, night).total
        same = (
            "carried_over",
            "received_online",
            "received_direct",
            "resolved_early",
            "resolved_late",
            "open_total",
            "open_overdue",
        )
        assert {name: total[name] for name in same} == {name: getattr(truth, name) for name in same}
        # The form books what was withdrawn or stopped under on time.
        assert total["resolved_on_time"] == truth.resolved_on_time + truth.withdrawn + truth.stopped
        assert truth.carried_over > 0
