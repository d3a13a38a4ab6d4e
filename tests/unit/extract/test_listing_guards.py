"""What an unbelievable listing does: the batch is held, the last good state stays, and a person may accept it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from tests.store_world import dossier, validated_batch
from tests.unit.extract.opencps_site import Site, record

from motcua import ledger
from motcua.catalog.guards import Norm, load_guards
from motcua.consolidate import consolidate_batches
from motcua.days.workdays import is_workday, lunar_new_year, working_calendar
from motcua.errors import CatalogError
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.listing_guards import shortfalls
from motcua.landing import read_manifest
from motcua.settings import PROJECT_ROOT

CALENDAR = working_calendar(PROJECT_ROOT / "include" / "catalog")
NORM = Norm()
SITE_KEY = {"agency_code": "84102", "unit_code": "000.01.21.H59"}

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
    assert "shows 33 of the 40 dossiers the store knows of these days, 17.5 % fewer where 15 % are allowed" in message
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
    assert [path for path, _, _ in site.asked if path.endswith("/dossiers/40")] == ["/o/rest/v2/dossiers/40"]


def test_an_id_that_the_source_does_not_know_is_passed_on_with_what_it_proves(
    site: Site, plan: Plan, resolve: Resolve
) -> None:
    known(40)
    shows(site, 39)
    batch = pulled(plan()[0], resolve)
    manifest = read_manifest(batch.landing_uri)
    assert (manifest["pulled"]["unknown_by_id"], manifest["absence_is_proof"]) == (["40"], True)
    assert manifest["guards"] == {"known_count": 40, "shown_count": 39}


def days(first: date, last: date, count: int) -> dict[date, int]:
    """Receive `count` dossiers on each working day, a tenth of it in the days around Tết."""
    found, day = {}, first
    while day <= last:
        if is_workday(day, CALENDAR):
            near_tet = abs((day - lunar_new_year(day.year)).days) <= 7
            found[day] = count // 10 if near_tet else count
        day += timedelta(days=1)
    return found


YEARS = days(date(2021, 1, 4), date(2023, 10, 22), 100)


@pytest.mark.parametrize(("received", "is_short"), [(100, False), (76, False), (74, True), (0, True)])
def test_a_unit_is_judged_by_its_own_weekdays(received: int, is_short: bool) -> None:
    new = days(date(2023, 10, 23), date(2023, 10, 27), received)
    short = shortfalls({"u": new}, {"u": YEARS}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR)
    assert bool(short) is is_short


def test_one_unit_in_outage_is_named_among_others_that_answer() -> None:
    new = days(date(2023, 10, 23), date(2023, 10, 27), 100)
    [short] = shortfalls({"a": new}, {"a": YEARS, "b": YEARS}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR)
    assert (short.unit_code, short.received, short.expected) == ("b", 0, 500)


def test_tet_is_not_an_outage() -> None:
    history = {day: count for day, count in YEARS.items() if day < date(2023, 1, 16)}
    new = {day: count for day, count in YEARS.items() if date(2023, 1, 16) <= day <= date(2023, 1, 29)}
    assert sum(new.values()) < 100
    assert shortfalls({"u": new}, {"u": history}, date(2023, 1, 16), date(2023, 1, 29), NORM, CALENDAR) == []


def test_a_tet_far_below_earlier_ones_is_an_outage_where_it_is_large_enough_to_tell() -> None:
    history = {day: count * 10 for day, count in YEARS.items() if day < date(2023, 1, 16)}
    short = shortfalls({}, {"u": history}, date(2023, 1, 16), date(2023, 1, 29), NORM, CALENDAR)
    assert [each.unit_code for each in short] == ["u"]


def test_a_first_tet_is_not_judged() -> None:
    history = days(date(2022, 9, 5), date(2023, 1, 13), 1000)
    assert shortfalls({}, {"u": history}, date(2023, 1, 16), date(2023, 1, 29), NORM, CALENDAR) == []


def test_rest_days_are_not_judged() -> None:
    holiday = date(2023, 9, 1), date(2023, 9, 4)
    assert shortfalls({}, {"u": YEARS}, *holiday, NORM, CALENDAR) == []


def test_a_source_without_weeks_of_history_is_not_judged() -> None:
    history = days(date(2023, 10, 9), date(2023, 10, 20), 100)
    assert shortfalls({}, {"u": history}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR) == []


def test_a_small_unit_may_have_a_quiet_week() -> None:
    history = days(date(2023, 5, 8), date(2023, 10, 20), 5)
    assert shortfalls({}, {"u": history}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR) == []


def test_an_unsteady_unit_is_judged_by_how_unsteady_it_is() -> None:
    history = {day: count * (3 if day.isocalendar().week % 2 else 1) for day, count in YEARS.items()}
    new = days(date(2023, 10, 23), date(2023, 10, 27), 90)
    assert shortfalls({"u": new}, {"u": history}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR) == []


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
    assert "let expect 90" in (found.error_message or "")


def _forget_coverage(day: date) -> None:
    from sqlalchemy import text

    from motcua.warehouse import store_engine

    with store_engine().begin() as connection:
        connection.execute(text("update batch set window_to = :day where state = 'loaded'"), {"day": day})
