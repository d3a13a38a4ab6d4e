"""Cuts a listing into pages, straight or the way a fault wants it cut."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from motcua.sandbox.world.working_days import DAY_SECONDS, Ints

SCOPE_KEY = "sandbox.bend"


@dataclass(frozen=True)
class Bend:
    """What the faults of one request do to the listing it asks for.

    Attributes:
        pages_back: how many pages before the asked one is answered.
        is_stuck: the first page is answered, whatever is asked.
        rows_moved: by how many rows the listing has moved under the client since its first page.
        cap: most rows a page holds now.
        keep: share of the rows that is left.
        short: rows missing at the end of the page, though the total counts them.
        tie_seed: rows of one day come in another order at each request.
    """

    pages_back: int = 0
    is_stuck: bool = False
    rows_moved: int = 0
    cap: int | None = None
    keep: float = 1.0
    short: int = 0
    tie_seed: int | None = None

    def size(self, asked: int) -> int:
        return asked if self.cap is None else min(asked, self.cap)


STRAIGHT = Bend()


def cut(rows: Ints, by: Ints, ids: Ints, start: int, size: int, bend: Bend) -> tuple[Ints, int]:
    """Return the rows of one page and the total the answer declares.

    Args:
        rows: the listing in order; `by` is what each row is ordered by, `ids` its dossier id.
        start: first row asked for; `size` as `Bend.size` allows.
    """
    if bend is STRAIGHT:
        return rows[start : start + size], len(rows)
    if bend.keep < 1:
        # By the id and nothing else, so that the same dossiers are missing from every page and every listing.
        left = (ids * 2_654_435_761 % 4_294_967_296) / 4_294_967_296 < bend.keep
        rows, by = rows[left], by[left]
    if bend.tie_seed is not None:
        days = by // DAY_SECONDS
        place = np.cumsum(np.r_[False, days[1:] != days[:-1]]) if len(days) else days
        rows = rows[np.lexsort((np.random.RandomState(bend.tie_seed).rand(len(rows)), place))]
    if bend.is_stuck:
        start = 0
    elif start:
        start = max(start - bend.pages_back * size - bend.rows_moved, 0)
    page = rows[start : start + size]
    return page[: len(page) - bend.short] if bend.short else page, len(rows)


class Answers:
    """Remembers the listings asked for last, so that the pages of one are not each searched for and sorted anew."""

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._found: OrderedDict[Hashable, Ints] = OrderedDict()

    def get(self, question: Hashable, search: Callable[[], Ints]) -> Ints:
        if question not in self._found:
            self._found[question] = search()
            if len(self._found) > self._limit:
                self._found.popitem(last=False)
        self._found.move_to_end(question)
        return self._found[question]
