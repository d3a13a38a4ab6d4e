"""Validate: checks landed records by the suites in `expectations/`, and sets aside those that break a critical rule.

In: batches in state `extracted` (landing records, the ledger), the catalogue, the store's current versions.
Out: `accepted.parquet` with unit and field resolved, `quarantine_record` with every rule that a record broke,
`rule_finding` counts, state `validated`, and one HTML page for each call and kind of record.
Never: a change of a value that a source sent; a verdict from a suite that did not load or answer completely; a personal
value on a page, in a log or in an error.

The import of this package loads neither pandas nor Great Expectations.
"""

from motcua.validate.batches import ValidationOutcome, validate_batches
from motcua.validate.quarantine import (
    QuarantineDetail,
    QuarantineEntry,
    idle_waivers,
    list_quarantine,
    show_quarantine,
)
from motcua.validate.sample import ALL_CRITICAL, RuleShare, held_for, judge_sample

__all__ = [
    "ALL_CRITICAL",
    "QuarantineDetail",
    "QuarantineEntry",
    "RuleShare",
    "ValidationOutcome",
    "held_for",
    "idle_waivers",
    "judge_sample",
    "list_quarantine",
    "show_quarantine",
    "validate_batches",
]
