"""`motcua sources`: the sources of the catalogue, and whether they answer."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from motcua import ledger
from motcua.canonical import KINDS
from motcua.catalog import Catalog, Source
from motcua.catalog.record_sources import every_source
from motcua.cli.console import catalog, errors, output, print_json, print_table, ready_databases
from motcua.cli.onboarding import new
from motcua.cli.reasons import reasons
from motcua.cli.verdict import print_verdict
from motcua.errors import ConfigurationError
from motcua.settings import TIMEZONE, Settings

app = typer.Typer(help="The one-stop systems in the catalogue.", no_args_is_help=True)


@app.command("list")
def list_(
    level: Annotated[str | None, typer.Option(help="province, district or commune.")] = None,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only sources in force on this day.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the sources, and the last day for which each has answered."""
    ready_databases()
    answers = ledger.last_answers()
    the_catalog = catalog()
    day, province = on.date() if on else None, Settings.load().province
    sources = the_catalog.sources_on(day, level=level, province=province, among=every_source(the_catalog))
    if as_json:
        print_json([source.model_dump(mode="json") for source in sources])
        return
    print_table(
        "Sources",
        ["source", "name", "records", "level", "adapter", "connection", "in force", "answered until", "last state"],
        [
            (
                source.source_id,
                source.name,
                KINDS[source.record_kind].en,
                source.level,
                source.adapter,
                source.connection_id,
                f"{source.valid_from}..{source.valid_to or ''}",
                answers[source.source_id].covered_until if source.source_id in answers else None,
                answers[source.source_id].last_state if source.source_id in answers else "never pulled",
            )
            for source in sources
        ],
    )


@app.command()
def coverage(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show from which day each source is known, and how far back its opening asked."""
    ready_databases()
    runs = ledger.coverage()
    if as_json:
        print_json([run.as_json() for run in runs])
        return
    print_table(
        "Coverage",
        ["source", "receptions from", "closings from", "stock from", "until", "asked back to", "ended by"],
        [
            (
                run.source_id,
                *(_since(day) for day in (run.receptions_from, run.closings_from, run.stock_from)),
                run.covered_until,
                run.opening_asked_from,
                run.opening_ended_by,
            )
            for run in runs
        ],
    )


def _since(day: date | None) -> str:
    if day is None:
        return "not known"
    return "the beginning" if day == ledger.EVERY_DAY else str(day)


@app.command()
def check(
    source_id: str,
    from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Default: 7 days.")] = None,
    to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Default: yesterday.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Only the verdict and its reasons.")] = False,
) -> None:
    """Connect to a source, pull a small window, store nothing, and show what could be read.

    Exit code 0: it would be taken in whole, and a report of it could be final. 1: not so, with the reasons.
    """
    from motcua.extract import NO_CONNECTION, check_source, connection_from_environment
    from motcua.validate import held_for, judge_sample

    the_catalog = catalog()
    source = _source(the_catalog, source_id)
    ready_databases()
    last = to.date() if to else datetime.now(ZoneInfo(TIMEZONE)).date() - timedelta(days=1)
    first = from_.date() if from_ else last - timedelta(days=6)
    with errors.status(f"pulling {source_id}, {first} to {last}"):
        connection = connection_from_environment(source.connection_id) if source.connection_id else NO_CONNECTION
        result = check_source(source, connection, first, last, the_catalog)
        shares = judge_sample(result.records, source_id, last, the_catalog)
        held = held_for(shares, result.records.num_rows)
    found = reasons(source, result, shares, held, last)
    if as_json:
        print_json(
            {
                "source_id": source_id,
                "from": first,
                "to": last,
                "rows": result.rows,
                "dispositions": result.dispositions,
                "would_be_taken_whole": not found,
                "reasons": [dataclasses.asdict(reason) for reason in found],
                "unknown_procedures": result.unknown_procedures,
                "answers_until": result.coverage.until,
                "register_from": result.coverage.register_from,
            }
        )
    else:
        print_verdict(source, result, shares, found, first, last)
    if found:
        raise typer.Exit(1)


def _source(the_catalog: Catalog, source_id: str) -> Source:
    source = the_catalog.source_by_id.get(source_id)
    if source is None:
        raise ConfigurationError(
            f"There is no source {source_id!r}.", action="list the ids with `motcua sources list`."
        )
    return source


app.command("new")(new)


@app.command()
def renumbered(
    source_id: str,
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day of the new numbers.")],
    with_known: Annotated[
        bool, typer.Option("--with-known", help="Dossiers of those days that the store has are new ones too.")
    ] = False,
) -> None:
    """Say that the numbers of a register began again: what was received since that day are other dossiers."""
    from motcua.extract.records.mapping import mapping_of
    from motcua.extract.source_keys import note_numbering

    the_catalog = catalog()
    source = _source(the_catalog, source_id)
    if since.date() > datetime.now(ZoneInfo(TIMEZONE)).date():
        raise ConfigurationError(f"--since {since:%Y-%m-%d} is a day to come.", action="say it when it has begun.")
    ready_databases()
    mapping = mapping_of(the_catalog.folder, source)
    known = note_numbering(source, mapping, since.date(), with_known=with_known)
    told = f" {known} dossiers in the store take a new key when their record comes back." if known else ""
    output.print(
        f"{source_id}: numbers of dossiers received since {since:%Y-%m-%d} are new ones; those of before stay as they"
        f" are.{told} Next: `motcua ingest --source {source_id}`.",
        soft_wrap=True,
    )


@app.command()
def drift(
    source_id: Annotated[str | None, typer.Argument(help="Default: every source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most findings to show, the newest first.")] = 100,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show differences between what sources sent and their known contract, and how they were handled."""
    ready_databases()
    findings = ledger.drift(source_id, limit)
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
        return
    print_table(
        "Contract drift",
        ["source", "kind", "name", "detail", "handling", "found"],
        [
            (
                finding.source_id,
                finding.kind,
                finding.name,
                finding.detail,
                finding.handling,
                f"{finding.found_at:%Y-%m-%d %H:%M}",
            )
            for finding in findings
        ],
    )


@app.command()
def absences(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show the sources that no longer return every dossier that the store has of them."""
    ready_databases()
    rows = ledger.absences()
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
        return
    print_table(
        "Dossiers that sources no longer return",
        ["source", "unconfirmed", "since", "deleted with proof"],
        [(row.source_id, row.unconfirmed_count, row.unconfirmed_since, row.tombstoned_count) for row in rows],
    )
