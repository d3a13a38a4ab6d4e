"""What is to be published now, by the state of the store and not by a clock.

Every period that is over and that somebody answered for has an edition of each report that goes with it, and the
edition is final; what falls short of that, or whose figures changed since, is tried again (design.md idea 9). So a
scheduler that was away, a source that answers weeks later and a first start need nothing of their own. The same holds
of every other edition in force, whoever published it and whatever unit, period and map it is of.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from motcua import ledger
from motcua.catalog import Catalog, Source, load_catalog
from motcua.catalog.forms import Clock, counted_kind
from motcua.catalog.index import index_of
from motcua.catalog.models import Text
from motcua.catalog.record_sources import every_source, speaking_for
from motcua.errors import CatalogError
from motcua.period import Period, calendar_period, periods_ending_on
from motcua.publish.edition.editions import EditionSummary, list_editions, read_edition
from motcua.publish.form.scope import Scope
from motcua.publish.planning import reports_due
from motcua.settings import TIMEZONE, Settings
from motcua.warehouse import statement, store_engine

log = logging.getLogger(__name__)

Why = Literal["never_published", "not_final", "changed"]
_Series = tuple[str, str, Period, str]  # report, unit id, period, map
_Days = tuple[date, date]
_SHOWN = 10  # editions beside a held pull
_CLOCKS_DIFFER = timedelta(hours=1)  # at most: the clock of the warehouse, which dates an edition, and the store's


@dataclass(frozen=True)
class Planned:
    """A report of a unit and period that is to be published, and why.

    Attributes:
        newest: the edition that stands; none where it was never published.
        on_map: the map that names its series of editions; empty for the period's own.
    """

    report: str
    period: Period
    why: Why
    newest: EditionSummary | None
    unit_id: str
    on_map: str = ""


@dataclass(frozen=True)
class _Change:
    """From which day on a batch of a source changed figures of a unit; of no unit: it set records aside.

    No source: the measures were counted anew by a changed working calendar.
    """

    source_id: str | None
    measured_at: datetime
    unit_id: str | None
    changed_from: date


def plan_publication(unit: str, today: date | None = None) -> list[Planned]:
    """Return every report of every period that is over and not final, or whose figures changed, the oldest first.

    Periods are those the clocks start, reporting periods and calendar months, for which somebody answered: nothing
    before a first pull. Beside them stands every other edition of the unit, or of one below it, that is in force: one
    that a person published, and the brief of a night. A brief that is not final is planned when its figures changed.

    Args:
        unit: official code or unit id of the province.
        today: the day of planning, in Asia/Ho_Chi_Minh; the clock's by default.

    Raises:
        CatalogError: the unit is unknown, or a file of the catalogue is wrong.
    """
    now = today or _today()
    catalog = load_catalog(Settings.load().catalog_dir)
    if unit not in catalog.units_by_code:
        catalog.unit(unit, now)  # refuses it by name
    every = every_source(catalog)
    source_ids = [source.source_id for source in every if catalog.belongs_to(source.unit_id, unit)]
    in_force = _in_force(catalog, unit)
    since = min((edition.published_at for edition in in_force.values()), default=None)
    with store_engine().connect() as store:
        answered = _answered(store, source_ids)
        # An edition also counts units that the unit took over: whose a change is, each edition says.
        changes = _changes(store, [source.source_id for source in every], since and since - _CLOCKS_DIFFER)
    if not answered:
        return []
    first = min(days[0] for runs in answered.values() for days in runs)
    planned = []
    for clock, period in periods_over(first, now):
        if not any(_meet(days, period) for runs in answered.values() for days in runs):
            continue
        if (covered := _unit_in(catalog, unit, period)) is None:
            log.warning("%s is left out: the catalogue knows no unit %s on its days", period.label, unit)
            continue
        for report in reports_due(clock, unit, period):
            edition = in_force.pop((report, covered, period, ""), None)
            if edition is not None:
                planned += _due(catalog, edition, changes)
            elif _is_answered(catalog, report, covered, period, answered):
                planned.append(Planned(report, period, "never_published", None, covered))
            else:
                log.info("%s of %s is left out: no source of it has answered", report, period.label)
    for edition in in_force.values():
        if edition.to_date < now:
            planned += _due(catalog, edition, changes)
    return sorted(planned, key=lambda one: one.period.to_date)


def finals_beside_held(unit: str) -> list[Text]:
    """Return a sentence on each source with a pull that is held, and the final editions that stand beside it.

    Such a pull may hold changes of their periods, and nothing of it is in the store until a person decides.
    """
    catalog = load_catalog(Settings.load().catalog_dir)
    finals = [edition for edition in _in_force(catalog, unit).values() if edition.completeness == "final"]
    beside: dict[str, list[str]] = {}
    held: dict[str, ledger.Completeness] = {}
    with store_engine().connect() as store:
        for edition in sorted(finals, key=lambda one: (one.to_date, one.edition_id)):
            source_ids = sorted(_source_ids(catalog, edition, _unit_ids(catalog, edition)))
            given = ledger.completeness(source_ids, edition.from_date, edition.to_date, connection=store)
            for source in given:
                if source.unanswered_state == "held":
                    held[source.source_id] = source
                    beside.setdefault(source.source_id, []).append(edition.edition_id)
    return [_beside(held[source_id], edition_ids) for source_id, edition_ids in sorted(beside.items())]


def periods_over(first: date, today: date) -> list[tuple[Clock, Period]]:
    """Return the periods that the clocks start, which are over on a day and hold the day `first` or a later one."""
    found: list[tuple[Clock, Period]] = []
    day = first
    while day < today:
        found += [("reporting_periods", period) for period in periods_ending_on(day)]
        if (day + timedelta(days=1)).day == 1:
            found.append(("calendar_months", calendar_period("MONTH", day.year, day.month)))
        day += timedelta(days=1)
    return found


def _today() -> date:
    return datetime.now(ZoneInfo(TIMEZONE)).date()


def _in_force(catalog: Catalog, unit: str) -> dict[_Series, EditionSummary]:
    """Return the newest edition of each series of a unit and of every unit below it."""
    found: dict[_Series, EditionSummary] = {}
    for edition in reversed(list_editions()):
        if edition.unit_id not in catalog.unit_by_id:
            log.warning("%s is left out: the catalogue has no unit %s", edition.edition_id, edition.unit_id)
        elif edition.unit_id == unit or catalog.belongs_to(edition.unit_id, unit):
            found[edition.report_code, edition.unit_id, _period(edition), edition.map_code] = edition
    return found


def _period(edition: EditionSummary) -> Period:
    return Period(edition.period_type, edition.period_label, edition.from_date, edition.to_date)  # type: ignore[arg-type]


def _due(catalog: Catalog, edition: EditionSummary, changes: Sequence[_Change]) -> list[Planned]:
    """Return the edition's series if it is to be published again; nothing otherwise."""
    is_night = edition.period_type == "DAY"
    why: Why = "not_final"
    if edition.completeness == "final" or is_night:
        # What was set aside is no figure; of the nights, of which there are many, only figures are looked at.
        late = [
            change
            for change in changes
            if change.measured_at > edition.published_at - _CLOCKS_DIFFER
            and change.changed_from <= edition.to_date
            and not (is_night and change.unit_id is None)
        ]
        if not late or not _concern(catalog, edition, late):
            return []
        why = "changed"
    return [Planned(edition.report_code, _period(edition), why, edition, edition.unit_id, edition.map_code)]


