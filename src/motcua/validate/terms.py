"""What the catalogue says of a procedure on a day, numbered so that hundreds of thousands of records share it."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from motcua.catalog import Catalog
from motcua.due_dates import DueRules


class _Term(NamedTuple):
    limit: float
    unit: str | None
    rule: int | None
    field_code: str


class Terms:
    """Numbers the distinct terms it is asked for."""

    def __init__(self, catalog: Catalog, rules: DueRules) -> None:
        self._catalog = catalog
        self._rules = rules
        self._numbers: dict[_Term, int] = {}

    def number(self, code: str, day: date, level: str, province: str) -> int | None:
        """Return the number of a procedure's terms on a day, or none when the catalogue does not know it then."""
        entry = self._catalog.procedure(code, day, level, province)
        if entry is None:
            return None
        limit, unit = entry.due_time or (None, None)
        rule = None if limit is None else self._rules.place(code, entry.field_code, province, day)
        term = _Term(-1.0 if limit is None else float(limit), unit, rule, entry.field_code)
        return self._numbers.setdefault(term, len(self._numbers))

    def column(self, name: str, kind: type) -> NDArray[Any]:
        """Return one part of every term by number; a limit that is not known is NaN."""
        values: NDArray[Any] = np.array([getattr(term, name) for term in self._numbers] or [None], dtype=kind)
        return np.where(values < 0, np.nan, values) if name == "limit" else values
