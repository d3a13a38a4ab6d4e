"""Due dates: computed from the intake, the time limit, the pauses for supplements and a new appointment.

The validation rules, the reports and `motcua due` all use one vectorised function, `due_dates`. It counts the days of
the working calendar (`motcua.days.workdays`). The rules of counting are in `calendar/due_dates.yaml` of the catalogue,
each with its evidence (domain.md sections 4.4 and 4.5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from motcua.catalog import TimeUnit, catalog_file
from motcua.catalog.load import read_document
from motcua.catalog.models import Entry
from motcua.days.workdays import Days

Instants = NDArray[np.datetime64]
Pause = tuple[ArrayLike, ArrayLike]  # when the supplement was requested, when processing resumed; NaT: no pause

_HOUR = 3_600_000_000  # microseconds
_SESSION = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")


def _session(value: object) -> object:
    match = _SESSION.fullmatch(value) if isinstance(value, str) else None
    return (match[1], match[2]) if match else value


Session = Annotated[tuple[time, time], BeforeValidator(_session)]


class DueRule(Entry):
    """How due dates are counted for the named procedures, fields and province. An empty list or text means all."""

    procedures: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    province: str = ""
    count_from: Literal["next_day", "intake_day"] = "next_day"
    after_hours: Literal["next_day", "same_day"] = "next_day"
    same_day_cutoff: time
    sessions: tuple[Session, ...] = Field(min_length=1)
    tolerance_workdays: int = Field(ge=0)
    evidence: str = Field(min_length=1)

    @model_validator(mode="after")
    def _sessions_follow_one_another(self) -> DueRule:
        moments = [moment for session in self.sessions for moment in session]
        if moments != sorted(set(moments)):
            raise ValueError("sessions must follow one another, each ending after it begins")
        return self

    def fits(self, code: str, field_code: str, province: str, day: date) -> tuple[bool, bool, bool] | None:
        """Return whether the rule names the procedure, the field and the province; None when it does not apply.

        Tuples compare as the rules do: a rule that names the procedure is narrower than one that names the field, and
        that one is narrower than one that names the province.
        """
        if not self.holds_on(day):
            return None
        for named, wanted in ((self.procedures, code), (self.fields, field_code)):
            if named and wanted not in named:
                return None
        if self.province and self.province != province:
            return None
        return bool(self.procedures), bool(self.fields), bool(self.province)

    @property
    def closing(self) -> np.timedelta64:
        """The time of day at which the last session ends."""
        return _since_midnight(self.sessions[-1][1])

    @property
    def hours_a_day(self) -> float:
        return self._day_length / _HOUR

    @property
    def _lengths(self) -> list[np.timedelta64]:
        return [_since_midnight(end) - _since_midnight(start) for start, end in self.sessions]

    def worked(self, since: Days, instants: Instants, calendar: np.busdaycalendar) -> NDArray[np.int64]:
        """Return the working microseconds between the opening of each working day in `since` and each instant."""
        days = instants.astype("datetime64[D]")
        working_days = np.busday_offset(days, 0, roll="forward", busdaycal=calendar)
        of_day = np.where(working_days == days, instants - days, np.timedelta64(0, "us"))
        spent = np.zeros(of_day.shape, dtype="timedelta64[us]")
        for (start, _), length in zip(self.sessions, self._lengths, strict=True):
            spent += np.clip(of_day - _since_midnight(start), np.timedelta64(0, "us"), length)
        whole = np.busday_count(since, working_days, busdaycal=calendar) * self._day_length
        return np.asarray(whole + spent.astype(np.int64), dtype=np.int64)

    def instant(self, since: Days, worked: NDArray[np.int64], calendar: np.busdaycalendar) -> Instants:
        """Return the instant at which `worked` working microseconds have passed since the opening of each day.

        When they pass exactly at the end of a day, it is the end of that day, not the opening of the next one.
        """
        whole = -(-worked // self._day_length) - 1
        rest = (worked - whole * self._day_length).astype("timedelta64[us]")
        of_day = np.full(rest.shape, self.closing, dtype="timedelta64[us]")
        before: np.timedelta64 = np.timedelta64(0, "us")
        is_open = np.ones(rest.shape, dtype=bool)
        for (start, _), length in zip(self.sessions, self._lengths, strict=True):
            ends_here = is_open & (rest <= before + length)
            of_day = np.where(ends_here, _since_midnight(start) + rest - before, of_day)
            is_open &= ~ends_here
            before = before + length
        return np.asarray(np.busday_offset(since, whole, busdaycal=calendar).astype("datetime64[us]") + of_day)

    @property
    def _day_length(self) -> int:
        return int(sum(length.astype(np.int64) for length in self._lengths))


class DueRules(BaseModel):
    """The file `calendar/due_dates.yaml`: the defaults that all rules share, then the rules."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[DueRule, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _share_defaults(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("rules"), list):
            return given
        shared = given.get("defaults") or {}
        rest = {key: value for key, value in given.items() if key != "defaults"}
        rest["rules"] = [{**shared, **rule} if isinstance(rule, dict) else rule for rule in given["rules"]]
        return rest

    def narrowest_index(self, code: str, field_code: str, province: str, day: date) -> int | None:
        """Return the index in `rules` of the narrowest rule that applies; None when no rule applies on that day.

        The first is taken when several rules are equally narrow.
        """
        applying = [
            (narrowness, -index)
            for index, rule in enumerate(self.rules)
            if (narrowness := rule.fits(code, field_code, province, day)) is not None
        ]
        return -max(applying)[1] if applying else None


