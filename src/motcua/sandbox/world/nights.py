"""Derives night 1 from night 2 by undoing changes. The final state is drawn first, so that its totals are exact.

A dossier changes only if it was received in the last weeks of the period or was still open on night 1. A nightly pull
requests these dossiers again; there is no modified-since filter that would find other changed dossiers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from motcua.sandbox.world.columns import STATUS, Change, Columns
from motcua.sandbox.world.draw import Setting, draw_result
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints, day_number

RECENT_DAYS = 28  # less than the 31 days of overlap, so that a pull one or two days later still finds the changes
FORCED = 3  # the system that goes down has at least this many changes of each kind
REPAIRED_RULES = (1, 3, 4, 7, 11)
UNKNOWN_UNIT = -2  # position in World.unit_codes, counted from its end; the empty code is the last one
_CLOSED = [STATUS[code] for code in ("done", "releasing", "cancelled", "stopped")]


def undo_changes(rng: np.random.RandomState, setting: Setting, final: Columns, down: int) -> tuple[Columns, Columns]:
    """Return the dossiers as they stand on night 2 and as they stood on night 1.

    Args:
        final: the drawn dossiers, without changes.
        down: group of the system that goes down on night 2; it gets changes of every kind.
    """
    wanted = setting.scenario.changes
    last_day = day_number(setting.scenario.to_date)
    recent = final.received // DAY_SECONDS > last_day - RECENT_DAYS
    is_open = np.isin(final.status, _CLOSED, invert=True)
    is_done = final.status == STATUS["done"]
    # A dossier received long ago may have been closed recently. It was open on night 1, so the pull requests it again.
    closed_lately = is_done & (final.released // DAY_SECONDS > last_day - 7)

    def pick(change: Change, count: int, allowed: npt.NDArray[np.bool_]) -> Ints:
        nonlocal final
        allowed = allowed & (final.change == Change.NONE)
        here = rng.permutation(np.flatnonzero(allowed & (final.unit == down)))
        elsewhere = rng.permutation(np.flatnonzero(allowed & (final.unit != down)))
        forced = min(FORCED, count)
        if change == Change.MOVED:
            forced = 0
        rows = np.concatenate([here[:forced], elsewhere, here[forced:]])[:count].astype(np.int64)
        final = final.with_values(rows, change=change)
        return rows

    late = pick(Change.ARRIVED_LATE, wanted.arrived_late, recent)
    reopened = pick(Change.REOPENED, wanted.reopened, recent & (final.status == STATUS["processing"]))
    repaired = pick(Change.REPAIRED, wanted.repaired, recent & is_done)
    closed = pick(Change.CLOSED, wanted.closed, (recent & np.isin(final.status, _CLOSED)) | closed_lately)
    due = pick(
        Change.CORRECTED_DUE, wanted.corrected_due, (final.due > 0) & (recent | is_open) & (final.correcting == 0)
    )
    procedure = pick(Change.CORRECTED_PROCEDURE, wanted.corrected_procedure, recent)
    channel = pick(Change.CORRECTED_CHANNEL, wanted.corrected_channel, recent)
    moved = pick(Change.MOVED, wanted.moved, recent)

    # On the next morning an officer enters the dossiers that came on paper.
    typed_in = (last_day + 1) * DAY_SECONDS + rng.randint(28_000, 50_000, len(late))
    final = final.with_values(late, created=typed_in)
    final = final.with_values(moved, group=_other_groups(rng, setting, final.unit[moved], down))

    first = final.with_values(moved, unit=final.group[moved])
    first = first.with_values(late, present=False)
    end = _some_day_until_the_last(rng, setting, first.received[reopened])
    released, finished = draw_result(rng, setting, first.received[reopened], end)
    returned = finished // DAY_SECONDS <= last_day
    first = first.with_values(
        reopened,
        released=released,
        finished=np.where(returned, finished, 0),
        status=np.where(returned, STATUS["done"], STATUS["releasing"]),
    )
    first = first.with_values(closed, released=0, finished=0, cancelling=0, status=STATUS["processing"])
    first = first.with_values(due, due=_other_due(rng, first, due))
    first = first.with_values(procedure, procedure=_other_procedures(setting, first.procedure[procedure]))
    first = first.with_values(channel, online=~first.online[channel])
    for number, rule in enumerate(REPAIRED_RULES):
        first = break_rule(first, repaired[number :: len(REPAIRED_RULES)], rule)

    changed = final.change != Change.NONE
    touched = (last_day + 1) * DAY_SECONDS + rng.randint(50_000, 62_000, len(final))
    final = replace(final, modified=np.where(changed, touched, _last_event(final)))
    return final, replace(first, modified=_last_event(first))


def break_rule(columns: Columns, rows: Ints, rule: int) -> Columns:
    """Return the columns with these rows changed to break one validation rule of domain.md section 9."""
    received = columns.received[rows]
    broken: dict[int, dict[str, object]] = {
        1: {"procedure": -1},
        2: {"status": STATUS["chuyen_lai"]},
        3: {"released": received - DAY_SECONDS},
        4: {"released": 0, "finished": 0},
        7: {"unit": UNKNOWN_UNIT},
        9: {},
        11: {"fee": -20_000},
    }
    return columns.with_values(rows, broken=rule, **broken[rule])


def _last_event(columns: Columns) -> Ints:
    events = [columns.created, columns.received, columns.released, columns.finished, columns.correcting]
    return np.asarray(np.maximum.reduce(events), dtype=np.int64)


def _other_groups(rng: np.random.RandomState, setting: Setting, unit: Ints, down: int) -> Ints:
    """Return the system that held each dossier before it moved to `unit`: mostly a system of the same level."""
    levels = np.array(setting.levels)
    group = unit.copy()
    for row, target in enumerate(unit):
        peers = np.flatnonzero((levels == levels[target]) & (np.arange(len(levels)) != target))
        others = peers if len(peers) and rng.rand() < 0.8 else np.flatnonzero(np.arange(len(levels)) != target)
        group[row] = down if row < FORCED and target != down else others[rng.randint(len(others))]
    return group


def _some_day_until_the_last(rng: np.random.RandomState, setting: Setting, received: Ints) -> Ints:
    start = setting.calendar.position(received // DAY_SECONDS)
    room = np.maximum(setting.calendar.count - start, 1)
    return start + np.floor(rng.rand(len(start)) * np.minimum(room, 4)).astype(np.int64)


def _other_due(rng: np.random.RandomState, columns: Columns, rows: Ints) -> Ints:
    """Return a wrong due date for each row: earlier if there is time after intake, else later."""
    due, received = columns.due[rows], columns.received[rows]
    room = (due - received) // DAY_SECONDS
    shift = np.where(room >= 2, -np.minimum(rng.randint(1, 4, len(rows)), room - 1), rng.randint(1, 8, len(rows)))
    return np.asarray(due + shift * DAY_SECONDS)


def _other_procedures(setting: Setting, procedure: Ints) -> Ints:
    """Return the next procedure of the same level, which an intake officer might select by mistake."""
    following = np.arange(len(setting.procedures))
    for level in set(setting.levels):
        same = setting.procedures_of(level)
        following[same] = np.roll(same, -1)
    return following[procedure]
