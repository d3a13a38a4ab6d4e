"""Dropped files over several pulls: a book not saved again, an older file put back, rows that nothing puts in order."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from tests import petition_world
from tests.unit.extract.test_missing import accept_as_it_is
from tests.unit.extract.test_register import OCTOBER, REGISTER, make_catalog, pull, unmet
from tests.unit.extract.test_replay import replay

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.cli.ingest import tell_warnings
from motcua.consolidate import consolidate_batches
from motcua.extract import extract_batches
from motcua.extract.older_files import gone_back
from motcua.extract.onboarding.check import SourceCheck, check_source
from motcua.extract.records.mapping import load_mapping
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.extract.wire.drop_order import Drop
from motcua.landing import read_manifest
from motcua.period import period_between
from motcua.publish import publish_edition
from motcua.settings import Settings
from motcua.validate import validate_batches
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

HEAD, FIRST, *_ = REGISTER.splitlines(keepends=True)
LATE = "H59.11-231001-0003,Đăng ký kết hôn,Trực tuyến,03/10/2023,06/10/2023,09/10/2023,Đã trả kết quả\n"
STILL_OPEN = LATE.replace("09/10/2023,Đã trả kết quả", ",Đang xử lý")
OTHER = "H59.11-231001-0007,Đăng ký khai tử,Trực tiếp,16/10/2023,20/10/2023,,Đang xử lý\n"


def drop(folder: Path, name: str, day: str, *rows: str) -> None:
    path = folder / name
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    saved_at = datetime.fromisoformat(f"{day}T05:00:00+00:00").timestamp()
    os.utime(path, (saved_at, saved_at))


@pytest.fixture
def drops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    register = make_catalog("register", REGISTER, tmp_path, monkeypatch)
    register.unlink()
    return register.parent


def says(drops: Path, file: str, before: str, after: str) -> None:
    path = drops.parent / file
    said = path.read_text(encoding="utf-8")
    assert before in said
    path.write_text(said.replace(before, after), encoding="utf-8")
    load_catalog.cache_clear()
    load_mapping.cache_clear()


def october() -> tuple[str, list[str]]:
    edition = publish_edition("form-06", "plain", period_between(*OCTOBER))
    return edition.completeness, unmet(edition)


def statuses() -> dict[str, int]:
    sql = "select right(dossier_id, 4), status_code from dossier_version where known_to is null and not is_deleted"
    with store_engine().connect() as connection:
        return {row[0]: row[1] for row in connection.execute(text(sql))}


def grounds() -> list[tuple[str, ...]]:
    with store_engine().connect() as connection:
        aside = ledger.dossiers_set_aside(["plain"], ["plain.x"], *OCTOBER, connection=connection)
    return [one.grounds for one in aside]


def check() -> SourceCheck:
    catalog = load_catalog(Settings.load().catalog_dir)
    return check_source(catalog.source_by_id["plain.x"], NO_CONNECTION, *OCTOBER, catalog)


def landed(window: tuple[date, date] = OCTOBER, *, accept_changes: bool = False) -> ledger.Batch:
    catalog = load_catalog(Settings.load().catalog_dir)
    [[batch_id]] = ledger.plan_run(catalog, f"run-{uuid4()}", window[1], window=window, accept_changes=accept_changes)
    extract_batches([batch_id], lambda _: NO_CONNECTION)
    return ledger.read_batches([batch_id])[0]


def test_a_dossier_in_two_rows_that_differ_is_no_figure_until_the_office_corrects_its_file(drops: Path) -> None:
    drop(drops, "so.csv", "2023-11-10", STILL_OPEN, OTHER, LATE)
    batch = pull()
    assert (batch.state, batch.pulled_count, batch.duplicate_count, batch.quarantined_count) == ("loaded", 3, 1, 1)
    assert statuses() == {"0007": 4}
    [why] = grounds()
    assert {"V0 status_code", "V0 returned_at"} < {*why}
    completeness, missing = october()
    assert (completeness, {"nothing_set_aside", "everything_read"} <= {*missing}) == ("provisional", True)
    drop(drops, "so.csv", "2023-11-11", OTHER, LATE)
    assert pull().quarantined_count == 0
    assert statuses() == {"0003": 10, "0007": 4}
    assert october() == ("final", [])


def test_a_replay_takes_the_later_row_once_the_mapping_says_that_it_counts(drops: Path) -> None:
    drop(drops, "so.csv", "2023-11-10", STILL_OPEN, OTHER, LATE)
    pull()
    assert [batch.quarantined_count for batch in replay()] == [1]  # it stands beside its other row again
    says(drops, "mappings/plain.yaml", "covers: register", "covers: register\nrepeats: later_row")
    [batch] = replay()
    assert (batch.quarantined_count, batch.duplicate_count, batch.new_count) == (0, 1, 1)
    assert statuses() == {"0003": 10, "0007": 4}


def test_a_row_that_stands_twice_is_no_figure_until_a_later_drop_is_without_it(drops: Path) -> None:
    drop(drops, "so.csv", "2023-11-10", LATE, OTHER, LATE)
    batch = pull()
    assert (batch.state, batch.duplicate_count, batch.quarantined_count) == ("loaded", 1, 1)
    assert (grounds(), statuses()) == ([("V0 dossier_id",)], {"0007": 4})
    completeness, missing = october()
    assert (completeness, {"nothing_set_aside", "everything_read"} <= {*missing}) == ("provisional", True)
    [found] = [one for one in check().key_findings_of_rows if "say the same" in one]
    assert "1 numbers stand in several rows of one file" in found
    assert "H59.11-231001-0003. They would be set aside" in found
    drop(drops, "so (1).csv", "2023-11-11", LATE, OTHER)  # the first stays in the folder
    assert pull().quarantined_count == 0
    assert (grounds(), statuses()) == ([], {"0003": 10, "0007": 4})
    assert october() == ("final", [])


def test_a_replay_takes_a_row_that_stands_twice_once_the_mapping_says_that_the_later_counts(drops: Path) -> None:
    drop(drops, "so.csv", "2023-11-10", LATE, OTHER, LATE)
    pull()
    assert [batch.quarantined_count for batch in replay()] == [1]
    says(drops, "mappings/plain.yaml", "covers: register", "covers: register\nrepeats: later_row")
    [batch] = replay()
    assert (batch.quarantined_count, batch.duplicate_count, batch.new_count) == (0, 1, 1)
    assert (grounds(), statuses()) == ([], {"0003": 10, "0007": 4})
    assert not [one for one in check().key_findings_of_rows if "say the same" in one]


def test_a_book_that_was_not_saved_again_ends_what_the_source_is_known_for(
    drops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drop(drops, "chung-thuc.csv", "2023-11-10", LATE)
    drop(drops, "bo sung.csv", "2023-10-06", OTHER)
    batch = landed()
    assert batch.window_to == date(2023, 10, 5)
    [warning] = read_manifest(batch.landing_uri)["warnings"]
    assert warning.startswith("bo sung.csv was last saved on 2023-10-06, other files on 2023-11-10")
    tell_warnings([replace(batch, state="loaded")])
    assert f"plain.x: {warning}".split() == capsys.readouterr().err.split()
    late = landed((date(2023, 11, 1), date(2023, 11, 9)))
    assert "bo sung.csv was dropped on 2023-10-06" in str(late.error_message)
    says(drops, "sources/plain.yaml", '"drops/*"', '"drops/*", once: ["Bổ sung*", "bo sung*"]')
    batch = landed()
    assert (batch.window_to, read_manifest(batch.landing_uri)["warnings"]) == (OCTOBER[1], [])


def test_what_stands_open_in_a_file_that_is_never_saved_again_is_not_known_until_another_file_shows_it(
    drops: Path,
) -> None:
    says(drops, "sources/plain.yaml", '"drops/*"', '"drops/*", once: ["bo sung*"]')
    drop(drops, "chung-thuc.csv", "2023-11-10", LATE)
    drop(drops, "bo sung.csv", "2023-10-06", OTHER)
    pull()
    assert statuses() == {"0003": 10}
    [why] = grounds()
    assert "V0 status_code" in why
    assert october()[0] == "provisional"
    drop(drops, "chung-thuc.csv", "2023-11-11", LATE, OTHER)  # it says the same, and is saved again
    assert pull().quarantined_count == 0
    assert (statuses(), october()) == ({"0003": 10, "0007": 4}, ("final", []))


@pytest.mark.parametrize(
    ("older", "newer"), [("quyển 2.csv", "quyển 1.csv"), ("T9-2023.csv", "T10-2023.csv"), ("so.csv", "so (1).csv")]
)
def test_what_stands_open_in_the_older_file_of_a_book_alone_is_not_known(drops: Path, older: str, newer: str) -> None:
    drop(drops, older, "2023-11-06", OTHER)
    drop(drops, newer, "2023-11-06", LATE)  # of the same day: both say how it stands
    pull()
    assert (statuses(), october()) == ({"0003": 10, "0007": 4}, ("final", []))
    drop(drops, newer, "2023-11-10", LATE)
    assert pull().quarantined_count == 1
    [why] = grounds()
    assert "V0 status_code" in why
    assert october()[1] == ["everything_read", "nothing_set_aside"]
    drop(drops, newer, "2023-11-11", LATE, OTHER)  # carried over, still open
    assert pull().quarantined_count == 0
    assert (statuses(), october()[0]) == ({"0003": 10, "0007": 4}, "final")


CLOSED = [LATE.replace("0003,", f"{number:04},") for number in range(31, 35)]
WRONG, RIGHT = (LATE.replace("0003,", f"{number:04},") for number in (47, 74))


@pytest.mark.parametrize(
    ("older", "newer", "is_copy"),
    [
        ("so.csv", "so (1).csv", True),
        ("so 1.csv", "so 2.csv", True),
        ("so 09-11-2023.csv", "so 10-11-2023.csv", True),
        ("so 31-10-2023.csv", "so 01-11-2023.csv", True),  # of two months, but of a day each
        ("so T9-2023.csv", "so T10-2023.csv", False),  # a month carried over
        ("so.csv", "ho tich.csv", False),
    ],
)
def test_what_a_newer_copy_of_a_file_lacks_is_not_known(drops: Path, older: str, newer: str, is_copy: bool) -> None:
    drop(drops, older, "2023-11-09", *CLOSED, WRONG)
    drop(drops, newer, "2023-11-10", *CLOSED, RIGHT)
    batch = pull()
    assert (batch.quarantined_count, "0047" in statuses()) == ((1, False) if is_copy else (0, True))
    assert (october()[0] == "final") == (not is_copy)
    if is_copy:
        (drops / older).unlink()
        accept_as_it_is()
        assert (statuses().keys() & {"0047", "0074"}, october()[0]) == ({"0074"}, "final")


def test_two_files_of_which_the_newer_repeats_no_more_than_half_are_no_copies(drops: Path) -> None:
    drop(drops, "so 1.csv", "2023-11-09", *CLOSED)
    drop(drops, "so 2.csv", "2023-11-10", *CLOSED[:2], RIGHT)
    assert pull().quarantined_count == 0
    drop(drops, "so 2.csv", "2023-11-11", *CLOSED[:3], RIGHT)
    assert pull().quarantined_count == 1


def test_an_older_file_that_is_put_back_is_held_until_a_person_accepts_it(drops: Path) -> None:
    drop(drops, "so.csv", "2023-11-10", LATE)
    first = pull()
    drop(drops, "so.csv", "2023-10-05", STILL_OPEN)
    held = landed()
    assert held.state == "held"
    told = f"so.csv was saved 2023-10-05 at 12:00:00; the pull of {first.batch_id} read it as saved 2023-11-10"
    assert told in str(held.error_message)
    assert "motcua ingest --source plain.x --accept-changes" in str(held.error_message)
    assert statuses() == {"0003": 10}
    accepted = landed(accept_changes=True)
    validate_batches([accepted.batch_id])
    consolidate_batches([accepted.batch_id])
    assert statuses() == {"0003": 4}
    assert landed().state == "extracted"  # compared with the pull that was accepted


def test_an_older_file_of_petitions_is_held_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = petition_world.make_catalog(tmp_path / "catalog")
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog))
    folder = petition_world.add_source(catalog)
    petition_world.drop(folder, petition_world.row("1", Ngày_xử_lý="03/10/2023"), on=date(2023, 11, 10))
    petition_world.drop(folder, petition_world.row("2"), name="cu.csv", on=date(2023, 11, 2))
    batch = petition_world.take()
    assert (batch.state, batch.window_to) == ("loaded", date(2023, 10, 31))
    assert "cu.csv was last saved on 2023-11-02" in read_manifest(batch.landing_uri)["warnings"][0]
    petition_world.drop(folder, petition_world.row("1"), on=date(2023, 11, 3))
    held = petition_world.pull()
    assert (held.state, "motcua petitions ingest" in str(held.error_message)) == ("held", True)


def saved(file: str, day: int) -> Drop:
    return Drop(file, datetime(2023, 11, day, tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ([saved("so.csv", 10), saved("ho-tich T9.csv", 10)], []),
        ([saved("so (1).csv", 10), saved("ho-tich T10.csv", 12)], []),  # each series goes on
        ([saved("so.csv", 10), saved("ho-tich T9.csv", 10), saved("moi.csv", 1)], []),
        ([saved("so.csv", 10)], ["ho-tich T9.csv is gone; the pull of b read it"]),
        ([saved("ho-tich T9.csv", 10), saved("so cu.csv", 1)], ["so.csv is gone; the pull of b read it"]),
        (
            [saved("so 2.csv", 9), saved("ho-tich T9.csv", 11)],
            ["so 2.csv was saved 2023-11-09 at 07:00:00; the pull of b read so.csv"],
        ),
    ],
)
def test_a_series_that_is_older_or_gone_is_named(now: list[Drop], told: list[str]) -> None:
    before = [saved("so.csv", 10), saved("ho-tich T9.csv", 10)]
    assert [one.rpartition(" as saved")[0] for one in gone_back(before, now, "b")] == told


def test_a_source_of_changes_need_not_keep_what_it_sent() -> None:
    before = [saved("so.csv", 10)]
    assert gone_back(before, [saved("moi.csv", 11)], "b", lists_all=False) == []
    assert len(gone_back(before, [saved("so.csv", 9)], "b", lists_all=False)) == 1
