"""Each kind of difference, from counts alone; and what agrees is never listed."""

from __future__ import annotations

import random

from motcua.reconcile import Difference, compare

A, B, P = "29236:2020", "29239:2020", "2.000815"


def kinds(found: list[Difference]) -> list[tuple[str, str, str, int]]:
    return [(one.unit_id, one.metric, one.kind, one.quantity) for one in found]


def test_what_agrees_is_not_listed() -> None:
    assert compare({(A, P, "received"): 5}, {(A, P, "received"): 5}) == []


def test_the_portal_lacks_what_only_we_count() -> None:
    assert kinds(compare({(A, P, "received"): 5}, {(A, P, "received"): 3})) == [(A, "received", "missing_there", -2)]


def test_we_lack_what_only_the_portal_counts() -> None:
    assert kinds(compare({}, {(A, P, "received"): 3})) == [(A, "received", "missing_here", 3)]


def test_more_there_by_exactly_our_copies_is_a_double_count() -> None:
    found = compare({(A, P, "received"): 5}, {(A, P, "received"): 7}, copies={(A, P): 2})
    assert kinds(found) == [(A, "received", "duplicate", 2)]
    found = compare({(A, P, "received"): 5}, {(A, P, "received"): 8}, copies={(A, P): 2})
    assert kinds(found) == [(A, "received", "missing_here", 3)]


def test_as_much_more_at_another_unit_is_another_mapping() -> None:
    ours = {(A, P, "received"): 5, (B, P, "received"): 5}
    theirs = {(A, P, "received"): 3, (B, P, "received"): 7}
    assert {one.kind for one in compare(ours, theirs)} == {"unit_mapping"}


def test_three_units_that_happen_to_cancel_are_no_mapping() -> None:
    ours = {(A, P, "received"): 5, (B, P, "received"): 5, ("C", P, "received"): 5}
    theirs = {(A, P, "received"): 3, (B, P, "received"): 7, ("C", P, "received"): 3}
    assert "unit_mapping" not in [one.kind for one in compare(ours, theirs) if one.unit_id != B]


def test_as_much_more_in_the_month_before_or_after_is_another_date() -> None:
    found = compare({(A, P, "received"): 5}, {(A, P, "received"): 3}, neighbours=({(A, P, "received"): 2},))
    assert kinds(found) == [(A, "received", "date", -2)]


def test_as_many_received_and_another_outcome_is_another_state() -> None:
    ours = {(A, P, "received"): 5, (A, P, "on_time"): 5}
    theirs = {(A, P, "received"): 5, (A, P, "on_time"): 4}
    assert kinds(compare(ours, theirs)) == [(A, "on_time", "state", -1)]


def test_what_follows_from_a_missing_dossier_is_typed_like_it() -> None:
    ours = {(A, P, "received"): 5, (A, P, "handled"): 6, (A, P, "on_time"): 6}
    theirs = {(A, P, "received"): 4, (A, P, "handled"): 5, (A, P, "on_time"): 4}
    assert [one.kind for one in compare(ours, theirs)] == ["missing_there", "missing_there", "missing_there"]


def test_differences_add_up_to_the_whole_difference() -> None:
    rng = random.Random(5)
    for _ in range(500):
        keys = [
            (rng.choice((A, B)), rng.choice((P, "1.001193")), rng.choice(("received", "on_time"))) for _ in range(6)
        ]
        ours = {key: rng.randint(0, 4) for key in keys if rng.random() < 0.8}
        theirs = {key: rng.randint(0, 4) for key in keys if rng.random() < 0.8}
        found = compare(ours, theirs)
        assert sum(one.quantity for one in found) == sum(theirs.values()) - sum(ours.values())
        assert all(one.quantity for one in found)
