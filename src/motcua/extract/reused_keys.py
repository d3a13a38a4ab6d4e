"""Notices keys that come back with other content: the numbers of a register that begin again, or are used twice.

A key is compared with what the store knows of it, and with an earlier row of the same pull. If the two seem to be two
dossiers the batch is held, with the lines side by side, because loading it would let one of them erase the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from motcua import ledger
from motcua.catalog import Source
from motcua.catalog.guards import ReusedKeys, load_guards
from motcua.errors import BatchHeld
from motcua.extract.disposition import OWN
from motcua.extract.records.mapping import OPEN_STATUSES, WRITTEN, SourceMapping
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine

SHOWN = 5  # pairs that a message shows


class _Row(NamedTuple):
    """The columns of a pulled row that are looked at."""

    dossier_id: str | None
    standing: str | None
    received_at: datetime | None
    procedure_code: str | None
    applicant_ref: str | None
    previous_applicant_refs: str | None
    status_code: int | None
    finished_at: datetime | None
    returned_at: datetime | None


@dataclass(frozen=True)
class Content:
    """What tells one dossier from another: reception, procedure, the references of the applicant, and its end."""

    received_at: datetime | None
    procedure_code: str | None
    applicant_refs: frozenset[str]
    ended_at: datetime | None = None

    @classmethod
    def of(cls, row: Any) -> Content:
        """Return the content of a row that has these columns."""
        refs = (row.applicant_ref or "", getattr(row, "previous_applicant_refs", None) or "")
        return cls(row.received_at, row.procedure_code, frozenset(" ".join(refs).split()), _ended_at(row))

    def __str__(self) -> str:
        day = f"{self.received_at:%Y-%m-%d}" if self.received_at else "on no day"
        return f"received {day}, procedure {self.procedure_code}"


@dataclass(frozen=True)
class Reuse:
    """A key with the two contents that seem to be two dossiers, the known or earlier one first."""

    key: str
    before: Content
    after: Content

    def __str__(self) -> str:
        return f"{self.key}: {self.before} | {self.after}"


def are_two(before: Content, after: Content, limits: ReusedKeys) -> bool:
    """Return whether two contents of one key seem to be two dossiers (`ReusedKeys`)."""
    is_moved = False
    if before.received_at and after.received_at:
        moved = abs(after.received_at - before.received_at)
        if moved > timedelta(days=limits.reception_days) or _ends_before(before, after) or _ends_before(after, before):
            return True
        is_moved = before.received_at.date() != after.received_at.date()
    is_other_applicant = _is_other_applicant(before.applicant_refs, after.applicant_refs)
    if is_moved and is_other_applicant:
        return True
    if not (before.procedure_code and after.procedure_code) or before.procedure_code == after.procedure_code:
        return False
    return is_moved if is_other_applicant is None else is_other_applicant


def _ends_before(one: Content, other: Content) -> bool:
    """Return whether one had ended on a day before the other was received."""
    if one.ended_at is None or other.received_at is None:
        return False
    return one.ended_at.date() < other.received_at.date()


def _ended_at(row: Any) -> datetime | None:
    """Return when a row that has these columns ended; none where it is open."""
    ends = [at for at in (row.finished_at, row.returned_at) if at is not None]
    return max(ends) if ends and row.status_code not in OPEN_STATUSES else None


def _is_other_applicant(before: frozenset[str], after: frozenset[str]) -> bool | None:
    """Return whether two sets of references are of two applicants; None where no key made a reference of both."""
    keys = {ref.split(":")[0] for ref in before} & {ref.split(":")[0] for ref in after}
    return before.isdisjoint(after) if keys else None


def contents_of(pulled: pa.Table) -> list[tuple[str, Content]]:
    """Return the key and content of each row of PULLED_SCHEMA that is a dossier of its own, in its order."""
    columns = [pulled[name].to_pylist() for name in _Row._fields]
    rows = (_Row(*values) for values in zip(*columns, strict=True))
    return [(row.dossier_id, Content.of(row)) for row in rows if row.dossier_id is not None and row.standing in OWN]


def reuses(rows: Iterable[tuple[str, Content]], known: Mapping[str, Content], limits: ReusedKeys) -> list[Reuse]:
    """Return each key whose rows, or whose known content and rows, seem to be two dossiers; the first pair of each."""
    last = dict(known)
    found: dict[str, Reuse] = {}
    moved: dict[str, Reuse] = {}
    come_back = set()
    for key, content in rows:
        before = last.get(key)
        last[key] = content
        if before is None:
            continue
        come_back.add(key)
        if before == content:
            continue
        if key not in found and are_two(before, content, limits):
            found[key] = Reuse(key, before, content)
        if key not in moved and _is_moved(before, content):
            moved[key] = Reuse(key, before, content)
    if len(moved) >= max(limits.moved_minimum, len(come_back) * limits.moved_pct / 100):
        found = moved | found
    return [found[key] for key in sorted(found)]


def _is_moved(before: Content, after: Content) -> bool:
    """Return whether the day of reception, which a dossier keeps, is another one."""
    if before.received_at is None or after.received_at is None:
        return False
    return before.received_at.date() != after.received_at.date()


def known_contents(source: Source, keys: Sequence[str]) -> dict[str, Content]:
    """Return what the store holds of these keys of a source's system and agency."""
    asked = {"system_code": source.system_code, "agency_code": source.agency_code, "dossier_ids": list(keys)}
    with store_engine().connect() as connection:
        return {
            row.dossier_id: Content.of(row) for row in connection.execute(statement("extract/known_contents"), asked)
        }


