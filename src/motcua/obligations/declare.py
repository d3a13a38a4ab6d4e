"""Empty declarations: a unit states that it received nothing in a period. A zero alone does not state that."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from motcua.canonical import KINDS
from motcua.catalog import Unit, load_catalog
from motcua.catalog.forms import counted_kind
from motcua.errors import ReportRefused
from motcua.period import Period
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine


def declare_empty(unit: str, report_code: str, period: Period, *, declared_by: str, reason: str) -> str:
    """Record that a unit received nothing that a report counts in a period. Return the id of the obligation.

    It is safe to repeat.

    Args:
        unit: official code or unit id.
        declared_by: the office or role that declares it, not a person.

    Raises:
        ReportRefused: the unit owes no such report for the period, or the store holds records of the period.
    """
    with store_engine().begin() as connection:
        owing, obligation_id = _obligation(connection, unit, report_code, period)
        kind = KINDS[counted_kind(Settings.load().catalog_dir, report_code, period.to_date)]
        counts = connection.execute(
            statement("obligations/received_records"),
            {
                "unit_ids": [owing.unit_id],
                "measures": list(kind.received),
                "from_date": period.from_date,
                "to_date": period.to_date,
            },
        ).one_or_none()
        if counts is not None:
            raise ReportRefused(
                f"{owing.name} ({owing.unit_id}) cannot declare {period.label} empty: the store holds"
                f" {counts.record_count} {kind.en} received in it.",
                action=f"report the period, or ask the source to correct the {kind.en} first.",
            )
        connection.execute(
            text(
                "insert into empty_declaration (obligation_id, declared_by, reason) values (:id, :by, :reason)"
                " on conflict (obligation_id) where withdrawn_at is null do nothing"
            ),
            {"id": obligation_id, "by": declared_by, "reason": reason},
        )
    return obligation_id


def withdraw_declaration(unit: str, report_code: str, period: Period) -> str:
    """Withdraw an empty declaration. It stays on record. Raises ReportRefused when none is in force."""
    with store_engine().begin() as connection:
        owing, obligation_id = _obligation(connection, unit, report_code, period)
        withdrawn = connection.execute(
            text(
                "update empty_declaration set withdrawn_at = now()"
                " where obligation_id = :id and withdrawn_at is null returning obligation_id"
            ),
            {"id": obligation_id},
        ).one_or_none()
        if withdrawn is None:
            raise ReportRefused(
                f"{owing.name} ({owing.unit_id}) has not declared {period.label} empty.",
                action="list the cells with `motcua obligations list`.",
            )
    return obligation_id


def _obligation(connection: Connection, unit: str, report_code: str, period: Period) -> tuple[Unit, str]:
    owing = load_catalog(Settings.load().catalog_dir).unit_in(unit, period)
    row: Any = connection.execute(
        statement("obligations/list"),
        {
            "report_code": report_code,
            "unit_ids": [owing.unit_id],
            "period_type": period.period_type,
            "from_date": period.from_date,
            "to_date": period.to_date,
            "due_from": None,
            "due_to": None,
        },
    ).one_or_none()
    if row is None:
        raise ReportRefused(
            f"{owing.name} ({owing.unit_id}) owes no {report_code} for {period.period_type} {period.label}.",
            action="create it with `motcua obligations plan --since DATE`, or correct obligations.yaml.",
        )
    return owing, row.obligation_id
