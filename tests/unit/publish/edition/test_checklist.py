"""What final asks: every line of the checklist, met or not, and what is set aside on the edition."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from tests.measured_world import Store

from motcua.catalog.cells import CELLS, is_lacking
from motcua.catalog.finality import LineCode, load_finality
from motcua.catalog.load import load_catalog
from motcua.errors import CatalogError, MeasuresDiffer, ReportRefused
from motcua.ledger import DossierSetAside
from motcua.period import calendar_month
from motcua.publish import publish_edition
from motcua.publish.edition.checklist import judge
from motcua.publish.edition.set_aside import PeriodSetAside, UnitSetAside
from motcua.publish.files.layout import checklist_lines, lacking_text
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import workbook_bytes
from motcua.publish.form.completeness import SourceCell, refuse_tampered_measures
from motcua.settings import Settings

OCTOBER = calendar_month(2023, 10)
WARD, WARD_SOURCE = "29236:2020", "tra-vinh.c29236"
NOTHING = PeriodSetAside((), 0)
FINALITY = load_finality(Settings.load().shipped_catalog_dir)


def cell(code: Any, *, is_after_end: bool = True) -> SourceCell:
    return SourceCell("s", "Source", "u", "1", "commune", code, OCTOBER.from_date, OCTOBER.to_date, (), is_after_end)


def unmet(cells: list[SourceCell], aside: PeriodSetAside = NOTHING, today: date = date(2023, 11, 2)) -> set[str]:
    scope: Any = SimpleNamespace(period=OCTOBER, today=today)
    return {line.code for line in judge(FINALITY, scope, cells, aside) if not line.is_met}


def test_the_shipped_checklist_has_every_line_that_can_be_judged() -> None:
    assert {line.code for line in FINALITY.lines} == set(get_args(LineCode))


@pytest.mark.parametrize("code", CELLS)
@pytest.mark.parametrize("is_after_end", [True, False])
def test_each_cell_leaves_exactly_its_own_line_unmet(code: Any, is_after_end: bool) -> None:
    expected = set()
    if code == "quarantined":
        expected = {"no_batch_held"}
    elif is_lacking(code) or (code == "received" and not is_after_end):
        expected = {"sources_answered"}
    received = cell("received")
    assert unmet([received, cell(code, is_after_end=is_after_end)]) == expected


def test_a_period_that_runs_and_one_nobody_answered_for_are_not_final() -> None:
    assert unmet([cell("received")], today=OCTOBER.to_date) == {"period_over"}
    assert unmet([cell("not_expected")]) == {"sources_answered"}
    assert unmet([]) == {"sources_answered"}


def aside(records: int, dossiers: int, unread: str | None = None) -> PeriodSetAside:
    told = tuple(DossierSetAside(number, "s", "u", str(number), ("V0", "V4"), unread) for number in range(records))
    return PeriodSetAside((UnitSetAside("u", "1", "Xã A", told, dossiers),), dossiers + records)


@pytest.mark.parametrize(("records", "dossiers", "share"), [(1, 2, "33.33"), (10, 0, "100.00"), (1, 999, "0.10")])
def test_one_record_set_aside_is_enough_and_its_share_is_one_of_all_records(
    records: int, dossiers: int, share: str
) -> None:
    found = aside(records, dossiers)
    assert unmet([cell("received")], found) == {"nothing_set_aside"}
    [unit] = found.as_json()["units"]
    assert (unit["records"], unit["of"], unit["share"]) == (records, records + dossiers, share)
    assert unit["rules"] == [{"rule_id": "V0", "records": records}, {"rule_id": "V4", "records": records}]


def test_a_value_that_could_not_be_read_is_named_by_its_field() -> None:
    found = aside(2, 5, "due_at: not dd/MM/yyyy; received_at: no day")
    scope: Any = SimpleNamespace(period=OCTOBER, today=date(2023, 11, 2))
    [line] = [one for one in judge(FINALITY, scope, [cell("received")], found) if one.code == "everything_read"]
    assert [what.en for what in line.missing] == ["due_at: 2 records", "received_at: 2 records"]


def test_a_line_twice_and_a_line_nobody_can_judge_are_refused(tmp_path: Path) -> None:
    line = "  - {code: period_over, vi: a, en: b}\n"
    for lines in (line * 2, line + "  - {code: all_is_well, vi: a, en: b}\n"):
        (tmp_path / "finality.yaml").write_text("lines:\n" + lines, encoding="utf-8")
        load_finality.cache_clear()
        with pytest.raises(CatalogError, match=r"finality\.yaml"):
            load_finality(tmp_path)


def set_aside(store: Store, unit_id: str | None, record: dict[str, Any], rule: str = "V1") -> None:
    [batch_id] = store.answer([WARD_SOURCE])
    rules = [{"rule_id": rule, "severity": "critical", "field": "dossier_no"}]
    store.execute(
        "insert into quarantine_record (batch_id, source_id, record_no, system_code, agency_code, record_id, unit_id,"
        " broken_rules, record) values (:batch, :source, 0, 'x', 'a', :id, :unit, cast(:rules as jsonb),"
        " cast(:record as jsonb))",
        batch=batch_id, source=WARD_SOURCE, id=batch_id, unit=unit_id, rules=json.dumps(rules),
        record=json.dumps(record),
    )  # fmt: skip


def test_one_record_of_the_period_set_aside_keeps_it_from_final_everywhere(october: Store) -> None:
    assert publish_edition("form-06", "84", OCTOBER).completeness == "final"
    set_aside(october, WARD, {"received_at": "2023-11-02T00:00:00"})
    assert publish_edition("form-06", "84", OCTOBER).edition_no == 1  # of the next month
    set_aside(october, WARD, {"received_at": "2023-10-02T00:00:00"})
    set_aside(october, None, {"received_at": None}, "V7")
    edition = publish_edition("form-06", "84", OCTOBER)
    assert edition.completeness == "provisional"
    told = edition.content["set_aside"]
    assert [(unit["unit_id"], unit["records"]) for unit in told["units"]] == [("", 1), (WARD, 1)]
    [line] = [one for one in edition.content["checklist"] if one["is_met"] == "no"]
    assert line["code"] == "nothing_set_aside"
    assert [what["en"].split(":")[0] for what in line["missing"]] == [
        "unit not known",
        load_catalog(Settings.load().catalog_dir).unit_by_id[WARD].name,
    ]
    assert 'data-line="nothing_set_aside" data-met="no"' in page_html(edition)
    assert len(workbook_bytes(edition)) > 5000
    assert "Không còn bản ghi nào của kỳ bị giữ lại" in lacking_text(edition.content, "vi")
    assert sum(text.startswith("  [ ]") for text in checklist_lines(edition.content, "en")) == 1
    with pytest.raises(ReportRefused, match="V7 1"):
        publish_edition("form-06", "84", OCTOBER, completeness="final")


def test_a_failed_re_ask_of_a_source_that_had_answered_takes_nothing_back(october: Store) -> None:
    first = publish_edition("form-06", "84", OCTOBER)
    october.answer([WARD_SOURCE], state="failed")
    assert publish_edition("form-06", "84", OCTOBER).edition_id == first.edition_id
    october.answer([WARD_SOURCE], state="held")
    assert publish_edition("form-06", "84", OCTOBER).completeness == "provisional"


def test_measures_that_no_dossier_stands_behind_are_never_published(
    october: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motcua.publish.edition.lifecycle.refuse_tampered_measures", refuse_tampered_measures)
    with pytest.raises(MeasuresDiffer, match="0 recomputed"):
        publish_edition("form-06", "84", OCTOBER, completeness="provisional")
