"""The parts of a nightly brief that a form has not: change from the day before, what falls due, the quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Connection

from motcua.catalog import Catalog, Unit
from motcua.catalog.forms import Form
from motcua.period import Period, day_period
from motcua.publish.edition.content import Content
from motcua.publish.form.completeness import SourceCell
from motcua.publish.form.figures import Row, Table, read_tables
from motcua.warehouse import statement


def working_days_after(catalog_dir: Path, day: date, count: int) -> date:
    """Return the `count`th working day after `day`; the day itself when `count` is 0."""
    if not count:
        return day
    from motcua.days.workdays import add_workdays, working_calendar

    return add_workdays(day + timedelta(days=1), count - 1, working_calendar(catalog_dir))


def change_tables(
    connection: Connection,
    form: Form,
    catalog: Catalog,
    unit: Unit,
    period: Period,
    tables: Mapping[str, Table],
    day: date,
) -> dict[str, Table]:
    """Return, for each table, `<code>_change`: each figure minus that of the day before, on the map of `day`."""
    eve = day_period(period.from_date - timedelta(days=1))
    before = read_tables(connection, form, catalog, unit, eve, day=day)
    columns = [column.code for column in form.columns if column.change]
    changes = {}
    for code, table in tables.items():
        earlier = {row.unit_id or row.row_code: row.figures for row in before[code].rows}
        rows = tuple(
            Row(
                row.row_code,
                row.row_name,
                row.level,
                row.unit_id,
                {
                    column: row.figures[column] - earlier.get(row.unit_id or row.row_code, {}).get(column, 0)
                    for column in columns
                },
            )
            for row in table.rows
        )
        changes[f"{code}_change"] = Table(f"{code}_change", rows)
    return changes


def quarantine_counts(connection: Connection, cells: list[SourceCell], to_date: date) -> Content:
    """Return how many records the newest checked batch of each source set aside, and which rules they broke."""
    names = {cell.source_id: cell.source_name for cell in cells if cell.source_id}
    newest = connection.execute(
        statement("publish/quarantine_of_latest_run"), {"source_ids": list(names), "to_date": to_date}
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
