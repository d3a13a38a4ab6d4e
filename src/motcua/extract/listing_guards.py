"""Checks whether a listing is plausible. If it is empty, truncated or shrinking, the batch is held and not loaded.

An empty answer looks like every other answer, and on a first pull nothing contradicts it. So a listing without a row is
asked for a second time before it is believed (`EmptyAnswers`), and compared with the other lists of its pull.

Two more checks run before anything is written. The first compares the listing with the dossiers of its days in the
store. The second compares its new days with the usual receptions of its units. The norm of a unit is its own: the
working days of the same weekday over some weeks. Rest days are never judged. On the days around Tết offices work but
nobody comes, so these days are judged by the same days of earlier years, or not at all.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean, median, pvariance
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from motcua import ledger
from motcua.catalog import Source
from motcua.catalog.guards import Guards, Norm, load_guards
from motcua.days.workdays import is_workday, lunar_new_year, working_calendar
from motcua.errors import BatchHeld
from motcua.extract.adapters.protocol import REQUEST_MARGIN, ListingShifted, Window
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine

WEEK = timedelta(days=7)
TET_YEARS = 3
LONGEST_EMPTY_WAIT_SECONDS = 0.2  # an answer came, so the source is not down: the wait is for its index, not its host

Receptions = Mapping[str, Mapping[date, int]]  # unit code, day: dossiers received


@dataclass(frozen=True)
class Shortfall:
    """The receptions of a unit on some days, and the number expected from its own history."""

    unit_code: str
    from_date: date
    to_date: date
    received: int
    expected: float


class EmptyAnswers:
    """Asks a second time for each listing of one pull that has no row. One that had rows is never believed empty."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._shown: set[Window] = set()

    def check(self, window: Window, rows: int, ask_again: Callable[[], int]) -> None:
        """Return when the listing has rows, or is empty twice.

        Args:
            rows: how many rows the listing has.
            ask_again: requests the whole listing once more, and returns its number of rows.

        Raises:
            ListingShifted: it was empty once and had rows once.
        """
        if rows:
            self._shown.add(window)
            return
        if window not in self._shown:
            time.sleep(min(self._source.retry_wait_seconds, LONGEST_EMPTY_WAIT_SECONDS))
            if not ask_again():
                return
            self._shown.add(window)
        raise ListingShifted(
            f"{self._source.source_id} answered one request for its list of dossiers with none, and another with some.",
            action="try the batch again when the source is less busy; if it stays so, ask its operator.",
        )


def check_empty_windows(batch: ledger.Batch, pulled: pa.Table, windows: Sequence[Window]) -> dict[str, Any]:
    """Hold the batch when a list of receptions is empty while other lists show dossiers that were received in its days.

    Args:
        pulled: rows of PULLED_SCHEMA of all lists of the pull.
        windows: days of reception whose list was empty twice. The last day of one that others stand beside is not
            judged, nor the day that such a list leaves to them.

    Returns:
        What was found, for the manifest, where a person accepted it.

    Raises:
        BatchHeld: a list is contradicted, and nobody accepted that it is right.
    """
    days = pulled["received_at"].cast(pa.date32())
    for window in windows:
        first = window.from_date or date.min
        last = min(window.to_date, window.last_requested - REQUEST_MARGIN)
        is_in = pc.and_(pc.greater_equal(days, pa.scalar(first)), pc.less_equal(days, pa.scalar(last)))
        count = pc.sum(pc.fill_null(is_in, False)).as_py() or 0
        if not count:
            continue
        problem = (
            f"the list of what was received from {first} to {window.to_date} was empty, twice, but other lists of the"
            f" same pull show {count} dossiers received in those days."
        )
        if batch.is_shrink_accepted:
            return {"contradiction": problem, "accepted_because": "accepted for this batch"}
        raise BatchHeld(
            f"{batch.source_id}, {batch.window_from} to {batch.window_to}: {problem} Nothing was loaded.",
            action="ask the operator of the source to mend its list; the next run requests it again. If it is right as"
            f" it is, use `motcua ingest --source {batch.source_id} --accept-shrink`.",
        )
    return {}


def check_listing(batch: ledger.Batch, listed: pa.Table, known: Set[str], *, lists_all: bool = True) -> dict[str, Any]:
    """Hold the batch when its listing is not plausible. Return the results of the checks, for the manifest.

    Args:
        batch: the batch being pulled.
        listed: rows of PULLED_SCHEMA, from a complete listing of its days (and perhaps other days).
        known: ids of the dossiers of those days in the store.
        lists_all: false for a source that lists only changes or parts. Such a listing is not judged.

    Raises:
        BatchHeld: the listing is not plausible, and the drop is accepted neither for this batch nor by the catalogue.
    """
    guards = load_guards(Settings.load().catalog_dir)
    reason = guards.accepts_drop(batch.source_id, batch.window_to)
    if batch.is_shrink_accepted:
        reason = "accepted for this batch"
    shown = len(known & set(listed["dossier_id"].to_pylist()))
    found: dict[str, Any] = {"known_count": len(known), "shown_count": shown}
    if not lists_all:
        return {**found, "not_judged_because": "lists_all: false"}
    problem = shrunk_text(guards, len(known), shown) or _below_norm(batch, guards.norm, listed)
    if problem is None:
        return found
    if reason is not None:
        return {**found, "drop": problem, "accepted_because": reason}
    raise BatchHeld(
        f"{batch.source_id}, {batch.window_from} to {batch.window_to}: {problem} Nothing was loaded.",
        action="ask the office whether this is right; if it is, use"
        f" `motcua ingest --source {batch.source_id} --accept-shrink` or an entry under accepted_drops in"
        " include/catalog/guards.yaml, or lists_all: false for a source that sends only changes;"
        " if it is not, the next run requests the listing again.",
    )


