"""The terms of a procedure on a day in the catalogue, numbered so that hundreds of thousands of records share them."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from motcua.catalog import Catalog
from motcua.catalog.procedures import TIME_UNITS
from motcua.days.due_dates import DueRules


class _Term(NamedTuple):
    limit: float  # NaN where the catalogue has none
    unit: int  # index in TIME_UNITS, -1: none
    rule: int  # index in the rules of due dates, -1: none
    field_code: str | None


_NO_LIMIT = float("nan")  # one object, because two NaN objects are not equal, so two terms without a limit are equal
_UNKNOWN = _Term(_NO_LIMIT, -1, -1, None)


class Terms:
    """Numbers the distinct terms. The arrays are indexed by number, and their last item (-1) means not known."""

    def __init__(self, catalog: Catalog, rules: DueRules) -> None:
        self._catalog = catalog
        self._rules = rules
        self._numbers: dict[_Term, int] = {}

    def number(self, code: str, day: date, level: str, province: str) -> int:
        """Return the number of a procedure's terms on a day, or -1 when the catalogue does not have it on that day.

        A day before the catalogue's first list of procedures is read by that list.
        """
        day = max(day, self._catalog.procedures_known_from)
        entry = self._catalog.procedure(code, day, level, province)
        if entry is None:
            return -1
        term = _Term(_NO_LIMIT, -1, -1, entry.field_code)
        if entry.due_time is not None:
            limit, unit = entry.due_time
            rule = self._rules.narrowest_index(code, entry.field_code, province, day)
            term = _Term(limit, TIME_UNITS.index(unit), -1 if rule is None else rule, entry.field_code)
        return self._numbers.setdefault(term, len(self._numbers))

    @property
    def limits(self) -> NDArray[np.float64]:
        return self._column("limit", np.float64)

    @property
    def units(self) -> NDArray[np.int64]:
        return self._column("unit", np.int64)

    @property
    def rules(self) -> NDArray[np.int64]:
        return self._column("rule", np.int64)

    @property
    def field_codes(self) -> NDArray[np.object_]:
        return self._column("field_code", object)

    def _column(self, name: str, kind: type) -> NDArray[Any]:
        return np.array([getattr(term, name) for term in (*self._numbers, _UNKNOWN)], dtype=kind)
