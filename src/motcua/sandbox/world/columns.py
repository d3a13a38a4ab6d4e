"""The world of a scenario: every dossier of every one-stop system on each night, stored as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from motcua.catalog import Level, Procedure
from motcua.sandbox.world.facts import Facts, draw_facts
from motcua.sandbox.world.scenario import Scenario
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints, WorkingDays, day_number

Bools = npt.NDArray[np.bool_]

# The states of a dossier that occur, by their meaning in the national list, with the text that a system shows. Each
# system says them in words of its own; most are those of one_stop_systems.md section a.4. The last has no meaning.
STATUSES: tuple[tuple[str, str], ...] = (
    ("done", "Đã trả kết quả"),
    ("releasing", "Chờ trả kết quả"),
    ("processing", "Đang xử lý"),
    ("receiving", "Tiếp nhận"),
    ("waiting", "Chờ bổ sung"),
    ("paying", "Chờ thực hiện nghĩa vụ tài chính"),
    ("cancelled", "Rút hồ sơ"),
    ("stopped", "Dừng xử lý"),
    ("not_accepted", "Không được tiếp nhận"),
    ("new", "Mới đăng ký"),
    ("chuyen_lai", "Chuyển lại"),
)
STATUS = {code: number for number, (code, _) in enumerate(STATUSES)}


class Kind(IntEnum):
    """The purpose of a record. A DOSSIER counts in the period: it was received in it or carried over into it.

    OUTSIDE, EARLIER and LATER are dossiers of other days: OUTSIDE just before or after the period, EARLIER closed
    before its first day, LATER received after its last day. The other kinds never count.
    """

    DOSSIER = 0
    COPY = 1
    CHILD = 2
    DELETED = 3
    BROKEN = 4
    NOT_ACCEPTED = 5
    DRAFT = 6
    OUTSIDE = 7
    EARLIER = 8
    LATER = 9


COUNTED = (Kind.DOSSIER, Kind.OUTSIDE, Kind.EARLIER, Kind.LATER)


class Change(IntEnum):
    """How a dossier differs between night 1 and night 2, apart from the events of the day between them."""

    NONE = 0
    CORRECTED_PROCEDURE = 1
    CORRECTED_CHANNEL = 2
    CORRECTED_DUE = 3
    CLOSED = 4
    REOPENED = 5
    MOVED = 6
    ARRIVED_LATE = 7
    REPAIRED = 8


class NumberStyle(IntEnum):
    """How a dossier number is written: by the rule, as a short random id of OpenCPS, with another date, or missing."""

    RULE = 0
    SHORT_ID = 1
    OTHER_DATE = 2
    MISSING = 3


@dataclass(frozen=True)
class Columns:
    """The records of one night: each column has one value per record. Instants are seconds of local time, 0 for none.

    Attributes:
        group: position of the record's one-stop system in `World.group_ids`.
        unit: position of the handling unit in `World.unit_codes`; an unknown and an empty code follow the real ones.
        procedure: position in `World.procedures`, -1 for none.
        origin: row of the parent dossier, -1 for none.
        number_of: row whose dossier number this record shows: its own row, or the row that it copies.
        broken: number of the validation rule (domain.md section 9) that the record breaks, 0 for none.
        present: whether the record is already in the system on that night.
    """

    kind: Ints
    change: Ints
    group: Ints
    unit: Ints
    procedure: Ints
    has_suffix: Bools
    status: Ints
    online: Bools
    created: Ints
    submitted: Ints
    received: Ints
    due: Ints
    released: Ints
    finished: Ints
    correcting: Ints
    cancelling: Ints
    modified: Ints
    fee: Ints
    originality: Ints
    system_id: Ints
    origin: Ints
    number_of: Ints
    number_style: Ints
    serial: Ints
    reference: Ints
    person: Ints
    broken: Ints
    present: Bools
    dossier_id: Ints

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, rows: npt.NDArray[Any]) -> Columns:
        """Return the rows at these positions, or the rows where a mask is true, as new arrays."""
        return Columns(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def with_values(self, rows: npt.NDArray[Any], **values: Any) -> Columns:
        """Return these columns with new values in some rows. Columns that are not named are shared, not copied."""
        changed = {}
        for name, value in values.items():
            changed[name] = getattr(self, name).copy()
            changed[name][rows] = value
        return replace(self, **changed)


def stack(parts: list[Columns]) -> Columns:
    """Return the rows of all parts, in order."""
    return Columns(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Columns)})


def shifted(columns: Columns, calendar: WorkingDays, by: Ints) -> Columns:
    """Return dossiers with all instants `by` working days later. An instant on a rest day moves to a working day."""

    def later(instants: Ints) -> Ints:
        day = calendar.at(calendar.position(instants // DAY_SECONDS) + by)
        return np.where(instants > 0, day * DAY_SECONDS + instants % DAY_SECONDS, 0)

    received = later(columns.received)
    return replace(
        columns,
        received=received,
        submitted=received - (columns.received - columns.submitted),
        created=received - (columns.received - columns.created),
        due=later(columns.due),
        released=later(columns.released),
        finished=later(columns.finished),
        correcting=later(columns.correcting),
        cancelling=later(columns.cancelling),
    )


@dataclass(frozen=True)
class World:
    """Every record of a scenario on each night. A row is the same record on all nights.

    `unit_ids`, `unit_names`, `levels` and `group_ids` have the same positions: one system per unit.
    """

    scenario: Scenario
    group_ids: tuple[int, ...]
    unit_ids: tuple[str, ...]
    unit_codes: tuple[str, ...]
    unit_names: tuple[str, ...]
    levels: tuple[Level, ...]
    procedures: tuple[Procedure, ...]
    nights: Mapping[int, Columns]

    def __len__(self) -> int:
        return len(self.nights[2])

    @cached_property
    def in_period(self) -> Bools:
        """Which records were received on a day of the period, in local time."""
        day = self.nights[2].received // DAY_SECONDS
        first, last = day_number(self.scenario.from_date), day_number(self.scenario.to_date)
        return (day >= first) & (day <= last)

    @cached_property
    def facts(self) -> Facts:
        """The facts of the records other than their dates."""
        return draw_facts(self.scenario.seed, self.nights[2].online)
