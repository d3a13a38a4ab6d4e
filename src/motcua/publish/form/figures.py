"""The figures of a form: what its columns count, shaped into rows, with its identities checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from motcua.catalog import LEVELS, Unit
from motcua.catalog.feeds import fed_fields
from motcua.catalog.forms import Form
from motcua.catalog.record_sources import heard_of, units_told
from motcua.errors import ReportRefused
from motcua.period import Period
from motcua.publish.form.counts import read_counts
from motcua.publish.form.not_known import NotKnown
from motcua.publish.form.scope import Scope


@dataclass(frozen=True)
class Row:
    """One row: its figures by column code. `level` and `unit_id` are empty where a row has none.

    Attributes:
        lacking: the columns that no source of the row can tell; their figures are 0 and mean nothing.
        unknown: the columns whose figures are not all there, because it is not known what was open before the period,
            or no source has answered: part of a count is not the count.
        percentages: by column code, as `45.54`, empty where there is nothing to divide.
    """

    row_code: str
    row_name: str
    level: str
    unit_id: str
    figures: Mapping[str, int]
    lacking: frozenset[str] = frozenset()
    percentages: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    @property
    def untold(self) -> frozenset[str]:
        """The columns whose figures mean nothing."""
        return self.lacking | self.unknown

    @property
    def told(self) -> dict[str, int]:
        """The figures that mean something."""
        return {code: value for code, value in self.figures.items() if code not in self.untold}

    def as_json(self) -> dict[str, Any]:
        return {
            "row_code": self.row_code,
            "row_name": self.row_name,
            "level": self.level or None,
            **{code: None if code in self.untold else value for code, value in self.figures.items()},
            **self.percentages,
        }


@dataclass(frozen=True)
class Table:
    """Rows of one breakdown: `unit`, `field`, `level` or `total`."""

    code: str
    rows: tuple[Row, ...]


def unit_json(unit: Unit) -> dict[str, str]:
    """Return the unit as reports name it."""
    return {"unit_id": unit.unit_id, "code": unit.code, "name": unit.name, "level": unit.level}


def units_in_force(scope: list[Unit], period: Period) -> list[Unit]:
    """Return the units that could hold dossiers in the period: all but a province itself, which only contains."""
    return [unit for unit in scope if unit.kind != "province" and unit.overlaps(period)]


def read_tables(connection: Connection, form: Form, scope: Scope) -> dict[str, Table]:
    """Return every table of a form, and `total`, for all that a scope covers, on its map; unchecked.

    A unit in force in the period that a source speaks for has a row, also when all its figures are 0: its own, or
    that of the unit which stands for it on the map. A unit without a source, or no longer in force, has one if it
    holds dossiers, so that nothing drops out of the total; its zeros would not be an answer (design.md idea 8).
    Totals are the same on every map.
    """
    catalog, period, placed = scope.catalog, scope.period, scope.placed
    members = {unit_id: catalog.unit_by_id[unit_id] for unit_id in placed.values()}
    lacking = _untold(form, scope)
    not_known = NotKnown.of(connection, form, scope)
    counted_of: dict[tuple[str, str], dict[str, int]] = {}
    for count in read_counts(
        connection,
        catalog,
        {column.code: column.terms for column in form.columns},
        placed,
        period,
        ("unit", "field", "level", "total"),
        ahead_until=_ahead_until(form, scope),
        silent=[(unit_id, code) for unit_id, codes in lacking.items() for code in sorted(codes)],
    ):
        counted_of.setdefault((count.breakdown, count.row_key), {})[count.column_code] = count.quantity

    def figures(table: str, key: str) -> dict[str, int]:
        return form.counts(counted_of.get((table, key), {}))

    def row(table: str, key: str, name: str, level: str = "", unit_id: str = "", code: str = "") -> Row:
        # A unit without a row adds nothing, so it does not make a column told either.
        adding = [unit_id] if unit_id else [unit.unit_id for unit in units if not level or unit.level == level]
        covered = [lacking[other] for other in adding]
        counted = figures(table, key)
        untold = frozenset.intersection(*covered) if covered else frozenset[str]()
        unknown = not_known.columns(unit_id, level, has_figures=any(counted.values()))
        return make_row(form, (code or key, name, level, unit_id), counted, untold, unknown)

    speaking = units_told(catalog, form.record_kind, period)
    answering = {
        placed[member.unit_id]
        for member in (scope.units if form.record_kind == "dossier" else units_in_force(scope.units, period))
        if not speaking.isdisjoint(heard_of(catalog, form.record_kind, member.unit_id))
    }
    units = [
        member
        for member in members.values()
        if member.unit_id in answering or any(figures("unit", member.unit_id).values())
    ]
    units.sort(key=lambda member: (LEVELS.index(member.level), member.code, member.unit_id))

    def rows_of(table: str) -> Iterator[Row]:
        if table == "unit":
            for unit in units:
                yield row("unit", unit.unit_id, _unit_name(scope, unit), unit.level, unit.unit_id, unit.code)
        elif table == "field":
            fields = {procedure.field_code: procedure.field_name for procedure in catalog.procedures}
            for key in sorted(
                key for other, key in counted_of if other == "field" and any(figures("field", key).values())
            ):
                yield row("field", key, fields.get(key, key))
        else:
            names = {section.level: section.vi for section in form.sections}
            for level in LEVELS:
                if any(unit.level == level for unit in units):
                    yield row("level", level, names[level], level)

    tables: dict[str, Table] = {table: Table(table, tuple(rows_of(table))) for table in form.tables}
    return {**tables, "total": Table("total", (row("total", "total", "Tổng số"),))}


def make_row(
    form: Form,
    head: tuple[str, str, str, str],
    figures: Mapping[str, int],
    lacking: frozenset[str] = frozenset(),
    unknown: frozenset[str] = frozenset(),
) -> Row:
    """Return a row of a form, from its code, name, level and unit id."""
    return Row(*head, figures, lacking, form.shares(figures, lacking | unknown), unknown)


def _ahead_until(form: Form, scope: Scope) -> date | None:
    """Return the last day a form looks ahead to: so many working days after the period."""
    if not form.working_days_ahead or not scope.looks_ahead:
        return None
    from motcua.days.workdays import add_workdays, working_calendar

    first = scope.period.to_date + timedelta(days=1)
    return add_workdays(first, form.working_days_ahead - 1, working_calendar(scope.catalog.folder))


def _untold(form: Form, scope: Scope) -> dict[str, frozenset[str]]:
    """Return, by unit of the map, the columns whose facts none of the sources of the units placed on it can state.

    For a unit without a source some other source of the scope speaks, so all of their fields count as its own. Of other
    records than dossiers a source tells all there is.
    """
    fed: dict[str, frozenset[str]] = {}
    for source in scope.catalog.sources:
        if source.unit_id in scope.placed and source.overlaps(scope.period):
            unit_id = scope.placed[source.unit_id]
            fed[unit_id] = fed.get(unit_id, frozenset()) | fed_fields(scope.catalog.folder, source)
    every = frozenset[str]().union(*fed.values())
    return {
        unit_id: frozenset(
            code for code in form.column_codes if not fed.get(unit_id, every).issuperset(form.needs_of(code))
        )
        for unit_id in scope.placed.values()
    }


def check_tables(form: Form, unit: Unit, tables: Mapping[str, Table]) -> None:
    """Refuse figures that break an identity of the form, are negative, or do not add up to the total row."""
    total = tables["total"].rows[0].figures
    needing = {code for code in form.column_codes if form.needs_of(code)}
    for table in tables.values():
        for row in table.rows:
            for identity in form.identities:
                parts = [row.figures[code] for code in identity.parts]
                rest = row.figures[identity.total] - sum(parts)
                # Of a unit that is silent on a part only the whole is known.
                is_partly_known = needing & {*identity.parts} and (table.code != "unit" or row.lacking)
                if rest < 0 or (rest and not identity.at_least and not is_partly_known):
                    stated = " + ".join(f"{code} {value}" for code, value in zip(identity.parts, parts, strict=True))
                    raise _refused(
                        form, unit, table, row, f"{identity.name} does not hold: {identity.total} "
                        f"{row.figures[identity.total]}, but {stated} = {sum(parts)}"
                    )  # fmt: skip
            for code in form.column_codes:
                if row.figures[code] < 0:
                    raise _refused(form, unit, table, row, f"{code} is negative: {row.figures[code]}")
        for code in form.column_codes:
            added = sum(row.figures[code] for row in table.rows)
            if added != total[code]:
                raise _refused(
                    form, unit, table, tables["total"].rows[0],
                    f"the total is not the sum of the rows: {code} {total[code]}, but the rows sum to {added}",
                )  # fmt: skip


def _refused(form: Form, unit: Unit, table: Table, row: Row, what: str) -> ReportRefused:
    return ReportRefused(
        f"Report {form.report_code} of {unit.name} ({unit.unit_id}), table by {table.code}, "
        f"row {row.row_code} {row.row_name}: {what}.",
        action="run `motcua measures rebuild --check`; if the measures agree, look for dossiers of that row whose "
        "finish lies before their reception.",
    )


def _unit_name(scope: Scope, unit: Unit) -> str:
    """Name a commune with its district unless the report is that district's: names recur inside a province."""
    parent = scope.catalog.unit_by_id.get(unit.parent_id or "")
    if parent is None or parent.kind != "district" or scope.unit.unit_id in (parent.unit_id, unit.unit_id):
        return unit.name
    return f"{unit.name}, {parent.name}"