@lru_cache(maxsize=4)
def due_rules(catalog_dir: Path) -> DueRules:
    """Return the rules of a catalogue. A catalogue without the file uses the file of the shipped catalogue.

    Raises:
        CatalogError: the file is wrong. The message names the line.
    """
    return read_document(catalog_file(catalog_dir, "calendar", "due_dates.yaml"), DueRules)


@dataclass(frozen=True)
class DueDates:
    """Due dates and the steps that led to them. Each array holds one value per dossier.

    Attributes:
        start_on: the working day on which the clock starts.
        first_on: the due date without any pause.
        paused_to: for each pause in order, the due date after it; NaT while a pause has not ended.
        due_on: the due date. It is a working day, unless a new appointment names another day.
        closing: the time of day at which the last session ends.
        exact_at: the due instant of dossiers counted in hours, NaT for the others; None when no dossier is counted in
            hours.
    """

    start_on: Days
    first_on: Days
    paused_to: tuple[Days, ...]
    due_on: Days
    closing: np.timedelta64
    exact_at: Instants | None = None

    @property
    def due_at(self) -> Instants:
        """The due instant: exact when hours are counted, otherwise the end of the last session of the due date."""
        ends: Instants = np.asarray(self.due_on.astype("datetime64[us]") + self.closing, dtype="datetime64[us]")
        return ends if self.exact_at is None else np.where(np.isnat(self.exact_at), ends, self.exact_at)


def due_dates(
    received_at: ArrayLike,
    limits: ArrayLike,
    unit: TimeUnit,
    rule: DueRule,
    calendar: np.busdaycalendar,
    pauses: Sequence[Pause] = (),
    reappointed_on: ArrayLike | None = None,
) -> DueDates:
    """Return the due date of each dossier.

    A limit of 0 in any unit means the same day. A pause that begins before the dossier is due moves the due date by
    the working days (calendar days, working hours) it lasts. A dossier whose pause has not ended has no due date. A new
    appointment (NgayHenTraMoi) replaces the computed date; there is at most one (NĐ 61/2018/NĐ-CP).

    Args:
        received_at: instants of intake, `datetime64`, without NaT.
        limits: the time limits in whole units, 0 or more.
        pauses: in order of time; they do not overlap.
    """
    instants = np.atleast_1d(np.asarray(received_at, dtype="datetime64[us]"))
    counts = np.broadcast_to(np.asarray(limits, dtype=np.int64), instants.shape)
    days = instants.astype("datetime64[D]")
    of_day = instants - days
    first_workdays = np.busday_offset(days, 0, roll="forward", busdaycal=calendar)
    is_worked = first_workdays == days
    is_after_hours = (
        is_worked & (of_day > rule.closing) if rule.after_hours == "next_day" else np.zeros(days.shape, bool)
    )
    same_day = (counts == 0) | (unit == "same_day")
    cutoff = _since_midnight(rule.same_day_cutoff)
    ahead = counts - (rule.count_from == "intake_day")
    ahead = np.where(same_day, is_worked & (of_day > cutoff) & ~is_after_hours, ahead)
    start_on = first_workdays.copy()
    start_on[is_after_hours] = np.busday_offset(first_workdays[is_after_hours], 1, busdaycal=calendar)
    if unit == "working_hours" and not same_day.all():
        first_at, moved_at = _by_hours(instants, counts, rule, calendar, pauses)
        of_same_day = _by_days(start_on, ahead, "same_day", calendar, pauses)
        first_on = np.where(same_day, of_same_day[0], first_at.astype("datetime64[D]"))
        paused_to = tuple(
            np.where(same_day, day, at.astype("datetime64[D]"))
            for day, at in zip(of_same_day[1], moved_at, strict=True)
        )
        last_at = moved_at[-1] if moved_at else first_at
        exact_at = np.where(same_day, np.datetime64("NaT", "us"), last_at)
    else:
        first_on, paused_to = _by_days(start_on, ahead, unit, calendar, pauses)
        exact_at = None
    due_on = paused_to[-1] if paused_to else first_on
    if reappointed_on is not None:
        new_appointments = np.broadcast_to(np.asarray(reappointed_on, dtype="datetime64[D]"), due_on.shape)
        due_on = np.where(np.isnat(new_appointments), due_on, new_appointments)
        exact_at = (
            None if exact_at is None else np.where(np.isnat(new_appointments), exact_at, np.datetime64("NaT", "us"))
        )
    return DueDates(start_on, first_on, paused_to, due_on, rule.closing, exact_at)


