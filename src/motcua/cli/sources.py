"""`motcua sources`: what the catalogue asks, and whether it answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from motcua import ledger
from motcua.cli.console import catalog, errors, output, print_json, print_table, ready_databases
from motcua.errors import ConfigurationError
from motcua.settings import TIMEZONE, Settings

app = typer.Typer(help="The one-stop systems in the catalogue.", no_args_is_help=True)


@app.command("list")
def list_(
    level: Annotated[str | None, typer.Option(help="province, district or commune.")] = None,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only those in force on this day.")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the sources, and how far each has answered."""
    ready_databases()
    covered = ledger.last_answers()
    found = catalog()
    province = Settings.load().province
    sources = [
        source
        for source in found.sources
        if (level is None or source.level == level)
        and (on is None or source.holds_on(on.date()))
        and (not province or found.province_of(source.unit_id).code == province)
    ]
    if as_json:
        print_json([source.model_dump(mode="json") for source in sources])
        return
    print_table(
        "Sources",
        ["source", "name", "level", "adapter", "connection", "in force", "answered until", "last state"],
        [
            (
                source.source_id,
                source.name,
                source.level,
                source.adapter,
                source.connection_id,
                f"{source.valid_from}..{source.valid_to or ''}",
                covered[source.source_id].covered_until if source.source_id in covered else None,
                covered[source.source_id].last_state if source.source_id in covered else "never asked",
            )
            for source in sources
        ],
    )


@app.command()
def check(
    source_id: str,
    from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Default: 7 days.")] = None,
    to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Default: yesterday.")] = None,
) -> None:
    """Connect to a source, pull a small window, keep nothing, and say what was understood."""
    from motcua.extract import check_source, connection_from_environment

    source = catalog().source_by_id.get(source_id)
    if source is None:
        raise ConfigurationError(
            f"There is no source {source_id!r}.", action="list the ids with `motcua sources list`."
        )
    last = to.date() if to else datetime.now(ZoneInfo(TIMEZONE)).date() - timedelta(days=1)
    first = from_.date() if from_ else last - timedelta(days=6)
    with errors.status(f"asking {source_id} for {first} to {last}"):
        found = check_source(source, connection_from_environment(source.connection_id), first, last)
    declared = "no total" if found.declared_total is None else f"{found.declared_total:,}"
    output.print(f"{source_id}, {first} to {last}: {found.rows:,} rows, the source declared {declared}.")
    print_table("What would become of them", ["disposition", "rows"], list(found.dispositions.items()))
    print_table(
        "Canonical fields",
        ["field", "rows with a value", "share"],
        [
            (name, count, f"{100 * count / found.rows:.1f} %" if found.rows else "")
            for name, count in found.filled.items()
        ],
    )
    if found.issues:
        print_table("Values not understood", ["field and complaint", "rows"], list(found.issues.items()))
    if found.unclassified:
        output.print(f"Unknown keys, dropped: {', '.join(found.unclassified)}", markup=False)
    if found.is_understood:
        output.print("Verdict: everything it sends is understood.")
        return
    output.print(
        "Verdict: no rows; try a window in which it had dossiers."
        if not found.rows
        else f"Verdict: not everything is understood; correct include/catalog/mappings/{source.mapping}.yaml."
    )
    raise typer.Exit(1)
