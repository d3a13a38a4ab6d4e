"""What an unbelievable listing does: the batch is held, the last good state stays, and a person may accept it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from statistics import median

import pyarrow as pa
import pytest
from tests.store_world import dossier, validated_batch
from tests.unit.extract.opencps_site import Site, record

from motcua import ledger
from motcua.catalog.guards import Norm, load_guards
from motcua.consolidate import consolidate_batches
from motcua.days.workdays import is_workday, lunar_new_year, working_calendar
from motcua.errors import BatchHeld, CatalogError
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.listing_guards import check_listing, receptions, shortfalls
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


def test_a_very_even_unit_is_allowed_what_chance_allows_any_unit() -> None:
    history = days(date(2023, 5, 8), date(2023, 10, 20), 20)
    for received, is_short in ((14, False), (11, True)):
        new = days(date(2023, 10, 23), date(2023, 10, 27), received)
        short = shortfalls({"u": new}, {"u": history}, date(2023, 10, 23), date(2023, 10, 27), NORM, CALENDAR)
        assert bool(short) is is_short, received


def test_days_around_tet_are_no_norm_for_ordinary_days_after_it() -> None:
    first, last = date(2023, 2, 6), date(2023, 2, 10)
    history = {day: count for day, count in YEARS.items() if day < first}
    [short] = shortfalls({"u": days(first, last, 50)}, {"u": history}, first, last, NORM, CALENDAR)
    assert (short.received, short.expected) == (250, 500)


@pytest.mark.parametrize(
    ("day", "is_near_tet"),
    [
        (date(2025, 1, 21), False),
        (date(2025, 1, 22), True),  # seven days before
        (date(2024, 2, 20), True),  # ten days after
        (date(2024, 2, 21), False),
    ],
)
def test_the_days_around_tet_begin_and_end_as_the_norm_says(day: date, is_near_tet: bool) -> None:
    norm = Norm(tet_days_before=7, tet_days_after=10, minimum_expected=1, minimum_deviations=0)
    history = {
        each: 10 if -7 <= (each - lunar_new_year(each.year)).days <= 10 else 100
        for each in days(date(2021, 1, 4), day - timedelta(days=1), 1)
    }
    few = shortfalls({"u": {day: 10}}, {"u": history}, day, day, norm, CALENDAR)
    assert bool(few) is not is_near_tet  # enough for a day around Tết, far too little for another
    assert shortfalls({}, {"u": history}, day, day, norm, CALENDAR)


def test_tet_is_judged_by_as_many_earlier_ones_as_there_are_up_to_three() -> None:
    first, last = date(2023, 1, 16), date(2023, 1, 18)
    norm = Norm(minimum_expected=1, minimum_deviations=0)
    counts = {2020: 400, 2021: 300, 2022: 200, 2019: 10_000}
    of_year = {
        year: {lunar_new_year(year) + (first - lunar_new_year(2023)) + timedelta(days=n): count for n in range(-9, 9)}
        for year, count in counts.items()
    }
    all_years = {day: count for year in of_year.values() for day, count in year.items()}
    [short] = shortfalls({}, {"u": all_years}, first, last, norm, CALENDAR)
    worked = [
        [
            counts[year]
            for year in (2020, 2021, 2022)
            if is_workday(lunar_new_year(year) + (first + timedelta(days=n) - lunar_new_year(2023)), CALENDAR)
        ]
        for n in range(3)
    ]
    assert short.expected == sum(median(values) for values in worked)
    assert short.expected > 0


def test_a_day_is_judged_by_its_own_weekday_over_so_many_weeks() -> None:
    monday = date(2023, 10, 23)
    mondays = {monday - timedelta(weeks=week): 100 for week in range(1, 9)}
    others = {day + timedelta(days=1): 5_000 for day in mondays}
    older = {monday - timedelta(weeks=week): 9_000 for week in range(9, 30)}
    history = {**mondays, **others, **older}
    norm = Norm(minimum_expected=1, minimum_deviations=0)
    [short] = shortfalls({}, {"u": history}, monday, monday, norm, CALENDAR)
    assert short.expected == 100
    [short] = shortfalls({}, {"u": {**history, monday - timedelta(weeks=9): 9_000}}, monday, monday,
                         Norm(minimum_expected=1, minimum_deviations=0, history_weeks=52), CALENDAR)  # fmt: skip
    assert short.expected == 9_000


def test_a_week_of_outage_is_not_its_own_norm() -> None:
    first, last = date(2023, 10, 9), date(2023, 10, 22)
    history = days(date(2023, 8, 7), date(2023, 10, 8), 100)
    [short] = shortfalls({}, {"u": history}, first, last, NORM, CALENDAR)
    assert short.expected == 1_000  # ten working days, each by weeks before the first


def test_a_longer_window_looks_further_back_so_that_its_last_days_have_as_many_weeks() -> None:
    first, last = date(2023, 6, 19), date(2023, 7, 14)
    history = days(date(2023, 5, 8), date(2023, 6, 18), 100)
    norm = Norm(history_weeks=4, minimum_days=4)
    [short] = shortfalls({}, {"u": history}, first, last, norm, CALENDAR)
    assert short.expected == 2_000


def test_too_few_days_of_a_weekday_tell_nothing_and_enough_do() -> None:
    monday = date(2023, 10, 23)
    for weeks, is_judged in ((3, False), (4, True)):
        history = {monday - timedelta(weeks=week): 100 for week in range(1, weeks + 1)}
        assert bool(shortfalls({}, {"u": history}, monday, monday, NORM, CALENDAR)) is is_judged


def test_days_before_the_source_was_known_are_not_taken_for_days_without_dossiers() -> None:
    monday = date(2023, 10, 23)
    young = {monday - timedelta(weeks=week): 100 for week in range(1, 5)}
    [short] = shortfalls({}, {"u": young}, monday, monday, NORM, CALENDAR)
    assert short.expected == 100
    # Another unit of the source is known for longer: then this one received nothing in the weeks before.
    old = {monday - timedelta(weeks=week): 1 for week in range(1, 9)}
    assert shortfalls({}, {"u": young, "v": old}, monday, monday, NORM, CALENDAR) == []


@pytest.mark.parametrize(
    ("norm", "received", "is_short"),
    [
        (Norm(minimum_deviations=0, minimum_expected=100), 74, True),
        (Norm(minimum_deviations=0, minimum_expected=100), 75, False),  # 25 % below is allowed
        (Norm(minimum_deviations=0, minimum_expected=101), 0, False),  # too small to tell
        (Norm(minimum_deviations=5, minimum_expected=1), 50, False),  # five times the root of 100
        (Norm(minimum_deviations=5, minimum_expected=1), 49, True),
    ],
)
def test_what_is_too_far_below_is_told_by_share_size_and_chance(norm: Norm, received: int, is_short: bool) -> None:
    monday = date(2023, 10, 23)
    history = {monday - timedelta(weeks=week): 100 for week in range(1, 9)}
    short = shortfalls({"u": {monday: received}}, {"u": history}, monday, monday, norm, CALENDAR)
    assert bool(short) is is_short


def test_a_source_that_was_never_loaded_has_no_norm() -> None:
    monday = date(2023, 10, 23)
    assert shortfalls({}, {}, monday, monday, NORM, CALENDAR) == []
    assert shortfalls({}, {"u": {monday: 100}}, monday, monday, NORM, CALENDAR) == []


def test_receptions_are_counted_once_a_dossier_by_unit_and_day_and_only_the_units_own() -> None:
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


def test_a_tet_without_dossiers_is_held_by_what_the_store_knows_of_the_tet_before(
    site: Site, plan: Plan, resolve: Resolve
) -> None:
    # 16 to 18 January 2023 lie as far before Tết as 26 to 28 January 2022.
    store_receptions([date(2022, 1, 26), date(2022, 1, 27), date(2022, 1, 28)], 90, until=date(2023, 1, 15))
    found = pulled(plan(window=(date(2023, 1, 16), date(2023, 1, 18)))[0], resolve)
    assert found.state == "held"
    assert "received 0 dossiers from 2023-01-16 to 2023-01-18" in (found.error_message or "")
    assert "let expect 270" in (found.error_message or "")


def test_the_unit_that_lacks_most_is_named_and_how_many_lack(site: Site, plan: Plan, resolve: Resolve) -> None:
    mondays = [date(2023, 10, 30) - timedelta(weeks=week) for week in range(1, 6)]
    store_receptions(mondays, 90, until=date(2023, 10, 29))
    store_receptions(mondays, 70, until=date(2023, 10, 29), unit_code=None, dossier_no=None)
    found = pulled(plan(window=(date(2023, 10, 30), date(2023, 10, 30)))[0], resolve)
    assert (
        "unit 000.01.21.H59 received 0 dossiers from 2023-10-30 to 2023-10-30 where its own 8 weeks before let expect"
        " 90, 100.0 % fewer where 25 % are allowed (2 such units)." in (found.error_message or "")
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


def test_a_source_that_lists_changes_only_is_judged_by_nothing_and_says_so(
    databases: None, plan: Plan, resolve: Resolve
) -> None:
    [batch] = ledger.read_batches(plan())
    listed = pa.Table.from_pylist([], schema=PULLED)
    found = check_listing(batch, listed, {"1", "2"} | {str(number) for number in range(50)}, lists_all=False)
    assert found == {"known_count": 50, "shown_count": 0, "not_judged_because": "lists_all: false"}


@pytest.mark.parametrize(("shown", "is_held"), [(17, False), (16, True)])
def test_twenty_dossiers_are_enough_to_judge_a_share_by(shown: int, is_held: bool, plan: Plan) -> None:
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
    assert "let expect 90" in (found.error_message or "")


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
