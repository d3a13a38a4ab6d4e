"""Index 766 of units, from measures in a real store: what feeds a row, what is missing, change and place."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from motcua.errors import CatalogError, InputRefused, ReportRefused
from motcua.period import parse_period
from motcua.publish.index import wording
from motcua.publish.index.score import Counts
from motcua.publish.index.standing import Standing, level_index, unit_index
from motcua.settings import Settings

OCTOBER = parse_period("CAL_MONTH:2023-10")
TODAY = date(2023, 11, 10)
CENTRE, CITY, WARD = "84-TTPVHCC:2020", "842:2020", "29236:2020"


def of(unit: str, **asked: Any) -> Standing:
    return unit_index(unit, OCTOBER, today=TODAY, **asked)


def pair(standing: Standing, row: str) -> tuple[int, int] | None:
    counts = standing.counts[row]
    return None if counts is None else (int(counts.numerator), int(counts.denominator or 0))


def test_the_rows_are_those_of_form_06(october: Any) -> None:
    province = of("84")
    # c3 = 2,116 received and carried over; not on time are 50 late and 12 + 2 - 2 open past their due day.
    assert pair(province, "2.1") == (2054, 2116)
    assert pair(province, "3.3") == (1230, 2111)
    assert (province.score.item("2.1").score, province.score.item("3.3").score) == (Decimal("19.41"), Decimal("6.00"))
    assert (province.score.total, province.score.max_available) == (Decimal("25.41"), 26)
    assert pair(of(CENTRE), "2.1") == (1940, 2000)
    assert pair(of(CITY), "3.3") == (30, 111)


def test_what_no_source_feeds_is_not_available_and_says_why(october: Any) -> None:
    province = of("84")
    for row in ("1.1", "3.1", "3.2", "3.6", "4.3", "5.2", "5.3"):
        assert province.score.item(row).state == "not_available", row
        assert province.notes[row].vi
    assert "chưa ghi online_level" in province.notes["3.1"].vi
    assert "nguồn không cung cấp dữ liệu này" in province.notes["3.6"].vi  # OpenCPS does not say who paid online
    assert province.score.groups[0].score is None
    told = list(wording.lines(province.score, province.gaps, province.notes, "vi"))
    assert any(row[0] == "5.2" and "không có số liệu: chưa có nguồn dữ liệu phản ánh" in row[7] for row in told)


def test_a_unit_whose_source_is_silent_has_no_score_and_no_place(store: Any) -> None:
    sources = store.sources_of("84:2020")
    silent = [s.source_id for s in store.catalog.sources if s.unit_id == WARD]
    store.answer([source for source in sources if source not in silent])
    store.measure(CITY, date(2023, 10, 2), "received_online", 10)
    ward, city = of(WARD), of(CITY)
    assert (ward.score.total, ward.rank) == (None, None)
    assert {ward.notes[row].en for row in ("2.1", "3.3")} == {"no source has answered for the period"}
    assert [cell.unit_id for cell in ward.missing_sources] == [cell.unit_id for cell in city.missing_sources] == [WARD]
    assert city.score.total is not None
    assert any(line.startswith("TẠM THỜI") for line in wording.standing_summary(city, "vi"))


def test_a_unit_that_answered_and_had_nothing_is_zero_online_and_null_in_progress(store: Any) -> None:
    store.answer(store.sources_of("84:2020"))
    ward = of(WARD)
    assert (pair(ward, "2.1"), pair(ward, "3.3")) == ((0, 0), (0, 0))
    assert (ward.score.item("2.1").score, ward.score.item("3.3").score) == (None, 0)


def test_the_gap_is_counted_at_the_present_denominator(store: Any) -> None:
    store.answer(store.sources_of("84:2020"))
    store.measure(CITY, date(2023, 10, 2), "received_online", 15247)
    store.measure(CITY, date(2023, 10, 2), "received_direct", 33482 - 15247)
    province = of("84")
    assert province.gaps["3.3"].to_full == 1494
    row = next(row for row in wording.lines(province.score, province.gaps, {}, "vi") if row[0] == "3.3")
    assert "còn thiếu 1.494 hồ sơ trực tuyến để đạt điểm tối đa" in row[7]
    assert province.as_json()["groups"]["online"]["items"]["3.3"]["missing"]["to_full"] == 1494


def test_the_change_compares_the_rows_both_months_have(store: Any) -> None:
    store.answer(store.sources_of("84:2020"))
    store.measure(CITY, date(2023, 10, 2), "received_online", 30)
    store.measure(CITY, date(2023, 10, 2), "received_direct", 70)
    assert of("84").change is None  # September has not answered: no change, not a rise from zero
    store.answer(store.sources_of("84:2020"), (date(2023, 9, 1), date(2023, 9, 30)))
    store.measure(CITY, date(2023, 9, 2), "received_online", 10)
    store.measure(CITY, date(2023, 9, 2), "received_direct", 90)
    change = of("84").change
    assert change is not None
    assert (change.period.label, change.groups["online"], change.total) == ("2023-09", Decimal("2.40"), Decimal("2.40"))
    assert (change.rows_compared, change.is_like_for_like) == (2, True)
    assert not any("TẠM THỜI" in line for line in wording.standing_summary(of("84"), "vi"))
    assert unit_index("84", parse_period("2023-10-03..2023-10-20"), today=TODAY).change is None


def test_a_change_from_a_period_whose_figures_are_provisional_says_so(store: Any) -> None:
    sources = store.sources_of("84:2020")
    store.answer(sources)
    store.answer(sources[1:], (date(2023, 9, 1), date(2023, 9, 30)))
    for month in (9, 10):
        store.measure(CITY, date(2023, month, 2), "received_online", 10 * month)
        store.measure(CITY, date(2023, month, 2), "received_direct", 100)
    standing = of("84")
    assert standing.change is not None
    assert standing.change.as_json()["missing_before"] == 1
    [told] = [line for line in wording.standing_summary(standing, "vi") if line.startswith("So với kỳ trước")]
    assert told.endswith("; số liệu kỳ trước là TẠM THỜI, chưa đủ dữ liệu của 1 nguồn.")
    [told] = [line for line in wording.standing_summary(standing, "en") if line.startswith("Against")]
    assert told.endswith("; the figures before are PROVISIONAL, 1 sources are incomplete.")
    assert wording.level_line(standing, "vi")[6].endswith(" †")
    assert any(line.startswith("† ") for line in wording.level_notes([standing], "en"))
    whole = of(CITY)
    assert "†" not in wording.level_line(whole, "vi")[6]
    assert not any(line.startswith("† ") for line in wording.level_notes([whole], "vi"))


def test_units_of_a_level_are_ranked_in_their_province_and_ties_share_a_place(store: Any) -> None:
    store.answer(store.sources_of("84:2020"))
    cities = [unit.unit_id for unit in store.catalog.subtree("84:2020") if unit.kind == "district"]
    for unit, online in zip(cities, (10, 40, 40, 25), strict=False):
        store.measure(unit, date(2023, 10, 2), "received_online", online)
        store.measure(unit, date(2023, 10, 2), "received_direct", 100 - online)
    places = {unit: of(unit).rank for unit in cities[:4]}
    assert [place.place for place in places.values() if place] == [4, 1, 1, 3]
    assert {place.of for place in places.values() if place} == {len(cities)}
    listed = level_index("84", "district", OCTOBER, today=TODAY)
    assert [standing.unit.unit_id for standing in listed[:4]] == [cities[1], cities[2], cities[3], cities[0]]
    assert [standing.rank.place for standing in listed if standing.rank][:4] == [1, 1, 3, 4]
    assert wording.level_line(listed[0], "vi")[0] == "1"


def test_a_row_that_means_nothing_to_a_commune_is_left_out_of_its_maximum(october: Any) -> None:
    assert of(WARD).score.item("3.1").state == "not_applicable"
    assert of("84").score.item("3.1").state == "not_available"
    assert of(WARD).score.item("4.6").state == "not_available"
    told = list(wording.standing_summary(of(WARD), "vi"))
    assert any("18 chỉ tiêu không có số liệu, 1 không áp dụng ở cấp này" in sentence for sentence in told), told
    assert (of("84").level, of(CENTRE).level, of(CITY).level, of(WARD).level) == (
        "province", "department", "district", "commune",
    )  # fmt: skip


def test_a_list_of_units_shows_ranges_and_no_class_that_is_not_known(october: Any) -> None:
    listed = level_index("84", "district", OCTOBER, today=TODAY)
    city = next(standing for standing in listed if standing.unit.unit_id == CITY)
    line = wording.level_line(city, "vi")
    assert (line[5], line[7]) == ("23,37 – 96,84", "")
    assert any("ít nhất và nhiều nhất" in note for note in wording.level_notes(listed, "vi"))
    told = city.as_json()
    assert (told["of_hundred"], told["class"], told["is_complete"]) == (None, None, False)
    assert (told["at_least"], told["at_most"]) == (23.37, 96.84)
    assert set(told["gaps"]) == {item.id for item in city.score.definition.items} - {"2.1", "3.1", "3.3"}
    assert (
        told["gaps"]["1.1"]["why"]["en"] == "the catalogue of procedures has no announcement decisions of the province"
    )


def test_counts_from_elsewhere_fill_only_what_nothing_feeds(october: Any) -> None:
    given = {"5.2": Counts(Fraction(9), Fraction(10)), "1.1": None}
    filled = of("84", given=given)
    assert (filled.score.item("5.2").score, filled.score.max_available) == (Decimal("5.40"), 32)
    assert filled.rank == of("84").rank
    with pytest.raises(InputRefused, match=r"Row 3\.3 is computed from dossiers, and given in the file as well"):
        of("84", given={"3.3": Counts(Fraction(1), Fraction(2))})


def catalog_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Point the catalogue at a copy whose rows of index 766 are changed."""
    folder = tmp_path / "catalog"
    shutil.copytree(Settings.load().shipped_catalog_dir, folder)
    path = folder / "index" / "766.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    rows = {row["id"]: row for group in document["versions"][0]["groups"].values() for row in group["items"]}
    change(rows)
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))


