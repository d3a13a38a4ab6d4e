"""Splits a drawn world on the day its units change: the old systems stop, and the heirs' systems continue the open
dossiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from motcua.catalog import Catalog, Level
from motcua.sandbox.world.columns import STATUS, Columns, Kind, World, stack
from motcua.sandbox.world.truth import Counts, count_truth
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints
from motcua.units.map import map_of

HANDED_OVER_SECOND = 7 * 3600  # the new systems have the open dossiers before their offices open
_OPEN = [STATUS[code] for code in ("processing", "receiving", "waiting", "paying")]


def split_by_reform(
    drawn: Columns, first_day: int, heirs: Ints, late_count: int, levels: Sequence[Level]
) -> tuple[Columns, Columns, Ints]:
    """Return the records on the last night of the old systems and at the end, and the row that each continues.

    Args:
        drawn: dossiers of the old units in their final state.
        first_day: number of the first day of the new units.
        heirs: for each position of a unit, the position of the unit that took over from it.
        late_count: records that a new system still sends under the code of a district that has ended.
        levels: levels of the old units, by position.

    Returns:
        Night 1 and night 2, with the same record in each row, and for each row the row that it continues, or -1.
    """
    is_after = drawn.received // DAY_SECONDS >= first_day
    before, after = drawn.take(~is_after), drawn.take(is_after)
    after = _moved(after, heirs)
    stood = _as_it_stood(before, first_day)
    is_open = np.isin(stood.status, _OPEN)
    going_on = _moved(before.take(is_open), heirs)
    # A continued dossier counts at the heir's system. The record in the old system keeps its last state.
    stood = stood.with_values(is_open, kind=Kind.COPY)
    late = _late(drawn.take(is_after), heirs, late_count, levels)
    final = stack([stood, going_on, after, late])
    rows = np.arange(len(final))
    origin = np.full(len(final), -1, np.int64)
    origin[len(stood) : len(stood) + len(going_on)] = np.flatnonzero(is_open)
    final = replace(final, number_of=np.where(origin >= 0, origin, rows), modified=_last_event(final))
    is_new = rows >= len(stood)
    handed_over = first_day * DAY_SECONDS + HANDED_OVER_SECOND
    final = replace(final, modified=np.where(is_new, np.maximum(final.modified, handed_over), final.modified))
    return replace(final, present=~is_new), final, origin


def count_reform(world: World, catalog: Catalog) -> dict[str, Counts]:
    """Return the expected counts of each unit for the scenario's period, on the map of its last day."""
    period = world.scenario.period
    place = map_of(catalog).place
    found: dict[str, list[Counts]] = {}
    for unit_id, counts in count_truth(world, 2, days=(period.from_date, period.to_date)).by_unit.items():
        found.setdefault(place(unit_id, period.to_date), []).append(counts)
    return {unit_id: Counts.sum(parts) for unit_id, parts in found.items()}


def _moved(columns: Columns, heirs: Ints) -> Columns:
    return replace(columns, group=heirs[columns.group], unit=heirs[columns.unit])


def _as_it_stood(columns: Columns, day: int) -> Columns:
    """Return the state of the dossiers before a day, without all later events."""

    def is_later(values: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        return np.asarray(values // DAY_SECONDS >= day)

    handed = is_later(columns.finished) & ~is_later(columns.released) & (columns.status == STATUS["done"])
    columns = columns.with_values(handed, finished=0, status=STATUS["releasing"])
    ended = is_later(np.maximum(columns.released, columns.finished))
    columns = columns.with_values(ended, released=0, finished=0, cancelling=0, status=STATUS["processing"])
    return columns.with_values(is_later(columns.correcting), correcting=0, status=STATUS["processing"])


def _late(columns: Columns, heirs: Ints, count: int, levels: Sequence[Level]) -> Columns:
    """Return records that the heirs' systems receive under the code of a district that has ended (rule V7)."""
    districts = np.flatnonzero(np.array(levels)[columns.unit] == "district")[:count]
    late = columns.take(districts)
    size = len(late)
    return replace(
        late,
        group=heirs[late.group],
        kind=np.full(size, Kind.BROKEN, np.int64),
        broken=np.full(size, 7, np.int64),
    )


def _last_event(columns: Columns) -> Ints:
    events = [columns.created, columns.received, columns.released, columns.finished, columns.correcting]
    return np.asarray(np.maximum.reduce(events), dtype=np.int64)
