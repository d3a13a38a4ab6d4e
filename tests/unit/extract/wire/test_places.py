"""A place is held only while a source answers, and who is silent may be left."""

from __future__ import annotations

from threading import Event, Semaphore, Thread

import pytest

from motcua.extract.wire.places import Left, Place, claim, working_at


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def free(places: Semaphore) -> int:
    """Return how many places are free."""
    count = 0
    while places.acquire(blocking=False):
        count += 1
    for _ in range(count):
        places.release()
    return count


def test_a_place_is_taken_with_the_first_answer_and_once_only() -> None:
    places = Semaphore(2)
    place = Place(places)
    assert free(places) == 2
    place.take()
    place.take()
    assert free(places) == 1


def test_a_failure_gives_the_place_up_and_the_next_answer_takes_it_again() -> None:
    places = Semaphore(1)
    place = Place(places)
    place.give_up()  # never held
    place.take()
    place.give_up()
    place.give_up()
    assert free(places) == 1
    place.take()
    assert free(places) == 0


def test_who_answers_while_all_places_are_held_waits_for_one() -> None:
    places = Semaphore(1)
    first, second = Place(places), Place(places)
    first.take()
    has_it = Event()
    waiting = Thread(target=lambda: (second.take(), has_it.set()), daemon=True)
    waiting.start()
    assert not has_it.wait(0.1)
    assert second.silent_seconds() == 0.0  # it has answered; it is we who let it wait
    first.give_up()
    assert has_it.wait(5)


def test_a_source_is_silent_until_it_answers_and_from_its_failure_on(clock: Clock) -> None:
    place = Place(Semaphore(1), clock)
    clock.now += 3
    assert (place.silent_seconds(), place.first_answer_seconds) == (3.0, None)
    place.give_up()
    clock.now += 1
    assert place.silent_seconds() == 4.0  # a failure is no answer
    place.take()
    clock.now += 10
    assert (place.silent_seconds(), place.first_answer_seconds) == (0.0, 4.0)
    place.give_up()
    clock.now += 2
    place.give_up()
    assert (place.silent_seconds(), place.first_answer_seconds) == (2.0, 4.0)


def test_a_source_that_answers_cannot_be_left() -> None:
    place = Place(Semaphore(1))
    place.take()
    assert not place.leave()
    place.take()
    place.check()


@pytest.mark.parametrize("doing", ["take", "give_up", "check"])
def test_whatever_a_source_that_was_left_does_ends_its_pull(doing: str) -> None:
    places = Semaphore(1)
    place = Place(places)
    assert place.leave()
    with pytest.raises(Left):
        getattr(place, doing)()
    assert free(places) == 1


def test_the_claim_is_that_of_the_thread_and_what_it_holds_is_let_go_in_the_end() -> None:
    places = Semaphore(1)
    place = Place(places)
    assert claim() is None
    with working_at(place):
        assert claim() is place
        elsewhere: list[Place | None] = []
        other = Thread(target=lambda: elsewhere.append(claim()))
        other.start()
        other.join()
        assert elsewhere == [None]
        place.take()
        assert free(places) == 0
    assert claim() is None
    assert free(places) == 1


def test_a_place_is_let_go_also_of_a_source_nobody_waits_for() -> None:
    places = Semaphore(1)
    place = Place(places)

    def pull() -> None:
        with working_at(place):
            place.take()
            place.end()
            place.check()

    with pytest.raises(Left):
        pull()
    assert free(places) == 1
