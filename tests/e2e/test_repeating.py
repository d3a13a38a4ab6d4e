"""Running anything again changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from motcua.warehouse import store_engine, warehouse_engine

pytestmark = pytest.mark.e2e

STORE = {
    "dossier_version": "select md5(string_agg(t::text, '|' order by version_id)) from dossier_version t",
    "measure_day": "select md5(string_agg(t::text, '|' order by unit_id, measure, on_day, procedure_code, field_code))"
    " from measure_day t",
    "quarantine": "select md5(string_agg(to_jsonb(t)::text, '|' order by batch_id, record_no)) from"
    " (select batch_id, record_no, broken_rules, record from quarantine_record) t",
    "findings": "select md5(string_agg(t::text, '|' order by batch_id, rule_id)) from rule_finding t",
    "batches": "select md5(string_agg((to_jsonb(t) - 'attempt_count')::text, '|' order by batch_id)) from batch t",
}
WAREHOUSE = {
    "edition": "select md5(string_agg(edition_id || sha256, '|' order by edition_id)) from edition",
    "edition_figure": "select md5(string_agg(t::text, '|' order by edition_id, table_code, row_no, column_code))"
    " from edition_figure t",
}


def fingerprints() -> dict[str, Any]:
    """Return one hash for the content of each table that a night writes."""
    found = {}
    for engine, queries in ((store_engine(), STORE), (warehouse_engine(), WAREHOUSE)):
        with engine.connect() as connection:
            found |= {name: connection.execute(text(query)).scalar() for name, query in queries.items()}
    return found


def test_clearing_every_task_of_every_dag_changes_nothing(story: Any) -> None:
    before = fingerprints()
    assert all(before.values())
    client = story.stack.client
    story.sandbox.reset_served()
    # The last night of each level: repeating an earlier one may restate its brief with what is known by now.
    again = [
        ("ingest_dossiers__province", "night-3"),
        ("ingest_dossiers__district", "night-3"),
        ("ingest_dossiers__commune", "night-3"),
        ("publish_period_reports", "final"),
    ]
    for dag_id, run_id in again:
        first = "plan_reports" if dag_id == "publish_period_reports" else "plan_batches"
        client.clear(dag_id, run_id, [first])
    for dag_id, run_id in again:
        assert client.wait_for_run(dag_id, run_id, timeout=180) == "success"
        assert max(task.try_number for task in client.tasks(dag_id, run_id)) == 2
    client.wait_until_idle(timeout=180)
    assert fingerprints() == before
    assert sum(cell["requests"] for cell in story.sandbox.served().values()) == 0


def test_pulling_the_same_days_again_finds_nothing_new(story: Any) -> None:
    from motcua import ledger

    before = fingerprints()
    night = {"to": story.scenario.day_of_night(1).isoformat()}
    story.stack.client.trigger("ingest_dossiers__district", night, "once-more")
    assert story.stack.client.wait_for_run("ingest_dossiers__district", "once-more", timeout=180) == "success"
    story.stack.client.wait_until_idle(timeout=180)
    batches = ledger.read_run("once-more")
    assert len(batches) == 2
    assert sum(batch.unchanged_count or 0 for batch in batches) > 300
    assert {(batch.new_count, batch.changed_count) for batch in batches} == {(0, 0)}
    after = fingerprints()
    assert (after["dossier_version"], after["measure_day"]) == (before["dossier_version"], before["measure_day"])
