"""When two contents of one key are two dossiers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.catalog.guards import ReusedKeys
from motcua.extract.reused_keys import Content, are_two, reuses, reuses_text

LIMITS = ReusedKeys()
AT = datetime(2023, 10, 2, 8)
BIRTH, DEATH = "1.001193", "1.000656"


def content(received_at: datetime | None = AT, procedure: str | None = BIRTH, *refs: str) -> Content:
    return Content(received_at, procedure, frozenset(refs))


@pytest.mark.parametrize(
    ("after", "is_two"),
    [
        (content(), False),
        (content(AT + timedelta(days=25)), False),
        (content(AT - timedelta(days=25)), False),
        (content(AT + timedelta(days=25, seconds=1)), True),
        (content(AT - timedelta(days=26)), True),
        (content(None), False),
        (content(AT, DEATH), False),  # the procedure alone may be corrected
        (content(AT + timedelta(hours=9), DEATH), False),
        (content(AT + timedelta(days=1), DEATH), True),  # nothing tells whose it is
        (content(AT, DEATH, "a:2"), True),
        (content(AT, DEATH, "a:1"), False),
        (content(AT + timedelta(days=1), DEATH, "a:1"), False),
        (content(AT, BIRTH, "a:2"), False),  # the applicant alone may be corrected
        (content(AT, DEATH, "b:9", "a:1"), False),  # the key of references rotates
        (content(AT, DEATH, "b:9"), False),
        (content(AT + timedelta(days=1), DEATH, "b:9"), True),
        (content(AT + timedelta(days=1), None), False),
        (content(None, DEATH), False),
    ],
)
def test_a_content_is_another_dossier_by_its_reception_or_by_procedure_and_applicant(
    after: Content, is_two: bool
) -> None:
    assert are_two(content(AT, BIRTH, "a:1") if after.applicant_refs else content(), after, LIMITS) is is_two


@pytest.mark.parametrize(
    ("ended", "received", "is_two"),
    [(5, 6, True), (5, 5, False), (None, 6, False), (5, None, False)],
)
def test_what_is_received_after_the_dossier_of_its_key_had_ended_is_another_one(
    ended: int | None, received: int | None, is_two: bool
) -> None:
    known = replace(content(), ended_at=AT.replace(day=ended, hour=17) if ended else None)
    after = content(AT.replace(day=received) if received else None)
    assert are_two(known, after, LIMITS) is are_two(after, known, LIMITS) is is_two


def test_another_applicant_on_another_day_is_another_dossier_also_of_one_procedure() -> None:
    known, day = content(AT, BIRTH, "a:1"), timedelta(days=1)
    assert are_two(known, content(AT + day, BIRTH, "a:2"), LIMITS)
    assert not are_two(known, content(AT + day, BIRTH, "a:1"), LIMITS)
    assert not are_two(known, content(AT + day, BIRTH, "b:2"), LIMITS)


@given(st.integers(1, 30), st.integers(0, 4), st.integers(5, 25))
def test_any_register_whose_dossiers_end_before_its_numbers_begin_again_is_noticed(
    count: int, days: int, weeks: int
) -> None:
    """Numbers begin again after `weeks` days; each dossier takes `days`."""

    def numbered(since: datetime) -> list[tuple[str, Content]]:
        ended = since + timedelta(days=days)
        return [(str(number), replace(content(since), ended_at=ended)) for number in range(count)]

    assert len(reuses([*numbered(AT), *numbered(AT + timedelta(days=weeks))], {}, LIMITS)) == count


def test_a_key_is_compared_with_the_store_and_with_the_rows_before_it() -> None:
    later = content(AT + timedelta(days=30))
    assert reuses([("1", later)], {}, LIMITS) == []
    assert [each.before for each in reuses([("1", later)], {"1": content()}, LIMITS)] == [content()]
    [found] = reuses([("1", content()), ("2", later), ("1", later), ("1", content())], {}, LIMITS)
    assert str(found) == f"1: received 2023-10-02, procedure {BIRTH} | received 2023-11-01, procedure {BIRTH}"


@pytest.mark.parametrize(("moved", "is_found"), [(2, False), (3, True), (10, True)])
def test_a_few_receptions_are_corrected_and_many_that_move_at_once_are_a_new_book(moved: int, is_found: bool) -> None:
    """Of ten keys that come back, each moves by three days: too few for one alone."""
    known = {str(number): content() for number in range(10)}
    days = [AT + timedelta(days=3) if number < moved else AT for number in range(10)]
    rows = [(key, content(at)) for key, at in zip(known, days, strict=True)]
    assert len(reuses(rows, known, LIMITS)) == (moved if is_found else 0)
    many = known | {str(number): content() for number in range(10, 10 * moved)}
    rows += [(key, content()) for key in many.keys() - known.keys()]
    assert reuses(rows, many, LIMITS) == []  # a small part of a large register


def test_the_first_pairs_are_shown_and_the_others_counted() -> None:
    known: dict[str, Any] = {str(number): content() for number in range(6)}
    rows = [(key, content(AT + timedelta(days=99))) for key in known]
    told = reuses_text(reuses(rows, known, LIMITS))
    assert told.startswith("6 keys come back")
    assert told.count(" | ") == 5
    assert told.endswith("; and 1 more.")


@given(st.integers(1, 200), st.integers(1, 12))
def test_any_register_that_begins_again_next_january_is_noticed(count: int, months: int) -> None:
    """Numbers go up evenly through a year, or its first months; the next year begins at 1 again."""
    step = timedelta(days=30 * months) / count
    first = [(str(number), content(datetime(2023, 1, 2) + number * step)) for number in range(count)]
    again = [(str(number), content(datetime(2024, 1, 2) + number * step)) for number in range(count)]
    assert len(reuses([*first, *again], {}, LIMITS)) == count
