"""Which files of a series are books of their own, and until when a folder of them answers.

The property draws books by what they are: when each of their files was written and saved. Until when the folder answers
is told from that alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.canonical import DOSSIER
from motcua.catalog import FilesOptions, Source
from motcua.days.workdays import working_calendar
from motcua.extract.records.table import PULLED_SCHEMA
from motcua.extract.wire.books import books_apart
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.extract.wire.drop_order import Drop, days_of_name, spoken_of
from motcua.extract.wire.drops import DropFolder
from motcua.extract.wire.evidence import Stand, written
from motcua.settings import Settings

FIRST = date(2023, 10, 1)
CALENDAR = working_calendar(Settings.load().catalog_dir)


@dataclass(frozen=True)
class File:
    """A dropped file: saved on a day, counted from 1 October 2023, with the days of reception by key."""

    name: str
    saved: int
    rows: tuple[tuple[str | None, int | None], ...]

    @property
    def drop(self) -> Drop:
        return Drop(self.name, datetime(2023, 10, 1, 5, tzinfo=UTC) + timedelta(days=self.saved - 1))


def on(day: int) -> date:
    return FIRST + timedelta(days=day - 1)


def file(name: str, saved: int, *days: int, book: str | None = None) -> File:
    """A file with a dossier for each of some days; those of one book and day are the same dossier."""
    return File(name, saved, tuple((f"{book or name}-{day}", day) for day in days))


def listed(files: list[File]) -> pa.Table:
    rows = [
        {
            "dossier_id": key,
            "received_at": None if day is None else datetime.combine(on(day), datetime.min.time()),
            "stands_in": written(Stand(one.drop.file, one.drop.dropped_at, row=number)),
        }
        for one in files
        for number, (key, day) in enumerate(one.rows, start=2)
    ]
    return pa.Table.from_pylist(rows, schema=PULLED_SCHEMA)


def apart(*files: File) -> dict[str, str]:
    drops = [one.drop for one in files]
    found = books_apart(drops, listed(list(files)), DOSSIER, CALENDAR)
    assert books_apart(drops[::-1], listed(list(files[::-1])), DOSSIER, CALENDAR).keys() == found.keys()
    return {drop.file: why for drop, why in found.items()}


def folder(files: list[File], once: tuple[str, ...] = ()) -> DropFolder:
    source = Source(
        source_id="x.drop", name="X", system_code="x", adapter="files", level="commune", unit_id="29236:2020",
        options=FilesOptions(path="drops/*"), valid_from=date(2020, 1, 1),
    )  # fmt: skip
    told = DropFolder(source, "drops/*", NO_CONNECTION, once)
    told.drops = [one.drop for one in files]
    told.tell_books(listed(files), DOSSIER)
    return told


Q1, Q2, Q3, Q4 = (f"quyển {number}.csv" for number in range(1, 5))
ONE = file(Q1, 41, *range(1, 40))  # written all the time


@pytest.mark.parametrize(
    ("files", "books"),
    [
        ([ONE, file(Q2, 6, 1, 2, 3, 4)], [Q2]),
        ([ONE, file(Q2, 6, 4)], [Q2]),
        ([ONE, file(Q2, 41, 1, 2, 3, 4)], []),  # saved on one day: both say how it stands
        ([file(Q1, 6, 1, 2, 5), file(Q2, 41, 6, 20, 39)], []),  # gone on with
        ([file(Q1, 6, 1, 2, 5), file(Q2, 41, 5, 20, 39)], []),  # on the same day
        ([file(Q1, 6, 1, 2, 5), file(Q2, 41, 4, 20, 39)], [Q1]),  # one was entered late
        ([file(Q2, 6, 1, 2, 5), file(Q1, 41, 6, 20, 39)], []),  # numbered the other way round
        ([file(Q1, 41, 1, 2, 5), file(Q2, 20, 6, 7, 19)], [Q2]),  # the finished one was saved again
        ([file(Q1, 35, 1, 2), file(Q2, 20, 3, 9), file(Q3, 41, 10, 39)], []),
        # three books, each beside the other
        ([ONE, file(Q2, 20, 1, 19), file(Q3, 6, 2, 5)], [Q2, Q3]),
        # the book of last year beside those of this year, also where it was saved last
        ([file(Q3, 6, -90, -1), ONE, file(Q2, 41, 1, 39)], []),
        ([file(Q3, 42, -90, -1), ONE, file(Q2, 30, 1, 29)], [Q1, Q2]),
        # one begins after two that were written side by side: it may go on with either
        ([file(Q1, 6, 1, 2, 3, 5), file(Q2, 6, 2, 4), file(Q3, 41, 6, 39)], [Q1, Q2]),
        ([file(Q1, 6, 1, 2, 3, 5), file(Q2, 6, 2, 4), file(Q3, 41, 6, 38), file(Q4, 41, 7, 39)], []),
        # without a day, or without a row of its own, nothing tells what became of it
        ([ONE, File(Q2, 6, (("a", None),))], [Q2]),
        ([ONE, File(Q2, 6, ())], [Q2]),
        ([file(Q1, 6, 1, 2), File(Q2, 41, ())], [Q1]),
        ([file(Q1, 6, 1, 2), File(Q2, 20, ()), file(Q3, 41, 3, 39)], [Q2]),
        ([file(Q1, 6, 1, 2), File(Q2, 41, (("a", 5), ("b", None)))], []),  # a row without a day tells nothing
        ([file(Q1, 6, 1, 4), File(Q2, 41, ((None, 3), ("b", 39)))], [Q1]),  # one without a number does
        # copies, also beside another book; two books that number alike are none
        ([file("so.csv", 6, 1, 2, 5), file("so (1).csv", 41, *range(1, 40), book="so.csv")], []),
        ([file(Q1, 6, 1, 2, 3, 4), File(Q2, 41, (*file(Q1, 6, 1, 2, 3).rows, ("z", 1)))], []),
        ([file(Q1, 6, 1, 2, 3, 4), File(Q2, 41, (*file(Q1, 6, 1, 2).rows, ("z", 1)))], [Q1]),
        ([File(Q1, 6, (("1", 1), ("2", 4))), File(Q2, 41, (("1", 2), ("2", 9), ("3", 39)))], [Q1]),
        # a dossier carried over with another day of reception is the same dossier
        ([file(Q1, 6, 1, 2, 3, 5), File(Q2, 41, ((f"{Q1}-5", 4), ("z", 6)))], []),
    ],
)
def test_a_file_is_a_book_of_its_own_where_no_later_one_speaks_for_it(files: list[File], books: list[str]) -> None:
    assert sorted(apart(*files)) == books


@pytest.mark.parametrize(
    ("older", "newer", "is_book"),
    [
        ("T10-2023.csv", "T11-2023.csv", False),
        ("T10.csv", "T11.csv", False),
        ("2023-10/so.csv", "2023-11/so.csv", False),
        ("so 06-10-2023.csv", "so 10-11-2023.csv", False),
        ("so 06.10.23.csv", "so 10.11.23.csv", False),
        ("so 2022.csv", "so 2023.csv", False),
        ("so Q3.csv", "so Q4.csv", True),  # no reception lies in the third quarter
        ("so quý 4.csv", "so quý 5.csv", True),
        ("quyển 2 T10-2023.csv", "quyển 2 T11-2023.csv", False),
        ("quyển 2 T10-2023.csv", "quyển 1 T10-2023.csv", True),
        ("quyển 2 T10-2023.csv", "quyển 1 T11-2023.csv", False),
        ("quyển 2 06-10-2023.csv", "quyển 1 10-11-2023.csv", True),
        ("quyển 2-2023.csv", "quyển 1-2023.csv", True),  # no months: nothing was received in February
        ("quyển 2 2023.csv", "quyển 1 2023.csv", True),
        ("so 10-2023.csv", "so 11-2023.csv", False),
        ("T11-2023.csv", "T10-2023.csv", True),  # what was saved later is the month before
        ("so 10-11-2023.csv", "so 06-10-2023.csv", True),
        ("T10-2023.csv", "T10-2023.xlsx", True),
        ("so.csv", "so (1).csv", True),
        ("phong-1/so.csv", "phong-2/so.csv", True),
        ("so.csv", "ho tich.csv", False),  # of another series: it ends what is known anyway
    ],
)
def test_a_name_that_differs_in_days_alone_speaks_for_the_other(older: str, newer: str, is_book: bool) -> None:
    found = apart(file(older, 6, 1, 2, 4), file(newer, 41, *range(1, 40)))
    assert list(found) == ([older] if is_book else [])


OCT, NOV = "T10-2023.csv", "T11-2023.csv"
SEPT = range(-29, -5)  # 1 to 24 September


@pytest.mark.parametrize(
    ("files", "untold"),
    [
        ([file(Q1, 6, 1, 2, 4), file(Q2, 41, 20, 39)], (7, 19)),
        ([file(Q1, 17, 1, 2, 4), file(Q2, 41, 20, 39)], (18, 19)),
        ([file(Q1, 18, 1, 2, 4), file(Q2, 41, 20, 39)], (19, 19)),
        ([file(Q1, 19, 1, 2, 4), file(Q2, 41, 20, 39)], None),  # the day of saving is no gap
        ([file(Q1, 20, 1, 2, 4), file(Q2, 41, 20, 39)], None),
        ([file("tuần 40.csv", 6, 2, 6), file("tuần 41.csv", 13, 9, 13)], None),  # Friday, then Monday
        ([file("tuần 40.csv", 5, 2, 5), file("tuần 41.csv", 13, 9, 13)], (6, 8)),
        ([file("tuần 40.csv", 6, 2, 6), file("tuần 41.csv", 13, 9, 13), file("tuần 42.csv", 20, 16, 20)], None),
        ([file(Q1, -30, -40), file(Q2, 41, -25, 39)], None),  # 31 August, then 5 September: the National Day
        ([file(Q1, 6, 1, 4), file(Q3, 42, 30, 40), file(Q2, 41, 20, 39)], (7, 19)),  # the nearest is told
        ([file(Q1, 6, 1, 4), file(Q2, 41, 20, 39), file(Q3, 40, 9, 19)], None),
        ([file(Q1, 6, 1, 2), File(Q2, 41, (*file(Q1, 6, 1, 2).rows, ("z", 20)))], None),  # a copy
        ([file(Q1, 6, 1, 2), File(Q2, 41, (("a", 20), ("b", None)))], (7, 19)),
        # a name that states its days
        ([file("T9-2023.csv", -5, *SEPT), file(OCT, 41, 2, 31)], (-4, 0)),
        ([file("T9.csv", -5, *SEPT), file("T10.csv", 41, 2, 31)], (-4, 0)),
        ([file("2023/T9.csv", -5, *SEPT), file("2023/T10.csv", 41, 2, 31)], (-4, 0)),
        ([file("so Q3.csv", -5, *SEPT), file("so Q4.csv", 41, 2, 31)], (-4, 0)),
        ([file("Q3-2023.csv", -5, *SEPT), file("Q4-2023.csv", 41, 2, 31)], (-4, 0)),
        ([file("T9-2023.csv", -1, *SEPT), file(OCT, 41, 2, 31)], None),  # Friday, 29 September
        ([file("T9-2023.csv", 2, *SEPT), file(OCT, 41, 12, 31)], None),
        ([file("so Q3.csv", 2, *SEPT), file("so Q4.csv", 41, 12, 31)], None),
        ([file("so 2022.csv", -273, -300), file("so 2023.csv", 41, 3)], None),  # Saturday, 31 December
        ([file("so 2022.csv", -275, -300), file("so 2023.csv", 41, 3)], (-274, -273)),
        ([file("quyển 1-2023.csv", 6, 1, 4), file("quyển 2-2023.csv", 41, 20, 39)], (7, 19)),
        ([file("so 06-10-2023.csv", 6, 1, 4), file("so 10-11-2023.csv", 41, 20, 39)], (7, 19)),  # exported on that day
        ([file("so 06-10-2023.csv", 6, 6), file("so 20-10-2023.csv", 20, 20)], None),  # received on that day
        ([file("so 06-10-2023.csv", 6, 1, 4), file("so 10-11-2023.csv", 41, 1, 4, 20, book="so 06-10-2023.csv")], None),
        # what October carries over from September is no copy of it
        ([file("T9-2023.csv", -5, -20), File(OCT, 41, (*file("T9-2023.csv", -5, -20).rows, ("a", 2)))], (-4, 0)),
        ([file("T9-2023.csv", -5, *SEPT), File(OCT, 41, ())], (-4, 0)),
        ([File("T9-2023.csv", -5, ()), file(OCT, 41, 2)], None),  # no day tells anything of it
    ],
)
def test_a_file_that_is_gone_on_with_speaks_until_it_was_saved_where_working_days_lie_between(
    files: list[File], untold: tuple[int, int] | None
) -> None:
    found = apart(*files)
    if untold is None:
        assert found == {}
    else:
        assert found[files[0].name].startswith(
            f"nothing tells what it received from {on(untold[0])} to {on(untold[1])},"
        )


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("T9-2023", date(2023, 9, 1), date(2023, 9, 30)),
        ("quyển 2 T12", date(2022, 12, 1), date(2022, 12, 31)),
        ("2023/tháng 9", date(2023, 9, 1), date(2023, 9, 30)),
        ("9-2023", date(2023, 9, 1), date(2023, 9, 30)),
        ("Q3", date(2023, 7, 1), date(2023, 9, 30)),
        ("Q3-2023", date(2023, 7, 1), date(2023, 9, 30)),
        ("quyển 1-2023", date(2023, 1, 1), date(2023, 12, 31)),
        ("2022/31.10.23", date(2023, 10, 31), date(2023, 10, 31)),
        ("01-09-2023 15-09-2023", date(2023, 9, 1), date(2023, 9, 15)),
    ],
)
def test_the_days_that_a_name_states(name: str, first: date, last: date) -> None:
    drop = Drop(f"{name}.csv", datetime(2023, 11, 10, tzinfo=UTC))
    assert days_of_name(drop, {(2022, 9), (2022, 12), (2023, 8), (2023, 9)}) == (first, last)


@pytest.mark.parametrize("name", ["quyển 2", "so (1)", "Q2", "T4", "2-13"])
def test_a_name_that_states_no_days_of_its_receptions(name: str) -> None:
    assert days_of_name(Drop(f"{name}.csv"), {(2023, 9)}) is None


def test_what_is_said_of_a_book_in_months_is_not_undone_by_another_book() -> None:
    files = [
        file("quyển 1 T9-2023.csv", 3, *range(-28, 1)),
        file("quyển 2 T9-2023.csv", 2, *range(-28, 1)),
        file("quyển 1 T10-2023.csv", 41, *range(1, 32)),
        file("quyển 2 T10-2023.csv", 6, *range(1, 6)),
    ]
    assert list(apart(*files)) == ["quyển 2 T10-2023.csv"]


@pytest.mark.parametrize(
    ("name", "book", "stated"),
    [
        ("quyển 2 T9-2025.csv", ("2",), ("t9-2025",)),
        ("quyển 02.csv", ("2",), ()),
        ("quyển 2-2025.csv", ("2",), ("2025",)),
        ("so 9-2025.csv", (), ("9-2025",)),
        ("so 31.10.25.csv", (), ("31.10.25",)),
        ("so 1.2.3.csv", ("1", "2", "3"), ()),
        ("so Q3.csv", (), ("q3",)),
        ("so (2).csv", ("2",), ()),
        ("quyển 1/T13.csv", ("1", "13"), ()),
    ],
)
def test_the_numbers_of_a_name_tell_its_book_or_its_days(name: str, book: tuple[str], stated: tuple[str]) -> None:
    assert spoken_of(Drop(name), {(2025, 9)}) == (book, stated)


def test_the_message_names_the_file_its_receptions_and_what_to_do() -> None:
    files = [ONE, file(Q2, 6, 1, 2, 3, 4)]
    told = folder(files)
    assert (told.answers_until, told.speaks_last) == (date(2023, 10, 5), files[1].drop)
    assert told.warnings == [
        "quyển 2.csv was last saved on 2023-10-06, other files on 2023-11-10: the source is known until the day before"
        " the first. It is taken for a book of its own: its receptions 2023-10-01 to 2023-10-04 lie among those of"
        " quyển 1.csv, saved later (2023-10-01 to 2023-11-08). Ask the unit to save it again, then ingest the source"
        " again; if it never will, name it under once in options."
    ]
    told = folder(files, once=("quyển 2*",))
    assert (told.answers_until, told.warnings) == (date(2023, 11, 9), [])


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([file(Q1, 41, 1, 2), file(Q2, 20, 6)], f"its receptions 2023-10-06 come after those of {Q1}, saved later"),
        ([ONE, File(Q2, 6, ())], f"no day of reception tells that {Q1}, saved later, goes on with it"),
        ([file(Q1, 6, 1, 5), file(Q2, 6, 2, 4), file(Q3, 41, 6)], f"{Q3}, saved later, may go on with it or with {Q2}"),
        ([file("T10-2023.csv", 41, 1), file("T11-2023.csv", 20, 32)], "T10-2023.csv was saved later, and its name"),
    ],
)
def test_why_a_file_is_a_book_of_its_own_is_said(files: list[File], why: str) -> None:
    assert any(one.startswith(why) for one in apart(*files).values())


@dataclass(frozen=True)
class Book:
    """One register: its files, one gone on with by the next, and whether the office ended it (`once`)."""

    files: tuple[File, ...]
    is_ended: bool


@st.composite
def worlds(draw: st.DrawFn) -> list[Book]:
    numbers = iter(draw(st.permutations(range(1, 20))))
    books: list[Book] = []
    has_gaps = draw(st.booleans())
    for number in range(draw(st.integers(1, 3))):
        files: list[File] = []
        begins = draw(st.integers(1, 6))
        for _ in range(0 if has_gaps and number else draw(st.integers(0, 2))):
            ends = begins + draw(st.integers(2, 12))
            days = range(begins, ends + 1)
            files.append(file(f"quyển {next(numbers)}.csv", ends + draw(st.integers(0, 30)), *days))
            begins = ends + draw(st.integers(2, 12) if has_gaps else st.integers(0, 1))
        saved = begins + draw(st.integers(2, 30))
        name = f"quyển {next(numbers)}"
        if draw(st.booleans()):  # an earlier download of it stays in the folder
            earlier = draw(st.integers(begins + 1, saved))
            files.append(file(f"{name}.csv", earlier, *range(begins, earlier), book=name))
            name += " (1)"
        files.append(file(f"{name}.csv", saved, *range(begins, saved), book=name.removesuffix(" (1)")))
        books.append(Book(tuple(files), draw(st.booleans())))
    return books


def cross(one: File, other: File) -> bool:
    days, others = ([day for _, day in each.rows if day is not None] for each in (one, other))
    return days[0] < others[-1] and others[0] < days[-1]


def show_it(books: list[Book]) -> bool:
    """Return whether days can tell that no book goes on with another: the last file of each crosses each other book."""
    return all(
        any(cross(book.files[-1], one) for one in other.files) for book in books for other in books if other != book
    )


def gaps(book: Book) -> list[File]:
    """Return its files after which working days pass that no file tells of; October to December have no holiday."""
    return [
        one
        for one, after in pairwise(book.files)
        if any(on(day).weekday() < 5 for day in range(one.saved + 1, min(day for _, day in after.rows if day)))
    ]


def show_gaps(books: list[Book]) -> bool:
    """Return whether no file of another book may be what goes on with one that has a gap after it."""
    return all(
        min(day for _, day in other.rows if day) < max(day for _, day in one.rows if day)
        for book in books
        for one in gaps(book)
        for another in books
        if another != book
        for other in another.files
    )


@settings(max_examples=400, deadline=None)
@given(worlds().filter(show_it).filter(show_gaps))
def test_a_folder_answers_no_longer_than_each_of_its_books_was_saved(books: list[Book]) -> None:
    going_on = [book for book in books if not book.is_ended] or books
    once = tuple(one.name for book in books if book not in going_on for one in book.files)
    until = on(min(one.saved for book in going_on for one in (book.files[-1], *gaps(book))) - 1)
    found = folder([one for book in books for one in book.files], once).answers_until
    assert found is not None
    assert found <= until
    is_side_by_side = all(len({one.name.split()[1].split(".")[0] for one in book.files}) == 1 for book in books)
    if len(books) == 1 or is_side_by_side:
        assert found == until
