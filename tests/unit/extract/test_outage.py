"""Sources that are down do not delay the pull, validation or load of other sources, and no source is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml
from sqlalchemy import text
from tests.unit.extract.conftest import WINDOW
from tests.unit.extract.opencps_site import Fault, Handler, Site, answers, record

from motcua import ledger
from motcua.catalog import Source, load_catalog
from motcua.cli.ingest import load
from motcua.extract import ExtractOutcome, SourceConnection, extract_batches
from motcua.extract.chunk import ROUNDS
from motcua.extract.wire.transport import FIRST_ATTEMPTS
from motcua.settings import PROJECT_ROOT, Settings
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

Plan = Callable[..., list[str]]
Resolve = Callable[[str], SourceConnection]


@pytest.fixture
def never() -> Iterator[Event]:
    """The event that a dead source waits for: the end of the test, or its recovery."""
    event = Event()
    yield event
    event.set()


@pytest.fixture
def long_waits(quick_catalog: Path, tmp_path: Path) -> Path:
    """The same sources with time-outs of a minute, so that a test that waits for a dead source is noticed."""
    folder = tmp_path / "long"
    shutil.copytree(quick_catalog, folder)
    for path in (folder / "sources").glob("*.yaml"):
        document = yaml.safe_load(path.read_text())
        document["defaults"] |= {"timeout_seconds": 60, "attempts": 2, "retry_wait_seconds": 60}
        path.write_text(yaml.safe_dump(document, allow_unicode=True))
    return folder


@pytest.fixture
def planned(plan: Plan, long_waits: Path, monkeypatch: pytest.MonkeyPatch, site: Site) -> list[str]:
    """Batches of the first five sources of Trà Vinh, each with six dossiers."""

    monkeypatch.setenv("MOTCUA_CATALOG", str(long_waits))
    sources = [each for each in load_catalog(long_waits).sources if each.source_id.startswith("tra-vinh.c")][:5]
    for source in sources:
        group = source.options.group_id
        days = ["02/10/2023 08:00:00"] * 5 + ["15/09/2023 08:00:00"]  # so that no list is empty, and asked for twice
        site.dossiers[str(group)] = [record(group * 10 + no, day, groupId=group) for no, day in enumerate(days)]
    return plan(*(source.source_id for source in sources))


def group_of(batch_id: str) -> str:

    catalog = load_catalog(Settings.load().catalog_dir)
    return str(catalog.source_by_id[ledger.read_batches([batch_id])[0].source_id].options.group_id)


def hanging(event: Event) -> Fault:
    """Take the request and do not answer until `event`; then answer normally."""

    def fault(handler: Handler, document: dict[str, Any]) -> bool:
        event.wait(120)
        return False

    return fault


def states(batch_ids: list[str]) -> list[str]:
    return [batch.state for batch in ledger.read_batches(batch_ids)]


def dossiers() -> dict[str, int]:
    """Return how many versions the store holds, by the batch that brought them."""
    with store_engine().connect() as connection:
        rows = connection.execute(text("select batch_id, count(*) from dossier_version group by 1"))
        return dict(rows.tuples().all())


def without_patience(batch_ids: list[str], resolve: Resolve) -> list[str]:
    return load([batch_ids], resolve, lambda _: None)


@pytest.mark.parametrize("fault", [hanging, lambda _: answers(503)], ids=["unanswered", "503"])
def test_sources_that_answer_are_loaded_while_dead_sources_are_still_waited_for(
    fault: Callable[[Event], Fault], site: Site, planned: list[str], resolve: Resolve, never: Event
) -> None:
    dead, healthy = planned[:2], planned[2:]  # the dead sources come first, so all others could wait behind them
    for batch_id in dead:
        site.wildcard[group_of(batch_id)] = fault(never)
    assert sorted(without_patience(planned, resolve)) == sorted(dead)
    assert not never.is_set()  # no dead source has ended: each had a minute for every request
    assert states(healthy) == ["loaded"] * 3
    assert dossiers() == dict.fromkeys(healthy, 6)
    assert states(dead) == ["planned"] * 2
    for batch in ledger.read_batches(dead):
        assert (batch.error_kind, batch.failed_stage) == ("SourceUnavailable", "extract")
        says = "had not answered when the other sources" if fault is hanging else "answered 503 2 times"
        assert f"{batch.source_id} {says}" in (batch.error_message or "")


def test_a_source_that_answers_again_is_pulled_from_the_start_and_loaded_once(
    site: Site, planned: list[str], resolve: Resolve, never: Event
) -> None:
    dead = planned[:2]
    for batch_id in dead:
        site.wildcard[group_of(batch_id)] = hanging(never)
    unanswered = without_patience(planned, resolve)
    never.set()  # the requests of the first attempt are answered now, too late
    site.wildcard.clear()
    assert load([unanswered], resolve, lambda _: None, is_patient=True) == []
    assert states(planned) == ["loaded"] * 5
    assert dossiers() == dict.fromkeys(planned, 6)
    assert [batch.attempt_count for batch in ledger.read_batches(dead)] == [2, 2]


def test_an_answer_after_a_source_was_abandoned_reaches_neither_landing_nor_ledger(
    site: Site, planned: list[str], resolve: Resolve, never: Event, tmp_path: Path
) -> None:
    dead = planned[0]
    site.wildcard[group_of(dead)] = hanging(never)
    without_patience(planned, resolve)
    before = len(site.asked)
    never.set()
    assert not Event().wait(0.5)
    [batch] = ledger.read_batches([dead])
    assert (batch.state, batch.manifest_sha256) == ("planned", None)
    assert len(site.asked) == before  # and it sends no further request
    assert not [path for path in (tmp_path / "landing").rglob("*.parquet") if batch.source_id in path.parts]


def test_repeating_a_chunk_without_patience_does_not_change_what_is_loaded(
    site: Site, planned: list[str], resolve: Resolve, never: Event
) -> None:
    site.wildcard[group_of(planned[0])] = hanging(never)
    for _ in range(2):
        assert without_patience(planned, resolve) == planned[:1]
        assert dossiers() == dict.fromkeys(planned[1:], 6)
    assert [batch.attempt_count for batch in ledger.read_batches(planned)] == [2, 1, 1, 1, 1]


def test_a_slow_page_of_a_source_that_answers_is_waited_for(
    site: Site, planned: list[str], resolve: Resolve, never: Event
) -> None:
    slow, asked = group_of(planned[0]), []

    def second_page_slow(handler: Handler, document: dict[str, Any]) -> bool:
        asked.append(handler.path)
        if len(asked) == 2:
            Event().wait(3)  # far longer than a source without any answer may take
        return False

    site.wildcard[slow] = second_page_slow
    assert extract_batches(planned, resolve, is_patient=False) == ExtractOutcome(planned, [])


def test_several_dead_sources_in_a_row_do_not_block_the_sources_behind_them(
    site: Site, planned: list[str], resolve: Resolve, never: Event
) -> None:
    for batch_id in planned[:4]:
        site.wildcard[group_of(batch_id)] = hanging(never)
    outcome = extract_batches(
        planned, resolve, workers=1, is_patient=False
    )  # one at a time; only the last source works
    assert outcome == ExtractOutcome(planned[4:], [], tuple(planned[:4]))


def test_a_refused_login_is_final_also_without_patience(site: Site, planned: list[str], resolve: Resolve) -> None:
    site.wildcard[group_of(planned[0])] = answers(401)
    assert extract_batches(planned, resolve, is_patient=False) == ExtractOutcome(planned[1:], planned[:1])
    assert states(planned[:1]) == ["failed"]


def test_a_source_that_never_answers_is_named_after_the_last_attempt(
    plan: Plan, site: Site, resolve: Resolve, quick_catalog: Path
) -> None:
    [batch_id] = plan()
    site.wildcard["84102"] = answers(503)
    assert load([[batch_id]], resolve, lambda _: None) == [batch_id]
    assert (
        ledger.completeness(["tra-vinh.c29236"], *WINDOW)[0].cell == "missing"
    )  # not named yet: the night still tries it
    assert load([[batch_id]], resolve, lambda _: None, is_patient=True) == []
    cell = ledger.completeness(["tra-vinh.c29236"], *WINDOW)[0]
    assert (cell.cell, "answered 503" in (cell.reason or "")) == ("failed", True)
    assert ledger.read_batches([batch_id])[0].attempt_count == 3


def test_the_shipped_number_of_attempts_loses_no_source_of_a_rough_night() -> None:
    """20 % 5xx, 5 % 429, 2 % cut short; 150 sources of 100 pages; the arithmetic of decision 0017."""
    attempts = Source.model_fields["attempts"].default
    refused, cut = 1 - 0.80 * 0.95, 0.02

    def lost(sendings: int) -> float:
        return refused**sendings * sum(cut**attempt for attempt in range(attempts)) + cut**attempts

    pull = 1 - (1 - lost(min(attempts, FIRST_ATTEMPTS))) * (1 - lost(attempts)) ** 99
    pulls = 1 + ROUNDS  # without patience, then with patience
    assert (1 - pull**pulls) ** 150 > 0.999
    assert all(source.attempts == attempts for source in load_catalog(PROJECT_ROOT / "include" / "catalog").sources)
