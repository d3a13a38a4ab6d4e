"""Administrative procedures (TTHC) in time: what one row of `procedures/*.csv` states, and what rows may not do.

One row is one procedure at one level, of the nation or of one province, while nothing about it changed. A later row
takes over from its `valid_from`; two rows that hold on one day for one level and province are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from motcua.catalog.models import Entry, Level, OptionalDate
from motcua.errors import CatalogError

TimeUnit = Literal["working_days", "calendar_days", "working_hours", "same_day"]
OnlineLevel = Literal["none", "partial", "full"]
ResultKind = Literal["paper", "electronic", "none"]
ProcedureState = Literal["PUBLISHED", "UPDATED", "INACTIVE"]
TIME_UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)

_YES_NO = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _yes_no(value: object) -> object:
    return _YES_NO.get(value.strip().casefold(), value) if isinstance(value, str) and value else _empty_is_none(value)


Count = Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(_empty_is_none)]
ServiceLevel = Annotated[Annotated[int, Field(ge=1, le=4)] | None, BeforeValidator(_empty_is_none)]
OptionalBool = Annotated[bool | None, BeforeValidator(_yes_no)]
OptionalUnit = Annotated[TimeUnit | None, BeforeValidator(_empty_is_none)]


class Procedure(Entry):
    """An administrative procedure at one level, keyed by its national code without suffix, while this held.

    `time_limit` in `time_unit` is the statutory time, `announced_limit` in `announced_unit` what the province promised
    instead. With `province` (its official code) the row is that province's own and comes before the nation's. What is
    not known stays empty, which is not the same as no. `service_level` is the scale of 1 to 4 before NĐ 42/2022/NĐ-CP,
    `online_level` the one since; where only the first is given, `procedures/online_levels.yaml` tells the second.
    """

    code: str = Field(pattern=r"^[1-9]\.\d{6}$")
    name: str
    field_code: str
    field_name: str
    level: Level
    province: str = Field(default="", pattern=r"^(\d{2})?$")
    time_limit: Count = None
    time_unit: OptionalUnit = None
    announced_limit: Count = None
    announced_unit: OptionalUnit = None
    fee: Count = None  # VND
    has_fee: OptionalBool = None
    has_online_payment: OptionalBool = None
    service_level: ServiceLevel = None
    online_level: Annotated[OnlineLevel | None, BeforeValidator(_empty_is_none)] = None
    is_online_level_inferred: Annotated[bool, BeforeValidator(lambda value: _yes_no(value) or False)] = False
    result_kind: Annotated[ResultKind | None, BeforeValidator(_empty_is_none)] = None
    for_citizens: OptionalBool = None
    state: Annotated[ProcedureState, BeforeValidator(lambda value: value or "PUBLISHED")] = "PUBLISHED"
    decision_no: str = ""
    announced_on: OptionalDate = None  # of the decision that announced it (QĐ công bố)
    effective_on: OptionalDate = None  # when its legal basis took effect
    published_on: OptionalDate = None  # when it was last made public
    evidence: str

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        """Take the older heading `time_limit_days`; a limit without a unit is one of working days."""
        if not isinstance(given, dict):
            return given
        row = dict(given)
        if (days := row.pop("time_limit_days", None)) not in (None, ""):
            row.setdefault("time_limit", days)
        for limit, unit in (("time_limit", "time_unit"), ("announced_limit", "announced_unit")):
            if row.get(unit) == "same_day":
                row[limit] = 0
            elif row.get(limit) not in (None, "") and not row.get(unit):
                row[unit] = "working_days"
        fee = row.get("fee")
        if row.get("has_fee") in (None, "") and fee not in (None, ""):
            row["has_fee"] = str(fee) != "0"
        return row

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Procedure:
        for name, limit, unit in (
            ("time_limit", self.time_limit, self.time_unit),
            ("announced_limit", self.announced_limit, self.announced_unit),
        ):
            if unit is not None and limit is None:
                raise ValueError(f"{name} is missing, its unit is {unit}")
        if self.has_fee is False and self.fee:
            raise ValueError(f"has_fee is no, and fee is {self.fee}")
        return self

    def is_in_force(self, day: date, province: str) -> bool:
        """True for a row of the nation or the province that holds on a day and is not marked INACTIVE."""
        return self.holds_on(day) and self.state != "INACTIVE" and self.province in ("", province)

    @property
    def due_time(self) -> tuple[int, TimeUnit] | None:
        """The time a due date is computed from: what the province announced, else the statutory one."""
        if self.announced_limit is not None and self.announced_unit is not None:
            return self.announced_limit, self.announced_unit
        if self.time_limit is not None and self.time_unit is not None:
            return self.time_limit, self.time_unit
        return None

    @property
    def time_limit_days(self) -> int | None:
        """Working days that the statutory time takes at most: 1 for one of the same day, asked for after 15:00."""
        if self.time_limit is None or self.time_unit == "working_days":
            return self.time_limit
        if self.time_unit == "working_hours":
            return -(-self.time_limit // 8)
        return 1 if self.time_unit == "same_day" else -(-self.time_limit * 5 // 7)

    @property
    def key(self) -> tuple[str, Level, str]:
        """What only one row may hold for on a day."""
        return self.code, self.level, self.province


class OnlineLevels(BaseModel):
    """What the service levels of 1 to 4 became under NĐ 42/2022/NĐ-CP, and how that is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    levels: dict[int, OnlineLevel]
    evidence: str = Field(min_length=1)

    def applied(self, procedure: Procedure) -> Procedure:
        """Return the procedure with its online level, told from the older scale where it is not stated."""
        if procedure.online_level is not None or procedure.service_level is None:
            return procedure
        told = self.levels.get(procedure.service_level)
        return procedure.model_copy(update={"online_level": told, "is_online_level_inferred": told is not None})


