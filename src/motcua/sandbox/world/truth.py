"""The expected counts of a report, counted from the world's arrays. On purpose this does not use the pipeline's SQL.

Form II.06a with the conventions of domain.md sections 3.2 and 4.5: days are compared, not times; a dossier without a
due date is on time; a pause stops the clock. Withdrawn and stopped are counted separately here; the form counts them as
resolved on time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field, fields
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from motcua.sandbox.world.columns import COUNTED, STATUS, World
from motcua.sandbox.world.working_days import DAY_SECONDS, day_number


@dataclass(frozen=True)
class Counts:
    """Counts of dossiers of one unit, level or province over the period. `open_*` is at the end of its last day.

    Attributes:
        carried_over: received before the first day and open on it.
        resolved_carried_over: the carried-over dossiers among those resolved early, on time or late.
    """

    carried_over: int = 0
    received_online: int = 0
    received_direct: int = 0
    resolved_early: int = 0
    resolved_on_time: int = 0
    resolved_late: int = 0
    withdrawn: int = 0
    stopped: int = 0
    resolved_carried_over: int = 0
    open_total: int = 0
    open_overdue: int = 0

    @property
    def received(self) -> int:
        return self.received_online + self.received_direct

    @property
    def resolved(self) -> int:
        return self.resolved_early + self.resolved_on_time + self.resolved_late

    @classmethod
    def sum(cls, parts: Iterable[Counts]) -> Counts:
        rows = [astuple(part) for part in parts]
        return cls(*(sum(column) for column in zip(*rows, strict=True))) if rows else cls()


@dataclass(frozen=True)
class Truth:
    """The counts of every unit of a scenario, and their sums."""

    by_unit: dict[str, Counts]
    level_of: dict[str, str] = field(repr=False)

    @property
    def total(self) -> Counts:
        return Counts.sum(self.by_unit.values())

    @property
    def by_level(self) -> dict[str, Counts]:
        levels = sorted(set(self.level_of.values()))
        return {
            level: Counts.sum(counts for unit, counts in self.by_unit.items() if self.level_of[unit] == level)
            for level in levels
        }


def count_truth(
    world: World,
    night: int = 2,
    stuck_at: Mapping[int, int] | None = None,
    days: tuple[date, date] | None = None,
    asked_until: Mapping[int, date] | None = None,
) -> Truth:
    """Return the expected counts of a report after a night.

    Args:
        world: every record of the scenario.
        night: 1 or a later one.
        stuck_at: for a system (groupId) that stopped answering, the last night on which it answered; 0 for never.
        days: first and last day of the report; by default those of the scenario's period.
        asked_until: for a system, the last day of reception that it was asked for; by default every day.
    """
    first, last = map(day_number, days or (world.scenario.from_date, world.scenario.to_date))
    unit, tests = counted_rows(world, night, stuck_at or {}, first, last, asked_until or {})
    size = len(world.unit_ids)
    sums = [np.bincount(unit[tests[f.name]], minlength=size)[:size] for f in fields(Counts)]
    by_unit = {
        unit_id: Counts(*(int(column[number]) for column in sums)) for number, unit_id in enumerate(world.unit_ids)
    }
    return Truth(by_unit, dict(zip(world.unit_ids, world.levels, strict=True)))


def counted_rows(
    world: World,
    night: int,
    stuck_at: Mapping[int, int],
    first: int,
    last: int,
    asked_until: Mapping[int, date] | None = None,
) -> tuple[npt.NDArray[Any], dict[str, npt.NDArray[np.bool_]]]:
    """Return the unit of every record, and for each name of `Counts` which records count from `first` to `last`."""
    answered = np.array([min(night, stuck_at.get(group, night)) for group in world.group_ids])
    seen_on = answered[world.nights[night].group]

    def known(name: str) -> npt.NDArray[Any]:
        value: npt.NDArray[Any] = getattr(world.nights[night], name)
        for earlier in set(answered.tolist()) - {night, 0}:
            value = np.where(seen_on == earlier, getattr(world.nights[earlier], name), value)
        return value

    counted = np.isin(world.nights[night].kind, COUNTED)
    counted &= (seen_on > 0) & known("present") & (known("broken") == 0)
    for group, day in (asked_until or {}).items():
        is_later = known("received") // DAY_SECONDS > day_number(day)
        counted &= ~(is_later & (world.nights[night].group == world.group_ids.index(group)))
    status, online, unit = known("status"), known("online"), known("unit")
    received, due, paused = (known(name) // DAY_SECONDS for name in ("received", "due", "correcting"))
    ended = np.where(known("released") > 0, known("released"), known("finished")) // DAY_SECONDS

    is_closed = np.isin(status, [STATUS[code] for code in ("done", "releasing", "cancelled", "stopped")])
    is_done = np.isin(status, [STATUS["done"], STATUS["releasing"]])
    is_paused = np.isin(status, [STATUS["waiting"], STATUS["paying"]])
    in_period = counted & (received >= first) & (received <= last)
    carried_over = counted & (received < first) & ~(is_closed & (ended < first))
    ended_in_period = counted & is_closed & (ended >= first) & (ended <= last)
    is_open = counted & (received <= last) & ~(is_closed & (ended <= last))
    stopped_in_time = is_paused & ~((paused > due) & (paused > 0))
    overdue = (due > 0) & (due < last) & ~stopped_in_time
    return unit, {
        "carried_over": carried_over,
        "received_online": in_period & online,
        "received_direct": in_period & ~online,
        "resolved_early": ended_in_period & is_done & (due > 0) & (ended < due),
        "resolved_on_time": ended_in_period & is_done & ((due == 0) | (ended == due)),
        "resolved_late": ended_in_period & is_done & (due > 0) & (ended > due),
        "withdrawn": ended_in_period & (status == STATUS["cancelled"]),
        "stopped": ended_in_period & (status == STATUS["stopped"]),
        "resolved_carried_over": ended_in_period & is_done & carried_over,
        "open_total": is_open,
        "open_overdue": is_open & overdue,
    }
