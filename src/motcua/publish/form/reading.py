"""A form read on the map asked for, in one snapshot: tables, the parts of the period, and the paragraph under them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from motcua.catalog import Unit, load_catalog
from motcua.catalog.forms import Form, load_form
from motcua.errors import ReportRefused
from motcua.period import Period
from motcua.publish.form.explain import explain_other_map, explain_parts
from motcua.publish.form.figures import Row, Table, check_tables, read_tables, unit_json
from motcua.publish.form.parts import PeriodPart, check_same, combine, key_of, read_parts
from motcua.publish.form.scope import AS_WAS, Scope
from motcua.settings import Settings
from motcua.warehouse import store_engine


@dataclass(frozen=True)
class FormOnMap:
    """Every table of a form on a map.

    Attributes:
        tables: on the map of `day`; as it was over several parts, the parts added up.
        day: the day whose map was read, none where every part has its own.
        parts: of a period whose map changes, otherwise none.
        moved: in the parts added up, the open dossiers that came in and went out, by unit id or row code.
        explanation: by language, `vi` and `en`; empty when every unit is on its own line.
        changes: for each table, each figure that the form tells changes of minus that of the period before.
    """

    tables: Mapping[str, Table]
    day: date | None
    parts: tuple[PeriodPart, ...] = ()
    moved: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    explanation: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True)
class FormReading:
    """A form of one unit and period as the measures stand now, broken down `by` unit, field or level."""

    form: Form
    period: Period
    unit: Unit
    by: str
    rows: tuple[Row, ...]
    total: Row
    on_map: str | None
    reading: FormOnMap

    def as_json(self) -> dict[str, Any]:
        reading = self.reading
        document: dict[str, Any] = {
            "period": self.period.as_json(),
            "unit": unit_json(self.unit),
            "rows": [self._row(row) for row in self.rows],
            "total": self.total.as_json(),
            "sums": {
                column.code: {"plus": list(column.plus), **({"minus": list(column.minus)} if column.minus else {})}
                for column in self.form.columns
                if column.plus
            },
        }
        if self.on_map or reading.parts:
            document["map"] = {"asked": self.on_map, "on": None if reading.day is None else reading.day.isoformat()}
        if reading.parts:
            document["parts"] = [
                {
                    "part": part.number,
                    "period": part.period.as_json(),
                    "rows": [row.as_json() for row in part.tables[self.by].rows],
                    "total": part.tables["total"].rows[0].as_json(),
                }
                for part in reading.parts
            ]
        if reading.changes:
            document["changes"] = [row.as_json() for code in (self.by, "total") for row in reading.changes[code].rows]
        if not_known := not_known_json(reading.tables):
            document["not_known"] = not_known
        if reading.explanation:
            document["explanation"] = dict(reading.explanation)
        return document

    def _row(self, row: Row) -> dict[str, Any]:
        if not self.reading.moved:
            return row.as_json()
        came, went = self.reading.moved.get(key_of(row), (0, 0))
        if row.unknown:
            return row.as_json() | {"moved_in": None, "moved_out": None}
        return row.as_json() | {"moved_in": came, "moved_out": went}


def not_known_json(tables: Mapping[str, Table]) -> dict[str, list[str]]:
    """Return the columns whose figures are not all there in some row, and the units concerned; empty where none is."""
    rows = tables["unit"].rows
    columns = frozenset[str]().union(*(row.unknown for row in (*rows, *tables["total"].rows)))
    if not columns:
        return {}
    codes = [code for code in tables["total"].rows[0].figures if code in columns]
    return {"columns": codes, "unit_ids": [row.unit_id for row in rows if row.unknown]}


def read_form(
    report_code: str, unit: str, period: Period, by: str = "unit", *, on_map: str | None = None
) -> FormReading:
    """Compute a form of the catalogue for all that a unit covers, from the measures as they stand now.

    Args:
        report_code: the name of its file in `include/catalog/forms/`.
        unit: official code or unit id; a code means what it does on the period's last day, else on its first.
        period: any run of days, counted as the columns of the form say.
        by: `unit`, `field` (lĩnh vực) or `level`, of those the form has.
        on_map: `as-was` (each part of the period on its own map), `as-now`, or a day; by default the map of the
            period's last day. The unit covers everything that is or became part of it, so totals do not depend on it.

    Raises:
        ReportRefused: an identity of the form does not hold, or two maps disagree; the message names unit and values.
        CatalogError: the unit is unknown on the period's days.
    """
    settings = Settings.load()
    form = load_form(settings.catalog_dir, report_code, period.to_date)
    if by not in form.tables:
        raise ReportRefused(
            f"Report {form.report_code} has no breakdown by {by!r}.", action=f"use {' or '.join(form.tables)}."
        )
    scope = Scope.of(load_catalog(settings.catalog_dir), unit, period, on_map)
    with (
        store_engine().connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        reading = read_on_map(connection, form, scope)
    tables = reading.tables
    return FormReading(form, period, scope.unit, by, tables[by].rows, tables["total"].rows[0], on_map, reading)


def read_on_map(connection: Connection, form: Form, scope: Scope) -> FormOnMap:
    """Read a form on the map of a scope, and hold it against the map of its own days.

    Args:
        connection: in a transaction of one snapshot.

    Raises:
        ReportRefused: an identity does not hold, a part does not carry over what the one before left, or the totals
            of two maps differ.
    """
    tables = read_tables(connection, form, scope)
    check_tables(form, scope.unit, tables)
    changes = _changes(connection, form, scope, tables)
    if scope.parts:
        parts = read_parts(connection, form, scope)
        check_same(form, scope, parts, tables)
        explanation = explain_parts(form, scope, parts, tables)
        if scope.asked != AS_WAS:
            return FormOnMap(tables, scope.day, tuple(parts), explanation=explanation, changes=changes)
        combined = combine(form, parts)
        return FormOnMap(combined.tables, None, tuple(parts), combined.moved, explanation, changes)
    if scope.is_on_own_map:
        return FormOnMap(tables, scope.day, changes=changes)
    own = scope.on_own_map()
    check_same(form, scope, [PeriodPart(1, own, read_tables(connection, form, own))], tables)
    return FormOnMap(tables, scope.day, explanation=explain_other_map(form, scope, tables), changes=changes)


def _changes(connection: Connection, form: Form, scope: Scope, tables: Mapping[str, Table]) -> dict[str, Table]:
    """Return, by table, each figure the form tells changes of minus that of the period before, on the same map.

    Nothing where the form tells none, or before a run of days that no period precedes.
    """
    columns = [column.code for column in form.columns if column.change]
    if not columns or (before := scope.before) is None:
        return {}
    earlier = read_tables(connection, form, before)
    changes = {}
    for code, table in tables.items():
        before_rows = {key_of(row): row for row in earlier[code].rows}
        was = {key: row.figures for key, row in before_rows.items()}
        rows = tuple(
            Row(
                row.row_code,
                row.row_name,
                row.level,
                row.unit_id,
                {column: row.figures[column] - was.get(key_of(row), {}).get(column, 0) for column in columns},
                unknown=row.unknown | (before_rows[key_of(row)].unknown if key_of(row) in before_rows else frozenset()),
            )
            for row in table.rows
        )
        changes[code] = Table(code, rows)
    return changes
