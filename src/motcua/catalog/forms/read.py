"""Reads forms from the catalogue: a file each, named for its report, which says all there is to say of it."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError, model_validator

from motcua.catalog.forms.columns import Column
from motcua.catalog.forms.dossier_list import DossierList
from motcua.catalog.forms.form import Form
from motcua.catalog.forms.published import PublishingRule
from motcua.catalog.load import catalog_file, read_yaml
from motcua.catalog.options import ClosedModel
from motcua.errors import CatalogError, ReportRefused
from motcua.settings import Settings

VersionT = TypeVar("VersionT", Form, DossierList)


class FormFile(ClosedModel):
    """`forms/<report code>.yaml`: versions of a form, or of a list of dossiers, and when it is published by itself."""

    report_code: str
    published: tuple[PublishingRule, ...] = ()
    forms: tuple[Form, ...] = ()
    lists: tuple[DossierList, ...] = ()

    @model_validator(mode="after")
    def _is_one_of_two(self) -> FormFile:
        if bool(self.forms) == bool(self.lists):
            raise ValueError("a report has forms, or lists of dossiers")
        if self.lists and self.published:
            raise ValueError("a list of dossiers is for the unit itself and never published")
        return self

    @property
    def title(self) -> str:
        """What the newest version is called in English, with its number."""
        if self.lists:
            return max(self.lists, key=lambda version: version.valid_from).title_en
        newest = max(self.forms, key=lambda version: version.valid_from)
        return f"{newest.title_en} (form {newest.form_no})" if newest.form_no else newest.title_en


def report_codes(catalog_dir: Path) -> list[str]:
    """Return the reports that have a form: those of the catalogue, and the shipped ones it does not replace."""
    shipped = Settings.load().shipped_catalog_dir
    return sorted({path.stem for folder in (shipped, catalog_dir) for path in (folder / "forms").glob("*.yaml")})


def form_file(catalog_dir: Path, report_code: str) -> FormFile:
    """Return what `<catalog>/forms/<report_code>.yaml`, else the shipped file, says.

    Raises:
        ReportRefused: there is no such report.
        CatalogError: the file is not a form; file and line are named.
    """
    path = catalog_file(catalog_dir, "forms", f"{report_code}.yaml")
    if not path.is_file():
        raise ReportRefused(
            f"There is no report {report_code!r}.", action=f"ask for one of: {', '.join(report_codes(catalog_dir))}."
        )
    return _read(path)


def load_form(catalog_dir: Path, report_code: str, day: date) -> Form:
    """Return the form of a report in force on a day.

    Raises:
        ReportRefused: there is no such report, it is a list of dossiers, or no version of it is in force on the day.
        CatalogError: the file is not a form; file and line are named.
    """
    content = form_file(catalog_dir, report_code)
    if content.lists:
        raise ReportRefused(
            f"Report {report_code} is a list of dossiers for the unit itself: it has no figures and is not published.",
            action=f"print it with `motcua report {report_code}`.",
        )
    form = _in_force(catalog_dir, content, content.forms, day)
    return form.model_copy(update={"columns": tuple(_resolved(catalog_dir, column, day) for column in form.columns)})


def _resolved(catalog_dir: Path, column: Column, day: date) -> Column:
    """Return a column made of what the column of another form that it is like is made of on a day."""
    if not column.like:
        return column
    report_code, _, code = column.like.partition(".")
    content = form_file(catalog_dir, report_code)
    other = _in_force(catalog_dir, content, content.forms, day)
    if any(part.like for part in other.columns if part.code in other.summands(code)):
        raise CatalogError(
            f"Column {column.code} is like {column.like}, which is like another itself.",
            action=f"let {column.code} name the column that has the terms.",
        )
    return column.model_copy(
        update={"like": "", "terms": other.terms_of(code), "needs": tuple(sorted(other.needs_of(code)))}
    )


def counted_kind(catalog_dir: Path, report_code: str, day: date) -> str:
    """Return the kind of record that a report counts; one that is no form, as the index, stands on dossiers."""
    try:
        return load_form(catalog_dir, report_code, day).record_kind
    except ReportRefused:
        return "dossier"


def load_list(catalog_dir: Path, report_code: str, day: date) -> DossierList:
    """Return the list of dossiers in force on a day. Raises as `load_form`, ReportRefused also where it is a form."""
    content = form_file(catalog_dir, report_code)
    if content.forms:
        raise ReportRefused(f"Report {report_code} is no list of dossiers.", action="ask for its figures.")
    return _in_force(catalog_dir, content, content.lists, day)


def _in_force(catalog_dir: Path, content: FormFile, versions: tuple[VersionT, ...], day: date) -> VersionT:
    for version in versions:
        if version.holds_on(day):
            return version.model_copy(update={"report_code": content.report_code})
    path = catalog_file(catalog_dir, "forms", f"{content.report_code}.yaml")
    raise ReportRefused(
        f"No version of report {content.report_code} is in force on {day}.",
        action=f"add one to {path}, with its legal source.",
    )


@lru_cache(maxsize=64)
def _read(path: Path) -> FormFile:
    document, lines = read_yaml(path)
    try:
        content = FormFile.model_validate(document)
    except ValidationError as error:
        # A misspelt key also leaves its proper one missing: name the misspelling.
        first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        raise CatalogError(
            f"{path}:{_line(lines, first['loc'])}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}.",
            action="correct that line.",
        ) from None
    if content.report_code != path.stem:
        raise CatalogError(
            f"{path}:{lines['report_code',]}: report_code is {content.report_code!r}, but the file is {path.name}.",
            action="name the file for its report.",
        )
    return content


def _line(lines: dict[tuple[str | int, ...], int], place: tuple[Any, ...]) -> int:
    while place not in lines:
        place = place[:-1]
    return lines[place]
