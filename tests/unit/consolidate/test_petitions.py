"""Petitions become versions like dossiers: accounted for, append-only, set aside by their rules, counted by a view."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.petition_world import CITY, add_source, contributions, drop, emptied, make_catalog, pull, row, take, versions
from tests.store_world import measures

from motcua.aggregate import build_measures
from motcua.catalog.forms import load_form
from motcua.consolidate import consolidate_batches
from motcua.ledger import read_batches
from motcua.period import parse_period
from motcua.publish import publish_edition, read_form, write_files
from motcua.settings import Settings
from motcua.validate import list_quarantine, show_quarantine, validate_batches
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

OCTOBER = parse_period("CAL_MONTH:2023-10")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_catalog(tmp_path_factory.mktemp("petitions") / "catalog")


@pytest.fixture
def folder(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOTCUA_CATALOG", str(shared))
    with emptied(shared) as catalog:
        return add_source(catalog)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"received": "10-02", "received_behaviour": "10-02", "became_overdue": "10-24",
              "unsatisfied_or_late": "10-24"}),
        ({"Hạn xử lý": "09/10/2023", "Ngày xử lý": "10/10/2023", "Loại": "Quy định hành chính", "Hài lòng": "Không"},
         {"received": "10-02", "received_regulation": "10-02", "closed": "10-10", "closed_regulation": "10-10",
          "became_overdue": "10-10", "overdue_cleared": "10-10", "unsatisfied": "10-10",
          "unsatisfied_or_late": "10-10"}),
        ({"Loại": "Việc khác", "Ngày xử lý": "10/10/2023"}, {}),
    ],
    ids=["open, due after 15 working days", "late and unsatisfied", "of a kind that is not counted"],
)  # fmt: skip
def test_a_petition_counts_from_its_file_to_the_view(
    folder: Path, given: dict[str, str], expected: dict[str, str]
) -> None:
    drop(folder, row("1") | given)
    assert take().new_count == 1
    assert contributions() == {measure: f"2023-{day}" for measure, day in expected.items()}


def test_the_same_files_again_change_nothing_and_a_newer_file_adds_a_version(folder: Path) -> None:
    drop(folder, row("1"), row("2"), on=date(2023, 11, 1))
    first = take()
    second = take()
    assert (first.new_count, second.new_count, second.unchanged_count) == (2, 0, 2)
    drop(folder, row("1", Ngày_xử_lý="03/10/2023"), name="2.csv", on=date(2023, 11, 2))
    third = take()
    assert (third.changed_count, third.unchanged_count, third.duplicate_count) == (1, 1, 1)
    assert versions() == [("PAKN-1", None, False), ("PAKN-2", None, True), ("PAKN-1", "2023-10-03", True)]


def test_a_paused_pull_of_petitions_does_not_take_back_what_a_later_one_said(folder: Path) -> None:
    drop(folder, row("1", Hạn_xử_lý="31/10/2023"))
    take()
    paused = pull().batch_id
    drop(folder, row("1", Hạn_xử_lý="31/10/2023", Ngày_xử_lý="10/10/2023"))
    take()
    validate_batches([paused])
    consolidate_batches([paused])
    assert read_batches([paused])[0].stale_count == 1
    assert contributions()["closed"] == "2023-10-10"


def test_another_name_of_the_same_unit_is_no_change(folder: Path) -> None:
    drop(folder, row("1"))
    take()
    drop(folder, row("1", Đơn_vị="H59.21"))
    assert take().unchanged_count == 1


def test_a_version_of_a_petition_cannot_be_rewritten(folder: Path) -> None:
    drop(folder, row("1"))
    take()
    with pytest.raises(DBAPIError, match="petition_version is append-only"), store_engine().begin() as connection:
        connection.execute(text("update petition_version set handled_on = '2023-10-05'"))


def test_every_row_is_accounted_for_and_a_row_that_breaks_a_rule_is_kept_with_the_rule(folder: Path) -> None:
    drop(
        folder,
        row("1"),
        row("2", Ngày_nhận="32/10/2023"),
        row("3", Ngày_xử_lý="01/10/2023"),
        row("4", Loại="Kiểu lạ"),
        row("5", Đơn_vị="Phòng không ai biết"),
        row("6", Mã_PAKN=""),
        row("1"),
        row("7"),
        row("7", Hạn_xử_lý="09/10/2023"),
        row("8"),
    )
    batch = take()
    assert (batch.state, batch.pulled_count, batch.new_count) == ("loaded", 10, 1)
    assert (batch.quarantined_count, batch.duplicate_count, batch.out_of_window_count) == (7, 2, 0)
    found = {entry.record_id: entry for entry in list_quarantine()}
    critical = {
        record_id: {rule.rule_id for rule in entry.broken_rules if rule.severity == "critical"}
        for record_id, entry in found.items()
    }
    assert critical == {
        "PAKN-2": {"P0", "P1"}, "PAKN-3": {"P4"}, "PAKN-4": {"P3"}, "PAKN-5": {"P2"}, None: {"P1"},
        "PAKN-1": {"P0"}, "PAKN-7": {"P0"},
    }  # fmt: skip
    assert {record_id: entry.unit_id for record_id, entry in found.items()} == dict.fromkeys(found, "842:2020") | {
        "PAKN-5": None
    }
    shown = show_quarantine(found[None].quarantine_id)
    assert (shown.record_kind, shown.record["place"]) == ("petition", "1.csv row 7")
    with store_engine().connect() as connection:
        checked = connection.execute(text("select sum(checked_count), sum(failed_count) from rule_finding")).one()
    assert checked == (8 * 7, 9)


def test_a_petition_corrected_in_its_file_leaves_the_quarantine(folder: Path) -> None:
    drop(folder, row("1", Ngày_nhận="32/10/2023"), row("2", Mã_PAKN=""))
    take()
    assert [entry.record_id for entry in list_quarantine()] == [None, "PAKN-1"]
    drop(folder, row("1"), row("2"))
    take()
    assert list_quarantine() == []
    assert {entry.record_id: entry.status for entry in list_quarantine(only_open=False)} == {
        None: "superseded",
        "PAKN-1": "accepted",
    }


def test_an_unreadable_row_of_the_newest_file_is_set_aside_and_the_store_keeps_its_version(folder: Path) -> None:
    drop(folder, row("1"), on=date(2023, 11, 1))
    take()
    drop(folder, row("1", Ngày_xử_lý="ba mươi"), name="2.csv", on=date(2023, 11, 2))
    assert take().quarantined_count == 1
    assert versions() == [("PAKN-1", None, True)]


def test_a_file_with_mostly_broken_rows_is_held_as_a_whole(folder: Path) -> None:
    drop(folder, *(row(str(n), Ngày_nhận="02/10/2023" if n < 9 else "x") for n in range(20)))
    batch = take()
    assert (batch.state, batch.error_kind) == ("held", "BatchHeld")
    assert versions() == []


def test_measures_of_dossiers_do_not_wait_for_petitions(folder: Path) -> None:
    drop(folder, row("1"))
    take()
    assert build_measures() == []
    assert measures() == {}
    with store_engine().connect() as connection:
        assert connection.scalar(text("select measured_at is not null from batch"))


def test_where_nobody_was_asked_for_petitions_no_figure_is_printed(folder: Path) -> None:
    every = frozenset(load_form(Settings.load().catalog_dir, "petitions", OCTOBER.to_date).column_codes)
    drop(folder, row("1"))
    assert read_form("petitions", CITY, OCTOBER).total.unknown == every  # its source has not answered
    take()
    assert read_form("petitions", CITY, OCTOBER).total.unknown == frozenset()
    assert read_form("petitions", "29236:2020", OCTOBER).total.unknown == frozenset()  # the city's source speaks for it
    silent = read_form("petitions", "844:2020", OCTOBER)
    assert (silent.total.unknown, silent.rows) == (every, ())
    assert [one.unit_id for one in read_form("petitions", "84", OCTOBER).rows][:2] == [CITY, "29236:2020"]


def test_a_province_that_tells_of_all_below_it_has_no_row_of_its_own(folder: Path) -> None:
    add_source(folder.parent, "province.petitions", "84:2020")
    rows = [one.unit_id for one in read_form("petitions", "84", OCTOBER).rows]
    assert {"844:2020", CITY} <= {*rows}
    assert "84:2020" not in rows


def test_the_form_counts_petitions_by_unit_and_its_identities_hold(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_REPORTS", str(tmp_path))
    drop(
        folder,
        row("1", Ngày_nhận="20/09/2023", Hạn_xử_lý="05/10/2023", Ngày_xử_lý="09/10/2023"),
        row("2", Hạn_xử_lý="09/10/2023", Ngày_xử_lý="09/10/2023", Loại="Quy định hành chính"),
        row("3", Hạn_xử_lý="09/10/2023"),
        row("4", Hạn_xử_lý="31/10/2023"),
        row("5", Ngày_nhận="20/09/2023", Ngày_xử_lý="29/09/2023"),
    )
    assert take().quarantined_count == 0
    reading = read_form("petitions", "84", OCTOBER)
    assert dict(reading.total.figures) == {
        "received_total": 4, "new_behaviour": 2, "new_regulation": 1, "carried_behaviour": 1, "carried_regulation": 0,
        "handled_total": 2, "handled_on_time": 1, "handled_late": 1, "published": 0,
        "open_total": 2, "open_in_time": 1, "open_overdue": 1, "unsatisfied": 0,
    }  # fmt: skip
    assert reading.total.percentages == {"on_time_pct": "50.00"}
    paths = write_files(publish_edition("petitions", "84", OCTOBER))
    assert [path.suffix for path in paths] == [".xlsx", ".html", ".json"]
