"""Reads the quarantine: the records set aside, the rules they broke, and whether they were accepted since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from motcua.errors import ConfigurationError
from motcua.warehouse import statement, store_engine

QuarantineStatus = Literal["open", "accepted", "superseded"]


@dataclass(frozen=True)
class BrokenRule:
    """One check that a record broke. `value` is the value of the record, already free of personal data."""

    rule_id: str
    severity: str
    field: str
    value: str | None
    reason: str
    reason_vi: str
    legal_source: str


@dataclass(frozen=True)
class QuarantineEntry:
    """One record set aside.

    `status` is `open` at first. It becomes `accepted` when a later batch that accepts the record is loaded, and
    `superseded` when a later batch sets the record aside again. `unit_id` is its unit, or None where it is not known.
    """

    quarantine_id: int
    record_kind: str
    source_id: str
    batch_id: str
    system_code: str
    agency_code: str
    record_id: str | None
    dossier_no: str | None
    unit_id: str | None
    status: QuarantineStatus
    set_aside_at: datetime
    accepted_in_batch_id: str | None
    broken_rules: tuple[BrokenRule, ...]

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The broken rules, each once, in the order of the suite."""
        return tuple(dict.fromkeys(rule.rule_id for rule in self.broken_rules))


@dataclass(frozen=True)
class QuarantineDetail(QuarantineEntry):
    """A record set aside, with the columns that the quarantine keeps."""

    record: dict[str, Any]


def list_quarantine(
    source_id: str | None = None,
    rule: str | None = None,
    only_open: bool = True,
    limit: int = 100,
    *,
    batch_id: str | None = None,
) -> list[QuarantineEntry]:
    """Return the records set aside, the newest first. A source, a rule and a batch narrow the list."""
    return [
        QuarantineEntry(**_entry(row))
        for row in _rows(source_id=source_id, rule_id=rule, batch_id=batch_id, only_open=only_open, row_limit=limit)
    ]


def show_quarantine(quarantine_id: int) -> QuarantineDetail:
    """Return one record set aside.

    Raises:
        ConfigurationError: there is no such record.
    """
    from motcua.canonical import KINDS

    rows = _rows(quarantine_id=quarantine_id)
    if not rows:
        raise ConfigurationError(
            f"There is no quarantine record {quarantine_id}.",
            action="list the ids with `motcua quarantine list`; validating a batch again gives its records new ids.",
        )
    record = rows[0].record
    names = KINDS[rows[0].record_kind].shown
    return QuarantineDetail(**_entry(rows[0]), record={name: record[name] for name in names if name in record})


def _rows(**filters: Any) -> list[Row[Any]]:
    parameters = dict.fromkeys(("source_id", "rule_id", "batch_id", "quarantine_id"))
    parameters |= {"only_open": False, "row_limit": 1}
    with store_engine().connect() as connection:
        return list(connection.execute(statement("quarantine/list"), parameters | filters).all())


def _entry(row: Row[Any]) -> dict[str, Any]:
    names = [name for name in QuarantineEntry.__dataclass_fields__ if name != "broken_rules"]
    return {name: getattr(row, name) for name in names} | {
        "broken_rules": tuple(BrokenRule(**rule) for rule in row.broken_rules)
    }
