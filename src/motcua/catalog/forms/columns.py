"""What a column of a form counts: signed measures over a window of days, or other columns."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from motcua.canonical import CONTENT
from motcua.catalog.options import ClosedModel

Window = Literal["before_period", "in_period", "until_end", "days_ahead"]
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


class Term(ClosedModel):
    """A signed sum of measures over a window of days around the period."""

    measures: tuple[Measure, ...] = Field(min_length=1)
    window: Window
    sign: Literal[1, -1] = 1

    @property
    def needs_opening(self) -> bool:
        """True when dossiers received before the period count in it: in a stock, or in what became of them since."""
        return self.window != "in_period" or not all(measure.startswith("received_") for measure in self.measures)


class Percent(ClosedModel):
    """A share of two columns: rounded half up to 2 decimals from their counts, blank where there is none."""

    of: str
    among: str


class Column(ClosedModel):
    """A column of a form: fed by measures (`terms`), or made of other columns (`plus`, `minus`, or `percent`).

    `like` names the column of another form, `form-06.open_total`, that it counts the same as: what that one is made of
    in the version in force on the day is what this one is made of.

    `change` tells its difference from the period before beside it. `needs` are the facts of a dossier without which it
    cannot be told (`motcua.canonical`): a unit none of whose sources can state them has no figure there, and adds
    nothing to a total. Only `terms` can need facts.
    """

    number: int
    code: str
    label: str
    vi: tuple[str, ...] = Field(min_length=1, max_length=3)
    en: tuple[str, ...] = Field(min_length=1, max_length=3)
    terms: tuple[Term, ...] = ()
    like: str = Field(default="", pattern=r"^([a-z0-9-]+\.[a-z0-9_]+)?$")
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    percent: Percent | None = None
    needs: tuple[Literal[tuple(CONTENT.names)], ...] = ()  # type: ignore[valid-type]
    change: bool = False
    evidence: str

    @property
    def is_measured(self) -> bool:
        """True when measures feed it, its own or those of the column it is like."""
        return bool(self.terms or self.like)

    @model_validator(mode="after")
    def _has_one_origin(self) -> Column:
        if sum((bool(self.terms), bool(self.like), bool(self.plus or self.minus), self.percent is not None)) != 1:
            raise ValueError(f"column {self.code} needs one of: terms, like, plus/minus, percent")
        if self.needs and not self.terms:
            raise ValueError(f"column {self.code} needs facts, so it must be made of terms")
        windows = {term.window for term in self.terms}
        if self.change and (self.percent is not None or "days_ahead" in windows):
            raise ValueError(f"column {self.code}: a percentage, or what lies ahead, has no change from before")
        if len(self.vi) != len(self.en):
            raise ValueError(f"column {self.code} has headings of different depth in vi and en")
        return self


class Identity(ClosedModel):
    """`total` equals the sum of `parts`, in every row; with `at_least` it may be more."""

    name: str
    total: str
    parts: tuple[str, ...]
    at_least: bool = False
    evidence: str
