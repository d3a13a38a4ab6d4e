"""Feeds the rows of an index from the daily measures and the catalogue of procedures, for any set of units.

What is not known is said, never counted as zero: a unit whose source did not answer, a fact that its sources do not
tell, a column that the catalogue of procedures does not fill.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from pathlib import Path

from sqlalchemy import Connection

from motcua.catalog import Catalog, Unit
from motcua.catalog.feeds import fed_fields
from motcua.catalog.forms import Term, load_form
from motcua.catalog.index import Definition, IndexLevel, Item, Quantity
from motcua.catalog.models import Text
from motcua.errors import CatalogError, InputRefused
from motcua.period import Period
from motcua.procedures.deadlines import Deadlines, Step, procedure_deadlines
from motcua.publish.form.completeness import SourceCell, read_cells
from motcua.publish.form.counts import read_counts
from motcua.publish.index.petition_answers import PetitionAnswers, read_petition_answers
from motcua.publish.index.procedure_counts import count_dossiers, count_procedures, describe, under_authority
from motcua.publish.index.score import Counts

_SAID_NOTHING = Text(vi="nguồn chưa cho biết dữ liệu này cho hồ sơ nào", en="the sources say it of no dossier")


@dataclass(frozen=True)
class Fed:
    """What the rows of an index are fed for some units: counts, or none and why; and the sources missing.

    `notes` say why a row has no counts, or what its counts leave out.
    """

    counts: Mapping[str, Counts | None]
    notes: Mapping[str, Text]
    missing_sources: tuple[SourceCell, ...]

    @property
    def rows(self) -> frozenset[str]:
        return frozenset(row for row, counts in self.counts.items() if counts is not None)


@dataclass(frozen=True)
class IndexInputs:
    """Everything an index is fed from in one period, by unit: read once, then summed for whoever is asked about."""

    catalog: Catalog
    period: Period
    sums: Mapping[str, Mapping[str, int]]  # unit -> quantity key -> count
    measured: Mapping[tuple[str, str], Mapping[str, int]]  # (unit, measure) -> procedure -> dossiers in the period
    cells: Mapping[str, tuple[SourceCell, ...]]  # unit -> its sources
    mappings: Mapping[str, frozenset[str]]  # source -> the fields of a dossier that its mapping fills
    petitions: PetitionAnswers
    needing_opening: frozenset[str]  # the rows that count dossiers received before the period
    deadlines: dict[str, Deadlines] = field(default_factory=dict)  # province -> what fell due, once asked for

    def feed(self, definition: Definition, members: Sequence[Unit], level: IndexLevel) -> Fed:
        """Return what the rows are fed for these units taken together."""
        cells = tuple(cell for unit in members for cell in self.cells.get(unit.unit_id, ()))
        counts: dict[str, Counts | None] = {}
        notes: dict[str, Text] = {}
        for item in definition.items:
            if level in item.applies_to:
                counts[item.id], note = self._row(item, members, cells, level)
                if note is not None:
                    notes[item.id] = note
        lacking = tuple(cell for cell in cells if cell.is_lacking)
        if any(item.of_petitions and level in item.applies_to for item in definition.items):
            lacking += self.petitions.lacking(members)
        return Fed(counts, notes, lacking)

    def _row(
        self, item: Item, members: Sequence[Unit], cells: Sequence[SourceCell], level: IndexLevel
    ) -> tuple[Counts | None, Text | None]:
        """Return the counts of a row, or none and why; beside counts a note says what they leave out."""
        if item.deadlines is not None:
            return self._deadlines(item.deadlines, members)
        if item.numerator is None:
            return None, item.not_fed
        if item.of_level is not None:
            members = [unit for unit in members if unit.level == item.of_level]
            cells = [cell for unit in members for cell in self.cells.get(unit.unit_id, ())]
        asks_sources = not item.of_petitions and any(part.counts_dossiers for part in item.quantities.values())
        notes: list[Text] = []
        if item.of_petitions:
            is_told, notes = self.petitions.verdict(members)
            if not is_told:
                return None, notes[0]
        if asks_sources and (silence := self._silence(item, cells)) is not None:
            return None, silence
        parts: dict[str, int] = {}
        for part, quantity in item.quantities.items():
            count, note = self._quantity(item, part, quantity, members, level)
            if count is None:
                return None, note
            parts[part] = count
            notes += [note] if note is not None else []
        numerator, denominator = parts["numerator"], parts["denominator"]
        whole = parts.get("known_of", denominator)
        if whole and not denominator:
            return None, _SAID_NOTHING
        if not 0 <= numerator <= denominator:
            return None, Text(
                vi=f"quy tắc V14: tử số {numerator}, mẫu số {denominator}",
                en=f"rule V14: numerator {numerator}, denominator {denominator}",
            )
        if whole > denominator:
            share = f"{denominator}/{whole}"
            notes.append(Text(vi=f"tính trên {share} hồ sơ có số liệu", en=f"over the {share} dossiers that tell"))
        return Counts(Fraction(numerator), Fraction(denominator)), _joined(notes)

    def _deadlines(self, step: Step, members: Sequence[Unit]) -> tuple[Counts | None, Text | None]:
        """Return how many of the province's procedures were announced, or made public, on time."""
        province = self.catalog.province_of(members[0].unit_id).code
        if not any(p.province == province and p.effective_on is not None for p in self.catalog.procedures):
            return None, Text(
                vi="danh mục TTHC chưa ghi quyết định công bố, ngày công khai của tỉnh",
                en="the catalogue of procedures has no announcement decisions of the province",
            )
        if province not in self.deadlines:
            self.deadlines[province] = procedure_deadlines(self.catalog, self.period, province)
        on_time, due = self.deadlines[province].ratio(step)
        return Counts(Fraction(on_time), Fraction(due)), None

    def _silence(self, item: Item, cells: Sequence[SourceCell]) -> Text | None:
        """Say that no source has answered, or that some of those that have do not tell what the row needs."""
        received = {cell.source_id for cell in cells if cell.is_answered}
        if not received:
            return Text(vi="chưa nhận được dữ liệu của nguồn nào", en="no source has answered for the period")
        unopened = {cell.source_id for cell in cells if cell.cell == "opening_not_known"}
        if unopened and item.id in self.needing_opening:
            share = f"{len(unopened)}/{len(received)}"
            return Text(
                vi=f"chưa biết hồ sơ tồn từ trước kỳ của {share} nguồn",
                en=f"of {share} sources it is not known what was open before the period",
            )
        silent = [source for source in received if not self.mappings[source].issuperset(item.needs)]
        if not silent:
            return None
        return Text(
            vi=f"{len(silent)}/{len(received)} nguồn không cung cấp dữ liệu này",
            en=f"{len(silent)} of {len(received)} sources do not say it",
        )

    def _quantity(
        self, item: Item, part: str, quantity: Quantity, members: Sequence[Unit], level: IndexLevel
    ) -> tuple[int | None, Text | None]:
        wanted = quantity.procedures
        if wanted is None:
            return sum(self.sums.get(unit.unit_id, {}).get(_key(item, part), 0) for unit in members), None
        province = self.catalog.province_of(members[0].unit_id).code if members else ""
        by_dossiers = wanted.count == "dossiers"
        rows = under_authority(self.catalog, self.period.to_date, province, None if by_dossiers else level)
        having = [self.measured.get((u.unit_id, measure), {}) for u in members for measure in wanted.having_any]
        return (count_dossiers if by_dossiers else count_procedures)(describe(rows, wanted), wanted, having)


