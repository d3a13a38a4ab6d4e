"""`GET /dossiers` of OpenCPS v2 as documented in one_stop_systems.md section a.2, with its quirks.

Only the documented filters that a consolidating client needs are implemented. The others (keyword, template, owner ...)
are ignored, just as OpenCPS ignores unknown parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from motcua.sandbox.systems.paging import Answers
from motcua.sandbox.systems.records import spoken
from motcua.sandbox.world.columns import Columns, World
from motcua.sandbox.world.noise import CHILD_ORIGINALITY
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints, day_number

_GMT_SHIFT = 7 * 3600  # the index stores GMT, the records show Asia/Ho_Chi_Minh
_DATE_FILTERS = {
    "ReceiveDate": "received",
    "SubmitDate": "submitted",
    "ReleaseDate": "released",
    "FinishDate": "finished",
    "DueDate": "due",
}
_SORTS = {
    "createDate": "created",
    "modifiedDate": "modified",
    "receiveDate": "received",
    "submitDate": "submitted",
    "dueDate": "due",
    "releaseDate": "released",
    "finishDate": "finished",
    "dossierId": "dossier_id",
}
_LISTED_ORIGINALITIES = frozenset(range(5))


@dataclass(frozen=True)
class Query:
    """One list query to a system, after the quirks of OpenCPS were applied to its parameters."""

    agency: str | None
    system_ids: frozenset[int]
    originalities: frozenset[int] | None
    statuses: frozenset[str] | None
    between: tuple[tuple[str, int | None, int | None], ...]
    sort: str
    is_descending: bool


def parse_query(parameters: Mapping[str, str]) -> Query:
    """Read the parameters of a list request. Nothing is refused: OpenCPS drops parameters that it cannot read."""
    statuses = _names(parameters.get("status", ""))
    between = []
    for label, column in _DATE_FILTERS.items():
        start, end = parameters.get(f"from{label}", ""), parameters.get(f"to{label}", "")
        if not start and not end:
            continue
        # A date that cannot be parsed drops the filter, and the whole table is returned with HTTP 200.
        if (start and _day(start) is None) or (end and _day(end) is None):
            continue
        if label == "SubmitDate" and not start:
            column = "received"
        if label == "FinishDate":
            statuses = frozenset({"done"})
        between.append((column, _day(start), _day(end)))
    scope = parameters.get("agency", "")
    everywhere = scope == "all" or parameters.get("notAgencysScope", "") == "true"
    return Query(
        agency=None if everywhere else scope,
        system_ids=_numbers(parameters.get("systemId", "")) or frozenset({0}),
        originalities=_numbers(parameters.get("originality", "")) or None,
        statuses=statuses or None,
        between=tuple(between),
        sort=_SORTS.get(parameters.get("sort", ""), "created"),
        is_descending=parameters.get("order", "").lower() in ("desc", "true"),
    )


def parse_range(parameters: Mapping[str, str], total: int) -> tuple[int, int]:
    """Return the requested row offsets, start inclusive and end exclusive. Without an `end` these are the first ten."""
    start, end = (_whole(parameters.get(name, "")) for name in ("start", "end"))
    if start == -1 and end == -1:
        return 0, total
    if end == 0:
        return 0, 10
    return max(start, 0), max(end, 0)


class Index:
    """Answers queries on the records of one night like the search index of an OpenCPS host."""

    def __init__(self, world: World, night: int) -> None:
        self._world = world
        self._night: Columns = world.nights[night]
        self._rows: dict[int, Ints] = {}
        order = np.argsort(self._night.group, kind="stable")
        ends = np.searchsorted(self._night.group[order], np.arange(len(world.group_ids) + 1))
        for position, group_id in enumerate(world.group_ids):
            rows = order[ends[position] : ends[position + 1]]
            self._rows[group_id] = rows[self._night.present[rows] & (self._night.originality[rows] >= 0)]
        self._answers = Answers()

    def rows(self, group_id: int) -> Ints:
        """Return every record of a system that is not deleted."""
        return self._rows[group_id]

    def find(self, group_id: int, dossier_id: int) -> Ints:
        """Return the row of a dossier, or no row if the system has no dossier with that id."""
        rows = self._rows[group_id]
        found: Ints = rows[self._night.dossier_id[rows] == dossier_id]
        return found

    def answer(self, group_id: int, query: Query) -> Ints:
        """Return the matching rows in order. Ties are ordered by dossierId, so that pages do not overlap."""
        return self._answers.get((group_id, query), lambda: self._search(group_id, query))

    def _search(self, group_id: int, query: Query) -> Ints:
        night, rows = self._night, self._rows[group_id]
        matches: npt.NDArray[np.bool_] = np.isin(night.system_id[rows], sorted(query.system_ids))
        originality = night.originality[rows]
        if query.originalities is None:
            matches &= np.isin(originality, sorted(_LISTED_ORIGINALITIES)) & (night.origin[rows] < 0)
        else:
            matches &= np.isin(originality, sorted(query.originalities))
        if query.agency is not None:
            own = self._world.group_ids.index(group_id)
            codes = self._world.unit_codes
            wanted = codes[own] if not query.agency else query.agency
            matches &= np.array([code == wanted for code in codes])[night.unit[rows]]
        if query.statuses is not None:
            matches &= np.isin(spoken(night, rows), sorted(query.statuses))
        for column, first, last in query.between:
            instant = getattr(night, column)[rows]
            day = (instant - _GMT_SHIFT) // DAY_SECONDS
            matches &= instant > 0
            if first is not None:
                matches &= day >= first
            if last is not None:
                matches &= day <= last
        rows = rows[matches]
        by = getattr(night, query.sort)[rows]
        return rows[np.lexsort((night.dossier_id[rows], -by if query.is_descending else by))]

    def is_child(self, rows: Ints) -> npt.NDArray[np.bool_]:
        """Return which records are liên thông children, which a list without `originality` does not show."""
        return np.asarray(
            (self._night.originality[rows] == CHILD_ORIGINALITY) & (self._night.origin[rows] >= 0), dtype=np.bool_
        )


def _day(text: str) -> int | None:
    """Read dd/MM/yyyy, where day and month may have one digit. Return None for any other text."""
    found = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    if not found:
        return None
    try:
        return day_number(date(int(found[3]), int(found[2]), int(found[1])))
    except ValueError:
        return None


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else 0


def _names(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(part) for part in _names(text) if re.fullmatch(r"-?\d+", part))
