"""`motcua receive`: receives messages of the portal's sync that local systems post to us."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from motcua.cli.console import catalog, output, ready_databases
from motcua.settings import TIMEZONE, Settings

MEGABYTE = 1 << 20


def receive(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 uses a free port and prints it.")] = 8600,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    certificate: Annotated[Path | None, typer.Option(help="PEM file of the server's certificate, for TLS.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file of its key.")] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A proxy ends TLS: listen without TLS on any address.")
    ] = False,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Use the sources in force on this day. Default: today."),
    ] = None,
    max_megabytes: Annotated[int, typer.Option(min=1, max=256, help="The largest accepted message.")] = 16,
) -> None:
    """Receive batches that local systems post with the national portal's sync protocol, for the nightly pull."""
    from motcua.extract import connection_from_environment
    from motcua.extract.reception.app import serve
    from motcua.extract.reception.take_in import Reception
    from motcua.extract.records.privacy import pseudonymiser

    ready_databases()

    def today() -> date:
        return on.date() if on else datetime.now(ZoneInfo(TIMEZONE)).date()

    pseudonymise = pseudonymiser(Settings.load().hmac_keys())
    reception = Reception(catalog(), connection_from_environment, pseudonymise, today=today)

    def ready(url: str) -> None:
        output.print(f"reception ready on {url} for {len(reception.source_ids)} sources", highlight=False)
        output.file.flush()

    serve(
        reception,
        host,
        port,
        most_bytes=max_megabytes * MEGABYTE,
        certificate=certificate,
        key=key,
        behind_proxy=behind_proxy,
        ready=ready,
    )
