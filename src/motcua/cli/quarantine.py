"""`motcua quarantine`: the records that were set aside, and the reasons."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from motcua.cli.console import output, print_json, print_table, ready_databases

app = typer.Typer(help="The records that were set aside, and the reasons.", no_args_is_help=True)


@app.command("list")
def list_(
    source: Annotated[str | None, typer.Option(help="Only this source id.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only records that broke this rule, for example V7.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Include records that were accepted or set aside again later.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="The most records to list, the newest first.")] = 100,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the records that are still set aside, the newest first."""
    from motcua.validate import list_quarantine

    ready_databases()
    entries = list_quarantine(source, rule, not everything, limit)
    if as_json:
        print_json([dataclasses.asdict(entry) for entry in entries])
        return
    print_table(
        "Records set aside",
        ["id", "source", "record", "rules", "status", "since"],
        [
            (
                str(entry.quarantine_id),
                entry.source_id,
                f"{entry.agency_code}/{entry.record_id or ''}",
                ", ".join(entry.rule_ids),
                entry.status,
                f"{entry.set_aside_at:%Y-%m-%d %H:%M}",
            )
            for entry in entries
        ],
    )
    output.print("Show one with `motcua quarantine show ID`.")


@app.command()
def show(quarantine_id: int, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show one record: every rule that it broke, and the values from the source without personal data."""
    from motcua.validate import show_quarantine

    ready_databases()
    entry = show_quarantine(quarantine_id)
    if as_json:
        print_json(dataclasses.asdict(entry))
        return
    print_table(
        f"Record {entry.quarantine_id} of source {entry.source_id}, batch {entry.batch_id}: {entry.status}",
        ["rule", "severity", "field", "value", "reason", "legal source"],
        [
            (rule.rule_id, rule.severity, rule.field, rule.value, rule.reason, rule.legal_source)
            for rule in entry.broken_rules
        ],
    )
    print_table(
        "Values from the source",
        ["field", "value"],
        [(field, str(value)) for field, value in entry.record.items() if value is not None],
    )
    output.print(
        "What to do: ask for a correction of the record at its source; the next pull of its window loads it."
        " `motcua ingest --source ... --from ... --to ...` pulls it now. If the mapping or the catalogue was wrong,"
        " correct it and run `motcua replay --source ...`."
    )