Placed = tuple[Path, int, Procedure]  # a row, its file and line


def refuse_overlaps(rows: Iterable[Placed]) -> list[Procedure]:
    """Return the rows, in their order.

    Raises:
        CatalogError: two rows of one code, level and province hold on one day; names both lines.
    """
    found = list(rows)
    by_key: dict[tuple[str, Level, str], list[Placed]] = {}
    for row in found:
        by_key.setdefault(row[2].key, []).append(row)
    for same in by_key.values():
        for (path, line, earlier), (other, place, later) in pairwise(sorted(same, key=lambda row: row[2].valid_from)):
            if earlier.valid_to is None or later.valid_from <= earlier.valid_to:
                raise CatalogError(
                    f"{other}:{place}: {later.code} at {later.level} level holds from {later.valid_from}, and the row"
                    f" at {path.name}:{line} still holds then (until {earlier.valid_to or 'now'}).",
                    action=f"end that row before {later.valid_from}, or let `motcua procedures import` do it.",
                )
    return [procedure for _, _, procedure in found]


def in_force(procedures: Iterable[Procedure], day: date, province: str) -> list[Procedure]:
    """Return the rows in force in a province: its own row stands in for the nation's of the same code and level."""
    rows: dict[tuple[str, Level], Procedure] = {}
    for row in sorted(procedures, key=lambda row: row.province):  # the nation's first
        if row.is_in_force(day, province):
            rows[row.code, row.level] = row
    return list(rows.values())


class ProcedureIndex:
    """Finds the row in force of a code."""

    def __init__(self, procedures: Iterable[Procedure]) -> None:
        self._rows: dict[str, list[Procedure]] = {}
        for procedure in procedures:
            self._rows.setdefault(procedure.code, []).append(procedure)

    def rows(self, code: str) -> list[Procedure]:
        """Return every row of a code, the oldest first."""
        return sorted(self._rows.get(code, ()), key=lambda row: (row.valid_from, row.level, row.province))

    def find(self, code: str, day: date, level: str | None = None, province: str = "") -> Procedure | None:
        """Return the row in force: the province's own before the nation's, the level's before another's, or none."""
        found = [row for row in self._rows.get(code, ()) if row.is_in_force(day, province)]
        return min(found, key=lambda row: (row.level != level, not row.province), default=None)
