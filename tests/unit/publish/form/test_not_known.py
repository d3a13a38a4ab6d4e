"""What is not known of the time before a period is a dash in every place, and keeps an edition from being final."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook
from tests.measured_world import Store
from typer.testing import CliRunner

from motcua.cli.app import app
from motcua.errors import ReportRefused
from motcua.ledger import openings_unknown
from motcua.period import period_between
from motcua.publish import publish_edition, read_form
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import workbook_bytes
from motcua.warehouse import store_engine

OCTOBER = period_between(date(2023, 10, 1), date(2023, 10, 31))
WARD, OTHER = "29236:2020", "29239:2020"
KNOWN = {"received_online", "received_direct"}


@pytest.fixture
def unopened(store: Store) -> Store:
    """Trà Vinh in October 2023: of one ward it is not known what was open on the first."""
    sources = store.sources_of("84:2020")
    store.answer([one for one in sources if one != "tra-vinh.c29236"])
    store.answer(["tra-vinh.c29236"], is_opening=False)
    for unit_id in (WARD, OTHER):
        store.measure(unit_id, date(2023, 10, 3), "received_direct", 11)
        store.measure(unit_id, date(2023, 9, 4), "received_direct", 3)
    return store


def test_a_column_that_needs_the_opening_is_not_known_of_the_unit_its_level_and_the_total(unopened: Store) -> None:
    form = read_form("form-06", "84", OCTOBER, "unit")
    rows = {row.unit_id: row for row in form.rows}
    assert set(rows[WARD].told) == set(form.total.told) == KNOWN
    assert rows[OTHER].told["carried_over"] == 3
    assert not rows[OTHER].unknown
    levels = {row.level: row for row in read_form("form-06", "84", OCTOBER, "level").rows}
    assert set(levels["commune"].told) == KNOWN
    assert levels["district"].told["carried_over"] == 0
    document = form.as_json()
    assert document["not_known"]["unit_ids"] == [WARD]
    assert set(document["not_known"]["columns"]) == set(form.total.figures) - KNOWN
    assert (document["total"]["carried_over"], document["total"]["received_direct"]) == (None, 22)


def test_such_an_edition_is_not_final_and_says_why_on_the_page_and_in_the_workbook(unopened: Store) -> None:
    edition = publish_edition("form-06", "84", OCTOBER)
    assert edition.completeness == "provisional"
    with pytest.raises(ReportRefused, match=r"tra-vinh\.c29236 .*: opening not known"):
        publish_edition("form-06", "84", OCTOBER, completeness="final")
    page = BeautifulSoup(page_html(edition), "html.parser")
    of_ward = {
        str(cell["data-column-code"]): cell.get_text()
        for cell in page.select(f'[data-table=unit][data-unit-id="{WARD}"]')
    }
    assert {code for code, shown in of_ward.items() if shown == "–"} == set(of_ward) - KNOWN
    assert of_ward["received_online"].startswith("0")  # what is known to be 0 is 0
    assert "1/" in page.select("p.counted")[-1].get_text()
    assert "which is not 0: of 1/" in page.get_text()
    sheet = load_workbook(io.BytesIO(workbook_bytes(edition))).worksheets[0]
    [row] = [row for row in sheet.iter_rows(values_only=True) if row[-1] == "29236"]
    assert "chưa biết số tồn đầu kỳ" in row[1]
    assert row[2:13] == ("–", 0, 11, *["–"] * 8)
    unopened.answer(["tra-vinh.c29236"])
    assert publish_edition("form-06", "84", OCTOBER).completeness == "final"


def test_the_terminal_shows_a_dash_with_its_reason(unopened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motcua.cli.reports.ready_databases", lambda: None)
    monkeypatch.setenv("COLUMNS", "200")
    days = ["--from", "2023-10-01", "--to", "2023-10-31", "--lang", "en"]
    shown = CliRunner().invoke(app, ["report", "form-06", "--unit", WARD, *days]).output
    assert "is not known, which is not 0" in shown


@pytest.mark.parametrize("unit", ["84", "29236"])
def test_an_empty_store_prints_no_zeros_and_publishes_nothing(store: Store, unit: str) -> None:
    form = read_form("form-06", unit, OCTOBER)
    assert [row.told for row in (*form.rows, form.total)] == [{}] * (len(form.rows) + 1)
    assert set(form.as_json()["total"].values()) <= {None, "total", "Tổng số"}
    with pytest.raises(ReportRefused, match="no source of it has answered"):
        publish_edition("form-06", unit, OCTOBER)


def test_a_unit_without_a_source_prints_no_zeros_and_publishes_nothing(store: Store) -> None:
    told: set[Any] = {source.unit_id for source in store.catalog.sources}
    [unit, *_] = [
        one
        for one in store.catalog.units
        if one.level == "commune" and one.unit_id not in told and one.overlaps(OCTOBER)
    ]
    assert read_form("form-06", unit.unit_id, OCTOBER).total.told == {}
    with pytest.raises(ReportRefused, match="no source speaks for it"):
        publish_edition("form-06", unit.unit_id, OCTOBER)


@pytest.mark.parametrize(
    ("begun", "is_unknown"),
    [(None, False), (date(2023, 9, 30), False), (date(2023, 10, 1), False), (date(2023, 10, 2), True)],
)
def test_a_system_whose_first_record_comes_after_the_first_day_tells_no_opening(
    store: Store, begun: date | None, is_unknown: bool
) -> None:
    source = "tra-vinh.c29236"
    store.answer([source])
    days = {source: (date(2023, 10, 1), date(2023, 10, 31))}
    with store_engine().connect() as connection:
        found = openings_unknown(days, {source: begun}, connection=connection)
    assert found == (frozenset({source}) if is_unknown else frozenset())
