"""`motcua ingest`: runs the stages of a night at a terminal, for all or some sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from motcua import ledger
from motcua.cli.console import catalog, errors, output, print_table, ready_databases
from motcua.errors import ConfigurationError
from motcua.settings import TIMEZONE

if TYPE_CHECKING:
    from motcua.extract.wire.connection import Resolve


def ingest(
    source: Annotated[list[str] | None, typer.Option(help="Source id; may be repeated. Default: every source.")] = None,
    from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    to: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day. Default: yesterday.")
    ] = None,
    accept_shrink: Annotated[
        bool,
        typer.Option(
            "--accept-shrink",
            help="Accept an answer with fewer dossiers than the guards allow. What a register lacks is withdrawn.",
        ),
    ] = False,
    accept_changes: Annotated[
        bool,
        typer.Option(
            "--accept-changes",
            help="Accept keys that come back with other content as the same dossiers, and files gone back in time.",
        ),
    ] = False,
    opening: Annotated[
        bool,
        typer.Option("--opening", help="Also take what was open before the first day, as a first pull does."),
    ] = False,
) -> None:
    """Pull, validate and consolidate sources and update the measures, as the nightly DAGs do."""
    from motcua.aggregate import build_measures
    from motcua.extract import connection_from_environment

    now = datetime.now(ZoneInfo(TIMEZONE))
    day = to.date() if to else now.date() - timedelta(days=1)
    window = _window(from_.date() if from_ else None, day)
    ready_databases()
    run_id = ledger.new_run_id("cli", now)
    chunks = ledger.plan_run(
        catalog(),
        run_id,
        day,
        window=window,
        source_ids=source or (),
        accept_shrink=accept_shrink,
        accept_changes=accept_changes,
        is_opening=opening or None,
    )
    with errors.status("starting") as progress:
        unanswered = load(chunks, connection_from_environment, progress.update)
        progress.update("aggregate")
        build_measures()
        if unanswered:
            unanswered_chunks = ledger.in_chunks(unanswered)
            load(unanswered_chunks, connection_from_environment, progress.update, is_patient=True)
            progress.update("aggregate")
            build_measures()
    batches = ledger.read_run(run_id)
    print_table(
        f"Run {run_id}",
        [
            "source",
            "state",
            "pulled",
            "new",
            "changed",
            "unchanged",
            "stale",
            "duplicate",
            "quarantined",
            "out of window",
        ],
        [
            (
                batch.source_id,
                batch.state,
                batch.pulled_count,
                batch.new_count,
                batch.changed_count,
                batch.unchanged_count,
                batch.stale_count,
                batch.duplicate_count,
                batch.quarantined_count,
                batch.out_of_window_count,
            )
            for batch in batches
        ],
    )
    tell_warnings(batches)
    unloaded = [batch for batch in batches if batch.state != "loaded"]
    for batch in unloaded:
        errors.print(f"{batch.source_id}: {batch.state} in {batch.failed_stage}: {batch.error_message}", markup=False)
    output.print(f"{len(batches) - len(unloaded)} of {len(batches)} sources loaded.")
    if unloaded:
        raise typer.Exit(1)


def tell_warnings(batches: Sequence[ledger.Batch]) -> None:
    """Print what an engineer should know of pulls that succeeded, such as a file that ends what its source says."""
    from motcua.landing import read_manifest

    for batch in batches:
        if batch.state == "loaded":
            for warning in read_manifest(batch.landing_uri).get("warnings", ()):
                errors.print(f"{batch.source_id}: {warning}", markup=False)


def load(
    chunks: Sequence[Sequence[str]], resolve: Resolve, show_progress: Callable[[str], None], *, is_patient: bool = False
) -> list[str]:
    """Extract, validate and consolidate chunks. Return the batches whose source did not answer.

    What is ready while other sources of its chunk are still being pulled goes on as far as the measures.
    These are to be tried again with patience after the other batches are in the store.
    """
    from motcua.aggregate import build_measures
    from motcua.consolidate import consolidate_batches
    from motcua.extract import extract_batches
    from motcua.validate import validate_batches

    def go_on(batch_ids: list[str]) -> None:
        validate_batches(batch_ids)
        consolidate_batches(batch_ids)
        build_measures()

    unanswered: list[str] = []
    suffix = ", second attempt" if is_patient else ""
    for number, chunk in enumerate(chunks, start=1):
        progress = f"chunk {number} of {len(chunks)}{suffix}"
        show_progress(f"extract, {progress}")
        unanswered += extract_batches(chunk, resolve, is_patient=is_patient, go_on=go_on).unanswered
        show_progress(f"validate, {progress}")
        validate_batches(chunk)
        show_progress(f"consolidate, {progress}")
        consolidate_batches(chunk)
    return unanswered


def _window(from_date: date | None, to_date: date) -> tuple[date, date] | None:
    if from_date is None:
        return None
    if to_date < from_date:
        raise ConfigurationError(f"--to {to_date} is before --from {from_date}.", action="swap them.")
    return from_date, to_date
