"""A source holds a worker slot only while it answers, and can be abandoned while it does not."""

from __future__ import annotations

from threading import Event, Semaphore, Thread

import pytest

from motcua.extract.wire.worker_slots import PullAbandoned, WorkerSlot, current_slot, using_slot


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def free(slots: Semaphore) -> int:
    """Return how many slots are free."""
    count = 0
    while slots.acquire(blocking=False):
        count += 1
    for _ in range(count):
        slots.release()
    return count


def test_a_slot_is_taken_with_the_first_answer_and_only_once() -> None:
    slots = Semaphore(2)
    slot = WorkerSlot(slots)
    assert free(slots) == 2
    slot.note_answer()
    slot.note_answer()
    assert free(slots) == 1


def test_a_failure_releases_the_slot_and_the_next_answer_takes_it_again() -> None:
    slots = Semaphore(1)
    slot = WorkerSlot(slots)
    slot.note_failure()  # never held
    slot.note_answer()
    slot.note_failure()
    slot.note_failure()
    assert free(slots) == 1
    slot.note_answer()
    assert free(slots) == 0


def test_a_source_that_answers_while_all_slots_are_held_waits_for_one() -> None:
    slots = Semaphore(1)
    first, second = WorkerSlot(slots), WorkerSlot(slots)
    first.note_answer()
    has_slot = Event()
    waiting = Thread(target=lambda: (second.note_answer(), has_slot.set()), daemon=True)
    waiting.start()
    assert not has_slot.wait(0.1)
    assert second.seconds_without_answer() == 0.0  # it has answered; it only waits for a slot
    first.note_failure()
    assert has_slot.wait(5)


def test_a_source_is_unanswered_until_its_first_answer_and_after_a_failure(clock: Clock) -> None:
    slot = WorkerSlot(Semaphore(1), clock)
    clock.now += 3
    assert (slot.seconds_without_answer(), slot.first_answer_seconds) == (3.0, None)
    slot.note_failure()
    clock.now += 1
    assert slot.seconds_without_answer() == 4.0  # a failure is not an answer
    slot.note_answer()
    clock.now += 10
    assert (slot.seconds_without_answer(), slot.first_answer_seconds) == (0.0, 4.0)
    slot.note_failure()
    clock.now += 2
    slot.note_failure()
    assert (slot.seconds_without_answer(), slot.first_answer_seconds) == (2.0, 4.0)


def test_a_source_that_answers_cannot_be_abandoned() -> None:
    slot = WorkerSlot(Semaphore(1))
    slot.note_answer()
    assert not slot.abandon_if_unanswered()
    slot.note_answer()
    slot.check()


@pytest.mark.parametrize("doing", ["note_answer", "note_failure", "check"])
def test_every_step_of_an_abandoned_source_ends_its_pull(doing: str) -> None:
    slots = Semaphore(1)
    slot = WorkerSlot(slots)
    assert slot.abandon_if_unanswered()
    with pytest.raises(PullAbandoned):
        getattr(slot, doing)()
    assert free(slots) == 1


def test_the_slot_is_that_of_the_thread_and_is_released_at_the_end() -> None:
    slots = Semaphore(1)
    slot = WorkerSlot(slots)
    assert current_slot() is None
    with using_slot(slot):
        assert current_slot() is slot
        elsewhere: list[WorkerSlot | None] = []
        other = Thread(target=lambda: elsewhere.append(current_slot()))
        other.start()
        other.join()
        assert elsewhere == [None]
        slot.note_answer()
        assert free(slots) == 0
    assert current_slot() is None
    assert free(slots) == 1


def test_the_slot_of_an_abandoned_source_is_released_too() -> None:
    slots = Semaphore(1)
    slot = WorkerSlot(slots)

    def pull() -> None:
        with using_slot(slot):
            slot.note_answer()
            slot.abandon()
            slot.check()

    with pytest.raises(PullAbandoned):
        pull()
    assert free(slots) == 1
