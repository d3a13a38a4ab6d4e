"""However units merge and split, no total depends on the map it is read on."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from motcua.catalog import Catalog, Succession, Unit
from motcua.errors import CatalogError
from motcua.units.map import UnitMap, map_of

REFORM = date(2025, 7, 1)
EVE = REFORM - timedelta(days=1)
START = date(2020, 1, 1)


def unit(unit_id: str, first: date = START, last: date | None = None, parent: str | None = None) -> Unit:
    return Unit(
        unit_id=unit_id, code=unit_id.partition(":")[0], kind="commune", level="commune", parent_id=parent,
        name=unit_id, valid_from=first, valid_to=last, evidence="test",
    )  # fmt: skip


def succession(old: str, new: str, on: date = REFORM, *, is_heir: bool = True) -> Succession:
    return Succession(predecessor_id=old, successor_id=new, on=on, is_heir=is_heir, evidence="test")


@pytest.fixture
def reform() -> UnitMap:
    """Two communes merge, one goes on under a new id, one is divided; the province below which they stand changes."""
    return UnitMap(
        [
            unit("84", last=EVE), unit("86", REFORM),
            unit("a", last=EVE, parent="84"), unit("b", last=EVE, parent="84"), unit("c", last=EVE, parent="84"),
            unit("d", last=EVE, parent="84"),
            unit("ab", REFORM, parent="86"), unit("c+", REFORM, parent="86"), unit("d1", REFORM, parent="86"),
            unit("d2", REFORM, parent="86"),
        ],
        [
            succession("84", "86"), succession("a", "ab"), succession("b", "ab"), succession("c", "c+"),
            succession("d", "d1"), succession("d", "d2", is_heir=False),
        ],
    )  # fmt: skip


def test_a_unit_that_ended_is_shown_in_the_line_of_its_heir(reform: UnitMap) -> None:
    assert reform.placement(["a", "b", "d"], REFORM) == {"a": "ab", "b": "ab", "d": "d1"}
    assert reform.place("a", EVE) == "a"


def test_a_unit_that_begins_later_is_followed_back_only_to_the_one_unit_it_was(reform: UnitMap) -> None:
    assert reform.place("c+", EVE) == "c"
    assert reform.place("ab", EVE) == "ab"  # two it was made of: no telling which
    assert reform.place("d1", EVE) == "d"  # the heir of all dossiers
    assert reform.place("d2", EVE) == "d2"  # a part of one, which is no heir


def test_a_report_covers_every_unit_that_has_an_heir_in_it(reform: UnitMap) -> None:
    assert reform.predecessors("86") == ["84", "a", "b", "c", "d"]
    assert set(reform.scope("84")) == {"84", "a", "b", "c", "d"}


def test_a_period_is_split_on_the_day_the_map_changes_and_only_for_units_whose_map_changes(reform: UnitMap) -> None:
    june, july = date(2025, 6, 15), date(2025, 7, 14)
    assert reform.parts(["a", "c"], june, july) == [(june, EVE), (REFORM, july)]
    assert reform.parts(["d2"], june, july) == [(june, july)]
    assert reform.parts(["a"], REFORM, july) == [(REFORM, july)]
    assert reform.parts(["a"], june, EVE) == [(june, EVE)]


def test_an_unknown_unit_is_refused(reform: UnitMap) -> None:
    with pytest.raises(CatalogError, match="no unit 'z'"):
        reform.place("z", EVE)


DAYS = [START + timedelta(days=100 * number) for number in range(1, 6)]  # days on which histories change


def random_history(rng: random.Random) -> UnitMap:
    """A map that changes on some days: units merge, divide, are renamed, give parts away, or end without an heir."""
    alive = {f"u{number}": unit(f"u{number}") for number in range(rng.randint(2, 9))}
    units, successions = dict(alive), []
    for day in sorted(rng.sample(DAYS, rng.randint(1, 4))):
        ending = rng.sample(sorted(alive), rng.randint(1, len(alive)))
        while ending:
            olds = [ending.pop() for _ in range(min(len(ending), rng.randint(1, 3)))]
            news = [f"{olds[0]}@{day:%j%y}.{number}" for number in range(rng.randint(1, 3))]
            if rng.random() < 0.3 and len(alive) > len(olds):  # a living unit takes them in
                news[0] = rng.choice(sorted(set(alive) - set(olds) - set(ending)) or [news[0]])
            for new in news:
                units.setdefault(new, unit(new, day))
                alive[new] = units[new]
            for old in olds:
                heir = None if rng.random() < 0.05 else rng.choice(news)
                units[old] = units[old].model_copy(update={"valid_to": day - timedelta(days=1)})
                del alive[old]
                others = [new for new in news if new != heir and rng.random() < 0.5]
                if heir is not None:
                    successions.append(succession(old, heir, day))
                    successions += [succession(old, new, day, is_heir=False) for new in others]
    return UnitMap(units.values(), successions)


def lines(flows: Mapping[tuple[str, date], int], found: UnitMap, day: date, first: date, last: date) -> Counter[str]:
    summed: Counter[str] = Counter()
    for (unit_id, on_day), quantity in flows.items():
        if first <= on_day <= last:
            summed[found.place(unit_id, day)] += quantity
    return summed


def carried(counts: Mapping[str, int], found: UnitMap, day: date) -> Counter[str]:
    summed: Counter[str] = Counter()
    for unit_id, quantity in counts.items():
        summed[found.place(unit_id, day)] += quantity
    return summed


def test_a_thousand_histories_conserve_every_total_at_every_level() -> None:
    """Signed flows stand for receipts and departures: their sum before a day is the stock that is carried over."""
    split = moved = 0
    for seed in range(1000):
        rng = random.Random(seed)
        found = random_history(rng)
        unit_ids = list(found._units)
        span = [START + timedelta(days=10 * number) for number in range(80)]
        flows: Counter[tuple[str, date]] = Counter()
        for _ in range(60):
            flows[rng.choice(unit_ids), rng.choice(span)] += rng.randint(-3, 9)  # also before or after its days
        first, last = sorted(rng.sample(span, 2))
        parts = found.parts(unit_ids, first, last)
        split += len(parts) > 1
        assert (parts[0][0], parts[-1][1]) == (first, last)
        assert all(end + timedelta(days=1) == start for (_, end), (start, _) in pairwise(parts))
        total = sum(quantity for (_, day), quantity in flows.items() if first <= day <= last)
        for day in (*DAYS, *(day - timedelta(days=1) for day in DAYS), date(2030, 1, 1)):
            assert sum(lines(flows, found, day, first, last).values()) == total  # on any map, before or after
        # Each part on its own map: constant in it; its lines, carried on, are the lines of every later map.
        now = date(2030, 1, 1)
        as_now = lines(flows, found, now, first, last)
        as_was: Counter[str] = Counter()
        closing: Counter[str] | None = None
        for start, end in parts:
            assert found.placement(unit_ids, start) == found.placement(unit_ids, end)
            opening = lines(flows, found, start, date.min, start - timedelta(days=1))
            if closing is not None:
                assert carried(closing, found, start) == opening  # c6(n) = c11(n-1) at the merged unit
                moved += closing != opening
            part = lines(flows, found, start, start, end)
            closing = opening.copy()
            closing.update(part)
            assert closing == lines(flows, found, start, date.min, end)
            as_was.update(carried(part, found, now))
        assert as_was == as_now
        assert closing is not None
        assert carried(closing, found, now) == lines(flows, found, now, date.min, last)
    assert split > 300  # the histories are worth the name
    assert moved > 300


def test_figures_of_an_earlier_map_can_be_moved_to_every_later_map() -> None:
    for seed in range(1000):
        rng = random.Random(seed)
        found = random_history(rng)
        earlier, later = sorted(START + timedelta(days=rng.randrange(700)) for _ in range(2))
        for unit_id in found._units:
            assert found.place(found.place(unit_id, earlier), later) == found.place(unit_id, later)


def test_the_predecessors_of_a_unit_are_those_that_have_an_heir_below_it_whatever_the_history() -> None:
    found_some = 0
    for seed in range(300):
        found = random_history(random.Random(seed))
        for unit_id in found._units:
            below = set(found.subtree(unit_id))
            led_here = [old for old in found._units if old not in below and below & {*found.heirs(old)}]
            assert found.predecessors(unit_id) == led_here
            found_some += len(led_here) > 1
    assert found_some > 300


def test_the_map_of_a_catalogue_is_made_once_for_each_load() -> None:
    one, other = (Catalog(Path(), (unit("a"),), (), (), (), ()) for _ in range(2))
    assert map_of(one) is map_of(one)
    assert map_of(one) is not map_of(other)
