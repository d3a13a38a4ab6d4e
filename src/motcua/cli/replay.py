"""`motcua replay`: reads again what was landed, after a correction of a mapping or of the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from motcua import ledger
from motcua.catalog import Source
from motcua.catalog.record_sources import every_source
from motcua.cli.console import catalog, errors, output, print_table, ready_databases
from motcua.errors import ConfigurationError, MotcuaError
from motcua.settings import TIMEZONE

if TYPE_CHECKING:  # the stages load pyarrow
    from motcua.extract.replay import Replay
    from motcua.validate import QuarantineEntry

EVERY = 1_000_000


def replay(
    source: Annotated[list[str] | None, typer.Option(help="Source id; may be repeated. Default: every source.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many records that were set aside to list.")] = 20,
) -> None:
    """Judge what was landed again, after a correction of a mapping or of the catalogue. No source is asked.

    What was set aside and breaks no rule now goes into the store, and changed readings reach the dossiers that are
    there. A replay never changes what a later pull said. Ends with exit code 1 when a source cannot be read again, or a
    batch is held or fails.
    """
    from motcua.aggregate import build_measures
    from motcua.consolidate import consolidate_batches
    from motcua.extract.replay import note_read_again, read_again
    from motcua.validate import validate_batches

    sources = _sources(source or ())
    ready_databases()
    run_id = ledger.new_run_id("replay", datetime.now(ZoneInfo(TIMEZONE)))
    before = {one.source_id: _open(one) for one in sources}
    ledger.take_units(catalog())  # those that a corrected entry names may be new to the store
    since, read = ledger.read_again_since(), []
    replays: list[Replay] = []
    is_failed = False
    with errors.status("reading again") as progress:
        for number, one in enumerate(sources, start=1):
            progress.update(f"{one.source_id}, {number} of {len(sources)}")
            try:
                replays += read_again(one, run_id)
                read.append(one)
            except MotcuaError as error:
                is_failed = True
                errors.print(f"{one.source_id}: {error}", markup=False)
        for chunk in ledger.in_chunks([one.batch_id for one in replays]):
            progress.update("validate and consolidate")
            validate_batches(chunk)
            consolidate_batches(chunk)
        progress.update("aggregate")
        build_measures()
    batches = ledger.read_batches([one.batch_id for one in replays])
    print_table(f"Run {run_id}", _HEADINGS, _by_source(replays, batches))
    settled = list(_verdicts(before))
    if settled[:limit]:
        print_table("Records that were set aside", ["record", "broke", "now"], settled[:limit])
    accepted = sum(now == "accepted" for _, _, now in settled)
    output.print(f"{accepted} of {len(settled)} records that were set aside are accepted now.")
    for batch in batches:
        if batch.state != "loaded":
            is_failed = True
            errors.print(
                f"{batch.source_id}: {batch.state} in {batch.failed_stage}: {batch.error_message}", markup=False
            )
    note_read_again(read, batches, since)
    if is_failed:
        raise typer.Exit(1)


_HEADINGS = [
    "source", "pulls", "rows landed", "judged again", "shown later", "no records", "new", "changed", "unchanged",
    "stale", "duplicate", "set aside",
]  # fmt: skip


def _by_source(replays: Sequence[Replay], batches: Sequence[ledger.Batch]) -> Iterator[tuple[object, ...]]:
    """Yield a row a source: what became of every row that its pulls landed."""
    counts: dict[str, Counter[str]] = {}
    for one, batch in zip(replays, batches, strict=True):
        count = counts.setdefault(batch.source_id, Counter())
        count["pulls"] += 1
        for name in ("landed", "read_again", "shown_later", "not_records"):
            count[name] += getattr(one, name)
        for name in ("new", "changed", "unchanged", "stale", "duplicate", "quarantined"):
            count[name] += getattr(batch, f"{name}_count") or 0
    for source_id, count in sorted(counts.items()):
        names = ("pulls", "landed", "read_again", "shown_later", "not_records")
        fates = ("new", "changed", "unchanged", "stale", "duplicate", "quarantined")
        yield (source_id, *(count[name] for name in (*names, *fates)))


def _verdicts(before: dict[str, list[QuarantineEntry]]) -> Iterator[tuple[str, str, str]]:
    """Yield each record that was set aside, the rules it broke, and its verdict now."""
    from motcua.validate import list_quarantine

    for source_id, entries in before.items():
        if not entries:
            continue
        now = {one.quarantine_id: one for one in list_quarantine(source_id, only_open=False, limit=EVERY)}
        newest = {_key(one): one for one in sorted(now.values(), key=lambda one: one.quarantine_id)}
        for entry in entries:
            status = now[entry.quarantine_id].status
            rules = ", ".join(newest[_key(entry)].rule_ids if entry.record_id else entry.rule_ids)
            verdict = "accepted" if status == "accepted" else f"breaks {rules}"
            if status == "superseded" and entry.record_id is None:  # what has no key cannot be followed
                verdict = "read again"
            said = f"{entry.agency_code}/{entry.record_id or 'without a key'}"
            yield f"{source_id} {said}", ", ".join(entry.rule_ids), verdict


def _key(entry: QuarantineEntry) -> tuple[str, str, str | None]:
    return entry.system_code, entry.agency_code, entry.record_id


def _open(source: Source) -> list[QuarantineEntry]:
    from motcua.validate import list_quarantine

    return list_quarantine(source.source_id, limit=EVERY)


def _sources(wanted: Sequence[str]) -> list[Source]:
    known = {source.source_id: source for source in every_source(catalog())}
    if unknown := sorted(set(wanted) - known.keys()):
        raise ConfigurationError(
            f"There is no source {', '.join(unknown)}.", action="list the ids with `motcua sources list`."
        )
    return [known[source_id] for source_id in wanted] if wanted else list(known.values())
