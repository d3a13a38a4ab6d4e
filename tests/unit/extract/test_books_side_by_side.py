"""Two books of one series that are written at the same time and saved on different days: never final too early."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests import petition_world
from tests.unit.extract.test_older_files import LATE, check, drop, grounds, landed, october, says, statuses
from tests.unit.extract.test_older_files import drops as drops
from tests.unit.extract.test_register import OCTOBER, pull
from tests.unit.extract.test_replay import replay

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.extract import extract_batches
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.landing import read_manifest
from motcua.settings import Settings

pytestmark = pytest.mark.usefixtures("databases")

WHY = (
    "quyển 2.csv was last saved on 2023-10-06, other files on 2023-11-10: the source is known until the day before the"
    " first. It is taken for a book of its own: its receptions 2023-10-01 to 2023-10-04 lie among those of quyển 1.csv,"
    " saved later (2023-10-01 to 2023-10-09)."
)


def closed(prefix: int, *days: int) -> list[str]:
    """Dossiers received in October and closed on the same day."""
    one_day = [(day, f"{day:02}/10/2023") for day in days]
    return [
        LATE.replace("0003,", f"{prefix}{day:02},").replace("03/10/2023,06/10/2023,09/10/2023", f"{on},31/10/2023,{on}")
        for day, on in one_day
    ]


BOOK, OTHER_EARLY, OTHER = closed(10, *range(1, 10)), closed(20, 1, 2, 3, 4), closed(20, *range(1, 8))


def test_a_book_beside_another_is_known_until_it_was_saved_though_nothing_is_open_in_it(drops: Path) -> None:
    drop(drops, "quyển 1.csv", "2023-11-10", *BOOK)
    drop(drops, "quyển 2.csv", "2023-10-06", *OTHER_EARLY)
    batch = pull()
    assert (batch.state, batch.quarantined_count, batch.window_to) == ("loaded", 0, date(2023, 10, 5))
    [warning] = read_manifest(batch.landing_uri)["warnings"]
    assert warning.startswith(WHY)
    assert "save it again, then ingest the source again; if it never will, name it under once in options" in warning
    assert check().warnings == [warning]
    assert october() == ("provisional", ["sources_answered"])
    drop(drops, "quyển 2.csv", "2023-11-10", *OTHER)
    batch = pull()
    assert (batch.window_to, batch.new_count, read_manifest(batch.landing_uri)["warnings"]) == (OCTOBER[1], 3, [])
    assert (len(statuses()), october()) == (16, ("final", []))


def test_days_after_a_book_was_saved_are_refused_with_its_name_and_why(drops: Path) -> None:
    drop(drops, "quyển 1.csv", "2023-11-10", *BOOK)
    drop(drops, "quyển 2.csv", "2023-10-06", *OTHER_EARLY)
    refused = str(landed((date(2023, 11, 1), date(2023, 11, 9))).error_message)
    assert "quyển 2.csv was dropped on 2023-10-06, so nothing is known of the days from 2023-11-01 on." in refused
    assert "It is taken for a book of its own: its receptions 2023-10-01 to 2023-10-04 lie among those of" in refused
    assert "options.once" in refused


def test_a_book_that_is_never_saved_again_holds_nothing_back_once_the_entry_says_so(drops: Path) -> None:
    says(drops, "sources/plain.yaml", '"drops/*"', '"drops/*", once: ["quyển 2*"]')
    drop(drops, "quyển 1.csv", "2023-11-10", *BOOK)
    drop(drops, "quyển 2.csv", "2023-10-06", *OTHER_EARLY)
    batch = pull()
    assert (batch.window_to, read_manifest(batch.landing_uri)["warnings"]) == (OCTOBER[1], [])
    assert october() == ("final", [])


def test_a_book_that_goes_on_in_the_next_holds_nothing_back(drops: Path) -> None:
    drop(drops, "quyển 1.csv", "2023-10-10", *BOOK)
    drop(drops, "quyển 2.csv", "2023-11-10", *closed(20, 9, 20, 30))
    batch = pull()
    assert (batch.window_to, read_manifest(batch.landing_uri)["warnings"]) == (OCTOBER[1], [])
    assert october() == ("final", [])


def test_a_book_that_goes_on_after_days_that_nothing_tells_of_is_known_until_it_was_saved(drops: Path) -> None:
    drop(drops, "quyển 1.csv", "2023-10-06", *OTHER_EARLY)
    drop(drops, "quyển 2.csv", "2023-11-10", *closed(10, 20, 23, 30))
    batch = pull()
    assert (batch.state, batch.window_to) == ("loaded", date(2023, 10, 5))
    [warning] = read_manifest(batch.landing_uri)["warnings"]
    assert "nothing tells what it received from 2023-10-07 to 2023-10-19, after it was saved" in warning
    assert "save it again, then ingest the source again; if it never will, name it under once in options" in warning
    assert october() == ("provisional", ["sources_answered"])
    drop(drops, "quyển 1.csv", "2023-10-19", *OTHER_EARLY)
    batch = pull()
    assert (batch.window_to, read_manifest(batch.landing_uri)["warnings"]) == (OCTOBER[1], [])
    assert october() == ("final", [])


def test_a_gap_ends_once_the_entry_says_that_the_book_is_never_saved_again(drops: Path) -> None:
    says(drops, "sources/plain.yaml", '"drops/*"', '"drops/*", once: ["quyển 1*"]')
    drop(drops, "quyển 1.csv", "2023-10-06", *OTHER_EARLY)
    drop(drops, "quyển 2.csv", "2023-11-10", *closed(10, 20, 23, 30))
    assert pull().window_to == OCTOBER[1]
    assert october() == ("final", [])


def test_a_number_of_two_books_is_no_figure_also_when_it_is_read_again(drops: Path) -> None:
    """Received on one day, so that the guard of keys that come back with other content says nothing of it."""
    book = [row.replace("H59.11-231001-10", "A") for row in closed(10, 1, 2, 3, 4)]
    other = [row.replace("H59.11-231001-10", "B") for row in closed(10, 2, 3, 5)]
    other[0] = other[0].replace("B02", "A02").replace("02/10/2023,Đã trả kết quả", ",Đang xử lý")
    drop(drops, "quyển 1.csv", "2023-11-10", *book)
    drop(drops, "quyển 2.csv", "2023-11-11", *other)
    batch = pull()
    assert (batch.state, batch.duplicate_count, batch.quarantined_count) == ("loaded", 1, 1)
    [why] = grounds()
    assert {"V0 status_code", "V0 returned_at"} <= {*why}
    assert (len(statuses()), october()[0]) == (5, "provisional")
    assert [batch.quarantined_count for batch in replay()] == [1]
    assert (len(statuses()), october()[0]) == (5, "provisional")


def test_a_replay_of_a_pull_with_a_book_beside_another_makes_nothing_final(drops: Path) -> None:
    drop(drops, "quyển 1.csv", "2023-11-10", *BOOK)
    drop(drops, "quyển 2.csv", "2023-10-06", *OTHER_EARLY)
    pull()
    says(drops, "mappings/plain.yaml", '"Trực tuyến": 2', '"Trực tuyến": 2, "Bưu điện": 3')
    assert [batch.state for batch in replay()] == ["loaded"]
    assert october() == ("provisional", ["sources_answered"])


def test_a_book_that_is_taken_away_makes_nothing_final(drops: Path) -> None:
    drop(drops, "quyển 1.csv", "2023-11-10", *BOOK)
    drop(drops, "quyển 2.csv", "2023-10-06", *OTHER_EARLY)
    pull()
    (drops / "quyển 2.csv").unlink()
    pull()
    assert october() == ("provisional", ["nothing_missing"])


def test_a_book_of_another_name_needs_no_reason(drops: Path) -> None:
    drop(drops, "quyển 1.csv", "2023-11-10", *BOOK)
    drop(drops, "chứng thực.csv", "2023-11-09", *OTHER)
    [warning] = read_manifest(landed().landing_uri)["warnings"]
    assert warning.startswith("chứng thực.csv was last saved on 2023-11-09")
    assert "of its own" not in warning


def test_books_of_petitions_are_told_apart_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = petition_world.make_catalog(tmp_path / "catalog")
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog))
    folder = petition_world.add_source(catalog)

    def rows(book: str, days: range) -> list[dict[str, str]]:
        return [petition_world.row(f"{book}{day}", Ngày_nhận=f"{day:02}/10/2023") for day in days]

    petition_world.drop(folder, *rows("a", range(1, 10)), name="quyển 1.csv", on=date(2023, 11, 10))
    petition_world.drop(folder, *rows("b", range(1, 5)), name="quyển 2.csv", on=date(2023, 10, 6))
    batch = petition_world.take()
    assert (batch.state, batch.window_to) == ("loaded", date(2023, 10, 5))
    [warning] = read_manifest(batch.landing_uri)["warnings"]
    assert warning.startswith(WHY)
    november = (date(2023, 11, 1), date(2023, 11, 9))
    [[batch_id]] = ledger.plan_run(
        load_catalog(Settings.load().catalog_dir), "november", november[1], window=november, record_kind="petition"
    )
    extract_batches([batch_id], lambda _: NO_CONNECTION)
    [refused] = ledger.read_batches([batch_id])
    assert "quyển 2.csv was dropped on 2023-10-06" in str(refused.error_message)
    assert "its receptions 2023-10-01 to 2023-10-04 lie among those of quyển 1.csv" in str(refused.error_message)
    petition_world.drop(folder, *rows("b", range(1, 8)), name="quyển 2.csv", on=date(2023, 11, 2))
    batch = petition_world.take()
    assert (batch.state, batch.window_to) == ("loaded", date(2023, 10, 31))
