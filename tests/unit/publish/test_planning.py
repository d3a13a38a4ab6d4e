"""Which reports a period has: by the catalogue, by its effective dates, and by what the sources of the unit tell."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.measured_world import Store
from tests.reform_world import EVE, NEW_SOURCES, OLD_SOURCES, REFORM

from motcua.catalog.forms import form_file, load_form, report_codes
from motcua.catalog.index import index_codes, index_file, index_of, load_definition
from motcua.catalog.publishing import publishing_rules
from motcua.errors import CatalogError
from motcua.orchestration.publishing import publish_report
from motcua.period import parse_period
from motcua.publish import list_editions, reports_due, verify_edition
from motcua.settings import PROJECT_ROOT, Settings

OCTOBER = parse_period("RPT_MONTH:2023-10")


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "catalog"
    shutil.copytree(PROJECT_ROOT / "include" / "catalog", found)
    monkeypatch.setenv("MOTCUA_CATALOG", str(found))
    return found


def due(unit: str = "84", period: str = "RPT_MONTH:2023-10") -> list[str]:
    return reports_due("reporting_periods", unit, parse_period(period))


def test_every_report_is_in_force_from_the_first_day_of_its_rule() -> None:
    folder = Settings.load().catalog_dir
    rules = [(code, rule) for code in report_codes(folder) for rule in form_file(folder, code).published]
    rules += [(code, rule) for code in index_codes(folder) for rule in index_file(folder, code).published]
    assert len(rules) == 8
    for report, rule in rules:
        read: Callable[..., Any] = load_definition if index_of(report) else load_form
        assert read(folder, index_of(report) or report, rule.valid_from).holds_on(rule.valid_from)


def test_rules_in_a_file_that_nobody_reads_any_more_are_refused(catalog: Path) -> None:
    (catalog / "publishing.yaml").write_text("rules: []\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"publishing\.yaml is no longer read.*move each rule to `published`"):
        publishing_rules(catalog, "nights", parse_period("2023-10-03..2023-10-03"))


def test_each_night_the_brief_is_due_and_nothing_else() -> None:
    night = parse_period("2023-10-03..2023-10-03")
    assert reports_due("nights", "84", night) == ["nightly-brief"]
    assert reports_due("nights", "84", OCTOBER) == []


def test_a_form_of_which_no_source_tells_anything_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert due() == ["form-06", "online-payment"]
    assert "digitisation of 2023-10 is left out: no source of Tỉnh Trà Vinh tells it" in caplog.text


def test_a_form_is_published_once_a_source_tells_a_fact_of_it(catalog: Path) -> None:
    mapping = catalog / "mappings" / "opencps.yaml"
    document = yaml.safe_load(mapping.read_text(encoding="utf-8"))
    document["fields"]["has_electronic_result"] = {"as": "flag", "key": "x"}
    mapping.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    assert due() == ["digitisation", "form-06", "online-payment"]


@pytest.mark.parametrize(
    ("unit", "days", "is_due"),
    [
        ("84", {}, True),
        ("29236", {}, True),
        ("29239", {}, False),  # its own source tells nothing of it
        ("84", {"valid_to": "2023-09-14"}, False),
        ("84", {"valid_from": "2023-10-15"}, False),
        ("84", {"valid_to": "2023-09-15"}, True),
    ],
)
def test_only_sources_of_the_unit_that_are_in_force_in_the_period_tell_a_form(
    catalog: Path, unit: str, days: dict[str, str], is_due: bool
) -> None:
    mapping = yaml.safe_load((catalog / "mappings" / "opencps.yaml").read_text(encoding="utf-8"))
    mapping["fields"]["has_electronic_result"] = {"as": "flag", "key": "x"}
    (catalog / "mappings" / "other.yaml").write_text(yaml.safe_dump(mapping, allow_unicode=True), encoding="utf-8")
    path = catalog / "sources" / "tra-vinh.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    [entry] = [one for one in document["sources"] if one["source_id"] == "tra-vinh.c29236"]
    entry |= {"mapping": "other", **days}
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    assert ("digitisation" in due(unit)) is is_due


def test_petitions_are_published_where_a_source_of_them_holds_in_the_period(catalog: Path) -> None:
    (catalog / "petitions").mkdir()
    (catalog / "petitions" / "city.yaml").write_text(
        'source_id: city.petitions\npath: x/*.csv\nunit_id: "842:2020"\nvalid_from: 2023-10-14\n'
        "columns: {petition_id: Mã, received_on: Nhận, kind: Loại}\nwords: {kind: {HV: behaviour}}\n",
        encoding="utf-8",
    )
    assert "petitions" in due("84")
    assert "petitions" in due("29236:2020")  # a ward of the city
    assert "petitions" not in due("84-TTPVHCC:2020")
    assert "petitions" not in due("84", "RPT_MONTH:2023-09")


def test_the_form_of_2026_begins_with_the_first_period_that_ends_after_it_is_in_force() -> None:
    assert "form-2026" not in due("86", "RPT_MONTH:2026-02")
    assert "form-2026" in due("86", "RPT_MONTH:2026-03")


def test_calendar_months_have_the_index_and_what_is_named_by_hand_form_06() -> None:
    october = parse_period("CAL_MONTH:2023-10")
    assert reports_due("calendar_months", "84", october) == ["index-766"]
    assert reports_due("calendar_months", "84", OCTOBER) == []
    for named in ("CAL_MONTH:2023-10", "2023-10-03..2023-10-09", "2023-10-03..2023-10-03"):
        assert due("84", named) == ["form-06"]


def test_what_is_due_is_published_in_one_go_also_over_a_reform(reform: Store, reports_dir: Path) -> None:
    reform.answer(OLD_SOURCES.values(), (date(2025, 5, 1), EVE))
    reform.answer(NEW_SOURCES.values(), (REFORM, date(2025, 8, 1)))
    straddling = parse_period("RPT_MONTH:2025-07")
    planned = reports_due("reporting_periods", "86", straddling)
    assert planned[:2] == ["form-06", "online-payment"]
    for report in planned:
        published = publish_report(report, "RPT_MONTH:2025-07", {"unit": "86"})
        assert published["edition_id"].startswith(f"{report}.86-2025.RPT_MONTH.2025-07")
        page = next(Path(path) for path in published["files"] if path.endswith(".html")).read_text(encoding="utf-8")
        assert '<span class="mark"><span lang="vi">Bản tin' not in page  # a form without a number is no brief
    index = publish_report("index-766", "CAL_MONTH:2025-07", {"unit": "86"})
    assert {edition.report_code for edition in list_editions()} == {*planned, "index-766"}
    assert verify_edition(index["edition_id"]).is_sound