def _by_days(
    start_on: Days, ahead: NDArray[np.int64], unit: TimeUnit, calendar: np.busdaycalendar, pauses: Sequence[Pause]
) -> tuple[Days, tuple[Days, ...]]:
    in_calendar = unit == "calendar_days"
    if in_calendar:
        unrolled = start_on + ahead.astype("timedelta64[D]")
        due = np.busday_offset(unrolled, 0, roll="forward", busdaycal=calendar)
    else:
        unrolled = due = np.busday_offset(start_on, ahead, busdaycal=calendar)
    first_on, moved = due, []
    for began, ended in pauses:
        requested, resumed = (_days_like(each, start_on) for each in (began, ended))
        is_requested = ~np.isnat(requested) & ~np.isnat(due) & (requested <= due)
        is_over = is_requested & ~np.isnat(resumed)
        begin = np.maximum(np.where(is_over, requested, start_on), start_on)
        end = np.maximum(np.where(is_over, resumed, start_on), begin)
        if in_calendar:
            unrolled = unrolled + (end - begin)
            pushed = np.busday_offset(unrolled, 0, roll="forward", busdaycal=calendar)
        else:
            lasts = np.busday_count(begin, end, busdaycal=calendar)
            pushed = np.busday_offset(np.where(np.isnat(due), start_on, due), lasts, busdaycal=calendar)
        due = np.where(is_requested, np.where(is_over, pushed, np.datetime64("NaT", "D")), due)
        moved.append(due)
    return first_on, tuple(moved)


def _by_hours(
    instants: Instants,
    counts: NDArray[np.int64],
    rule: DueRule,
    calendar: np.busdaycalendar,
    pauses: Sequence[Pause],
) -> tuple[Instants, tuple[Instants, ...]]:
    # Counted from the day of intake: numpy visits every rest day in between, so an early origin would cost seconds.
    since = np.busday_offset(instants.astype("datetime64[D]"), 0, roll="forward", busdaycal=calendar)
    worked_at_intake = rule.worked(since, instants, calendar)
    end = worked_at_intake + np.maximum(counts, 1) * _HOUR
    first_at, moved, is_open = rule.instant(since, end, calendar), [], np.zeros(end.shape, bool)
    for began, ended in pauses:
        requested, resumed = (
            np.broadcast_to(np.asarray(each, dtype="datetime64[us]"), instants.shape) for each in (began, ended)
        )
        is_requested = ~np.isnat(requested) & ~is_open
        paused_at = np.maximum(
            rule.worked(since, np.where(is_requested, requested, instants), calendar), worked_at_intake
        )
        is_requested &= paused_at < end
        is_open |= is_requested & np.isnat(resumed)
        is_over = is_requested & ~np.isnat(resumed)
        resumed_after = rule.worked(since, np.where(is_over, resumed, instants), calendar)
        end = end + np.where(is_over, np.maximum(resumed_after - paused_at, 0), 0)
        moved.append(np.where(is_open, np.datetime64("NaT", "us"), rule.instant(since, end, calendar)))
    return first_at, tuple(moved)


def _days_like(days: ArrayLike, like: Days) -> Days:
    return np.broadcast_to(np.asarray(days, dtype="datetime64[D]"), like.shape)


def _since_midnight(clock: time) -> np.timedelta64:
    return np.timedelta64((clock.hour * 60 + clock.minute) * 60_000_000, "us")
