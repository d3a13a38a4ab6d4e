"""What final asks: every line of the checklist, met or not, and what is set aside on the edition."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from tests.measured_world import Store

from motcua.catalog.cells import CELLS, is_lacking
from motcua.catalog.finality import LineCode, Waiver, WaiverCaps, Waivers, load_finality
from motcua.catalog.load import load_catalog
from motcua.catalog.models import Text
from motcua.errors import CatalogError, MeasuresDiffer, ReportRefused
from motcua.ledger import DossierSetAside, LookAlikes
from motcua.period import parse_period
from motcua.publish import publish_edition
from motcua.publish.edition.checklist import Findings, judge
from motcua.publish.edition.set_aside import PeriodSetAside, UnitSetAside
from motcua.publish.files.layout import checklist_lines, lacking_text
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import workbook_bytes
from motcua.publish.form.completeness import LeftBehind, SourceCell, refuse_tampered_measures
from motcua.settings import Settings

OCTOBER = parse_period("CAL_MONTH:2023-10")
WARD, WARD_SOURCE = "29236:2020", "tra-vinh.c29236"
NOTHING = PeriodSetAside((), 0)
FINALITY = load_finality(Settings.load().shipped_catalog_dir)


def cell(code: Any, *, is_after_end: bool = True) -> SourceCell:
    return SourceCell("s", "Source", "u", "1", "commune", code, OCTOBER.from_date, OCTOBER.to_date, (), is_after_end)


def unmet(cells: list[SourceCell], aside: PeriodSetAside = NOTHING, today: date = date(2023, 11, 2)) -> set[str]:
    scope: Any = SimpleNamespace(period=OCTOBER, today=today, unit=SimpleNamespace(level="commune"))
    return {line.code for line in judge(FINALITY, Findings(scope, cells, aside)) if not line.is_met}


def test_the_shipped_checklist_has_every_line_that_can_be_judged() -> None:
    assert {line.code for line in FINALITY.lines} == set(get_args(LineCode))


def test_a_source_whose_numbers_are_written_in_several_ways_is_named_and_its_numbers_are_not() -> None:
    scope: Any = SimpleNamespace(period=OCTOBER, today=date(2023, 11, 2), unit=SimpleNamespace(level="commune"))
    lines = judge(FINALITY, Findings(scope, [cell("received")], NOTHING, key_doubts={"s": 3}))
    [line] = [one for one in lines if not one.is_met]
    assert line.code == "keys_mean_one"
    assert [what.en for what in line.missing] == ["s (Source): 3 numbers are written in several ways"]


def lacking(cells: list[SourceCell], **more: Any) -> list[tuple[str, list[str]]]:
    """Return each line that is not met, with what it names."""
    scope: Any = SimpleNamespace(period=OCTOBER, today=date(2023, 11, 2), unit=SimpleNamespace(level="commune"))
    lines = judge(FINALITY, Findings(scope, cells, NOTHING, **more))
    return [(line.code, [what.en for what in line.missing]) for line in lines if not line.is_met]


def test_sources_with_the_same_numbers_are_named_and_one_that_left_the_catalogue_by_its_id() -> None:
    pair = LookAlikes("s", "books", "gone", "other-books", 3)
    [(code, [told])] = lacking([cell("received")], look_alikes=[pair])
    assert (code, told.partition(":")[0]) == ("keys_mean_one", "s (Source) and gone")


def test_a_unit_left_behind_has_its_own_name_and_a_day_only_where_one_is_known() -> None:
    reason = Text(vi="huyện", en="district")
    unit = replace(cell("not_expected"), source_id="", source_name="Ward", reason=reason)
    petitions = replace(cell("received"), source_name="Petitions")
    left = [LeftBehind("u", "a", 2, None), LeftBehind("u", "b", 1, date(2023, 10, 19))]
    [(code, [first, second])] = lacking([unit, petitions], left_behind=left)
    assert code == "units_have_sources"
    assert first.startswith("Ward (1): ")
    assert "2 dossiers of the period from a; restore" in first
    assert "1 dossiers of the period from b, last known on 2023-10-19; restore" in second


def test_a_year_without_a_working_calendar_is_noted_and_holds_nothing_up() -> None:
    scope: Any = SimpleNamespace(period=OCTOBER, today=date(2023, 11, 2), unit=SimpleNamespace(level="commune"))
    year = Text(vi="năm 2027", en="2027")
    lines = judge(FINALITY, Findings(scope, [cell("received")], NOTHING, years=[year]))
    assert all(line.is_met for line in lines)
    assert {line.code: line.noted for line in lines if line.noted} == {"period_over": (year,)}


@pytest.mark.parametrize("code", CELLS)
@pytest.mark.parametrize("is_after_end", [True, False])
def test_each_cell_leaves_exactly_its_own_line_unmet(code: Any, is_after_end: bool) -> None:
    expected = set()
    if code == "quarantined":
        expected = {"no_batch_held"}
    elif code == "no_source":
        expected = {"units_have_sources"}
    elif code == "opening_not_known":
        expected = {"openings_known"} if is_after_end else {"openings_known", "sources_answered"}
    elif is_lacking(code) or (code == "received" and not is_after_end):
        expected = {"sources_answered"}
    received = cell("received")
    assert unmet([received, cell(code, is_after_end=is_after_end)]) == expected


def test_a_period_that_runs_and_one_nobody_answered_for_are_not_final() -> None:
    assert unmet([cell("received")], today=OCTOBER.to_date) == {"period_over"}
    assert unmet([cell("not_expected")]) == {"sources_answered"}
    assert unmet([]) == {"sources_answered"}


def aside(records: int, dossiers: int, unread: str | None = None) -> PeriodSetAside:
    told = tuple(
        DossierSetAside(number, "s", "u", "H59", str(number), ("V0", "V4"), unread) for number in range(records)
    )
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


def missing(found: PeriodSetAside, cells: list[SourceCell], level: str = "commune") -> dict[str, list[Text]]:
    unit = SimpleNamespace(level=level, name="TP. B")
    scope: Any = SimpleNamespace(period=OCTOBER, today=date(2023, 11, 2), unit=unit)
    return {
        line.code: list(line.missing)
        for line in judge(FINALITY, Findings(scope, cells, found, FINALITY.waivers))
        if not line.is_met
    }


def test_where_no_source_answered_each_is_named_once_and_without_sources_the_line_says_so() -> None:
    failed, silent = cell("failed"), cell("not_expected")
    assert [what.en for what in missing(NOTHING, [failed])["sources_answered"]] == ["s (Source): failed"]
    assert [what.vi for what in missing(NOTHING, [silent])["sources_answered"]] == ["chưa có nguồn nào trả lời"]
    assert missing(NOTHING, [cell("quarantined")]).keys() == {"no_batch_held"}  # it answered, and is held


def test_every_unit_with_a_record_set_aside_is_named_also_after_one_whose_records_are_all_waived() -> None:
    waiver = Waiver.model_validate({**WAIVER, "record_id": "0"})
    [named] = aside(1, 99).units
    waived = replace(named, waived=((named.records[0], waiver),))
    unnamed = replace(named, unit_id="", name="", records=aside(3, 97).units[0].records[1:])
    told = missing(PeriodSetAside((waived, named, unnamed), 300), [cell("received")])["nothing_set_aside"]
    assert [what.vi.split(" (")[0] for what in told] == ["Xã A: 1/100 bản ghi", "không rõ đơn vị: 2/101 bản ghi"]


@pytest.mark.parametrize(("waived", "is_above"), [(0, False), (5, False), (6, True), (20, True)])
def test_more_than_the_cap_of_a_unit_is_not_waived(waived: int, is_above: bool) -> None:
    [unit] = aside(waived, 100 - waived).units
    waiver = Waiver.model_validate(WAIVER)
    for name, said in (("Xã A", "Xã A"), ("", "?")):
        decided = replace(unit, name=name, waived=tuple((record, waiver) for record in unit.records))
        told = missing(PeriodSetAside((decided,), 100), [cell("received")]).get("nothing_set_aside", [])
        expected = [f"{said}: {waived}/100 bản ghi được miễn, quá mức 5 %"] if is_above else []
        assert [what.vi for what in told] == expected


def test_more_than_the_cap_of_a_province_is_not_waived_and_the_cap_is_written_with_a_comma() -> None:
    [unit] = aside(2, 98).units
    waiver = Waiver.model_validate(WAIVER)
    found = PeriodSetAside((replace(unit, waived=tuple((record, waiver) for record in unit.records)),), 100)
    finality = FINALITY.model_copy(update={"waivers": WaiverCaps(unit_pct=Decimal(5), province_pct=Decimal("1.5"))})
    for level, expected in (("commune", []), ("province", ["TP. B: 2/100 bản ghi được miễn, quá mức 1,5 %"])):
        scope: Any = SimpleNamespace(
            period=OCTOBER, today=date(2023, 11, 2), unit=SimpleNamespace(level=level, name="TP. B")
        )
        lines = judge(finality, Findings(scope, [cell("received")], found, finality.waivers))
        assert [what.vi for line in lines for what in line.missing] == expected


def test_a_value_that_could_not_be_read_is_named_by_its_field() -> None:
    found = aside(2, 5, "due_at: not dd/MM/yyyy; received_at: no day")
    scope: Any = SimpleNamespace(period=OCTOBER, today=date(2023, 11, 2), unit=SimpleNamespace(level="commune"))
    [line] = [
        one for one in judge(FINALITY, Findings(scope, [cell("received")], found)) if one.code == "everything_read"
    ]
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
    again = publish_edition("form-06", "84", OCTOBER)
    assert (again.edition_id, again.later_pulls) == (first.edition_id, ())


def test_measures_that_no_dossier_stands_behind_are_never_published(
    october: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motcua.publish.edition.lifecycle.refuse_tampered_measures", refuse_tampered_measures)
    with pytest.raises(MeasuresDiffer, match="0 recomputed"):
        publish_edition("form-06", "84", OCTOBER, completeness="provisional")


RECORD = DossierSetAside(7, "s", "u", "H59", "1", ("V1",), None)
WAIVER = {"source_id": "s", "agency_code": "H59", "record_id": "1", "rules": ["V1"],
          "reason": "bản ghi thử của hệ thống", "person": "Nguyễn Thị B", "day": "2023-11-05"}  # fmt: skip


def waived(of: int, province_of: int, level: str, count: int = 1) -> list[str]:
    """Return what is missing where so many records of one unit, all waived, stand against the caps 5 % and 1 %."""
    waiver = Waiver.model_validate(WAIVER)
    records = tuple(replace(RECORD, quarantine_id=number) for number in range(count))
    unit = UnitSetAside("u", "1", "Xã A", records, of - count, tuple((record, waiver) for record in records))
    scope: Any = SimpleNamespace(
        period=OCTOBER, today=date(2023, 11, 2), unit=SimpleNamespace(level=level, name="Tỉnh T")
    )
    lines = judge(FINALITY, Findings(scope, [cell("received")], PeriodSetAside((unit,), province_of), FINALITY.waivers))
    return [what.en for line in lines for what in line.missing]


def test_a_waiver_below_both_caps_lets_an_edition_be_final_and_above_either_there_is_no_final() -> None:
    assert waived(of=20, province_of=100, level="province") == []  # 5 % and 1 %: on the caps
    assert waived(of=19, province_of=100, level="province") == [
        "Xã A: 1 of 19 records are waived, above the cap of 5 %"
    ]
    assert waived(of=20, province_of=99, level="province") == [
        "Tỉnh T: 1 of 99 records are waived, above the cap of 1 %"
    ]
    assert waived(of=20, province_of=20, level="commune") == []
    assert waived(of=3, province_of=3, level="commune") == ["Xã A: 1 of 3 records are waived, above the cap of 5 %"]


def test_a_dossier_whose_later_state_is_set_aside_is_one_record_of_its_unit(october: Store) -> None:
    [batch_id] = october.answer([WARD_SOURCE])
    for number in ("1", "2", "3"):
        october.version(batch_id, WARD, number, date(2023, 10, 3))
    [(agency,)] = october.execute("select distinct agency_code from dossier_version")
    set_aside(october, WARD, {"received_at": "2023-10-02T00:00:00"})
    october.execute("update quarantine_record set record_id = '2', agency_code = :agency", agency=agency)
    [unit] = publish_edition("form-06", "84", OCTOBER).content["set_aside"]["units"]
    assert (unit["records"], unit["of"]) == (1, 3)


def test_what_is_waived_stands_on_page_one_of_a_final_edition(october: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    set_aside(october, WARD, {"received_at": "2023-10-02T00:00:00"})
    [(record_id,)] = october.execute("select record_id from quarantine_record")
    waivers = Waivers.model_validate(
        {"waivers": [{**WAIVER, "source_id": WARD_SOURCE, "agency_code": "a", "record_id": record_id}]}
    )
    monkeypatch.setattr("motcua.publish.edition.set_aside.load_waivers", lambda _: waivers)
    batch_id = october.answer([WARD_SOURCE])[0]
    for number in range(200):
        october.version(batch_id, WARD, str(number), date(2023, 10, 3))
    edition = publish_edition("form-06", "84", OCTOBER)
    assert edition.completeness == "final"
    head = page_html(edition).split("</header>")[0]
    for told in (record_id, "bản ghi thử của hệ thống", "Nguyễn Thị B", "05/11/2023", "V1"):
        assert told in head
    assert edition.content["set_aside"]["records"] == 1
