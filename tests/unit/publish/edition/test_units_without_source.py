"""A unit that no source speaks for keeps an edition from being final, unless the catalogue says why it has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.measured_world import Store

from motcua.catalog.finality import UnitsWithoutSource, load_without_source
from motcua.catalog.load import load_catalog
from motcua.errors import CatalogError
from motcua.period import Period, parse_period
from motcua.publish import Edition, publish_edition
from motcua.publish.files.layout import checklist_lines, lacking_text
from motcua.publish.files.page import page_html
from motcua.publish.form import completeness
from motcua.settings import Settings

OCTOBER = parse_period("CAL_MONTH:2023-10")
WARD, WARD_SOURCE, PROVINCE = "29236:2020", "tra-vinh.c29236", "84:2020"
REASON = {"vi": "hồ sơ nằm trong sổ của huyện", "en": "its dossiers stand in the register of the district"}
YEAR = {"valid_from": "2023-01-01", "valid_to": "2023-12-31"}


def with_source(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Change the source of the ward in the catalogue of this test; without changes take it out."""
    catalog = load_catalog(Settings.load().catalog_dir)
    sources = [
        source.model_copy(update=changes) if source.source_id == WARD_SOURCE else source
        for source in catalog.sources
        if changes or source.source_id != WARD_SOURCE
    ]
    changed = replace(catalog, sources=tuple(sources))
    monkeypatch.setattr("motcua.publish.edition.lifecycle.load_catalog", lambda _: changed)


def state(monkeypatch: pytest.MonkeyPatch, *entries: dict[str, Any]) -> None:
    stated = UnitsWithoutSource.model_validate({"units": [{**YEAR, **REASON, **entry} for entry in entries]})
    monkeypatch.setattr(completeness, "load_without_source", lambda _: stated)


def unmet(edition: Edition) -> list[tuple[str, list[str]]]:
    return [
        (line["code"], [what["en"] for what in line["missing"]])
        for line in edition.content["checklist"]
        if line["is_met"] == "no"
    ]


def test_a_commune_that_nobody_entered_in_the_catalogue_keeps_its_province_from_final(
    october: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert publish_edition("form-06", "84", OCTOBER).completeness == "final"
    with_source(monkeypatch)
    edition = publish_edition("form-06", "84", OCTOBER)
    assert edition.completeness == "provisional"
    assert not any("noted" in line for line in edition.content["checklist"])
    name = load_catalog(Settings.load().catalog_dir).unit_by_id[WARD].name
    step = f"add its source, or say why it has none for unit_id {WARD} in without_source.yaml"
    assert unmet(edition) == [("units_have_sources", [f"{name} (29236), 2023-10-01 to 2023-10-31: {step}"])]
    for told in (
        page_html(edition),
        lacking_text(edition.content, "vi"),
        *list(checklist_lines(edition.content, "vi"))[1:2],
    ):
        assert name in told


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({"valid_from": date(2023, 10, 10)}, "2023-10-01 to 2023-10-09"),
        ({"valid_to": date(2023, 10, 30)}, "2023-10-31 to 2023-10-31"),
    ],
)
def test_a_source_that_is_not_in_force_all_the_period_leaves_days_that_nobody_answers_for(
    october: Store, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], days: str
) -> None:
    with_source(monkeypatch, **changes)
    [(code, [told])] = unmet(publish_edition("form-06", "84", OCTOBER))
    assert (code, days in told) == ("units_have_sources", True)


