"""What each source gave: one cell for a batch, wherever a person looks, and whether it came in time."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook

from motcua import ledger
from motcua.catalog.cells import cell_text
from motcua.obligations import plan_obligations, read_cells
from motcua.period import parse_period
from motcua.publish import publish_edition
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import SOURCES_SHEET, workbook_bytes
from motcua.warehouse import store_engine

OCTOBER = parse_period("RPT_MONTH:2023-10")
WARD_SOURCE, WARD = "tra-vinh.c29236", "29236:2020"


@pytest.mark.parametrize(
    ("state", "code"), [("held", "quarantined"), ("failed", "failed"), ("validated", "missing"), ("loaded", "received")]
)
def test_a_batch_is_one_cell_for_ledger_obligation_edition_page_and_workbook(
    state: str, code: str, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")
    plan_obligations(date(2023, 9, 1))
    days = (OCTOBER.from_date, OCTOBER.to_date)
    store.answer(set(store.sources_of("84:2020")) - {WARD_SOURCE}, days)
    store.answer([WARD_SOURCE], days, state=state)
    store.execute("update batch set loaded_at = '2023-10-15 08:00+07' where state = 'loaded'")
    store.execute("update obligation set created_at = '2023-09-01 08:00+07'")
    with store_engine().connect() as connection:
        [answer] = ledger.completeness([WARD_SOURCE], *days, connection=connection)
    [owed] = read_cells(period=OCTOBER, unit_ids=[WARD], today=date(2023, 11, 1))
    edition = publish_edition("form-06", "84", OCTOBER)
    [told] = [cell for cell in edition.content["cells"] if cell["source_id"] == WARD_SOURCE]
    assert (answer.cell, owed.cell, told["cell"]) == (code, code, code)
    page = BeautifulSoup(page_html(edition), "html.parser")
    shown = page.select_one(f"td[data-source-id='{WARD_SOURCE}']")
    assert shown is not None
    assert (shown["data-cell"], cell_text(code, "vi") in shown.get_text()) == (code, True)
    sheet = load_workbook(io.BytesIO(workbook_bytes(edition)))[SOURCES_SHEET]
    assert [row[4] for row in sheet.iter_rows(values_only=True) if row[1] == WARD_SOURCE] == [cell_text(code, "vi")]


@pytest.mark.parametrize(("loaded_at", "in_time"), [("2023-10-16 23:59:59+07", True), ("2023-10-17 00:00+07", False)])
def test_an_answer_is_in_time_when_every_day_was_loaded_before_the_moment(
    loaded_at: str, in_time: bool, store: Any
) -> None:
    first, middle, last = OCTOBER.from_date, date(2023, 10, 1), OCTOBER.to_date
    store.answer([WARD_SOURCE], (first, middle), quarantined=1)
    store.answer([WARD_SOURCE], (middle, last), quarantined=3)
    store.execute("update batch set loaded_at = '2023-10-15 08:00+07', pulled_count = pulled_count + 1, new_count = 1")
    store.execute("update batch set loaded_at = :at where batch_id like '%night-2'", at=loaded_at)
    due_end = datetime.fromisoformat("2023-10-17T00:00:00+07:00")
    [answer] = ledger.completeness([WARD_SOURCE], first, last, due_end=due_end)
    assert (answer.cell, answer.is_in_time, answer.set_aside_pct) == ("received", in_time, 75.0)
    assert not ledger.completeness([WARD_SOURCE], first, last)[0].is_in_time  # nobody asked
