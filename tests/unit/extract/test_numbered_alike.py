"""A number that stands in two files of one series: one dossier that is carried over, or two of two books.

The property draws two registers that each number from 1. The truth is what was drawn; nothing of it is read from files.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.canonical import PETITION
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import assign_dispositions, assign_dispositions_whole
from motcua.extract.records.table import PULLED_SCHEMA
from motcua.extract.wire.evidence import Stand, written

WINDOW = Window(date(2023, 10, 1), date(2023, 10, 31))
OPEN, DONE = 4, 9
Dossier = tuple[str, int | None, int]  # number, day of reception in October, status


@dataclass(frozen=True)
class File:
    """A dropped file, with the day of November on which it was saved; none where no time is known."""

    name: str
    saved: float | None
    dossiers: tuple[Dossier, ...]

    @property
    def dropped_at(self) -> datetime | None:
        return None if self.saved is None else datetime(2023, 11, 1, 5, tzinfo=UTC) + timedelta(days=self.saved - 1)


def numbers(*days: int, status: int = DONE, first: int = 1) -> tuple[Dossier, ...]:
    """Dossiers numbered from `first`, one for each day of reception."""
    return tuple((str(number), day, status) for number, day in enumerate(days, first))


def known(*files: File) -> dict[str, int]:
    """Return of each number that is a figure its status."""
    rows = [
        {
            "system_code": "x", "agency_code": "x", "dossier_id": number, "status_code": status, "channel_code": 1,
            "received_at": None if day is None else datetime(2023, 10, day),
            "stands_in": written(Stand(one.name, one.dropped_at, row=row)),
        }
        for one in files
        for row, (number, day, status) in enumerate(one.dossiers, start=2)
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=PULLED_SCHEMA)
    landed = assign_dispositions(table, WINDOW, frozenset(), is_register=True, repeats="not_known").to_pylist()
    records = [row for row in landed if row["disposition"] == "record"]
    return {row["dossier_id"]: row["status_code"] for row in records if row["mapping_issues"] is None}


Q1, Q2 = "quyển 1.csv", "quyển 2.csv"
FEW = numbers(1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("older", "newer", "shared"),
    [
        # side by side: two dossiers, whatever their days, and on whatever days the files were saved
        (File(Q1, 5, FEW), File(Q2, 6, (("1", 6, OPEN), ("9", 3, OPEN))), None),
        (File(Q1, 5, FEW), File(Q2, 6, (("1", 1, OPEN), ("9", 3, OPEN))), None),
        (File(Q1, 5, FEW), File(Q2, 6, (("1", 1, DONE), ("9", 3, OPEN))), None),
        (File(Q1, 5, FEW), File(Q2, 5.1, (("1", 1, OPEN), ("9", 3, OPEN))), None),
        (File(Q1, None, FEW), File("quyển 1 (1).csv", None, (("1", 1, OPEN), ("9", 3, OPEN))), None),
        (File("so.csv", 5, FEW), File("so (1).csv", 6, (("1", 1, OPEN), ("9", 3, OPEN))), None),
        (File("quyển 1 2023.csv", 5, FEW), File("quyển 2 2023.csv", 6, (("1", 1, OPEN), ("9", 3, OPEN))), None),
        # gone on with: carried over with its day; with another day it may be the first of a numbering that began again
        (File(Q1, 5, FEW), File(Q2, 6, (("1", 1, OPEN), ("9", 6, OPEN))), OPEN),
        (File(Q1, 5, FEW), File(Q2, 6, (("1", 6, OPEN), ("9", 7, OPEN))), None),
        (File(Q1, 5, FEW), File(Q2, 6, (("1", 6, OPEN), ("2", 7, OPEN))), None),  # no own number tells anything
        (File(Q1, 5, FEW), File(Q2, 6, (("1", 1, OPEN), ("2", 2, OPEN))), OPEN),
        (File(Q1, 5, FEW), File(Q2, 6, (("1", None, OPEN), ("9", 6, OPEN))), None),  # one that lost its day says less
        (File(Q1, 6, FEW), File(Q2, 5, (("1", 1, OPEN), ("9", 6, OPEN))), None),  # numbers and times contradict
        # one book: a copy, a download of one name, names that state other days
        (File(Q1, 5, FEW), File(Q2, 6, (("1", 9, OPEN), *FEW[1:], ("9", 2, OPEN))), OPEN),
        (File("so.csv", 5, FEW), File("so (1).csv", 6, (("1", 9, OPEN), ("2", 8, OPEN))), OPEN),
        (File("T9-2023.csv", 5, FEW), File("T10-2023.csv", 6, (("1", 9, OPEN), ("9", 2, OPEN))), OPEN),
        (File("so 05-11-2023.csv", 5, FEW), File("so 06-11-2023.csv", 6, (("1", 9, OPEN), ("9", 2, OPEN))), OPEN),
    ],
)
def test_one_number_in_two_files_of_a_series_is_one_dossier_only_where_they_are_one_book(
    older: File, newer: File, shared: int | None
) -> None:
    assert (known(older, newer).get("1"), known(newer, older).get("1")) == (shared, shared)


def test_a_number_that_names_its_office_is_one_dossier_in_all_books() -> None:
    key = "H59.11-231002-0005"
    files = File(Q1, 5, ((key, 1, DONE), *FEW)), File(Q2, 6, ((key, 6, OPEN), ("9", 2, OPEN)))
    assert known(*files)[key] == OPEN


def test_copies_of_copies_are_one_book() -> None:
    files = [File(f"so {day}.csv", day, numbers(*range(day, day + 6), first=day)) for day in range(1, 9)]
    corrected = File("so 9.csv", 9, (("3", 20, OPEN), *numbers(*range(9, 14), first=9)))
    assert known(*files, corrected)["3"] == OPEN


def test_petitions_that_are_numbered_alike_are_no_figures() -> None:
    columns = {"system_code": "x", "agency_code": "x", "kind": "behaviour", "unit_code": "A"}
    rows = [
        columns | {"petition_id": number, "received_on": date(2023, 10, day), "stands_in": written(stand)}
        for file, saved, given in ((Q1, 5, FEW), (Q2, 6, (("1", 6, OPEN), ("9", 2, OPEN))))
        for row, (number, day, _) in enumerate(given, start=2)
        for stand in [Stand(file, datetime(2023, 11, saved, tzinfo=UTC), row=row)]
    ]
    table = pa.Table.from_pylist(rows, schema=PETITION.pulled_schema)
    records = assign_dispositions_whole(table, PETITION).to_pylist()
    assert [row["petition_id"] for row in records if row["mapping_issues"] is not None] == ["1"]


@st.composite
def two_registers(draw: st.DrawFn) -> tuple[File, File]:
    """Two registers of one series that number from 1, no dossier of one having the day of its like in the other."""
    days = [sorted(draw(st.lists(st.integers(1, 30), min_size=2, max_size=9, unique=True))) for _ in range(2)]
    others = [day for number, day in enumerate(days[1]) if number >= len(days[0]) or days[0][number] != day]
    saved = [draw(st.sampled_from([1, 1.2, 2, 20])) for _ in range(2)]
    statuses = [draw(st.sampled_from([OPEN, DONE])) for _ in range(2)]
    numbered = [(str(days[1].index(day) + 1), day, statuses[1]) for day in others]
    return File(Q1, saved[0], numbers(*days[0], status=statuses[0])), File(Q2, saved[1], tuple(numbered))


@given(two_registers())
@settings(max_examples=300, deadline=None)
def test_two_registers_that_number_alike_never_make_one_figure_of_two_dossiers(registers: tuple[File, File]) -> None:
    one, other = registers
    both = {number for number, _, _ in one.dossiers} & {number for number, _, _ in other.dossiers}
    assert not both & (known(one, other).keys() | known(other, one).keys())


@given(st.integers(3, 9), st.data())
@settings(max_examples=100, deadline=None)
def test_what_a_register_carries_over_to_the_next_is_as_the_next_says(size: int, data: st.DataObject) -> None:
    dossiers = numbers(*range(1, size + 1), status=OPEN)
    carried = data.draw(st.sets(st.integers(0, size - 1)))
    shown = tuple((number, day, DONE) for at, (number, day, _) in enumerate(dossiers) if at in carried)
    goes_on = numbers(size, size + 3, first=size + 1)
    found = known(File(Q1, 10, dossiers), File(Q2, 20, (*shown, *goes_on)))
    assert {number: found.get(number) for number, _, _ in shown} == {number: DONE for number, _, _ in shown}
