"""Draws the dossiers of one level so that its totals are exact for any seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motcua.catalog import Level, Procedure
from motcua.sandbox.world.columns import STATUS, Columns, Kind
from motcua.sandbox.world.scenario import LevelTotals, Scenario
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints, WorkingDays

# Working days that procedures without a statutory time usually take, by field. Our assumption, not published.
USUAL_DAYS = {
    "G15-TP08": 1, "ho-tich": 3, "cu-tru": 4, "ho-kinh-doanh": 3, "duong-bo": 2, "lam-nghiep": 3, "do-dac-ban-do": 5,
    "viec-lam": 10, "xay-dung": 10, "bao-tro-xa-hoi": 10, "nuoi-con-nuoi": 10, "dat-dai": 15,
}  # fmt: skip
FIELD_WEIGHTS = {"G15-TP08": 6.0, "ho-tich": 3.0, "ho-kinh-doanh": 3.0, "dat-dai": 2.5, "cu-tru": 2.0}
FEWEST_A_UNIT = 5
NO_DUE_SHARE = 0.35  # share of the dossiers of a procedure without a time limit
WARNED_SHARE = 0.004  # share of dossiers that break rule V5; the same for V6 and V8
DUE_LAST_SHARE = 0.01  # share of the dossiers open in time that are due on the last day
OUTCOMES = ("early", "on_time", "late", "withdrawn", "stopped", "in_time", "overdue")

Outcomes = dict[str, int]


@dataclass(frozen=True)
class Setting:
    """The inputs of the draw. Units and groups have the same positions. `calendar` has the days of one part."""

    scenario: Scenario
    levels: tuple[Level, ...]
    procedures: tuple[Procedure, ...]
    calendar: WorkingDays

    def units_of(self, level: Level) -> Ints:
        return np.flatnonzero(np.array(self.levels) == level)

    def procedures_of(self, level: Level) -> Ints:
        return np.array([n for n, p in enumerate(self.procedures) if p.level == level], dtype=np.int64)


def largest_remainder(total: int, weights: npt.NDArray[np.float64]) -> Ints:
    """Split a total into whole numbers in proportion to the weights; they sum to the total."""
    quotas = total * weights / weights.sum()
    parts: Ints = np.floor(quotas).astype(np.int64)
    rest = total - int(parts.sum())
    parts[np.argsort(parts - quotas, kind="stable")[:rest]] += 1
    return parts


def outcomes_of(totals: LevelTotals) -> Outcomes:
    """Return the number of dossiers with each outcome at the end of a period."""
    return {
        "early": totals.resolved_early,
        "on_time": totals.resolved_on_time,
        "late": totals.resolved_late,
        "withdrawn": totals.withdrawn,
        "stopped": totals.stopped,
        "in_time": totals.open_total - totals.open_overdue,
        "overdue": totals.open_overdue,
    }


def draw_weights(rng: np.random.RandomState, setting: Setting, level: Level) -> npt.NDArray[np.float64]:
    """Return the workload weight of each unit of a level, by its position among them."""
    weights: npt.NDArray[np.float64] = 0.3 + rng.gamma(2.0, 1.0, len(setting.units_of(level)))
    return weights


def draw_level(
    rng: np.random.RandomState,
    setting: Setting,
    level: Level,
    weights: npt.NDArray[np.float64],
    online_count: int,
    outcomes: Outcomes,
) -> Columns:
    """Return the dossiers that one level receives in the period, with the given outcomes. Unit and group are equal."""
    units, size = setting.units_of(level), sum(outcomes.values())
    floor = min(FEWEST_A_UNIT, size // len(units))
    share = largest_remainder(size - floor * len(units), weights)
    unit = rng.permutation(np.repeat(units, share + floor)).astype(np.int64)
    online = rng.permutation(size) < online_count
    outcome = rng.permutation(np.repeat(np.arange(len(OUTCOMES)), [outcomes[name] for name in OUTCOMES]))
    drawn = {name: np.zeros(size, np.int64) for name in _DRAWN}
    for number, name in enumerate(OUTCOMES):
        rows = np.flatnonzero(outcome == number)
        if rows.size:
            for column, values in _draw_outcome(rng, setting, level, name, online[rows]).items():
                drawn[column][rows] = values
    return as_dossiers(rng, setting, unit, online, drawn)


def as_dossiers(
    rng: np.random.RandomState, setting: Setting, unit: Ints, online: npt.NDArray[np.bool_], drawn: dict[str, Ints]
) -> Columns:
    """Return dossiers with all columns, given their drawn procedure, status and days."""
    size, received = len(unit), drawn["received"]
    ahead = np.where(online, rng.randint(60, 130_000, size), rng.randint(0, 600, size))
    submitted = received - ahead
    fees = np.array([procedure.fee or 0 for procedure in setting.procedures], dtype=np.int64)
    zeros, minus_one = np.zeros(size, np.int64), np.full(size, -1, np.int64)
    return Columns(
        kind=np.full(size, Kind.DOSSIER, np.int64),
        change=zeros,
        group=unit,
        unit=unit,
        has_suffix=rng.rand(size) < 0.3,
        online=online,
        created=np.where(online, submitted, received - ahead // 2),
        submitted=submitted,
        modified=zeros,
        fee=fees[drawn["procedure"]],
        originality=np.where(online, 1, 3),
        system_id=np.searchsorted(np.array([0.95, 0.98]), rng.rand(size)).astype(np.int64),
        origin=minus_one,
        number_of=zeros,
        number_style=np.searchsorted(np.array([WARNED_SHARE / 2, WARNED_SHARE]), rng.rand(size))
        .choose([1, 2, 0])
        .astype(np.int64),
        serial=zeros,
        reference=zeros,
        person=rng.randint(1, size + 2, size),
        broken=zeros,
        present=np.ones(size, bool),
        dossier_id=zeros,
        **drawn,
    )


_DRAWN = ("procedure", "status", "received", "due", "released", "finished", "correcting", "cancelling")


def _draw_outcome(
    rng: np.random.RandomState, setting: Setting, level: Level, outcome: str, online: npt.NDArray[np.bool_]
) -> dict[str, Ints]:
    calendar, size = setting.calendar, len(online)
    procedure, is_timed, offset = draw_procedures(rng, setting, level, outcome, size)
    is_same_day = offset == 0
    may_lack_due = outcome in ("on_time", "in_time")
    no_due = may_lack_due & (rng.rand(size) < np.where(is_timed, WARNED_SHARE, NO_DUE_SHARE))
    last = calendar.count - 1
    # If the last day of the period is a rest day, due "on it" and due "before it" are different positions.
    at_end = calendar.end
    due_by = np.where(rng.rand(size) < DUE_LAST_SHARE, at_end, calendar.count)
    length = _draw_length(rng, outcome, offset, no_due, last)

    low, high = np.zeros(size, np.int64), np.full(size, last, np.int64)
    if outcome == "in_time":
        low = np.where(no_due, last - 30, due_by - offset).clip(0, last)
    elif outcome == "overdue":
        high = at_end - 1 - offset
        low = (high - 25).clip(0)
    else:
        high = last - length
    position = _draw_positions(rng, calendar, low, high)
    if outcome == "in_time":
        offset = np.where(no_due, offset, np.maximum(offset, due_by - position))

    received_day = calendar.at(position)
    # Some are received on a rest day, which counts as the next working day.
    on_rest_day = (rng.rand(size) < 0.2) & ~np.isin(received_day - 1, calendar.days) & (position > 0)
    received_day = received_day - on_rest_day
    on_first_day = online & (position == 0) & (rng.rand(size) < 0.3)
    received_day = np.where(on_first_day, calendar.first_day, received_day)
    second = _draw_intake_second(rng, is_same_day)
    # The index keeps its dates in GMT. Before 07:00 local time the GMT day is still the day before.
    before_seven = on_first_day | (online & (rng.rand(size) < 0.012))
    second = np.where(before_seven, rng.randint(5 * 3600, 25_000, size), second)
    received = received_day * DAY_SECONDS + second
    due_day = calendar.at(position + offset)
    due = np.where(no_due, 0, due_day * DAY_SECONDS + 17 * 3600)

    released, finished = draw_result(rng, setting, received, position + length)
    zeros = np.zeros(size, np.int64)
    columns = {"procedure": procedure, "received": received, "due": due, "released": zeros, "finished": zeros,
               "correcting": zeros, "cancelling": zeros}  # fmt: skip
    if outcome in ("early", "on_time", "late"):
        columns |= {"released": released, "finished": finished}
        return columns | {"status": np.full(size, STATUS["done"])}
    if outcome == "withdrawn":
        columns |= {"released": released, "finished": released, "cancelling": released}
        return columns | {"status": np.full(size, STATUS["cancelled"])}
    if outcome == "stopped":
        columns |= {"released": released, "finished": released}
        return columns | {"status": np.full(size, STATUS["stopped"])}
    return columns | _draw_open(rng, setting, outcome, position, offset, received, due)


def draw_procedures(
    rng: np.random.RandomState, setting: Setting, level: Level, outcome: str, size: int
) -> tuple[Ints, npt.NDArray[np.bool_], Ints]:
    """Return procedures, whether each has a statutory time, and the working days from intake to the due day."""
    allowed = setting.procedures_of(level)
    days = np.array([p.time_limit_days or USUAL_DAYS.get(p.field_code, 5) for p in setting.procedures])
    if outcome == "early":
        allowed = allowed[days[allowed] > 1]
    rank = np.arange(len(allowed))
    weights = np.array([FIELD_WEIGHTS.get(setting.procedures[n].field_code, 1.0) for n in allowed]) / (rank + 2) ** 0.5
    if outcome == "in_time":
        weights = weights * days[allowed]
    procedure = allowed[np.searchsorted(np.cumsum(weights) / weights.sum(), rng.rand(size)).clip(0, len(allowed) - 1)]
    is_timed = np.array([p.time_limit_days is not None for p in setting.procedures])[procedure]
    offset = days[procedure]
    # Same-day procedures: for intake after 15:00 the result is due on the next working day.
    offset = np.where((offset == 1) & (rng.rand(size) < 0.8), 0, offset)
    odd = is_timed & (rng.rand(size) < WARNED_SHARE) & (offset < setting.calendar.count - 14)
    if outcome != "early":
        offset = np.where(odd, offset + rng.randint(3, 6, size), offset)
    return procedure, is_timed, offset.astype(np.int64)


def _draw_length(
    rng: np.random.RandomState, outcome: str, offset: Ints, no_due: npt.NDArray[np.bool_], last: int
) -> Ints:
    """Return the working days from intake to the end, short enough for the end to be in the period."""
    size = len(offset)
    if outcome == "early":
        return _whole(rng.rand(size) * offset)
    if outcome == "on_time":
        return np.where(no_due, _whole(rng.rand(size) * (offset + 1)), offset)
    if outcome == "late":
        return np.asarray(np.minimum(offset + rng.geometric(0.35, size), last), dtype=np.int64)
    return np.minimum(_whole(rng.rand(size) * (offset + 2)), last)


def _draw_positions(rng: np.random.RandomState, calendar: WorkingDays, low: Ints, high: Ints) -> Ints:
    """Draw for each row a working day of the period between two positions."""
    busy = np.cumsum(busyness(calendar.at(np.arange(calendar.count))))
    below = np.where(low > 0, busy[low - 1], 0.0)
    found = np.searchsorted(busy, below + rng.rand(len(low)) * (busy[high] - below), side="right")
    return np.asarray(found.clip(low, high), dtype=np.int64)


def busyness(days: Ints) -> npt.NDArray[np.float64]:
    """Return the relative workload of each day by its weekday: more on Mondays, less on Fridays."""
    return np.array([1.35, 1.1, 1.0, 0.95, 0.8, 0.5, 0.5])[(days + 3) % 7]


def _whole(values: npt.NDArray[np.float64]) -> Ints:
    return np.asarray(np.floor(values), dtype=np.int64)


def _draw_intake_second(rng: np.random.RandomState, is_same_day: npt.NDArray[np.bool_]) -> Ints:
    size = len(is_same_day)
    morning = rng.randint(26_100, 40_500, size)  # 07:15 to 11:15
    afternoon = np.where(is_same_day, rng.randint(47_700, 53_900, size), rng.randint(47_700, 59_400, size))
    return np.where(rng.rand(size) < 0.62, morning, afternoon)


def draw_result(rng: np.random.RandomState, setting: Setting, received: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return the instant at which processing ended, on the working day at position `end`, and that of the handover."""
    size, calendar = len(received), setting.calendar
    end_day = calendar.at(end)
    earliest = np.where(end_day == received // DAY_SECONDS, received % DAY_SECONDS + 300, 28_000)
    released_second = earliest + (rng.rand(size) * (62_000 - earliest)).astype(np.int64)
    released = end_day * DAY_SECONDS + released_second
    later = calendar.at(end + rng.randint(1, 4, size)) * DAY_SECONDS + rng.randint(28_000, 60_000, size)
    same_day = released + (rng.rand(size) * (63_000 - released_second)).astype(np.int64)
    return released, np.where(rng.rand(size) < 0.55, same_day, later)


def _draw_open(
    rng: np.random.RandomState, setting: Setting, outcome: str, position: Ints, offset: Ints, received: Ints, due: Ints
) -> dict[str, Ints]:
    """Return the status and the pause of open dossiers. A pause stops the clock if it began by the due day."""
    size, calendar = len(position), setting.calendar
    luck = rng.rand(size)
    status = np.where(luck < 0.75, STATUS["processing"], STATUS["receiving"])
    last = calendar.count - 1
    if outcome == "overdue":
        pause = position + offset + 1
        status = np.where((luck > 0.94) & (pause <= last), STATUS["waiting"], status)
        pause = np.minimum(pause, last)
    else:
        status = np.where(luck > 0.86, STATUS["waiting"], np.where(luck > 0.82, STATUS["paying"], status))
        pause = np.minimum(position + _whole(rng.rand(size) * (offset + 1)), last)
    second = np.maximum(rng.randint(28_000, 60_000, size), received % DAY_SECONDS + 60)
    is_paused = (status == STATUS["waiting"]) | (status == STATUS["paying"])
    correcting = np.where(is_paused, calendar.at(pause) * DAY_SECONDS + second, 0)
    # A quarter of the dossiers paused in time have a due day that has passed since. The pause keeps them in time.
    if outcome == "in_time":
        lapsed = is_paused & (rng.rand(size) < 0.25) & (due > 0) & (position < last)
        due = np.where(lapsed, np.maximum(correcting, received) // DAY_SECONDS * DAY_SECONDS + 17 * 3600, due)
        due = np.maximum(due, np.where(due > 0, received, 0))
    return {"status": status, "correcting": correcting, "due": due}
