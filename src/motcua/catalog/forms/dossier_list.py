"""A form whose rows are dossiers, for the unit itself: a number may be personal data, so it is never published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from motcua.canonical import Status
from motcua.catalog.models import Entry, Text
from motcua.catalog.options import ClosedModel

ListedFact = Literal[
    "unit", "dossier_no", "procedure_code", "procedure", "step", "in_step_since", "received_on", "due_on",
    "late_workdays", "apology", "reason",
]  # fmt: skip
Apology = Literal["none", "in_time", "late", "undated"]


class ListColumn(ClosedModel):
    """A column of a list: which fact of a dossier, and its heading."""

    fact: ListedFact
    vi: str
    en: str


class DossierList(Entry):
    """One version of a list of dossiers, in force from `valid_from` on.

    `rows` says which dossiers: `overdue` are those open after their due day, judged by `publish/overdue_dossiers`.
    `steps` name the statuses a dossier can be in on that day, `ended` one that has ended since; `apologies` say whether
    a letter was sent, and no later than the day before the due day (NĐ 61/2018).
    """

    report_code: str = ""
    rows: Literal["overdue"]
    title_vi: str
    title_en: str
    legal_source: str
    columns: tuple[ListColumn, ...] = Field(min_length=1)
    steps: Mapping[Status, Text]
    ended: Text
    apologies: Mapping[Apology, Text]
    evidence: str

    @model_validator(mode="after")
    def _is_whole(self) -> DossierList:
        facts = [column.fact for column in self.columns]
        if len(set(facts)) != len(facts):
            raise ValueError("a fact stands in two columns")
        if missing := {"none", "in_time", "late", "undated"} - set(self.apologies):
            raise ValueError(f"apologies lack {', '.join(sorted(missing))}")
        return self
