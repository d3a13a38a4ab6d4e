"""The opening of a source, and which pulled rows belong to a pull."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.extract.opencps_site import Site, answers, record

from motcua import landing, ledger
from motcua.catalog.guards import Opening as Limits
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import ENDS, assign_dispositions, belongs
from motcua.extract.opening import KeptListings, ask_backwards
from motcua.extract.records.table import PULLED_SCHEMA

GROUP = "84102"
OCTOBER = Window(date(2023, 10, 1), date(2023, 10, 31))
Plan = Callable[..., list[str]]
Resolve = Callable[[str], SourceConnection]


def row(dossier_id: str = "1", **values: Any) -> dict[str, Any]:
    """A dossier received on 2 October 2023 that is returned, unless told otherwise."""
    return dict.fromkeys(PULLED_SCHEMA.names) | {
        "dossier_id": dossier_id, "status_code": 10, "received_at": datetime(2023, 10, 2, 8), **values
    }  # fmt: skip


def rows(*given_rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(given_rows), schema=PULLED_SCHEMA)


days = st.none() | st.datetimes(datetime(2023, 9, 25), datetime(2023, 11, 6))


@settings(deadline=None)
@given(
    received=days, ends=st.tuples(days, days, days), status=st.sampled_from([None, *range(1, 11)]),
    is_opening=st.booleans(),
)  # fmt: skip
def test_a_row_belongs_when_one_of_its_days_is_asked_for_or_it_is_open_or_nobody_knows_when_it_ended(
    received: datetime | None, ends: tuple[datetime | None, ...], status: int | None, is_opening: bool
) -> None:
    def is_in(at: datetime | None) -> bool:
        return at is not None and date(2023, 10, 1) <= at.date() and (is_opening or at.date() <= date(2023, 10, 31))

    pulled = rows(row(received_at=received, status_code=status, **dict(zip(ENDS, ends, strict=True))))
    may_be_open = status in (2, 4, 5, 6) or not any(ends)
    expected = received is None or (
        received.date() <= date(2023, 10, 31)
        and (received.date() >= date(2023, 10, 1) or may_be_open or any(map(is_in, ends)))
    )
    assert belongs(pulled, OCTOBER, is_opening=is_opening).to_pylist() == [expected]


def test_a_known_dossier_and_every_row_of_a_register_are_records() -> None:
    old = row(received_at=datetime(2023, 9, 30, 8), finished_at=datetime(2023, 9, 30, 9))

    def fate(known: frozenset[str], *, is_register: bool = False) -> list[str]:
        disposed = assign_dispositions(rows(old), OCTOBER, known, is_register=is_register)
        return disposed["disposition"].to_pylist()  # type: ignore[no-any-return]

    assert fate(frozenset()) == ["out_of_window"]
    assert fate(frozenset({"1"})) == ["record"]
    assert fate(frozenset(), is_register=True) == ["record"]


def test_the_days_before_are_asked_for_until_so_many_windows_show_nothing_that_was_open() -> None:
    asked: list[Window] = []
    open_then = {date(2023, 5, 1): datetime(2023, 10, 9), date(2021, 12, 31): datetime(2023, 11, 9)}  # until when

    def ask(window: Window) -> pa.Table:
        asked.append(window)
        assert window.from_date is not None
        found = [day for day in open_then if window.from_date <= day <= window.to_date]
        closed = row(received_at=datetime(2022, 6, 1), finished_at=datetime(2022, 6, 2))  # every window has some
        return rows(closed, *(
            row(received_at=datetime(day.year, day.month, day.day), finished_at=open_then[day]) for day in found
        ))  # fmt: skip

    opening = ask_backwards(ask, OCTOBER, None, Limits(window_days=300, empty_windows=2))
    assert (opening.ended_by, opening.windows) == ("nothing_open", 5)  # found, nothing, found, nothing, nothing
    assert opening.asked_from == asked[-1].from_date == OCTOBER.from_date - timedelta(days=1500)  # type: ignore[operator]
    for later, earlier in zip([OCTOBER, *asked], asked, strict=False):
        assert later.from_date == earlier.to_date + timedelta(days=1)
    assert all(window.is_earlier and not window.is_open_only for window in asked)


@pytest.mark.parametrize(
    ("first_record_on", "asked_from", "windows"),
    [
        (date(2023, 8, 15), date(2023, 8, 15), 2),
        (date(2023, 9, 1), date(2023, 9, 1), 1),
        (date(2023, 10, 1), date(2023, 10, 1), 0),
    ],
)
def test_nothing_is_asked_for_before_the_first_record_of_a_source(
    first_record_on: date, asked_from: date, windows: int
) -> None:
    def ask(window: Window) -> pa.Table:
        return rows(row(received_at=datetime(2023, 9, 1), status_code=4))

    opening = ask_backwards(ask, OCTOBER, first_record_on, Limits(window_days=30, empty_windows=1))
    assert (opening.asked_from, opening.ended_by, opening.windows) == (asked_from, "first_record_on", windows)


def test_a_kept_listing_is_not_asked_for_again_and_what_was_open_in_it_is_read_again(tmp_path: Path) -> None:
    window = Window(date(2022, 10, 1), date(2023, 9, 30), is_earlier=True)
    listing = (rows(row("1", status_code=9), row("2", status_code=4)), 2)
    attempt = KeptListings(f"{tmp_path}/opening")
    assert attempt.get(window, lambda: listing) == listing
    assert attempt.reread == set()
    later = KeptListings(attempt.folder)
    assert later.get(window, lambda: pytest.fail("it was kept")) == listing
    assert later.reread == {"2"}
    later.remove()
    assert landing.read_listing(f"{attempt.folder}/2022-10-01_2023-09-30.parquet") is None


def released(number: int, received: str, closed: str) -> dict[str, Any]:
    return record(number, received, dossierStatus="done", releaseDate=closed, finishDate=closed)


def outcome(batch_id: str) -> dict[str, str]:
    [batch] = ledger.read_batches([batch_id])
    landed = landing.read_records(batch.landing_uri, batch.manifest_sha256)
    return dict(zip(landed["dossier_id"].to_pylist(), landed["disposition"].to_pylist(), strict=True))


def test_an_opening_takes_what_was_open_on_its_first_day_and_goes_on_where_it_was_stopped(
    site: Site, plan: Plan, resolve: Resolve, tmp_path: Path
) -> None:
    site.dossiers[GROUP] = [
        record(1),
        released(2, "01/03/2023 08:00:00", "02/10/2023 09:00:00"),  # was open on the first day
        released(3, "01/03/2023 08:00:00", "02/03/2023 09:00:00"),
        record(4, "05/05/2022 08:00:00"),
        record(5, "05/05/2012 08:00:00"),  # older than the opening asks: only the list of what is open shows it
    ]
    site.faults = [None, None, *[answers(503)] * 6]
    [batch_id] = plan(is_opening=True)
    assert extract_batches([batch_id], resolve).failed == [batch_id]
    assert len(list((tmp_path / "landing").rglob("opening-*/*.parquet"))) == 1  # the year before October
    before = len(site.lists())
    site.dossiers[GROUP][1]["modifiedDate"] = "03/10/2023 08:00:00"
    assert extract_batches([batch_id], resolve).failed == []
    assert "30/09/2022" not in [asked.get("fromReceiveDate") for asked in site.lists()[before:]]
    assert outcome(batch_id) == {"1": "record", "2": "record", "3": "out_of_window", "4": "record", "5": "record"}
    assert not list((tmp_path / "landing").rglob("opening-*"))
    [manifest] = [landing.read_manifest(batch.landing_uri) for batch in ledger.read_batches([batch_id])]
    assert manifest["opening"] == {"asked_from": "2018-09-27", "ended_by": "nothing_open", "windows": 5}


def test_a_closed_dossier_whose_reception_was_corrected_across_the_edge_is_taken(
    site: Site, plan: Plan, resolve: Resolve
) -> None:
    site.dossiers[GROUP] = [released(1, "30/09/2023 08:00:00", "02/10/2023 09:00:00"), record(2)]
    [batch_id] = plan()
    assert extract_batches([batch_id], resolve).failed == []
    assert outcome(batch_id) == {"1": "record", "2": "record"}
