"""An edition across a reform holds the restated series and each part as it was, and stays an edition like any other."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.measured_world import Store
from tests.reform_world import (
    CENTRE,
    EVE,
    NEW_SOURCES,
    NEW_WARD,
    OLD_SOURCES,
    REFORM,
    WARD_1,
    WARD_4,
)

from motcua.period import day_period, parse_period, period_between
from motcua.publish import list_editions, publish_edition, read_form, verify_edition, write_files
from motcua.publish.edition.content import table_rows
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import workbook_bytes

JULY = parse_period("RPT_MONTH:2025-07")
TODAY = date(2025, 7, 20)


@pytest.fixture
def answered(reform: Store) -> Store:
    reform.answer(OLD_SOURCES.values(), (date(2025, 5, 1), EVE))
    reform.answer(NEW_SOURCES.values(), (REFORM, date(2025, 7, 19)))
    return reform


def test_it_holds_the_restated_series_and_each_part_on_its_own_map(answered: Store) -> None:
    edition = publish_edition("form-06", "86", JULY, today=TODAY)
    assert (edition.completeness, edition.map_code) == ("final", "")
    content = edition.content
    assert [part["to"] for part in content["maps"]["parts"]] == ["2025-06-30", "2025-07-14"]
    assert {row["unit_id"] for row in table_rows(content, "unit")} >= {NEW_WARD}
    assert {row["unit_id"] for row in table_rows(content, "unit@1")} >= {WARD_4, WARD_1, CENTRE}
    (total,), (one,), (two,) = (table_rows(content, code) for code in ("total", "total@1", "total@2"))
    assert one["figures"]["open_total"] == two["figures"]["carried_over"]
    for flow in ("received_online", "received_direct", "resolved_total"):
        assert total["figures"][flow] == one["figures"][flow] + two["figures"][flow]
    assert verify_edition(edition.edition_id).is_sound
    assert verify_edition(edition.edition_id).figure_count > 3 * 11


@pytest.mark.parametrize(
    "label", ["RPT_QUARTER:2025-Q3", "RPT_H2:2025", "RPT_9M:2025", "RPT_YEAR:2025", "CAL_YEAR:2025"]
)
def test_every_straddling_period_has_its_two_parts(answered: Store, label: str) -> None:
    period = parse_period(label)
    edition = publish_edition("form-06", "86", period, today=date(2026, 2, 1))
    parts = edition.content["maps"]["parts"]
    assert [(part["from"], part["to"]) for part in parts] == [
        (f"{period.from_date}", "2025-06-30"),
        ("2025-07-01", f"{period.to_date}"),
    ]


def test_an_edition_on_one_map_says_nothing_of_maps(answered: Store) -> None:
    edition = publish_edition("form-06", "84", parse_period("CAL_MONTH:2025-06"), today=TODAY)
    assert "maps" not in edition.content
    assert [table["code"] for table in edition.content["tables"]] == ["unit", "field", "level", "total"]
    assert not any("row_unit_id" in cell for cell in edition.content["cells"])


def test_a_silent_source_of_an_old_unit_keeps_its_heirs_line_from_being_final(reform: Store) -> None:
    reform.answer([source for unit, source in OLD_SOURCES.items() if unit != WARD_1], (date(2025, 5, 1), EVE))
    reform.answer(NEW_SOURCES.values(), (REFORM, date(2025, 7, 19)))
    edition = publish_edition("form-06", "86", JULY, today=TODAY)
    assert edition.completeness == "provisional"
    page = page_html(edition)
    (row,) = [part for part in page.split("<tr") if "Phường Trà Vinh" in part and 'data-table="unit"' in part]
    assert "Thiếu dữ liệu" in row


def test_a_later_edition_restates_the_lines_and_the_parts_with_their_causes(answered: Store) -> None:
    first = publish_edition("form-06", "86", JULY, today=TODAY)
    (batch_id,) = answered.answer([OLD_SOURCES[WARD_4]], (date(2025, 6, 1), EVE))
    answered.version(batch_id, WARD_4, "d-1", date(2025, 6, 28))
    answered.measure(WARD_4, date(2025, 6, 28), "received_online", 1)
    second = publish_edition("form-06", "86", JULY, today=TODAY)
    assert second.restates_edition_id == first.edition_id
    rows = {(row.get("part", 0), row["unit_id"] or "total"): row for row in second.content["restates"]["rows"]}
    assert set(rows) == {
        (0, NEW_WARD), (0, "total"), (1, WARD_4), (1, "total"), (2, NEW_WARD), (2, "total"),
    }  # fmt: skip
    assert rows[0, NEW_WARD]["causes"] == rows[1, WARD_4]["causes"]
    assert rows[1, WARD_4]["causes"][0]["new"] == 1
    assert verify_edition(second.edition_id).is_sound
    assert publish_edition("form-06", "86", JULY, today=TODAY).edition_id == second.edition_id


def test_the_files_show_both_maps_and_the_paragraph(answered: Store, reports_dir: Path) -> None:
    edition = publish_edition("form-06", "86", JULY, today=TODAY)
    told = edition.content["maps"]["explanation"]
    page = page_html(edition)
    assert told["vi"] in page
    assert told["en"] in page
    assert 'data-table="unit@1"' in page
    assert "Phường 4, Thành phố Trà Vinh" in page
    book = openpyxl.load_workbook(io.BytesIO(workbook_bytes(edition)))
    assert {"Phần 1", "Phần 2"} <= set(book.sheetnames)
    shown = [cell.value for row in book["Phần 1"].iter_rows() for cell in row]
    assert "Phường 4, Thành phố Trà Vinh" in shown
    assert "Phường Trà Vinh" not in shown
    assert told["vi"] in [cell.value for row in book["Theo đơn vị"].iter_rows() for cell in row]
    assert len(write_files(edition)) == 3


def test_an_old_period_on_the_map_of_today_is_a_series_of_its_own(answered: Store) -> None:
    month = parse_period("CAL_MONTH:2025-05")
    own = publish_edition("form-06", "84", month, today=TODAY)
    now = publish_edition("form-06", "84", month, today=TODAY, on_map="as-now")
    assert (now.edition_no, now.map_code, now.restates_edition_id) == (1, "as-now", None)
    assert now.edition_id.endswith(".as-now.1")
    assert publish_edition("form-06", "84", month, today=TODAY, on_map="as-was").edition_id == own.edition_id
    (one,), (other,) = (table_rows(edition.content, "total") for edition in (own, now))
    assert one["figures"] == other["figures"]
    assert len(list_editions("form-06", "84", month)) == 2
    assert verify_edition(now.edition_id).is_sound


def test_the_brief_of_the_first_day_compares_with_the_eve_on_one_map(answered: Store) -> None:
    edition = publish_edition("nightly-brief", "86", day_period(REFORM), today=TODAY)
    (change,) = [row for row in table_rows(edition.content, "unit_change") if row["unit_id"] == NEW_WARD]
    form = {
        on_map: read_form("form-06", "86", period_between(REFORM, REFORM), on_map=on_map)
        for on_map in ("as-was", "as-now")
    }
    assert form["as-was"].total.figures == form["as-now"].total.figures
    assert change["figures"]["received"] == 11 - 0


def test_an_edition_published_before_maps_were_kept_still_verifies(answered: Store) -> None:
    """The bytes of an edition name no map when there is none: what was published before reads the same."""
    edition = publish_edition("form-06", "84", parse_period("CAL_MONTH:2025-06"), today=TODAY)
    head: dict[str, Any] = edition.content
    assert "map_code" not in head
    assert verify_edition(edition.edition_id).is_sound