def check_reused_keys(
    batch: ledger.Batch, source: Source, mapping: SourceMapping, rows: Sequence[tuple[str, Content]]
) -> dict[str, Any]:
    """Hold the batch when keys come back with other content. Return what was found, for the manifest.

    Args:
        rows: the key and content of each row of the pull (`contents_of`).

    Raises:
        BatchHeld: some keys seem to mean two dossiers, and nobody accepted that they do not.
    """
    limits = load_guards(Settings.load().catalog_dir).reused_keys
    found = reuses(rows, known_contents(source, sorted({key for key, _ in rows})), limits)
    if len(found) < (1 if mapping.adapter in WRITTEN else limits.minimum_of_a_system):
        return {"reused_key_count": len(found)} if found else {}
    if batch.is_change_accepted:
        return {"reused_key_count": len(found), "accepted_because": "accepted for this batch"}
    raise BatchHeld(
        f"{source.source_id}, {batch.window_from} to {batch.window_to}: {reuses_text(found)} Nothing was loaded.",
        action=f"compare the lines with the office. {_causes(source, mapping, found)} If they are corrections of the"
        f" same dossiers, use `motcua ingest --source {source.source_id} --accept-changes`.",
    )


def _causes(source: Source, mapping: SourceMapping, found: Sequence[Reuse]) -> str:
    """Say what may have happened, and what to do then."""
    if mapping.adapter not in WRITTEN:
        return "If the system was installed anew, end its entry (valid_to) and add a source with another id."
    since = _begun_again_on(found)
    begun = (
        f"If its numbers began again, say since when: `motcua sources renumbered {source.source_id} --since {since}`. "
        if since
        else ""
    )
    return (
        f"{begun}If a number is unique in a book, on a sheet or in a month, say so in identity of"
        f" mappings/{source.mapping}.yaml (docs/how-to/say-what-makes-a-key.md)."
    )


def _begun_again_on(found: Sequence[Reuse]) -> date | None:
    """Return the first day of a new numbering: after every reception known, and not after a new one; none else.

    Where a reception moved back, or the two are mixed, no day parts the old numbers from the new ones.
    """
    known = [each.before.received_at for each in found]
    new = [each.after.received_at for each in found]
    if None in known or None in new:
        return None
    first = min(at.date() for at in new if at)
    return first if first > max(at.date() for at in known if at) else None


def reuses_text(found: Sequence[Reuse]) -> str:
    """Say how many keys come back with other content, with the first pairs side by side."""
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return (
        f"{len(found)} keys come back with other content, as if two dossiers had one key:"
        f" {'; '.join(map(str, found[:SHOWN]))}{more}."
    )
