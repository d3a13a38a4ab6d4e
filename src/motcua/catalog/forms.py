"""Report forms as effective-dated data: which measures feed which column, the headings, the identities."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from motcua.canonical import CONTENT
from motcua.catalog import catalog_file
from motcua.catalog.load import read_yaml
from motcua.catalog.models import Entry, Level, Text
from motcua.errors import CatalogError, ReportRefused
from motcua.percentage import percentage
from motcua.settings import Settings

Window = Literal["before_period", "in_period", "until_end", "days_ahead"]
TableCode = Literal["unit", "field", "level"]
MEASURES = (
    "received_online", "received_direct", "resolved_early", "resolved_on_time", "resolved_late",
    "withdrawn", "stopped", "became_overdue", "overdue_cleared", "open_due", "not_accepted",
    "intake_awaited", "intake_settled", "intake_became_overdue", "intake_overdue_cleared",
    "received_full_online", "received_partial_online", "received_postal", "received_non_territorial",
    "received_synced", "received_with_fee", "received_paid_online", "received_paid_online_national",
    "received_components_known", "received_components_digitised", "received_components_reused",
    "received_from_portal_store", "received_identity_verified", "received_population_data",
    "received_population_linked", "resolved_result_known", "resolved_with_electronic_result",
    "resolved_with_components_and_result", "resolved_late_with_apology", "resolved_satisfied",
    "resolved_unsatisfied", "became_overdue_with_apology", "overdue_with_apology_cleared",
    "closed_online", "became_overdue_online", "overdue_cleared_online",
    "petition_received", "petition_received_behaviour", "petition_received_regulation", "petition_closed",
    "petition_closed_behaviour", "petition_closed_regulation", "petition_handled_on_time", "petition_became_overdue",
    "petition_overdue_cleared", "petition_unsatisfied", "petition_unsatisfied_or_late", "petition_published",
)  # fmt: skip
# Overdue dossiers by reason, for the codes of forms/overdue_reasons.csv.
_BY_REASON = re.compile(r"(?:became_overdue|overdue_cleared)_by_[a-z_]+")


def _known_measure(name: str) -> str:
    if name not in MEASURES and not _BY_REASON.fullmatch(name):
        raise ValueError(f"{name} is no measure of dossier_contribution or petition_contribution")
    return name


Measure = Annotated[str, AfterValidator(_known_measure)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Term(_Part):
    """A signed sum of measures over a window of days around the period."""

    measures: tuple[Measure, ...] = Field(min_length=1)
    window: Window
    sign: Literal[1, -1] = 1


class Percent(_Part):
    """A share of two columns: rounded half up to 2 decimals from their counts, blank where there is none."""

    of: str
    among: str


class Column(_Part):
    """A column of a form: fed by measures (`terms`), or made of other columns (`plus`, `minus`, or `percent`).

    `needs` are the facts of a dossier without which it cannot be told (`motcua.canonical`): a unit none of whose
    sources can state them has no figure there, and adds nothing to a total. Only `terms` can need facts.
    """

    number: int
    code: str
    label: str
    vi: tuple[str, ...] = Field(min_length=1, max_length=3)
    en: tuple[str, ...] = Field(min_length=1, max_length=3)
    terms: tuple[Term, ...] = ()
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    percent: Percent | None = None
    needs: tuple[Literal[tuple(CONTENT.names)], ...] = ()  # type: ignore[valid-type]
    change: bool = False
    evidence: str

    @model_validator(mode="after")
    def _has_one_origin(self) -> Column:
        if sum((bool(self.terms), bool(self.plus or self.minus), self.percent is not None)) != 1:
            raise ValueError(f"column {self.code} needs either terms, or plus/minus, or percent")
        if self.needs and not self.terms:
            raise ValueError(f"column {self.code} needs facts, so it must be made of terms")
        if len(self.vi) != len(self.en):
            raise ValueError(f"column {self.code} has headings of different depth in vi and en")
        return self


class Identity(_Part):
    """`total` equals the sum of `parts`, in every row; with `at_least` it may be more."""

    name: str
    total: str
    parts: tuple[str, ...]
    at_least: bool = False
    evidence: str


class Section(_Part):
    """A section of the form: the units of one level."""

    number: str
    level: Level
    vi: str
    en: str


class Form(Entry):
    """One version of a form, in force from `valid_from` on.

    What a column is made of is said here alone: `summands`, and what follows from it (`terms_of`, `counts`, `shares`).
    """

    report_code: str = ""
    form_no: str
    title_vi: str
    title_en: str
    legal_source: str
    counted_vi: str
    counted_en: str
    row_heading: Text  # what stands over the column of names
    tables: tuple[TableCode, ...]
    sections: tuple[Section, ...]
    columns: tuple[Column, ...]
    identities: tuple[Identity, ...]
    tiles: tuple[str, ...] = ()  # columns of the total that head the page
    working_days_ahead: int = Field(default=0, ge=0, le=20)

    @model_validator(mode="after")
    def _names_known_columns(self) -> Form:
        codes = [column.code for column in self.columns]
        measured = {column.code for column in self.columns if column.terms}
        if len(set(codes)) != len(codes):
            raise ValueError("a column code stands twice")
        for column in self.columns:
            parts = (*column.plus, *column.minus)
            if len(set(parts)) != len(parts):
                raise ValueError(f"column {column.code} is made of one column twice")
            for other in parts:
                if other not in measured:
                    raise ValueError(f"column {column.code} is made of {other}, which no measure feeds")
        counted = set(self.column_codes)
        for column in self.columns:
            if column.percent and not {column.percent.of, column.percent.among} <= counted:
                raise ValueError(f"column {column.code} is a share of columns the form does not count")
        if unknown := set(self.tiles) - counted:
            raise ValueError(f"tiles name columns the form does not count: {', '.join(sorted(unknown))}")
        for identity in self.identities:
            for code in (identity.total, *identity.parts):
                if code not in counted:
                    raise ValueError(f"identity {identity.name} names the unknown column {code}")
        return self

    @property
    def column_codes(self) -> tuple[str, ...]:
        """The columns that count, in order; not the percentages."""
        return tuple(column.code for column in self.columns if column.percent is None)

    @cached_property
    def _column_of(self) -> dict[str, Column]:
        return {column.code: column for column in self.columns}

    def summands(self, code: str) -> dict[str, int]:
        """Return the measured columns that a counting column adds up, each with its sign; itself if it is measured.

        Raises:
            CatalogError: the form has no such column, or it is a percentage.
        """
        column = self._column_of.get(code)
        if column is None or column.percent is not None:
            raise CatalogError(
                f"Report {self.report_code} counts no column {code!r}.",
                action=f"name one of {', '.join(self.column_codes)}.",
            )
        if column.terms:
            return {code: 1}
        return {**dict.fromkeys(column.plus, 1), **dict.fromkeys(column.minus, -1)}

    def terms_of(self, code: str) -> tuple[Term, ...]:
        """Return the terms a counting column comes down to, those of columns it takes off with their sign turned.

        Raises:
            CatalogError: as `summands`.
        """
        return tuple(
            term if sign > 0 else term.model_copy(update={"sign": -term.sign})
            for part, sign in self.summands(code).items()
            for term in self._column_of[part].terms
        )

    def counts(self, measured: Mapping[str, int]) -> dict[str, int]:
        """Return every counting column from the measured ones; a measured one that is not given is 0."""
        return {
            code: sum(sign * measured.get(part, 0) for part, sign in self.summands(code).items())
            for code in self.column_codes
        }

    def shares(self, counts: Mapping[str, int], untold: Set[str] = frozenset()) -> dict[str, str]:
        """Return the percentages as `45.54`, blank where there is nothing to divide or a count of it is untold."""
        found = {}
        for column in self.columns:
            if column.percent is not None:
                part, whole = column.percent.of, column.percent.among
                share = None if {part, whole} & untold else percentage(counts[part], counts[whole])
                found[column.code] = "" if share is None else str(share)
        return found


class _FormFile(_Part):
    report_code: str
    forms: tuple[Form, ...] = Field(min_length=1)


def report_codes(catalog_dir: Path) -> list[str]:
    """Return the reports that have a form: those of the catalogue, and the shipped ones it does not replace."""
    shipped = Settings.load().shipped_catalog_dir
    return sorted({path.stem for folder in (shipped, catalog_dir) for path in (folder / "forms").glob("*.yaml")})


def load_form(catalog_dir: Path, report_code: str, day: date) -> Form:
    """Return the form of a report in force on a day, from `<catalog>/forms/<report_code>.yaml`, else the shipped one.

    Raises:
        ReportRefused: there is no such report, or no version of it is in force on the day.
        CatalogError: the file is not a form; file and line are named.
    """
    path = catalog_file(catalog_dir, "forms", f"{report_code}.yaml")
    if not path.is_file():
        raise ReportRefused(
            f"There is no report {report_code!r}.", action=f"ask for one of: {', '.join(report_codes(catalog_dir))}."
        )
    for form in _read_forms(path):
        if form.holds_on(day):
            return form
    raise ReportRefused(
        f"No version of report {report_code} is in force on {day}.",
        action=f"add one to {path}, with its legal source.",
    )


@lru_cache(maxsize=16)
def _read_forms(path: Path) -> tuple[Form, ...]:
    document, lines = read_yaml(path)
    try:
        content = _FormFile.model_validate(document)
    except ValidationError as error:
        # A misspelt key also leaves its proper one missing: name the misspelling.
        first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        raise CatalogError(
            f"{path}:{_line(lines, first['loc'])}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}.",
            action="correct that line.",
        ) from None
    return tuple(form.model_copy(update={"report_code": content.report_code}) for form in content.forms)


def _line(lines: dict[tuple[str | int, ...], int], place: tuple[Any, ...]) -> int:
    while place not in lines:
        place = place[:-1]
    return lines[place]
