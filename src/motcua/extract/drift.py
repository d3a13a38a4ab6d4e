"""Does a source still send what it is known to send? Told on the first page, before a whole night is pulled on it.

Keys and kinds of value are compared with the mapping and with what the source was last seen to send; code lists with
the mapping. A difference is reported by name and handled as the source's entry says: `evolve` accepts and records it,
`freeze` stops the pull. A mapped field that is gone always stops it: a null in its place would be a lie.
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
from motcua.extract.records.rules import ChannelCodes, ChoiceRule
from motcua.spelling import folded
from motcua.warehouse import statement, store_engine

SAMPLE = 300  # records of a page that are looked at
ENOUGH = 10  # records from which the absence of a key says something
_KINDS = {str: "text", bool: "boolean", int: "number", float: "number", list: "list", dict: "object"}
_NEEDED = ("dossier_no", "unit_code", "procedure_code", "received_at")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Contract:
    """What a source sends: for each key in how many of `row_count` records, and the kinds of its values."""

    row_count: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    page_cap: int | None = None


@dataclass(frozen=True)
class Finding:
    """One difference: its kind, the key or code it is about, and what was known against what came."""

    kind: str
    name: str
    detail: str
    is_fatal: bool = False


class Drift:
    """Watches one pull of one source."""

    def __init__(self, source: Source, mapping: SourceMapping, batch_id: str) -> None:
        self._source = source
        self._mapping = mapping
        self._batch_id = batch_id
        self._known = read_contract(source.source_id)
        self._seen: Contract | None = None

    def first_page(self, page: Page) -> None:
        """Compare a listing's first page with what is known. A page asked for again is not compared again.

        Raises:
            ContractBroken: a mapped field is gone, or something differs and the source is frozen.
        """
        if self._seen is not None or not page.records:
            return
        records = page.records[:SAMPLE]
        cap = len(page.records) if len(page.records) < (page.declared_total or 0) else None
        self._seen = contract_of(records, self._mapping, cap)
        found = [
            *compare(self._known, self._seen, self._mapping),
            *unknown_codes(records, self._mapping),
        ]
        if self._is_cap_changed(cap):
            known = self._known.page_cap or self._source.page_size
            found.append(Finding("page_cap", str(cap), f"a page holds {cap} records, {known} before or as asked"))
        self._handle(found)

    def later_pages(self, unclassified: Set[str]) -> None:
        """Tell the keys nobody classified that stood on no first page, when all pages have been seen.

        Raises:
            ContractBroken: there are some and the source is frozen.
        """
        if self._seen is None:
            return
        fresh = sorted(unclassified - self._seen.counts.keys() - self._known.counts.keys())
        self._seen = replace(self._seen, counts={**self._seen.counts, **dict.fromkeys(fresh, 1)})
        detail = "in no class of the mapping's keys, so dropped; not on the first page"
        self._handle([Finding("new_field", key, detail) for key in fresh])

    def _handle(self, found: Sequence[Finding]) -> None:
        if not found:
            return
        fatal = [finding for finding in found if finding.is_fatal]
        is_stopped = bool(fatal) or self._source.on_drift == "freeze"
        self._record(found, "broken" if fatal else "frozen" if is_stopped else "evolved")
        told = "; ".join(f"{finding.kind.replace('_', ' ')} {finding.name} ({finding.detail})" for finding in found)
        if not is_stopped:
            log.warning("%s: sends other data than before: %s", self._source.source_id, told)
            return
        raise ContractBroken(
            f"{self._source.source_id} sends other data than is known of it: {told}.",
            action=f"correct include/catalog/mappings/{self._source.mapping}.yaml if the source has really changed"
            + ("." if fatal else "; to accept it as it is, set on_drift: evolve on the source for one run."),
        )

    def accept(self) -> None:
        """Keep what this pull saw as what the source is known to send."""
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

    def _is_cap_changed(self, cap: int | None) -> bool:
        return cap is not None and cap != min(self._known.page_cap or self._source.page_size, self._source.page_size)

    def _record(self, found: Sequence[Finding], handling: str) -> None:
        rows = [
            {
                "source_id": self._source.source_id,
                "batch_id": self._batch_id,
                "kind": finding.kind,
                "name": finding.name,
                "detail": finding.detail,
                "handling": handling,
            }
            for finding in found
        ]
        with store_engine().begin() as connection:
            connection.execute(statement("extract/record_drift"), rows)


def read_contract(source_id: str) -> Contract:
    """Return what a source was last seen to send; nothing when it was never pulled."""
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
    """Return the keys of these records, in how many each stands, and the kinds of its values. No value is kept."""
    dropped = frozenset((*mapping.keys.drop_personal, *mapping.keys.drop_unneeded))
    counts: dict[str, int] = {}
    kinds: dict[str, set[str]] = {}
    for record in records:
        seen: set[str] = set()
        for key, value in _walk(record, "", mapping.nested, dropped):
            seen.add(key)
            # A true is a 1 in Python; as a null value it would be taken for one.
            if value is not None and not (isinstance(value, str | int) and value in mapping.null_values):
                kinds.setdefault(key, set()).add(_KINDS.get(type(value), "text"))
        for key in seen:
            counts[key] = counts.get(key, 0) + 1
    return Contract(len(records), counts, {key: frozenset(found) for key, found in kinds.items()}, page_cap)


def compare(known: Contract, seen: Contract, mapping: SourceMapping) -> list[Finding]:
    """Return how the keys and kinds of value of a page differ from the mapping's and from what was known before."""
    listed = {without_positions(key) if mapping.nested else key for key in mapping.keys.listed}
    inner = {".".join(key.split(".")[:end]) for key in listed for end in range(1, key.count(".") + 1)}
    inner |= {without_positions(key) for key in mapping.inner_keys}
    accepted = listed | inner | known.counts.keys()
    found = [
        Finding("new_field", key, "in no class of the mapping's keys, so dropped")
        for key in sorted(seen.counts.keys() - accepted)
    ]
    found += _vanished(known, seen, mapping)
    kept = {without_positions(key) if mapping.nested else key for key in (*mapping.keys.keep, *mapping.keys.hmac)}
    for key in sorted(kept & seen.kinds.keys() & known.kinds.keys()):
        if fresh := seen.kinds[key] - known.kinds[key]:
            detail = f"{' and '.join(sorted(fresh))}, {' or '.join(sorted(known.kinds[key]))} before"
            found.append(Finding("retyped_field", key, detail))
    return found


