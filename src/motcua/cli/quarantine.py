"""`motcua quarantine`: the records that were set aside, and the reasons."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from motcua.catalog.finality import load_waivers
from motcua.cli.console import catalog, output, print_json, print_table, ready_databases
from motcua.settings import Settings

if TYPE_CHECKING:
    from motcua.validate import QuarantineDetail

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
                entry.named,
                ", ".join(entry.rule_ids),
                entry.status,
                f"{entry.set_aside_at:%Y-%m-%d %H:%M}",
            )
            for entry in entries
        ],
    )
    output.print("Show one with `motcua quarantine show ID`.")
    print_idle_waivers("en")


@app.command()
def show(quarantine_id: int, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Show one record: every rule that it broke, and the values from the source without personal data."""
    from motcua.validate import show_quarantine

    ready_databases()
    entry = show_quarantine(quarantine_id)
    if as_json:
        cells = [dict(zip(("field", "column", "value"), cell, strict=True)) for cell in _as_sent(entry)]
        print_json(dataclasses.asdict(entry) | {"not_read": cells})
        return
    print_table(
        f"Record {entry.quarantine_id} of source {entry.source_id}, batch {entry.batch_id}: {entry.status}",
        ["rule", "severity", "field", "value", "reason", "legal source"],
        [
            (rule.rule_id, rule.severity, rule.field, rule.value, rule.reason, rule.legal_source)
            for rule in entry.broken_rules
        ],
    )
    if entry.place is not None:
        saved = f", saved {entry.place.saved}" if entry.place.saved else ""
        output.print(f"It stands in {entry.place}{saved}.", highlight=False, markup=False, soft_wrap=True)
    sent = _as_sent(entry)
    if sent:
        print_table("Cells that were not read", ["field", "column", "what stands there"], sent)
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
    if entry.status == "open" and entry.record_kind == "dossier" and (entry.record_id or entry.place):
        output.print(
            f"What its unit can never correct is waived by an entry of waivers.yaml: {_waiver(entry)}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def _as_sent(entry: QuarantineDetail) -> list[tuple[str, str, str]]:
    """Return the field, the column and the cell of each value of a record that was not read, as far as landing has it.

    What may be of a person is kept by nobody: `[masked]`.
    """
    from motcua.canonical import DOSSIER
    from motcua.extract import unread_values

    if entry.record_kind != DOSSIER.name:
        return []
    fields = [issue.split(":")[0] for issue in (entry.record.get("mapping_issues") or "").split("; ") if issue]
    return unread_values(catalog(), entry.source_id, entry.batch_id, entry.record.get("record_no"), fields)


def _waiver(entry: QuarantineDetail) -> str:
    """Return the waiver of a record, for a person to complete."""
    place = entry.place if entry.record_id is None else None
    named: dict[str, object] = {"source_id": entry.source_id, "agency_code": entry.agency_code}
    if place is None:
        named["record_id"] = entry.record_id
    else:
        named |= {"file": place.file, **({"sheet": place.sheet} if place.sheet else {}), "row": place.row}
        named |= {"saved": place.saved} if place.saved else {}
    named["rules"] = list(entry.grounds)
    known = ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in named.items())
    return f"{{{known}, reason: ..., person: ..., day: YYYY-MM-DD}}"


def print_idle_waivers(lang: Literal["vi", "en"]) -> None:
    """Name each waiver of the catalogue that covers no record that is set aside."""
    from motcua.validate import idle_waivers

    for told in idle_waivers(load_waivers(Settings.load().catalog_dir)):
        output.print(getattr(told, lang), highlight=False, markup=False, soft_wrap=True)