def feed(rows: dict[str, Any], row: str, numerator: Any, denominator: Any, **more: Any) -> None:
    for key in ("not_fed", "needs", "known_of"):
        rows[row].pop(key, None)
    rows[row] |= {"numerator": numerator, "denominator": denominator, **more}


def test_a_fact_that_a_source_does_not_say_is_not_a_zero(
    october: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = {"terms": [{"measures": ["received_online"], "window": "in_period"}]}
    catalog_with(tmp_path, monkeypatch, lambda rows: feed(rows, "3.6", terms, terms, needs=["paid_online_code"]))
    province = of("84")
    assert province.score.item("3.6").state == "not_available"
    assert province.notes["3.6"].en.endswith("sources do not say it")
    assert pair(province, "3.3") == (1230, 2111)


def test_more_than_the_whole_is_told_and_not_scored(
    october: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = {"columns": ["received_total"]}
    catalog_with(tmp_path, monkeypatch, lambda rows: feed(rows, "3.6", received, {"columns": ["received_online"]}))
    province = of("84")
    assert province.score.item("3.6").state == "not_available"
    assert province.notes["3.6"].en == "rule V14: numerator 2116, denominator 1230"


def test_a_row_may_count_distinct_procedures(october: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    communes = {"procedures": {"where": {"level": ["commune"]}}}
    online = {"procedures": {"where": {"level": ["commune"]}, "having_any": ["received_online"]}}
    catalog_with(tmp_path, monkeypatch, lambda rows: feed(rows, "3.2", online, communes))
    october.measure(CITY, date(2023, 10, 3), "received_online", 4, procedure="1.000894")
    october.measure(WARD, date(2023, 10, 4), "received_online", 1, procedure="1.000894")
    october.measure(WARD, date(2023, 10, 4), "received_online", 1, procedure="9.999999")  # in no catalogue
    known = {p.code for p in october.catalog.procedures if p.level == "commune" and p.holds_on(OCTOBER.to_date)}
    assert pair(of("84"), "3.2") == (2, len(known))  # 1.001193 and 1.000894, each once
    assert pair(of(WARD), "3.2") == (1, len(known))


def test_a_column_the_form_has_not_is_refused(october: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"columns": ["received_totals"]}
    catalog_with(tmp_path, monkeypatch, lambda rows: feed(rows, "3.6", wrong, wrong))
    with pytest.raises(CatalogError, match=r"Index 766, row 3\.6: form form-06 counts no column 'received_totals'"):
        of("84")


def test_adapted_rows_hold_for_the_units_they_name(
    october: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert of(WARD, variant="example-communes").score.item("3.3").item.max == 8
    assert of(WARD).score.definition.variant == ""
    catalog_with(tmp_path, monkeypatch, lambda rows: None)
    path = tmp_path / "catalog" / "index" / "variants" / "example-communes.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("is_example: true", "is_example: false"), encoding="utf-8")
    assert of(WARD).score.definition.variant == "example-communes"
    assert of(WARD, variant="none").score.definition.variant == ""
    assert of("84").score.definition.variant == ""
    assert pair(of(CITY), "X.1") == (7, 82)


def test_what_cannot_be_asked_is_refused(store: Any) -> None:
    with pytest.raises(ReportRefused, match="No version of index 766 is in force on 2020-06-30"):
        unit_index("82", parse_period("CAL_H1:2020"))
    with pytest.raises(ReportRefused, match="has no unit of level district"):
        level_index(WARD, "district", OCTOBER)


def test_rows_of_facts_are_counted_over_the_dossiers_that_tell(
    october: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"components_digitised_count", "components_reused_count", "paid_online_code", "has_electronic_result"}
    catalog_with(tmp_path, monkeypatch, lambda rows: None)
    mapping = tmp_path / "catalog" / "mappings" / "opencps.yaml"
    document = yaml.safe_load(mapping.read_text(encoding="utf-8"))
    document["fields"] |= {name: {"as": "integer", "key": name} for name in told}
    mapping.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")

    silent = of(CITY)
    assert silent.notes["4.3"].en == "the sources say it of no dossier"
    assert pair(silent, "3.6") == (0, 0)  # no dossier with a fee: zero by the row's own rule, and seen to be empty

    for measure, quantity in (("received_components_known", 100), ("received_components_reused", 80),
                              ("received_with_fee", 40), ("received_paid_online", 30),
                              ("resolved_result_known", 60), ("resolved_with_components_and_result", 45),
                              ("resolved_with_electronic_result", 50)):  # fmt: skip
        october.measure(CITY, date(2023, 10, 12), measure, quantity)
    city = of(CITY)
    assert {row: pair(city, row) for row in ("4.2", "4.3", "3.6", "4.1")} == {
        "4.2": (45, 60), "4.3": (80, 100), "3.6": (30, 40), "4.1": (50, 60),
    }  # fmt: skip
    assert city.notes["4.3"].vi == "tính trên 100/111 hồ sơ có số liệu"
    assert [city.score.item(row).score for row in ("4.2", "4.3", "3.6", "4.1")] == [
        Decimal("3.00"), Decimal("2.00"), Decimal("4.50"), Decimal("5.00"),
    ]  # fmt: skip
    assert city.score.item("4.4").state == "not_available"


def test_the_rows_of_the_par_index_are_ratios_by_level_without_points(october: Any) -> None:
    par = of("84", index="par-index")
    assert {row: pair(par, f"on-time-{row}") for row in ("province", "district", "commune")} == {
        "province": (1800, 1850), "district": (71, 71), "commune": (11, 11),
    }  # fmt: skip
    assert (par.score.total, par.score.band, par.rank, par.gaps) == (None, None, None, {})
    assert "ratios only" in next(wording.summary(par.score, "en"))
    assert all(one.item.max is None and one.score is None for one in par.score.items)


def test_announcements_are_the_provinces_and_inherited_below_it(
    october: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "quyết định công bố" in of("84").notes["1.1"].vi
    catalog_with(tmp_path, monkeypatch, lambda rows: None)
    head = "code,name,field_code,field_name,level,province,effective_on,announced_on,published_on,valid_from,evidence"
    rows = [  # effective 30 October; five working days before it is the 23rd
        "1.900001,a,f,F,commune,84,2023-10-30,2023-10-16,2023-10-18,2023-10-16,test",
        "1.900002,b,f,F,commune,84,2023-10-30,2023-10-27,2023-10-30,2023-10-27,test",
        "1.900003,c,f,F,commune,26,2023-10-30,2023-10-16,2023-10-18,2023-10-16,test",
    ]
    path = tmp_path / "catalog" / "procedures" / "announced.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    province, ward = of("84"), of(WARD)
    assert (pair(province, "1.1"), pair(province, "1.2")) == ((1, 2), (2, 2))
    assert pair(ward, "1.1") == (1, 2)
    assert ward.as_json()["groups"]["transparency"]["items"]["1.1"]["inherited"] is True
    assert "inherited" not in province.as_json()["groups"]["transparency"]["items"]["1.1"]


def petition_source(path: Path, unit_id: str, valid_from: str) -> None:
    path.write_text(
        f'source_id: tra-vinh.petitions\npath: petitions-drop/*.csv\nunit_id: "{unit_id}"\nvalid_from: {valid_from}\n'
        "columns: {petition_id: Mã, received_on: Ngày nhận, kind: Loại}\nwords: {kind: {HV: behaviour}}\n",
        encoding="utf-8",
    )


def test_no_petitions_is_full_only_where_a_source_would_have_told(
    october: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog_with(tmp_path, monkeypatch, lambda rows: None)
    assert of("84").notes["5.2"].en == "no source of petitions"
    source = tmp_path / "catalog" / "petitions" / "tra-vinh.yaml"
    source.parent.mkdir()
    petition_source(source, "84:2020", "2023-11-01")
    assert of("84").score.item("5.2").state == "not_available"
    petition_source(source, "84:2020", "2023-01-01")
    assert "(missing)" in of("84").notes["5.2"].en
    october.execute(
        "insert into batch (batch_id, run_id, source_id, record_kind, is_whole, level, window_from, window_to, state,"
        " pulled_count, out_of_window_count, duplicate_count, quarantined_count, new_count, changed_count,"
        " unchanged_count, measured_at) values ('pakn', 'r', 'tra-vinh.petitions', 'petition', true, 'province',"
        " '2023-01-01', '2023-11-30', 'loaded', 0, 0, 0, 0, 0, 0, 0, now())"
    )
    assert (pair(of("84"), "5.2"), of("84").score.item("5.2").state) == ((0, 0), "undecided")  # before 16 October 2025
    assert of(WARD).score.item("5.2").score is None

    petitions = (  # received, due, handled, satisfied
        ("closed before", "2023-09-01", "2023-09-15", "2023-09-20", None),
        ("carried over, in time", "2023-09-20", "2023-10-10", "2023-10-05", True),
        ("carried over, late, open", "2023-09-01", "2023-09-22", None, None),
        ("carried over, late, handled", "2023-09-01", "2023-09-22", "2023-10-02", None),
        ("late in the period", "2023-10-02", "2023-10-09", "2023-10-12", False),
        ("unsatisfied in time", "2023-10-02", "2023-10-20", "2023-10-12", False),
        ("open in time", "2023-10-30", "2023-11-20", None, None),
        ("later", "2023-11-02", "2023-11-20", None, None),
    )
    for name, received, due, handled, satisfied in petitions:
        october.execute(
            "insert into petition_version (system_code, agency_code, petition_id, unit_id, kind, received_on, due_on,"
            " handled_on, is_satisfied, content_hash, source_id, batch_id, known_from) values ('petitions', 'p', :name,"
            " :unit, 'behaviour', :received, :due, :handled, :satisfied, 'h', 'tra-vinh.petitions', 'pakn', now())",
            name=name, unit=CITY, received=received, due=due, handled=handled, satisfied=satisfied,
        )  # fmt: skip
    city = of(CITY)
    assert (pair(city, "5.2"), pair(city, "5.3")) == ((3, 6), (2, 6))
    assert (city.score.item("5.2").score, city.score.item("5.3").score) == (3, 2)
    assert pair(of(WARD), "5.2") == (0, 0)
    assert pair(of("84", index="par-index"), "petitions") == (4, 6)

    petition_source(source, CITY, "2023-01-01")
    assert (pair(of("84"), "5.2"), pair(of(WARD), "5.2")) == ((3, 6), (0, 0))  # the ward is the city's
    assert of(CENTRE).score.item("5.2").state == "not_available"
    assert of("84").notes["5.2"].en.endswith("units have no source of petitions")
    assert "5.2" not in of(CITY).notes
