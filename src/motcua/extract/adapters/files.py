"""Dropped files: the tables that a unit exports or mails, as CSV or as a workbook, in a folder or an object store.

No server filters them: a pull reads every file of the pattern, and the days asked for are cut by us. Of a dossier that
stands twice the row counts that is stated to be the newer one (`motcua.extract.wire.evidence`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches

from motcua.catalog import Source
from motcua.catalog.options import FilesOptions
from motcua.days.limits import limit_of
from motcua.errors import ContractBroken, SourceUnavailable
from motcua.extract.adapters.protocol import Page, Record, Window
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.rules import PLACES, InstantRule, KeyRule
from motcua.extract.shape.meaning import dossier_columns, marked_keys
from motcua.extract.shape.table import ShapedTables
from motcua.extract.shape.words import row_words
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.drop_order import Drop, days_of_sheet, month_of
from motcua.extract.wire.drops import DropFolder, SpeaksByFiles
from motcua.extract.wire.evidence import Stand, written
from motcua.extract.wire.tabular import Layout, Table, read_tables, visible_sheets
from motcua.extract.wire.workbooks.error_cells import DAY_ZERO, serial_day
from motcua.settings import Settings
from motcua.spelling import fold


class FilesAdapter(SpeaksByFiles):
    """The files of one source."""

    margin = timedelta(0)
    filters = False
    lists_open = False

    def __init__(self, source: Source, connection: SourceConnection, mapping: SourceMapping) -> None:
        options = source.options_as(FilesOptions)
        self._source = source
        self._mapping = mapping
        self._optional = options.optional_columns
        words = row_words(Settings.load().catalog_dir)
        self._shaped = ShapedTables(options, dossier_columns(mapping), marked_keys(mapping), words)
        self._drops = DropFolder(source, options.path, connection, options.once)
        # The columns of days that may be numbers, each with what a time limit in it is of.
        self._serials = {
            key: rule.limits
            for rule in mapping.fields.values()
            if isinstance(rule, InstantRule) and "excel" in rule.formats
            for key in mapping.columns_of(rule.key)
        }
        self._layout = Layout(
            frozenset((*mapping.keys.keep, *mapping.keys.hmac, *options.columns_of_shape)),
            options.encoding,
            options.delimiter,
            options.sheets,
            options.header_row,
            options.first_row,
            options.text,
        )

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield the rows of every file, whatever the window."""
        self._shaped.warnings.clear()
        for drop, body in self._drops.read():
            month = month_of(drop.name)
            for table, names in tables_of(body, drop.name, self._layout, self._names):
                stands = {"sheet": table.sheet, "month": "{}-{:02}".format(*month) if month else None}
                yield from self._pages(table, names, {PLACES[part]: where for part, where in stands.items()}, drop)

    @property
    def warnings(self) -> Sequence[str]:
        """Beside what the folder says, the rows of each table that were left out."""
        return [*super().warnings, *self._shaped.warnings]

    def by_id(self, dossier_id: str) -> Record | None:
        """Return None: a file has no request for one dossier."""
        return None

    def close(self) -> None:
        """Do nothing: no file is left open."""

    def _names(self, table: Table) -> list[str]:
        keys = self._mapping.keys
        used = dict.fromkeys((*keys.keep, *keys.hmac, *self._shaped.shape.columns_of_shape))
        return record_keys(table.columns, table.place, [*used], keys.listed, self._optional)

    def _pages(self, table: Table, names: Sequence[str], parts: Record, drop: Drop) -> Iterator[Page]:
        identity = self._mapping.identity
        parts = {place: parts[place] for place in identity.places} if isinstance(identity, KeyRule) else {}
        absent = dict.fromkeys(names) | parts
        records: list[Record] = []
        stands: list[str] = []
        stand_of = stands_of(drop, table, is_last=self._drops.is_past(drop))
        serials = {key: self._serials[key] for key in names if key in self._serials and table.day_zero != DAY_ZERO}
        for number, cells in self._shaped.records(table, names):
            records.append(
                parts | dict(zip(names, cells, strict=True))
                if len(cells) == len(names)
                else absent | dict(zip(names, cells, strict=False))
            )
            stands.append(stand_of(number))
            for key, limits in serials.items():
                if not (limits and limit_of(records[-1][key], limits)):
                    records[-1][key] = serial_day(records[-1][key], table.day_zero)
            if len(records) == self._source.page_size:
                yield Page(records, None, stands)
                records, stands = [], []
        if records:
            yield Page(records, None, stands)


