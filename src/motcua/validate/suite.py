"""The suites: they state what is acceptable, as JSON that the owner of a rule can read and edit.

A suite file is our own thin format around `type`, `kwargs` and `severity` of Great Expectations. `meta` gives the rule
of a check, its reason in English and Vietnamese, its legal source, and how certain that source is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from motcua.errors import SuiteBroken

Severity = Literal["critical", "warning"]


class CheckMeta(BaseModel):
    """The rule and the reason of a check. `fields` are the columns whose values are shown with a finding."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule_id: str = Field(pattern=r"^[A-Z]\d+(\.[a-z_]+)?$")
    fields: tuple[str, ...] = Field(min_length=1)
    reason: str
    reason_vi: str
    legal_source: str
    evidence: str
    action: str | None = None  # for a rule of a whole batch: the next step


class Check(BaseModel):
    """One expectation of a suite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    kwargs: dict[str, Any]
    severity: Severity
    meta: CheckMeta

    @property
    def rule_id(self) -> str:
        return self.meta.rule_id


class RuleText(BaseModel):
    """What a rule asks, in one line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Suite(BaseModel):
    """A suite file. A rule may have several checks, all of one severity; then `rules` says in one line what it asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    grain: str
    rules: dict[str, RuleText] = {}
    checks: tuple[Check, ...] = Field(min_length=1, alias="expectations")

    @model_validator(mode="after")
    def _one_severity_a_rule(self) -> Suite:
        severities: dict[str, Severity] = {}
        for check in self.checks:
            if severities.setdefault(check.rule_id, check.severity) != check.severity:
                raise ValueError(f"rule {check.rule_id} is both critical and warning")
        return self

    @model_validator(mode="after")
    def _names_rules_that_it_has(self) -> Suite:
        if unknown := set(self.rules) - set(self.severity_by_rule):
            raise ValueError(f"rules names {', '.join(sorted(unknown))}, which no check has")
        return self

    @property
    def severity_by_rule(self) -> dict[str, Severity]:
        """Every rule and its severity, in the order of the file."""
        return {check.rule_id: check.severity for check in self.checks}

    @property
    def columns(self) -> list[str]:
        """Every column that an expectation or its condition names. A frame must have all of them."""
        return sorted({name for check in self.checks for name in _columns(check.kwargs)})


def load_suite(path: Path) -> Suite:
    """Read a suite.

    Raises:
        SuiteBroken: the file is missing or not JSON, or an entry does not follow the format.
    """
    try:
        return Suite.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise SuiteBroken(f"There is no suite {path}.", action="restore the file from version control.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SuiteBroken(
            f"{path}: {place or 'file'}: {first['msg']} ({error.error_count()} problem(s)).",
            action="correct the named entry; the other entries of the suites show the format.",
        ) from None


def _columns(kwargs: dict[str, Any]) -> Iterator[str]:
    for key, value in kwargs.items():
        if key in {"column", "column_A", "column_B"} and isinstance(value, str):
            yield value
        elif key == "column_list":
            yield from value
        elif key == "row_condition":
            yield from _condition_columns(value)


def _condition_columns(condition: dict[str, Any]) -> Iterator[str]:
    if "column" in condition:
        yield condition["column"]["name"]
    for part in condition.get("conditions", ()):
        yield from _condition_columns(part)
