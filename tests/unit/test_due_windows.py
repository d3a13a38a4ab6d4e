"""Which days a night asks for: after an outage all that was missed, now and then far back, in bounded windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import ClassVar

import pytest
from tests.store_world import SOURCE, dossier, validated_batch

from motcua import ledger
from motcua.aggregate import build_measures, check_measures
from motcua.catalog import load_catalog
from motcua.catalog.guards import CatchUp, Guards, Sweep
from motcua.consolidate import consolidate_batches
from motcua.errors import BatchHeld
from motcua.ledger import LastAnswer, due_windows, is_swept
from motcua.settings import PROJECT_ROOT, Settings

CATALOG = load_catalog(PROJECT_ROOT / "include" / "catalog")
THE_SOURCE = CATALOG.source_by_id[SOURCE]  # asked 31 days back
DAY = date(2023, 10, 31)
NO_SWEEP = Guards(sweep=Sweep(days=0))


def asked(answer: LastAnswer | None, guards: Guards = NO_SWEEP, day: date = DAY) -> list[tuple[date, date]]:
    return due_windows(THE_SOURCE, day, answer, guards)


def days_of(windows: Sequence[tuple[date, date]]) -> list[date]:
    return sorted(start + timedelta(days=n) for start, end in windows for n in range((end - start).days + 1))


def test_a_usual_night_asks_for_one_window() -> None:
    assert asked(LastAnswer(date(2023, 10, 30), "loaded")) == [(date(2023, 9, 30), DAY)]


def test_a_source_never_asked_is_asked_for_its_overlap() -> None:
    assert asked(None) == [(date(2023, 9, 30), DAY)]


@pytest.mark.parametrize("outage_days", [5, 40, 100, 300])
def test_an_outage_is_caught_up_in_bounded_windows_that_leave_no_day_out(outage_days: int) -> None:
    covered_until = DAY - timedelta(days=outage_days)
    windows = asked(LastAnswer(covered_until, "failed"))
    assert all((end - start).days < 62 for start, end in windows)
    days = days_of(windows)
    assert days == sorted(set(days))
    assert (days[0], days[-1]) == (covered_until + timedelta(days=1 - 31), DAY)
    assert len(days) == (days[-1] - days[0]).days + 1


def test_the_newest_days_are_asked_for_first() -> None:
    assert asked(LastAnswer(date(2023, 5, 1), "failed"))[0][1] == DAY


def test_an_outage_beyond_the_limit_is_caught_up_to_the_limit() -> None:
    guards = Guards(sweep=Sweep(days=0), catch_up=CatchUp(window_days=62, limit_days=100))
    assert days_of(asked(LastAnswer(date(2021, 1, 1), "failed"), guards))[0] == DAY - timedelta(days=131)


def test_days_that_only_a_failed_batch_holds_are_asked_for_again_though_later_ones_loaded() -> None:
    answer = LastAnswer(date(2023, 10, 30), "loaded", unanswered_from=date(2023, 8, 1))
    assert days_of(asked(answer))[0] == date(2023, 7, 1)


def test_a_sweep_comes_once_in_its_turn_and_not_to_all_sources_in_one_night() -> None:
    guards = Guards(sweep=Sweep(every_nights=28, days=120))
    nights = [DAY + timedelta(days=n) for n in range(28)]
    sources = [source.source_id for source in CATALOG.sources_on(DAY)]
    turns = {night: sum(is_swept(source_id, night, guards) for source_id in sources) for night in nights}
    assert sum(turns.values()) == len(sources)
    assert max(turns.values()) < 3 * len(sources) / 28


def test_a_sweep_reaches_as_far_back_as_the_source_was_ever_asked() -> None:
    guards = Guards(sweep=Sweep(every_nights=1, days=120))
    answer = LastAnswer(date(2023, 10, 30), "loaded", covered_from=date(2023, 1, 1))
    assert days_of(asked(answer, guards))[0] == DAY - timedelta(days=120)
    young = LastAnswer(date(2023, 10, 30), "loaded", covered_from=date(2023, 8, 15))
    assert days_of(asked(young, guards))[0] == date(2023, 8, 15)


def test_a_night_that_is_not_its_turn_reaches_no_further_back_than_the_overlap() -> None:
    guards = Guards(sweep=Sweep(every_nights=28, days=120))
    for night in (DAY + timedelta(days=n) for n in range(28)):
        answer = LastAnswer(night - timedelta(days=1), "loaded", covered_from=date(2023, 1, 1))
        first = days_of(due_windows(THE_SOURCE, night, answer, guards))[0]
        reach = 120 if is_swept(THE_SOURCE.source_id, night, guards) else THE_SOURCE.overlap_days
        assert first == night - timedelta(days=reach)


def test_an_overlap_longer_than_a_window_is_asked_for_in_one_window() -> None:
    guards = Guards(sweep=Sweep(days=0), catch_up=CatchUp(window_days=10))
    assert asked(LastAnswer(date(2023, 10, 30), "loaded"), guards) == [(date(2023, 9, 30), DAY)]
    # After an outage too, a window holds the whole overlap: what is cut is what was missed.
    assert asked(LastAnswer(date(2023, 10, 20), "loaded"), guards) == [
        (date(2023, 9, 30), DAY),
        (date(2023, 9, 20), date(2023, 9, 29)),
    ]


def test_a_source_that_begins_in_the_middle_is_not_asked_for_days_before_it_but_for_its_overlap() -> None:
    young = THE_SOURCE.model_copy(update={"valid_from": date(2023, 10, 20)})
    answer = LastAnswer(date(2023, 6, 1), "loaded", covered_from=date(2023, 1, 1))
    assert days_of(due_windows(young, DAY, answer, NO_SWEEP))[0] == date(2023, 9, 19)
    sweep = Guards(sweep=Sweep(every_nights=1, days=120))
    assert days_of(due_windows(young, DAY, answer, sweep))[0] == date(2023, 9, 19)
    old = THE_SOURCE.model_copy(update={"valid_from": date(2023, 8, 1)})
    assert days_of(due_windows(old, DAY, LastAnswer(DAY, "loaded", date(2023, 1, 1)), sweep))[0] == date(2023, 8, 1)


def test_a_source_asked_for_days_yet_to_come_is_asked_for_its_overlap() -> None:
    assert asked(LastAnswer(date(2023, 11, 30), "loaded")) == [(date(2023, 9, 30), DAY)]
    assert asked(LastAnswer(date(2023, 11, 30), "loaded", unanswered_from=date(2023, 12, 5))) == [
        (date(2023, 9, 30), DAY)
    ]


def test_a_source_that_has_yet_to_begin_is_asked_for_its_overlap() -> None:
    to_come = THE_SOURCE.model_copy(update={"valid_from": date(2023, 11, 10)})
    answer = LastAnswer(date(2023, 10, 20), "loaded", covered_from=date(2023, 10, 1))
    assert due_windows(to_come, DAY, answer, NO_SWEEP) == [(date(2023, 9, 30), DAY)]


def test_a_source_that_never_answered_is_not_swept() -> None:
    sweep = Guards(sweep=Sweep(every_nights=1, days=120))
    for answer in (None, LastAnswer(None, "failed")):
        assert asked(answer, sweep) == [(date(2023, 9, 30), DAY)]


def test_a_window_of_exactly_the_bounded_length_is_not_cut() -> None:
    guards = Guards(sweep=Sweep(days=0), catch_up=CatchUp(window_days=62))
    assert asked(LastAnswer(DAY - timedelta(days=31), "failed"), guards) == [(DAY - timedelta(days=61), DAY)]
    assert asked(LastAnswer(DAY - timedelta(days=32), "failed"), guards) == [
        (DAY - timedelta(days=61), DAY),
        (DAY - timedelta(days=62), DAY - timedelta(days=62)),
    ]


@pytest.mark.parametrize(
    ("valid_from", "answer", "first"),
    [
        (date(2023, 1, 1), None, date(2023, 1, 1)),
        (date(2023, 1, 1), LastAnswer(None, "failed"), date(2023, 1, 1)),
        (date(2023, 1, 1), LastAnswer(date(2023, 10, 30), "loaded", date(2023, 1, 1)), date(2023, 9, 30)),
        (date(2023, 1, 1), LastAnswer(date(2023, 10, 30), "loaded", date(2022, 6, 1)), date(2023, 9, 30)),
        (date(2023, 1, 1), LastAnswer(date(2023, 10, 30), "loaded", date(2023, 1, 2)), date(2023, 1, 1)),
        (date(2023, 1, 1), LastAnswer(date(2023, 10, 30), "loaded"), date(2023, 1, 1)),
        (date(2023, 10, 20), LastAnswer(date(2023, 10, 30), "loaded", date(2023, 10, 20)), date(2023, 10, 20)),
        (date(2023, 11, 10), None, DAY),
    ],
)
def test_a_source_that_always_gives_all_it_has_is_asked_once_for_every_day_it_is_in_force(
    valid_from: date, answer: LastAnswer | None, first: date
) -> None:
    options = THE_SOURCE.options.model_copy()
    whole = THE_SOURCE.model_copy(update={"valid_from": valid_from, "options": _Whole(**options.model_dump())})
    assert due_windows(whole, DAY, answer, Guards(sweep=Sweep(every_nights=1, days=120))) == [(first, DAY)]


class _Whole(type(THE_SOURCE.options)):  # type: ignore[misc]
    """Options of a source that always answers with all it has."""

    answers_whole: ClassVar[bool] = True


def test_a_sweep_without_days_never_comes_and_one_of_a_day_does() -> None:
    assert not is_swept(SOURCE, DAY, Guards(sweep=Sweep(every_nights=1, days=0)))
    assert is_swept(SOURCE, DAY, Guards(sweep=Sweep(every_nights=1, days=1)))


def test_a_source_keeps_its_turn_from_one_release_to_the_next() -> None:
    guards = Guards(sweep=Sweep(every_nights=28, days=120))
    turns = [DAY + timedelta(days=n) for n in range(56) if is_swept(SOURCE, DAY + timedelta(days=n), guards)]
    assert turns == [date(2023, 11, 3), date(2023, 12, 1)]


def test_a_sweep_never_shortens_what_an_outage_asks_for() -> None:
    guards = Guards(sweep=Sweep(every_nights=1, days=40))
    answer = LastAnswer(date(2023, 7, 1), "failed", covered_from=date(2023, 1, 1))
    assert days_of(asked(answer, guards))[0] == date(2023, 6, 1)


@pytest.mark.usefixtures("databases")
def test_a_held_batch_is_asked_for_again_until_its_days_are_loaded() -> None:
    consolidate_batches([validated_batch([dossier()])])
    [[held]] = ledger.plan_run(CATALOG, "n1", date(2023, 11, 1), source_ids=[SOURCE])
    ledger.mark_failed(held, "extract", BatchHeld("too few.", action="look."))
    answer = ledger.last_answers()[SOURCE]
    assert (answer.covered_until, answer.unanswered_from) == (DAY, date(2023, 11, 1))
    assert (answer.covered_from, answer.last_state) == (date(2023, 10, 1), "held")


@pytest.mark.usefixtures("databases")
def test_planning_a_catch_up_again_gives_the_same_batches_when_some_have_loaded() -> None:
    batch = validated_batch([dossier()])
    consolidate_batches([batch])
    day = DAY + timedelta(days=150)
    first = ledger.plan_run(CATALOG, "catch up", day, source_ids=[SOURCE])
    assert len(first[0]) == 3
    with_states = {each.batch_id: each.state for each in ledger.read_batches(first[0])}
    assert set(with_states.values()) == {"planned"}
    landed = {each.landing_uri for each in ledger.read_batches(first[0])}
    assert len(landed) == 3
    ledger.mark_failed(first[0][0], "extract", BatchHeld("too few.", action="look."))
    assert sorted(ledger.plan_run(CATALOG, "catch up", day, source_ids=[SOURCE])[0]) == sorted(first[0])
    build_measures()
    check_measures()
    assert Settings.load().sources_per_task >= 3


@pytest.mark.usefixtures("databases")
def test_a_run_planned_again_keeps_its_windows_whatever_is_asked_for_now() -> None:
    consolidate_batches([validated_batch([dossier()])])
    day = DAY + timedelta(days=150)
    first = ledger.plan_run(CATALOG, "r", day, source_ids=[SOURCE])
    assert len(first[0]) == 3
    assert ledger.plan_run(CATALOG, "r", day, source_ids=[SOURCE], window=(DAY, day)) == first


def openings(chunks: list[list[str]]) -> list[bool]:
    """Return of each batch whether it is an opening, the newest window first."""
    batches = ledger.read_batches([batch_id for chunk in chunks for batch_id in chunk])
    assert not any(batch.is_change_accepted or batch.is_shrink_accepted for batch in batches)
    return [batch.is_opening for batch in sorted(batches, key=lambda batch: batch.window_from, reverse=True)]


@pytest.mark.usefixtures("databases")
def test_a_first_pull_is_an_opening_until_one_has_answered_and_of_several_windows_the_oldest_is() -> None:
    assert openings(ledger.plan_run(CATALOG, "first", DAY, source_ids=[SOURCE])) == [True]
    [[failed]] = ledger.plan_run(CATALOG, "again", DAY, source_ids=[SOURCE])
    ledger.mark_failed(failed, "extract", BatchHeld("too few.", action="look."))
    assert openings(ledger.plan_run(CATALOG, "third", DAY, source_ids=[SOURCE])) == [True]
    assert openings(ledger.plan_run(CATALOG, "not", DAY, source_ids=[SOURCE], is_opening=False)) == [False]
    consolidate_batches([validated_batch([dossier()])])
    late = DAY + timedelta(days=150)
    assert openings(ledger.plan_run(CATALOG, "catch up", late, source_ids=[SOURCE])) == [False] * 4
    asked_for = ledger.plan_run(CATALOG, "asked for", late, source_ids=[SOURCE], is_opening=True)
    assert openings(asked_for) == [False, False, False, True]
