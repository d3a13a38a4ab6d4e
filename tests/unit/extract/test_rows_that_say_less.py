"""Rows of one dossier that are set aside side by side: nothing orders them, or the newer table says less."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from tests.unit.extract.test_repeats import DONE, OPEN, known, landed, row

from motcua.extract import repeats


def test_a_newer_table_that_says_less_is_not_believed() -> None:
    found = landed([row(DONE, "so", hours=1), row(OPEN, "so (1)")])
    assert known(found) is None
    [record] = [one for one in found if one["disposition"] == "record"]
    assert (
        "2023-10-05 00:00 (so.csv row 2) | none (so (1).csv row 3), and the newer one says less"
        in (record["mapping_issues"])
    )
    assert known(landed([row(OPEN, "so", hours=1), row(DONE, "so (1)")])) == DONE
    times = [datetime(2023, 11, 19), datetime(2023, 11, 20)]
    assert known(landed([replace(one, modified_at=at) for one, at in zip(
        [row(DONE, "so", hours=1), row(OPEN, "so (1)")], times, strict=True)])) == OPEN  # fmt: skip


DAY, HOUR = datetime(2023, 9, 29), datetime(2023, 9, 29, 16, 10)


@pytest.mark.parametrize(
    ("earlier", "later", "is_lost"),
    [
        (None, None, False),
        (None, DAY, False),
        (DAY, None, True),
        (HOUR, DAY, True),
        (DAY, HOUR, False),
        (HOUR, datetime(2023, 9, 29, 8), False),
        (HOUR, datetime(2023, 9, 28), False),
    ],
)
def test_a_day_or_an_hour_is_lost_where_only_the_older_row_has_it(
    earlier: datetime | None, later: datetime | None, is_lost: bool
) -> None:
    assert repeats._is_any_lost({"received_at": earlier}, {"received_at": later}) is is_lost


@pytest.mark.parametrize(
    ("due", "due_later", "is_lost"),
    [
        (None, None, False),
        (DAY, DAY, False),
        (HOUR, HOUR, True),
        (datetime(2023, 10, 2), DAY, True),  # counted from the hour, as `Trong ngày` is
        (None, DAY, True),
        (DAY, None, True),
    ],
)
def test_a_lost_hour_counts_where_a_due_hour_may_be_held_against_it(
    due: datetime | None, due_later: datetime | None, is_lost: bool
) -> None:
    given = {"received_at": HOUR, "due_at": due}, {"received_at": DAY, "due_at": due_later}
    assert repeats._is_any_lost(*given) is is_lost


def test_rows_that_differ_are_set_aside_together_with_the_place_of_each() -> None:
    here, there = row(OPEN, "a; b"), row(DONE, "a; b")
    found = landed([here, there])
    [record] = [one for one in found if one["disposition"] == "record"]
    assert [(one["disposition"], one["disposition_reason"]) for one in found] == [
        ("duplicate", "unordered"), ("record", None),
    ]  # fmt: skip
    assert record["mapping_issues"] == (
        "status_code: 4 (a, b.csv row 2) | 9 (a, b.csv row 3), and nothing states which is newer; "
        "finished_at: none (a, b.csv row 2) | 2023-10-05 00:00 (a, b.csv row 3), and nothing states which is newer"
    )
