"""A listing by page: no row is lost, no repeated row goes unnoticed, and no request is needless."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date

import pytest

from motcua.catalog import Source, load_catalog
from motcua.errors import ContractBroken
from motcua.extract.adapters import paging
from motcua.extract.adapters.paging import Pages, side_by_side
from motcua.extract.adapters.protocol import ListingShifted, Window
from motcua.settings import PROJECT_ROOT

OCTOBER = Window(date(2023, 10, 1), date(2023, 10, 31))
NOVEMBER = Window(date(2023, 11, 1), date(2023, 11, 30))


SOURCE = load_catalog(PROJECT_ROOT / "include" / "catalog").source_by_id["tra-vinh.c29236"]


def source(**values: object) -> Source:
    usual = {"source_id": "s", "page_size": 3, "attempts": 4, "retry_wait_seconds": 2.0}
    return SOURCE.model_copy(update=usual | values)


@pytest.fixture
def listing() -> Pages:
    found = Pages(source())
    found.begin(OCTOBER)
    return found


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the waits instead of sitting them out."""
    found: list[float] = []
    monkeypatch.setattr(paging.time, "sleep", found.append)
    return found


def listed(listing: Pages, *pages: Sequence[str], window: Window = OCTOBER) -> None:
    listing.begin(window)
    for page in pages:
        listing.add(page, None, None)
    listing.end(window)


def test_pages_are_yielded_in_order_whatever_the_order_of_their_answers() -> None:
    second_is_there = threading.Event()

    def fetch(number: int) -> int:
        if number == 0:
            assert second_is_there.wait(30)
        if number == 1:
            second_is_there.set()
        return number * 10

    assert list(side_by_side(fetch, range(5), 2)) == [0, 10, 20, 30, 40]


def test_no_more_requests_run_at_once_than_allowed() -> None:
    drawn: list[int] = []
    answers = side_by_side(lambda number: number, (drawn.append(number) or number for number in range(100)), 3)
    for read in range(1, 21):
        next(answers)
        assert len(drawn) == 3 + read
    answers.close()
    assert len(drawn) == 23


def test_no_request_is_left_running_when_the_caller_stops_reading() -> None:
    begun, done = threading.Event(), []

    def fetch(number: int) -> int:
        if number == 1:
            begun.set()
            threading.Event().wait(0.2)
            done.append(number)
        return number

    answers = side_by_side(fetch, range(9), 2)
    assert next(answers) == 0
    assert begun.wait(30)
    answers.close()
    assert done == [1]


def test_the_next_page_is_requested_while_the_caller_works_on_this_one() -> None:
    is_asked = {number: threading.Event() for number in range(4)}

    def fetch(number: int) -> int:
        is_asked[number].set()
        return number

    answers = side_by_side(fetch, range(4), 2)
    assert next(answers) == 0
    assert is_asked[2].wait(30)


def test_the_first_error_is_raised_when_its_page_is_due_and_ends_the_listing() -> None:
    asked = []

    def fetch(number: int) -> int:
        asked.append(number)
        if number == 1:
            raise ValueError("page 1")
        return number

    answers = side_by_side(fetch, range(50), 1)
    assert next(answers) == 0
    with pytest.raises(ValueError, match="page 1"):
        next(answers)
    assert asked[:2] == [0, 1]
    assert len(asked) < 5


def test_a_listing_requested_a_third_time_is_requested_in_far_larger_pages() -> None:
    listing = Pages(source(page_size=5))
    assert [listing.begin(OCTOBER) for _ in range(4)] == [5, 5, 80, 80]
    assert listing.begin(NOVEMBER) == 5


def test_a_dossier_on_two_pages_shifts_the_listing_until_it_repeats_in_the_next_one() -> None:
    listing = Pages(source())
    with pytest.raises(ListingShifted, match=r"s returned 1 dossiers on two pages of one listing"):
        listed(listing, ["1", "2"], ["2", "3"])
    listed(listing, ["1", "2"], ["2", "3"])  # the source really holds it twice


def test_another_dossier_on_two_pages_is_another_shift() -> None:
    listing = Pages(source())
    for twice in ("2", "1", "2"):
        with pytest.raises(ListingShifted):
            listed(listing, ["1", "2"], [twice, "3"])


def test_a_listing_without_repeats_ends_and_forgets_none_of_the_repeats_before_it() -> None:
    listing = Pages(source())
    with pytest.raises(ListingShifted):
        listed(listing, ["1", "2"], ["2", "3"])
    listed(listing, ["1", "2"], ["3"])
    with pytest.raises(ListingShifted):
        listed(listing, ["1", "2"], ["2", "3"], window=NOVEMBER)


