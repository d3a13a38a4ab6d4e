"""What was served, what was kept, what was counted and what was printed are one and the same."""

from __future__ import annotations

import io
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.sandbox.world.truth import count_truth
from motcua.settings import Settings

pytestmark = pytest.mark.e2e

FATES = ("new", "changed", "unchanged", "stale", "duplicate", "quarantined", "out_of_window")
Figures = dict[tuple[str, str, str], int]


def test_every_served_record_has_exactly_one_outcome(story: Any) -> None:
    sources = load_catalog(Settings.load().catalog_dir).source_by_id
    seen = 0
    for run_id in story.runs:
        by_source = defaultdict(list)
        for batch in ledger.read_run(run_id):
            by_source[batch.source_id].append(batch)  # one that catches up may have several batches
        for source_id, batches in by_source.items():
            served = story.served[run_id][sources[source_id].options.group_id]["rows"]
            if any(batch.state != "loaded" for batch in batches):
                assert (source_id, served) == (story.down.source_id, 0)
                continue
            for batch in batches:
                fates = {name: getattr(batch, f"{name}_count") for name in FATES}
                assert batch.pulled_count == sum(fates.values()), (run_id, source_id, fates)
            pulled = sum(batch.pulled_count for batch in batches)
            if all(batch.attempt_count == 1 for batch in batches):
                assert served == pulled, (run_id, source_id)
            else:  # a source that did not answer in time is asked again, and what it then served twice lands once
                assert served >= pulled, (run_id, source_id)
            seen += served
    assert seen > 3000


def test_every_kind_of_outcome_occurred(story: Any) -> None:
    batches = [batch for run_id in story.runs for batch in ledger.read_run(run_id)]
    for name in FATES:
        count = sum(getattr(batch, f"{name}_count") or 0 for batch in batches)
        # No pull of the story is overtaken by a later one: tests/unit/consolidate/test_order_of_states.py.
        assert (count > 0) is (name != "stale"), name


