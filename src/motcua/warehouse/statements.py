"""SQL statements, one per file below `include/sql/`, found by `<layer>/<name>`.

`{list}` in a statement is replaced by a list of columns of a record kind, and `alias.{list}` by the same list with each
column qualified, so that no statement repeats what `motcua.canonical` defines. Values are bound as `:name`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import TextClause, text

from motcua.settings import Settings

if TYPE_CHECKING:
    from motcua.canonical import RecordKind

_LIST = re.compile(r"(?P<alias>\w+\.)?\{(?P<name>[a-z_]+)\}")


@cache
def statement_text(name: str, kind: RecordKind | None = None) -> str:
    """Return the text of `include/sql/<name>.sql` with the column lists of a record kind (default: dossier)."""
    return expanded((Settings.load().sql_dir / f"{name}.sql").read_text(encoding="utf-8"), kind)


def statement(name: str, kind: RecordKind | None = None) -> TextClause:
    """Return a statement that is ready to execute. Its parameters are bound as `:name`."""
    return text(statement_text(name, kind))


def array_text(values: Sequence[object]) -> str:
    """Return values as PostgreSQL writes an array, for a parameter that a statement casts and that is bound often."""
    given = [*values]
    return bytes(Transformer().get_dumper(given, PyFormat.TEXT).dump(given) or b"").decode()


def expanded(body: str, kind: RecordKind | None = None) -> str:
    """Return the text of a statement with the column lists of a record kind (default: dossier) filled in.

    Raises:
        KeyError: the record kind has no list of that name.
    """
    if not _LIST.search(body):
        return body
    from motcua.canonical import DOSSIER  # imports Arrow, which a reader of the ledger does not need

    lists = (kind or DOSSIER).lists

    def columns(match: re.Match[str]) -> str:
        alias = match["alias"] or ""
        return ", ".join(f"{alias}{column}" for column in lists[match["name"]])

    return _LIST.sub(columns, body)
