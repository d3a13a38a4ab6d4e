"""Puts the mutants of the statements in `include/sql/` under the SQL cases of their statement.

Each mutant (`sql_mutants.py`) is put in the place of the statement and the cases are run until one fails. Every case is
a transaction that is rolled back, so one process runs them all. A mutant that PostgreSQL cannot compile is no fault
that could be overlooked and is left out of the count.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.mutation.pool import KILLED, NOT_COMPILED, ROOT, SURVIVED, Prepared, Worker
from tests.mutation.sql_mutants import Mutant, mutants_of

SQL = ROOT / "include/sql"
# PostgreSQL's class of errors for what cannot be compiled: syntax, unknown names, types that do not go together.
CLASS_NOT_COMPILED = "42"
SECONDS = 5


@dataclass(frozen=True)
class StatementMutant:
    """A mutant of a statement, with the file that it is one of."""

    file: str
    mutant: Mutant

    @property
    def line(self) -> int:
        return self.mutant.line_no

    @property
    def change(self) -> str:
        return self.mutant.change

    @property
    def key(self) -> tuple[str, str, str]:
        return self.file, self.mutant.line, self.change


@dataclass(frozen=True)
class Statements:
    """Statements, each by the path of its cases."""

    cases: tuple[Path, ...]
    name: str = "include/sql"

    @property
    def files(self) -> tuple[str, ...]:
        from tests.sql.cases import statement_of

        return tuple(f"include/sql/{statement_of(path)}.sql" for path in self.cases)

    def serve(self, channel: Connection, worker: Worker, known: Prepared | None) -> None:
        """See `pool.Unit`."""
        os.environ |= worker.server | {"MOTCUA_WORK": str(worker.folder)}
        from tests.sql.cases import read_cases
        from tests.sql.world import connections
        from tests.store_world import empty_databases

        empty_databases()
        cases = {file: read_cases(path) for file, path in zip(self.files, self.cases, strict=True)}
        bodies = {file: (ROOT / file).read_text(encoding="utf-8") for file in cases}
        with connections() as opened:
            if known is None:
                for file, those in cases.items():
                    for case in those:
                        if _outcome(opened[case.database], case, bodies[file]) != SURVIVED:
                            channel.send(("red", f"{file}: {case.name}"))
                            return
                known = Prepared([StatementMutant(file, each) for file in cases for each in mutants_of(ROOT / file)])
            channel.send(("ready", known))
            while (asked := channel.recv()) is not None:
                mutant = known.mutants[asked[0]]
                body = mutant.mutant.applied(bodies[mutant.file])
                channel.send((_fate(body, cases[mutant.file], opened), ""))

    def order(self, prepared: Prepared, mutant: Any, killers: Counter[tuple[str, str]]) -> list[str]:
        """Return nothing: a statement has few cases, and whoever runs them moves what kills to the front."""
        return []


def _fate(body: str, cases: list[Any], connections: dict[str, Any]) -> str:
    """Run cases until one fails, which is moved to the front: it often kills the next mutant too."""
    for place, case in enumerate(cases):
        fate = _outcome(connections[case.database], case, body)
        if fate != SURVIVED:
            cases.insert(0, cases.pop(place))
            return fate
    return SURVIVED


def _outcome(connection: Any, case: Any, body: str) -> str:
    from sqlalchemy.exc import DBAPIError
    from tests.sql.world import faults

    try:
        return KILLED if faults(connection, case, body, seconds=SECONDS) else SURVIVED
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or ""
        return NOT_COMPILED if state.startswith(CLASS_NOT_COMPILED) else KILLED
    except (KeyError, TypeError):  # a column expected is not there, or of another kind
        return KILLED
