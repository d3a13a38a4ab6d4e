"""How many records the newest checked batches of an edition's sources set aside, and which rules they broke."""

from __future__ import annotations

from sqlalchemy import Connection

from motcua.period import Period
from motcua.publish.edition.content import Content
from motcua.publish.form.completeness import SourceCell
from motcua.warehouse import statement


def quarantine_counts(connection: Connection, cells: list[SourceCell], period: Period) -> Content:
    """Return how many records the newest checked batch of each source set aside, and which rules they broke."""
    names = {cell.source_id: cell.source_name for cell in cells if cell.source_id}
    newest = connection.execute(
        statement("publish/quarantine_of_latest_run"), {"source_ids": list(names), "to_date": period.to_date}
    ).all()
    rules = connection.execute(
        statement("publish/quarantine_by_rule"), {"batch_ids": [row.batch_id for row in newest]}
    ).all()
    return {
        "records": sum(row.quarantined_count for row in newest),
        "sources": [
            {"source_id": row.source_id, "source_name": names[row.source_id], "records": row.quarantined_count}
            for row in newest
            if row.quarantined_count
        ],
        "rules": [{"rule_id": row.rule_id, "records": row.failed_count} for row in rules],
    }
