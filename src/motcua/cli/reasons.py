"""Why what a source sends would not be taken in whole, or would not be final: the one verdict of `sources check`.

No rule is decided here. Each reason is what a guard of the pull, a rule of validation or a line of the checklist says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from motcua.catalog import Source

if TYPE_CHECKING:  # the stages load pyarrow
    from motcua.extract import SourceCheck
    from motcua.validate import RuleShare

# What a reason costs, the heaviest first: nothing would be loaded; records would be missing from every figure; figures
# would stand, but no edition would be final; something is dropped that nobody decided about.
Weight = Literal["stops", "sets_aside", "not_final", "dropped"]
WEIGHTS: tuple[Weight, ...] = ("stops", "sets_aside", "not_final", "dropped")
_SHOWN = 6

_OF_A_RULE = {
    "V0": "complete {mapping} for what stands under `Values that could not be read`, or have the office correct it",
    "V2": "have the office correct the order of the days, or correct which column is which in {mapping}",
    "V4": "a status and the days contradict each other: correct the `codes` of the status in {mapping} (a word for"
    " `done late` is 9 or 10, never 4), or have the office correct the day",
    "V7": "name the unit in units/agency_codes.csv (units named UNKNOWN above)",
    "V9": "two records have one number: say what makes a key (docs/how-to/say-what-makes-a-key.md)",
}


@dataclass(frozen=True)
class Reason:
    """One reason: how heavy it is, the records concerned where they can be counted, what it is, and what to do next."""

    weight: Weight
    code: str
    records: int | None
    text: str
    action: str


def reasons(
    source: Source, check: SourceCheck, shares: list[RuleShare], held: tuple[str, str] | None, last: date
) -> list[Reason]:
    """Return every reason, the heaviest first; none of what would be taken in whole and could be final.

    Args:
        shares: of the records of the check, what the rules would find (`judge_sample`).
        held: why the rules would hold the batch as a whole, and what to do (`held_for`).
        last: the last day that was asked for.
    """
    found = [
        *_that_stop(source, check, held),
        *_that_set_aside(source, check, shares),
        *_that_are_not_final(source, check, last),
        *_of_what_is_dropped(source, check),
    ]
    return sorted(found, key=lambda one: (WEIGHTS.index(one.weight), -(one.records or 0)))


def _that_stop(source: Source, check: SourceCheck, held: tuple[str, str] | None) -> Iterator[Reason]:
    again = f"motcua sources check {source.source_id}"
    if not check.rows:
        action = f"try a window with dossiers: `{again} --from DAY --to DAY`"
        yield Reason("stops", "no_rows", None, "no rows came", action)
    elif not check.dispositions.get("record"):
        action = f"ask for the days of the records: `{again} --from DAY --to DAY`"
        yield Reason("stops", "no_record", None, f"none of its {check.rows} rows is of the days asked for", action)
    if check.declared_total not in (None, check.rows):
        text = f"the source declared {check.declared_total} rows and gave {check.rows}, so a pull would fail"
        yield Reason("stops", "total", None, text, "check that the index of the source is complete")
    if check.contract.stops:
        yield Reason("stops", "drift", None, check.contract.stops.text, check.contract.stops.action)
    for finding in check.day_findings:
        yield Reason("stops", "days", None, f"a pull would be held: {finding}", "see `Days` above")
    if check.reused:
        action = (
            f"say in identity of mappings/{source.mapping}.yaml where a number is unique"
            f" (docs/how-to/say-what-makes-a-key.md); if the numbers began again, `motcua sources renumbered"
            f" {source.source_id} --since DAY`; if the same dossiers were corrected, `motcua ingest --source"
            f" {source.source_id} --accept-changes`"
        )
        yield Reason("stops", "reused_keys", None, f"a pull would be held: {check.reused}", action)
    if held:
        yield Reason("stops", "held", None, f"the batch would be held: {held[0]}", held[1])
    if refused := check.coverage.refused:
        yield Reason("stops", "no_answer", None, refused.text, refused.action)


def _that_set_aside(source: Source, check: SourceCheck, shares: list[RuleShare]) -> Iterator[Reason]:
    from motcua.validate import ALL_CRITICAL

    whole = next((share for share in shares if share.rule_id == ALL_CRITICAL), None)
    if whole is None:
        return
    text = f"{whole.failed_count} of {check.records.num_rows} records would be set aside, by the rules below"
    action = f"after an ingest `motcua quarantine list --source {source.source_id}` names each, with its file and row"
    yield Reason("sets_aside", "set_aside", whole.failed_count, text, action)
    for share in shares:
        if share.severity == "critical" and share is not whole:
            text = f"{share.rule_id}, {share.failed_count} records: {share.reason.rstrip('.')}"
            what = _OF_A_RULE.get(share.rule_id, "have the office correct the records, or correct {mapping}")
            action = what.format(mapping=f"mappings/{source.mapping}.yaml")
            again = f"then `motcua sources check {source.source_id}`"
            yield Reason("sets_aside", share.rule_id, share.failed_count, text, f"{action}; {again}")
    for finding in check.key_findings_of_rows:
        yield Reason("sets_aside", "keys", None, finding, "see docs/how-to/add-a-source.md, which of two rows counts")


def _that_are_not_final(source: Source, check: SourceCheck, last: date) -> Iterator[Reason]:
    mapping, ingest = f"mappings/{source.mapping}.yaml", f"motcua ingest --source {source.source_id}"
    if check.issues:
        listed = list(check.issues.items())
        shown = ", ".join(f"{issue} ({rows})" for issue, rows in listed[:_SHOWN])
        more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
        action = f"complete {mapping} where it misreads a value, or have the office correct the cell"
        yield Reason("not_final", "unread", max(check.issues.values()), f"unread cells: {shown}{more}", action)
    for finding in check.key_findings:
        action = f"say it in identity of {mapping} (docs/how-to/say-what-makes-a-key.md)"
        yield Reason("not_final", "keys", None, finding, action)
    for alike in check.numbered_alike:
        yield Reason("not_final", "numbered_alike", None, alike.text, alike.action)
    if check.covers == "period":
        text = "covers: period, so it is not known what was open before the days asked for"
        action = f"if the files hold every dossier of the unit, write `covers: register` into {mapping}"
        yield Reason("not_final", "covers", None, text, action)
    until = check.coverage.until
    if until is not None and until < last and not check.coverage.refused:
        text = f"it speaks until {until} only, so nothing after it is final"
        action = f"have the unit save it after {last}, then `{ingest}`"
        yield Reason("not_final", "answers_until", None, text, action)


def _of_what_is_dropped(source: Source, check: SourceCheck) -> Iterator[Reason]:
    if check.unclassified:
        text = f"columns that the mapping does not name are dropped: {', '.join(check.unclassified)}"
        action = f"put each under keys of mappings/{source.mapping}.yaml"
        yield Reason("dropped", "unmapped", None, text, action)
