"""Reads the records of a table by what the catalogue says of its shape: merged cells, its end, which rows are meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from motcua.catalog.options import EndWord, RowFilter, TableShape
from motcua.errors import ContractBroken
from motcua.extract.error_texts import MERGED, NOT_ABOVE, NOT_LISTED, is_error
from motcua.extract.shape.apart import ApartRows, Columns
from motcua.extract.wire.tabular import Table
from motcua.extract.wire.workbooks.reading import Cells, Merge
from motcua.spelling import folded

Row = tuple[int, Cells]
Judged = Literal["meant", "left out", "not listed"]
OTHERS = "*"


@dataclass
class ShapedTables:
    """The tables of one source.

    Args:
        shape: as the catalogue says it.
        columns: what the columns mean.
        marked: the keys in which a row is marked whose filter does not know it: one field that no record may lack.
        words: of rows that are no records (`motcua.extract.shape.words`).

    `warnings` say of each table that was read how many rows were left out, and why.
    """

    shape: TableShape
    columns: Columns
    marked: Collection[str]
    words: Sequence[tuple[str, str]]
    warnings: list[str] = field(default_factory=list)

    def records(self, table: Table, keys: Sequence[str]) -> Iterator[Row]:
        """Yield the rows of a table that are records of the source, each with its number in the file.

        Args:
            keys: of the columns, by position.

        Raises:
            ContractBroken: the catalogue says of the table what is not so of it. The message names file and row.
        """
        if self.shape.fill_down and not table.has_merges:
            raise ContractBroken(
                f"{table.place} is a CSV, which has no merged cells, and fill_down of its source is of merged cells.",
                action="name the columns under fill_empty where an empty cell means what stands above it, or ask for"
                " the workbook.",
            )
        read = _Reading(self, table, keys)
        yield from read.records()
        self.warnings += read.warnings()

    @property
    def read_keys(self) -> frozenset[str]:
        """The keys from which something is read: a field, or whether a row is meant."""
        return self.columns.identity | self.columns.used | {one.column for one in self.shape.rows}


class _Reading:
    """One table while it is read."""

    def __init__(self, of: ShapedTables, table: Table, keys: Sequence[str]) -> None:
        at = {key: position for position, key in enumerate(keys)}
        shape = of.shape
        self._table = table
        self._apart = ApartRows(keys, table.heads, of.columns, of.words)
        self._merged = _Merged(table.merges, keys, of.read_keys, {at[key] for key in shape.fill_down if key in at})
        self._filters = [_Filter(one, at[one.column]) for one in shape.rows if one.column in at]
        self._marks = [at[key] for key in of.marked if key in at]
        self._above: dict[int, Any] = {at[key]: NOT_ABOVE for key in shape.fill_empty if key in at}
        self._end = shape.ends_at
        self._end_at = at.get(shape.ends_at.column) if isinstance(shape.ends_at, EndWord) else None
        self._ended_at, self._below = 0, 0

    def records(self) -> Iterator[Row]:
        rows = iter(self._table.rows)
        for number, cells in self._until_the_end(rows):
            covered = self._merged.covered(number, cells)
            seen = _with(cells, dict.fromkeys(covered, MERGED)) if covered else cells
            if self._apart.takes(number, seen):
                self._above = dict.fromkeys(self._above, NOT_ABOVE)
                continue
            if not (covered or self._above or self._filters):
                yield number, cells
                continue
            record = self._filled(_with(cells, covered))
            judged = {one.judge(record, number) for one in self._filters}
            if "left out" in judged:
                continue
            yield number, _with(record, dict.fromkeys(self._marks, NOT_LISTED)) if "not listed" in judged else record
        for number, cells in rows:
            if self._end == "empty_row" and self._apart.says_facts(cells):
                raise self._record_below(number)
            if isinstance(self._end, EndWord) and self._is_end(cells):
                raise self._ends_again(number)
            self._below += 1

    def _until_the_end(self, rows: Iterator[Row]) -> Iterator[Row]:
        if self._end is None:
            yield from rows
            return
        last = 0
        for number, cells in rows:
            if self._end == "empty_row" and last and number > last + 1:
                self._ended_at, self._below = last + 1, 1
                if self._apart.says_facts(cells):
                    raise self._record_below(number)
                return
            if isinstance(self._end, EndWord) and self._is_end(cells):
                self._ended_at = number
                return
            last = number
            yield number, cells
        if isinstance(self._end, EndWord):
            raise ContractBroken(
                f"{self._table.place} has no row whose column {self._end.column!r} begins with a word of ends_at.",
                action="correct ends_at in the options of the source, or ask the unit whether the file is whole.",
            )

    def _is_end(self, cells: Cells) -> bool:
        assert isinstance(self._end, EndWord)
        value = cells[self._end_at] if self._end_at is not None and self._end_at < len(cells) else None
        return value is not None and folded(value).startswith(tuple(self._end.words))

    def _ends_again(self, number: int) -> ContractBroken:
        return ContractBroken(
            f"{self._table.place}: a word of ends_at stands in row {self._ended_at} and again in row {number}, so it is"
            " not known where the table ends.",
            action="say a word in ends_at that stands once; totals of groups need no word (docs/how-to/"
            "read-a-spreadsheet.md).",
        )

    def _record_below(self, number: int) -> ContractBroken:
        return ContractBroken(
            f"{self._table.place}: a record stands in row {number}, below the empty row {self._ended_at} at which the"
            " table is said to end.",
            action="take ends_at: empty_row out of the options of the source and say a word at which it ends, or ask"
            " the unit to take out the empty row.",
        )

    def _filled(self, cells: Cells) -> Cells:
        """Return a record with the values from above where `fill_empty` says so."""
        empty: dict[int, Any] = {}
        for position, value in self._above.items():
            if position < len(cells) and cells[position] is not None:
                self._above[position] = cells[position]
            else:
                empty[position] = value
        return _with(cells, empty)

    def warnings(self) -> Iterator[str]:
        place = self._table.place
        if self._apart.left_out.rows:
            yield f"{place}: left out, because they are no records: {self._apart.left_out}."
        if self._below:
            yield (
                f"{place}: the table ends at row {self._ended_at} (ends_at of the options); {self._below} rows below"
                " were left out."
            )
        for one in self._filters:
            if one.left_out:
                yield f"{place}: {one.left_out} rows were left out by their word in {one.column!r} (options.rows)."
            if one.not_listed:
                yield (
                    f"{place}: {len(one.not_listed)} rows have a word in {one.column!r} that options.rows does"
                    f" not name, the first is row {one.not_listed[0]}. They are set aside until it does."
                )


class _Filter:
    """One filter of a table: which rows it left out, and which it could not judge."""

    def __init__(self, rule: RowFilter, position: int) -> None:
        self._rule, self._position = rule, position
        self.column = rule.column
        self.left_out = 0
        self.not_listed: list[int] = []

    def judge(self, cells: Cells, number: int) -> Judged:
        value = cells[self._position] if self._position < len(cells) else None
        word = "" if value is None else folded(value)
        if word in self._rule.only:
            return "meant"
        if word in self._rule.without:
            self.left_out += 1
            return "left out"
        if is_error(value):
            self.not_listed.append(number)
            return "not listed"
        if OTHERS in self._rule.only:
            return "meant"
        if OTHERS in self._rule.without:
            self.left_out += 1
            return "left out"
        self.not_listed.append(number)
        return "not listed"


class _Merged:
    """The cells that merged ones cover.

    Args:
        keys: of the columns, by position.
        read: the keys that something is read from; what covers others is left empty.
        filled: the columns, by position, in which the value is meant for every row.
    """

    def __init__(
        self, merges: Iterable[Merge], keys: Sequence[str], read: Collection[str], filled: Collection[int]
    ) -> None:
        self._filled = frozenset(filled)
        self._starts: defaultdict[int, list[Merge]] = defaultdict(list)
        self._open: list[tuple[Merge, Any]] = []
        self._is_read = [key in read for key in keys]
        for merge in merges:
            if any(self._is_read[merge.left : merge.right + 1]):
                self._starts[merge.top].append(merge)
        self._tops = sorted(self._starts)
        self._next = 0

    def covered(self, number: int, cells: Cells) -> dict[int, Any]:
        """Return what the covered cells of a row hold, by position. Rows are given in their order."""
        if not self._open and (self._next == len(self._tops) or self._tops[self._next] > number):
            return {}
        self._open = [one for one in self._open if one[0].bottom >= number]
        while self._next < len(self._tops) and self._tops[self._next] <= number:
            for merge in self._starts[self._tops[self._next]]:
                # One that began above the records has a value that is no record's.
                value = MERGED if merge.top < number else cells[merge.left] if merge.left < len(cells) else None
                if value is not None and merge.bottom >= number:
                    self._open.append((merge, value))
            self._next += 1
        found: dict[int, Any] = {}
        for merge, value in self._open:
            for position in range(merge.left, min(merge.right, len(self._is_read) - 1) + 1):
                if self._is_read[position] and (position, number) != (merge.left, merge.top):
                    found[position] = value if position == merge.left and position in self._filled else MERGED
        return found


def _with(cells: Cells, values: Mapping[int, Any]) -> Cells:
    """Return a row with other values at some positions; the row itself where there are none."""
    if not values:
        return cells
    changed = [*cells, *[None] * (max(values) + 1 - len(cells))]
    for position, value in values.items():
        changed[position] = value
    return changed
