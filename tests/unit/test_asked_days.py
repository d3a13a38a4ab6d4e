"""Which days a source was asked for elsewhere and not again since: the statement against a count day by day."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text
from tests.unit.catalog.test_options import source

from motcua import ledger
from motcua.warehouse import store_engine

FIRST = date(2023, 10, 1)
DAYS = range(30)
PLACES = ("here", "there", "nowhere known")


@dataclass(frozen=True)
class Pull:
    """Days are counted from FIRST; `shown` are those of the dossiers of a register."""

    place: str
    window: range
    shown: range | None

    def days(self) -> set[int]:
        return {*self.window, *(self.shown or ())}


def some_days(chance: random.Random) -> range:
    first = chance.choice(DAYS)
    return range(first, chance.randint(first + 1, DAYS.stop))


def some_pulls(chance: random.Random) -> list[Pull]:
    return [
        Pull(chance.choice(PLACES), some_days(chance), some_days(chance) if chance.random() < 0.4 else None)
        for _ in range(chance.randint(1, 6))
    ]


def left_by_day(pulls: list[Pull], to_day: int, *, lists_all: bool, is_in_force: bool) -> tuple[int, set[int]]:
    """Return how many pulls asked otherwise than `here`, and the days until `to_day` that are left of them."""
    found, days = 0, set[int]()
    for number, pull in enumerate(pulls):
        later = pulls[number + 1 :]
        left = {day for day in pull.days() if day <= to_day}
        if pull.place == "here":
            continue
        if pull.place == "nowhere known":
            if not is_in_force or any(one.place != "nowhere known" for one in later):
                continue
        elif lists_all:
            left -= {day for one in later if one.place == "here" for day in one.days()}
        found += bool(left)
        days |= left
    return found, days


def note(connection: Connection, source_id: str, number: int, pull: Pull) -> None:
    def day(offset: int) -> date:
        return FIRST + timedelta(days=offset)

    connection.execute(
        text(
            "insert into batch (batch_id, run_id, source_id, level, window_from, window_to, state, pull_no,"
            " pulled_count, new_count, changed_count, unchanged_count, duplicate_count, quarantined_count,"
            " out_of_window_count, asked_sha256, shown_days) values (:id, 'run', :source, 'commune', :first, :last,"
            " 'loaded', :number, 0, 0, 0, 0, 0, 0, 0, cast(:asked as jsonb), cast(:shown as daterange))"
        ),
        {
            "id": f"{source_id}-{number}",
            "source": source_id,
            "first": day(pull.window.start),
            "last": day(pull.window.stop - 1),
            "number": number,
            "asked": json.dumps({} if pull.place == "nowhere known" else {"options.path": pull.place}),
            "shown": f"[{day(pull.shown.start)},{day(pull.shown.stop)})" if pull.shown else None,
        },
    )


@pytest.mark.usefixtures("databases")
@pytest.mark.parametrize("seed", range(4))
def test_the_days_that_are_left_are_those_that_a_count_day_by_day_finds(seed: int) -> None:
    chance = random.Random(seed)
    differed = 0
    for _ in range(150):
        pulls, to_day = some_pulls(chance), chance.choice(DAYS)
        lists_all, is_in_force = chance.random() < 0.8, chance.random() < 0.8
        valid_to = None if is_in_force else FIRST
        entry = source("files", source_id="x.one", lists_all=lists_all, valid_to=valid_to)
        count, days = left_by_day(pulls, to_day, lists_all=lists_all, is_in_force=is_in_force)
        with store_engine().connect() as connection, connection.begin() as transaction:
            for number, pull in enumerate(pulls):
                note(connection, "x.one", number, pull)
            found = ledger.asked_otherwise(
                [entry],
                [{"options.path": "here"}],
                FIRST + timedelta(days=to_day),
                date(2026, 1, 1),
                connection=connection,
            )
            transaction.rollback()
        told = [(one.pull_count, (one.first_day - FIRST).days, (one.last_day - FIRST).days) for one in found]
        assert told == ([(count, min(days), max(days))] if days else []), pulls
        differed += bool(days)
    assert 20 < differed < 140
