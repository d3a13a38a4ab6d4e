"""`motcua db`: the schemas of the two databases."""

from __future__ import annotations

import typer

from motcua.cli.console import output, print_table
from motcua.settings import Settings
from motcua.warehouse import database_status, embedded, upgrade_databases
from motcua.warehouse.upgrade import DatabaseStatus

app = typer.Typer(help="The schemas of the store and the warehouse.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Migrate both databases to the revision of this code and create their views again. Safe to repeat."""
    _print(upgrade_databases())


@app.command()
def status() -> None:
    """Show the revisions of both databases. Exit code 1: one of them is not up to date."""
    statuses = database_status()
    _print(statuses)
    if not all(database.is_current for database in statuses):
        raise typer.Exit(1)


@app.command()
def stop() -> None:
    """Stop the embedded PostgreSQL of the work folder. The next command that needs it starts it again."""
    work_dir = Settings.load().work_dir
    did = "is stopped" if embedded.stop_server(work_dir / "pg") else "was not running"
    output.print(f"The server of {work_dir} {did}.", highlight=False, soft_wrap=True)


def _print(statuses: list[DatabaseStatus]) -> None:
    print_table(
        "Databases",
        ["database", "revision", "newest", "verdict"],
        [
            (
                database.database,
                database.revision or "empty",
                database.head,
                "up to date" if database.is_current else "run `db upgrade`",
            )
            for database in statuses
        ],
    )