def _vanished(known: Contract, seen: Contract, mapping: SourceMapping) -> Iterator[Finding]:
    """Yield the keys that stood in every record and stand in none; at first contact, the fields that must be there."""
    if seen.row_count < ENOUGH:
        return
    groups = _mapped_groups(mapping)
    for key, count in sorted(known.counts.items()):
        if count == known.row_count >= ENOUGH and key not in seen.counts:
            using = [name for name, keys in groups if key in keys and not keys & seen.counts.keys()]
            used = f", which {' and '.join(using)} is made of" if using else ""
            yield Finding("vanished_field", key, f"in every record before{used}", is_fatal=bool(using))
    if not known.row_count:
        for name, keys in groups:
            if name in ("status_code", *_NEEDED) and keys and not keys & seen.counts.keys():
                yield Finding(
                    "vanished_field", " or ".join(sorted(keys)), f"in no record, {name} is made of it", is_fatal=True
                )


def _mapped_groups(mapping: SourceMapping) -> list[tuple[str, frozenset[str]]]:
    """Return for each canonical field the keys of which one is enough."""
    groups = [
        ("dossier_id", mapping.identity.key),
        ("status_code", mapping.status.key),
        *((name, rule.key) for name, rule in mapping.fields.items()),
        *(("channel_code", (key,)) for key in mapping.channel.keys),
    ]
    return [
        (name, frozenset(without_positions(key) if mapping.nested else key for key in keys)) for name, keys in groups
    ]


def unknown_codes(records: Sequence[Mapping[str, Any]], mapping: SourceMapping) -> list[Finding]:
    """Return the codes of closed lists that the mapping does not translate, with how many records have each."""
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
    counted: dict[str, int] = {}
    for keys, codes in lists:
        for record in records:
            value = next((each for each in (_value(record, key, mapping) for key in keys) if each is not None), None)
            if isinstance(value, str | int | float) and folded(value) not in codes:
                text = str(value)
                shown = "a value not shown" if len(text) > 40 or looks_personal(text) else repr(text)
                name = f"{keys[0]}: {shown}"
                counted[name] = counted.get(name, 0) + 1
    return [Finding("unknown_code", name, f"{count} records") for name, count in sorted(counted.items())]


def merge(known: Contract, seen: Contract) -> Contract:
    """Return what is known after a page was accepted; what vanished and was accepted is known no more."""
    kept = {key: count for key, count in known.counts.items() if key in seen.counts or count < known.row_count}
    counts = {key: kept.get(key, 0) + seen.counts.get(key, 0) for key in kept.keys() | seen.counts.keys()}
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
