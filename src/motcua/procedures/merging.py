"""Merges a list of procedures into the catalogue: plans the changes and writes the changed CSV files.

In: rows of `motcua.procedures.listing` and the catalogue's own files. Out: a plan that marks each row as new, changed,
completed, closed or unchanged; each file is written as a whole or not at all. Never: a change of the values that a past
row states.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, get_args

from pydantic import ValidationError

from motcua.catalog import Catalog, Procedure, load_catalog
from motcua.catalog.load import procedure_files
from motcua.catalog.procedures import refuse_overlaps
from motcua.catalog.rows import read_rows
from motcua.errors import CatalogError
from motcua.procedures.listing import Listed, Listing

ChangeKind = Literal["new", "changed", "completed", "closed", "unchanged"]
CHANGE_KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)

# May be filled in when empty: these columns state when a procedure became known, not what it requires.
_COMPLETES = ("decision_no", "announced_on", "effective_on", "published_on")
_NOT_COMPARED = ("valid_from", "valid_to", "evidence")
_NATIONAL = ("name", "field_code", "field_name", "time_limit", "time_unit", "result_kind", "for_citizens")
_ENDS = timedelta(days=1)


@dataclass
class _Row:
    path: Path
    line: int  # 0 for a row that is not in a file yet
    raw: dict[str, str]
    entry: Procedure


@dataclass(frozen=True)
class Change:
    """The change of one procedure at one level. `fields` are (column, before, after)."""

    kind: ChangeKind
    code: str
    level: str
    name: str
    on: date | None
    fields: tuple[tuple[str, str, str], ...] = ()


@dataclass
class Plan:
    """The changes in the order of the list, and the rows of the files after these changes."""

    changes: list[Change]
    ignored: tuple[str, ...]
    _rows: list[_Row] = field(default_factory=list)
    _touched: set[Path] = field(default_factory=set)

    @property
    def counts(self) -> dict[ChangeKind, int]:
        return {kind: sum(change.kind == kind for change in self.changes) for kind in CHANGE_KINDS}

    @property
    def paths(self) -> list[Path]:
        """The files that would be written."""
        return sorted(self._touched)

    def write(self) -> list[Path]:
        """Write every file that changes, each as a whole or not at all, and return their paths."""
        for path in self.paths:
            _write(path, [row.raw for row in self._rows if row.path == path])
        load_catalog.cache_clear()
        return self.paths


def plan_import(
    listing: Listing,
    catalog: Catalog,
    *,
    province: str = "",
    from_day: date | None = None,
    replace: bool = False,
    source: str,
) -> Plan:
    """Return the changes that a list would make in the catalogue. Nothing is written.

    A row that states the same as the catalogue is unchanged, so importing a list a second time changes nothing. A row
    that differs ends the row in force on the day before and opens a new row.

    Args:
        province: official code; the rows become that province's own. Empty: the rows are national.
        from_day: the first day of rows that give no first day.
        replace: the list is complete, so procedures missing from it end on the day before `from_day`.
        source: the evidence of new rows when the list gives no evidence.

    Raises:
        CatalogError: a row contradicts another row of the list, or what the catalogue states about the past. The
            message names the line.
    """
    if replace and from_day is None:
        raise CatalogError("A complete list needs the first day on which it holds.", action="give --from.")
    merge = _Merge(catalog, province, source)
    for listed, day in _in_order(listing.rows, from_day, merge):
        merge.take(listed, day)
    if replace and from_day is not None:
        merge.close_missing(from_day)
    refuse_overlaps((row.path, row.line, row.entry) for row in merge.rows)
    return Plan(merge.changes, listing.ignored, merge.rows, merge.touched)


class _Merge:
    """The catalogue's rows while a list is merged into them."""

    def __init__(self, catalog: Catalog, province: str, source: str) -> None:
        own = [path for path in procedure_files(catalog.folder) if path.parent.parent == catalog.folder]
        self._folder, self._catalog = catalog.folder / "procedures", catalog
        self._province, self._source = province, source
        self.rows: list[_Row] = []
        self.touched: set[Path] = set()
        for path in procedure_files(catalog.folder):
            with path.open(encoding="utf-8-sig", newline="") as handle:
                raws = [_newer_heading(raw) for raw in csv.DictReader(handle)]
            # A catalogue that uses the shipped lists gets its own copy.
            target = path if own else self._folder / path.name
            self.rows += [
                _Row(target, line, raw, entry)
                for raw, (_, line, entry) in zip(raws, read_rows(path, Procedure), strict=True)
            ]
        self._borrowed = set() if own else {row.path for row in self.rows}
        self._seen: set[tuple[str, str]] = set()
        self.changes: list[Change] = []

    def level_of(self, listed: Listed) -> str:
        """Return the level of a row: its own, or the only level at which the catalogue has the code."""
        if listed.level is not None:
            return listed.level
        levels = {row.entry.level for row in self.rows if row.entry.code == listed.code and row.entry.valid_to is None}
        if len(levels) != 1:
            raise _contradiction(
                listed, f"{listed.code} has no level, and the catalogue has it at {len(levels)} levels"
            )
        return levels.pop()

    def take(self, listed: Listed, day: date) -> None:
        """Merge one row that holds from `day` on."""
        level = self.level_of(listed)
        self._seen.add((listed.code, level))
        rows = [
            row
            for row in self.rows
            if (row.entry.code, row.entry.level, row.entry.province) == (listed.code, level, self._province)
        ]
        in_force = next((row for row in rows if row.entry.holds_on(day)), None)
        if listed.values.get("state") == "INACTIVE":
            self._end(listed, level, day, in_force)
        elif in_force is None:
            self._open(listed, level, day, rows)
        else:
            self._compare(listed, day, in_force)

    def close_missing(self, day: date) -> None:
        """End every row that is in force on a day and is missing from the list."""
        for row in self.rows:
            entry = row.entry
            if entry.province == self._province and entry.holds_on(day) and (entry.code, entry.level) not in self._seen:
                if entry.valid_from >= day or entry.valid_to is not None:
                    raise CatalogError(
                        f"{row.path}:{row.line}: {entry.code} holds {entry.valid_from} to {entry.valid_to or 'now'}"
                        f", so a list without it cannot end it before {day}.",
                        action="give a later --from, or add the procedure to the list.",
                    )
                self._close(row, day)

    def _end(self, listed: Listed, level: str, day: date, in_force: _Row | None) -> None:
        if in_force is None:
            self.changes.append(Change("unchanged", listed.code, level, listed.values.get("name", ""), None))
        elif in_force.entry.valid_from == day:
            raise _contradiction(listed, f"{listed.code} would end before {day}, the day it begins ({_at(in_force)})")
        elif in_force.entry.valid_to is not None:
            raise _contradiction(
                listed,
                f"{listed.code} would end before {day}; {_at(in_force)} has valid_to {in_force.entry.valid_to}",
            )
        else:
            self._close(in_force, day)

    def _close(self, row: _Row, day: date) -> None:
        before = row.raw.get("valid_to") or "now"
        self._set(row, {"valid_to": str(day - _ENDS)})
        self.changes.append(
            Change(
                "closed",
                row.entry.code,
                row.entry.level,
                row.entry.name,
                day,
                (("valid_to", before, str(day - _ENDS)),),
            )
        )

    def _open(self, listed: Listed, level: str, day: date, rows: list[_Row]) -> None:
        if later := [row for row in rows if row.entry.valid_from > day]:
            raise _contradiction(
                listed,
                f"{listed.code} would hold from {day}, and {_at(later[0])} begins on {later[0].entry.valid_from}",
            )
        base: dict[str, str] = {}
        if self._province and (national := self._catalog.procedure(listed.code, day, level)):
            # A province states its own time and fee; the national row describes the procedure itself.
            names = _NATIONAL if national.level == level else _NATIONAL[:3]
            base = {name: _text(getattr(national, name)) for name in names}
        entry = self._add(listed, level, day, base, rows[-1] if rows else None)
        self.changes.append(Change("new", listed.code, level, entry.name, day))

    def _compare(self, listed: Listed, day: date, row: _Row) -> None:
        in_force = row.entry
        stale = {"has_fee"} if "fee" in listed.values and "has_fee" not in listed.values else set()
        base = {name: value for name, value in _content(in_force).items() if name not in stale}
        stated = _entry(listed, {**base, **listed.values, "valid_from": str(in_force.valid_from), "valid_to": ""})
        names = [*(name for name in listed.values if name not in _NOT_COMPARED), *sorted(stale)]
        different = [name for name in names if getattr(stated, name) != getattr(in_force, name)]
        starts_that_day = in_force.valid_from == day
        filled = [name for name in different if not row.raw.get(name) and (name in _COMPLETES or starts_that_day)]
        changed = [name for name in different if name not in filled]
        fields = tuple((name, _text(getattr(in_force, name)), _text(getattr(stated, name))) for name in different)
        last_day = listed.values.get("valid_to", "")
        if changed and (starts_that_day or in_force.valid_to is not None):
            contents = "; ".join(
                f"{name} {old or 'empty'} (the list: {new})" for name, old, new in fields if name in changed
            )
            raise _contradiction(listed, f"{listed.code} holds from {in_force.valid_from} ({_at(row)}) with {contents}")
        if last_day and not changed and last_day != str(in_force.valid_to or last_day):
            raise _contradiction(
                listed, f"{listed.code} ends on {last_day} in the list and on {in_force.valid_to} in {_at(row)}"
            )
        if changed:
            kept = {name: value for name, value in row.raw.items() if name not in {"valid_to", "evidence"} | stale}
            self._set(row, {"valid_to": str(day - _ENDS)})
            self._add(listed, in_force.level, day, kept, row)
            self.changes.append(Change("changed", in_force.code, in_force.level, stated.name, day, fields))
            return
        if filled:
            self._set(row, {name: _text(getattr(stated, name)) for name in filled})
            self.changes.append(
                Change("completed", in_force.code, in_force.level, in_force.name, in_force.valid_from, fields)
            )
        if last_day and in_force.valid_to is None:
            self._close(row, date.fromisoformat(last_day) + _ENDS)
        elif not filled:
            self.changes.append(Change("unchanged", in_force.code, in_force.level, in_force.name, None))

    def _add(self, listed: Listed, level: str, day: date, base: dict[str, str], after: _Row | None) -> Procedure:
        raw = {**base, **listed.values, "code": listed.code, "level": level, "valid_from": str(day)}
        raw["province"] = self._province
        raw["evidence"] = listed.values.get("evidence") or self._source
        entry = _entry(listed, raw)
        path = (
            after.path
            if after
            else self._folder / (f"province-{self._province}.csv" if self._province else "procedures.csv")
        )
        row = _Row(path, 0, {key: value for key, value in raw.items() if value}, entry)
        self.rows.insert(self.rows.index(after) + 1 if after else len(self.rows), row)
        self._touch(path)
        return entry

    def _set(self, row: _Row, values: dict[str, str]) -> None:
        row.raw = {**row.raw, **values}
        row.entry = Procedure.model_validate(row.raw)
        self._touch(row.path)

    def _touch(self, path: Path) -> None:
        self.touched |= {path} | self._borrowed


