"""The rules of every listing by page: pages are requested concurrently, and checks prove that no row was lost."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from motcua.catalog import Source
from motcua.errors import ContractBroken
from motcua.extract.adapters.protocol import ListingShifted, Window
from motcua.extract.wire.transport import LONGEST_BACK_OFF

AnswerT = TypeVar("AnswerT")
GROWTH = 16


def side_by_side(fetch: Callable[[int], AnswerT], pages: Iterable[int], at_once: int) -> Iterator[AnswerT]:
    """Yield the answers of the pages in order, with at most `at_once` concurrent requests.

    The source works on the next page while the caller works on this one. The first error is raised when its page is
    due. Later requests are then cancelled, and none is left running.
    """
    numbers = iter(pages)
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="page")
    try:
        waiting: deque[Future[AnswerT]] = deque(pool.submit(fetch, number) for number in islice(numbers, at_once))
        while waiting:
            answer = waiting.popleft().result()
            waiting.extend(pool.submit(fetch, number) for number in islice(numbers, 1))
            yield answer
    finally:
        pool.shutdown(cancel_futures=True)


class Pages:
    """Checks the listings of one pull page by page. The id identifies a row.

    From its third attempt on, a listing whose rows moved is requested in far larger pages. With fewer boundaries
    between pages, fewer rows can move across one.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._begun: Counter[Window] = Counter()
        self._repeats_before: dict[Window, frozenset[str]] = {}
        self._seen: set[str] = set()
        self._repeats: set[str] = set()
        self._rows = 0
        self._is_held = False

    def begin(self, window: Window) -> int:
        """Start a listing and return the number of rows to request for each page."""
        self._seen, self._repeats, self._rows, self._is_held = set(), set(), 0, False
        self._begun[window] += 1
        return self._source.page_size * (GROWTH if self._begun[window] > 2 else 1)

    def hold_to_total(self) -> None:
        """Refuse every repeated dossier in this listing: on pages shorter than requested, it replaces a lost row."""
        self._is_held = True

    def fresh(
        self, number: int, answer: AnswerT, fetch: Callable[[int], AnswerT], ids_of: Callable[[AnswerT], Sequence[str]]
    ) -> AnswerT:
        """Return the answer for a page. While all its rows are on earlier pages, request it again.

        A proxy that sent the same page twice sends the right one at the next request. A source whose paging is stuck
        does not.
        """
        for attempt in range(self._source.attempts - 1):
            ids = set(ids_of(answer))
            if not ids or not ids <= self._seen:
                break
            time.sleep(self._source.retry_wait_seconds * min(2**attempt, LONGEST_BACK_OFF))
            answer = fetch(number)
        return answer

    def add(self, ids: Sequence[str], expected: int | None, total: int | None) -> None:
        """Record the next page. `expected` is its expected number of rows, or None when the source does not state it.

        Raises:
            ContractBroken: rows are missing, or all of them were on earlier pages.
            ListingShifted: there are more rows than expected.
        """
        of = "" if total is None else f" of {total}"
        page = set(ids)
        if page and page <= self._seen:
            raise ContractBroken(
                f"{self._source.source_id} returned the same rows again from row {self._rows}{of}: its paging does not "
                "advance.",
                action="check the version of the source; no record of this pull was kept.",
            )
        if expected is not None and len(ids) != expected:
            what = (
                f"{self._source.source_id} returned {len(ids)} rows from row {self._rows}{of},"
                f" where {expected} were expected."
            )
            if len(ids) > expected:
                raise ListingShifted(what, action="try the batch again when the source is less busy.")
            raise ContractBroken(
                what,
                action="check that the source's index is complete and that it allows the page_size of the catalogue.",
            )
        self._repeats |= page & self._seen
        self._seen |= page
        self._rows += len(ids)

    def same_total(self, total: int, declared: int | None) -> None:
        """Raise ListingShifted when a later page declares another total than the first."""
        if declared != total:
            raise ListingShifted(
                f"{self._source.source_id} declared {total} dossiers and then {declared} during one listing.",
                action="try the batch again when the source is less busy.",
            )

    def end(self, window: Window) -> None:
        """Raise ListingShifted when a dossier was on two pages: rows moved, so the listing may have missed others.

        If the same dossiers repeat when the listing is requested again, the source really holds them twice.
        """
        if self._repeats and (self._is_held or self._repeats_before.get(window) != frozenset(self._repeats)):
            self._repeats_before[window] = frozenset(self._repeats)
            raise ListingShifted(
                f"{self._source.source_id} returned {len(self._repeats)} dossiers on two pages of one listing.",
                action="try the batch again when the source is less busy: rows moved while they were listed.",
            )