def test_the_dead_source_failed_alone_and_was_named(story: Any) -> None:
    states = {b.source_id: b.state for b in ledger.read_run("night-2")}
    assert {source for source, state in states.items() if state != "loaded"} == {story.down.source_id}
    assert story.states["ingest_dossiers__commune", "night-2"] == "failed"
    tasks = {t.task_id: t.state for t in story.stack.client.tasks("ingest_dossiers__commune", "night-2")}
    assert {task for task, state in tasks.items() if state != "success"} == {"name_missing_sources"}
    others = {run: state for run, state in story.states.items() if run != ("ingest_dossiers__commune", "night-2")}
    assert set(others.values()) == {"success"}
    alert = (story.work_dir / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(alert) == 1
    assert story.down.source_id in alert[0]


def test_the_provisional_report_names_the_missing_source_and_lacks_only_that_one(story: Any) -> None:
    assert story.provisional.completeness == "provisional"
    assert missing_in(story.provisional) == [story.down.source_id]
    down = story.down.options.group_id
    asked_until = {down: story.scenario.to_date - timedelta(days=1)}
    agrees_with(story, story.provisional, count_truth(story.world, 2, {down: 1}, asked_until=asked_until))


def test_the_final_report_gives_the_figures_of_the_scenario(story: Any) -> None:
    assert story.final.completeness == "final"
    assert unmet_of(story.final) == set()
    assert unmet_of(story.provisional) >= {"sources_answered", "nothing_set_aside"}
    assert missing_in(story.final) == []
    assert story.final.restates_edition_id == story.provisional.edition_id
    agrees_with(story, story.final, count_truth(story.world, 2))
    for row in rows_of(story.final, "level"):
        stated = story.scenario.levels[row["level"]]
        assert row["figures"]["received_online"] == stated.online
        assert row["figures"]["received_online"] + row["figures"]["received_direct"] == stated.received
        for column in ("carried_over", "resolved_late", "open_total", "open_overdue"):
            assert row["figures"][column] == getattr(stated, column)


def test_level_sums_are_unit_sums(story: Any) -> None:
    for edition in (story.provisional, story.final):
        by_level: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in rows_of(edition, "unit"):
            for column, quantity in row["figures"].items():
                by_level[row["level"]][column] += quantity
        levels = {row["level"]: row["figures"] for row in rows_of(edition, "level")}
        assert {level: dict(figures) for level, figures in by_level.items()} == levels
        (total,) = rows_of(edition, "total")
        for column, quantity in total["figures"].items():
            assert quantity == sum(figures[column] for figures in levels.values())


@pytest.mark.parametrize("table", ["unit", "field", "level"])
def test_workbook_page_and_warehouse_are_equal_cell_by_cell(table: str, story: Any) -> None:
    for edition in (story.provisional, story.final):
        expected = in_warehouse(edition, table)
        assert len(expected) > 30
        assert in_workbook(edition, table) == expected
        assert in_page(edition, table) == expected


def test_incremental_measures_equal_a_full_recomputation(story: Any) -> None:
    from motcua.aggregate import check_measures, rebuild_measures

    check_measures()
    assert rebuild_measures() == []


def test_briefs_were_published_for_each_night(story: Any) -> None:
    from motcua.publish import list_editions, read_edition

    briefs = list_editions("nightly-brief", "84")
    days = [story.scenario.to_date - timedelta(days=1), *map(story.scenario.day_of_night, (1, 2))]
    assert {brief.from_date for brief in briefs} == set(days)
    newest = read_edition(max(briefs, key=lambda brief: (brief.to_date, brief.edition_no)).edition_id)
    assert (newest.from_date, newest.completeness) == (days[-1], "final")


def unmet_of(edition: Any) -> set[str]:
    return {line["code"] for line in edition.content["checklist"] if line["is_met"] == "no"}


def agrees_with(story: Any, edition: Any, truth: Any) -> None:
    """Compare each unit's figures with the truth; the form books what was withdrawn or stopped as on time."""
    computed = {row["unit_id"]: row["figures"] for row in rows_of(edition, "unit")}
    for unit_id, counts in truth.by_unit.items():
        figures = computed.pop(unit_id)
        expected = {
            "carried_over": counts.carried_over,
            "received_online": counts.received_online,
            "received_direct": counts.received_direct,
            "resolved_early": counts.resolved_early,
            "resolved_on_time": counts.resolved_on_time + counts.withdrawn + counts.stopped,
            "resolved_late": counts.resolved_late,
            "open_total": counts.open_total,
            "open_overdue": counts.open_overdue,
        }
        assert {name: figures[name] for name in expected} == expected, unit_id
    assert all(not any(figures.values()) for figures in computed.values())


def missing_in(edition: Any) -> list[str]:
    cells = edition.content["cells"]
    return [cell["source_id"] for cell in cells if cell["cell"] not in ("received", "not_expected")]


def rows_of(edition: Any, code: str) -> list[dict[str, Any]]:
    (table,) = [table for table in edition.content["tables"] if table["code"] == code]
    rows: list[dict[str, Any]] = table["rows"]
    return rows


def in_warehouse(edition: Any, table: str) -> Figures:
    from sqlalchemy import text

    from motcua.warehouse import warehouse_engine

    shown = {table, "total"} | ({"level"} if table == "unit" else set())
    query = "select table_code, row_code, column_code, quantity from edition_figure where edition_id = :id"
    with warehouse_engine().connect() as connection:
        rows = connection.execute(text(query), {"id": edition.edition_id}).all()
    return {(row[0], row[1], row[2]): row[3] for row in rows if row[0] in shown}


def file_of(edition: Any, ending: str) -> bytes:
    path = Settings.load().reports_dir / edition.edition_id / f"form-06.{ending}"
    return path.read_bytes()


def in_workbook(edition: Any, table: str) -> Figures:
    from motcua.publish.files.layout import TABLE_NAMES
    from motcua.publish.files.workbook import CODE_HEADING

    sheet = load_workbook(io.BytesIO(file_of(edition, "xlsx")))[TABLE_NAMES[table][0]]
    rows = list(sheet.iter_rows(values_only=True))
    numbers = next(i for i, row in enumerate(rows) if row[0] == "(1)")
    code_at = rows[numbers].index(CODE_HEADING)
    columns = [column["code"] for column in edition.content["columns"]]
    found: Figures = {}
    for row in rows[numbers + 1 :]:
        if code := row[code_at]:
            is_level = table == "unit" and code in ("province", "district", "commune")
            kind = "total" if code == "total" else "level" if is_level else table
            found |= {(kind, str(code), column): value for column, value in zip(columns, row[2:], strict=False)}
    return found


def in_page(edition: Any, table: str) -> Figures:
    page = BeautifulSoup(file_of(edition, "html"), "html.parser")
    cells = page.select(f"table.form[data-table={table}] tbody td[data-column-code]")
    return {
        (str(cell["data-table"]), str(cell["data-row-code"]), str(cell["data-column-code"])): int(
            str(cell["data-value"])
        )
        for cell in cells
    }
