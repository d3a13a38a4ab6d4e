"""Feeds the rows of an index from the daily measures and the catalogue of procedures, for any set of units.

What is not known is said, never counted as zero: a unit whose source did not answer, a fact that its sources do not
tell, a column that the catalogue of procedures does not fill.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from motcua.catalog import LEVELS, Catalog, Level, Procedure, Unit, catalog_file
from motcua.catalog.load import read_yaml
from motcua.errors import CatalogError, InputRefused
from motcua.period import Period
from motcua.publish.completeness import SourceCell, read_cells
from motcua.publish.forms import Form, Term, load_form
from motcua.publish.index.definition import Definition, IndexLevel, Item, Procedures, Quantity, Text
from motcua.publish.index.score import Counts
from motcua.settings import Settings
from motcua.warehouse import statement

FORM = "form-06"
SIDES = ("numerator", "denominator")


@dataclass(frozen=True)
class Fed:
    """What the rows of an index are fed for some units: counts, or why there are none; and the sources missing."""

    counts: Mapping[str, Counts | None]
    reasons: Mapping[str, Text]
    missing_sources: tuple[SourceCell, ...]

    @property
    def rows(self) -> frozenset[str]:
        return frozenset(row for row, counts in self.counts.items() if counts is not None)


@dataclass(frozen=True)
class Reading:
    """Everything an index is fed from in one period, by unit: read once, then summed for whoever is asked about."""

    catalog: Catalog
    period: Period
    sums: Mapping[str, Mapping[str, int]]  # unit -> quantity key -> count
    measured: Mapping[tuple[str, str], frozenset[str]]  # (unit, measure) -> procedures with such a dossier
    cells: Mapping[str, tuple[SourceCell, ...]]  # unit -> its sources
    mappings: Mapping[str, frozenset[str]]  # source -> the fields of a dossier that its mapping fills

    def feed(self, definition: Definition, members: Sequence[Unit], level: IndexLevel) -> Fed:
        """Return what the rows are fed for these units taken together."""
        cells = tuple(cell for unit in members for cell in self.cells.get(unit.unit_id, ()))
        counts: dict[str, Counts | None] = {}
        reasons: dict[str, Text] = {}
        for item in definition.items:
            if level not in item.applies_to:
                continue
            found = self._row(item, members, cells, level)
            if isinstance(found, Text):
                reasons[item.id] = found
            counts[item.id] = None if isinstance(found, Text) else found
        return Fed(counts, reasons, tuple(cell for cell in cells if cell.cell not in ("received", "not_expected")))

    def _row(
        self, item: Item, members: Sequence[Unit], cells: Sequence[SourceCell], level: IndexLevel
    ) -> Counts | Text:
        if item.numerator is None or item.denominator is None:
            return item.not_fed or Text(vi="", en="")
        if item.of_level is not None:
            members = [unit for unit in members if unit.level == item.of_level]
            ids = {unit.unit_id for unit in members}
            cells = [cell for cell in cells if cell.unit_id in ids]
        received = [cell for cell in cells if cell.cell == "received"]
        asks_dossiers = any(
            quantity.procedures is None or quantity.procedures.having_any
            for quantity in (item.numerator, item.denominator)
        )
        if asks_dossiers and not received:
            return Text(vi="chưa nhận được dữ liệu của nguồn nào", en="no source has answered for the period")
        silent = {cell.source_id for cell in received if not self.mappings[cell.source_id].issuperset(item.needs)}
        if silent:
            of = len({cell.source_id for cell in received})
            return Text(
                vi=f"{len(silent)}/{of} nguồn không cung cấp dữ liệu này",
                en=f"{len(silent)} of {of} sources do not say it",
            )
        numerator = self._quantity(item, 0, item.numerator, members, level)
        denominator = self._quantity(item, 1, item.denominator, members, level)
        if isinstance(numerator, Text):
            return numerator
        if isinstance(denominator, Text):
            return denominator
        if numerator < 0 or numerator > denominator:
            return Text(
                vi=f"quy tắc V14: tử số {numerator} lớn hơn mẫu số {denominator}" if numerator >= 0
                else f"tử số âm: {numerator}",
                en=f"rule V14: numerator {numerator}, denominator {denominator}",
            )  # fmt: skip
        return Counts(Fraction(numerator), Fraction(denominator))

    def _quantity(
        self, item: Item, side: int, quantity: Quantity, members: Sequence[Unit], level: IndexLevel
    ) -> int | Text:
        if quantity.procedures is None:
            key = _key(item, side)
            return sum(self.sums.get(unit.unit_id, {}).get(key, 0) for unit in members)
        return self._procedures(quantity.procedures, members, level)

    def _procedures(self, wanted: Procedures, members: Sequence[Unit], level: IndexLevel) -> int | Text:
        under = [p for p in self.catalog.procedures if p.holds_on(self.period.to_date) and _is_under(p, level)]
        unsaid = {p.code for p in under for column in wanted.where if getattr(p, column) is None}
        if unsaid or not under:
            of = len({p.code for p in under})
            columns = ", ".join(wanted.where)
            return Text(
                vi=f"danh mục TTHC chưa ghi {columns} cho {len(unsaid)}/{of} thủ tục",
                en=f"the catalogue of procedures leaves {columns} empty for {len(unsaid)} of {of}",
            )
        codes = {p.code for p in under if all(getattr(p, column) in wanted.where[column] for column in wanted.where)}
        if wanted.having_any:
            codes &= {
                code
                for unit in members
                for measure in wanted.having_any
                for code in self.measured.get((unit.unit_id, measure), ())
            }
        return len(codes)


def read(
    connection: Connection, catalog: Catalog, definition: Definition, units: list[Unit], period: Period, today: date
) -> Reading:
    """Read what the rows of an index are made of, for each of the units by itself.

    Raises:
        CatalogError: a row names a column that form II.06a has not.
    """
    folder = Settings.load().catalog_dir
    form = load_form(folder, FORM, period.to_date)
    terms = [
        (_key(item, side), measure, term.window, term.sign)
        for item in definition.items
        for side, quantity in enumerate((item.numerator, item.denominator))
        if quantity is not None
        for term in _terms(form, definition, item, quantity)
        for measure in term.measures
    ]
    asked = [unit.unit_id for unit in units]
    sums: dict[str, dict[str, int]] = {}
    for row in connection.execute(
        statement("publish/form_figures"),
        {
            "column_codes": [term[0] for term in terms],
            "measures": [term[1] for term in terms],
            "window_codes": [term[2] for term in terms],
            "signs": [term[3] for term in terms],
            "unit_ids": asked,
            "from_date": period.from_date,
            "to_date": period.to_date,
            "ahead_until": period.to_date,
        },
    ):
        if row.table_code == "unit":
            sums.setdefault(row.row_key, {})[row.column_code] = row.quantity
    cells: dict[str, tuple[SourceCell, ...]] = {}
    for cell in read_cells(connection, catalog, units, period, today):
        cells[cell.unit_id] = (*cells.get(cell.unit_id, ()), cell)
    sources = {catalog.source_by_id[cell.source_id] for found in cells.values() for cell in found}
    fields = {name: _fields_of(folder, name) for name in {source.mapping for source in sources}}
    return Reading(
        catalog, period, sums, _measured(connection, definition, asked, period), cells,
        {source.source_id: fields[source.mapping] for source in sources},
    )  # fmt: skip


def given_too(fed: Fed, given: Mapping[str, Counts | None]) -> Fed:
    """Return what is fed, with counts from elsewhere for rows that nothing feeds. A row that is fed is not replaced.

    Raises:
        InputRefused: a row given is one that is fed: two values would stand for it.
    """
    extra = {row: counts for row, counts in given.items() if counts is not None}
    if twice := sorted(fed.rows & set(extra)):
        raise InputRefused(
            f"Row {', '.join(twice)} is computed from dossiers, and given in the file as well.",
            action="remove it from the file of counts.",
        )
    return replace(
        fed,
        counts={**fed.counts, **extra},
        reasons={row: reason for row, reason in fed.reasons.items() if row not in extra},
    )


def _measured(
    connection: Connection, definition: Definition, unit_ids: list[str], period: Period
) -> dict[tuple[str, str], frozenset[str]]:
    measures = {
        measure
        for item in definition.items
        for quantity in (item.numerator, item.denominator)
        if quantity is not None and quantity.procedures is not None
        for measure in quantity.procedures.having_any
    }
    found: dict[tuple[str, str], set[str]] = {}
    if measures:
        for row in connection.execute(
            statement("publish/procedures_measured"),
            {
                "measures": sorted(measures),
                "unit_ids": unit_ids,
                "from_date": period.from_date,
                "to_date": period.to_date,
            },
        ):
            found.setdefault((row.unit_id, row.measure), set()).add(row.procedure_code)
    return {key: frozenset(codes) for key, codes in found.items()}


def _terms(form: Form, definition: Definition, item: Item, quantity: Quantity) -> Iterable[Term]:
    """Yield the terms of a quantity, those of the form's columns it names included."""
    columns = {column.code: column for column in form.columns}
    yield from quantity.terms
    for code in quantity.columns:
        if code not in columns:
            raise CatalogError(
                f"Index {definition.index}, row {item.id}: form {form.report_code} has no column {code!r}.",
                action=f"name one of {', '.join(columns)} in include/catalog/index/.",
            )
        column = columns[code]
        yield from column.terms
        for part in column.plus:
            yield from columns[part].terms
        for part in column.minus:
            for term in columns[part].terms:
                yield term.model_copy(update={"sign": -term.sign})


def _key(item: Item, side: int) -> str:
    return f"{item.id} {SIDES[side]}"


def _is_under(procedure: Procedure, level: IndexLevel) -> bool:
    """True when units of the level answer for the procedure; a province answers for those of every level."""
    own: tuple[Level, ...] = LEVELS if level == "province" else ("province",) if level == "department" else (level,)
    return procedure.level in own


def _fields_of(folder: Path, mapping: str) -> frozenset[str]:
    """Return the fields of a dossier that a mapping fills; a field it does not name is one its sources do not say."""
    document: Any = read_yaml(catalog_file(folder, "mappings", f"{mapping}.yaml"))[0]
    return frozenset(document.get("fields", {}))
