"""The verdict on a batch: the accepted records, the records set aside with their rules, and the counts by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from motcua.canonical import RecordKind
from motcua.canonical.kind import UNIT
from motcua.errors import BatchHeld
from motcua.ledger import Batch
from motcua.place import STANDS_IN
from motcua.validate.run import Finding
from motcua.validate.suite import Check, Severity, Suite

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Refusal:
    """A batch that was not validated, with the reason. `held` waits for a decision, `failed` for another attempt."""

    batch: Batch
    state: str
    reason: str


@dataclass(frozen=True)
class RuleCount:
    """The number of judged records of a batch that broke a rule."""

    rule_id: str
    severity: Severity
    checked_count: int
    failed_count: int


@dataclass(frozen=True)
class SetAside:
    """A record that broke at least one critical rule, with every rule that it broke, and its unit where it is known."""

    record: dict[str, Any]  # the columns that the quarantine keeps, and where the record stands
    unit_id: str | None
    broken_rules: list[dict[str, Any]]


@dataclass
class Verdict:
    """The verdict on one batch. When `held`, the whole batch is stopped and no record is accepted or set aside."""

    batch: Batch
    kind: RecordKind
    suite: Suite
    judged_count: int
    broken_count: int  # records that broke a critical rule
    rule_counts: list[RuleCount]
    held: BatchHeld | None = None
    accepted: pa.Table | None = None  # in the accepted schema of the kind
    set_aside: list[SetAside] = field(default_factory=list)

    @property
    def critical_counts(self) -> dict[str, int]:
        """Every critical rule, with the number of records that broke it."""
        return {count.rule_id: count.failed_count for count in self.rule_counts if count.severity == "critical"}


class Judged:
    """The findings on a frame of several batches, by batch.

    Args:
        findings: failing rows by position in `records` and `frame`, which hold the same rows.
        frame: with `batch_no` (position in `batches`) and the columns that validation adds to a record of the kind.
    """

    def __init__(
        self,
        kind: RecordKind,
        suite: Suite,
        findings: Sequence[Finding],
        batches: Sequence[Batch],
        records: pa.Table,
        frame: pd.DataFrame,
    ) -> None:
        self._kind, self._findings, self._records, self._frame = kind, findings, records, frame
        self._batch_no = frame["batch_no"].to_numpy()
        self._is_broken = np.zeros(len(frame), dtype=bool)
        by_rule: dict[str, set[int]] = {rule: set() for rule in suite.severity_by_rule}
        for finding in findings:
            by_rule[finding.check.rule_id].update(finding.rows)
            if finding.check.severity == "critical":
                self._is_broken[finding.rows] = True
        judged = self._counts(np.arange(len(frame)), len(batches))
        broken = self._counts(np.flatnonzero(self._is_broken), len(batches))
        failed = {
            rule: self._counts(np.array(sorted(rows), dtype=np.int64), len(batches)) for rule, rows in by_rule.items()
        }
        self.verdicts = [
            Verdict(
                batch=batch,
                kind=kind,
                suite=suite,
                judged_count=judged[number],
                broken_count=broken[number],
                rule_counts=[
                    RuleCount(rule, severity, judged[number], failed[rule][number])
                    for rule, severity in suite.severity_by_rule.items()
                ],
            )
            for number, batch in enumerate(batches)
        ]

    def split_records(self) -> None:
        """Add the accepted records and those set aside to each verdict that is not held."""
        held = [number for number, verdict in enumerate(self.verdicts) if verdict.held]
        is_not_held = ~np.isin(self._batch_no, held)
        aside = self._set_aside(np.flatnonzero(self._is_broken & is_not_held))
        resolved = self._records.drop_columns([field.name for field in self._kind.landed])
        for column in self._kind.schema_of("resolved"):
            values = pa.array(self._frame[column.name], column.type, from_pandas=True)
            resolved = resolved.append_column(column, values)
        for number, verdict in enumerate(self.verdicts):
            if verdict.held is None:
                rows = np.flatnonzero(self._batch_no == number)
                broken = self._is_broken[rows]
                verdict.accepted = resolved.take(pa.array(rows[~broken], pa.int64()))
                verdict.set_aside = [aside[row] for row in rows[broken].tolist()]

    def _counts(self, rows: Any, size: int) -> list[int]:
        counts: list[int] = np.bincount(self._batch_no[rows], minlength=size).tolist()
        return counts

    def _set_aside(self, rows: Any) -> dict[int, SetAside]:
        places = [STANDS_IN] if STANDS_IN in self._records.column_names else []  # kinds whose rows stand in tables
        shown = self._records.select([*self._kind.shown, *places]).take(pa.array(rows, pa.int64())).to_pylist()
        units = self._frame.loc[rows, UNIT].tolist()
        aside = {
            row: SetAside(record, _text(unit), [])
            for row, record, unit in zip(rows.tolist(), shown, units, strict=True)
        }
        for finding in self._findings:
            broken = [row for row in finding.rows if row in aside]
            fields = finding.check.meta.fields
            values = zip(*(self._frame.loc[broken, name].tolist() for name in fields), strict=True)
            for row, row_values in zip(broken, values, strict=True):
                aside[row].broken_rules.append(
                    _broken_rule(finding.check, dict(zip(fields, row_values, strict=True)), self._kind.shown)
                )
        return aside


def _broken_rule(check: Check, values: dict[str, Any], shown: Container[str]) -> dict[str, Any]:
    texts = {name: _text(value) for name, value in values.items()}
    # An empty column of the record is shown, because it is evidence. A fact that is not known is left out.
    texts = {name: text for name, text in texts.items() if text is not None or name in shown}
    only_text = texts[check.meta.fields[0]] if len(texts) == 1 else None
    return {
        "rule_id": check.rule_id,
        "severity": check.severity,
        "field": ", ".join(texts),
        "value": only_text if len(texts) == 1 else ", ".join(f"{name}={text or ''}" for name, text in texts.items()),
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
    """Return the counts (checked, failed) of each rule over several verdicts."""
    checked: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for verdict in verdicts:
        for count in verdict.rule_counts:
            checked[count.rule_id] += count.checked_count
            failed[count.rule_id] += count.failed_count
    return {rule: (checked[rule], failed[rule]) for rule in checked}
