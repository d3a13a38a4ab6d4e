"""`motcua measures`: the daily measures."""

from __future__ import annotations

from typing import Annotated

import typer

from motcua.cli.console import output, print_table, ready_databases

app = typer.Typer(help="The daily measures.", no_args_is_help=True)


@app.command()
def rebuild(
    check: Annotated[
        bool, typer.Option("--check", help="Only compare and write nothing; exit code 1 on a difference.")
    ] = False,
) -> None:
    """Recompute every measure from the current versions, and show the cells that were wrong."""
    from motcua.aggregate import check_measures, rebuild_measures

    ready_databases()
    if check:
        check_measures()
        output.print("The increments equal a recomputation from the current versions.")
        return
    differences = rebuild_measures()
    output.print(f"Measures rebuilt; {len(differences)} cells were wrong.")
    if differences:
        print_table(
            "Cells that were wrong (the first 50)",
            ["unit", "day", "measure", "procedure", "incremental", "recomputed"],
            [
                (cell.unit_id, cell.on_day, cell.measure, cell.procedure_code, cell.incremental, cell.recomputed)
                for cell in differences[:50]
            ],
        )
