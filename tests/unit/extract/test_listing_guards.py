"""A listing that is not plausible: the batch is held, the last good state stays, and a person may accept it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from tests.store_world import dossier, validated_batch
from tests.unit.extract.opencps_site import Site, record

from motcua import ledger
from motcua.catalog.guards import Norm, load_guards
from motcua.consolidate import consolidate_batches
from motcua.days.workdays import is_workday, working_calendar
from motcua.errors import BatchHeld, CatalogError
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.listing_guards import check_listing, receptions
from motcua.landing import read_manifest
from motcua.settings import PROJECT_ROOT

CALENDAR = working_calendar(PROJECT_ROOT / "include" / "catalog")
NORM = Norm()
SITE_KEY = {"agency_code": "84102", "unit_code": "000.01.21.H59"}

PULLED = pa.schema({
    "dossier_id": pa.string(), "unit_code": pa.string(), "received_at": pa.timestamp("us"), "standing": pa.string(),
})  # fmt: skip

Plan = Callable[..., list[str]]
Resolve = Callable[[str], SourceConnection]


def known(count: int) -> None:
    """Let the store know dossiers 1 to `count` of the site, received on 2 October 2023."""
    batch = validated_batch([dossier(str(number), **SITE_KEY) for number in range(1, count + 1)])
    assert consolidate_batches([batch]).loaded == [batch]


def shows(site: Site, count: int) -> None:
    site.dossiers["84102"] = [record(number, dossierStatus="done") for number in range(1, count + 1)]


def pulled(batch_id: str, resolve: Resolve) -> ledger.Batch:
    extract_batches([batch_id], resolve)
    return ledger.read_batches([batch_id])[0]


def test_a_listing_that_lacks_more_than_the_allowed_share_holds_the_batch(
    site: Site, plan: Plan, resolve: Resolve
) -> None:
    known(40)
    shows(site, 33)
    batch = pulled(plan()[0], resolve)
    assert (batch.state, batch.failed_stage, batch.error_kind) == ("held", "extract", "BatchHeld")
    message = batch.error_message or ""
    assert "shows 33 of the 40 dossiers of these days in the store, 17.5 % fewer where 15 % are allowed" in message
    assert "motcua ingest --source tra-vinh.c29236 --accept-shrink" in message


def test_a_listing_that_lacks_exactly_the_allowed_share_is_accepted(site: Site, plan: Plan, resolve: Resolve) -> None:
    known(40)
    shows(site, 34)
    assert pulled(plan()[0], resolve).state == "extracted"


def test_an_empty_answer_holds_the_batch_and_requests_nothing_by_id(site: Site, plan: Plan, resolve: Resolve) -> None:
    known(40)
    assert pulled(plan()[0], resolve).state == "held"
    assert len(site.asked) == len(site.lists())


def test_a_share_of_a_few_dossiers_is_not_judged(site: Site, plan: Plan, resolve: Resolve) -> None:
    known(19)
    assert pulled(plan()[0], resolve).state == "extracted"


def test_an_accepted_drop_holds_for_that_run_only(
    site: Site, plan: Plan, resolve: Resolve, quick_catalog: Path
) -> None:
    from motcua.catalog import load_catalog

    known(40)
    shows(site, 10)
    window = (date(2023, 10, 1), date(2023, 10, 31))
    [[accepted]] = ledger.plan_run(
        load_catalog(quick_catalog), "by-hand", window[1], window=window, source_ids=["tra-vinh.c29236"],
        accept_shrink=True,
    )  # fmt: skip
    [usual] = plan(run_id="usual")
    assert pulled(accepted, resolve).state == "extracted"
    assert pulled(usual, resolve).state == "held"


def test_a_drop_stated_in_the_catalogue_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "guards.yaml"
    path.write_text("accepted_drops:\n  - {source_id: a, from: 2025-07-01, to: 2025-07-31, reason: closed}\n")
    guards = load_guards(tmp_path)
    assert guards.accepts_drop("a", date(2025, 7, 31)) == "closed"
    assert guards.accepts_drop("a", date(2025, 8, 1)) is None
    assert guards.accepts_drop("b", date(2025, 7, 31)) is None


def test_a_misspelt_guard_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "guards.yaml").write_text("shrink:\n  max_missing_pc: 15\n")
    with pytest.raises(CatalogError, match=r"guards\.yaml:2: shrink\.max_missing_pc is not a known key"):
        load_guards(tmp_path)


def test_a_dossier_missing_from_the_listing_is_requested_by_id(site: Site, plan: Plan, resolve: Resolve) -> None:
    known(40)
    shows(site, 40)
    moved = site.dossiers["84102"][-1]
    moved["receiveDate"] = "15/09/2023 08:00:00"  # out of the window: no list shows it, its id does
    batch = pulled(plan()[0], resolve)
    assert (batch.state, batch.pulled_count) == ("extracted", 40)
    assert batch.out_of_window_count == 0  # its correction is taken, so that the old day does not go on counting
    assert [path for path, _, _ in site.asked if path.endswith("/dossiers/40")] == ["/o/rest/v2/dossiers/40"]


def test_an_id_that_the_source_does_not_know_is_recorded_with_whether_it_proves_a_deletion(
    site: Site, plan: Plan, resolve: Resolve
) -> None:
    known(40)
    shows(site, 39)
    batch = pulled(plan()[0], resolve)
    manifest = read_manifest(batch.landing_uri)
    assert (manifest["pulled"]["unknown_by_id"], manifest["absence_is_proof"]) == (["40"], True)
    assert manifest["guards"] == {"known_count": 40, "shown_count": 39}


def test_each_dossier_of_a_units_own_is_counted_once_by_unit_and_day() -> None:
    rows = [
        {"dossier_id": "1", "unit_code": "u", "received_at": datetime(2023, 10, 2, 8), "standing": None},
        {"dossier_id": "1", "unit_code": "u", "received_at": datetime(2023, 10, 2, 9), "standing": None},
        {"dossier_id": "2", "unit_code": "u", "received_at": datetime(2023, 10, 2, 23, 59), "standing": None},
        {"dossier_id": "3", "unit_code": "u", "received_at": datetime(2023, 10, 3), "standing": None},
        {"dossier_id": "4", "unit_code": None, "received_at": datetime(2023, 10, 3), "standing": None},
        {"dossier_id": "5", "unit_code": "u", "received_at": datetime(2023, 10, 3), "standing": "child"},
        {"dossier_id": "6", "unit_code": "u", "received_at": None, "standing": None},
    ]
    assert receptions(pa.Table.from_pylist(rows, schema=PULLED)) == {
        "u": {date(2023, 10, 2): 2, date(2023, 10, 3): 1},
        "": {date(2023, 10, 3): 1},
    }


def test_a_tet_without_dossiers_is_held_by_the_receptions_of_the_tet_before(
    site: Site, plan: Plan, resolve: Resolve
) -> None:
    # 16 to 18 January 2023 lie as far before Tết as 26 to 28 January 2022.
    store_receptions([date(2022, 1, 26), date(2022, 1, 27), date(2022, 1, 28)], 90, until=date(2023, 1, 15))
    found = pulled(plan(window=(date(2023, 1, 16), date(2023, 1, 18)))[0], resolve)
    assert found.state == "held"
    assert "received 0 dossiers from 2023-01-16 to 2023-01-18" in (found.error_message or "")
    assert "where 270 were expected" in (found.error_message or "")


def test_the_unit_that_lacks_most_is_named_and_how_many_lack(site: Site, plan: Plan, resolve: Resolve) -> None:
    mondays = [date(2023, 10, 30) - timedelta(weeks=week) for week in range(1, 6)]
    store_receptions(mondays, 90, until=date(2023, 10, 29))
    store_receptions(mondays, 70, until=date(2023, 10, 29), unit_code=None, dossier_no=None)
    found = pulled(plan(window=(date(2023, 10, 30), date(2023, 10, 30)))[0], resolve)
    assert (
        "unit 000.01.21.H59 received 0 dossiers from 2023-10-30 to 2023-10-30 where 90 were expected"
        " from its previous 8 weeks, 100.0 % fewer where 25 % are allowed (2 such units)."
        in (found.error_message or "")
    )


def test_an_accepted_drop_below_the_norm_is_loaded_with_the_reason_in_its_manifest(
    site: Site, plan: Plan, resolve: Resolve, quick_catalog: Path
) -> None:
    from motcua.catalog import load_catalog

    known(40)
    window = (date(2023, 10, 1), date(2023, 10, 31))
    [[batch_id]] = ledger.plan_run(
        load_catalog(quick_catalog), "by-hand", window[1], window=window, source_ids=["tra-vinh.c29236"],
        accept_shrink=True,
    )  # fmt: skip
    batch = pulled(batch_id, resolve)
    guards = read_manifest(batch.landing_uri)["guards"]
    assert (guards["known_count"], guards["shown_count"]) == (40, 0)
    assert guards["accepted_because"] == "accepted for this batch"
    assert "shows 0 of the 40 dossiers" in guards["drop"]


def test_a_source_that_lists_only_changes_is_not_judged_and_the_manifest_says_so(
    databases: None, plan: Plan, resolve: Resolve
) -> None:
    [batch] = ledger.read_batches(plan())
    listed = pa.Table.from_pylist([], schema=PULLED)
    found = check_listing(batch, listed, {"1", "2"} | {str(number) for number in range(50)}, lists_all=False)
    assert found == {"known_count": 50, "shown_count": 0, "not_judged_because": "lists_all: false"}


@pytest.mark.parametrize(("shown", "is_held"), [(17, False), (16, True)])
def test_a_share_is_judged_from_twenty_dossiers_on(shown: int, is_held: bool, plan: Plan) -> None:
    [batch] = ledger.read_batches(plan())
    rows = [{"dossier_id": str(number)} for number in range(shown)]
    listed = pa.Table.from_pylist(rows, schema=PULLED)
    ids = {str(number) for number in range(20)}
    if not is_held:
        assert check_listing(batch, listed, ids) == {"known_count": 20, "shown_count": 17}
        return
    with pytest.raises(BatchHeld, match=r"shows 16 of the 20 dossiers .*, 20\.0 % fewer where 15 % are allowed"):
        check_listing(batch, listed, ids)


def test_a_night_far_below_the_norm_is_held_in_a_pull(site: Site, plan: Plan, resolve: Resolve) -> None:
    received = [
        datetime(2023, 10, 31, 9) - timedelta(days=back)
        for back in range(1, 60)
        if is_workday((datetime(2023, 10, 31) - timedelta(days=back)).date(), CALENDAR)
    ]
    records = [
        dossier(f"{day}{number}", **SITE_KEY, received_at=at, dossier_no=f"000.01.21.H59-{day}-{number}")
        for day, at in enumerate(received, start=10)
        for number in range(100, 190)
    ]
    batch = validated_batch(records)
    assert consolidate_batches([batch]).loaded == [batch]
    with_known = [
        record(int(each["dossier_id"]), f"{each['received_at']:%d/%m/%Y %H:%M:%S}", dossierStatus="done")
        for each in records
        if each["received_at"] >= datetime(2023, 10, 30)
    ]
    site.dossiers["84102"] = with_known
    _forget_coverage(date(2023, 10, 30))
    found = pulled(plan(window=(date(2023, 10, 30), date(2023, 10, 31)))[0], resolve)
    assert found.state == "held"
    assert "unit 000.01.21.H59 received 0 dossiers from 2023-10-31 to 2023-10-31" in (found.error_message or "")
    assert "where 90 were expected" in (found.error_message or "")


def store_receptions(on: list[date], count: int, *, until: date, **values: object) -> None:
    """Let the store know `count` dossiers of the site's unit for each of the days."""
    records = [
        dossier(
            f"{day:%y%m%d}{number}{len(values)}",
            **SITE_KEY
            | {"received_at": datetime.combine(day, time(9)), "dossier_no": f"000.01.21.H59-{day:%y%m%d}-{number:04d}"}
            | {"due_at": None, "finished_at": None, "returned_at": None, "status_code": 4}
            | values,
        )
        for day in on
        for number in range(count)
    ]
    batch = validated_batch(records, window=(min(on), until))
    assert consolidate_batches([batch]).loaded == [batch]


def _forget_coverage(day: date) -> None:
    from sqlalchemy import text

    from motcua.warehouse import store_engine

    with store_engine().begin() as connection:
        connection.execute(text("update batch set window_to = :day where state = 'loaded'"), {"day": day})
