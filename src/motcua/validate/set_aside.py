"""Writes a verdict: accepted records to landing, other records to the quarantine, counts and state to the ledger."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa
from sqlalchemy import Connection, text

from motcua.canonical import RecordKind
from motcua.landing import write_accepted
from motcua.ledger import mark_validated
from motcua.validate.verdict import Verdict
from motcua.warehouse import statement, store_engine

_ROWS_A_STATEMENT = 5000


def write_verdict(verdict: Verdict) -> None:
    """Write the verdict of a batch. One transaction replaces the rows of an earlier verdict in the store.

    A batch that another run has validated or loaded meanwhile is not changed.
    """
    batch, accepted = verdict.batch, verdict.accepted
    assert accepted is not None, "a held batch has no records to write"
    with store_engine().begin() as connection:
        state = connection.execute(
            text("select state from batch where batch_id = :batch_id for update"), {"batch_id": batch.batch_id}
        ).scalar_one()
        if state in {"validated", "loaded"}:
            return
        # Under the lock: another run that judged the batch too must not write over the file that is in the ledger.
        accepted_sha256 = write_accepted(batch.landing_uri, accepted, verdict.kind)
        identity = {"batch_id": batch.batch_id, "source_id": batch.source_id, "record_kind": verdict.kind.name}
        connection.execute(text("delete from quarantine_record where batch_id = :batch_id"), identity)
        connection.execute(text("delete from rule_finding where batch_id = :batch_id"), identity)
        connection.execute(
            text(
                "insert into rule_finding (batch_id, rule_id, severity, checked_count, failed_count)"
                " values (:batch_id, :rule_id, :severity, :checked_count, :failed_count)"
            ),
            [identity | vars(count) for count in verdict.rule_counts],
        )
        _set_aside(connection, verdict, identity)
        _answer_open_records(connection, accepted, verdict.kind, identity)
        mark_validated(connection, batch.batch_id, quarantined=len(verdict.set_aside), accepted_sha256=accepted_sha256)


def _set_aside(connection: Connection, verdict: Verdict, identity: dict[str, Any]) -> None:
    for start in range(0, len(verdict.set_aside), _ROWS_A_STATEMENT):
        rows = [
            {
                "record_no": aside.record["record_no"],
                "system_code": aside.record["system_code"],
                "agency_code": aside.record["agency_code"],
                "record_id": aside.record[verdict.kind.id_column],
                "dossier_no": aside.record.get("dossier_no"),
                "unit_id": aside.unit_id,
                "broken_rules": aside.broken_rules,
                "record": aside.record,
            }
            for aside in verdict.set_aside[start : start + _ROWS_A_STATEMENT]
        ]
        connection.execute(statement("validate/set_aside"), identity | {"records": orjson.dumps(rows).decode()})


def _answer_open_records(
    connection: Connection, accepted: pa.Table, kind: RecordKind, identity: dict[str, Any]
) -> None:
    """Record which open quarantine records of the source this batch accepts."""
    connection.execute(statement("validate/withdraw_answers"), identity)
    open_keys = connection.execute(statement("validate/unanswered_keys"), identity).all()
    if not open_keys:
        return
    keys = set(zip(*(accepted[name].to_pylist() for name in kind.key), strict=True))
    answered = [tuple(key) for key in open_keys if tuple(key) in keys]
    if answered:
        systems, agencies, records = (list(part) for part in zip(*answered, strict=True))
        connection.execute(
            statement("validate/answer_keys"),
            identity | {"system_codes": systems, "agency_codes": agencies, "record_ids": records},
        )