def read_inputs(
    connection: Connection, catalog: Catalog, definition: Definition, units: list[Unit], period: Period, today: date
) -> IndexInputs:
    """Read what the rows of an index are made of, for each of the units by itself.

    Raises:
        CatalogError: a row names a column that its form has not.
    """
    folder = catalog.folder
    columns = {
        _key(item, part): tuple(_terms(folder, period.to_date, definition, item, quantity))
        for item in definition.items
        for part, quantity in item.quantities.items()
    }
    asked = {unit.unit_id: unit.unit_id for unit in units}
    sums: dict[str, dict[str, int]] = {}
    # No unit is silent here: a row asks for the fields it needs itself.
    for count in read_counts(connection, catalog, columns, asked, period, ("unit",)):
        sums.setdefault(count.row_key, {})[count.column_code] = count.quantity
    cells: dict[str, tuple[SourceCell, ...]] = {}
    for cell in read_cells(connection, catalog, units, period, today):
        cells[cell.unit_id] = (*cells.get(cell.unit_id, ()), cell)
    sources = {catalog.source_by_id[cell.source_id] for of_unit in cells.values() for cell in of_unit}
    return IndexInputs(
        catalog, period, sums, _measured(connection, catalog, definition, asked, period), cells,
        {source.source_id: fed_fields(folder, source) for source in sources},
        read_petition_answers(connection, catalog, units, period, today),
        frozenset(item.id for item in definition.items if _needs_opening(item, columns)),
    )  # fmt: skip


