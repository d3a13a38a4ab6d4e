"""The verdict on a batch: what is accepted, what is set aside and by which rules, and the counts by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from motcua.canonical import LANDING_SCHEMA, RESOLVED
from motcua.errors import BatchHeld
from motcua.ledger import Batch
from motcua.validate.run import Finding
from motcua.validate.suite import Check, Severity, Suite

if TYPE_CHECKING:
    import pandas as pd

# The keyed HMAC of the applicant has no use in quarantine, and stays personal data (domain.md section 7).
SHOWN = [name for name in LANDING_SCHEMA.names if name not in {"disposition", "disposition_reason", "applicant_ref"}]


@dataclass(frozen=True)
class RuleCount:
    """How many of a batch's judged records broke a rule."""

    rule_id: str
    severity: Severity
    checked_count: int
    failed_count: int


@dataclass(frozen=True)
class SetAside:
    """A record that broke at least one critical rule, with every rule it broke."""

    record: dict[str, Any]  # canonical columns, without the applicant
    broken_rules: list[dict[str, Any]]


@dataclass
class Verdict:
    """What judging one batch found. `held` is set when the whole batch is stopped."""

    batch: Batch
    suite: Suite
    judged_count: int
    accepted: pa.Table  # ACCEPTED_SCHEMA
    set_aside: list[SetAside]
    rule_counts: list[RuleCount]
    held: BatchHeld | None = None

    @property
    def critical_counts(self) -> dict[str, int]:
        return {count.rule_id: count.failed_count for count in self.rule_counts if count.severity == "critical"}


def verdicts_of(
    suite: Suite, findings: Sequence[Finding], batches: Sequence[Batch], records: pa.Table, frame: pd.DataFrame
) -> list[Verdict]:
    """Split the findings on a frame of several batches into one verdict a batch.

    Args:
        findings: failing rows by position in `records` and `frame`, which hold the same rows.
        frame: with `batch_no`, `unit_id` and `field_code`.
    """
    batch_no = frame["batch_no"].to_numpy()
    judged = np.bincount(batch_no, minlength=len(batches))
    by_rule: dict[str, set[int]] = {rule: set() for rule in suite.severity_by_rule}
    is_set_aside = np.zeros(len(frame), dtype=bool)
    for finding in findings:
        by_rule[finding.check.rule_id].update(finding.rows)
        if finding.check.severity == "critical":
            is_set_aside[finding.rows] = True
    failed = {rule: np.bincount(batch_no[sorted(rows)], minlength=len(batches)) for rule, rows in by_rule.items()}
    resolved = records.append_column(
        RESOLVED.field("unit_id"), pa.array(frame["unit_id"], RESOLVED.field("unit_id").type, from_pandas=True)
    ).append_column(
        RESOLVED.field("field_code"), pa.array(frame["field_code"], RESOLVED.field("field_code").type, from_pandas=True)
    )
    put_aside = _set_aside(findings, np.flatnonzero(is_set_aside), records, frame)
    verdicts = []
    for number, batch in enumerate(batches):
        rows = np.flatnonzero(batch_no == number)
        verdicts.append(
            Verdict(
                batch=batch,
                suite=suite,
                judged_count=int(judged[number]),
                accepted=resolved.take(pa.array(rows[~is_set_aside[rows]])),
                set_aside=[put_aside[row] for row in rows[is_set_aside[rows]].tolist()],
                rule_counts=[
                    RuleCount(rule, severity, int(judged[number]), int(failed[rule][number]))
                    for rule, severity in suite.severity_by_rule.items()
                ],
            )
        )
    return verdicts


def _set_aside(findings: Sequence[Finding], rows: Any, records: pa.Table, frame: pd.DataFrame) -> dict[int, SetAside]:
    wanted = rows.tolist()
    shown = records.select(SHOWN).take(pa.array(rows, pa.int64())).to_pylist()
    aside = {row: SetAside(record, []) for row, record in zip(wanted, shown, strict=True)}
    facts = frame.loc[rows]
    for finding in findings:
        broken = [row for row in finding.rows if row in aside]
        values = {
            name: dict(zip(broken, facts.loc[broken, name].tolist(), strict=True)) for name in finding.check.meta.fields
        }
        for row in broken:
            aside[row].broken_rules.append(_broken_rule(finding.check, {name: of[row] for name, of in values.items()}))
    return aside


def _broken_rule(check: Check, values: dict[str, Any]) -> dict[str, Any]:
    texts = {name: _text(value) for name, value in values.items()}
    one = texts[check.meta.fields[0]] if len(texts) == 1 else None
    return {
        "rule_id": check.rule_id,
        "severity": check.severity,
        "field": ", ".join(texts),
        "value": one if len(texts) == 1 else ", ".join(f"{name}={text or ''}" for name, text in texts.items()),
        "reason": check.meta.reason,
        "reason_vi": check.meta.reason_vi,
        "legal_source": check.meta.legal_source,
    }


def _text(value: Any) -> str | None:
    if value is None or value != value:  # NaN and NaT differ from themselves
        return None
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def total_counts(verdicts: Sequence[Verdict]) -> dict[str, tuple[int, int]]:
    """Return (checked, failed) of each rule over several verdicts."""
    checked: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for verdict in verdicts:
        for count in verdict.rule_counts:
            checked[count.rule_id] += count.checked_count
            failed[count.rule_id] += count.failed_count
    return {rule: (checked[rule], failed[rule]) for rule in checked}
