"""`motcua petitions`: petitions of citizens, from dropped tables, through the stages of the dossiers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from motcua import ledger
from motcua.catalog.record_sources import sources_of
from motcua.cli.console import catalog, errors, output, ready_databases
from motcua.cli.ingest import load, tell_warnings
from motcua.settings import TIMEZONE

SHOWN = 50  # rows set aside that are told one by one

app = typer.Typer(help="Petitions (phản ánh, kiến nghị).", no_args_is_help=True)


@app.command()
def ingest(
    source: Annotated[list[str] | None, typer.Option(help="Only this source of petitions; may be repeated.")] = None,
    accept_changes: Annotated[bool, typer.Option("--accept-changes", help="Accept files gone back in time.")] = False,
) -> None:
    """Take in the tables that `petitions/*.yaml` of the catalogue names; exit code 1 when one or a row is refused."""
    from motcua.extract import connection_from_environment

    ready_databases()
    if not sources_of(catalog(), "petition"):
        output.print("The catalogue has no source of petitions (docs/how-to/take-in-petitions.md).")
        return
    now = datetime.now(ZoneInfo(TIMEZONE))
    run_id = ledger.new_run_id("cli-petitions", now)
    chunks = ledger.plan_run(
        catalog(),
        run_id,
        now.date() - timedelta(days=1),
        record_kind="petition",
        source_ids=source or (),
        accept_changes=accept_changes,
    )
    with errors.status("starting") as progress:
        load(chunks, connection_from_environment, progress.update, is_patient=True)
    batches = ledger.read_run(run_id)
    tell_warnings(batches)
    results = [_tell(batch) for batch in batches]
    if not all(results):
        raise typer.Exit(1)


def _tell(batch: ledger.Batch) -> bool:
    """Print what became of a source's rows; return whether all were taken in."""
    from motcua.validate import list_quarantine, show_quarantine

    if batch.state != "loaded":
        errors.print(f"{batch.source_id}: {batch.state} in {batch.failed_stage}: {batch.error_message}", markup=False)
        return False
    rows, aside = batch.pulled_count or 0, batch.quarantined_count or 0
    output.print(f"{batch.source_id}: {rows - aside} of {rows} rows taken in, for the days until {batch.window_to}.")
    entries = list_quarantine(batch_id=batch.batch_id, only_open=False, limit=SHOWN)
    for entry in entries[::-1]:
        place = show_quarantine(entry.quarantine_id).record["place"]
        told = " ".join(f"{rule.reason} ({rule.rule_id})" for rule in entry.broken_rules if rule.severity == "critical")
        errors.print(f"  {place}: {told}", markup=False, soft_wrap=True)
    if aside > len(entries):
        errors.print(f"  and {aside - len(entries)} more: motcua quarantine list --source {batch.source_id}")
    return not aside
