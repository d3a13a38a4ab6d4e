"""Forms as data: effective-dated, typed, refused with file and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from motcua.catalog.forms import load_form
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
    ],
)
def test_a_misspelt_form_is_refused_with_its_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        load_form(put(tmp_path, old, new), "form-06", date(2023, 10, 31))


def test_a_form_not_yet_in_force_is_refused() -> None:
    with pytest.raises(ReportRefused, match="No version of report form-06 is in force on 2010-01-01"):
        load_form(FORMS.parent, "form-06", date(2010, 1, 1))


def test_an_unknown_report_is_refused_naming_the_known_ones() -> None:
    with pytest.raises(ReportRefused, match="digitisation, form-06, form-2026, nightly-brief"):
        load_form(FORMS.parent, "form-07", date(2023, 10, 31))
