"""`motcua demo`: one month of one province from the one-stop systems to the report, on real services."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    scenario: Annotated[
        str,
        typer.Option(help="tra-vinh-2023-10, tra-vinh-2023, vinh-phuc-2020, tien-giang-2020-h1 or vinh-long-2025-07."),
    ] = "tra-vinh-2023-10",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the services running at the end.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop the services that an earlier --keep left running.")
    ] = False,
) -> None:
    """Run three nights, publish a provisional and a final report, and compare the figures with the published ones."""
    from motcua.demo.run import run_demo, stop_demo

    if stop:
        stop_demo(scenario)
    elif not run_demo(scenario, keep=keep):
        raise typer.Exit(1)
