"""Reads the cases of a statement: `tests/sql/<layer>/<name>.yaml` stands beside `include/sql/<layer>/<name>.sql`.

Keys of a file, all but `cases` optional:
    given         rows that stand in every case, `{table: [row]}`; a row names only what differs from its base row
                  (`base_rows.yaml`), a temporary table of the merge is made by the statement that makes it
    temporary     temporary tables that the statement needs where no row of them is given
    parameters    values bound in every case
    row_of        a table: then `given` of a case is one row of it
    arrays        `{name: [parameters]}`: the parameter `name` of a case is a list of rows, bound as one array a column
    pairs         [column, column]: then `expect` of a case is a mapping of the one to the other
    each          `{column: value}`: what every row expected holds beside what it names
    month         YYYY-MM: a whole number expected where a day comes back is a day of it
    clock         the instant at which `clock_timestamp()` stands
    is_ordered    whether the order of the rows matters; also of a case
    kind          the kind of record that a merge handles: dossier (the default) or petition; also of a case
    database      store (the default) or warehouse
Keys of a case: `name`, a sentence; `given` and `parameters`, added to those of the file; and at least one of
    expect        the rows that the statement returns, each naming only what matters
    after         `{table: [row]}`: what the tables hold afterwards, in the same way
    writes        how many rows the statement writes
    refused       a part of the message with which the database refuses the statement
Values: `!sql "expression"` is what the database says of it (`now()` is the start of the case's transaction); `!some` is
anything but null; `!hash {column: value}` is the content hash of an accepted record that differs so from its base row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
_FILE_KEYS = {
    "given",
    "temporary",
    "parameters",
    "row_of",
    "arrays",
    "pairs",
    "each",
    "month",
    "clock",
    "kind",
    "is_ordered",
    "database",
}
_CASE_KEYS = {"name", "given", "parameters", "expect", "after", "writes", "refused", "is_ordered", "kind"}

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Expression:
    """A value that only the database can tell."""

    sql: str


@dataclass(frozen=True)
class HashOf:
    """The content hash of the accepted record that differs by this from its base row."""

    row: dict[str, Any]


class Some:
    """Anything but null."""

    def __repr__(self) -> str:
        return "something"


@dataclass(frozen=True)
class Case:
    """One case of one statement: what stands, what is asked, what must come of it."""

    statement: str
    name: str
    given: dict[str, Rows]
    temporary: tuple[str, ...]
    parameters: dict[str, Any]
    expect: Rows | None
    after: dict[str, Rows]
    writes: int | None
    refused: str | None
    is_ordered: bool
    month: str | None
    clock: datetime | None = None
    kind: str = "dossier"
    database: str = field(default="store")

    @property
    def view(self) -> str | None:
        """The name of the view that the case reads, if its statement is one."""
        return self.statement.split("__")[-1] if self.statement.startswith("views/") else None


def case_files() -> list[Path]:
    """Return every file of cases."""
    return sorted(path for path in FOLDER.rglob("*.yaml") if path.parent != FOLDER)


def statement_of(path: Path) -> str:
    """Return the name of the statement whose cases a file holds."""
    return path.relative_to(FOLDER).with_suffix("").as_posix()


@cache
def base_rows() -> dict[str, dict[str, Any]]:
    """Return the row from which each table's given rows differ."""
    return _load(FOLDER / "base_rows.yaml")


def all_cases() -> list[Case]:
    """Return the cases of all files."""
    return [case for path in case_files() for case in read_cases(path)]


def read_cases(path: Path) -> list[Case]:
    """Return the cases of one file. Raises ValueError for a key that no case has."""
    content = _load(path)
    shared = {key: value for key, value in content.items() if key != "cases"}
    _refuse_unknown(path, "the file", shared, _FILE_KEYS)
    return [_case(path, shared, case) for case in content["cases"]]


def _case(path: Path, shared: Mapping[str, Any], case: Mapping[str, Any]) -> Case:
    _refuse_unknown(path, case.get("name", "a case"), case, _CASE_KEYS)
    if not {"expect", "after", "writes", "refused"} & case.keys():
        raise ValueError(f"{path}: {case['name']}: nothing is expected")
    given = case.get("given", {})
    if "row_of" in shared:
        given = {shared["row_of"]: [given]}
    kind = case.get("kind", shared.get("kind", "dossier"))
    expect = case.get("expect")
    if expect is not None and "pairs" in shared:
        key, value = shared["pairs"]
        expect = [{key: name, value: told} for name, told in expect.items()]
    if expect is not None:
        expect = [shared.get("each", {}) | row for row in expect]
    return Case(
        statement=statement_of(path),
        name=case["name"],
        given=_added(kind, shared.get("given", {}), given),
        temporary=tuple(shared.get("temporary", ())),
        parameters=_bound(shared.get("arrays", {}), {**shared.get("parameters", {}), **case.get("parameters", {})}),
        expect=expect,
        after=case.get("after", {}),
        writes=case.get("writes"),
        refused=case.get("refused"),
        is_ordered=case.get("is_ordered", shared.get("is_ordered", False)),
        month=shared.get("month"),
        clock=shared.get("clock"),
        kind=kind,
        database=shared.get("database", "store"),
    )


def _added(kind: str, first: Mapping[str, Rows], second: Mapping[str, Rows]) -> dict[str, Rows]:
    return {
        table: [_base_row(kind, table) | row for row in [*(first.get(table) or []), *(second.get(table) or [])]]
        for table in [*first, *(table for table in second if table not in first)]
    }


def _base_row(kind: str, table: str) -> dict[str, Any]:
    return base_rows().get(f"{kind} {table}") or base_rows().get(table, {})


def _bound(arrays: Mapping[str, list[str]], parameters: Mapping[str, Any]) -> dict[str, Any]:
    bound = {name: value for name, value in parameters.items() if name not in arrays}
    for name, columns in arrays.items():
        rows = parameters.get(name, [])
        bound |= {column: [row[place] for row in rows] for place, column in enumerate(columns)}
    return bound


def _refuse_unknown(path: Path, whose: str, keys: Mapping[str, Any], known: set[str]) -> None:
    if unknown := keys.keys() - known:
        raise ValueError(f"{path}: {whose}: no such key: {', '.join(sorted(unknown))}")


class _Loader(yaml.SafeLoader):
    """Plain YAML with the values above."""


_Loader.add_constructor("!sql", lambda loader, node: Expression(loader.construct_scalar(node)))
_Loader.add_constructor(
    "!hash", lambda loader, node: HashOf(base_rows()["accepted_record"] | loader.construct_mapping(node, deep=True))
)
_Loader.add_constructor("!some", lambda _loader, _node: Some())


def _load(path: Path) -> Any:
    with path.open(encoding="utf-8") as stream:
        return yaml.load(stream, Loader=_Loader)  # noqa: S506 - a SafeLoader with three values more
