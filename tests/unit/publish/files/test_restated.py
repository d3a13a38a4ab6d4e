"""What a person sees of a restatement and of the sources: on the page, in the workbook, at the terminal, in JSON."""

from __future__ import annotations

import io
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook
from typer.testing import CliRunner

from motcua import ledger
from motcua.cli import app
from motcua.period import parse_period
from motcua.publish import publish_edition
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import workbook_bytes
from motcua.settings import Settings

OCTOBER = parse_period("CAL_MONTH:2023-10")
WARD_SOURCE = "tra-vinh.c29236"


def publish() -> Any:
    return publish_edition("form-06", "84", OCTOBER)


def test_the_workbook_counts_the_batches_of_each_source_as_the_ledger_does(october: Any) -> None:
    october.answer([WARD_SOURCE], (date(2023, 10, 9), date(2023, 10, 9)))
    october.answer([WARD_SOURCE], (date(2023, 11, 1), date(2023, 11, 1)))  # of another month
    edition = publish()
    sheet = load_workbook(io.BytesIO(workbook_bytes(edition)))["Nguồn dữ liệu"]
    rows = {row[1]: row for row in sheet.iter_rows(values_only=True)}
    assert (rows[WARD_SOURCE][7], rows["tra-vinh.d842"][7]) == (2, 1)
    answers = ledger.completeness(
        [cell["source_id"] for cell in edition.content["cells"]], OCTOBER.from_date, OCTOBER.to_date
    )
    assert {name: row[7] for name, row in rows.items() if name in october.catalog.source_by_id} == {
        answer.source_id: len(answer.batch_ids) for answer in answers
    }


def restated_with_other_rules(october: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Publish twice, with a figure corrected and the title of the form reworded in between."""
    folder = tmp_path / "catalog"
    shutil.copytree(Settings.load().catalog_dir, folder)
    publish()
    path = folder / "forms" / "form-06.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("title_en: Admin", "title_en: All admin"), encoding="utf-8"
    )
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
    october.measure("29236:2020", date(2023, 10, 3), "received_direct", 1)
    return publish()


def test_the_rules_that_changed_are_told_on_page_and_workbook_at_the_terminal_and_in_json(
    october: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition = restated_with_other_rules(october, tmp_path, monkeypatch)
    said = "Quy tắc đã thay đổi kể từ ấn bản 1: danh mục."
    also = "Thay đổi khác: tên báo cáo, căn cứ hoặc cách tính đã nêu."
    section = BeautifulSoup(page_html(edition), "html.parser").select_one("#restatement")
    assert section is not None
    assert said in section.get_text()
    assert "Rules that changed since edition 1: the catalogue." in section.get_text()
    assert also in section.get_text()
    sheet = load_workbook(io.BytesIO(workbook_bytes(edition)))["Thay đổi"]
    assert [row[0].value for row in sheet.iter_rows() if row[0].value in (said, also)] == [also, said]
    shown = CliRunner().invoke(app, ["edition", "changes", edition.edition_id])
    assert shown.exit_code == 0, shown.output
    assert said in shown.stdout
    assert "quy tắc đã thay đổi kể từ ấn bản 1: danh mục" in " ".join(shown.stdout.split())
    restates = json.loads(CliRunner().invoke(app, ["edition", "changes", edition.edition_id, "--json"]).stdout)
    assert restates["rules_changed"] == ["catalog"]
    assert restates["rows"][0]["causes"] == [{"kind": "rules", "edition_no": 1, "rules": ["catalog"]}]


def test_an_edition_that_restates_none_says_so_at_the_terminal(october: Any) -> None:
    shown = CliRunner().invoke(app, ["edition", "changes", publish().edition_id])
    assert "restates no edition" in shown.stdout


def test_publishing_at_the_terminal_says_what_is_restated(october: Any, reports_dir: Path) -> None:
    arguments = ["report", "publish", "form-06", "--unit", "84", "--period", "CAL_MONTH:2023-10"]
    assert "restates" not in CliRunner().invoke(app, arguments).stdout
    october.measure("29236:2020", date(2023, 10, 3), "received_direct", 1)
    shown = " ".join(CliRunner().invoke(app, arguments).stdout.split())
    assert "It restates edition 1 in 2 rows: motcua edition changes form-06.84.CAL_MONTH.2023-10.2" in shown


def test_a_restated_index_shows_its_figures_and_sentences_on_page_and_workbook(october: Any) -> None:
    publish_edition("index-766", "84", OCTOBER)
    october.measure("842:2020", date(2023, 10, 3), "received_direct", 2000)
    edition = publish_edition("index-766", "84", OCTOBER)
    section = BeautifulSoup(page_html(edition), "html.parser").select_one("#restatement")
    assert section is not None
    deltas = [[part.get_text() for part in delta.select("[lang=en]")] for delta in section.select(".delta")]
    assert ["Denominator", "2,111", "4,111"] in deltas
    assert "Nay: Ít nhất 23,29, nhiều nhất 97,29 trên thang 100" in section.get_text()
    sheet = load_workbook(io.BytesIO(workbook_bytes(edition)))["Thay đổi"]
    rows = [row for row in sheet.iter_rows(values_only=True) if row[0] == "3.3"]
    assert ("Mẫu số", 2111, 4111, 2000) in [row[2:6] for row in rows]
