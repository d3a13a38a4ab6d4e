"""A list of dossiers that a unit still owes, laid out as its form says. For the unit itself: never in an edition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from motcua.canonical import Status
from motcua.catalog import load_catalog
from motcua.catalog.forms import Apology, DossierList, load_list, overdue_reasons
from motcua.days.workdays import workdays_from, working_calendar
from motcua.period import day_period
from motcua.publish.form.scope import Scope
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class OverdueDossier:
    """A dossier that was open after its due day. Nothing of its applicant.

    Attributes:
        step: the status it has, as words in the language asked for; `in_step_since` is when we first knew of it.
        late_workdays: working days from the due day to the day asked for.
        apology: whether a letter was sent, and no later than the day before the due day (NĐ 61/2018).
    """

    dossier_no: str | None
    unit_id: str
    unit_name: str
    procedure_code: str
    procedure_name: str
    step: str
    in_step_since: datetime
    received_on: date
    due_on: date
    late_workdays: int
    apology: Apology
    apology_text: str
    reason_code: str | None
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in vars(self).items()}


# The facts of a list's columns that are told in words of their own.
_WORDS = {"unit": "unit_name", "procedure": "procedure_name", "apology": "apology_text"}


@dataclass(frozen=True)
class DossierListing:
    """A list of one unit and day: the form it is laid out by, and its dossiers."""

    form: DossierList
    day: date
    dossiers: tuple[OverdueDossier, ...]

    def headings(self, lang: str) -> list[str]:
        """Return the headings of the columns in a language."""
        return [column.vi if lang == "vi" else column.en for column in self.form.columns]

    def rows(self) -> list[list[object]]:
        """Return what stands in each column, dossier by dossier."""
        names = [_WORDS.get(column.fact, column.fact) for column in self.form.columns]
        return [[getattr(dossier, name) for name in names] for dossier in self.dossiers]

    def by_unit(self) -> list[tuple[str, str, int, int]]:
        """Return, by unit and reason, how many are overdue and of how many a letter was sent in time: counts alone."""
        return count_by_unit(self.dossiers)


def read_list(report_code: str, unit: str, day: date, lang: str = "vi") -> DossierListing:
    """Return the dossiers of all that a unit covers which were open and overdue at the end of a day.

    They are judged by what is known now: one that has ended since, on a later day, is still in the list of that day.

    Args:
        report_code: the name of its file in `include/catalog/forms/`.

    Raises:
        CatalogError: the unit is unknown on the day.
        ReportRefused: there is no such list in force on the day.
    """
    settings = Settings.load()
    catalog = load_catalog(settings.catalog_dir)
    form = load_list(settings.catalog_dir, report_code, day)
    scope = Scope.of(catalog, unit, day_period(day))
    with store_engine().connect() as connection:
        rows = connection.execute(
            statement("publish/overdue_dossiers"), {"unit_ids": list(scope.unit_ids), "on_day": day}
        ).all()
    calendar = working_calendar(settings.catalog_dir)
    reasons = overdue_reasons(settings.catalog_dir)
    names = {procedure.code: procedure.name for procedure in catalog.procedures if procedure.holds_on(day)}
    due_days = np.array([row.due_on for row in rows], dtype="datetime64[D]")
    late = workdays_from(due_days, np.full(len(rows), np.datetime64(day, "D")), calendar)
    listed = []
    for row, days in zip(rows, late, strict=True):
        apology = _apology(row.has_apology, row.apology_on, row.due_on)
        reason = reasons.get(row.overdue_reason_code or "")
        listed.append(
            OverdueDossier(
                row.dossier_no, row.unit_id, catalog.unit_by_id[row.unit_id].name, row.procedure_code,
                names.get(row.procedure_code, row.procedure_code),
                form.steps.get(Status(row.status_code), form.ended).of(lang),
                row.in_step_since, row.received_on, row.due_on, int(days), apology, form.apologies[apology].of(lang),
                row.overdue_reason_code, reason.name.of(lang) if reason else (row.overdue_reason_code or ""),
            )
        )  # fmt: skip
    ordered = sorted(listed, key=lambda one: (one.unit_id, -one.late_workdays, one.dossier_no or ""))
    return DossierListing(form, day, tuple(ordered))


def count_by_unit(dossiers: Sequence[OverdueDossier]) -> list[tuple[str, str, int, int]]:
    """Return, by unit and reason, how many are overdue and of how many a letter was sent in time: counts alone."""
    counts = Counter((one.unit_name, one.reason) for one in dossiers)
    sent = Counter((one.unit_name, one.reason) for one in dossiers if one.apology == "in_time")
    return [(*key, count, sent[key]) for key, count in sorted(counts.items())]


def _apology(was_sent: bool, sent_on: date | None, due_on: date) -> Apology:
    if not was_sent:
        return "none"
    if sent_on is None:
        return "undated"
    return "in_time" if sent_on <= due_on - _DAY else "late"
