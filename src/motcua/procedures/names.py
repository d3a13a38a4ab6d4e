"""Procedures by name: finds the code when a source gives only the name of a procedure."""

from __future__ import annotations

import re
from collections.abc import Callable

from motcua.catalog import Catalog, Level
from motcua.procedures.codes import NATIONAL
from motcua.spelling import fold

_CODE = re.compile(rf"(?<![\d.]){NATIONAL}(?![\d])")


class SeveralProcedures(Exception):
    """A name means more than one procedure, even among the procedures of the source's level."""


def procedure_namer(catalog: Catalog, level: Level) -> Callable[[str], str | None]:
    """Return a function that maps a name, as a source spells it, to a procedure code, or to None for an unknown name.

    Names are compared with those of `procedures/*.csv` and `procedures/aliases*.csv`, ignoring case, Unicode form,
    spaces and the position of tone marks. A national code inside the name decides. When several procedures have the
    name, the one of the source's level is taken.

    The function raises SeveralProcedures when more than one procedure remains.
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
        levels_by_code = codes.get(fold(name), {})
        if len(levels_by_code) > 1:
            levels_by_code = {
                code: at_levels for code, at_levels in levels_by_code.items() if level in at_levels
            } or levels_by_code
        if len(levels_by_code) > 1:
            raise SeveralProcedures
        return next(iter(levels_by_code), None)

    return code_of
