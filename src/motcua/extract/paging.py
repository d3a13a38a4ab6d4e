"""What listings by page have in common: pages asked for side by side, and proof that no row was lost between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from motcua.catalog import Source
from motcua.errors import ContractBroken
from motcua.extract.adapter import ListingShifted, Window

AnswerT = TypeVar("AnswerT")


def side_by_side(fetch: Callable[[int], AnswerT], pages: Iterable[int], at_once: int) -> Iterator[AnswerT]:
    """Yield the answer of every page in order, with at most `at_once` requests under way.

    The first error is raised in its place; what was asked for beyond it is let go.
    """
    numbers = iter(pages)
    if at_once == 1:
        yield from map(fetch, numbers)
        return
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="page")
    try:
        waiting: deque[Future[AnswerT]] = deque(pool.submit(fetch, number) for number in islice(numbers, at_once))
        while waiting:
            answer = waiting.popleft().result()
            waiting.extend(pool.submit(fetch, number) for number in islice(numbers, 1))
            yield answer
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class Pages:
    """Follows the listings of one pull page by page. Rows are told apart by their ids."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._repeats_before: dict[Window, frozenset[str]] = {}
        self._seen: set[str] = set()
        self._repeats: set[str] = set()
        self._rows = 0

    def begin(self) -> None:
        self._seen, self._repeats, self._rows = set(), set(), 0

    def add(self, ids: Sequence[str], expected: int | None, total: int | None) -> None:
        """Note the next page. `expected` is how many rows are due on it, none when the source does not say.

        Raises:
            ContractBroken: rows are missing, or all of them have been given before.
        """
        of = "" if total is None else f" of {total}"
        if expected is not None and len(ids) != expected:
            raise ContractBroken(
                f"{self._source.source_id} gave {len(ids)} rows from row {self._rows}{of}, where {expected} are due.",
                action="check that the source's index is complete and that it allows the page_size of the catalogue.",
            )
        page = set(ids)
        if page and page <= self._seen:
            raise ContractBroken(
                f"{self._source.source_id} gave the same rows again from row {self._rows}{of}: its paging does not "
                "advance.",
                action="check the version of the source; nothing of this pull was kept.",
            )
        self._repeats |= page & self._seen
        self._seen |= page
        self._rows += len(ids)

    def same_total(self, total: int, declared: int | None) -> None:
        """Raise ListingShifted when a later page declares another total than the first."""
        if declared != total:
            raise ListingShifted(
                f"{self._source.source_id} declared {total} dossiers and then {declared} in one listing.",
                action="try the batch again at a quieter hour of the source.",
            )

    def end(self, window: Window) -> None:
        """Raise ListingShifted when a dossier came on two pages: rows moved, so others may have been passed over.

        If the same dossiers come twice when the listing is asked for again, the source really holds them twice.
        """
        if self._repeats and self._repeats_before.get(window) != frozenset(self._repeats):
            self._repeats_before[window] = frozenset(self._repeats)
            raise ListingShifted(
                f"{self._source.source_id} gave {len(self._repeats)} dossiers on two pages of one listing.",
                action="try the batch again at a quieter hour: rows moved while they were listed.",
            )
