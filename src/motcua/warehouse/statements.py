"""SQL statements, one per file below `include/sql/`, found by `<layer>/<name>`."""

from __future__ import annotations

from functools import cache

from sqlalchemy import TextClause, text

from motcua.settings import Settings


@cache
def statement_text(name: str) -> str:
    """Return the text of `include/sql/<name>.sql`."""
    return (Settings.load().sql_dir / f"{name}.sql").read_text(encoding="utf-8")


def statement(name: str) -> TextClause:
    """Return a statement that is ready to execute. Its parameters are bound as `:name`."""
    return text(statement_text(name))
