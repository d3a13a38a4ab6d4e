"""A form read on the map asked for, in one snapshot: tables, the parts of the period, and the paragraph under them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from motcua.catalog import Unit
from motcua.catalog.forms import Form
from motcua.errors import ReportRefused
from motcua.period import Period
from motcua.publish.form.explain import explain_other_map, explain_parts
from motcua.publish.form.figures import Row, Table, check_tables, find_unit, read_tables, unit_json
from motcua.publish.form.parts import Part, check_same, combine, key_of, read_parts
from motcua.publish.form.scope import AS_WAS, Scope, map_day
from motcua.settings import Settings
from motcua.warehouse import store_engine


@dataclass(frozen=True)
class Reading:
    """A form on a map.

    Attributes:
        tables: on the map of `day`; as it was over several parts, the parts added up.
        day: the day whose map was read, none where every part has its own.
        parts: of a period whose map changes, otherwise none.
        moved: in the parts added up, the open dossiers that came in and went out, by unit id or row code.
        explanation: by language, `vi` and `en`; empty when every unit is on its own line.
    """

    tables: Mapping[str, Table]
    day: date | None
    parts: tuple[Part, ...] = ()
    moved: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    explanation: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Form06:
    """A form of one unit and period, II.06a or another, broken down `by` unit, field or level."""

    form: Form
    period: Period
    unit: Unit
    by: str
    rows: tuple[Row, ...]
    total: Row
    on_map: str | None
    reading: Reading

    def as_json(self) -> dict[str, Any]:
        reading = self.reading
        found: dict[str, Any] = {
            "period": self.period.as_json(),
            "unit": unit_json(self.unit),
            "rows": [self._row(row) for row in self.rows],
            "total": self.total.as_json(),
        }
        if self.on_map or reading.parts:
            found["map"] = {"asked": self.on_map, "on": None if reading.day is None else reading.day.isoformat()}
        if reading.parts:
            found["parts"] = [
                {
                    "part": part.number,
                    "period": part.period.as_json(),
                    "rows": [row.as_json() for row in part.tables[self.by].rows],
                    "total": part.tables["total"].rows[0].as_json(),
                }
                for part in reading.parts
            ]
        if reading.explanation:
            found["explanation"] = dict(reading.explanation)
        return found

    def _row(self, row: Row) -> dict[str, Any]:
        if not self.reading.moved:
            return row.as_json()
        came, went = self.reading.moved.get(key_of(row), (0, 0))
        return row.as_json() | {"moved_in": came, "moved_out": went}


def form_06(unit: str, period: Period, by: str = "unit", *, on_map: str | None = None) -> Form06:
    """Compute form II.06a (TT 01/2020/TT-VPCP), as `read_form` does any form."""
    return read_form("form-06", unit, period, by, on_map=on_map)


def read_form(report_code: str, unit: str, period: Period, by: str = "unit", *, on_map: str | None = None) -> Form06:
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
    from motcua.catalog import load_catalog
    from motcua.catalog.forms import load_form

    settings = Settings.load()
    catalog = load_catalog(settings.catalog_dir)
    form = load_form(settings.catalog_dir, report_code, period.to_date)
    if by not in form.tables:
        raise ReportRefused(
            f"Report {form.report_code} has no breakdown by {by!r}.", action=f"use {' or '.join(form.tables)}."
        )
    found = find_unit(catalog, unit, period)
    with (
        store_engine().connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        reading = read_on_map(connection, form, Scope(catalog, found), period, on_map)
    return Form06(form, period, found, by, reading.tables[by].rows, reading.tables["total"].rows[0], on_map, reading)


def read_on_map(
    connection: Connection,
    form: Form,
    scope: Scope,
    period: Period,
    on_map: str | None = None,
    *,
    ahead_until: date | None = None,
    today: date | None = None,
) -> Reading:
    """Read a form on a map, and hold it against the map of its own days.

    Args:
        connection: in a transaction of one snapshot.
        on_map, today: as `motcua.publish.form.scope.map_day`.

    Raises:
        ReportRefused: an identity does not hold, a part does not carry over what the one before left, or the totals
            of two maps differ.
    """
    day = map_day(on_map, period, today)
    tables = read_tables(connection, form, scope.catalog, scope.unit, period, ahead_until, day=day)
    check_tables(form, scope.unit, tables)
    if len(scope.parts(period)) == 1:
        if scope.placement(day) == scope.placement(period.to_date):
            return Reading(tables, day)
        parts = read_parts(connection, form, scope, period, ahead_until)
        check_same(form, scope, parts, tables, day)
        return Reading(tables, day, explanation=explain_other_map(form, scope, period, day, tables))
    parts = read_parts(connection, form, scope, period, ahead_until)
    check_same(form, scope, parts, tables, day)
    explanation = explain_parts(form, scope, period, parts, tables)
    if on_map != AS_WAS:
        return Reading(tables, day, tuple(parts), explanation=explanation)
    combined = combine(form, parts)
    return Reading(combined.tables, None, tuple(parts), combined.moved, explanation)
