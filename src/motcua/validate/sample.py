"""Judges a sample of records without keeping them: the share of records that would break each rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from motcua.catalog import Catalog
from motcua.settings import TIMEZONE, Settings
from motcua.validate.suite import Severity, load_suite

if TYPE_CHECKING:
    import pyarrow as pa


ALL_CRITICAL = "any critical"  # the share of the records that would be set aside


@dataclass(frozen=True)
class RuleShare:
    """The number and share of a sample's records that break a rule. A critical rule would set them aside."""

    rule_id: str
    severity: Severity
    reason: str
    failed_count: int
    failed_pct: float


def judge_sample(records: pa.Table, source_id: str, window_to: date, catalog: Catalog) -> list[RuleShare]:
    """Return the rules that some of the records break, the worst first. `any critical` counts the records set aside.

    Args:
        records: rows of LANDING_SCHEMA that a pull would deliver. Nothing is written.
    """
    import numpy as np

    from motcua.canonical import DOSSIER
    from motcua.validate.facts import add_facts
    from motcua.validate.run import run_suite
    from motcua.warehouse import store_engine

    suite = load_suite(Settings.load().expectations_dir / "dossier.json")
    frame = records.drop_columns([*DOSSIER.not_judged]).to_pandas()
    if frame.empty:
        return []
    frame["source_id"] = source_id
    frame["window_to"] = np.datetime64(window_to, "us")
    now = datetime.now(ZoneInfo(TIMEZONE)).replace(tzinfo=None)
    with store_engine().connect() as connection:
        facts = add_facts(frame, catalog, connection, now)
        connection.rollback()
    rows: dict[str, set[int]] = {}
    reasons: dict[str, list[str]] = {}
    for finding in run_suite(suite, facts):
        if finding.rows:
            rows.setdefault(finding.check.rule_id, set()).update(finding.rows)
            reasons.setdefault(finding.check.rule_id, []).append(finding.check.meta.reason)
    severities = suite.severity_by_rule
    aside = set().union(*(failed for rule, failed in rows.items() if severities[rule] == "critical"))
    shares = [
        RuleShare(rule, severities[rule], " ".join(reasons[rule]), len(failed), 100 * len(failed) / len(frame))
        for rule, failed in rows.items()
    ]
    shares.sort(key=lambda share: (share.severity != "critical", -share.failed_count))
    total = RuleShare(ALL_CRITICAL, "critical", "Would be set aside.", len(aside), 100 * len(aside) / len(frame))
    return [total, *shares] if aside else shares


def held_for(shares: list[RuleShare], judged: int) -> tuple[str, str] | None:
    """Return why a batch of such records would be held as a whole, and what to do then; None where it would not be."""
    from motcua.validate.batch_facts import share_facts
    from motcua.validate.run import run_suite

    broken = next((share.failed_count for share in shares if share.rule_id == ALL_CRITICAL), 0)
    suite = load_suite(Settings.load().expectations_dir / "batch.json")
    for finding in run_suite(suite, share_facts([(judged, broken)])):
        if finding.rows:
            meta = finding.check.meta
            return f"{meta.reason} (rule {finding.check.rule_id})", meta.action or "correct the source."
    return None
