"""Reads a dropped file as a pull of October 2023 does, without a store."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from tests.unit.extract.adapters.test_cell_kinds import OCTOBER

from motcua.catalog import Source
from motcua.catalog.options import FilesOptions
from motcua.extract.adapters.files import FilesAdapter
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.extract.wire.connection import NO_CONNECTION


def pulled_rows(file: Path, mapping: SourceMapping) -> list[dict[str, Any]]:
    """Return the rows of a file, each as it would land. Raises BatchHeld where its days may be turned round."""
    source = Source(
        source_id="x.drop", name="X", system_code="x", adapter="files", level="commune", unit_id="29236:2020",
        options=FilesOptions(path=str(file)), valid_from=date(2020, 1, 1),
    )  # fmt: skip
    builder = TableBuilder(source, mapping, Pseudonymiser("k1", b"\x5a" * 32))
    rows = [
        row
        for page in FilesAdapter(source, NO_CONNECTION, mapping).pages(OCTOBER)
        for row in builder.table(page.records, page.stands).to_pylist()
    ]
    builder.check_days()
    return rows