def test_the_reason_of_the_catalogue_makes_it_final_and_stands_on_page_workbook_and_terminal(
    october: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_source(monkeypatch)
    state(monkeypatch, {"unit_id": WARD})
    edition = publish_edition("form-06", "84", OCTOBER)
    assert (edition.completeness, unmet(edition)) == ("final", [])
    assert f"1 đơn vị không có nguồn: {REASON['vi']}" in page_html(edition)
    assert any(f"1 units without a source: {REASON['en']}" in line for line in checklist_lines(edition.content, "en"))
    [line] = [one for one in edition.content["checklist"] if one["code"] == "units_have_sources"]
    assert line["noted"] == [
        {"vi": f"1 đơn vị không có nguồn: {REASON['vi']}", "en": f"1 units without a source: {REASON['en']}"}
    ]


def test_a_reason_does_not_explain_dossiers_of_a_source_that_left_the_catalogue(
    october: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    [batch_id] = october.answer([WARD_SOURCE], (date(2023, 10, 1), date(2023, 10, 19)))
    ended = {"status": 10, "finished": date(2023, 10, 9)}
    october.version(batch_id, WARD, "1", date(2023, 10, 2), **ended)
    october.version(batch_id, WARD, "2", date(2023, 10, 3), **ended)
    state(monkeypatch, {"unit_id": WARD})
    assert publish_edition("form-06", "84", OCTOBER).completeness == "final"  # its source tells of them
    with_source(monkeypatch)
    edition = publish_edition("form-06", "84", OCTOBER)
    name = load_catalog(Settings.load().catalog_dir).unit_by_id[WARD].name
    told = (
        f"{name} (29236): without_source.yaml says that unit_id {WARD} has no source, but the store has 2 dossiers of"
        f" the period from {WARD_SOURCE}, last known on 2023-10-31; restore the entry of {WARD_SOURCE} in sources/ and"
        " ingest it to the end of the period"
    )
    gone = (
        f"{WARD_SOURCE} (not in the catalogue): 2 dossiers of a source that the catalogue does not have; restore its"
        " entry (one that was renamed takes its id back)"
    )
    assert unmet(edition) == [("units_have_sources", [told]), ("nothing_missing", [gone])]


@pytest.mark.parametrize(
    ("entry", "is_stated"),
    [
        ({"unit_id": WARD}, True),
        ({"unit_id": PROVINCE, "with_all_below": True}, True),
        ({"unit_id": PROVINCE}, False),
        ({"unit_id": "29239:2020"}, False),
        ({"unit_id": WARD, "valid_to": "2023-10-30"}, False),
        ({"unit_id": WARD, "valid_from": "2023-10-02"}, False),
    ],
)
def test_a_reason_holds_for_its_unit_and_its_days(
    october: Store, monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any], is_stated: bool
) -> None:
    with_source(monkeypatch)
    state(monkeypatch, entry)
    assert (publish_edition("form-06", "84", OCTOBER).completeness == "final") is is_stated


def test_a_reason_for_a_unit_that_does_not_exist_or_without_words_is_refused(
    october: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    state(monkeypatch, {"unit_id": "29236"})
    with pytest.raises(CatalogError, match=r"without_source\.yaml: there is no unit '29236'"):
        publish_edition("form-06", "84", OCTOBER)
    (tmp_path / "without_source.yaml").write_text(
        f"units:\n  - {{unit_id: '{WARD}', valid_from: 2023-01-01, vi: '', en: ''}}\n", encoding="utf-8"
    )
    with pytest.raises(CatalogError, match=r"without_source\.yaml"):
        load_without_source(tmp_path)


days = st.integers(min_value=1, max_value=12).map(lambda number: date(2023, 10, number))


@given(st.lists(st.tuples(days, st.one_of(st.none(), days))), days, st.one_of(st.none(), days))
def test_no_day_without_a_source_is_overlooked(
    sources: list[tuple[date, date | None]], begins: date, ends: date | None
) -> None:
    """Compared with a count day by day, over sources and units in force at any time around a period."""
    period = Period("CAL_MONTH", "part of a month", date(2023, 10, 4), date(2023, 10, 9))
    unit: Any = SimpleNamespace(valid_from=begins, valid_to=ends)
    if not begins <= (ends or period.to_date):
        return
    in_force = [SimpleNamespace(valid_from=one, valid_to=end) for one, end in sources if not end or one <= end]
    silent = [
        day
        for number in range(6)
        if begins <= (day := period.from_date + timedelta(days=number)) <= (ends or day)
        and not any(one.valid_from <= day <= (one.valid_to or day) for one in in_force)
    ]
    found = completeness.days_without(unit, in_force, period)
    assert found == ((silent[0], silent[-1]) if silent else None)
