"""Ends real sessions of the store in the middle of what they do."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import event

from motcua.warehouse import libpq_dsn, store_engine


@dataclass
class Seen:
    """How many statements and commits the sessions of the store began, and how many sessions were ended."""

    steps: int = 0
    ended: int = 0


@contextmanager
def ending_sessions(at: Callable[[int, str], bool]) -> Iterator[Seen]:
    """End the session that is about to run a statement, or to commit, for which `at(its number, its text)` holds."""
    seen, numbers, engine = Seen(), itertools.count(1), store_engine()

    def maybe_end(connection: Any, text: str) -> None:
        seen.steps = next(numbers)
        if not at(seen.steps, text):
            return
        seen.ended += 1
        pid = connection.connection.dbapi_connection.info.backend_pid
        with psycopg.connect(libpq_dsn("motcua_store"), autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 10000)", (pid,))

    def on_statement(connection: Any, cursor: Any, text: str, *rest: Any) -> None:
        maybe_end(connection, text)

    def on_commit(connection: Any) -> None:
        maybe_end(connection, "commit")

    event.listen(engine, "before_cursor_execute", on_statement)
    event.listen(engine, "commit", on_commit)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", on_statement)
        event.remove(engine, "commit", on_commit)
