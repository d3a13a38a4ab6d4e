"""A period whose map changes: its parts, each on its own map, what they add up to, and that nothing is lost between.

Flows of the parts are summed, the opening stock is the first part's and the closing stock the last one's. Between two
parts every dossier still open goes to the heir of the unit that held it: domain.md section 5.4, V13 at merged units.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from sqlalchemy import Connection

from motcua.catalog.forms import Column, Form
from motcua.errors import ReportRefused
from motcua.period import Period
from motcua.publish.form.figures import Row, Table, check_tables, make_row, read_tables
from motcua.publish.form.scope import Scope

Kind = Literal["flow", "opening", "closing"]


@dataclass(frozen=True)
class PeriodPart:
    """A run of days within a period on which the map is one, and every table on that map."""

    number: int
    scope: Scope
    tables: Mapping[str, Table]

    @property
    def period(self) -> Period:
        return self.scope.period

    @property
    def day(self) -> date:
        """The first day, on which the map of the part begins."""
        return self.scope.day


@dataclass(frozen=True)
class Combined:
    """The parts added up. `moved` says by unit id or row code what came in from, and went out to, other rows."""

    tables: Mapping[str, Table]
    moved: Mapping[str, tuple[int, int]]


def read_parts(connection: Connection, form: Form, scope: Scope) -> list[PeriodPart]:
    """Return the parts of a period, checked each by itself and against the next; none if the map does not change.

    Raises:
        ReportRefused: an identity of the form does not hold in a part, or an opening stock is not the closing one of
            the part before.
    """
    parts = []
    for number, part in enumerate(scope.parts, start=1):
        tables = read_tables(connection, form, part)
        check_tables(form, scope.unit, tables)
        parts.append(PeriodPart(number, part, tables))
    check_carried(form, parts)
    return parts


def kind_of(form: Form, column: Column) -> Kind:
    """Say whether a measured column counts what happens in the days, or what is open before or after them."""
    windows = {term.window for term in column.terms}
    if windows == {"in_period"}:
        return "flow"
    if windows == {"before_period"}:
        return "opening"
    if windows in ({"until_end"}, {"days_ahead"}):
        return "closing"
    raise ReportRefused(
        f"Column {column.code} of {form.report_code} mixes the windows {', '.join(sorted(windows))}, so it cannot be"
        " added up over the parts of a period.",
        action="split the column in include/catalog/forms/, or ask for one map (--map as-now).",
    )


def stocks(form: Form) -> list[tuple[str, str]]:
    """Return the pairs of columns that count the same stock before and after the days, as c6 and c11 of form II.06a."""

    def counted(column: Column) -> set[tuple[tuple[str, ...], int]]:
        return {(tuple(term.measures), term.sign) for term in column.terms}

    by_kind: dict[Kind, list[Column]] = {"flow": [], "opening": [], "closing": []}
    for column in form.columns:
        if column.terms:
            by_kind[kind_of(form, column)].append(column)
    return [
        (opening.code, closing.code)
        for opening in by_kind["opening"]
        for closing in by_kind["closing"]
        if counted(opening) == counted(closing)
    ]


def combine(form: Form, parts: list[PeriodPart]) -> Combined:
    """Add the parts up, row by row: a unit that ended has its flows and its opening stock, its heir the closing one."""
    kinds = {column.code: kind_of(form, column) for column in form.columns if column.terms}
    tables = {}
    moved: dict[str, tuple[int, int]] = {}
    for code in parts[0].tables:
        rows: dict[str, Row] = {}
        summed: dict[str, dict[str, int]] = {}
        lacking: dict[str, frozenset[str]] = {}
        for part in parts:
            for row in part.tables[code].rows:
                rows.setdefault(key_of(row), row)
                lacking[key_of(row)] = lacking.get(key_of(row), row.lacking) & row.lacking
                figures = summed.setdefault(key_of(row), dict.fromkeys(kinds, 0))
                for column, kind in kinds.items():
                    if kind == "flow" or part is (parts[0] if kind == "opening" else parts[-1]):
                        figures[column] += row.figures[column]
        made = [
            make_row(form, (row.row_code, row.row_name, row.level, row.unit_id), form.counts(summed[key]), lacking[key])
            for key, row in rows.items()
        ]
        tables[code] = Table(code, tuple(made))
        for key, coming, going in _moves(form, parts, code):
            came, went = moved.get(key, (0, 0))
            moved[key] = (came + coming, went + going)
    return Combined(tables, moved)


def _moves(form: Form, parts: list[PeriodPart], code: str) -> Iterator[tuple[str, int, int]]:
    pairs = stocks(form)
    for before, after in pairwise(parts):
        was = {key_of(row): row.figures for row in before.tables[code].rows}
        now = {key_of(row): row.figures for row in after.tables[code].rows}
        for opening, closing in pairs:
            for key in {**was, **now}:
                gained = now.get(key, {}).get(opening, 0) - was.get(key, {}).get(closing, 0)
                if gained:
                    yield key, max(gained, 0), max(-gained, 0)


def check_carried(form: Form, parts: list[PeriodPart]) -> None:
    """Refuse parts whose opening stock is not, at each heir, what the part before left open: c6(n) = c11(n-1)."""
    for before, after in pairwise(parts):
        for opening, closing in stocks(form):
            for code in after.tables:
                if code == "level":
                    continue  # dossiers move between levels; the rows by unit say from where to where
                left = carried(before, closing, code, after.day)
                opened = Counter({key_of(row): row.figures[opening] for row in after.tables[code].rows})
                for key in {**left, **opened}:
                    if left[key] != opened[key]:
                        raise _refused(
                            form, after.scope,
                            f"{opening} of {key} from {after.day} on is {opened[key]}, but its units had"
                            f" {closing} {left[key]} on {before.period.to_date}"
                        )  # fmt: skip


def check_same(form: Form, scope: Scope, parts: list[PeriodPart], tables: Mapping[str, Table]) -> None:
    """Refuse tables on the map of a scope that are not what its parts add up to.

    The totals and the rows by field do not depend on any map. The rows by unit are compared where the map is no older
    than the last part's: each must be the sum of the units that became it. A period of one part adds up to itself.
    """
    combined = combine(form, parts)
    for code in tables:
        if code == "level" or (code == "unit" and scope.day < parts[-1].day):
            continue
        if code == "unit":
            expected = _on_map(form, parts, scope.day)
        else:
            expected = {key_of(row): dict(row.figures) for row in combined.tables[code].rows}
        printed = {key_of(row): row.figures for row in tables[code].rows}
        for key in {**expected, **printed}:
            for column in form.column_codes:
                one, other = (figures.get(key, {}).get(column, 0) for figures in (expected, printed))
                if one != other:
                    raise _refused(
                        form, scope,
                        f"{column} of {key} is {other} on the map of {scope.day}, but the parts, each on its own map,"
                        f" add up to {one}"
                    )  # fmt: skip


def carried(part: PeriodPart, column: str, code: str, day: date) -> Counter[str]:
    """Return one column of a part by row, its units placed on the map of a later day."""
    by_row: Counter[str] = Counter()
    for row in part.tables[code].rows:
        key = part.scope.map.place(row.unit_id, day) if code == "unit" else key_of(row)
        by_row[key] += row.figures[column]
    return by_row


def key_of(row: Row) -> str:
    """Return what tells a row from others of its table, whichever part it stands in."""
    return row.unit_id or row.row_code


def _on_map(form: Form, parts: list[PeriodPart], day: date) -> dict[str, dict[str, int]]:
    by_unit: dict[str, dict[str, int]] = {}
    for column in form.columns:
        if not column.terms:
            continue
        kind = kind_of(form, column)
        for part in parts if kind == "flow" else parts[:1] if kind == "opening" else parts[-1:]:
            for key, quantity in carried(part, column.code, "unit", day).items():
                figures = by_unit.setdefault(key, {})
                figures[column.code] = figures.get(column.code, 0) + quantity
    return {key: form.counts(figures) for key, figures in by_unit.items()}


def _refused(form: Form, scope: Scope, what: str) -> ReportRefused:
    return ReportRefused(
        f"Report {form.report_code} of {scope.unit.name} ({scope.unit.unit_id}): {what}.",
        action="check the successions in include/catalog/units/ and run `motcua measures rebuild --check`.",
    )
