"""The verdict of `motcua sources check` on one screen."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rich.markup import escape

from motcua.catalog import Source
from motcua.cli.console import output, print_table
from motcua.cli.reasons import Reason

if TYPE_CHECKING:  # the stages load pyarrow
    from motcua.extract import SourceCheck
    from motcua.extract.onboarding.profile import KeySeen
    from motcua.validate import RuleShare


_COVERS = {
    "register": "Every row is a dossier of each pull, and there are no others: carried-over counts follow from it.",
    "period": "What was open before the days asked for is not known: carried over, and every count that sums from it,"
    " is a dash, and no report is final. If the files hold every dossier of the unit, write `covers: register`.",
}


_HEADS = {
    "stops": "nothing would be loaded",
    "sets_aside": "it would not be taken in whole",
    "not_final": "no report would be final",
    "dropped": "columns would be dropped that nobody decided about",
}


def print_verdict(
    source: Source, check: SourceCheck, shares: list[RuleShare], found: list[Reason], first: date, last: date
) -> None:
    """Print what a source returned, what could be read, what the rules would find, and the reasons (`reasons`)."""
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
    if check.unknown_procedures:
        named = {name: f"{rows} rows" for name, rows in check.unknown_procedures.items()}
        _list("Procedures whose name is not known", named)
        output.print(
            "  Next: for each name a line `name,code,evidence` in procedures/aliases.csv of the catalogue, then"
            f" `motcua sources check {source.source_id}`.",
            markup=False,
            highlight=False,
        )
    _list("Missing or always empty", dict.fromkeys(check.missing, ""))
    _list("Unmapped, dropped", dict.fromkeys(check.unclassified, ""))
    for finding in (*check.key_findings, *check.key_findings_of_rows, *([check.reused] if check.reused else [])):
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
    if check.coverage.register_from or check.coverage.until:
        since = f" from {check.coverage.register_from} on" if check.coverage.register_from else ""
        until = f" until {check.coverage.until}" if check.coverage.until else ""
        output.print(f"Coverage: after a first pull all is known{since}{until}.", markup=False, highlight=False)
    for difference in check.contract.differences:
        output.print(f"Contract: {difference}", markup=False, highlight=False, soft_wrap=True)
    _print_reasons(found)


def _print_reasons(found: list[Reason]) -> None:
    if not found:
        output.print("Verdict: everything could be read. It would be taken in whole.")
        return
    worst = _HEADS[found[0].weight]
    output.print(f"Verdict: {worst}. Reasons, the heaviest first:", markup=False, highlight=False)
    for number, reason in enumerate(found, start=1):
        output.print(f"  {number}. {reason.text}.", markup=False, highlight=False, soft_wrap=True)
        output.print(f"     What to do: {reason.action}", markup=False, highlight=False, soft_wrap=True)


def _share(rows: int, of: int) -> str:
    return f"{100 * rows / of:.1f} %" if of else ""


def _value_kinds(seen: KeySeen) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in (seen.formats or seen.kinds).most_common())


def _list(title: str, entries: dict[str, str]) -> None:
    if entries:
        text = ", ".join(f"{name} = {meaning}" if meaning else name for name, meaning in entries.items())
        output.print(f"{title}: {text}", markup=False, highlight=False)