def test_repeats_of_one_window_do_not_excuse_those_of_another() -> None:
    listing = Pages(source())
    for window in (OCTOBER, NOVEMBER):
        with pytest.raises(ListingShifted):
            listed(listing, ["1", "2"], ["2", "3"], window=window)


def test_where_the_total_must_hold_a_listing_with_a_repeated_dossier_is_always_refused() -> None:
    listing = Pages(source())
    for _ in range(3):
        listing.begin(OCTOBER)
        listing.hold_to_total()
        listing.add(["1", "2"], None, 3)
        listing.add(["2", "3"], None, 3)
        with pytest.raises(ListingShifted):
            listing.end(OCTOBER)
    with pytest.raises(ListingShifted):
        listed(listing, ["1", "3"], ["3", "2"])
    listed(listing, ["1", "3"], ["3", "2"])  # begun anew, nothing is held to a total any longer


def test_a_page_that_only_repeats_is_requested_again_with_longer_waits(listing: Pages, waits: list[float]) -> None:
    listing.add(["1", "2"], None, None)
    again = [["2"], ["1", "2"], ["1"], ["3"]]
    assert listing.fresh(2, ["1"], lambda number: again.pop(0), list) == ["1"]  # of four attempts the last
    assert waits == [2.0, 4.0, 8.0]


def test_waits_between_attempts_do_not_grow_without_end(waits: list[float]) -> None:
    listing = Pages(source(attempts=8, retry_wait_seconds=1))
    listing.begin(OCTOBER)
    listing.add(["1"], None, None)
    listing.fresh(1, ["1"], lambda number: ["1"], list)
    assert waits[-1] == paging.LONGEST_BACK_OFF
    assert waits == sorted(waits)


def test_a_page_with_a_new_row_is_accepted_at_once(listing: Pages, waits: list[float]) -> None:
    listing.add(["1", "2"], None, None)
    asked: list[int] = []
    assert listing.fresh(2, ["2", "3"], lambda number: asked.append(number) or ["4"], list) == ["2", "3"]
    assert listing.fresh(2, [], lambda number: asked.append(number) or ["4"], list) == []
    assert (asked, waits) == ([], [])


def test_a_repeated_request_is_for_the_same_page_and_its_new_rows_are_accepted(
    listing: Pages, waits: list[float]
) -> None:
    listing.add(["1", "2"], None, None)
    asked: list[int] = []
    assert listing.fresh(7, ["1", "2"], lambda number: asked.append(number) or ["3"], list) == ["3"]
    assert asked == [7]


def test_a_page_whose_rows_were_all_on_earlier_pages_breaks_the_contract_and_names_its_row(listing: Pages) -> None:
    listing.add(["1", "2"], None, None)
    listing.add(["3"], None, None)
    with pytest.raises(ContractBroken, match=r"s returned the same rows again from row 3 of 9: its paging does not"):
        listing.add(["1", "3"], None, 9)


def test_the_very_same_page_again_breaks_the_contract_too(listing: Pages) -> None:
    listing.add(["1", "2"], None, None)
    with pytest.raises(ContractBroken, match=r"returned the same rows again from row 2: its paging does not"):
        listing.add(["2", "1"], None, None)


def test_an_empty_page_is_no_repetition(listing: Pages) -> None:
    listing.add([], None, None)
    listing.add([], 0, 0)
    listing.end(OCTOBER)


def test_too_few_rows_on_a_page_break_the_contract_and_too_many_shift_the_listing(listing: Pages) -> None:
    listing.add(["1", "2"], 2, 5)
    with pytest.raises(ContractBroken, match=r"s returned 1 rows from row 2 of 5, where 2 were expected\.") as broken:
        listing.add(["3"], 2, 5)
    assert "page_size" in str(broken.value)
    with pytest.raises(ListingShifted, match=r"s returned 3 rows from row 2 of 5, where 2 were expected\."):
        listing.add(["3", "4", "5"], 2, 5)


def test_rows_are_counted_and_not_distinct_ids(listing: Pages) -> None:
    listing.add(["1", "1"], 2, None)
    with pytest.raises(ContractBroken, match=r"returned 0 rows from row 2, where 1 were expected"):
        listing.add([], 1, None)


def test_a_later_page_that_declares_another_total_shifts_the_listing(listing: Pages) -> None:
    listing.same_total(5, 5)
    for declared in (4, 6, None):
        with pytest.raises(ListingShifted, match=f"s declared 5 dossiers and then {declared} during one listing"):
            listing.same_total(5, declared)
