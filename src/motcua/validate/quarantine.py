"""Reads the quarantine: what is set aside, by which rules, and whether the matter is settled since."""

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
    """One check a record broke. `value` is what the record says, already free of personal data."""

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

    `status` is open until a later batch accepts the dossier and is loaded (accepted) or sets it aside anew, in which
    case the newer record counts (superseded).
    """

    quarantine_id: int
    source_id: str
    batch_id: str
    system_code: str
    agency_code: str
    dossier_id: str | None
    dossier_no: str | None
    status: QuarantineStatus
    set_aside_at: datetime
    accepted_in_batch_id: str | None
    broken_rules: tuple[BrokenRule, ...]

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The rules broken, each once, in the order of the suite."""
        return tuple(dict.fromkeys(rule.rule_id for rule in self.broken_rules))


@dataclass(frozen=True)
class QuarantineDetail(QuarantineEntry):
    """A record set aside with its canonical columns, the applicant's reference left out."""

    record: dict[str, Any]


def list_quarantine(
    source_id: str | None = None, rule: str | None = None, only_open: bool = True, limit: int = 100
) -> list[QuarantineEntry]:
    """Return records set aside, the newest first, of one source or one rule when given."""
    return [
        QuarantineEntry(**_entry(row))
        for row in _rows(source_id=source_id, rule_id=rule, only_open=only_open, row_limit=limit)
    ]


def show_quarantine(quarantine_id: int) -> QuarantineDetail:
    """Return one record set aside.

    Raises:
        ConfigurationError: there is no such record.
    """
    from motcua.canonical import LANDING_SCHEMA

    rows = _rows(quarantine_id=quarantine_id)
    if not rows:
        raise ConfigurationError(
            f"There is no quarantine record {quarantine_id}.",
            action="list the ids with `motcua quarantine list`; validating a batch again gives its records new ids.",
        )
    said = rows[0].record
    return QuarantineDetail(
        **_entry(rows[0]), record={name: said[name] for name in LANDING_SCHEMA.names if name in said}
    )


def _rows(**asked: Any) -> list[Row[Any]]:
    parameters = {"source_id": None, "rule_id": None, "only_open": False, "quarantine_id": None, "row_limit": 1}
    with store_engine().connect() as connection:
        return list(connection.execute(statement("quarantine/list"), parameters | asked).all())


def _entry(row: Row[Any]) -> dict[str, Any]:
    names = [name for name in QuarantineEntry.__dataclass_fields__ if name != "broken_rules"]
    return {name: getattr(row, name) for name in names} | {
        "broken_rules": tuple(BrokenRule(**rule) for rule in row.broken_rules)
    }
