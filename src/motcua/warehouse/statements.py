"""SQL statements kept one to a file under `include/sql/`, looked up by `<layer>/<name>`."""

from __future__ import annotations

from functools import cache

from sqlalchemy import TextClause, text

from motcua.settings import Settings


@cache
def statement_text(name: str) -> str:
    """Return the text of `include/sql/<name>.sql`."""
    return (Settings.load().sql_dir / f"{name}.sql").read_text(encoding="utf-8")


def statement(name: str) -> TextClause:
    """Return a statement ready to execute; its parameters are bound as `:name`."""
    return text(statement_text(name))
