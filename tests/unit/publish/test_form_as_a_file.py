"""A report is a file: adding one gives it a command, clocks, a workbook and a page, and touches no code."""

from __future__ import annotations

import ast
import io
import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook
from tests.measured_world import Store
from typer.testing import CliRunner

from motcua.catalog.forms import report_codes
from motcua.catalog.index import index_codes
from motcua.cli import app
from motcua.obligations import watch_night
from motcua.orchestration.publishing import plan_reports, publish_report
from motcua.period import parse_period
from motcua.publish import publish_edition, read_edition
from motcua.settings import PROJECT_ROOT, Settings

OCTOBER = parse_period("CAL_MONTH:2023-10")
ADDED = """report_code: withdrawals
published:
  - {clock: reporting_periods, periods: [RPT_MONTH, CAL_MONTH], valid_from: 2019-01-01, evidence: ours}
  - {clock: nights, periods: [DAY], valid_from: 2019-01-01, evidence: ours}
forms:
  - valid_from: 2019-01-01
    form_no: ""
    title_vi: Hồ sơ rút và dừng xử lý
    title_en: Dossiers withdrawn and stopped
    legal_source: ""
    counted_vi: Đơn vị tính là hồ sơ.
    counted_en: Counted in dossiers.
    row_heading: {vi: Đơn vị, en: Unit}
    mark: {vi: Theo dõi, en: Watch}
    tables: [unit]
    sections: []
    tiles:
      - vi: Không giải quyết
        en: Not resolved
        count: [ended]
        share: {vi: trong đó rút, en: of which withdrawn, of: [withdrawn], among: [ended]}
    charts:
      - {kind: most_by_unit, code: ended, vi: Nhiều nhất, en: Most, column: ended}
    columns:
      - number: 3
        code: ended
        label: (3)=(4)+(5)
        vi: [Tổng số]
        en: [Total]
        plus: [withdrawn, stopped]
        change: true
        evidence: ours
      - number: 4
        code: withdrawn
        label: (4)
        vi: [Rút]
        en: [Withdrawn]
        terms: [{measures: [withdrawn], window: in_period}]
        evidence: ours
      - number: 5
        code: stopped
        label: (5)
        vi: [Dừng]
        en: [Stopped]
        terms: [{measures: [stopped], window: in_period}]
        evidence: ours
      - number: 6
        code: pct
        label: (6)
        vi: [Tỷ lệ]
        en: [Share]
        percent: {of: withdrawn, among: ended}
        evidence: ours
"""


