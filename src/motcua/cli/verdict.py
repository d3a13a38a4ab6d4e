"""The verdict of `motcua sources check` on one screen."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rich.markup import escape

from motcua.catalog import Source
from motcua.cli.console import output, print_table

if TYPE_CHECKING:  # the stages load pyarrow
    from motcua.extract import SourceCheck
    from motcua.extract.onboarding.profile import KeySeen
    from motcua.validate import RuleShare


_COVERS = {
    "register": "Every row is a dossier of each pull, and there are no others: carried-over counts follow from it.",
    "period": "What was open before the days asked for is not known: carried over, and every count that sums from it,"
    " is a dash, and no report is final. If the files hold every dossier of the unit, write `covers: register`.",
}


def print_verdict(source: Source, check: SourceCheck, shares: list[RuleShare], first: date, last: date) -> None:
    """Print what a source returned, what could be read, and what the rules would find."""
    declared = "no total" if check.declared_total is None else f"{check.declared_total:,}"
    dispositions = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in check.dispositions.items())
    output.print(
        f"{source.source_id}, {first} to {last}: {check.rows:,} rows, the source declared {declared}. {dispositions}."
    )
    if check.declared_total not in (None, check.rows):
        output.print("[red]The declared total differs from the number of rows:[/red] a pull would fail here.")
    print_table(
        "Fields mapped",
        ["key of the source", "field", "with a value", "values"],
        [
            (key, ", ".join(seen.feeds), _share(seen.rows, check.rows), _value_kinds(seen))
            for key, seen in check.keys.items()
        ],
    )
    lists = {key: seen.words for key, seen in check.keys.items() if seen.words}
    if lists:
        print_table(
            "Code lists",
            ["key", "word = code (rows)"],
            [
                (key, ", ".join(f"{word} = {code or 'UNKNOWN'} ({rows})" for word, (code, rows) in words.items()))
                for key, words in lists.items()
            ],
        )
    _list("Units", {name: unit or "UNKNOWN" for name, (unit, _) in check.units.items()})
    others = check.procedures.get(check.otherwise or "", (True, 0))[1]
    _list(
        "Procedures not in the catalogue",
        {code: "" for code, (known, _) in check.procedures.items() if not known and code != check.otherwise},
    )
    if others:
        output.print(
            f"Procedures: {others:,} rows name none that is known and get {check.otherwise}, the `otherwise` of the"
            " mapping. They count, but their time limit cannot be checked. Add their names to procedures/aliases.csv"
            " (name,code,evidence), or leave it so.",
            markup=False,
            highlight=False,
        )
    _list("Missing or always empty", dict.fromkeys(check.missing, ""))
    _list("Unmapped, dropped", dict.fromkeys(check.unclassified, ""))
    for finding in check.key_findings:
        output.print(f"[red]Keys:[/red] {escape(finding)}", highlight=False)
    for finding in check.day_findings:
        output.print(f"[red]Days:[/red] {escape(finding)}", highlight=False)
    if check.issues:
        print_table("Values that could not be read", ["field and problem", "rows"], list(check.issues.items()))
    if shares:
        print_table(
            f"What the rules would find in {check.records.num_rows:,} records",
            ["rule", "severity", "share", "reason"],
            [(share.rule_id, share.severity, f"{share.failed_pct:.1f} %", share.reason) for share in shares],
        )
    for warning in check.warnings:
        output.print(f"Files: {warning}", markup=False, highlight=False)
    if check.covers:
        output.print(f"Covers: {check.covers}. {_COVERS[check.covers]}", markup=False)
    output.print(_verdict(source, check))


def _verdict(source: Source, check: SourceCheck) -> str:
    if not check.rows:
        return "Verdict: no rows; try a window with dossiers."
    if check.is_understood:
        return "Verdict: everything could be read."
    if not (check.unclassified or check.key_findings or check.day_findings):
        return (
            f"Verdict: not everything could be read; correct mappings/{source.mapping}.yaml of the catalogue where it"
            " misreads a value. Where the source itself is wrong, have the office correct it: nothing is left to do"
            " here, and the exit code stays 1. `motcua ingest` takes what could be read and sets the rest aside."
        )
    return f"Verdict: not everything could be read; correct mappings/{source.mapping}.yaml of the catalogue."


def _share(rows: int, of: int) -> str:
    return f"{100 * rows / of:.1f} %" if of else ""


def _value_kinds(seen: KeySeen) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in (seen.formats or seen.kinds).most_common())


def _list(title: str, entries: dict[str, str]) -> None:
    if entries:
        text = ", ".join(f"{name} = {meaning}" if meaning else name for name, meaning in entries.items())
        output.print(f"{title}: {text}", markup=False, highlight=False)
