"""Merges a list of procedures into the catalogue: what it would change, and the CSV files with that changed.

In: rows of `motcua.procedures.listing`, the catalogue's own files. Out: a plan that says of each row new, changed,
completed, closed or unchanged; files written whole or not at all. Never: a past row changed in what it says.
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

# What may be filled in where it was empty: it says when a row became known, not what it says.
_COMPLETES = ("decision_no", "announced_on", "effective_on", "published_on")
_NOT_COMPARED = ("valid_from", "valid_to", "evidence")
_NATIONAL = ("name", "field_code", "field_name", "time_limit", "time_unit", "result_kind", "for_citizens")
_ENDS = timedelta(days=1)


@dataclass
class _Row:
    path: Path
    line: int  # 0 for one that stands in no file yet
    raw: dict[str, str]
    entry: Procedure


@dataclass(frozen=True)
class Change:
    """What becomes of one procedure at one level; `fields` are (column, before, after)."""

    kind: ChangeKind
    code: str
    level: str
    name: str
    on: date | None
    fields: tuple[tuple[str, str, str], ...] = ()


@dataclass
class Plan:
    """The changes in the order of the list, and the files as they would then read."""

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
        """Write every file that changes, each whole or not at all, and return them."""
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
    """Return what a list would change in the catalogue; nothing is written.

    A row that says what the catalogue says already is unchanged, so that a list imported twice changes nothing the
    second time. One that differs ends the row in force on the day before its own and opens another.

    Args:
        province: official code; the rows become that province's own. Empty: the nation's.
        from_day: the day from which rows hold that give none of their own.
        replace: the list is complete, so what it lacks ends on the day before `from_day`.
        source: what the evidence of new rows says when the list gives none.

    Raises:
        CatalogError: a row contradicts another of the list, or what the catalogue says of the past; names the line.
    """
    if replace and from_day is None:
        raise CatalogError("A complete list needs the day from which it holds.", action="give --from.")
    merge = _Merge(catalog, province, source)
    for listed, day in _in_order(listing.rows, from_day, merge):
        merge.take(listed, day)
    if replace and from_day is not None:
        merge.close_the_rest(from_day)
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
            target = path if own else self._folder / path.name  # a folder that borrowed its lists gets its own
            self.rows += [
                _Row(target, line, raw, entry)
                for raw, (_, line, entry) in zip(raws, read_rows(path, Procedure), strict=True)
            ]
        self._borrowed = set() if own else {row.path for row in self.rows}
        self._seen: set[tuple[str, str]] = set()
        self.changes: list[Change] = []

    def level_of(self, listed: Listed) -> str:
        """Return the level a row is about: its own, or the only one the catalogue has for the code."""
        if listed.level is not None:
            return listed.level
        levels = {row.entry.level for row in self.rows if row.entry.code == listed.code and row.entry.valid_to is None}
        if len(levels) != 1:
            raise _contradiction(listed, f"{listed.code} has no level, and the catalogue knows it at {len(levels)}")
        return levels.pop()

    def take(self, listed: Listed, day: date) -> None:
        """Merge one row that holds from a day."""
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

    def close_the_rest(self, day: date) -> None:
        """End every row in force on a day that the list did not name."""
        for row in self.rows:
            entry = row.entry
            if entry.province == self._province and entry.holds_on(day) and (entry.code, entry.level) not in self._seen:
                if entry.valid_from >= day or entry.valid_to is not None:
                    raise CatalogError(
                        f"{row.path}:{row.line}: {entry.code} holds {entry.valid_from} to {entry.valid_to or 'now'}"
                        f", so the list that lacks it cannot end it before {day}.",
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
                f"{listed.code} would end before {day}; {_at(in_force)} lets it hold to {in_force.entry.valid_to}",
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
            # A province states its own time and fee; what the procedure is, the nation's row says.
            names = _NATIONAL if national.level == level else _NATIONAL[:3]
            base = {name: _text(getattr(national, name)) for name in names}
        entry = self._add(listed, level, day, base, rows[-1] if rows else None)
        self.changes.append(Change("new", listed.code, level, entry.name, day))

    def _compare(self, listed: Listed, day: date, row: _Row) -> None:
        held = row.entry
        stale = {"has_fee"} if "fee" in listed.values and "has_fee" not in listed.values else set()
        base = {name: value for name, value in _content(held).items() if name not in stale}
        told = _entry(listed, {**base, **listed.values, "valid_from": str(held.valid_from), "valid_to": ""})
        names = [*(name for name in listed.values if name not in _NOT_COMPARED), *sorted(stale)]
        differ = [name for name in names if getattr(told, name) != getattr(held, name)]
        starts = held.valid_from == day
        fills = [name for name in differ if not row.raw.get(name) and (name in _COMPLETES or starts)]
        changed = [name for name in differ if name not in fills]
        fields = tuple((name, _text(getattr(held, name)), _text(getattr(told, name))) for name in differ)
        last = listed.values.get("valid_to", "")
        if changed and (starts or held.valid_to is not None):
            said = "; ".join(f"{name} {old or 'empty'}, here {new}" for name, old, new in fields if name in changed)
            raise _contradiction(listed, f"{listed.code} holds from {held.valid_from} ({_at(row)}) with {said}")
        if last and not changed and last != str(held.valid_to or last):
            raise _contradiction(listed, f"{listed.code} ends on {last}, and {_at(row)} says on {held.valid_to}")
        if changed:
            kept = {name: value for name, value in row.raw.items() if name not in {"valid_to", "evidence"} | stale}
            self._set(row, {"valid_to": str(day - _ENDS)})
            self._add(listed, held.level, day, kept, row)
            self.changes.append(Change("changed", held.code, held.level, told.name, day, fields))
            return
        if fills:
            self._set(row, {name: _text(getattr(told, name)) for name in fills})
            self.changes.append(Change("completed", held.code, held.level, held.name, held.valid_from, fields))
        if last and held.valid_to is None:
            self._close(row, date.fromisoformat(last) + _ENDS)
        elif not fills:
            self.changes.append(Change("unchanged", held.code, held.level, held.name, None))

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
    """Return rows with the day each holds from, the oldest first; refuse two that say different things of one day."""
    found: dict[tuple[str, str, date], Listed] = {}
    for listed in rows:
        own = listed.values.get("valid_from")
        day = date.fromisoformat(own) if own else from_day
        if day is None:
            raise _contradiction(listed, f"{listed.code} has no day from which it holds", "give --from or a column")
        key = (listed.code, merge.level_of(listed), day)
        if key in found and dict(found[key].values) != dict(listed.values):
            raise _contradiction(listed, f"{listed.code} stands with other values at line {found[key].line}")
        found.setdefault(key, listed)
    return [(listed, key[2]) for key, listed in sorted(found.items(), key=lambda item: item[0][2])]


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
    used = {name for row in rows for name, value in row.items() if value}
    first = list(rows[0]) if rows[0].get("code") and path.exists() else []
    added = [name for name in order if name in used and name not in first]
    place = first.index("valid_from") if "valid_from" in first else len(first)
    columns = [*first[:place], *added, *first[place:]]
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
