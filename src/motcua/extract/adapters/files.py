"""Dropped files: the tables a unit exports or mails, as CSV or as a workbook, in a folder or an object store.

No server filters them: a pull reads every file of the pattern, in the order of their names, and the days asked for are
cut by us. Of a dossier that stands twice the later row counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from difflib import get_close_matches

from motcua.catalog import Source
from motcua.catalog.options import FilesOptions
from motcua.errors import ContractBroken
from motcua.extract.adapters.protocol import Page, Record, Window
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.drops import DropFolder
from motcua.extract.wire.tabular import Layout, Table, read_tables
from motcua.spelling import fold


class FilesAdapter:
    """The files of one source."""

    margin = timedelta(0)
    filters = False
    lists_open = False

    def __init__(self, source: Source, connection: SourceConnection, mapping: SourceMapping) -> None:
        options = source.options_as(FilesOptions)
        self._source = source
        self._mapping = mapping
        self._optional = options.optional_columns
        self._drops = DropFolder(source, options.path, connection)
        self._layout = Layout(
            frozenset((*mapping.keys.keep, *mapping.keys.hmac)),
            options.encoding,
            options.delimiter,
            options.sheets,
            options.header_row,
            options.first_row,
        )

    def pages(self, window: Window) -> Iterator[Page]:
        """Yield the rows of every file, whatever the window."""
        for name, body in self._drops.read():
            for table in read_tables(body, name, self._layout):
                yield from self._pages(table)

    def by_id(self, dossier_id: str) -> Record | None:
        """Return none: a file is not asked for one dossier."""
        return None

    def close(self) -> None:
        """Nothing is held open."""

    def _pages(self, table: Table) -> Iterator[Page]:
        keys = self._mapping.keys
        names = record_keys(table.columns, table.place, (*keys.keep, *keys.hmac), keys.listed, self._optional)
        absent = dict.fromkeys(names)
        records: list[Record] = []
        for _, cells in table.rows:
            records.append(
                dict(zip(names, cells, strict=True))
                if len(cells) == len(names)
                else absent | dict(zip(names, cells, strict=False))
            )
            if len(records) == self._source.page_size:
                yield Page(records, None)
                records = []
        if records:
            yield Page(records, None)


def record_keys(
    columns: Sequence[str],
    place: str,
    used: Sequence[str],
    listed: Iterable[str] = (),
    optional: Collection[str] = (),
) -> list[str]:
    """Return for every column the key that it stands for, else its own name.

    Columns are told apart by name, without regard to case, Unicode form and spaces; their order is free.

    Args:
        columns: the names as the table spells them.
        place: where the table stands, for messages.
        used: the keys that a field is made from.
        listed: other keys that are known.
        optional: those of `used` that may be missing.

    Raises:
        ContractBroken: a column that a field is made from is not there, or stands twice.
    """
    spelt = {fold(key): key for key in (*listed, *used)}
    names = [spelt.get(fold(column), column or f"column {number}") for number, column in enumerate(columns, start=1)]
    count = Counter(names)
    if twice := [key for key in used if count[key] > 1]:
        raise ContractBroken(
            f"{place} has the column {twice[0]!r} {count[twice[0]]} times: which one is meant cannot be told.",
            action="have one of them renamed.",
        )
    left_out = {fold(column) for column in optional}
    missing = [key for key in used if key not in count and fold(key) not in left_out]
    if missing:
        others = [column for column, name in zip(columns, names, strict=True) if column and name not in used]
        raise _lost(missing, others, place, is_header=any(key in count for key in used))
    return names


def _lost(missing: Sequence[str], others: Sequence[str], place: str, is_header: bool) -> ContractBroken:
    named = ", ".join(map(repr, missing))
    if not is_header:  # what was taken for the header may be a row of records: nothing of it is told
        return ContractBroken(
            f"{place} has no header: none of the columns {named} stands in its first rows.",
            action="correct options.header_row, delimiter or encoding, or the column names in the mapping.",
        )
    near = get_close_matches(fold(missing[0]), {fold(column): column for column in others}, n=1, cutoff=0.6)
    hint = next((f" ({column!r} looks like it)" for column in others if [fold(column)] == near), "")
    return ContractBroken(
        f"{place} has no column {named}{hint}; beside the mapped ones it has {', '.join(map(repr, others)) or 'none'}.",
        action="correct the column name in the mapping (of petitions: in petitions/), or have the column given again; "
        "a file may lack a column that options.optional_columns names.",
    )
