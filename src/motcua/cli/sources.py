"""`motcua sources`: what the catalogue asks, and whether it answers."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from motcua import ledger
from motcua.cli.console import catalog, errors, print_json, print_table, ready_databases
from motcua.cli.onboarding import new
from motcua.cli.verdict import print_verdict
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
        and (not province or found.belongs_to(source.unit_id, province))
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
    from motcua.extract import NO_CONNECTION, check_source, connection_from_environment
    from motcua.validate import judge_sample

    found_catalog = catalog()
    source = found_catalog.source_by_id.get(source_id)
    if source is None:
        raise ConfigurationError(
            f"There is no source {source_id!r}.", action="list the ids with `motcua sources list`."
        )
    ready_databases()
    last = to.date() if to else datetime.now(ZoneInfo(TIMEZONE)).date() - timedelta(days=1)
    first = from_.date() if from_ else last - timedelta(days=6)
    with errors.status(f"asking {source_id} for {first} to {last}"):
        connection = connection_from_environment(source.connection_id) if source.connection_id else NO_CONNECTION
        found = check_source(source, connection, first, last, found_catalog)
        shares = judge_sample(found.records, source_id, last, found_catalog)
    print_verdict(source, found, shares, first, last)
    if not found.is_understood:
        raise typer.Exit(1)


app.command("new")(new)


@app.command()
def drift(
    source_id: Annotated[str | None, typer.Argument(help="Default: every source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 100,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show what sources sent that differs from what was known of them, and how it was handled."""
    ready_databases()
    findings = ledger.drift(source_id, limit)
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
        return
    print_table(
        "Contract drift",
        ["source", "kind", "name", "detail", "handling", "found"],
        [
            (one.source_id, one.kind, one.name, one.detail, one.handling, f"{one.found_at:%Y-%m-%d %H:%M}")
            for one in findings
        ],
    )


@app.command()
def absences(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show the sources that no longer show every dossier the store knows of them."""
    ready_databases()
    found = ledger.absences()
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    print_table(
        "Dossiers that sources no longer show",
        ["source", "unconfirmed", "since", "deleted with proof"],
        [(one.source_id, one.unconfirmed_count, one.unconfirmed_since, one.tombstoned_count) for one in found],
    )
