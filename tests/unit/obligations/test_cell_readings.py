"""How cells are read: the selected obligations, their order, both sides of each bound, and their reasons."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text
from tests.store_world import COMMUNE, DAY, OTHER_COMMUNE, SOURCE, dossier, validated_batch

from motcua import ledger
from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.catalog.cells import CellCode
from motcua.consolidate import consolidate_batches
from motcua.errors import SourceUnavailable
from motcua.obligations import Cell, Facts, cell_of, declare_empty, plan_obligations, read_cells
from motcua.period import reporting_period
from motcua.settings import Settings
from motcua.warehouse import store_engine

OCTOBER, NOVEMBER = (reporting_period("MONTH", 2023, month) for month in (10, 11))
FIRST, LAST, DUE = date(2023, 9, 15), date(2023, 10, 14), date(2023, 10, 16)


@pytest.fixture
def owed(databases: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")
    plan_obligations(date(2023, 9, 1))
    change("update obligation set created_at = '2023-09-01 08:00+07'")


def change(statement: str) -> None:
    with store_engine().begin() as connection:
        connection.execute(text(statement))


def cell(unit_id: str = COMMUNE, today: date = date(2023, 10, 20)) -> Cell:
    (found,) = read_cells(period=OCTOBER, unit_ids=[unit_id], today=today)
    return found


def load(*, until: date = LAST, source_id: str = SOURCE, count: int = 1, aside: int = 0) -> None:
    records = [dossier(f"{source_id}-{number}", dossier_no=None) for number in range(count)]
    batch_id = validated_batch(records, source_id=source_id, quarantined=aside, window=(FIRST, until))
    assert consolidate_batches([batch_id]).loaded == [batch_id]
    build_measures()
    change(f"update batch set loaded_at = '2023-10-15 20:00+07' where batch_id = '{batch_id}'")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(False, ("failed",), declared_in_time=True), "not_expected"),
        (Facts(True, ("missing",), declared_in_time=True), "declared_empty"),
        (Facts(True, ("failed",), declared_in_time=False), "late"),
        (Facts(True, ("received",), True, declared_in_time=False, has_dossiers=True), "received"),
        (Facts(True, ("missing",), declared_in_time=True, has_dossiers=True), "missing"),
        (Facts(True, ("received", "missing", "quarantined", "failed")), "failed"),
        (Facts(True, ("received", "missing", "quarantined")), "quarantined"),
        (Facts(True, ("received", "missing")), "missing"),
        (Facts(True, ("received", "missing"), is_due=False), "awaited"),
        (Facts(True, ("received",), True, is_over=False), "awaited"),
        (Facts(True, ("received",), True, is_over=False, is_suspect=True), "awaited"),
        (Facts(True, ("received",), True, is_suspect=True), "quarantined"),
        (Facts(True, ("received",), True), "received"),
        (Facts(True, ("received",)), "late"),
    ],
)
def test_a_cell_follows_from_the_facts(facts: Facts, expected: CellCode) -> None:
    assert cell_of(facts) == expected


@pytest.mark.usefixtures("owed")
def test_a_cell_identifies_its_obligation() -> None:
    found = cell()
    assert (found.obligation_id, found.report_code, found.unit_id) == (
        f"form-06.{COMMUNE}.RPT_MONTH.2023-10", "form-06", COMMUNE,
    )  # fmt: skip
    assert (found.unit_name, found.kind, found.level) == ("Phường 4", "commune", "commune")
    assert (found.period, found.due_on, found.source_ids) == (OCTOBER, DUE, (SOURCE,))


@pytest.mark.usefixtures("owed")
def test_obligations_are_selected_by_period_report_unit_and_due_day_and_ordered_by_period() -> None:
    plan_obligations(date(2023, 9, 1), since=date(2023, 10, 1))
    every = read_cells(unit_ids=[OTHER_COMMUNE, COMMUNE], today=DAY)
    keys = [(each.period.to_date, each.period.from_date, each.report_code, each.unit_id) for each in every]
    assert keys == sorted(keys)
    assert {each.unit_id for each in every} == {COMMUNE, OTHER_COMMUNE}
    assert len({each.period for each in every}) > 1
    asked = read_cells(report_code="form-06", unit_ids=[COMMUNE], due_between=(DUE, DUE), today=DAY)
    assert [(each.report_code, each.due_on) for each in asked] == [("form-06", DUE)]
    around = (DUE - timedelta(days=1), DUE + timedelta(days=1))
    assert read_cells(report_code="form-06", unit_ids=[COMMUNE], due_between=around, today=DAY) == asked
    assert read_cells(unit_ids=[COMMUNE], due_between=(date(2023, 10, 17), date(2023, 10, 31)), today=DAY) == []
    assert read_cells(unit_ids=[], today=DAY) == []
    assert read_cells(report_code="nowhere", today=DAY) == []


@pytest.mark.usefixtures("owed")
@pytest.mark.parametrize(
    ("today", "expected"),
    [(LAST, "awaited"), (LAST + timedelta(days=1), "received"), (DUE, "received"), (date(2024, 1, 1), "received")],
)
def test_a_period_is_over_the_day_after_its_last(today: date, expected: CellCode) -> None:
    load()
    assert cell(today=today).cell == expected


@pytest.mark.usefixtures("owed")
@pytest.mark.parametrize(("today", "expected"), [(DUE, "awaited"), (DUE + timedelta(days=1), "missing")])
def test_an_unanswered_obligation_is_missing_the_day_after_it_is_due(today: date, expected: CellCode) -> None:
    assert cell(today=today).cell == expected


@pytest.mark.usefixtures("owed")
def test_a_running_period_is_on_track_while_every_day_that_is_over_was_answered_for() -> None:
    today = date(2023, 10, 2)
    assert not cell(today=today).is_on_track
    load(until=date(2023, 10, 1))
    found = cell(today=today)
    assert (found.cell, found.is_on_track, found.reason) == ("awaited", True, "")
    assert not cell(today=today + timedelta(days=1)).is_on_track
    load()
    assert not cell(today=LAST + timedelta(days=1)).is_on_track  # over: it is received now


@pytest.mark.usefixtures("owed")
def test_before_a_period_begins_no_day_is_owed_and_every_unit_is_on_track() -> None:
    found = cell(today=FIRST)
    assert (found.cell, found.is_on_track, found.reason) == ("awaited", True, "")
    assert not cell(today=FIRST + timedelta(days=1)).is_on_track


@pytest.mark.usefixtures("owed")
@pytest.mark.parametrize(("aside", "count", "expected"), [(1, 19, "received"), (1, 18, "quarantined")])
def test_up_to_five_percent_may_be_set_aside(aside: int, count: int, expected: CellCode) -> None:
    load(count=count, aside=aside)
    assert cell().cell == expected


@pytest.mark.usefixtures("owed")
def test_the_reason_names_each_source_that_did_not_answer_and_why() -> None:
    assert cell().reason == f"{SOURCE}: missing"
    catalog = load_catalog(Settings.load().catalog_dir)
    [[batch_id]] = ledger.plan_run(catalog, "failing", LAST, window=(FIRST, LAST), source_ids=[SOURCE])
    ledger.mark_failed(batch_id, "extract", SourceUnavailable("It did not answer.", action="ask again."))
    assert cell().reason == f"{SOURCE}: It did not answer. What to do: ask again."
    load()
    assert (cell().cell, cell().reason) == ("received", "")


@pytest.mark.usefixtures("owed")
def test_the_reason_names_a_declaration_beside_dossiers_and_the_other_obstacles() -> None:
    load(count=2)
    declare_empty(OTHER_COMMUNE, "form-06", OCTOBER, declared_by="UBND", reason="không có")
    change(f"update empty_declaration set obligation_id = 'form-06.{COMMUNE}.RPT_MONTH.2023-10'")
    assert cell().reason == "declared empty, but 2 dossiers were received"
    change("update batch set state = 'failed', error_message = 'gone.'")
    assert cell().reason == f"declared empty, but 2 dossiers were received; {SOURCE}: gone."
    assert cell().cell == "failed"


@pytest.mark.usefixtures("owed")
def test_a_unit_without_a_source_is_not_expected_and_the_reason_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "82:2020")  # Tiền Giang: no commune of it has a source
    plan_obligations(date(2023, 9, 1))
    with store_engine().connect() as connection:
        query = (
            "select unit_id from obligation join unit using (unit_id) where kind = 'commune' and parent_id like '815:%'"
        )
        silent = cell(str(connection.scalars(text(query)).first()))
    assert (silent.cell, silent.reason, silent.source_ids) == ("not_expected", "no source", ())


@pytest.mark.usefixtures("owed")
def test_a_unit_without_a_source_that_declared_and_has_dossiers_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    monkeypatch.setenv("MOTCUA_PROVINCE", "82:2020")  # Tiền Giang: no commune of it has a source
    plan_obligations(date(2023, 9, 1))
    with store_engine().connect() as connection:
        query = (
            "select unit_id from obligation join unit using (unit_id) where kind = 'commune' and parent_id like '815:%'"
        )
        silent = str(connection.scalars(text(query)).first())
    declare_empty(silent, "form-06", OCTOBER, declared_by="UBND", reason="không có")
    change(f"update measure_day set unit_id = '{silent}' where unit_id = '{COMMUNE}'")
    assert (cell(silent).cell, cell(silent).reason) == (
        "missing",
        "declared empty, but 1 dossiers were received; no source",
    )


@pytest.mark.usefixtures("owed")
def test_a_unit_that_the_catalogue_no_longer_has_in_the_period_owes_nothing() -> None:
    change(
        "insert into unit (unit_id, code, kind, level, name, valid_from)"
        " values ('gone:2020', '99', 'commune', 'commune', 'Gone', '2020-01-01')"
    )
    change(f"update obligation set unit_id = 'gone:2020' where unit_id = '{COMMUNE}' and period_label = '2023-10'")
    found = cell("gone:2020")
    assert (found.cell, found.reason) == ("not_expected", "the unit does not exist in this period")
    assert (found.unit_name, found.kind, found.level) == ("gone:2020", "", "")
    change(f"update obligation set unit_id = '{COMMUNE}' where unit_id = 'gone:2020'")
    change(
        "update obligation set from_date = '2025-08-15', to_date = '2025-09-14', due_on = '2025-09-16'"
        f" where unit_id = '{COMMUNE}' and period_label = '2023-10'"
    )
    [found] = read_cells(unit_ids=[COMMUNE], due_between=(date(2025, 9, 16), date(2025, 9, 16)), today=DAY)
    assert (found.cell, found.unit_name) == ("not_expected", "Phường 4")
    assert found.reason == "the unit does not exist in this period"


@pytest.mark.usefixtures("owed")
def test_the_cell_of_a_province_that_has_not_published_says_so() -> None:
    found = cell("84:2020", today=date(2023, 10, 26))
    assert (found.cell, found.reason, found.kind) == ("missing", "not published", "province")
    assert cell("84:2020", today=date(2023, 10, 14)).is_on_track is False


def test_an_hour_is_not_enough_to_make_an_answer_late(owed: None) -> None:
    load()
    for at, expected in (("2023-10-16 23:59:59.9+07", "received"), ("2023-10-17 00:00+07", "late")):
        change(f"update batch set loaded_at = '{at}'")
        assert cell().cell == expected
    assert datetime.fromisoformat("2023-10-16 17:00+00:00") == datetime.fromisoformat("2023-10-17 00:00+07:00")
