"""Forms as data: effective-dated, typed, refused with file and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from motcua.catalog.forms import form_file, load_form, load_list, report_codes
from motcua.errors import CatalogError, ReportRefused
from motcua.settings import Settings

FORMS = Settings.load().catalog_dir / "forms"


def put(folder: Path, old: str, new: str) -> Path:
    text = (FORMS / "form-06.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "forms").mkdir()
    (folder / "forms" / "form-06.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_the_columns_of_form_06_are_numbered_3_to_13() -> None:
    form = load_form(FORMS.parent, "form-06", date(2023, 10, 31))
    assert [column.number for column in form.columns] == list(range(3, 14))
    assert all(column.evidence for column in (*form.columns, *form.identities))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("measures: [received_online], window", "measures: [received_onlin], window", r"form-06\.yaml:\d+: .*measures"),
        ("window: in_period", "windw: in_period", r"form-06\.yaml:\d+: .*windw"),
        ("plus: [open_total]", "plus: [open_totals]", "made of open_totals"),
        ("total: open_total", "total: open_totals", "unknown column open_totals"),
        ("plus: [open_total]", "plus: [open_total, open_total]", "made of one column twice"),
        ("count: [carried_over]", "count: [carried]", "the page shows columns the form does not count: carried"),
        (
            "of: [open_overdue], among",
            "of: [overdue], among",
            "the page shows columns the form does not count: overdue",
        ),
        ("column: open_overdue, colour", "column: open_late, colour", "does not count: open_late"),
        ("{column: received_online, vi", "{column: online, vi", "does not count: online"),
        ("colour: red", "colour: pink", r"charts.*colour"),
        ("kind: most_by_unit", "kind: pie", r"charts"),
        ("tables: [unit, field, level]", "tables: [field, level]", "tables need `unit`"),
        ("tables: [unit, field, level]", "tables: [unit, field]", "need the table by level"),
        ("number: II, level: district", "number: II, level: commune", "a section of each level"),
        ("clock: reporting_periods", "clock: sundays", r"form-06\.yaml:\d+: published.*clock"),
        (
            "report_code: form-06",
            "report_code: form-6",
            r"yaml:\d+: report_code is 'form-6', but the file is form-06\.yaml",
        ),
        ("forms:\n", "lists: []\nformz:\n", "formz"),
    ],
)
def test_a_misspelt_form_is_refused_with_its_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        load_form(put(tmp_path, old, new), "form-06", date(2023, 10, 31))


def test_a_form_not_yet_in_force_is_refused() -> None:
    with pytest.raises(ReportRefused, match="No version of report form-06 is in force on 2010-01-01"):
        load_form(FORMS.parent, "form-06", date(2010, 1, 1))


def test_an_unknown_report_is_refused_naming_the_known_ones() -> None:
    with pytest.raises(ReportRefused, match="digitisation, form-06, form-2026, nightly-brief, online-payment"):
        load_form(FORMS.parent, "form-07", date(2023, 10, 31))


def test_every_shipped_report_loads_and_says_when_it_is_published_or_is_a_list() -> None:
    files = {code: form_file(FORMS.parent, code) for code in report_codes(FORMS.parent)}
    assert {code for code, content in files.items() if not content.published} == {"overdue-list"}
    assert all(content.title for content in files.values())
    assert files["form-06"].title.endswith("(form II.06a)")


def test_reports_are_those_of_the_catalogue_and_the_shipped_ones_it_does_not_replace(tmp_path: Path) -> None:
    put(tmp_path, "form_no: II.06a", "form_no: ours")
    (tmp_path / "forms" / "own.yaml").write_text("report_code: own\n", encoding="utf-8")
    assert {"own", "form-06", "digitisation"} <= set(report_codes(tmp_path))
    assert load_form(tmp_path, "form-06", date(2023, 10, 31)).form_no == "ours"
    assert load_form(tmp_path, "digitisation", date(2023, 10, 31)).report_code == "digitisation"


def test_a_file_with_neither_forms_nor_lists_is_refused(tmp_path: Path) -> None:
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "own.yaml").write_text("report_code: own\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"own\.yaml:1: .*has forms, or lists of dossiers"):
        form_file(tmp_path, "own")


def test_the_title_is_that_of_the_newest_version(tmp_path: Path) -> None:
    text = (FORMS / "online-payment.yaml").read_text(encoding="utf-8")
    start = text.index("  - valid_from: 2019-01-01\n    form_no")
    older = (
        text[start:]
        .replace("2019-01-01", "2015-01-01\n    valid_to: 2018-12-31")
        .replace("title_en: ", "title_en: Old ")
    )
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "online-payment.yaml").write_text(text.rstrip() + "\n" + older, encoding="utf-8")
    assert form_file(tmp_path, "online-payment").title == "Online dossiers and online payment"
    assert load_form(tmp_path, "online-payment", date(2018, 1, 1)).title_en.startswith("Old ")


def test_a_list_of_dossiers_is_no_form_and_a_form_no_list() -> None:
    day = date(2023, 10, 31)
    with pytest.raises(ReportRefused, match=r"overdue-list is a list of dossiers.*motcua report overdue-list"):
        load_form(FORMS.parent, "overdue-list", day)
    with pytest.raises(ReportRefused, match="form-06 is no list of dossiers"):
        load_list(FORMS.parent, "form-06", day)
    with pytest.raises(ReportRefused, match="No version of report overdue-list is in force on 2010-01-01"):
        load_list(FORMS.parent, "overdue-list", date(2010, 1, 1))
    assert load_list(FORMS.parent, "overdue-list", day).report_code == "overdue-list"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{fact: due_on", "{fact: dossier_no", "a fact stands in two columns"),
        ("{fact: due_on", "{fact: applicant_name", r"fact"),
        ("      undated: {", "      undatd: {", r"undatd"),
        ("lists:", "published:\n  - {clock: nights, periods: [DAY], valid_from: 2019-01-01, evidence: x}\nlists:",
         "never published"),
    ],
)  # fmt: skip
def test_a_list_that_is_wrong_or_would_be_published_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = (FORMS / "overdue-list.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "overdue-list.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError, match=message):
        load_list(tmp_path, "overdue-list", date(2023, 10, 31))


def test_a_column_that_adds_up_an_untold_one_is_untold_and_one_that_takes_it_off_is_not() -> None:
    form = load_form(FORMS.parent, "overdue-reasons", date(2023, 10, 31))
    assert form.needs_of("ended_volume") == {"overdue_reason_code"}
    assert form.needs_of("ended_unstated") == frozenset()  # what no source tells apart stays in the rest
    adding = form.columns[0].model_copy(update={"code": "sum", "terms": (), "plus": ("ended_total", "ended_volume")})
    assert form.model_copy(update={"columns": (*form.columns, adding)}).needs_of("sum") == {"overdue_reason_code"}


@pytest.mark.parametrize(
    ("old", "new"),
    [("window: days_ahead}]", "window: days_ahead}]\n        change: true")],
)
def test_what_lies_ahead_has_no_change_from_before(tmp_path: Path, old: str, new: str) -> None:
    text = (FORMS / "nightly-brief.yaml").read_text(encoding="utf-8")
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "nightly-brief.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError, match="due_soon: a percentage, or what lies ahead, has no change"):
        load_form(tmp_path, "nightly-brief", date(2023, 10, 31))


def test_a_column_that_is_like_another_forms_is_made_of_what_that_one_is(tmp_path: Path) -> None:
    day = date(2023, 10, 31)
    six, brief = (load_form(FORMS.parent, code, day) for code in ("form-06", "nightly-brief"))
    for code in ("resolved_early", "resolved_on_time", "resolved_late", "open_total", "open_overdue"):
        assert brief.terms_of(code) == six.terms_of(code) != ()
    put(tmp_path, "measures: [resolved_on_time, withdrawn, stopped]", "measures: [resolved_on_time]")
    assert load_form(tmp_path, "nightly-brief", day).terms_of("resolved_on_time")[0].measures == ("resolved_on_time",)


def with_like(folder: Path, like: str) -> None:
    text = (FORMS / "nightly-brief.yaml").read_text(encoding="utf-8")
    assert "like: form-06.resolved_late" in text
    (folder / "forms").mkdir(exist_ok=True)
    changed = text.replace("like: form-06.resolved_late", f"like: {like}")
    (folder / "forms" / "nightly-brief.yaml").write_text(changed, encoding="utf-8")


@pytest.mark.parametrize(
    ("like", "error", "message"),
    [
        ("form-06.resolved_lat", CatalogError, "Report form-06 counts no column 'resolved_lat'"),
        ("form-07.resolved_late", ReportRefused, "There is no report 'form-07'"),
        (
            "overdue-reasons.open_total",
            CatalogError,
            r"Column resolved_late is like overdue-reasons\.open_total, which is like",
        ),
        ("overdue-reasons.open_unstated", CatalogError, "which is like another itself"),
        ("form-06", CatalogError, "like"),
        ("form-2026.resolved_late", ReportRefused, "No version of report form-2026 is in force on 2023-10-31"),
    ],
)
def test_a_column_like_one_that_is_not_there_or_is_like_another_is_refused(
    tmp_path: Path, like: str, error: type[Exception], message: str
) -> None:
    with_like(tmp_path, like)
    with pytest.raises(error, match=message):
        load_form(tmp_path, "nightly-brief", date(2023, 10, 31))


def test_a_column_like_one_made_of_columns_takes_its_terms_and_what_they_need(tmp_path: Path) -> None:
    with_like(tmp_path, "form-06.open_in_time")
    found = load_form(tmp_path, "nightly-brief", date(2023, 10, 31))
    assert found.terms_of("resolved_late") == load_form(FORMS.parent, "form-06", date(2023, 10, 31)).terms_of(
        "open_in_time"
    )
    (other := tmp_path / "other").mkdir()
    with_like(other, "digitisation.components_digitised")
    needy = load_form(other, "nightly-brief", date(2023, 10, 31))
    assert needy.needs_of("resolved_late") == {"components_count", "components_digitised_count"}


def test_what_needs_the_opening_follows_from_the_terms_of_a_column() -> None:
    form = load_form(Settings.load().catalog_dir, "form-06", date(2023, 10, 31))
    assert set(form.column_codes) - form.needing_opening == {"received_online", "received_direct"}
