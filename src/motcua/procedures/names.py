"""Procedures by name: what a source means that names its procedures and gives no codes."""

from __future__ import annotations

import re
from collections.abc import Callable

from motcua.catalog import Catalog, Level
from motcua.procedures.codes import NATIONAL
from motcua.spelling import fold

_CODE = re.compile(rf"(?<![\d.]){NATIONAL}(?![\d])")


class SeveralProcedures(Exception):
    """A name means more than one procedure, also among those of the source's level."""


def procedure_namer(catalog: Catalog, level: Level) -> Callable[[str], str | None]:
    """Return a function from a name, as a source spells it, to a procedure's code, or none for an unknown name.

    Names are compared without regard to case, Unicode form, spaces and the place of tone marks, with those of
    `procedures/*.csv` and of `procedures/aliases*.csv`. A national code that stands in the name decides. Of several
    procedures of one name the one of the source's level is meant.

    The function raises SeveralProcedures when that does not decide.
    """
    codes: dict[str, dict[str, set[Level]]] = {}
    levels: dict[str, set[Level]] = {}
    for procedure in catalog.procedures:
        levels.setdefault(procedure.code, set()).add(procedure.level)
        codes.setdefault(fold(procedure.name), {}).setdefault(procedure.code, set()).add(procedure.level)
    for alias in catalog.procedure_aliases:
        codes.setdefault(fold(alias.name), {}).setdefault(alias.code, set()).update(levels.get(alias.code, ()))

    def code_of(name: str) -> str | None:
        if stated := _CODE.search(name):
            return stated[0]
        found = codes.get(fold(name), {})
        if len(found) > 1:
            found = {code: where for code, where in found.items() if level in where} or found
        if len(found) > 1:
            raise SeveralProcedures
        return next(iter(found), None)

    return code_of
