"""Where the command prints, and what every sub-command needs before it starts."""

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

# Piped output has no width of its own; a report needs more than the 80 columns assumed for it.
output = Console() if sys.stdout.isatty() else Console(width=160)
errors = Console(stderr=True)


def catalog() -> Catalog:
    """Return the catalogue in force."""
    return load_catalog(Settings.load().catalog_dir)


def ready_databases() -> None:
    """See to it that both databases are at this code's revision.

    The embedded server is upgraded on the spot; a server somebody else runs is theirs to upgrade.
    """
    behind = [status for status in database_status() if not status.is_current]
    settings = Settings.load()
    if behind and not (settings.store_dsn or settings.warehouse_dsn):
        upgrade_databases()
    elif behind:
        raise ConfigurationError(
            f"The {behind[0].database} database is at revision {behind[0].revision}, this code needs {behind[0].head}.",
            action="run `motcua db upgrade` once, when no run is active.",
        )


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as a table; numbers are aligned right, nothing in a cell is read as markup."""
    found = [list(row) for row in rows]
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        is_number = bool(found) and all(isinstance(row[place], int | None) for row in found)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in found:
        table.add_row(*(_cell(value) for value in row))
    output.print(table)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output, without colour or wrapping."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(str(value))
