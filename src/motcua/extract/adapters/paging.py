"""What listings by page have in common: pages asked for side by side, and proof that no row was lost between them."""

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
    """Yield the answer of every page in order, with at most `at_once` requests under way.

    The source works on the next page while the caller works on this one. The first error is raised in its place; what
    was asked for beyond it is let go, and nothing is left under way.
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
    """Follows the listings of one pull page by page. Rows are told apart by their ids.

    A listing that had to be asked for again, and again, because rows moved under it is asked for in far larger pages:
    the fewer the bounds between pages, the fewer rows can slip over one.
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
        """Start a listing and return how many rows to ask for on a page."""
        self._seen, self._repeats, self._rows, self._is_held = set(), set(), 0, False
        self._begun[window] += 1
        return self._source.page_size * (GROWTH if self._begun[window] > 2 else 1)

    def hold_to_total(self) -> None:
        """Let no dossier of this listing come twice: where pages are shorter than asked for, another is lost for it."""
        self._is_held = True

    def fresh(
        self, number: int, answer: AnswerT, fetch: Callable[[int], AnswerT], ids_of: Callable[[AnswerT], Sequence[str]]
    ) -> AnswerT:
        """Return the answer for a page, asked for again while it only repeats what other pages gave.

        A proxy that answers twice with the same page is right the next time; a source whose paging is stuck is not.
        """
        for attempt in range(self._source.attempts - 1):
            ids = set(ids_of(answer))
            if not ids or not ids <= self._seen:
                break
            time.sleep(self._source.retry_wait_seconds * min(2**attempt, LONGEST_BACK_OFF))
            answer = fetch(number)
        return answer

    def add(self, ids: Sequence[str], expected: int | None, total: int | None) -> None:
        """Note the next page. `expected` is how many rows are due on it, none when the source does not say.

        Raises:
            ContractBroken: rows are missing, or all of them have been given before.
            ListingShifted: there are more rows than there should be.
        """
        of = "" if total is None else f" of {total}"
        page = set(ids)
        if page and page <= self._seen:
            raise ContractBroken(
                f"{self._source.source_id} gave the same rows again from row {self._rows}{of}: its paging does not "
                "advance.",
                action="check the version of the source; nothing of this pull was kept.",
            )
        if expected is not None and len(ids) != expected:
            what = f"{self._source.source_id} gave {len(ids)} rows from row {self._rows}{of}, where {expected} are due."
            if len(ids) > expected:
                raise ListingShifted(what, action="try the batch again at a quieter hour of the source.")
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
                f"{self._source.source_id} declared {total} dossiers and then {declared} in one listing.",
                action="try the batch again at a quieter hour of the source.",
            )

    def end(self, window: Window) -> None:
        """Raise ListingShifted when a dossier came on two pages: rows moved, so others may have been passed over.

        If the same dossiers come twice when the listing is asked for again, the source really holds them twice.
        """
        if self._repeats and (self._is_held or self._repeats_before.get(window) != frozenset(self._repeats)):
            self._repeats_before[window] = frozenset(self._repeats)
            raise ListingShifted(
                f"{self._source.source_id} gave {len(self._repeats)} dossiers on two pages of one listing.",
                action="try the batch again at a quieter hour: rows moved while they were listed.",
            )
