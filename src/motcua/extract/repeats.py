"""Decides which of several rows of one key counts, by what is stated, and never by where they happen to stand.

Rows that say the same are one record, but for those of one dropped file that nothing orders: they may be two dossiers
with one number. They are one record too, with an issue of its key that shows where they stand, so that validation sets
it aside.

Of rows that differ in a column by which versions are told apart, the one counts that is stated to be newer than every
row that says otherwise: by the record's own modified time, else by where it stands (`motcua.extract.wire.evidence`).
Where nothing states it, the rows are one record of which the columns that differ are not known: they are null, and an
issue shows them side by side, so that validation sets the record aside. So it is where a table is newer than another
and its row says less: no day where the older one has it, or no hour that counts. It was carried over before that was
written, or without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from motcua.canonical import RecordKind
from motcua.canonical.kind import MODIFIED
from motcua.extract.records.keys import names_office
from motcua.extract.wire.books import is_copy, numbered_alike
from motcua.extract.wire.drop_order import Days, Drop, days_of_sheet, state_other_months
from motcua.extract.wire.evidence import Stand, order, read, written

REPEATED, UNORDERED = "repeated", "unordered"  # why a row is no record of its own
NOT_KNOWN_TO_BE_ONE = "and nothing states that it is one"  # stands in the issue of rows that say the same
_SHOWN = 4  # values or places that an issue shows
_COMPARED_EACH = 50  # rows of one key of which each is compared with each; of more only the likeliest with the others
_ISSUES, _STANDS, _STANDING, _DUE = "mapping_issues", "stands_in", "standing", "due_at"


@dataclass(frozen=True)
class Repeats:
    """What became of rows with one key.

    Attributes:
        table: the rows, without what is not known of a record.
        reasons: of each row why it is no record of its own; none of a record.
        unordered: of each record whose rows are not known to be newer or older, or to be one, all its rows.
    """

    table: pa.Table
    reasons: list[str | None]
    unordered: dict[int, list[int]]


def judge(pulled: pa.Table, kind: RecordKind, is_own: Sequence[bool], *, later_row: bool = False) -> Repeats:
    """Return which rows are records.

    Args:
        pulled: rows of the pulled schema of a kind, with the column `stands_in` where it is known.
        is_own: whether a row may be a record.
        later_row: of two rows of one table the later one is the newer (`repeats` of a mapping).
    """
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    for row, (key, may_be) in enumerate(zip(pulled[kind.id_column].to_pylist(), is_own, strict=True)):
        if may_be and key is not None:
            rows_of[key].append(row)
    repeated = [rows for rows in rows_of.values() if len(rows) > 1]
    reasons: list[str | None] = [None] * pulled.num_rows
    if not repeated:
        return Repeats(pulled, reasons, {})
    rows = _Rows(pulled, kind, [row for group in repeated for row in group], later_row)
    unordered: dict[int, list[int]] = {}
    twins: dict[int, list[int]] = {}
    for group in repeated:
        newest = rows.newest(group)
        if newest is not None and rows.says_less(newest, group):
            newest = None
        kept = group[-1] if newest is None else newest
        if newest is not None and (may_be_two := rows.not_known_to_be_one(group, newest)):
            twins[kept] = may_be_two
        is_known = newest is not None and kept not in twins
        for row in group:
            reasons[row] = None if row == kept else REPEATED if is_known else UNORDERED
        if not is_known:
            unordered[kept] = group
    return Repeats(rows.without_unknown(unordered, twins), reasons, unordered)


def told_lacking(pulled: pa.Table) -> pa.Table:
    """Return the rows of a pull, with `is_lacking` in where they stand for those that a newer copy of their file lacks.

    A number that was corrected between two exports of one book stands in the older one alone, and would count twice.
    Files of different months are no copies, however much one carries over from the other.

    Args:
        pulled: rows with `dossier_id` and `stands_in`.
    """
    texts = pulled[_STANDS].to_pylist()
    stands = [read(text) for text in texts]
    ids = pulled["dossier_id"].to_pylist()
    keys: defaultdict[Drop, set[str]] = defaultdict(set)
    for key, stand in zip(ids, stands, strict=True):
        if key is not None and stand is not None and stand.request is None and stand.dropped_at is not None:
            keys[Drop(stand.file, stand.dropped_at)].add(key)
    lacking = {drop: own - _shown_by_copies(drop, keys) for drop, own in keys.items()}
    for row, (key, stand) in enumerate(zip(ids, stands, strict=True)):
        if stand is not None and key in lacking.get(Drop(stand.file, stand.dropped_at), ()):
            texts[row] = written(replace(stand, is_lacking=True))
    return pulled.set_column(pulled.column_names.index(_STANDS), _STANDS, pa.array(texts, pa.string()))


def told_alike(pulled: pa.Table, kind: RecordKind) -> pa.Table:
    """Return the rows of a pull, with `alike_in` in where they stand for those whose number may be two records.

    Args:
        pulled: rows of the pulled schema of a kind; those that stand in no dropped file stay as they are.
    """
    ids = pulled[kind.id_column]
    if _STANDS not in pulled.column_names or pc.count_distinct(ids).as_py() == len(ids) - ids.null_count:
        return pulled
    texts = pulled[_STANDS].to_pylist()
    stands = [read(text) for text in texts]
    drops = {Drop(stand.file, stand.dropped_at) for stand in stands if stand and stand.request is None and stand.file}
    alike = numbered_alike(drops, pulled, kind)
    if not alike:
        return pulled
    for row, (key, stand) in enumerate(zip(ids.to_pylist(), stands, strict=True)):
        if stand is not None and (files := alike.get((stand.file, key))):
            texts[row] = written(replace(stand, alike_in=files))
    return pulled.set_column(pulled.column_names.index(_STANDS), _STANDS, pa.array(texts, pa.string()))


def _shown_by_copies(drop: Drop, keys: Mapping[Drop, set[str]]) -> set[str]:
    """Return the keys that newer files of the book show; its own where none of them is a copy of it."""
    newer = [
        other
        for other in keys
        if other.series == drop.series
        and drop.dropped_at is not None
        and other.dropped_at is not None
        and other.dropped_at > drop.dropped_at
        and not state_other_months(drop, other)
    ]
    is_copied = any(is_copy(keys[other], keys[drop]) for other in newer)
    return set[str]().union(*(keys[other] for other in newer)) if is_copied else keys[drop]


def with_request(table: pa.Table, request: int) -> pa.Table:
    """Return the rows of one query of a database with where they stand: the number of the query in its pull."""
    stands = [written(Stand(row=row, request=request)) for row in range(table.num_rows)]
    return table.set_column(table.column_names.index(_STANDS), _STANDS, pa.array(stands, pa.string()))


class _Rows:
    """The rows of a pull, as far as their keys stand there more than once."""

    def __init__(self, pulled: pa.Table, kind: RecordKind, repeated: Sequence[int], later_row: bool) -> None:
        self._pulled = pulled
        self._kind = kind
        self._later_row = later_row
        names = {*pulled.column_names}
        self._compared = [name for name in (*kind.compared, _STANDING) if name in names]
        told = [name for name in (*self._compared, _ISSUES, _STANDS, MODIFIED) if name in names]
        self._few = pulled.select(told).take(pa.array(repeated, pa.int64()))
        self._days = [name for name in self._compared if pa.types.is_timestamp(pulled.schema.field(name).type)]
        self._at = {row: position for position, row in enumerate(repeated)}
        said = [name for name in (*self._compared, _ISSUES) if name in names]
        self._content = _numbered(self._few.select(said))
        self._keys = pulled[kind.id_column].take(pa.array(repeated, pa.int64())).to_pylist()
        self._modified = self._few[MODIFIED].to_pylist() if MODIFIED in names else [None] * len(repeated)
        self._stands = self._few[_STANDS].to_pylist() if _STANDS in names else [None] * len(repeated)
        self._read: dict[int, Stand | None] = {}

    def newest(self, group: Sequence[int]) -> int | None:
        """Return the row that counts of the rows of a key; None where it is not known."""
        content = [self._content[self._at[row]] for row in group]
        if len(set(content)) == 1:
            return max(group, key=lambda row: (self._modified_of(row) or datetime.min, not self._is_last(row), row))
        best = self._best(group)
        likeliest: list[int] = [best, *reversed(group)] if len(group) <= _COMPARED_EACH else [best]
        for row in likeliest:
            mine = self._content[self._at[row]]
            others = (other for other, said in zip(group, content, strict=True) if said != mine)
            if all(self._order(row, other) > 0 for other in others):
                return row
        return None

    def says_less(self, newest: int, group: Sequence[int]) -> bool:
        """Return whether the row that counts lacks a day, or an hour, that a row of another table has.

        A system's own modified time tells that the day was taken away; a table may only have been written without it.
        """
        said = self._content[self._at[newest]]
        alike = [row for row in group if self._content[self._at[row]] == said]
        days = self._days_of(newest)
        return any(
            self._content[self._at[row]] != said
            and _is_any_lost(self._days_of(row), days)
            and not any(self._is_taken_away(row, later) for later in alike)
            for row in group
        )

    def not_known_to_be_one(self, group: Sequence[int], newest: int) -> list[int]:
        """Return rows of one dropped file, or of different books, that say what the newest says, and nothing orders.

        They may be two dossiers with one number. Rows of two files of a book, or of two sheets of different months, are
        one, carried over.
        """
        said = self._content[self._at[newest]]
        same = [row for row in group if self._content[self._at[row]] == said and self._file(row)]
        if any(self._are_books(row, newest) for row in same):
            return same
        if len({self._file(row) for row in same}) == len(same):
            return []
        newer = same if len(same) <= _COMPARED_EACH else [self._best(same)]
        rows_of: defaultdict[str, list[int]] = defaultdict(list)
        for row in same:
            if not any(self._order(other, row) > 0 for other in newer):
                rows_of[self._file(row)].append(row)
        for _, rows in sorted(rows_of.items()):
            months = [self._month(row) for row in rows]
            if len(rows) > 1 and (None in months or len({*months}) < len(rows)):
                return rows
        return []

    def _best(self, rows: Sequence[int]) -> int:
        best = rows[0]
        for row in rows[1:]:
            if self._order(row, best) > 0:
                best = row
        return best

    def without_unknown(self, unordered: Mapping[int, Sequence[int]], twins: Mapping[int, Sequence[int]]) -> pa.Table:
        """Return the pulled rows; of records whose rows are not ordered the columns that differ are null, and told.

        Of those of `twins` nothing differs, and the key is told with the places.
        """
        nulls: defaultdict[str, dict[int, Any]] = defaultdict(dict)
        for kept, group in unordered.items():
            told = self._told_places(twins[kept]) if kept in twins else self._told_apart(group)
            own = [one for name, one in self._issues(kept).items() if name not in told]
            nulls[_ISSUES][kept] = "; ".join([*own, *(f"{name}: {text}" for name, text in told.items())])
            for name in told.keys() & {*self._compared}:
                nulls[name][kept] = None
        table = self._pulled
        for name, changed in nulls.items():
            column = table[name].to_pylist()
            for row, value in changed.items():
                column[row] = value
            field = table.schema.field(name)
            table = table.set_column(table.column_names.index(name), field, pa.array(column, field.type))
        return table

    def _told_apart(self, group: Sequence[int]) -> dict[str, str]:
        """Return each column in which rows differ, with its values side by side and where each stands."""
        records = self._few.take(pa.array([self._at[row] for row in group], pa.int64())).to_pylist()
        issues = [self._issues(row) for row in group]
        why = "nothing states which is newer" if self.newest(group) is None else "the newer one says less"
        told: dict[str, str] = {}
        for name in dict.fromkeys([*self._compared, *(name for each in issues for name in each)]):
            stands: dict[str, str] = {}
            for row, record, unread in zip(group, records, issues, strict=True):
                value = "not read" if name in unread else _text(record.get(name))
                stands.setdefault(value, str(self._stand(row) or f"row {row + 1} of the pull").replace(";", ","))
            if len(stands) > 1:
                shown = [f"{value} ({place})" for value, place in stands.items()]
                more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
                told[name] = f"{' | '.join(shown[:_SHOWN])}{more}, and {why}"
        return told

    def _told_places(self, rows: Sequence[int]) -> dict[str, str]:
        """Return the key's column, with the places of rows that may be two dossiers."""
        stands = sorted((stand for row in rows if (stand := self._stand(row))), key=lambda at: (at.sheet or "", at.row))
        places = [str(stand).replace(";", ",") for stand in stands]
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        told = f"stands in {' and '.join(places[:_SHOWN])}{more}, {NOT_KNOWN_TO_BE_ONE} {self._kind.name}"
        return {self._kind.id_column: told}

    def _issues(self, row: int) -> dict[str, str]:
        told = self._few[_ISSUES][self._at[row]].as_py() if _ISSUES in self._few.column_names else None
        return {one.split(":")[0]: one for one in (told or "").split("; ") if one}

    def _are_books(self, one: int, other: int) -> bool:
        """Return whether two rows stand in different books, which may number alike: then nothing is told of them."""
        key: str | None = self._keys[self._at[one]]
        if key is not None and names_office(key):
            return False
        file, other_file = self._file(one), self._file(other)
        if not (file and other_file):
            return False
        stand = self._stand(one)
        is_alike = stand is not None and other_file in (stand.alike_in or ())
        return is_alike or Drop(file).series != Drop(other_file).series

    def _is_taken_away(self, earlier: int, later: int) -> bool:
        """Return whether a row is newer than another by its own modified time, or as a later step in one table."""
        modified, other_modified = self._modified_of(earlier), self._modified_of(later)
        if modified and other_modified and modified != other_modified:
            return True
        stand, other = self._stand(earlier), self._stand(later)
        if not (stand and other and stand.file):
            return True  # a query of a database shows a dossier as it is
        return self._later_row and (stand.file, stand.sheet) == (other.file, other.sheet)

    def _days_of(self, row: int) -> dict[str, datetime | None]:
        return {name: self._few[name][self._at[row]].as_py() for name in self._days}

    def _order(self, one: int, other: int) -> int:
        if self._are_books(one, other):
            return 0
        modified, other_modified = self._modified_of(one), self._modified_of(other)
        if modified and other_modified and modified != other_modified:
            return 1 if modified > other_modified else -1
        stand, other_stand = self._stand(one), self._stand(other)
        return order(stand, other_stand, later_row=self._later_row) if stand and other_stand else 0

    def _modified_of(self, row: int) -> datetime | None:
        modified: datetime | None = self._modified[self._at[row]]
        return modified

    def _file(self, row: int) -> str:
        """Return the dropped file in which a row stands; empty for a row of a database, or that landed without it."""
        stand = self._stand(row)
        return stand.file if stand and stand.request is None else ""

    def _month(self, row: int) -> Days | int | None:
        """Return what the name of a row's sheet states by itself, also where the other sheets leave the year open."""
        stand = self._stand(row)
        return days_of_sheet(stand.sheet, [stand.sheet]) if stand and stand.sheet else None

    def _is_last(self, row: int) -> bool:
        stand = self._stand(row)
        return stand is not None and bool(stand.is_last)

    def _stand(self, row: int) -> Stand | None:
        if row not in self._read:
            self._read[row] = read(self._stands[self._at[row]])
        return self._read[row]


def _numbered(table: pa.Table) -> list[int]:
    """Return a number for each row, the same for rows that say the same."""
    numbers = np.zeros(table.num_rows, dtype=np.int64)
    for column in table.columns:
        if column.null_count == len(column):
            continue
        codes = column.combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
        codes = codes.astype(np.int64) + 1
        _, numbers = np.unique(numbers * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    found: list[int] = numbers.tolist()
    return found


def _is_any_lost(earlier: Mapping[str, datetime | None], later: Mapping[str, datetime | None]) -> bool:
    """Return whether the later of two rows lacks a day of the earlier one, or an hour that a due hour is held against.

    A due day that the two state alike is held against days only.
    """
    due = later.get(_DUE)
    days_only = _DUE in later and due == earlier[_DUE] and (due is None or _is_day(due))
    return any(
        day is not None and (later[name] is None or (not days_only and _is_hour_lost(day, later[name])))
        for name, day in earlier.items()
    )


def _is_hour_lost(earlier: datetime, later: datetime | None) -> bool:
    return later is not None and later < earlier and later.date() == earlier.date() and _is_day(later)


def _is_day(instant: datetime) -> bool:
    return instant.time() == time()


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    return str(value).replace(";", ",")
