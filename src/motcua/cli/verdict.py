"""The verdict of `motcua sources check`, on one screen."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from motcua.catalog import Source
from motcua.cli.console import output, print_table

if TYPE_CHECKING:  # the stages load pyarrow
    from motcua.extract import SourceCheck
    from motcua.extract.onboarding.profile import KeySeen
    from motcua.validate import RuleShare


def print_verdict(source: Source, found: SourceCheck, shares: list[RuleShare], first: date, last: date) -> None:
    """Print what a source gave, what of it was understood, and what the rules make of it."""
    declared = "no total" if found.declared_total is None else f"{found.declared_total:,}"
    became = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found.dispositions.items())
    output.print(
        f"{source.source_id}, {first} to {last}: {found.rows:,} rows, the source declared {declared}. {became}."
    )
    if found.declared_total not in (None, found.rows):
        output.print("[red]It declared another total than it gave:[/red] a pull would stop here.")
    print_table(
        "Fields mapped",
        ["key of the source", "becomes", "with a value", "seen as"],
        [
            (key, ", ".join(seen.feeds), _share(seen.rows, found.rows), _seen_as(seen))
            for key, seen in found.keys.items()
        ],
    )
    lists = {key: seen.words for key, seen in found.keys.items() if seen.words}
    if lists:
        print_table(
            "Code lists seen",
            ["key", "word = code (rows)"],
            [
                (key, ", ".join(f"{word} = {code or 'UNKNOWN'} ({rows})" for word, (code, rows) in words.items()))
                for key, words in lists.items()
            ],
        )
    _list("Units", {name: unit or "UNKNOWN" for name, (unit, _) in found.units.items()})
    _list("Procedures not in the catalogue", {code: "" for code, (known, _) in found.procedures.items() if not known})
    _list("Missing, never with a value", dict.fromkeys(found.missing, ""))
    _list("Unmapped, dropped", dict.fromkeys(found.unclassified, ""))
    if found.issues:
        print_table("Values not understood", ["field and complaint", "rows"], list(found.issues.items()))
    if shares:
        print_table(
            f"What the rules would find in {found.records.num_rows:,} records",
            ["rule", "severity", "share", "why"],
            [(share.rule_id, share.severity, f"{share.failed_pct:.1f} %", share.reason) for share in shares],
        )
    output.print(_verdict(source, found))


def _verdict(source: Source, found: SourceCheck) -> str:
    if not found.rows:
        return "Verdict: no rows; try a window in which it had dossiers."
    if found.is_understood:
        return "Verdict: everything it sends is understood."
    return f"Verdict: not everything is understood; correct mappings/{source.mapping}.yaml of the catalogue."


def _share(rows: int, of: int) -> str:
    return f"{100 * rows / of:.1f} %" if of else ""


def _seen_as(seen: KeySeen) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in (seen.formats or seen.kinds).most_common())


def _list(title: str, found: dict[str, str]) -> None:
    if found:
        text = ", ".join(f"{name} = {meant}" if meant else name for name, meant in found.items())
        output.print(f"{title}: {text}", markup=False, highlight=False)
