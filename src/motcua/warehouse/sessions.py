"""Work that outlives the loss of one database session."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

PAUSE_SECONDS = 1.0  # before the second try: a server that lost a process ends every session and starts again

_Result = TypeVar("_Result")
_CONNECTION_CLASSES = ("08", "57P")  # SQLSTATE: connection exceptions; the server ends or does not take sessions

log = logging.getLogger(__name__)


def is_lost_session(error: BaseException) -> bool:
    """Return whether an error says that the session or its server is gone, and nothing about the work itself."""
    from adbc_driver_manager import OperationalError as BulkLoadInterrupted

    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        import psycopg

        state = getattr(error.orig, "sqlstate", None)  # none where no session could be opened
        return isinstance(error.orig, psycopg.OperationalError) and (
            state is None or state.startswith(_CONNECTION_CLASSES)
        )
    return isinstance(error, BulkLoadInterrupted)


def with_one_retry(work: Callable[[], _Result], what: str) -> _Result:
    """Do work in a session of its own; do it once more when the session is lost.

    Args:
        work: begins and ends its own transaction, and may be repeated when nobody knows whether it was committed.
        what: names the source, batch or stage, for the log.

    Raises:
        Exception: whatever the work raises, at the second loss too.
    """
    try:
        return work()
    except Exception as error:
        if not is_lost_session(error):
            raise
        log.warning("%s: the session of the database was lost, it is tried once more", what)
    time.sleep(PAUSE_SECONDS)
    return work()
