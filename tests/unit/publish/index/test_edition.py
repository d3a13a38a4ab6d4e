"""Editions of index 766: what an office receives, kept and verified as any other report."""

from __future__ import annotations

import io
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from motcua.errors import ReportRefused
from motcua.period import parse_period
from motcua.publish import publish_edition, read_edition, verify_edition, write_files
from motcua.publish.edition.content import table_rows
from motcua.settings import Settings

OCTOBER = parse_period("CAL_MONTH:2023-10")


def figures(edition: Any) -> dict[str, dict[str, int]]:
    return {row["row_code"]: row["figures"] for row in table_rows(edition.content, "index")}


def test_an_edition_of_the_index_is_verified_and_restated_like_any_other(october: Any, reports_dir: Path) -> None:
    first = publish_edition("index-766", "84", OCTOBER)
    assert (first.edition_id, first.completeness) == ("index-766.84.CAL_MONTH.2023-10.1", "final")
    assert figures(first)["3.3"] == {"numerator": 1230, "denominator": 2111, "score_hundredths": 600}
    assert figures(first)["5.2"] == {}  # not available: no figure, not a zero
    assert verify_edition(first.edition_id).is_sound
    assert publish_edition("index-766", "84", OCTOBER).edition_id == first.edition_id

    october.measure("842:2020", date(2023, 10, 3), "received_direct", 2000)
    second = publish_edition("index-766", "84", OCTOBER)
    assert (second.edition_no, second.content["restates"]["edition_no"]) == (2, 1)
    changed = {row["row_code"]: row["columns"] for row in second.content["restates"]["rows"]}
    assert {"column_code": "denominator", "before": 2111, "after": 4111} in changed["3.3"]
    assert set(changed) == {"2.1", "3.3", "total"}
    assert read_edition(first.edition_id).content == first.content


def test_its_files_say_what_is_missing_and_leave_empty_what_is_not_known(october: Any, reports_dir: Path) -> None:
    import openpyxl

    paths = {path.suffix: path for path in write_files(publish_edition("index-766", "84", OCTOBER))}
    page = paths[".html"].read_text(encoding="utf-8")
    assert "không có số liệu" in page
    assert "Class not known." in page
    assert "At least 25.41, at most 99.41 of 100" in page
    assert "Excellent" not in page
    assert "Xuất sắc" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    book = openpyxl.load_workbook(io.BytesIO(paths[".xlsx"].read_bytes()))
    rows = {row[0].value: [cell.value for cell in row] for row in book["Chỉ số"].iter_rows()}
    assert rows["3.3"][2:7] == [1230, 2111, "58,27 %", 6, 6]
    ratio = next(row for row in book["Chỉ số"].iter_rows() if row[0].value == "3.3")[4]
    assert ratio.alignment.horizontal == "right"
    for mark in set(
        re.findall(r"\[[A-Z][A-Za-z-]*\]", page)
    ):  # every mark of the evidence is explained under the table
        assert f"{mark} " in publish_edition("index-766", "84", OCTOBER).content["report"]["counted_vi"]
    assert [value or None for value in rows["5.2"][2:6]] == [None] * 4
    told = [str(cell.value) for row in book["Chỉ số"].iter_rows() for cell in row if cell.value]
    assert any(text.startswith("Ít nhất 25,41, nhiều nhất 99,41 trên thang 100") for text in told)
    assert "Chưa biết xếp loại." in told
    said = publish_edition("index-766", "84", OCTOBER).content["index"]["range"]
    assert said == {"at_least": "25.41", "at_most": "99.41"}
    assert publish_edition("index-766", "84", OCTOBER).sha256 in page


def test_an_index_with_a_silent_source_is_provisional(store: Any, reports_dir: Path) -> None:
    sources = store.sources_of("84:2020")
    store.answer(sources[1:])
    assert publish_edition("index-766", "84", OCTOBER).completeness == "provisional"
    with pytest.raises(ReportRefused, match="Report index-766 of Tỉnh Trà Vinh"):
        publish_edition("index-766", "84", OCTOBER, completeness="final")
    with pytest.raises(ReportRefused, match="No version of index 766 is in force"):
        publish_edition("index-766", "84", parse_period("CAL_MONTH:2020-10"))


def test_an_edition_of_a_year_without_a_calendar_says_so_and_may_be_final(
    october: Any, reports_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(Settings.load().shipped_catalog_dir, folder)
    path = folder / "calendar" / "years.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("{year: 2023,", "{year: 2033,"), encoding="utf-8")
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
    edition = publish_edition("index-766", "84", OCTOBER)
    [line] = [line for line in edition.content["checklist"] if line["code"] == "period_over"]
    assert (edition.completeness, line["is_met"]) == ("final", "yes")
    assert line["noted"][0]["en"].startswith("The working calendar of 2023 is not in the catalogue")
    page = next(path for path in write_files(edition) if path.suffix == ".html").read_text(encoding="utf-8")
    assert "Lịch làm việc năm 2023 chưa có trong danh mục" in page
