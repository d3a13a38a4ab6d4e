"""The cell of each obligation: its state, decided in one place from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from motcua import ledger
from motcua.canonical import KINDS
from motcua.catalog import Catalog, Source, load_catalog
from motcua.catalog.cells import CellCode
from motcua.catalog.forms import counted_kind
from motcua.catalog.obligations import load_obligations
from motcua.catalog.record_sources import heard_of, sources_of
from motcua.period import Period, PeriodType
from motcua.settings import TIMEZONE, Settings
from motcua.warehouse import statement, store_engine, warehouse_engine


@dataclass(frozen=True)
class Facts:
    """The facts about one obligation that determine its cell.

    Attributes:
        is_owed: the unit exists in the period, and a source or a declaration reports for it.
        answers: the cell of each source in the ledger; for a province, `received` if its report is published, else
            `missing`.
        is_in_time: every answer arrived by the end of the due day, or the obligation was created after that.
        is_over: the last day of the period is past.
        is_due: the due day is past.
        declared_in_time: None without an empty declaration, else whether it was made by the end of the due day.
        has_dossiers: the unit received dossiers in the period.
        is_suspect: more records of an answer were set aside than the catalogue allows.
    """

    is_owed: bool
    answers: tuple[CellCode, ...] = ()
    is_in_time: bool = False
    is_over: bool = True
    is_due: bool = True
    declared_in_time: bool | None = None
    has_dossiers: bool = False
    is_suspect: bool = False


@dataclass(frozen=True)
class Cell:
    """One obligation and its cell. `reason` explains the cell, and `source_ids` are the sources of the unit."""

    obligation_id: str
    report_code: str
    unit_id: str
    unit_name: str
    kind: str
    level: str
    period: Period
    due_on: date
    cell: CellCode
    is_on_track: bool
    reason: str
    source_ids: tuple[str, ...]


def cell_of(facts: Facts) -> CellCode:
    """Return the cell of an obligation. Received dossiers overrule an empty declaration."""
    if not facts.is_owed:
        return "not_expected"
    if facts.declared_in_time is not None and not facts.has_dossiers:
        return "declared_empty" if facts.declared_in_time else "late"
    if "failed" in facts.answers:
        return "failed"
    if "quarantined" in facts.answers:
        return "quarantined"
    if "missing" in facts.answers:
        return "missing" if facts.is_due else "awaited"
    if not facts.is_over:
        return "awaited"
    if facts.is_suspect:
        return "quarantined"
    return "received" if facts.is_in_time else "late"


def read_cells(
    *,
    period: Period | None = None,
    report_code: str | None = None,
    unit_ids: Sequence[str] | None = None,
    due_between: tuple[date, date] | None = None,
    today: date,
) -> list[Cell]:
    """Return the cells of the selected obligations, ordered by period, report and unit."""
    settings = Settings.load()
    catalog = load_catalog(settings.catalog_dir)
    with store_engine().connect() as store, warehouse_engine().connect() as warehouse:
        rows = store.execute(
            statement("obligations/list"),
            {
                "report_code": report_code,
                "unit_ids": None if unit_ids is None else list(unit_ids),
                "period_type": period and period.period_type,
                "from_date": period and period.from_date,
                "to_date": period and period.to_date,
                "due_from": due_between and due_between[0],
                "due_to": due_between and due_between[1],
            },
        ).all()
        cells: list[Cell] = []
        for group in _by(rows, lambda row: (row.report_code, row.period_type, row.period_label, row.due_on)).values():
            cells += _Group(store, warehouse, catalog, group, today).cells()
    return sorted(cells, key=lambda cell: (cell.period.to_date, cell.period.from_date, cell.report_code, cell.unit_id))


class _Group:
    """The obligations of one report, period and due day, read with a few statements."""

    def __init__(
        self, store: Connection, warehouse: Connection, catalog: Catalog, rows: Sequence[Any], today: date
    ) -> None:
        first = rows[0]
        kind: PeriodType = first.period_type
        self.period = Period(kind, first.period_label, first.from_date, first.to_date)
        self.due_on: date = first.due_on
        self.rows, self.today, self.catalog, self.store = rows, today, catalog, store
        self.units = {row.unit_id: catalog.unit_by_id[row.unit_id] for row in rows if row.unit_id in catalog.unit_by_id}
        self.kind = KINDS[counted_kind(catalog.folder, first.report_code, self.period.to_date)]
        own: dict[str, list[Source]] = {}
        for source in sources_of(catalog, self.kind.name):
            if ledger.owed_days(source, self.period, self.period.to_date):
                own.setdefault(source.unit_id, []).append(source)
        self.sources = {
            unit_id: [source for heard in heard_of(catalog, self.kind.name, unit_id) for source in own.get(heard, ())]
            for unit_id in self.units
        }
        asked = {source.source_id: source for sources in self.sources.values() for source in sources}
        self.answers = self._answers(asked.values())
        provinces = [unit_id for unit_id, unit in self.units.items() if unit.kind == "province"]
        self.editions = {
            row.unit_id: row
            for row in warehouse.execute(
                statement("obligations/editions"),
                {
                    "report_code": first.report_code,
                    "unit_ids": provinces,
                    "period_type": kind,
                    "from_date": self.period.from_date,
                    "to_date": self.period.to_date,
                },
            )
        }
        declared = [row.unit_id for row in rows if row.declared_at is not None]
        self.received: dict[str, int] = dict(
            store.execute(
                statement("obligations/received_records"),
                {
                    "unit_ids": declared,
                    "measures": list(self.kind.received),
                    "from_date": self.period.from_date,
                    "to_date": self.period.to_date,
                },
            )
            .tuples()
            .all()
        )
        self.quarantined_pct = load_obligations(catalog.folder).quarantined_pct

    def cells(self) -> list[Cell]:
        cells = []
        for row in self.rows:
            unit = self.units.get(row.unit_id)
            if unit is None or not unit.overlaps(self.period):
                facts, told = Facts(is_owed=False), "the unit does not exist in this period"
            elif unit.kind == "province":
                facts, told = self._published(row)
            else:
                facts, told = self._answered(row)
            cells.append(
                Cell(
                    row.obligation_id,
                    row.report_code,
                    row.unit_id,
                    unit.name if unit else row.unit_id,
                    unit.kind if unit else "",
                    unit.level if unit else "",
                    self.period,
                    self.due_on,
                    cell_of(facts),
                    not facts.is_over and all(answer == "received" for answer in facts.answers),
                    told,
                    tuple(source.source_id for source in self.sources.get(row.unit_id, ())),
                )
            )
        return cells

    def _published(self, row: Any) -> tuple[Facts, str]:
        edition = self.editions.get(row.unit_id)
        final_at: datetime | None = edition.final_at if edition else None
        told = "" if final_at else ("only provisional editions" if edition else "not published")
        in_time = final_at is not None and (final_at < self._due_end or self._is_written_late(row))
        answer: CellCode = "received" if final_at else "missing"
        return Facts(True, (answer,), in_time, self._is_over, self._is_due), told

    def _answered(self, row: Any) -> tuple[Facts, str]:
        answers = [self.answers[source.source_id] for source in self.sources.get(row.unit_id, ())]
        is_declared = row.declared_at is not None
        facts = Facts(
            is_owed=bool(answers) or is_declared,
            answers=tuple(answer.cell for answer in answers) or ("missing",),
            is_in_time=all(answer.is_in_time for answer in answers) or self._is_written_late(row),
            is_over=self._is_over,
            is_due=self._is_due,
            declared_in_time=row.declared_at < self._due_end or self._is_written_late(row) if is_declared else None,
            has_dossiers=row.unit_id in self.received,
            is_suspect=any(answer.set_aside_pct > self.quarantined_pct for answer in answers),
        )
        reasons = [f"{one.source_id}: {one.reason or one.cell}" for one in answers if one.cell != "received"]
        told = "; ".join(reasons) if answers else "no source"
        if is_declared and facts.has_dossiers:
            count = f"{self.received[row.unit_id]} {self.kind.en}"
            told = f"declared empty, but {count} were received" + f"; {told}" * bool(told)
        elif is_declared:
            told = f"declared by {row.declared_by}: {row.declared_reason}"
        return facts, told

    def _answers(self, sources: Iterable[Source]) -> dict[str, ledger.Completeness]:
        by_source: dict[str, ledger.Completeness] = {}
        yesterday = self.today - timedelta(days=1)
        by_days = _by(sources, lambda source: ledger.owed_days(source, self.period, yesterday))
        for days, group in by_days.items():
            ids = [source.source_id for source in group]
            if days is None:  # nothing is owed yet
                answers = [ledger.Completeness(source_id, "received", [], None, is_in_time=True) for source_id in ids]
            else:
                answers = ledger.completeness(ids, *days, due_end=self._due_end, connection=self.store)
            by_source |= {answer.source_id: answer for answer in answers}
        return by_source

    @property
    def _due_end(self) -> datetime:
        return datetime.combine(self.due_on + timedelta(days=1), time(), ZoneInfo(TIMEZONE))

    @property
    def _is_over(self) -> bool:
        return self.period.to_date < self.today

    @property
    def _is_due(self) -> bool:
        return self.due_on < self.today

    def _is_written_late(self, row: Any) -> bool:
        """Return whether the obligation was created after its due day. Such history is not judged as late."""
        return bool(row.created_at >= self._due_end)


def _by(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
