"""Due dates: from intake, a time in any unit, the pauses for supplements and a new appointment, to the day due.

One vectorised function, `due_dates`, serves the validation rules, the reports and `motcua due`. Days are those of the
working calendar (`motcua.days.workdays`); how days are counted stands in `calendar/due_dates.yaml` of the catalogue,
with how each rule is known (domain.md sections 4.4 and 4.5).
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
Pause = tuple[ArrayLike, ArrayLike]  # when the supplement was asked for, when the dossier went on; NaT for no pause

_HOUR = 3_600_000_000  # microseconds
_SESSION = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")


def _session(value: object) -> object:
    found = _SESSION.fullmatch(value) if isinstance(value, str) else None
    return (found[1], found[2]) if found else value


Session = Annotated[tuple[time, time], BeforeValidator(_session)]


class DueRule(Entry):
    """How due dates are counted for the procedures, fields and province named; none named means all."""

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
        clock = [moment for session in self.sessions for moment in session]
        if clock != sorted(set(clock)):
            raise ValueError("sessions must follow one another, each ending after it begins")
        return self

    def fits(self, code: str, field_code: str, province: str, day: date) -> tuple[bool, bool, bool] | None:
        """Return how narrowly the rule fits (by procedure, field, province), or none when it does not."""
        if not self.holds_on(day):
            return None
        for named, asked in ((self.procedures, code), (self.fields, field_code)):
            if named and asked not in named:
                return None
        if self.province and self.province != province:
            return None
        return bool(self.procedures), bool(self.fields), bool(self.province)

    @property
    def closing(self) -> np.timedelta64:
        """When the last session ends."""
        return _since_midnight(self.sessions[-1][1])

    @property
    def hours_a_day(self) -> float:
        return self._day_length / _HOUR

    @property
    def _lengths(self) -> list[np.timedelta64]:
        return [_since_midnight(end) - _since_midnight(start) for start, end in self.sessions]

    def worked(self, since: Days, instants: Instants, calendar: np.busdaycalendar) -> NDArray[np.int64]:
        """Return the working microseconds from the opening of each working day in `since` to each instant."""
        days = instants.astype("datetime64[D]")
        rolled = np.busday_offset(days, 0, roll="forward", busdaycal=calendar)
        of_day = np.where(rolled == days, instants - days, np.timedelta64(0, "us"))
        spent = np.zeros(of_day.shape, dtype="timedelta64[us]")
        for (start, _), length in zip(self.sessions, self._lengths, strict=True):
            spent += np.clip(of_day - _since_midnight(start), np.timedelta64(0, "us"), length)
        whole = np.busday_count(since, rolled, busdaycal=calendar) * self._day_length
        return np.asarray(whole + spent.astype(np.int64), dtype=np.int64)

    def instant(self, since: Days, worked: NDArray[np.int64], calendar: np.busdaycalendar) -> Instants:
        """Return when so much has been worked since the opening of a day: an end of day, never the next's opening."""
        whole = -(-worked // self._day_length) - 1
        rest = (worked - whole * self._day_length).astype("timedelta64[us]")
        of_day = np.full(rest.shape, self.closing, dtype="timedelta64[us]")
        before: np.timedelta64 = np.timedelta64(0, "us")
        is_open = np.ones(rest.shape, dtype=bool)
        for (start, _), length in zip(self.sessions, self._lengths, strict=True):
            here = is_open & (rest <= before + length)
            of_day = np.where(here, _since_midnight(start) + rest - before, of_day)
            is_open &= ~here
            before = before + length
        return np.asarray(np.busday_offset(since, whole, busdaycal=calendar).astype("datetime64[us]") + of_day)

    @property
    def _day_length(self) -> int:
        return int(sum(length.astype(np.int64) for length in self._lengths))


class DueRules(BaseModel):
    """The file: what rules share, then the rules."""

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

    def place(self, code: str, field_code: str, province: str, day: date) -> int | None:
        """Return the place in `rules` of the narrowest rule that fits, the first of several; none before any holds."""
        fitting = [
            (fit, -place)
            for place, rule in enumerate(self.rules)
            if (fit := rule.fits(code, field_code, province, day)) is not None
        ]
        return -max(fitting)[1] if fitting else None


@lru_cache(maxsize=4)
def due_rules(catalog_dir: Path) -> DueRules:
    """Return the rules of a catalogue; one without the file takes those of the shipped catalogue.

    Raises:
        CatalogError: the file is wrong; the message names the line.
    """
    return read_document(catalog_file(catalog_dir, "calendar", "due_dates.yaml"), DueRules)


@dataclass(frozen=True)
class DueDates:
    """Due dates and how they came about, one value a dossier.

    Attributes:
        start_on: the working day on which the clock starts.
        first_on: the day due when nothing stops the clock.
        paused_to: for each pause in turn, the day due with it; NaT while a pause has no end.
        due_on: the day due, a working day unless a new appointment says otherwise.
        closing: when the last session of a day ends.
        exact_at: the instant where hours are counted, NaT elsewhere; none where they are for no dossier.
    """

    start_on: Days
    first_on: Days
    paused_to: tuple[Days, ...]
    due_on: Days
    closing: np.timedelta64
    exact_at: Instants | None = None

    @property
    def due_at(self) -> Instants:
        """The instant due: exact for hours, else the end of the last session of the day due."""
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
    """Return when each dossier falls due.

    A limit of 0 in any unit is one of the same day. A pause moves the day due by the working days (calendar days,
    working hours) it lasts, when it begins before the dossier is due; one without an end leaves no day due. A new
    appointment (NgayHenTraMoi) takes the place of what was computed; there is at most one (NĐ 61/2018/NĐ-CP).

    Args:
        received_at: instants, `datetime64`; no NaT.
        limits: whole units, 0 or more.
        pauses: in order of time and apart from one another.
    """
    instants = np.atleast_1d(np.asarray(received_at, dtype="datetime64[us]"))
    counts = np.broadcast_to(np.asarray(limits, dtype=np.int64), instants.shape)
    days = instants.astype("datetime64[D]")
    of_day = instants - days
    rolled = np.busday_offset(days, 0, roll="forward", busdaycal=calendar)
    is_worked = rolled == days
    is_after = is_worked & (of_day > rule.closing) if rule.after_hours == "next_day" else np.zeros(days.shape, bool)
    same_day = (counts == 0) | (unit == "same_day")
    cutoff = _since_midnight(rule.same_day_cutoff)
    ahead = counts - (rule.count_from == "intake_day")
    ahead = np.where(same_day, is_worked & (of_day > cutoff) & ~is_after, ahead)
    start_on = rolled.copy()
    start_on[is_after] = np.busday_offset(rolled[is_after], 1, busdaycal=calendar)
    if unit == "working_hours" and not same_day.all():
        first_at, moved_at = _by_hours(instants, counts, rule, calendar, pauses)
        plain = _by_days(start_on, ahead, "same_day", calendar, pauses)
        first_on = np.where(same_day, plain[0], first_at.astype("datetime64[D]"))
        paused_to = tuple(
            np.where(same_day, day, at.astype("datetime64[D]")) for day, at in zip(plain[1], moved_at, strict=True)
        )
        last_at = moved_at[-1] if moved_at else first_at
        exact_at = np.where(same_day, np.datetime64("NaT", "us"), last_at)
    else:
        first_on, paused_to = _by_days(start_on, ahead, unit, calendar, pauses)
        exact_at = None
    due_on = paused_to[-1] if paused_to else first_on
    if reappointed_on is not None:
        again = np.broadcast_to(np.asarray(reappointed_on, dtype="datetime64[D]"), due_on.shape)
        due_on = np.where(np.isnat(again), due_on, again)
        exact_at = None if exact_at is None else np.where(np.isnat(again), exact_at, np.datetime64("NaT", "us"))
    return DueDates(start_on, first_on, paused_to, due_on, rule.closing, exact_at)


def _by_days(
    start_on: Days, ahead: NDArray[np.int64], unit: TimeUnit, calendar: np.busdaycalendar, pauses: Sequence[Pause]
) -> tuple[Days, tuple[Days, ...]]:
    in_calendar = unit == "calendar_days"
    if in_calendar:
        raw = start_on + ahead.astype("timedelta64[D]")
        due = np.busday_offset(raw, 0, roll="forward", busdaycal=calendar)
    else:
        raw = due = np.busday_offset(start_on, ahead, busdaycal=calendar)
    first_on, moved = due, []
    for began, ended in pauses:
        asked, resumed = (_days_like(each, start_on) for each in (began, ended))
        is_asked = ~np.isnat(asked) & ~np.isnat(due) & (asked <= due)
        is_over = is_asked & ~np.isnat(resumed)
        begin = np.maximum(np.where(is_over, asked, start_on), start_on)
        end = np.maximum(np.where(is_over, resumed, start_on), begin)
        if in_calendar:
            raw = raw + (end - begin)
            pushed = np.busday_offset(raw, 0, roll="forward", busdaycal=calendar)
        else:
            lasts = np.busday_count(begin, end, busdaycal=calendar)
            pushed = np.busday_offset(np.where(np.isnat(due), start_on, due), lasts, busdaycal=calendar)
        due = np.where(is_asked, np.where(is_over, pushed, np.datetime64("NaT", "D")), due)
        moved.append(due)
    return first_on, tuple(moved)


def _by_hours(
    instants: Instants,
    counts: NDArray[np.int64],
    rule: DueRule,
    calendar: np.busdaycalendar,
    pauses: Sequence[Pause],
) -> tuple[Instants, tuple[Instants, ...]]:
    # Counted from the day of intake: numpy walks every rest day between, so a far origin would cost seconds.
    since = np.busday_offset(instants.astype("datetime64[D]"), 0, roll="forward", busdaycal=calendar)
    begun = rule.worked(since, instants, calendar)
    end = begun + np.maximum(counts, 1) * _HOUR
    first_at, moved, is_open = rule.instant(since, end, calendar), [], np.zeros(end.shape, bool)
    for began, ended in pauses:
        asked, resumed = (
            np.broadcast_to(np.asarray(each, dtype="datetime64[us]"), instants.shape) for each in (began, ended)
        )
        is_asked = ~np.isnat(asked) & ~is_open
        from_ = np.maximum(rule.worked(since, np.where(is_asked, asked, instants), calendar), begun)
        is_asked &= from_ < end
        is_open |= is_asked & np.isnat(resumed)
        is_over = is_asked & ~np.isnat(resumed)
        to = rule.worked(since, np.where(is_over, resumed, instants), calendar)
        end = end + np.where(is_over, np.maximum(to - from_, 0), 0)
        moved.append(np.where(is_open, np.datetime64("NaT", "us"), rule.instant(since, end, calendar)))
    return first_at, tuple(moved)


def _days_like(days: ArrayLike, like: Days) -> Days:
    return np.broadcast_to(np.asarray(days, dtype="datetime64[D]"), like.shape)


def _since_midnight(clock: time) -> np.timedelta64:
    return np.timedelta64((clock.hour * 60 + clock.minute) * 60_000_000, "us")
