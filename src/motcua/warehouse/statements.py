"""SQL statements kept one to a file under `include/sql/`, looked up by `<layer>/<name>`.

`{list}` in a statement stands for a list of columns of a kind of record, `alias.{list}` for the same list with each
column qualified, so that no statement repeats what `motcua.canonical` defines. Values are bound as `:name`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import TextClause, text

from motcua.settings import Settings

if TYPE_CHECKING:
    from motcua.canonical import RecordKind

_LIST = re.compile(r"(?P<alias>\w+\.)?\{(?P<name>[a-z_]+)\}")


@cache
def statement_text(name: str, kind: RecordKind | None = None) -> str:
    """Return the text of `include/sql/<name>.sql`, the lists of a kind of record (default: dossier) in their places."""
    return expanded((Settings.load().sql_dir / f"{name}.sql").read_text(encoding="utf-8"), kind)


def statement(name: str, kind: RecordKind | None = None) -> TextClause:
    """Return a statement ready to execute; its parameters are bound as `:name`."""
    return text(statement_text(name, kind))


def expanded(body: str, kind: RecordKind | None = None) -> str:
    """Return a statement's text with the lists of a kind of record, dossiers if none is given, in their places.

    Raises:
        KeyError: no kind has a list of that name.
    """
    if not _LIST.search(body):
        return body
    from motcua.canonical import DOSSIER  # loads Arrow, which whoever only reads the ledger does without

    lists = (kind or DOSSIER).lists

    def columns(place: re.Match[str]) -> str:
        alias = place["alias"] or ""
        return ", ".join(f"{alias}{column}" for column in lists[place["name"]])

    return _LIST.sub(columns, body)
