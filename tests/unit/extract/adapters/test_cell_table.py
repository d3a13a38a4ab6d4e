"""The table of kinds of cells and kinds of columns (`cell_table.yaml`), read from real workbooks by the real reader."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.extract.adapters.cell_table import KINDS, workbooks
from tests.unit.extract.adapters.test_cell_kinds import COLUMNS, USUAL, read, table, unread_of

from motcua.extract.records.privacy import Pseudonymiser

TABLE = yaml.safe_load((Path(__file__).parent / "cell_table.yaml").read_text(encoding="utf-8"))
PLACES = [(kind, column) for kind, told in TABLE.items() for column in told["becomes"]]
ROW = 2  # the second record, so that a cell may be merged with one above it
person = Pseudonymiser("k1", b"\x5a" * 32)


def test_the_table_has_each_kind_of_cell_for_the_same_columns() -> None:
    assert set(TABLE) == set(KINDS)
    assert len({tuple(told["becomes"]) for told in TABLE.values()}) == 1
    assert all(told["why"] for told in TABLE.values())


@pytest.mark.parametrize(("kind", "column"), PLACES)
def test_a_cell_becomes_what_the_table_says_in_every_kind_of_file(kind: str, column: str, tmp_path: Path) -> None:
    field, value, _, when_empty = COLUMNS[column]
    becomes = TABLE[kind]["becomes"][column]
    text = f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)
    rows: list[list[Any]] = [[getattr(cell, "value", cell) for cell in cells] for cells in table(USUAL, USUAL, head=3)]
    files = workbooks(rows, ROW, list(COLUMNS).index(column), kind, text)
    assert len(files) >= 2
    for file, body in files.items():
        above, row, *below = read(tmp_path, body)
        assert above["mapping_issues"] is None, file
        assert all(one == {**above, "as_sent": one["as_sent"]} for one in below), file
        unread = set(unread_of(row)) - ({"channel_code"} if _said(row, "channel_code") == "not stated" else set())
        if becomes == "unread":
            assert field in unread, (file, row)
            assert row[field] in (None, when_empty)
        elif becomes == "empty":
            assert (row[field], field in unread and field != "dossier_id") == (when_empty, False), (file, row)
        else:
            kind_of, _, number = becomes.partition("person ")
            assert (str(row[field]), field in unread) == (person(number) if number else kind_of, False), (file, row)
        others = {name for _, name in ((c, COLUMNS[c][0]) for c in COLUMNS) if name != field}
        if field == "received_at":
            others.discard("dossier_id")  # the day of reception tells the year of its number
        assert {name: row[name] for name in others} == {name: above[name] for name in others}, file


def _said(row: dict[str, Any], field: str) -> str:
    """Return the only thing that is said of a field; empty where more is said."""
    said = [issue.split(": ", 1)[1] for issue in (row["mapping_issues"] or "").split("; ") if issue.startswith(field)]
    return said[0] if len(said) == 1 else ""
