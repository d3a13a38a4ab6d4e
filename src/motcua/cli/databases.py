"""`motcua db`: the schemas of the two databases."""

from __future__ import annotations

import typer

from motcua.cli.console import print_table
from motcua.settings import Settings
from motcua.warehouse import database_status, embedded, upgrade_databases
from motcua.warehouse.upgrade import DatabaseStatus

app = typer.Typer(help="The schemas of the store and the warehouse.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring both databases to this code's revision and refresh their views. Safe to repeat."""
    _print(upgrade_databases())


@app.command()
def status() -> None:
    """Show the revision of both databases; exit code 1 when one is behind."""
    found = database_status()
    _print(found)
    if not all(one.is_current for one in found):
        raise typer.Exit(1)


@app.command()
def stop() -> None:
    """Stop the embedded PostgreSQL of the work folder; the next command that needs it starts it again."""
    embedded.stop_server(Settings.load().work_dir / "pg")


def _print(found: list[DatabaseStatus]) -> None:
    print_table(
        "Databases",
        ["database", "revision", "newest", "verdict"],
        [
            (
                one.database,
                one.revision or "empty",
                one.head,
                "up to date" if one.is_current else "run `db upgrade`",
            )
            for one in found
        ],
    )
