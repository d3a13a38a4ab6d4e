"""The checked-in reference equals what the tree generates, and the generator sees what it is made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from motcua import reference_docs
from motcua.errors import ConfigurationError

PAGES = ("catalog.md", "cli.md", "codes.md", "dags.md", "data-model.md", "rules.md", "sql.md", "statuses.md")


@pytest.fixture(scope="module")
def pages(database_server: None) -> dict[str, str]:
    return reference_docs.pages()


def test_the_reference_folder_holds_exactly_the_generated_pages(pages: dict[str, str]) -> None:
    assert (
        set(pages)
        == set(PAGES)
        == {path.name for path in reference_docs.REFERENCE.iterdir()} - reference_docs.LAST_RUNS
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_checked_in_page_equals_the_generated_one(pages: dict[str, str], name: str) -> None:
    checked_in = (reference_docs.REFERENCE / name).read_text(encoding="utf-8")
    assert checked_in == pages[name], f"docs/reference/{name} is stale: run `make docs` and commit it"


def test_a_new_expectation_appears_among_the_rules(tmp_path: Path) -> None:
    check = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "fee_amount", "min_value": 0},
        "severity": "warning",
        "meta": {"rule_id": "V99", "reason": "A fee | is not negative.", "legal_source": "none"},
    }
    suite = {"name": "fees", "grain": "one record", "expectations": [check]}
    (tmp_path / "fees.json").write_text(json.dumps(suite), encoding="utf-8")
    page = reference_docs.rules_page(tmp_path)
    assert (
        "| V99 | warning | `fee_amount` | `expect_column_values_to_be_between` min_value `0`"
        " | A fee \\| is not negative. | none |" in page
    )


def test_the_whole_header_of_a_statement_appears_and_nothing_of_its_body(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "count.sql").write_text("-- Grain: one row.\n-- Why: to know.\nselect 1\n-- not this\n")
    page = reference_docs.sql_page(tmp_path)
    assert "Grain: one row.\nWhy: to know.\n```" in page
    assert "not this" not in page


def test_a_table_without_a_description_stops_the_generator(databases: None, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name: what for name, what in reference_docs.TABLES["store"].items() if name != "batch"}
    monkeypatch.setitem(reference_docs.TABLES, "store", known)
    with pytest.raises(ConfigurationError, match="Table batch of store has no description"):
        reference_docs.data_model_page()


def test_a_dag_file_that_does_not_import_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "broken.py").write_text("from airflow.sdk import dag\nimport no_such_module\n")
    monkeypatch.setenv("MOTCUA_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"broken\.py cannot be imported: .*no_such_module"):
        reference_docs.read_dags()
