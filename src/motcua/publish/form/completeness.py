"""What each source in scope gave for a period, and whether a report may be published or be final."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from motcua.catalog import Catalog, Source, Unit
from motcua.catalog.cells import CellCode, is_lacking
from motcua.catalog.finality import load_without_source
from motcua.catalog.models import Text
from motcua.catalog.record_sources import heard_of, sources_of, speaking_for
from motcua.days.stored import days_not_taken
from motcua.errors import CatalogError, MeasuresDiffer, NothingAnswered, ReportRefused
from motcua.ledger import Completeness, completeness, openings_unknown, owed_days, petitions_set_aside
from motcua.period import Period
from motcua.publish.form.scope import Scope
from motcua.warehouse import statement


@dataclass(frozen=True)
class SourceCell:
    """One source (or a unit without one, then `source_id` is empty) and what it gave for the days asked of it."""

    source_id: str
    source_name: str
    unit_id: str
    row_code: str
    level: str
    cell: CellCode
    from_date: date
    to_date: date
    batches: tuple[tuple[str, str], ...]  # (batch id, SHA-256 of its manifest)
    is_after_end: bool = True  # its last day was answered for after it ended
    reason: Text | None = None  # why a unit needs no source, where the catalogue says so
    unanswered_state: str | None = None  # of a pull that is held, failed or under way, and leaves days unanswered
    unanswered_reason: str | None = None

    @property
    def is_lacking(self) -> bool:
        """True when an answer is owed and not there."""
        return is_lacking(self.cell)

    @property
    def is_answered(self) -> bool:
        """True when it answered for every day asked of it, whether or not it is known what was open before."""
        return self.cell in ("received", "opening_not_known")


def refuse_unready_batches(connection: Connection, catalog: Catalog, scope: list[Unit]) -> None:
    """Raise ReportRefused when a loaded batch is unmeasured or does not balance (design.md idea 5).

    Sources of other provinces than those of the units in scope do not matter; a batch of a source unknown to the
    catalogue does.
    """
    provinces = {catalog.province_of(unit.unit_id).unit_id for unit in scope}
    others = [s.source_id for s in catalog.sources if catalog.province_of(s.unit_id).unit_id not in provinces]
    not_ready = connection.execute(statement("publish/batches_not_ready"), {"other_source_ids": others}).all()
    unmeasured = [row.batch_id for row in not_ready if row.is_unmeasured]
    unbalanced = [row.batch_id for row in not_ready if not row.is_unmeasured]
    if unbalanced:
        raise ReportRefused(
            f"{len(unbalanced)} loaded batches do not balance: {_some(unbalanced)}.",
            action="look them up in the ledger and ingest their windows again; do not publish before.",
        )
    if unmeasured:
        raise ReportRefused(
            f"{len(unmeasured)} loaded batches are not in the measures yet: {_some(unmeasured)}.",
            action="run the DAG build_measures (or `motcua measures build`), then publish again.",
        )


def refuse_silence(report_code: str, scope: Scope, cells: list[SourceCell]) -> None:
    """Raise NothingAnswered when no source in scope has answered for any day of the period."""
    if any(cell.batches for cell in cells):
        return
    raise NothingAnswered(
        f"Report {report_code} of {scope.unit.name} ({scope.unit.unit_id}) for {scope.period.label} has no data: "
        + ("no source of it has answered." if any(cell.source_id for cell in cells) else "no source speaks for it."),
        action="ingest its sources first, or add one to include/catalog/sources/.",
    )


def refuse_another_calendar(connection: Connection, unit_ids: Sequence[str], to_date: date) -> None:
    """Raise ReportRefused when late intake of these units is counted by another calendar than the catalogue's.

    Only where a day that differs decides on a dossier sent until `to_date`.
    """
    if not (days := days_not_taken(connection)):
        return
    asked = {"unit_ids": list(unit_ids), "to_date": to_date, "days": days}
    if count := connection.execute(statement("publish/intake_of_days"), asked).scalar_one():
        raise ReportRefused(
            f"The working calendar of the catalogue changed since the measures were counted: it decides when the intake"
            f" of {count} online dossiers was late.",
            action="run `motcua measures rebuild --check`, which counts late intake anew, then publish again.",
        )


def refuse_tampered_measures(connection: Connection, unit_ids: Sequence[str]) -> None:
    """Raise MeasuresDiffer when the measures of these units are not what the current dossier versions count."""
    differing = connection.execute(statement("aggregate/compare_with_recompute"), {"unit_ids": list(unit_ids)}).all()
    if differing:
        first = differing[0]
        raise MeasuresDiffer(
            f"{len(differing)} cells of measure_day are not what the dossiers count; the first is {first.measure} of"
            f" unit {first.unit_id} on {first.on_day}: {first.incremental} measured, {first.recomputed} recomputed.",
            action="publish nothing; copy the store for the defect report, then run `motcua measures rebuild`.",
        )


def read_cells(
    connection: Connection,
    catalog: Catalog,
    scope: list[Unit],
    period: Period,
    today: date,
    record_kind: str = "dossier",
) -> list[SourceCell]:
    """Return a cell for each source that speaks for units in scope, by level and unit, over the days it owes so far.

    A source owes the days of the period on which it is in force and that are over. A source of petitions that answered,
    while some that may belong here are set aside, is held for a decision: each of them may change a figure. Of a source
    of dossiers that answered it must also be known what was open before the days it owes, and what became of that.
    """
    last_day = min(period.to_date, today - timedelta(days=1))
    members = {unit.unit_id: unit for unit in scope}
    windows: dict[tuple[date, date], list[Source]] = {}
    for source in speaking_for(catalog, record_kind, members):
        if (days := owed_days(source, period, last_day)) is not None:
            windows.setdefault(days, []).append(source)
    answers: list[tuple[Source, Completeness, date, date]] = []
    for (first, last), sources in windows.items():
        given = completeness([source.source_id for source in sources], first, last, connection=connection)
        answers += [(source, answer, first, last) for source, answer in zip(sources, given, strict=True)]
    batch_ids = sorted({batch_id for _, answer, _, _ in answers for batch_id in answer.batch_ids})
    unopened = frozenset[str]()
    if record_kind == "dossier":
        asked = {source.source_id: (first, last) for source, _, first, last in answers}
        first_records = {source.source_id: source.first_record_on for source, _, _, _ in answers}
        unopened = openings_unknown(asked, first_records, connection=connection)
    manifests: dict[str, str] = {
        row.batch_id: row.manifest_sha256
        for row in connection.execute(statement("publish/batch_manifests"), {"batch_ids": batch_ids})
    }
    aside = set[str]()
    if record_kind == "petition":
        ids = [source.source_id for source, _, _, _ in answers]
        found_aside = petitions_set_aside(ids, period.from_date, period.to_date, connection=connection)
        aside = {one.source_id for one in found_aside if one.unit_id is None or one.unit_id in members}
    cells = [
        SourceCell(
            source.source_id,
            source.name,
            source.unit_id,
            catalog.unit_by_id[source.unit_id].code,
            source.level,
            _cell(answer, is_aside=source.source_id in aside, is_unopened=source.source_id in unopened),
            first,
            last,
            tuple((batch_id, manifests[batch_id]) for batch_id in answer.batch_ids),
            answer.is_after_end,
            unanswered_state=answer.unanswered_state,
            unanswered_reason=answer.reason,
        )
        for source, answer, first, last in answers
    ]
    return sorted(cells, key=lambda cell: (cell.source_id, cell.unit_id))


def _cell(answer: Completeness, *, is_aside: bool, is_unopened: bool) -> CellCode:
    if answer.cell != "received":
        return answer.cell
    if is_aside:
        return "quarantined"
    return "opening_not_known" if is_unopened else "received"


def without_source(
    catalog: Catalog, units: list[Unit], period: Period, record_kind: str = "dossier"
) -> list[SourceCell]:
    """Return a cell for each unit on whose days in the period no source that speaks for it is in force.

    Its zeros are not an answer. It is `no_source`, which keeps an edition from being final, unless the catalogue says
    of all these days why it has none (`without_source.yaml`): then `not_expected`, with the reason.

    Raises:
        CatalogError: that file names a unit that the catalogue has not.
    """
    stated = load_without_source(catalog.folder)
    if unknown := [one.unit_id for one in stated.units if one.unit_id not in catalog.unit_by_id]:
        raise CatalogError(
            f"{catalog.folder / 'without_source.yaml'}: there is no unit {unknown[0]!r}.",
            action="correct the unit_id; `motcua units show NAME` prints ids.",
        )
    speaking: dict[str, list[Source]] = {}
    for source in sources_of(catalog, record_kind):
        speaking.setdefault(source.unit_id, []).append(source)
    found = []
    for unit in units:
        heard = heard_of(catalog, record_kind, unit.unit_id)
        gap = days_without(unit, [source for one in heard for source in speaking.get(one, ())], period)
        if gap is None:
            continue
        reason = stated.of(catalog.line_of(unit.unit_id), *gap)
        cell: CellCode = "not_expected" if reason else "no_source"
        found.append(SourceCell("", unit.name, unit.unit_id, unit.code, unit.level, cell, *gap, (), reason=reason))
    return found


@dataclass(frozen=True)
class LeftBehind:
    """Dossiers of a unit in the store from a source that is in force on no day of the period, and until when known."""

    unit_id: str
    source_id: str
    dossier_count: int
    known_until: date | None


def left_behind(connection: Connection, scope: Scope, cells: Sequence[SourceCell]) -> list[LeftBehind]:
    """Return the dossiers of a period of units of which the catalogue says that they need no source.

    Its reason explains that nobody is asked. It does not explain dossiers that somebody was asked for once.

    Args:
        cells: as `without_source` gives them, with others or without.
    """
    period = scope.period
    rows = connection.execute(
        statement("publish/dossiers_left_behind"),
        {
            "unit_ids": [cell.unit_id for cell in cells if cell.reason],
            "from_date": period.from_date,
            "to_date": period.to_date,
            "in_force": [source.source_id for source in scope.catalog.sources if source.overlaps(period)],
        },
    )
    return [LeftBehind(**row._mapping) for row in rows]


def days_without(unit: Unit, sources: Sequence[Source], period: Period) -> tuple[date, date] | None:
    """Return the first and the last day of a unit in a period on which none of its sources is in force, or none."""
    first = max(period.from_date, unit.valid_from)
    last = min(period.to_date, unit.valid_to or period.to_date)
    for source in sorted(sources, key=lambda one: one.valid_from):
        if source.valid_from > first:
            break
        first = max(first, (source.valid_to or last) + timedelta(days=1))
    for source in sorted(sources, key=lambda one: one.valid_to or date.max, reverse=True):
        if (source.valid_to or last) < last:
            break
        last = min(last, source.valid_from - timedelta(days=1))
    return (first, last) if first <= last else None


def _some(batch_ids: list[str]) -> str:
    more = f" and {len(batch_ids) - 5} more" if len(batch_ids) > 5 else ""
    return ", ".join(batch_ids[:5]) + more