def _concern(catalog: Catalog, edition: EditionSummary, changes: Sequence[_Change]) -> bool:
    """Return whether any of these changes is of a unit or source of an edition, and was measured after it was read."""
    unit_ids = _unit_ids(catalog, edition)
    source_ids = _source_ids(catalog, edition, unit_ids)
    of_it = [
        change.measured_at
        for change in changes
        if (change.source_id in source_ids if change.unit_id is None else change.unit_id in unit_ids)
    ]
    return bool(of_it) and max(of_it) > _read_at(edition)


def _unit_ids(catalog: Catalog, edition: EditionSummary) -> frozenset[str]:
    return frozenset(Scope.of(catalog, edition.unit_id, _period(edition), edition.map_code or None).unit_ids)


def _source_ids(catalog: Catalog, edition: EditionSummary, unit_ids: Iterable[str]) -> set[str]:
    return {one.source_id for one in _sources(catalog, edition.report_code, _period(edition), unit_ids)}


def _sources(catalog: Catalog, report: str, period: Period, unit_ids: Iterable[str]) -> list[Source]:
    """Return the sources of every kind of record that a report counts, which speak for any of these units."""
    kinds = {counted_kind(catalog.folder, report, period.to_date), *(["petition"] if index_of(report) else [])}
    return [source for kind in sorted(kinds) for source in speaking_for(catalog, kind, unit_ids)]


def _is_answered(
    catalog: Catalog, report: str, unit_id: str, period: Period, answered: Mapping[str, Sequence[_Days]]
) -> bool:
    """Return whether any source of a report answered for a day of the period that it owes."""
    for source in _sources(catalog, report, period, Scope.of(catalog, unit_id, period).unit_ids):
        if source.overlaps(period) and any(_meet(days, period) for days in answered.get(source.source_id, ())):
            return True
    return False


def _meet(days: _Days, period: Period) -> bool:
    return days[0] <= period.to_date and days[1] >= period.from_date


def _beside(held: ledger.Completeness, edition_ids: Sequence[str]) -> Text:
    why = f" {held.reason}" if held.reason else ""
    shown = ", ".join(edition_ids[:_SHOWN]) + (f" … ({len(edition_ids)})" if len(edition_ids) > _SHOWN else "")
    return Text(
        vi=f"{held.source_id}: một lần lấy dữ liệu bị giữ lại, không bản ghi nào của nó được tính; các ấn bản chính"
        f" thức vẫn giữ nguyên: {shown}.{why}",
        en=f"{held.source_id}: a pull is held, and none of its records counts; these final editions stand as they are:"
        f" {shown}.{why}",
    )


def _answered(store: Connection, source_ids: list[str]) -> dict[str, list[_Days]]:
    """Return the days that each source has answered for, as runs of days; nothing of one that never answered."""
    answered: dict[str, list[_Days]] = {}
    for row in store.execute(statement("publish/days_answered"), {"source_ids": source_ids}):
        answered.setdefault(row.source_id, []).append((row.first_day, row.last_day))
    return answered


def _changes(store: Connection, source_ids: list[str], since: datetime | None) -> list[_Change]:
    """Return what batches and recounts changed that were measured since an instant; nothing without one."""
    rows = store.execute(statement("publish/changes_by_batch"), {"source_ids": source_ids, "since": since})
    recounts = store.execute(statement("publish/recounts"), {"since": since})
    return [
        *(_Change(row.source_id, row.measured_at, row.unit_id, row.changed_from) for row in rows),
        *(_Change(None, row.counted_at, row.unit_id, row.changed_from) for row in recounts),
    ]


def _read_at(edition: EditionSummary) -> datetime:
    """Return when the figures of an edition were read: what is measured later is not in them."""
    return datetime.fromisoformat(read_edition(edition.edition_id).content["read_at"])


def _unit_in(catalog: Catalog, unit: str, period: Period) -> str | None:
    try:
        return catalog.unit_in(unit, period).unit_id
    except CatalogError:
        return None