def _needs_opening(item: Item, columns: Mapping[str, Sequence[Term]]) -> bool:
    """Return whether a row counts what was received before the period, itself or among the procedures it asks for."""
    asked = [
        Term(measures=(measure,), window="in_period")
        for quantity in item.quantities.values()
        if quantity.procedures is not None
        for measure in quantity.procedures.having_any
    ]
    counted = (term for part in item.quantities for term in columns[_key(item, part)])
    return not item.of_petitions and any(term.needs_opening for term in (*counted, *asked))


def _joined(notes: Sequence[Text]) -> Text | None:
    if not notes:
        return None
    return Text(vi="; ".join(note.vi for note in notes), en="; ".join(note.en for note in notes))


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
        notes={row: note for row, note in fed.notes.items() if row not in extra},
    )


def _measured(
    connection: Connection, catalog: Catalog, definition: Definition, asked: Mapping[str, str], period: Period
) -> dict[tuple[str, str], dict[str, int]]:
    """Return the dossiers of each measure that some row asks procedures for, by unit and procedure.

    A procedure that two units handle counts once above them, so procedures are told by unit and joined where counted
    (domain.md section 1.2, rows 3.2, 3.5, 4.1 and 4.5a).
    """
    measures = {
        measure
        for item in definition.items
        for quantity in item.quantities.values()
        if quantity.procedures is not None
        for measure in quantity.procedures.having_any
    }
    dossiers: dict[tuple[str, str], dict[str, int]] = {}
    if measures:
        columns = {measure: (Term(measures=(measure,), window="in_period"),) for measure in sorted(measures)}
        for count in read_counts(connection, catalog, columns, asked, period, ("unit_procedure",)):
            if count.quantity > 0:
                dossiers.setdefault((count.row_key, count.column_code), {})[count.procedure_code] = count.quantity
    return dossiers


def _terms(folder: Path, day: date, definition: Definition, item: Item, quantity: Quantity) -> Iterable[Term]:
    """Yield the terms of a quantity, those of the form's columns it names included."""
    yield from quantity.terms
    if not quantity.columns:
        return
    form = load_form(folder, quantity.form, day)
    for code in quantity.columns:
        if code not in form.column_codes:
            raise CatalogError(
                f"Index {definition.index}, row {item.id}: form {form.report_code} counts no column {code!r}.",
                action=f"name one of {', '.join(form.column_codes)} in include/catalog/index/.",
            )
        yield from form.terms_of(code)


def _key(item: Item, part: str) -> str:
    return f"{item.id} {part}"