@pytest.fixture
def catalog(october: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the catalogue with one file more."""
    folder = tmp_path / "catalog"
    shutil.copytree(PROJECT_ROOT / "include" / "catalog", folder)
    (folder / "forms" / "withdrawals.yaml").write_text(ADDED, encoding="utf-8")
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
    monkeypatch.setenv("MOTCUA_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")
    return folder


def test_a_form_added_as_a_file_has_a_command(catalog: Path) -> None:
    listed = CliRunner().invoke(app, ["report", "--help"])
    assert "withdrawals" in listed.stdout
    assert "Dossiers withdrawn and stopped." in CliRunner().invoke(app, ["report", "withdrawals", "--help"]).stdout
    asked = ["report", "withdrawals", "--unit", "84", "--period", "CAL_MONTH:2023-10"]
    shown = CliRunner().invoke(app, asked)
    assert shown.exit_code == 0, shown.output
    assert "Rút" in shown.stdout
    form = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    total = {"ended": 5, "withdrawn": 3, "stopped": 2, "pct": "60.00"}
    assert {code: form["total"][code] for code in total} == total


def test_a_form_of_another_catalogue_has_no_command_here(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOTCUA_CATALOG")
    assert CliRunner().invoke(app, ["report", "withdrawals", "--help"]).exit_code == 2
    assert CliRunner().invoke(app, ["--catalog", str(catalog), "report", "withdrawals", "--help"]).exit_code == 0


def test_a_form_added_as_a_file_is_planned_by_the_clocks_it_names(catalog: Path) -> None:
    def planned(clock: Any, events: Any = None, **run: Any) -> list[str]:
        given = {"data_interval_end": None, "partition_key": None, "run_after": datetime(2023, 11, 2, tzinfo=UTC)}
        return [one["report"] for one in plan_reports(clock, {}, SimpleNamespace(**{**given, **run}), events)]

    fifteenth = datetime(2023, 10, 14, 17, tzinfo=UTC)
    assert planned("reporting_periods", data_interval_end=fifteenth) == ["form-06", "online-payment", "withdrawals"]
    night = {"measures": [SimpleNamespace(extra={"days": ["2023-10-31"]})]}
    assert planned("nights", night) == ["nightly-brief", "withdrawals"]
    assert planned("calendar_months") == ["index-766"]


def test_the_watchdog_misses_a_report_that_says_it_is_published_each_night(catalog: Path) -> None:
    day = date(2023, 10, 31)
    told = [finding.action for finding in watch_night(day) if finding.code == "report_not_published"]
    assert told == [] or any("withdrawals" in action for action in told)
    publish_edition("nightly-brief", "84", parse_period("2023-10-31..2023-10-31"))
    from motcua.obligations.watchdog import _not_published

    assert _not_published(catalog, day) == ["withdrawals"]


def test_a_form_added_as_a_file_is_an_edition_with_workbook_and_page(catalog: Path) -> None:
    published = publish_report("withdrawals", "CAL_MONTH:2023-10", {})
    assert published["edition_id"] == "withdrawals.84.CAL_MONTH.2023-10.1"
    files = {path.suffix: path for path in map(Path, published["files"])}
    content = read_edition(published["edition_id"]).content
    city = next(row for row in content["tables"][0]["rows"] if row["row_code"] == "842")
    assert (city["figures"], city["percentages"]) == (
        {"ended": 5, "withdrawn": 3, "stopped": 2},
        {"pct": "60.00"},
    )
    sheet = load_workbook(io.BytesIO(files[".xlsx"].read_bytes()))["Theo đơn vị"]
    rows = {row[1]: row[2:6] for row in sheet.iter_rows(values_only=True)}
    assert rows["Thành phố Trà Vinh"] == (5, 3, 2, 60)
    page = BeautifulSoup(files[".html"].read_text(encoding="utf-8"), "html.parser")
    assert "Hồ sơ rút và dừng xử lý" in page.select("h1")[0].get_text()
    assert page.select(".mark [lang=en]")[0].get_text() == "Watch"
    tile = " ".join(page.select(".tile")[0].get_text(" ").split())
    assert tile.startswith("Không giải quyết Not resolved 5")
    assert "of which withdrawn 60,00 % 60.00 %" in tile
    assert len(page.select("svg")) == 2
    cells = {cell["data-column-code"]: cell["data-value"] for cell in page.select("td[data-row-code='842']")}
    assert cells == {"ended": "5", "withdrawn": "3", "stopped": "2", "pct": "60.00"}


def test_its_changes_are_told_against_the_period_before_it_and_against_the_day_before(
    catalog: Path, october: Store
) -> None:
    october.answer_all((date(2023, 9, 1), date(2023, 9, 30)))
    october.measure("842:2020", date(2023, 9, 5), "withdrawn", 1)
    month = publish_edition("withdrawals", "84", OCTOBER)
    change = next(t for t in month.content["tables"] if t["code"] == "total_change")["rows"][0]["figures"]
    assert change == {"ended": 4}
    paths = {path.suffix: path for path in map(Path, publish_report("withdrawals", "CAL_MONTH:2023-10", {})["files"])}
    page = BeautifulSoup(paths[".html"].read_text(encoding="utf-8"), "html.parser")
    assert "+4 so với kỳ trước" in " ".join(page.select(".tile .note")[0].get_text(" ").replace("+4 +4", "+4").split())
    sheet = load_workbook(io.BytesIO(paths[".xlsx"].read_bytes()))["Theo đơn vị"]
    assert "So với kỳ trước: Tổng số" in [cell.value for row in sheet.iter_rows() for cell in row]
    days = publish_edition("withdrawals", "84", parse_period("2023-10-10..2023-10-20"))
    assert [table["code"] for table in days.content["tables"]] == ["unit", "total"]  # nothing precedes any run of days


def string_literals(source: str) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_no_code_knows_a_report_by_its_name() -> None:
    """But the demo, which shows some, and form II.06a where the law or the portal means it and no other."""
    folder = Settings.load().catalog_dir
    known = {*report_codes(folder), *index_codes(folder)} - {"petitions"}  # also the word for what is petitioned
    named = {
        (str(path.relative_to(PROJECT_ROOT)), code)
        for place in ("src", "dags")
        for path in (PROJECT_ROOT / place).rglob("*.py")
        for code in string_literals(path.read_text(encoding="utf-8")) & known
    }
    assert {place for place, code in named if code == "form-06"} == {
        "src/motcua/catalog/index.py", "src/motcua/cli/obligations.py", "src/motcua/demo/reform.py",
        "src/motcua/demo/walk.py", "src/motcua/reconcile/portal/run.py",
    }  # fmt: skip
    assert {(place, code) for place, code in named if code != "form-06"} == set()
