"""Turns pages of source records into Arrow tables of the canonical record, and drops everything else on the way."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import pyarrow as pa

from motcua.canonical import CONTENT, KEY_COLUMNS, TRACE
from motcua.catalog import Source
from motcua.extract.convert import Column, Memo, Problem, read_flag, read_integer, split_procedure, to_array
from motcua.extract.mapping import SourceMapping
from motcua.extract.privacy import Pseudonymiser

# What a pulled row stands for: null for a dossier of its own, else why not.
SOFT_DELETED = "soft_deleted"
STANDING = pa.field("standing", pa.string())
PULLED_SCHEMA = pa.schema([*((name, pa.string()) for name in KEY_COLUMNS), *CONTENT, *TRACE, STANDING])


class TableBuilder:
    """Builds the tables of one pull of one source.

    `unclassified` collects the keys that the mapping does not classify; their values go nowhere.
    """

    def __init__(self, source: Source, mapping: SourceMapping, pseudonymise: Pseudonymiser) -> None:
        self.unclassified: set[str] = set()
        self._source = source
        self._mapping = mapping
        self._known = mapping.keys.known
        self._statuses = Memo(self._read_status)
        self._integers = Memo(read_integer)
        self._flags = Memo(read_flag)
        self._kinds = Memo(self._read_kind)
        self._procedures = Memo(split_procedure)
        self._shapes: set[tuple[str, ...]] = set()
        self._kept = (*mapping.keys.keep, *mapping.keys.hmac)
        self._columns = [
            Column(name, rule, mapping.null_values, PULLED_SCHEMA.field(name).type, pseudonymise)
            for name, rule in mapping.fields.items()
        ]

    def table(self, records: Sequence[dict[str, Any]]) -> pa.Table:
        """Return the records as a table of PULLED_SCHEMA, in the order given."""
        rows = len(records)
        issues: dict[int, list[str]] = {}

        def report(row: int, issue: str) -> None:
            issues.setdefault(row, []).append(issue)

        values = self._values(records)
        statuses = _scalars(values[self._mapping.status.key])
        codes = [self._statuses[status] for status in statuses]
        columns: dict[str, pa.Array] = {
            "system_code": pa.repeat(self._source.system_code, rows),
            "agency_code": pa.repeat(str(self._source.group_id), rows),
            "dossier_id": pa.array(values[self._mapping.identity], pa.int64()).cast(pa.string()),
            "status_code": to_array(codes, pa.int16(), "status_code", report),
            "channel_code": pa.array(self._channels(values), pa.int16()),
            "standing": pa.array(self._standings(values), pa.string()),
        }
        for column in self._columns:
            columns[column.name] = column.convert(values[column.key], statuses, report)
        if "procedure_code" in columns:
            split = [self._procedures[code] for code in columns["procedure_code"].to_pylist()]
            columns["procedure_code"] = pa.array([code for code, _ in split], pa.string())
            columns["procedure_suffix"] = pa.array([suffix for _, suffix in split], pa.string())
        if issues:
            columns["mapping_issues"] = pa.array(
                ["; ".join(issues[row]) if row in issues else None for row in range(rows)], pa.string()
            )
        return pa.table(
            [columns[field.name] if field.name in columns else pa.nulls(rows, field.type) for field in PULLED_SCHEMA],
            schema=PULLED_SCHEMA,
        )

    def _read_status(self, status: Any) -> Any:
        known = self._mapping.status.codes.get(str(status).strip())
        if known is not None:
            return known.code
        return None if status is None or status == "" else Problem(f"not a known {self._mapping.status.key}")

    def _values(self, records: Sequence[dict[str, Any]]) -> dict[str, Sequence[Any]]:
        """Return the kept keys as columns; of the rest only unknown names are noted. An absent key is a null."""
        shapes = {tuple(record) for record in records}  # few: the records of one listing have the same keys
        for shape in shapes - self._shapes:
            self.unclassified.update(set(shape) - self._known)
        self._shapes |= shapes
        common = tuple(key for key in self._kept if records and all(key in shape for shape in shapes))
        values: dict[str, Sequence[Any]] = {
            key: [record.get(key) for record in records] for key in self._kept if key not in common
        }
        rows = map(itemgetter(*common), records) if len(common) > 1 else ((record[common[0]],) for record in records)
        values.update(zip(common, zip(*rows, strict=True), strict=True))
        return values

    def _channels(self, values: dict[str, Sequence[Any]]) -> list[int]:
        rule, flags, integers = self._mapping.channel, self._flags, self._integers
        return [
            2 if flags[online] else 3 if (integers[postal] or 0) >= rule.postal_from else 1
            for online, postal in zip(_scalars(values[rule.online_key]), _scalars(values[rule.postal_key]), strict=True)
        ]

    def _standings(self, values: dict[str, Sequence[Any]]) -> list[str | None]:
        integers, kinds = self._integers, self._kinds
        return [
            None if (standing := kinds[kind]) == "child" and not integers[parent] else standing
            for kind, parent in zip(
                _scalars(values[self._mapping.standing.key]),
                _scalars(values[self._mapping.standing.parent_key]),
                strict=True,
            )
        ]

    def _read_kind(self, value: Any) -> str | None:
        rule, kind = self._mapping.standing, read_integer(value)
        if kind is None:
            return None
        if kind < rule.deleted_below:
            return SOFT_DELETED
        named = {"public_copy": rule.public_copy, "group": rule.group, "child": rule.child}
        return next((name for name, kinds in named.items() if kind in kinds), None)


def _scalars(values: Sequence[Any]) -> Sequence[Any]:
    """Return the values with none for a list or an object, which is never a code and cannot be looked up."""
    if list in (kinds := set(map(type, values))) or dict in kinds:
        return [None if isinstance(value, list | dict) else value for value in values]
    return values
