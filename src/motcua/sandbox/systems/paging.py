"""Splits a listing into pages, correctly or with a fault."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from motcua.sandbox.world.working_days import DAY_SECONDS, Ints

SCOPE_KEY = "sandbox.paging_fault"


@dataclass(frozen=True)
class PagingFault:
    """The effect of the faults of one request on the requested listing.

    Attributes:
        pages_back: the answered page is this many pages before the requested one.
        is_stuck: the first page is answered for every request.
        rows_moved: number of rows by which the listing has shifted since its first page.
        cap: largest number of rows in a page.
        keep: share of the rows that remain.
        short: number of rows missing at the end of the page, although the total counts them.
        tie_seed: rows of one day are in a different order at each request.
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


NO_FAULT = PagingFault()


def cut(rows: Ints, by: Ints, ids: Ints, start: int, size: int, fault: PagingFault) -> tuple[Ints, int]:
    """Return the rows of one page and the total that the answer declares.

    Args:
        rows: the listing in order. `by` is the sort value of each row, `ids` its dossier id.
        start: first requested row. `size` is limited by `PagingFault.size`.
    """
    if fault is NO_FAULT:
        return rows[start : start + size], len(rows)
    if fault.keep < 1:
        # Chosen only by the id, so that the same dossiers are missing from every page and every listing.
        left = (ids * 2_654_435_761 % 4_294_967_296) / 4_294_967_296 < fault.keep
        rows, by = rows[left], by[left]
    if fault.tie_seed is not None:
        days = by // DAY_SECONDS
        place = np.cumsum(np.r_[False, days[1:] != days[:-1]]) if len(days) else days
        rows = rows[np.lexsort((np.random.RandomState(fault.tie_seed).rand(len(rows)), place))]
    if fault.is_stuck:
        start = 0
    elif start:
        start = max(start - fault.pages_back * size - fault.rows_moved, 0)
    page = rows[start : start + size]
    return page[: len(page) - fault.short] if fault.short else page, len(rows)


class Answers:
    """Caches the latest listings, so that a listing is not searched and sorted again for each of its pages."""

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
