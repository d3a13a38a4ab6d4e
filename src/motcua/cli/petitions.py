"""`motcua petitions`: petitions of citizens, from dropped tables."""

from __future__ import annotations

from typing import Annotated

import typer

from motcua.cli.console import errors, output, ready_databases

app = typer.Typer(help="Petitions (phản ánh, kiến nghị).", no_args_is_help=True)


@app.command()
def ingest(
    source: Annotated[list[str] | None, typer.Option(help="Only this source of petitions; may be repeated.")] = None,
) -> None:
    """Take in the tables that `petitions/*.yaml` of the catalogue names; exit code 1 when a row was refused."""
    from motcua.extract.petitions import take_petitions

    ready_databases()
    outcomes = take_petitions(tuple(source or ()))
    if not outcomes:
        output.print("The catalogue has no source of petitions (docs/how-to/take-in-petitions.md).")
    for outcome in outcomes:
        output.print(f"{outcome.source_id}: {outcome.taken_count} of {outcome.row_count} rows taken in.")
        for reason in outcome.refused:
            errors.print(f"  {reason}", markup=False, soft_wrap=True)
    if any(outcome.refused for outcome in outcomes):
        raise typer.Exit(1)
