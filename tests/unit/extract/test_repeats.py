"""Which of several rows of one dossier counts: the one that is stated to be newer, and none where nothing states it.

The oracle knows what a name, a time and a sheet mean, not how they are spelled, and shares no code with what it tests.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.canonical import PETITION
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import assign_dispositions, assign_dispositions_whole
from motcua.extract.records.table import PULLED_SCHEMA
from motcua.extract.repeats import with_request
from motcua.extract.wire.drop_order import days_of_sheet
from motcua.extract.wire.evidence import Stand, written

WINDOW = Window(date(2023, 10, 1), date(2023, 10, 31))
NOON = datetime(2023, 11, 20, 12, tzinfo=UTC)
SHEETS = ("Tháng 9", "T10", "Ghi chú")
SHEET_MONTHS = {"Tháng 9": 9, "T10": 10, "Ghi chú": None}
Said = tuple[int, date | None]  # status, day of finishing


@dataclass(frozen=True)
class File:
    """A file by what its name means: first and last day, download counter, number; and hours since it was dropped.

    `book` is what is left of the name without all that: files of different books may number alike.
    """

    name: str
    days: tuple[date, date] | None = None
    counter: int | None = None
    number: int | None = None
    hours: int = 0
    is_workbook: bool = False
    book: str = ""


@dataclass(frozen=True)
class Row:
    """A row of the one dossier."""

    said: Said
    file: File
    sheet: str | None
    modified_at: datetime | None


def book_of(name: str) -> str:
    return next((book for book in ("so", "phieu", "quyen", "bo sung", "ho tich") if name.startswith(book)), "")


def month(year: int, number: int) -> st.SearchStrategy[File]:
    last = date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)
    spelled = (f"T{number}-{year}", f"{year}-{number:02}", f"Tháng {number} năm {year}", f"so_{year}{number:02}")
    return st.sampled_from([File(name, (date(year, number, 1), last), book=book_of(name)) for name in spelled])


def day(on: date) -> st.SearchStrategy[File]:
    spelled = (f"{on:%d-%m-%Y}", f"so {on:%Y%m%d}", f"{on:%Y-%m-%d}", f"so {on:%d%m%Y}", f"{on:%d.%m}.2023")
    return st.sampled_from([File(name, (on, on), book=book_of(name)) for name in spelled])


NAMES = st.one_of(
    st.sampled_from([(2022, 12), (2023, 1), (2023, 9), (2023, 10)]).flatmap(lambda at: month(*at)),
    st.dates(date(2023, 9, 20), date(2023, 11, 10)).flatmap(day),
    st.sampled_from([0, 1, 2, 10]).map(lambda n: File(f"phieu ({n})" if n else "phieu", counter=n, book="phieu")),
    st.sampled_from([2, 10, 11]).map(lambda n: File(f"quyen {n}", number=n, book="quyen")),
    st.sampled_from(["bo sung", "ho tich"]).map(lambda name: File(name, book=name)),
)
FILES = st.builds(
    lambda named, hours, is_workbook: replace(named, hours=hours, is_workbook=is_workbook),
    NAMES,
    st.sampled_from([0, 0, 1, 30, 400]),
    st.booleans(),
)
SAID = st.tuples(st.sampled_from([4, 9]), st.sampled_from([None, date(2023, 10, 5)]))


@st.composite
def registers(draw: st.DrawFn) -> list[Row]:
    files = draw(st.lists(FILES, min_size=1, max_size=3, unique_by=lambda file: file.name))
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        file = draw(st.sampled_from(files))
        sheet = draw(st.sampled_from(SHEETS)) if file.is_workbook else None
        modified = draw(st.sampled_from([None, None, NOON, NOON - timedelta(days=1)]))
        rows.append(Row(draw(SAID), file, sheet, modified and modified.replace(tzinfo=None)))
    return rows


def sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


def stated(one: Row, other: Row) -> int:
    """Say whether one row is newer (1) or older (-1) than the other, or that nothing says it (0)."""
    if one.file.book != other.file.book:
        return 0
    if one.modified_at and other.modified_at and one.modified_at != other.modified_at:
        return sign(one.modified_at, other.modified_at)
    a, b = one.file, other.file
    if a == b:
        months = SHEET_MONTHS.get(one.sheet or ""), SHEET_MONTHS.get(other.sheet or "")
        return sign(*months) if None not in months else 0
    by_time = sign(-a.hours, -b.hours)
    if a.days and b.days and (a.days[1] < b.days[0] or b.days[1] < a.days[0]):
        by_days = sign(a.days[0], b.days[0])
        return 0 if by_time == -by_days else by_days
    if a.counter is not None and b.counter is not None:
        by_counter = sign(a.counter, b.counter)
        return 0 if by_time == -by_counter else by_counter
    if a.number is not None and b.number is not None:
        return by_time if by_time == sign(a.number, b.number) else 0
    return by_time


def says_more(other: Row, row: Row, alike: list[Row]) -> bool:
    """Say whether a row has a day that the newer one lacks, and no time of its own says that it was taken away."""
    times = [(other.modified_at, one.modified_at) for one in alike]
    return bool(other.said[1] and not row.said[1]) and all(None in pair or pair[0] == pair[1] for pair in times)


def oracle(rows: list[Row]) -> Said | None:
    """Return what is known of the dossier; none where that is not known."""
    for row in rows:
        if all(stated(row, other) == 1 for other in rows if other.said != row.said):
            alike = [one for one in rows if one.said == row.said]
            if any(says_more(other, row, alike) for other in rows):
                return None
            if len({one.file.book for one in alike}) > 1:
                return None
            last = [one.file for one in alike if all(stated(other, one) < 1 for other in alike)]
            return row.said if len(last) == len({*last}) else None  # rows of one file may be two dossiers
    return None


def landed(
    rows: list[Row], *, apart: timedelta = timedelta(hours=1), repeats: Any = "not_known", key: str = "1"
) -> list[dict[str, Any]]:
    """Return what becomes of rows; `apart` is what an hour between two files becomes when they are copied."""
    sheets = tuple(dict.fromkeys((*SHEETS, *(row.sheet for row in rows if row.sheet))))
    pulled = [
        {
            "system_code": "x", "agency_code": "x", "dossier_id": key, "status_code": row.said[0], "channel_code": 1,
            "received_at": datetime(2023, 10, 2), "modified_at": row.modified_at,
            "finished_at": row.said[1] and datetime.combine(row.said[1], datetime.min.time()),
            "stands_in": written(
                Stand(
                    f"{row.file.name}.csv",
                    NOON - row.file.hours * apart,
                    row.sheet,
                    days_of_sheet(row.sheet, sheets) if row.sheet else None,
                    number + 2,
                )
            ),
        }
        for number, row in enumerate(rows)
    ]  # fmt: skip
    table = pa.Table.from_pylist(pulled, schema=PULLED_SCHEMA)
    disposed = assign_dispositions(table, WINDOW, frozenset(), is_register=True, repeats=repeats)
    found: list[dict[str, Any]] = disposed.to_pylist()
    assert sorted(one["disposition"] for one in found) == ["duplicate"] * (len(rows) - 1) + ["record"]
    return found


def known(found: list[dict[str, Any]]) -> Said | None:
    """Return what the one record says; none where validation sets it aside."""
    [record] = [row for row in found if row["disposition"] == "record"]
    if record["mapping_issues"] is None:
        return record["status_code"], record["finished_at"] and record["finished_at"].date()
    fields = [issue.split(":")[0] for issue in record["mapping_issues"].split("; ")]
    assert {*fields} <= {"status_code", "finished_at"} or fields == ["dossier_id"]
    assert fields == ["dossier_id"] or [record[field] for field in fields] == [None] * len(fields)
    return None


@given(registers())
@settings(max_examples=250, deadline=None)
def test_what_is_not_stated_to_be_newer_is_never_a_figure(rows: list[Row]) -> None:
    assert known(landed(rows)) == oracle(rows)


@given(registers(), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_the_order_in_which_rows_are_read_changes_nothing(rows: list[Row], chance: random.Random) -> None:
    shuffled = chance.sample(rows, len(rows))
    assert known(landed(shuffled)) == known(landed(rows))


@given(registers(), st.sampled_from([timedelta(0), timedelta(microseconds=900), -timedelta(milliseconds=3)]))
@settings(max_examples=120, deadline=None)
def test_copying_a_folder_never_puts_one_state_in_the_place_of_another(rows: list[Row], apart: timedelta) -> None:
    assert known(landed(rows, apart=apart)) in (known(landed(rows)), None) or known(landed(rows)) is None


def row(said: Said, name: str, **of_file: Any) -> Row:
    return Row(said, File(name, **of_file), None, None)


OPEN, DONE = (4, None), (9, date(2023, 10, 5))


@pytest.mark.parametrize(
    ("older", "newer", "hours", "is_known"),
    [
        ("so.csv", "so (1).csv", (1, 0), True),
        ("so.csv", "so (1).csv", (0, 0), True),
        ("so.csv", "so (1).csv", (0, 1), False),  # the times contradict the counter
        ("so.csv", "so (1).xlsx", (0, 0), False),  # not the download of one name
        ("quyen 1.csv", "quyen 2.csv", (1, 0), True),
        ("quyen 1.csv", "quyen 2.csv", (0, 0), False),
        ("so.csv", "so 2.csv", (0, 1), False),
        ("bo sung.csv", "ho tich.csv", (1, 0), False),  # two books may number alike
        ("bo sung.csv", "ho tich.csv", (0, 0), False),
        ("T12-2022.csv", "T10-2023.csv", (1, 0), True),
        ("T12-2022.csv", "T10-2023.csv", (0, 0), True),  # the times say nothing
        ("T10-2023.csv", "T11-2023.csv", (0, 1), False),  # the older month was exported again
        ("So theo mau TT 01-2018.csv", "So T10-2023.csv", (0, 1), False),  # the number of a circular
        ("31.10.23.csv", "05.11.23.csv", (0, 1), False),
        ("31.10.23.csv", "05.11.23.csv", (0, 0), True),
        ("T9-2023.csv", "bo sung.csv", (1, 0), False),
    ],
)
def test_evidence_in_names_and_times(older: str, newer: str, hours: tuple[int, int], is_known: bool) -> None:
    rows = [row(OPEN, older[:-4], hours=hours[0]), row(DONE, newer[:-4], hours=hours[1])]
    if newer.endswith(".xlsx"):
        rows[1] = row(DONE, newer[:-5] + ".xlsx", hours=hours[1])
    assert known(landed(rows)) == (DONE if is_known else None)


def test_rows_that_say_the_same_are_one_record() -> None:
    """In two files, and in two sheets with months: a dossier that is carried over."""
    book = File("so", is_workbook=True)
    for rows in (
        [row(DONE, "so 2"), row(DONE, "so"), row(DONE, "so 3")],
        [Row(DONE, book, sheet, None) for sheet in ("Tháng 9", "T10")],
        [Row(DONE, book, sheet, None) for sheet in ("T12", "T1")],  # which is newer is open, that it is one is not
    ):
        found = landed(rows)
        assert {one["disposition_reason"] for one in found} == {None, "repeated"}
        assert known(found) == DONE


@pytest.mark.parametrize(
    ("sheets", "places"),
    [
        ((None, None), "so.csv row 2 and so.csv row 3"),
        (("Sổ 1", "Sổ 2"), "so.csv, sheet Sổ 1 row 2 and so.csv, sheet Sổ 2 row 3"),
        (("T10", "T10"), "so.csv, sheet T10 row 2 and so.csv, sheet T10 row 3"),
        (("Ghi chú", "T10"), "so.csv, sheet Ghi chú row 2 and so.csv, sheet T10 row 3"),
        ((None,) * 6, "so.csv row 2 and so.csv row 3 and so.csv row 4 and so.csv row 5 and 2 more"),
        ((None,) * 60, "so.csv row 2 and so.csv row 3 and so.csv row 4 and so.csv row 5 and 56 more"),
    ],
)
def test_rows_of_one_file_that_say_the_same_are_not_known_to_be_one_dossier(
    sheets: tuple[str | None, ...], places: str
) -> None:
    """Two books, each 1 to 9, of which the column that names the book is dropped."""
    rows = [Row(DONE, File("so", is_workbook=True), sheet, None) for sheet in sheets]
    found = landed(rows)
    assert {one["disposition_reason"] for one in found} == {None, "unordered"}
    [record] = [one for one in found if one["disposition"] == "record"]
    assert record["mapping_issues"] == f"dossier_id: stands in {places}, and nothing states that it is one dossier"
    assert (record["dossier_id"], record["status_code"]) == ("1", 9)
    if {*sheets} == {None}:
        assert known(landed(rows, repeats="later_row")) == DONE
    once = row(DONE, "so (1)")
    assert known(landed([*rows, once])) == DONE  # the book saved again without the other row
    assert known(landed([*rows, row(DONE, "ho tich")])) is None  # nothing says that this file is newer


def test_a_row_modified_later_is_one_dossier_with_its_earlier_row() -> None:
    at = NOON.replace(tzinfo=None)
    rows = [Row(DONE, File("so"), None, modified) for modified in (at, at - timedelta(days=1))]
    assert known(landed(rows)) == DONE
    assert known(landed([rows[0], rows[0]])) is None


def test_a_mapping_may_say_that_the_later_row_of_a_table_is_the_newer() -> None:
    rows = [row(OPEN, "so"), row(DONE, "so")]
    assert known(landed(rows)) is None
    assert known(landed(rows, repeats="later_row")) == DONE
    assert known(landed(rows[::-1], repeats="later_row")) == OPEN
    assert known(landed([row(OPEN, "a"), row(DONE, "b")], repeats="later_row")) is None  # only within a table


def test_a_cell_that_one_row_could_not_read_is_not_known() -> None:
    columns = {"system_code": "x", "agency_code": "x", "dossier_id": "1", "status_code": 4, "channel_code": 1}
    pulled = [columns, columns | {"mapping_issues": "due_at: holds the error #REF!"}]
    for order in (pulled, pulled[::-1]):
        table = pa.Table.from_pylist(order, schema=PULLED_SCHEMA)
        found = assign_dispositions(table, WINDOW, frozenset(), is_register=True, repeats="not_known").to_pylist()
        [record] = [one for one in found if one["disposition"] == "record"]
        assert record["mapping_issues"].startswith("due_at: ")
        assert "not read" in record["mapping_issues"]


def test_a_dossier_that_is_not_ordered_belongs_to_the_days_of_any_of_its_rows() -> None:
    columns = {"system_code": "x", "agency_code": "x", "dossier_id": "1", "status_code": 9, "channel_code": 1}
    september, october = datetime(2023, 9, 4), datetime(2023, 10, 4)
    pulled = [columns | {"received_at": day, "finished_at": day} for day in (october, september)]
    table = pa.Table.from_pylist(pulled, schema=PULLED_SCHEMA)
    found = assign_dispositions(table, WINDOW, frozenset(), repeats="not_known").to_pylist()
    assert sorted(one["disposition"] for one in found) == ["duplicate", "record"]


def test_the_later_query_of_a_database_is_the_newer_and_rows_of_one_are_not_ordered() -> None:
    columns = {"system_code": "x", "agency_code": "x", "dossier_id": "1", "channel_code": 1}
    open_, done = (pa.Table.from_pylist([columns | {"status_code": code}], schema=PULLED_SCHEMA) for code in (4, 9))

    def status(*tables: pa.Table) -> Any:
        found = assign_dispositions(
            pa.concat_tables(tables), WINDOW, frozenset(), is_register=True, repeats="not_known"
        ).to_pylist()
        return next(one["status_code"] for one in found if one["disposition"] == "record")

    assert status(with_request(open_, 0), with_request(done, 1)) == 9
    assert status(with_request(done, 0), with_request(open_, 1)) == 4
    assert status(with_request(pa.concat_tables([open_, done]), 0)) is None


def test_petitions_are_judged_by_the_same_evidence() -> None:
    columns = {"system_code": "x", "agency_code": "x", "petition_id": "1", "kind": "behaviour"}
    stands = [written(Stand("so.csv", NOON, row=2)), written(Stand("so.csv", NOON, row=3))]
    pulled = [columns | {"unit_code": unit, "stands_in": stand} for unit, stand in zip(("A", "B"), stands, strict=True)]
    table = pa.Table.from_pylist(pulled, schema=PETITION.pulled_schema)
    first, second = assign_dispositions_whole(table, PETITION).to_pylist()
    assert (first["disposition_reason"], second["disposition"], second["unit_code"]) == ("unordered", "record", None)
    assert second["mapping_issues"].startswith("unit_code: A (so.csv row 2) | B (so.csv row 3)")


def test_petitions_of_one_file_that_say_the_same_are_not_known_to_be_one() -> None:
    columns = {"system_code": "x", "agency_code": "x", "petition_id": "1", "kind": "behaviour", "unit_code": "A"}
    stands = [written(Stand("so.csv", NOON, row=row)) for row in (3, 2)]
    table = pa.Table.from_pylist([columns | {"stands_in": at} for at in stands], schema=PETITION.pulled_schema)
    [record] = [one for one in assign_dispositions_whole(table, PETITION).to_pylist() if one["disposition"] == "record"]
    assert record["mapping_issues"] == (
        "petition_id: stands in so.csv row 2 and so.csv row 3, and nothing states that it is one petition"
    )


def test_rows_of_one_query_that_say_the_same_are_one_record() -> None:
    columns = {"system_code": "x", "agency_code": "x", "dossier_id": "1", "channel_code": 1, "status_code": 4}
    table = with_request(pa.Table.from_pylist([columns, columns], schema=PULLED_SCHEMA), 0)
    disposed = assign_dispositions(table, WINDOW, frozenset(), is_register=True, repeats="not_known")
    assert disposed["disposition_reason"].to_pylist() == ["repeated", None]
    assert disposed["mapping_issues"].null_count == 2


@pytest.mark.parametrize(
    ("key", "expected"), [("5", None), ("000.00.05.H59-231002-0005", DONE), ("H59.11-231002-0005", DONE)]
)
@pytest.mark.parametrize("older", [OPEN, DONE])
def test_one_number_in_two_books_is_one_dossier_only_if_it_names_its_office(
    key: str, expected: Said | None, older: Said
) -> None:
    rows = [row(older, "chung thuc", hours=1), row(DONE, "ho tich")]
    assert known(landed(rows, key=key)) == expected


def test_of_very_many_rows_of_one_key_the_newest_still_counts_and_where_none_is_they_are_one_record() -> None:
    """A wrong column as the key gives every row one key: each is not compared with each then."""

    def dispositions(newest_last: bool) -> list[str | None]:
        stands = [Stand("phieu.csv", NOON, row=row) for row in range(300)]
        if newest_last:
            stands[150] = Stand("phieu (1).csv", NOON + timedelta(hours=2), row=1)
        rows = [{"dossier_id": "7", "status_code": row % 5, "stands_in": written(at)} for row, at in enumerate(stands)]
        pulled = pa.Table.from_pylist([dict.fromkeys(PULLED_SCHEMA.names) | row for row in rows], schema=PULLED_SCHEMA)
        disposed = assign_dispositions(pulled, WINDOW, frozenset(), is_register=True, repeats="not_known")
        kept = disposed.filter(pc.equal(disposed["disposition"], "record"))
        assert kept.num_rows == 1
        return kept["mapping_issues"].to_pylist()

    assert dispositions(newest_last=True) == [None]
    [issue] = dispositions(newest_last=False)
    assert issue is not None
    assert "and 1 more, and nothing states which is newer" in issue