def shrunk_text(guards: Guards, known: int, shown: int) -> str | None:
    """Say how many of the known dossiers a listing lacks; None where no more are missing than the guards allow."""
    limit = guards.shrink.max_missing_pct
    if known < guards.shrink.minimum_dossiers or 100 * (known - shown) <= limit * known:
        return None
    return (
        f"the listing shows {shown} of the {known} dossiers of these days in the store,"
        f" {100 * (known - shown) / known:.1f} % fewer where {limit:g} % are allowed."
    )


def _below_norm(batch: ledger.Batch, norm: Norm, listed: pa.Table) -> str | None:
    with store_engine().connect() as connection:
        covered_until = connection.scalar(statement("extract/covered_until"), {"source_id": batch.source_id})
        if covered_until is None:
            return None
        first, last = judged_days(batch.window_from, batch.window_to, covered_until)
        asked = {"source_id": batch.source_id, "from_date": history_start(first, last, norm), "to_date": last}
        history: dict[str, dict[date, int]] = {}
        for row in connection.execute(statement("extract/receptions"), asked):
            history.setdefault(row.unit_code, {})[row.on_day] = row.reception_count
    calendar = working_calendar(Settings.load().catalog_dir)
    received = receptions(listed)
    short = shortfalls(received, history, first, last, norm, calendar)
    return shortfall_text(short, norm) if short else None


def judged_days(window_from: date, window_to: date, covered_until: date) -> tuple[date, date]:
    """Return the first and the last day of a window that the source has not answered for yet."""
    return max(window_from, covered_until + timedelta(days=1)), window_to


def shortfall_text(short: Sequence[Shortfall], norm: Norm) -> str:
    """Name the unit that lacks the most dossiers, how many were expected, and how many units are like it."""
    worst = max(short, key=lambda each: each.expected - each.received)
    return (
        f"unit {worst.unit_code or 'without a code'} received {worst.received} dossiers from {worst.from_date} to"
        f" {worst.to_date} where {worst.expected:.0f} were expected from its previous {norm.history_weeks} weeks,"
        f" {100 * (1 - worst.received / worst.expected):.1f} % fewer where {norm.max_below_pct:g} % are allowed"
        f" ({len(short)} such units)."
    )


def receptions(listed: pa.Table) -> Receptions:
    """Return the number of its own dossiers that each unit received on each day, from rows of PULLED_SCHEMA."""
    own = listed.filter(pc.and_(pc.is_null(listed["standing"]), pc.is_valid(listed["received_at"])))
    days = own["received_at"].cast(pa.date32()).to_pylist()
    units = own["unit_code"].to_pylist()
    ids = own["dossier_id"].to_pylist()
    counted = Counter((unit or "", day) for unit, day, _ in set(zip(units, days, ids, strict=True)))
    found: dict[str, dict[date, int]] = {}
    for (unit, day), count in counted.items():
        found.setdefault(unit, {})[day] = count
    return found


def shortfalls(
    received: Receptions, history: Receptions, first: date, last: date, norm: Norm, calendar: np.busdaycalendar
) -> list[Shortfall]:
    """Return the units whose receptions from `first` to `last` are too far below their own history before `first`."""
    known = [day for days in history.values() for day in days]
    if not known:
        return []
    known_since = min(known)
    found = []
    for unit, days in history.items():
        expected = variance = 0.0
        count = 0
        day = first
        while day <= last:
            samples = _samples(day, first, known_since, norm, calendar)
            if samples:
                values = [days.get(sample, 0) for sample in samples]
                expected += median(values)
                variance += max(pvariance(values), fmean(values))
                count += received.get(unit, {}).get(day, 0)
            day += timedelta(days=1)
        if (
            expected >= norm.minimum_expected
            and count < expected * (1 - norm.max_below_pct / 100)
            and expected - count > norm.minimum_deviations * variance**0.5
        ):
            found.append(Shortfall(unit, first, last, count, expected))
    return found


def _samples(day: date, first: date, known_since: date, norm: Norm, calendar: np.busdaycalendar) -> list[date]:
    """Return the earlier days that give the norm of a day. The list is empty where there is no norm."""
    if not is_workday(day, calendar):
        return []
    tet = _tet_near(day, norm)
    if tet is not None:
        earlier = (lunar_new_year(tet.year - years) + (day - tet) for years in range(1, TET_YEARS + 1))
        return [sample for sample in earlier if sample >= known_since and is_workday(sample, calendar)]
    # The weeks before the first judged day, so that a week of outage does not become its own norm.
    weeks = range(1, norm.history_weeks + 1 + (day - first).days // 7)
    samples = [
        sample
        for sample in (day - week * WEEK for week in weeks)
        if known_since <= sample < first and is_workday(sample, calendar) and _tet_near(sample, norm) is None
    ]
    return samples if len(samples) >= norm.minimum_days else []


def _tet_near(day: date, norm: Norm) -> date | None:
    """Return the first day of the lunar year whose Tết days include this day, or None."""
    tet = lunar_new_year(day.year)
    before, after = timedelta(days=norm.tet_days_before), timedelta(days=norm.tet_days_after)
    return tet if tet - before <= day <= tet + after else None


def history_start(first: date, last: date, norm: Norm) -> date:
    """Return the first day whose receptions the norm of these days rests on: years back where one is near Tết."""
    day = first
    while day <= last:
        if _tet_near(day, norm) is not None:
            return lunar_new_year(day.year - TET_YEARS) - timedelta(days=norm.tet_days_before)
        day += timedelta(days=1)
    return first - norm.history_weeks * WEEK
