"""An answer without a dossier looks like any other: it is asked for twice, and other lists may contradict it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.extract.conftest import WINDOW
from tests.unit.extract.opencps_site import Handler, Site, record

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.errors import BatchHeld
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.adapters.protocol import ListingShifted, Window
from motcua.extract.listing_guards import EmptyAnswers, check_empty_windows
from motcua.landing import read_manifest
from motcua.settings import Settings

SITE = "84102"
Plan = Callable[..., list[str]]
Resolve = Callable[[str], SourceConnection]


def nothing(handler: Handler, document: dict[str, Any]) -> bool:
    """Answer a request for a list as if there were no dossier."""
    document |= {"total": 0, "data": []}
    return False


def no_receptions(handler: Handler, document: dict[str, Any]) -> bool:
    return nothing(handler, document) if "fromReceiveDate" in handler.path else False


def pulled(batch_id: str, resolve: Resolve) -> ledger.Batch:
    extract_batches([batch_id], resolve)
    return ledger.read_batches([batch_id])[0]


def test_an_empty_answer_is_asked_for_again_and_the_one_with_dossiers_counts(
    site: Site, plan: Plan, resolve: Resolve
) -> None:
    site.dossiers[SITE] = [record(1), record(2)]
    site.faults = [nothing]
    batch = pulled(plan()[0], resolve)
    assert (batch.state, batch.pulled_count) == ("extracted", 2)
    assert read_manifest(batch.landing_uri)["pulled"]["empty_twice"] == 1  # nothing is open from before
    assert len(site.lists()) == 5  # none, some; from the beginning; and twice what is open


def test_a_list_that_is_empty_twice_is_believed_and_counted(site: Site, plan: Plan, resolve: Resolve) -> None:
    batch = pulled(plan()[0], resolve)
    assert (batch.state, batch.pulled_count) == ("extracted", 0)
    assert read_manifest(batch.landing_uri)["pulled"]["empty_twice"] == 2
    assert len(site.lists()) == 4


def test_a_list_that_showed_a_dossier_is_never_believed_to_be_empty(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[SITE] = [record(1)]
    site.faults = [nothing, None, *[nothing] * 99]
    [batch_id] = plan()
    extract_batches([batch_id], resolve, is_patient=False)
    [batch] = ledger.read_batches([batch_id])
    assert (batch.state, batch.error_kind) == ("planned", "SourceUnavailable")
    assert "answered one request for its list of dossiers with none, and another with some" in str(batch.error_message)


@pytest.mark.parametrize("received", ["01/10/2023 08:00:00", "29/10/2023 23:00:00"])
def test_an_empty_list_of_receptions_that_the_open_ones_contradict_holds_the_batch(
    site: Site, plan: Plan, resolve: Resolve, received: str
) -> None:
    site.dossiers[SITE] = [record(1, received)]
    site.wildcard[SITE] = no_receptions
    batch = pulled(plan()[0], resolve)
    assert (batch.state, batch.failed_stage) == ("held", "extract")
    told = str(batch.error_message)
    assert "the list of what was received from 2023-10-01 to 2023-10-31 was empty, twice" in told
    assert "show 1 dossiers received in those days" in told
    catalog = load_catalog(Settings.load().catalog_dir)
    [[accepted]] = ledger.plan_run(
        catalog, "by-hand", WINDOW[1], window=WINDOW, source_ids=["tra-vinh.c29236"], accept_shrink=True
    )
    batch = pulled(accepted, resolve)
    assert (batch.state, batch.pulled_count) == ("extracted", 1)
    assert read_manifest(batch.landing_uri)["guards"]["accepted_because"] == "accepted for this batch"


def test_what_an_opening_lists_contradicts_a_window_of_its_own(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[SITE] = [record(1), record(2, "04/09/2023 08:00:00")]

    def no_past(handler: Handler, document: dict[str, Any]) -> bool:
        asks_past = "fromReceiveDate" in handler.path and "toReceiveDate=01%2F11%2F2023" not in handler.path
        return nothing(handler, document) if asks_past else False

    site.wildcard[SITE] = no_past
    batch = pulled(plan(is_opening=True)[0], resolve)
    assert batch.state == "held"
    assert "to 2023-09-30 was empty, twice" in str(batch.error_message)


def test_a_day_that_stands_beside_an_empty_window_contradicts_nothing(site: Site, plan: Plan, resolve: Resolve) -> None:
    site.dossiers[SITE] = [record(1, "30/09/2023 23:00:00"), record(2, "01/11/2023 05:00:00")]
    batch = pulled(plan(window=(date(2023, 10, 2), date(2023, 10, 30)))[0], resolve)
    assert batch.state == "extracted", batch.error_message


OCTOBER = Window(*WINDOW)
SEPTEMBER = Window(date(2023, 9, 1), date(2023, 9, 30), is_earlier=True)  # a list of October stands beside it


def contradictions(windows: list[Window], *received: datetime | None) -> dict[str, Any]:
    """Check empty lists of these windows against other lists that show dossiers received then; a person accepts all."""
    batch: Any = SimpleNamespace(
        source_id="a", window_from=WINDOW[0], window_to=WINDOW[1], is_shrink_accepted=bool(windows[1:])
    )
    return check_empty_windows(batch, pa.table({"received_at": pa.array(received, pa.timestamp("us"))}), windows)


@pytest.mark.parametrize(
    ("window", "received", "is_contradicted"),
    [
        (OCTOBER, datetime(2023, 9, 30, 23, 59), False),
        (OCTOBER, datetime(2023, 10, 1), True),
        (OCTOBER, datetime(2023, 10, 31, 23, 59), True),
        (OCTOBER, datetime(2023, 11, 1), False),
        (OCTOBER, None, False),
        (SEPTEMBER, datetime(2023, 9, 28, 23, 59), True),
        (SEPTEMBER, datetime(2023, 9, 29), False),  # a day that its list leaves to that of October
        (SEPTEMBER, datetime(2023, 9, 30), False),
        (Window(None, date(2023, 9, 30)), datetime(1999, 1, 4), True),
    ],
)
def test_an_empty_list_is_contradicted_by_dossiers_of_its_own_days_only(
    window: Window, received: datetime | None, is_contradicted: bool
) -> None:
    if not is_contradicted:
        assert contradictions([window], received) == {}
        return
    with pytest.raises(BatchHeld, match="show 1 dossiers received in those days"):
        contradictions([window], received)


def test_each_of_the_empty_lists_is_compared() -> None:
    found = contradictions([SEPTEMBER, OCTOBER], datetime(2023, 10, 5), datetime(2023, 10, 6))
    assert "from 2023-10-01 to 2023-10-31 was empty, twice" in found["contradiction"]
    assert "show 2 dossiers" in found["contradiction"]


@pytest.mark.parametrize(("stated", "waited"), [(0.05, 0.05), (30, 0.2)])
def test_the_second_request_waits_as_the_source_states_but_not_longer_than_an_index_needs(
    stated: float, waited: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("motcua.extract.listing_guards.time", SimpleNamespace(sleep=waits.append))
    source: Any = SimpleNamespace(source_id="a", retry_wait_seconds=stated)
    EmptyAnswers(source).check(OCTOBER, 0, lambda: 0)
    assert waits == [waited]


def test_what_had_rows_once_is_not_asked_a_second_time_before_its_empty_answer_is_refused() -> None:
    source: Any = SimpleNamespace(source_id="a", retry_wait_seconds=0)
    answers, asked = EmptyAnswers(source), []

    def ask_again() -> int:
        asked.append("again")
        return 3

    answers.check(OCTOBER, 2, ask_again)
    with pytest.raises(ListingShifted):
        answers.check(OCTOBER, 0, ask_again)
    assert asked == []
    for _ in range(2):  # none, then some; and then none once more
        with pytest.raises(ListingShifted):
            answers.check(SEPTEMBER, 0, ask_again)
    assert asked == ["again"]
