"""Fills in the due days that a column states as time limits, counted from the reception of the same record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from motcua.catalog import Catalog, Source
from motcua.days.limits import Asked, LimitDays, limit_of
from motcua.extract.records.convert import first_with_value
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.rules import InstantRule
from motcua.procedures import split_procedure

FIELD = "due_at"


class DueLimits:
    """The time limits of one mapping; without `limits` in it, nothing is done."""

    def __init__(self, mapping: SourceMapping, source: Source, catalog: Catalog) -> None:
        rule = mapping.fields.get(FIELD)
        self._rule = rule if isinstance(rule, InstantRule) and rule.limits else None
        self._nulls = frozenset({None}) | mapping.null_values
        if self._rule:
            self._nulls |= self._rule.null_values
            self._days = LimitDays(catalog, source.level, catalog.province_of(source.unit_id).code)

    def fill(
        self,
        columns: dict[str, pa.Array],
        values: Mapping[str, Sequence[Any]],
        statuses: Sequence[str],
        report: Callable[[int, str], None],
    ) -> None:
        """Put the due days into their column, and report each limit from which none can be counted.

        Args:
            columns: as they were read; the reception and the procedure among them.
            values: of the keys, without unread cells.
            statuses: the folded statuses of the records; may be empty where no field asks for one.
        """
        if self._rule is None or self._rule.limits is None:
            return
        said = first_with_value(dict(values), self._rule.key, self._nulls)
        only, days = self._rule.only_status, self._rule.limits
        limits = {
            row: limit
            for row, value in enumerate(said)
            if (not only or statuses[row] in only) and (limit := limit_of(value, days)) and value not in self._nulls
        }
        if not limits:
            return
        received = columns["received_at"].to_pylist()
        codes = columns["procedure_code"].to_pylist() if "procedure_code" in columns else [None] * len(received)
        asked = {
            row: Asked(limit, received[row], split_procedure(codes[row])[0] or "") for row, limit in limits.items()
        }
        due = columns[FIELD].to_pylist()
        for row, found in self._days.due(asked).items():
            if isinstance(found, str):
                report(row, f"{FIELD}: {found}")
            else:
                due[row] = found
        columns[FIELD] = pa.array(due, columns[FIELD].type)
