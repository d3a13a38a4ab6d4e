"""10,000 dossiers, each with a story of its own, whose pulls are loaded in any order, end as an oracle says.

The oracle knows no SQL and no version: of all that a source has ever said of a dossier it takes the newest word. A
story is over some pulls. In each the dossier is shown (late, repeated or corrected), marked as deleted, or left out.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.store_world import dossier, validated_batch

from motcua import ledger
from motcua.consolidate import consolidate_batches
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

ROUNDS, DOSSIERS, PULLS = 9, 1112, 4
DATED = ("rising", "in any order", "never")
START = datetime(2023, 10, 2, 8)


@dataclass(frozen=True)
class Word:
    """What one pull says of a dossier: its fee and when it was modified (none: not said), or no fee: it is deleted."""

    pull: int
    fee: int | None
    modified: int | None


def oracle(story: list[Word]) -> int | None:
    """Return the fee that a dossier has in the end; none of one that never was or is deleted."""
    deleted_in = max((word.pull for word in story if word.fee is None), default=-1)
    shown = [word for word in story if word.fee is not None and word.pull > deleted_in]
    newest = max(shown, key=lambda word: (word.modified or 0, word.pull), default=None)
    return newest.fee if newest else None


def story(rng: random.Random, dated: str) -> list[Word]:
    """Draw what each pull says: few fees and few times, so that states repeat and collide.

    A source dates its records by times that rise, in any order (a copy that lags behind, without deletions), or never.
    """
    words = []
    times = [rng.randint(1, 4) for _ in range(PULLS)]
    for pull, time in enumerate(sorted(times) if dated == "rising" else times):
        drawn = rng.random()
        if drawn < 0.15 and dated != "in any order":
            words.append(Word(pull, None, None))
        elif drawn < 0.8:
            words.append(Word(pull, rng.randint(1, 3), None if dated == "never" else time))
    return words


def record(dossier_id: str, word: Word) -> dict[str, Any]:
    modified_at = None if word.modified is None else START + timedelta(hours=word.modified)
    return dossier(dossier_id, fee_amount=word.fee, modified_at=modified_at)


def marked(dossier_id: str) -> dict[str, Any]:
    return dossier(dossier_id, disposition_reason="soft_deleted", status_code=None)


def test_whatever_order_pulls_are_loaded_in_each_dossier_ends_as_the_oracle_says() -> None:
    rng = random.Random(9)
    stories: dict[str, list[Word]] = {}
    for number in range(ROUNDS):
        told = {f"{number}-{each}": story(rng, DATED[number % 3]) for each in range(DOSSIERS)}
        stories |= told
        waiting = []
        for pull in range(PULLS):
            words = {key: word for key, told_of in told.items() for word in told_of if word.pull == pull}
            shown = [record(key, word) for key, word in words.items() if word.fee is not None]
            deleted = [marked(key) for key, word in words.items() if word.fee is None]
            waiting.append(validated_batch(shown, aside=deleted))
        rng.shuffle(waiting)
        while waiting:
            at_once = [waiting.pop() for _ in range(min(len(waiting), rng.randint(1, 3)))]
            if rng.random() < 0.2:
                break_off(at_once[0])
            assert consolidate_batches(at_once).failed == []

    with store_engine().connect() as connection:
        found = dict(
            connection.execute(
                text("select dossier_id, fee_amount from dossier_version where known_to is null and not is_deleted")
            ).all()
        )
        unbalanced = connection.scalar(text("select count(*) from batch where state <> 'loaded'"))
        stale = connection.scalar(text("select sum(stale_count) from batch"))
    expected = {key: oracle(told_of) for key, told_of in stories.items()}
    assert len(expected) > 10_000
    wrong = {key: (found.get(key), fee, stories[key]) for key, fee in expected.items() if found.get(key) != fee}
    assert dict(list(wrong.items())[:5]) == {}
    assert unbalanced == 0
    assert stale > 1_000  # the orders drawn are not all in turn


def break_off(batch_id: str) -> None:
    """Let the merge of a batch fail at its end, as a restart would, and make the batch ready again."""
    pulled = ledger.read_batches([batch_id])[0].pulled_count
    change = text("update batch set state = 'validated', pulled_count = :pulled, declared_total = null")
    for count in ((pulled or 0) + 1, pulled):
        with store_engine().begin() as connection:
            connection.execute(text(f"{change.text} where batch_id = :id"), {"pulled": count, "id": batch_id})
        if count != pulled:
            assert consolidate_batches([batch_id]).failed == [batch_id]
