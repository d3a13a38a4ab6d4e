"""Writes the dossiers of a scenario's systems on a night to files or to a database, for the adapters that read them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from motcua.sandbox.exports.source_database import fill_database
from motcua.sandbox.exports.tables import Covers, Form, write_tables
from motcua.sandbox.systems.portal_sync import Shape, write_batches
from motcua.sandbox.world.columns import World

Exported = Literal["portal_sync", "files", "sql"]
PROTOCOLS: tuple[Exported, ...] = get_args(Exported)
DATABASE_FILE = "ho_so.sqlite"


def export(
    world: World,
    protocol: Exported,
    to: str,
    *,
    night: int = 2,
    shape: Shape = "2025",
    form: Form | None = None,
    covers: Covers = "register",
) -> str:
    """Write one night of a world and return one line that states what was written.

    Args:
        to: a folder; for `sql`, a folder in which a SQLite file is made, or the URL of a database.
        shape: the year whose fields the sync has.
        form: the file form of every unit's table; with None each unit has its own.
        covers: whether a table is the complete register of a unit or an extract of the scenario's period.
    """
    if protocol == "portal_sync":
        return f"{len(write_batches(world, night, Path(to), shape))} batches in {to}"
    if protocol == "files":
        return f"{len(write_tables(world, night, Path(to), form, covers))} files in {to}"
    url = to
    if "://" not in to:
        Path(to).mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{Path(to).resolve() / DATABASE_FILE}"
    return f"{fill_database(world, night, url)} dossiers in {to}"
