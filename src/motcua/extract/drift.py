"""Detects drift: a source that sends other keys, kinds of value or codes than before. It checks each first page.

Keys and kinds of value are compared with the mapping and with the last accepted pulls. Codes are compared with the
mapping. A difference is reported by name and handled as the source's entry says: `evolve` accepts and records it, and
`freeze` stops the pull. A missing mapped field always stops the pull, because a null in its place would be wrong.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from motcua.catalog import Source
from motcua.errors import ContractBroken
from motcua.extract.adapters.protocol import Page
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.paths import without_positions
from motcua.extract.records.privacy import looks_personal
from motcua.extract.records.rules import ChannelCodes, ChoiceRule, KeyRule
from motcua.spelling import folded
from motcua.warehouse import statement, store_engine

SAMPLE = 300  # records of a page that are compared
ENOUGH = 10  # the fewest records in which the absence of a key is evidence
_KINDS = {str: "text", bool: "boolean", int: "number", float: "number", list: "list", dict: "object"}
_NEEDED = ("dossier_no", "unit_code", "procedure_code", "received_at")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Contract:
    """What a source sends: for each key, its number among `row_count` records and the kinds of its values."""

    row_count: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    page_cap: int | None = None


@dataclass(frozen=True)
class Difference:
    """One difference: its kind, the key or code, and a comparison of the known value with the new one."""

    kind: str
    name: str
    detail: str
    is_fatal: bool = False


class Drift:
    """Checks one pull of one source for drift."""

    def __init__(self, source: Source, mapping: SourceMapping, batch_id: str) -> None:
        self._source = source
        self._mapping = mapping
        self._batch_id = batch_id
        self._known = read_contract(source.source_id)
        self._seen: Contract | None = None

    def first_page(self, page: Page) -> None:
        """Compare the first page of a listing with the known contract. A repeated first page is not compared again.

        Raises:
            ContractBroken: a mapped field is missing, or there is a difference and the source is frozen.
        """
        if self._seen is not None or not page.records:
            return
        self._seen, differences = compare_page(page, self._known, self._source, self._mapping)
        self._handle(differences)

    def later_pages(self, unclassified: Set[str]) -> None:
        """Report the unclassified keys that are only on later pages. Call it after the last page.

        Raises:
            ContractBroken: there are such keys and the source is frozen.
        """
        if self._seen is None:
            return
        fresh = sorted(unclassified - self._seen.counts.keys() - self._known.counts.keys())
        self._seen = replace(self._seen, counts={**self._seen.counts, **dict.fromkeys(fresh, 1)})
        detail = "dropped, because it is in no class of the mapping's keys; not on the first page"
        self._handle([Difference("new_field", key, detail) for key in fresh])

    def _handle(self, differences: Sequence[Difference]) -> None:
        if not differences:
            return
        fatal = [difference for difference in differences if difference.is_fatal]
        is_stopped = bool(fatal) or self._source.on_drift == "freeze"
        self._record(differences, "broken" if fatal else "frozen" if is_stopped else "evolved")
        listed = "; ".join(f"{each.kind.replace('_', ' ')} {each.name} ({each.detail})" for each in differences)
        if not is_stopped:
            log.warning("%s: sends other data than before: %s", self._source.source_id, listed)
            return
        raise ContractBroken(
            f"{self._source.source_id} sends other data than before: {listed}.",
            action=f"correct include/catalog/mappings/{self._source.mapping}.yaml if the source has really changed"
            + ("." if fatal else "; to accept the change, set on_drift: evolve on the source for one run."),
        )

    def accept(self) -> None:
        """Add the observations of this pull to the stored contract of the source."""
        if self._seen is None:
            return
        merged = merge(self._known, self._seen)
        keys = {key: [count, sorted(merged.kinds.get(key, ()))] for key, count in sorted(merged.counts.items())}
        with store_engine().begin() as connection:
            connection.execute(
                statement("extract/accept_contract"),
                {
                    "source_id": self._source.source_id,
                    "row_count": merged.row_count,
                    "keys": json.dumps(keys, ensure_ascii=False),
                    "page_cap": merged.page_cap,
                    "batch_id": self._batch_id,
                },
            )

    def _record(self, differences: Sequence[Difference], handling: str) -> None:
        rows = [
            {
                "source_id": self._source.source_id,
                "batch_id": self._batch_id,
                "kind": each.kind,
                "name": each.name,
                "detail": each.detail,
                "handling": handling,
            }
            for each in differences
        ]
        with store_engine().begin() as connection:
            connection.execute(statement("extract/record_drift"), rows)


def compare_page(
    page: Page, known: Contract, source: Source, mapping: SourceMapping
) -> tuple[Contract, list[Difference]]:
    """Return what a first page shows of the source, and its differences from the mapping and the known contract."""
    records = page.records[:SAMPLE]
    cap = len(page.records) if len(page.records) < (page.declared_total or 0) else None
    seen = contract_of(records, mapping, cap)
    differences = [*compare(known, seen, mapping), *unknown_codes(records, mapping)]
    before = known.page_cap or source.page_size
    if cap is not None and cap != min(before, source.page_size):
        detail = f"a page holds {cap} records; before, or as requested, it was {before}"
        differences.append(Difference("page_cap", str(cap), detail))
    return seen, differences


def read_contract(source_id: str) -> Contract:
    """Return the stored contract of a source. It is empty when the source was never pulled."""
    with store_engine().connect() as connection:
        row: Any = connection.execute(statement("extract/read_contract"), {"source_id": source_id}).one_or_none()
    if row is None:
        return Contract()
    return Contract(
        row.row_count,
        {key: count for key, (count, _) in row.keys.items()},
        {key: frozenset(kinds) for key, (_, kinds) in row.keys.items()},
        row.page_cap,
    )


def contract_of(records: Sequence[Mapping[str, Any]], mapping: SourceMapping, page_cap: int | None = None) -> Contract:
    """Return the keys of these records, with the number of records and the kinds of value. No value is kept."""
    dropped = frozenset((*mapping.keys.drop_personal, *mapping.keys.drop_unneeded))
    counts: dict[str, int] = {}
    kinds: dict[str, set[str]] = {}
    for record in records:
        seen: set[str] = set()
        for key, value in _walk(record, "", mapping.nested, dropped):
            seen.add(key)
            # True equals 1 in Python, so a null value of 1 matches True as well.
            if value is not None and not (isinstance(value, str | int) and value in mapping.null_values):
                kinds.setdefault(key, set()).add(_KINDS.get(type(value), "text"))
        for key in seen:
            counts[key] = counts.get(key, 0) + 1
    return Contract(len(records), counts, {key: frozenset(of_key) for key, of_key in kinds.items()}, page_cap)


def compare(known: Contract, seen: Contract, mapping: SourceMapping) -> list[Difference]:
    """Return the differences of a page from the mapping and the known contract, in keys and kinds of value."""
    listed = {without_positions(key) if mapping.nested else key for key in mapping.keys.listed}
    inner = {".".join(key.split(".")[:end]) for key in listed for end in range(1, key.count(".") + 1)}
    inner |= {without_positions(key) for key in mapping.inner_keys}
    if isinstance(mapping.identity, KeyRule):
        inner |= {*mapping.identity.places}
    accepted = listed | inner | known.counts.keys()
    differences = [
        Difference("new_field", key, "dropped, because it is in no class of the mapping's keys")
        for key in sorted(seen.counts.keys() - accepted)
    ]
    differences += _vanished(known, seen, mapping)
    kept = {without_positions(key) if mapping.nested else key for key in (*mapping.keys.keep, *mapping.keys.hmac)}
    for key in sorted(kept & seen.kinds.keys() & known.kinds.keys()):
        if fresh := seen.kinds[key] - known.kinds[key]:
            detail = f"{' and '.join(sorted(fresh))}, before {' or '.join(sorted(known.kinds[key]))}"
            differences.append(Difference("retyped_field", key, detail))
    return differences


def _vanished(known: Contract, seen: Contract, mapping: SourceMapping) -> Iterator[Difference]:
    """Yield the keys that were in every record and are now in none. In a first pull: required fields without one."""
    if seen.row_count < ENOUGH:
        return
    groups = _mapped_groups(mapping)
    for key, count in sorted(known.counts.items()):
        if count == known.row_count >= ENOUGH and key not in seen.counts:
            using = [name for name, keys in groups if key in keys and not keys & seen.counts.keys()]
            used = f"; {' and '.join(using)} is read from it" if using else ""
            yield Difference("vanished_field", key, f"in every record before{used}", is_fatal=bool(using))
    if not known.row_count:
        for name, keys in groups:
            if name in ("status_code", *_NEEDED) and keys and not keys & seen.counts.keys():
                yield Difference(
                    "vanished_field", " or ".join(sorted(keys)), f"in no record; {name} is read from it", is_fatal=True
                )


def _mapped_groups(mapping: SourceMapping) -> list[tuple[str, frozenset[str]]]:
    """Return the keys of each canonical field. One of them is enough for the field."""
    groups = [
        ("dossier_id", mapping.identity.key),
        *(("dossier_id", (key,)) for key in mapping.identity_columns if key not in mapping.identity.key),
        ("status_code", mapping.status.key),
        *(("sub-status", (key,)) for key in mapping.status.sub_keys),
        *((name, rule.key) for name, rule in mapping.fields.items()),
        *(("channel_code", (key,)) for key in mapping.channel.keys),
    ]
    made = mapping.made
    groups = [(name, tuple(key for key in keys if key not in made)) for name, keys in groups] + [
        (name, (column,)) for name, keys in groups for key in keys if key in made for column in made[key].columns
    ]
    return [
        (name, frozenset(without_positions(key) if mapping.nested else key for key in keys)) for name, keys in groups
    ]


def unknown_codes(records: Sequence[Mapping[str, Any]], mapping: SourceMapping) -> list[Difference]:
    """Return the codes that the mapping does not translate, with the number of records with each."""
    lists: list[tuple[tuple[str, ...], frozenset[str]]] = [
        (mapping.status.key, frozenset(folded(code) for code in mapping.status.codes))
    ]
    if isinstance(mapping.channel, ChannelCodes):
        lists.append((mapping.channel.key, frozenset(mapping.channel.codes)))
    lists += [
        (rule.key, frozenset(rule.choices))
        for rule in mapping.fields.values()
        if isinstance(rule, ChoiceRule) and rule.otherwise is None
    ]
    counts: dict[str, int] = {}
    for keys, codes in lists:
        for record in records:
            value = next((each for each in (_value(record, key, mapping) for key in keys) if each is not None), None)
            if isinstance(value, str | int | float) and folded(value) not in codes:
                text = str(value)
                shown = "a value that is not shown" if len(text) > 40 or looks_personal(text) else repr(text)
                name = f"{keys[0]}: {shown}"
                counts[name] = counts.get(name, 0) + 1
    return [Difference("unknown_code", name, f"{count} records") for name, count in sorted(counts.items())]


def merge(known: Contract, seen: Contract) -> Contract:
    """Return the contract after a page was accepted. Keys that vanished and were accepted are no longer in it."""
    remaining = {key: count for key, count in known.counts.items() if key in seen.counts or count < known.row_count}
    counts = {key: remaining.get(key, 0) + seen.counts.get(key, 0) for key in remaining.keys() | seen.counts.keys()}
    kinds = {key: known.kinds.get(key, frozenset()) | seen.kinds.get(key, frozenset()) for key in counts}
    return Contract(known.row_count + seen.row_count, counts, kinds, seen.page_cap or known.page_cap)


def _walk(value: Mapping[str, Any], place: str, nested: bool, dropped: frozenset[str]) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        key = f"{place}.{name}" if place else name
        yield key, inner
        if nested and key not in dropped:
            items = inner if isinstance(inner, list) else [inner]
            for item in items:
                if isinstance(item, dict):
                    yield from _walk(item, key, nested, dropped)


def _value(record: Mapping[str, Any], key: str, mapping: SourceMapping) -> Any:
    value: Any = record
    for name in key.split(".") if mapping.nested else (key,):
        if isinstance(value, list) and name.lstrip("-").isdigit():
            position = int(name)
            value = value[position] if -len(value) <= position < len(value) else None
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return None if isinstance(value, str | int) and value in mapping.null_values else value