def stands_of(drop: Drop, table: Table, *, is_last: bool = False) -> Callable[[int], str]:
    """Return the function that says where a row of a table stands, given its number."""
    states = None if table.sheet is None else days_of_sheet(table.sheet, table.sheets)
    first = written(Stand(drop.file, drop.dropped_at, table.sheet, states, is_last=is_last or None))
    before, _, after = first.rpartition('"row":0')
    return lambda number: f'{before}"row":{number}{after}'


def tables_of(
    body: bytes, name: str, layout: Layout, keys_of: Callable[[Table], list[str]]
) -> Iterator[tuple[Table, list[str]]]:
    """Yield the tables of a file, each with the key of every column.

    Args:
        keys_of: as `record_keys`, which refuses a table without the columns.

    Raises:
        SourceUnavailable, ContractBroken: as `read_tables` and `keys_of`. Where other sheets of the workbook have the
            columns, the action names them as `sheets` of the source's options. Hidden sheets that have them are refused
            until the options name the sheets.
    """
    hidden: tuple[str, ...] = ()
    try:
        for table in read_tables(body, name, layout):
            hidden = table.hidden
            yield table, keys_of(table)
    except ContractBroken as broken:
        seen = [] if layout.sheets else visible_sheets(body, name)
        if not (whole := _sheets_with_columns(body, name, layout, keys_of, seen)):
            raise
        named = _named(whole)
        raise ContractBroken(
            broken.args[0],
            action=f"if this sheet is no part of the register, write `sheets: [{named}]` into the options of the"
            f" source's entry (options.sheets): these sheets have the columns. If it is, {broken.action}",
        ) from None
    if whole := _sheets_with_columns(body, name, layout, keys_of, hidden):
        raise ContractBroken(
            f"{name} has hidden sheets with the columns of the register: {_named(whole)}. Whether they are a part of it"
            " is not known.",
            action="ask the unit, and write the names of all sheets that are into `sheets` of the source's options.",
        )


def _named(sheets: Iterable[str]) -> str:
    return ", ".join(json.dumps(sheet, ensure_ascii=False) for sheet in sheets)


def _sheets_with_columns(
    body: bytes, name: str, layout: Layout, keys_of: Callable[[Table], list[str]], sheets: Iterable[str]
) -> list[str]:
    """Return those of some sheets that have the columns."""
    found = []
    for sheet in sheets:
        try:
            for table in read_tables(body, name, replace(layout, sheets=(sheet,))):
                keys_of(table)
                found.append(sheet)
        except (ContractBroken, SourceUnavailable):
            continue
    return found


def record_keys(
    columns: Sequence[str],
    place: str,
    used: Sequence[str],
    listed: Iterable[str] = (),
    optional: Collection[str] = (),
) -> list[str]:
    """Return the key of every column, or the column's own name where it has no key.

    Columns are matched by name, without regard to case, Unicode form and spaces. Their order does not matter.

    Args:
        columns: the column names of the table.
        place: the file and table, for messages.
        used: the keys that a field is read from.
        listed: other known keys.
        optional: the keys of `used` that may be missing.

    Raises:
        ContractBroken: a column that a field is read from is missing, or is there more than once.
    """
    key_by_name = {fold(key): key for key in (*listed, *used)}
    names = [
        key_by_name.get(fold(column), column or f"column {number}") for number, column in enumerate(columns, start=1)
    ]
    count = Counter(names)
    if repeated := [key for key in used if count[key] > 1]:
        raise ContractBroken(
            f"{place} has the column {repeated[0]!r} {count[repeated[0]]} times, so it is not clear which one to read.",
            action="ask the unit to rename one of them.",
        )
    may_be_missing = {fold(column) for column in optional}
    missing = [key for key in used if key not in count and fold(key) not in may_be_missing]
    if missing:
        others = [column for column, name in zip(columns, names, strict=True) if column and name not in used]
        raise _missing_columns(missing, others, place, is_header=any(key in count for key in used))
    return names


def _missing_columns(missing: Sequence[str], others: Sequence[str], place: str, is_header: bool) -> ContractBroken:
    names = ", ".join(map(repr, missing))
    if not is_header:  # the presumed header may be a row of records, so the message does not quote it
        return ContractBroken(
            f"{place} has no header: none of the columns {names} is in its first rows.",
            action="correct options.header_row, delimiter or encoding, or the column names in the mapping.",
        )
    near = get_close_matches(fold(missing[0]), {fold(column): column for column in others}, n=1, cutoff=0.6)
    hint = next((f" ({column!r} looks like it)" for column in others if [fold(column)] == near), "")
    return ContractBroken(
        f"{place} has no column {names}{hint}; its unmapped columns are: {', '.join(map(repr, others)) or 'none'}.",
        action="correct the column name in the mapping (of petitions: in petitions/), or ask the unit to restore the"
        " column; options.optional_columns names the columns that a file may lack.",
    )
