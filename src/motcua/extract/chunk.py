"""Extracts a chunk of batches side by side, each source isolated from the others."""

from __future__ import annotations

import gc
import logging
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore

from motcua import ledger
from motcua.catalog import Catalog, load_catalog
from motcua.errors import MotcuaError, SourceUnavailable
from motcua.extract import places
from motcua.extract.connection import NO_CONNECTION, Resolve
from motcua.extract.pull import pull_batch
from motcua.settings import Settings

ROUNDS = 2  # how often a chunk asks a source that was unavailable, all in all
ASKED = ("opencps", "igate", "tandan")  # adapters that ask a host; the others work from their start
_COLLECTION = (200_000, 20, 100)
DONE = ("extracted", "validated", "loaded", "held")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExtractOutcome:
    """What became of a chunk: ids of the batches in landing, and of those that failed."""

    extracted: list[str]
    failed: list[str]


def extract_batches(batch_ids: Sequence[str], resolve: Resolve, *, workers: int = 8) -> ExtractOutcome:
    """Pull every batch that is planned or failed into landing; skip those already there.

    A source that fails is recorded in the ledger with its reason and holds up no other: while it does not
    answer it occupies no worker (`places`). One that was unavailable is asked once more when the rest is done.

    Args:
        batch_ids: batches of the ledger.
        resolve: returns the connection of a connection id.
        workers: how many sources that answer are worked on at once; as many more, but one, may wait for
            a host's first answer. With one worker the sources are asked in order.
    """
    batches = ledger.read_batches(batch_ids)
    waiting = [batch for batch in batches if batch.state not in DONE]
    done = {batch.batch_id for batch in batches} - {batch.batch_id for batch in waiting}
    catalog = load_catalog(Settings.load().catalog_dir)
    total = len(batches)
    working = BoundedSemaphore(workers)
    for number in range(1, ROUNDS + 1):
        if not waiting:
            break
        if number > 1:
            log.info("%d of %d sources were unavailable, asking again (round %d)", len(waiting), total, number)
        later: list[ledger.Batch] = []
        with (
            _collecting_rarely(),
            ThreadPoolExecutor(min(2 * workers - 1, len(waiting)), thread_name_prefix="extract") as pool,
        ):
            running = {pool.submit(_extract, batch, catalog, resolve, working): batch for batch in waiting}
            for finished, future in enumerate(as_completed(running), start=total - len(waiting) + 1):
                batch, (text, error) = running[future], future.result()
                place = f"({finished} of {total})"
                if error is None:
                    done.add(batch.batch_id)
                    log.info("%s: %s %s", batch.source_id, text, place)
                else:
                    log.error("%s: %s %s", batch.source_id, text, place)
                    if isinstance(error, SourceUnavailable):
                        later.append(batch)
        waiting = later
    return ExtractOutcome(
        extracted=[batch.batch_id for batch in batches if batch.batch_id in done],
        failed=[batch.batch_id for batch in batches if batch.batch_id not in done],
    )


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let the garbage collector look for cycles far less often: records have none, and there are many of them."""
    usual = gc.get_threshold()
    gc.set_threshold(*_COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _extract(
    batch: ledger.Batch, catalog: Catalog, resolve: Resolve, working: BoundedSemaphore
) -> tuple[str, Exception | None]:
    """Try one batch once; return a line of counts and seconds, or of what failed, and the failure."""
    started = time.monotonic()
    ledger.start_attempt(batch.batch_id)
    try:
        source = catalog.source_by_id[batch.source_id]
        connection = resolve(source.connection_id) if source.connection_id else NO_CONNECTION
        with places.one_of(working) as claim:
            if source.adapter not in ASKED:
                claim.take()
            count = pull_batch(batch, source, connection)
    except MotcuaError as error:
        ledger.mark_failed(batch.batch_id, "extract", error)
        return f"failed after {time.monotonic() - started:.1f} s, {type(error).__name__}: {error}", error
    except Exception as error:  # one source's fault must not end the others
        ledger.mark_failed(batch.batch_id, "extract", error)
        # Only where, never what: the text of an unforeseen error may hold a value.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename}:{place.lineno}"
        return f"failed after {time.monotonic() - started:.1f} s, {type(error).__name__} at {where}", error
    seconds = time.monotonic() - started
    return (
        f"{count['record']} records, {count['duplicate']} duplicates, {count['out_of_window']} out of window, "
        f"{seconds:.1f} s"
    ), None
