"""The root of the command and its error handling."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from motcua.cli import (
    databases,
    demo,
    due,
    editions,
    figures,
    index,
    ingest,
    keys,
    measures,
    obligations,
    petitions,
    portal,
    procedures,
    quarantine,
    reception,
    reports,
    sources,
    units,
)
from motcua.cli import replay as replay_command
from motcua.cli import watchdog as watchdog_command
from motcua.cli.console import errors
from motcua.errors import MotcuaError

app = typer.Typer(
    name="motcua",
    help="Consolidates the administrative-procedure reporting of Vietnamese provinces.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(databases.app, name="db")
app.add_typer(sources.app, name="sources")
app.add_typer(units.app, name="units")
app.add_typer(procedures.app, name="procedures")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(measures.app, name="measures")
app.add_typer(petitions.app, name="petitions")
app.add_typer(reports.app, name="report")
app.add_typer(editions.app, name="edition")
app.add_typer(index.app, name="index")
app.add_typer(figures.app, name="figures")
app.add_typer(obligations.app, name="obligations")
app.add_typer(portal.app, name="portal")
app.command()(due.due)
app.command()(ingest.ingest)
app.command()(replay_command.replay)
app.command()(reception.receive)
app.command()(keys.keys)
app.command()(watchdog_command.watchdog)
app.command()(demo.demo)


@app.callback()
def root(
    catalog: Annotated[
        Path | None,
        typer.Option(help="Catalogue folder to use instead of include/catalog; allowed anywhere in the command."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the log of the stages.")] = False,
) -> None:
    if catalog is not None:
        os.environ["MOTCUA_CATALOG"] = str(catalog.resolve())
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR,
        format="%(message)s",
        handlers=[RichHandler(console=errors, show_path=False)],
    )


def main() -> None:
    """Run the command. An error with a known remedy is printed without a traceback and gives exit code 1."""
    try:
        app(args=_catalog_first(sys.argv[1:]))
    except MotcuaError as error:
        errors.print(f"[red]{type(error).__name__}[/red]: {error.args[0]}", highlight=False, soft_wrap=True)
        errors.print(f"[bold]What to do:[/bold] {error.action}", highlight=False, soft_wrap=True)
        sys.exit(1)


def _catalog_first(arguments: list[str]) -> list[str]:
    """Move `--catalog DIR` to the front: it is an option of the root command, which must come first."""
    for position, argument in enumerate(arguments):
        if argument == "--catalog" and position + 1 < len(arguments):
            return [*arguments[position : position + 2], *arguments[:position], *arguments[position + 2 :]]
        if argument.startswith("--catalog="):
            return [argument, *arguments[:position], *arguments[position + 1 :]]
    return arguments