def _in_order(rows: Iterable[Listed], from_day: date | None, merge: _Merge) -> list[tuple[Listed, date]]:
    """Return the rows with their first days, the oldest first. Refuse two rows of one day with different values."""
    first_rows: dict[tuple[str, str, date], Listed] = {}
    for listed in rows:
        own_day = listed.values.get("valid_from")
        day = date.fromisoformat(own_day) if own_day else from_day
        if day is None:
            raise _contradiction(listed, f"{listed.code} has no first day", "give --from or a column valid_from")
        key = (listed.code, merge.level_of(listed), day)
        if key in first_rows and dict(first_rows[key].values) != dict(listed.values):
            raise _contradiction(listed, f"{listed.code} has other values in line {first_rows[key].line}")
        first_rows.setdefault(key, listed)
    return [(listed, key[2]) for key, listed in sorted(first_rows.items(), key=lambda item: item[0][2])]


def _newer_heading(raw: dict[str, str]) -> dict[str, str]:
    return {"time_limit" if name == "time_limit_days" else name: value for name, value in raw.items()}


def _entry(listed: Listed, raw: dict[str, str]) -> Procedure:
    try:
        return Procedure.model_validate({**raw, "code": listed.code, "evidence": raw.get("evidence") or "list"})
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(map(str, first["loc"])) or "row"
        raise _contradiction(listed, f"{listed.code}, {what}: {first['msg']}") from None


def _content(entry: Procedure) -> dict[str, str]:
    return {name: _text(value) for name, value in entry.model_dump().items()}


def _text(value: object) -> str:
    if value is None:
        return ""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _at(row: _Row) -> str:
    return f"{row.path.name}:{row.line}" if row.line else "an earlier line of the list"


def _contradiction(listed: Listed, what: str, action: str = "correct the line, or the catalogue") -> CatalogError:
    return CatalogError(f"{listed.place}: {what}.", action=f"{action}; nothing was written.")


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    order = list(Procedure.model_fields)
    filled_columns = {name for row in rows for name, value in row.items() if value}
    old_columns = list(rows[0]) if rows[0].get("code") and path.exists() else []
    added = [name for name in order if name in filled_columns and name not in old_columns]
    place = old_columns.index("valid_from") if "valid_from" in old_columns else len(old_columns)
    columns = [*old_columns[:place], *added, *old_columns[place:]]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
