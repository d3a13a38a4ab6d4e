"""An answer without a dossier looks like any other: it is asked for twice, and other lists may contradict it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from tests.unit.extract.conftest import WINDOW
from tests.unit.extract.opencps_site import Handler, Site, record

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.extract import SourceConnection, extract_batches
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
