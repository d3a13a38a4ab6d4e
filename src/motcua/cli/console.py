"""The output of the command, and the preparations that every sub-command needs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from motcua.catalog import Catalog, load_catalog
from motcua.errors import ConfigurationError
from motcua.settings import Settings
from motcua.warehouse import database_status, upgrade_databases

# Piped output has no width, and a report needs more than the 80 columns that are assumed then.
output = Console() if sys.stdout.isatty() else Console(width=160)
errors = Console(stderr=True)


def catalog() -> Catalog:
    """Return the catalogue in force."""
    return load_catalog(Settings.load().catalog_dir)


def ready_databases() -> None:
    """Ensure that both databases have the revision of this code.

    The embedded server is upgraded immediately. The operator of any other server must upgrade it.
    """
    behind = [status for status in database_status() if not status.is_current]
    settings = Settings.load()
    if behind and not (settings.store_dsn or settings.warehouse_dsn):
        upgrade_databases()
    elif behind:
        first = behind[0]
        views = f" and views of its own ({', '.join(first.other_views)})" if first.other_views else ""
        raise ConfigurationError(
            f"The {first.database} database is at revision {first.revision}, this code needs {first.head}{views}.",
            action="run `motcua db upgrade` once, when no run is active.",
        )


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as a table. Numbers are aligned right; the text of a cell is not interpreted as markup."""
    cells = [list(row) for row in rows]
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        is_number = bool(cells) and all(isinstance(row[position], int | None) for row in cells)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*(_cell(value) for value in row))
    output.print(table)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output, without colour or wrapping."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(str(value))
