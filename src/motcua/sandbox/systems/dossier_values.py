"""The values of dossiers that all systems send, before a protocol formats them: the same facts for every protocol.

Every system identifies a dossier by the number that OpenCPS calls `dossierId`, in the format of its protocol. Public
copies and liên thông children exist only at OpenCPS sites; the other systems have one record per dossier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np

from motcua.sandbox.systems.records import dossier_numbers
from motcua.sandbox.world import people
from motcua.sandbox.world.columns import STATUS, STATUSES, Bools, Columns, Kind, World
from motcua.sandbox.world.facts import NO_APOLOGY, REASONS
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints

# TrangThaiHoSo, the national list (one_stop_systems.md section b.2), by our status. 0 is not a code of that list.
_NATIONAL = {"new": 1, "receiving": 2, "not_accepted": 3, "processing": 4, "waiting": 5, "paying": 6, "cancelled": 7,
             "stopped": 8, "releasing": 9, "done": 10}  # fmt: skip
NATIONAL = tuple(_NATIONAL.get(code, 0) for code, _ in STATUSES)
NATIONAL_TEXTS = {
    0: "Chuyển lại",
    1: "Mới đăng ký",
    2: "Được tiếp nhận",
    3: "Không được tiếp nhận",
    4: "Đang xử lý",
    5: "Yêu cầu bổ sung giấy tờ",
    6: "Yêu cầu thực hiện nghĩa vụ tài chính",
    7: "Công dân yêu cầu rút hồ sơ",
    8: "Dừng xử lý",
    9: "Đã xử lý xong",
    10: "Đã trả kết quả",
}
DIRECT, ONLINE, POSTAL = 1, 2, 3  # KenhThucHien
CHANNEL_TEXTS = {DIRECT: "Trực tiếp", ONLINE: "Trực tuyến", POSTAL: "Bưu chính công ích"}

_PAUSED = (STATUS["waiting"], STATUS["paying"])


class DossierValues:
    """The values of some rows of one night, each as a list or array with one value per row.

    Instants are seconds of local time, 0 for none. `paused` is the instant at which the clock stopped, `refused` the
    instant at which intake was refused. `procedure` is a position, -1 for none.
    """

    def __init__(self, world: World, night: Columns, rows: Ints) -> None:
        self._world = world
        self._night = night
        self.rows = rows
        self.status = night.status[rows]
        self.created, self.submitted, self.modified = night.created[rows], night.submitted[rows], night.modified[rows]
        self.received, self.due = night.received[rows], night.due[rows]
        self.released, self.finished = night.released[rows], night.finished[rows]
        self.paused = np.where(np.isin(self.status, _PAUSED), night.correcting[rows], 0)
        self.refused = np.where(self.status == STATUS["not_accepted"], self.released, 0)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, name: str) -> list[Any]:
        """Return a column of the world as a list."""
        values: list[Any] = getattr(self._night, name)[self.rows].tolist()
        return values

    def fact(self, name: str) -> list[Any]:
        """Return a column of the world's facts as a list."""
        values: list[Any] = getattr(self._world.facts, name)[self.rows].tolist()
        return values

    @property
    def payments(self) -> list[int]:
        """How the fee was paid online; 0 if it was not paid online or there is no fee."""
        return [way if fee > 0 else 0 for way, fee in zip(self.fact("payment"), self.of("fee"), strict=True)]

    @property
    def ratings(self) -> list[int]:
        """The applicant's rating of a closed dossier (`Facts.rating`), 0 for none."""
        return [rating if released else 0 for rating, released in zip(self.fact("rating"), self.released, strict=True)]

    def apologies(self, instant: int) -> Ints:
        """Return when a letter of apology was sent for dossiers that are or ended overdue by an instant; 0 for none."""
        lag = np.array(self.fact("apology"))
        sent = (self.due // DAY_SECONDS + lag) * DAY_SECONDS + 10 * 3600
        return np.where(self._overdue(instant) & (lag != NO_APOLOGY) & (sent <= instant), sent, 0)

    def reasons(self, instant: int) -> list[str]:
        """Return the reason code for dossiers that are or ended overdue by an instant; empty if not stated."""
        stated = np.where(self._overdue(instant), self.fact("reason"), 0)
        return [REASONS[number] for number in stated.tolist()]

    def _overdue(self, instant: int) -> Bools:
        due, ended = self.due // DAY_SECONDS, self.released // DAY_SECONDS
        until = np.where(self.released > 0, ended, instant // DAY_SECONDS)
        is_stopped = (self.paused > 0) & (self.paused // DAY_SECONDS <= due)
        return np.asarray((self.received > 0) & (self.due > 0) & (until > due) & ~is_stopped)

    @property
    def ids(self) -> list[int]:
        return self.of("dossier_id")

    @property
    def numbers(self) -> list[str]:
        return dossier_numbers(self._world, self._night, self.rows)

    @property
    def groups(self) -> list[int]:
        return [self._world.group_ids[n] for n in self.of("group")]

    @property
    def unit_codes(self) -> list[str]:
        return [self._world.unit_codes[n] for n in self.of("unit")]

    @property
    def unit_names(self) -> list[str]:
        """The name of the handling unit. A unit with an unknown code gets an unknown name."""
        codes, names = self._world.unit_codes, self._world.unit_names
        return [names[n] or (f"Đơn vị {codes[n]}" if codes[n] else "") for n in self.of("unit")]

    @property
    def national(self) -> list[int]:
        return [NATIONAL[n] for n in self.status.tolist()]

    @property
    def channels(self) -> list[int]:
        return [
            ONLINE if online else POSTAL if people.uses_post(person) else DIRECT
            for online, person in zip(self.of("online"), self.of("person"), strict=True)
        ]

    def procedure(self, read: Callable[[Any], Any]) -> list[Any]:
        """Return the result of `read` for each row's procedure, or the empty string if there is no procedure."""
        found = [read(procedure) for procedure in self._world.procedures]
        return [found[n] if n >= 0 else "" for n in self.of("procedure")]

    def person(self, write: Callable[[int], Any]) -> list[Any]:
        """Return the result of `write` for each row's applicant."""
        return [write(person) for person in self.of("person")]


T = TypeVar("T")


class ByNight(dict[int, T], Generic[T]):
    """One value per night, made on first use."""

    def __init__(self, make: Callable[[int], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, night: int) -> T:
        self[night] = made = self._make(night)
        return made


class Holdings:
    """The rows of each system on one night, one per dossier; deleted rows are kept separately."""

    def __init__(self, world: World, night: int) -> None:
        self.columns: Columns = world.nights[night]
        kind = self.columns.kind
        own = np.flatnonzero(self.columns.present & (kind != Kind.COPY) & (kind != Kind.CHILD))
        self._is_deleted = self.columns.originality < 0
        self._by_group = {
            group_id: own[self.columns.group[own] == place] for place, group_id in enumerate(world.group_ids)
        }
        self._all = own

    def rows(self, group_id: int | None, *, is_deleted: bool | None = False) -> Ints:
        """Return the rows of a system, or of all systems if `group_id` is None. With `is_deleted` None both kinds."""
        rows = self._all if group_id is None else self._by_group[group_id]
        return rows if is_deleted is None else rows[self._is_deleted[rows] == is_deleted]

    def find(self, dossier_id: int) -> Ints:
        """Return the row of a dossier that is not deleted, or no row."""
        rows = self.rows(None)
        found: Ints = rows[self.columns.dossier_id[rows] == dossier_id]
        return found
