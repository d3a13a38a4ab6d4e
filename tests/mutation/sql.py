"""Says which small faults in `include/sql/` the SQL cases would not notice.

Run as `python -m tests.mutation.sql [--only PATH]`.
Each mutant of a statement (`sql_mutants.py`) is put in its place and the statement's own cases are run until one fails.
One embedded server, started once, serves all of it; every case is a transaction that is rolled back. A mutant that
PostgreSQL cannot compile is no fault that could be overlooked and is left out of the count. What survives is written to
`.motcua/mutation/sql.json`, with the reason of `sql_survivors.yaml` where somebody has looked into it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from tests.mutation.sql_mutants import Mutant, mutants_of
from tests.sql.cases import Case, case_files, read_cases, statement_of
from tests.work_folder import VARIABLE, clear_away, home_of, open_session

ROOT = Path(__file__).parents[2]
SQL = ROOT / "include/sql"
RESULT = ROOT / ".motcua/mutation/sql.json"
LOOKED_INTO = Path(__file__).with_name("sql_survivors.yaml")
# PostgreSQL's class of errors for what cannot be compiled: syntax, unknown names, types that do not go together.
NOT_COMPILED = "42"
SECONDS = 5


@dataclass
class FileResult:
    """What became of the mutants of one statement."""

    file: str
    killed: int = 0
    not_compiled: int = 0
    survived: list[dict[str, Any]] = field(default_factory=list)

    @property
    def score(self) -> float:
        mutants = self.killed + len(self.survived)
        return self.killed / mutants if mutants else 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants of all statements with cases, or of those below `--only`; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="a file or folder below include/sql; repeatable")
    chosen = [Path(one).resolve() for one in parser.parse_args(arguments).only] or [SQL]
    files = [path for path in case_files() if _is_below(SQL / f"{statement_of(path)}.sql", chosen)]
    reasons = yaml.safe_load(LOOKED_INTO.read_text(encoding="utf-8")) or {}
    results: list[FileResult] = []
    stale = [f"{name}: no such statement" for name in reasons if not (SQL / f"{name}.sql").exists()]
    with _databases() as connections:
        for path in files:
            result, dead = _run(path, reasons.get(statement_of(path), []), connections)
            results.append(result)
            stale += dead
            _write(result)
            print(_told(result), flush=True)
    killed = sum(one.killed for one in results)
    survived = sum(len(one.survived) for one in results)
    print(f"{killed} killed, {survived} survived: {killed / max(killed + survived, 1):.1%}")
    for one in stale:
        print(f"{LOOKED_INTO.name} explains what did not survive: {one}")
    return int(bool(stale))


def _is_below(path: Path, folders: Sequence[Path]) -> bool:
    return any(folder == path or folder in path.parents for folder in folders)


def _told(result: FileResult) -> str:
    lines = [f"{result.score:6.1%}  {result.file}"]
    lines += [
        f"        {one['place'].rsplit(':', 1)[1]:>4}  {one['change']}" + (f"  ({one['why']})" if one["why"] else "")
        for one in result.survived
    ]
    return "\n".join(lines)


@contextmanager
def _databases() -> Iterator[dict[str, Connection]]:
    work = open_session(home_of(ROOT))
    os.environ |= {"MOTCUA_WORK": str(work), VARIABLE: str(work)}
    for name in ("MOTCUA_STORE_DSN", "MOTCUA_WAREHOUSE_DSN"):
        os.environ.pop(name, None)
    from tests.sql.world import connections

    from motcua.warehouse import embedded, upgrade_databases

    upgrade_databases()
    try:
        with connections() as opened:
            yield opened
    finally:
        embedded.stop_server(work / "pg")
        clear_away(work)


def _run(
    path: Path, looked_into: Sequence[dict[str, str]], connections: dict[str, Connection]
) -> tuple[FileResult, list[str]]:
    """Return what became of a statement's mutants, and the reasons that are given for none of them."""
    name = statement_of(path)
    file = SQL / f"{name}.sql"
    body = file.read_text(encoding="utf-8")
    cases = read_cases(path)
    for case in cases:
        if _outcome(connections[case.database], case, body) != "survived":
            raise SystemExit(f"{name}: the case '{case.name}' fails without a mutant: run pytest tests/sql first.")
    reasons = {(one["line"], one["change"]): one["why"] for one in looked_into}
    unused = set(reasons)
    result = FileResult(file.relative_to(ROOT).as_posix())
    fates: Counter[str] = Counter()
    for mutant in mutants_of(file):
        fate = _fate(mutant, body, cases, connections)
        fates[fate] += 1
        if fate == "survived":
            key = (mutant.line, mutant.change)
            unused.discard(key)
            place = f"{result.file}:{mutant.line_no}"
            result.survived.append(
                {"place": place, "change": mutant.change, "line": mutant.line, "why": reasons.get(key, "")}
            )
    result.killed, result.not_compiled = fates["killed"], fates["not compiled"]
    return result, [f"{name}: {line}: {change}" for line, change in sorted(unused)]


def _fate(mutant: Mutant, body: str, cases: list[Case], connections: dict[str, Connection]) -> str:
    """Run cases until one fails, which is moved to the front: it often kills the next mutant too."""
    changed = mutant.applied(body)
    for place, case in enumerate(cases):
        fate = _outcome(connections[case.database], case, changed)
        if fate != "survived":
            cases.insert(0, cases.pop(place))
            return fate
    return "survived"


def _outcome(connection: Connection, case: Case, body: str) -> str:
    from tests.sql.world import faults

    try:
        return "killed" if faults(connection, case, body, seconds=SECONDS) else "survived"
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or ""
        return "not compiled" if state.startswith(NOT_COMPILED) else "killed"
    except (KeyError, TypeError):  # a column expected is not there, or of another kind
        return "killed"


def _write(result: FileResult) -> None:
    """Write the result of one statement beside those that are there."""
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else []
    told = {one["file"]: one for one in kept if (ROOT / one["file"]).exists()} | {result.file: vars(result)}
    RESULT.write_text(json.dumps([told[file] for file in sorted(told)], indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
