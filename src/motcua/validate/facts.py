"""The facts that the rules use: the data of the catalogue, the calendar and the store about each record.

The input is a frame with the columns of its kind plus `source_id` and `window_to`. The output also has the columns of
`add_facts` and, for dossiers, of `add_dossier_facts`. A fact does not judge: `expectations/` states what is acceptable.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection

from motcua.canonical import DOSSIER, RecordKind
from motcua.catalog import Catalog
from motcua.units.codes import UnitCodes
from motcua.units.map import map_of
from motcua.validate.distinct import by_code_and_day
from motcua.validate.dossier_facts import add_dossier_facts

if TYPE_CHECKING:
    import pandas as pd


def add_facts(
    frame: pd.DataFrame, catalog: Catalog, connection: Connection, now: datetime, kind: RecordKind = DOSSIER
) -> pd.DataFrame:
    """Return the frame with the facts added.

    now                                   the wall-clock time of the judgement
    reference_on                          the day on which the unit code is read: the first reference day of the kind
                                          that the record has (for a dossier the day received, else submitted), else
                                          the last day of the batch's window; at the earliest the first day of the
                                          catalogue's units
    unit_id                               the unit that the code means on that day, or the heir of a unit in force then;
                                          null when the code means no unit or several
    unit_level                            the level of that unit; for a code not valid on that day, its only level
    unit_heir                             for a code whose unit had ended by that day: its successors, by id and name
    """
    frame = frame.copy(deep=False)
    frame["now"] = np.datetime64(now, "us")
    reference = frame["window_to"]
    for name in reversed(kind.reference):
        reference = frame[name].fillna(reference)
    frame["reference_on"] = reference.dt.normalize().clip(lower=np.datetime64(catalog.units_known_from, "us"))
    _add_unit(frame, catalog)
    if kind.name == DOSSIER.name:
        add_dossier_facts(frame, catalog, connection)
    return frame


def _add_unit(frame: pd.DataFrame, catalog: Catalog) -> None:
    codes = UnitCodes(catalog)
    units = map_of(catalog)
    levels = {unit.unit_id: unit.level for unit in catalog.units}

    def meant(code: str, day: date, source_id: str) -> str | None:
        meanings = codes.meanings(code, source_id)
        source = catalog.source_by_id.get(source_id)
        # A source that began later uses the codes of its own time, when a code may have had another meaning.
        read_on = day if source is None else max(day, source.valid_from)
        for candidates in (
            {m.unit_id for m in meanings if m.holds_on(read_on) and units.goes_on_from(m.unit_id, day)},
            {m.unit_id for m in meanings if m.holds_on(day)},
            {m.unit_id for m in meanings if day < m.valid_from and units.goes_on_from(m.unit_id, day)},
        ):
            if candidates:
                return candidates.pop() if len(candidates) == 1 else None
        return None

    def heir(code: str, day: date, source_id: str) -> str | None:
        ended = {m.unit_id for m in codes.meanings(code, source_id) if m.valid_to is not None and m.valid_to < day}
        heirs = {units.place(unit_id, day) for unit_id in ended} - ended
        return ", ".join(f"{key} ({catalog.unit_by_id[key].name})" for key in sorted(heirs)) or None

    def level(code: str, day: date, source_id: str) -> str | None:
        unit_id = meant(code, day, source_id)
        meanings = codes.meanings(code, source_id)
        candidates = {levels[unit_id]} if unit_id else {levels[meaning.unit_id] for meaning in meanings}
        return candidates.pop() if len(candidates) == 1 else None

    frame["unit_id"] = by_code_and_day(frame, "unit_code", meant, of="source_id")
    frame["unit_level"] = by_code_and_day(frame, "unit_code", level, of="source_id")
    frame["unit_heir"] = by_code_and_day(frame, "unit_code", heir, of="source_id").where(frame["unit_id"].isna())
