"""The three ways a verdict can be silently wrong are errors."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import great_expectations as gx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua.errors import SuiteBroken
from motcua.validate import run
from motcua.validate.run import failing_rows, run_suite
from motcua.validate.suite import Suite, load_suite

META = {
    "rule_id": "V1", "fields": ["a"], "reason": "R.", "reason_vi": "R.", "legal_source": "L", "evidence": "E",
}  # fmt: skip
NOT_NULL = {
    "type": "expect_column_values_to_not_be_null", "kwargs": {"column": "a"}, "severity": "critical", "meta": META,
}  # fmt: skip


def suite(*expectations: dict[str, Any]) -> Suite:
    return Suite.model_validate({"name": "dossier", "grain": "one row", "expectations": list(expectations)})


def test_failing_rows_are_named_by_their_index() -> None:
    [finding] = run_suite(suite(NOT_NULL), pd.DataFrame({"a": ["x", None, "y", None]}))
    assert finding.rows == [1, 3]


def test_more_failing_rows_than_gx_lists_by_default_are_all_named() -> None:
    [finding] = run_suite(suite(NOT_NULL), pd.DataFrame({"a": [None] * 5000 + ["x"]}))
    assert finding.rows == list(range(5000))


def test_a_row_condition_leaves_other_rows_alone() -> None:
    condition = {"type": "comparison", "column": {"name": "b"}, "operator": "==", "parameter": 1}
    check = NOT_NULL | {"kwargs": {"column": "a", "row_condition": condition}}
    [finding] = run_suite(suite(check), pd.DataFrame({"a": [None, None, "x"], "b": [1, 2, 1]}))
    assert finding.rows == [0]


def test_a_frame_without_rows_breaks_nothing() -> None:
    [finding] = run_suite(suite(NOT_NULL), pd.DataFrame({"a": []}))
    assert finding.rows == []


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": ["x"]}), pd.DataFrame({"a": []})], ids=["rows", "no rows"])
def test_an_expectation_lost_while_loading_breaks_the_suite(frame: pd.DataFrame) -> None:
    unknown = NOT_NULL | {"type": "expect_column_values_to_be_plausible"}
    with pytest.raises(SuiteBroken, match="lost 1 of 2 expectations while loading"):
        run_suite(suite(NOT_NULL, unknown), frame)


def test_an_argument_that_an_expectation_does_not_know_breaks_the_suite() -> None:
    misspelt = NOT_NULL | {"kwargs": {"column": "a", "mostli": 0.9}}
    with pytest.raises(SuiteBroken):
        run_suite(suite(misspelt), pd.DataFrame({"a": ["x"]}))


def test_an_expectation_that_raises_breaks_the_suite() -> None:
    regex = {**NOT_NULL, "type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regex": "("}}
    with pytest.raises(SuiteBroken, match="raised an error instead of answering"):
        run_suite(suite(regex), pd.DataFrame({"a": ["x"]}))


def test_a_column_that_no_frame_has_breaks_the_suite() -> None:
    with pytest.raises(SuiteBroken, match="names columns that no frame has: b"):
        run_suite(suite(NOT_NULL | {"kwargs": {"column": "b"}}), pd.DataFrame({"a": ["x"]}))


CONDITION = {"type": "comparison", "column": {"name": "b"}, "operator": "==", "parameter": 1}
CHECKS = [
    NOT_NULL,
    NOT_NULL | {"kwargs": {"column": "a", "row_condition": CONDITION}},
    NOT_NULL | {"type": "expect_column_values_to_be_null"},
    NOT_NULL | {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regex": "^x"}},
    NOT_NULL | {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "b", "value_set": [1, 2]}},
    NOT_NULL | {
        "type": "expect_column_pair_values_a_to_be_greater_than_b",
        "kwargs": {"column_A": "b", "column_B": "c", "or_equal": True, "ignore_row_if": "either_value_is_missing"},
    },
    NOT_NULL | {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "c", "row_condition": CONDITION}},
]  # fmt: skip
VALUES = st.tuples(st.sampled_from(["x", "xy", "y", None]), st.sampled_from([1, 2, 3, None]), st.sampled_from([1, 2]))


@settings(max_examples=25, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=6))
def test_the_rows_that_are_found_are_those_of_one_pass_with_configurations_made_anew(rows: list[Any]) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b", "c"]).astype({"a": object, "b": "Int64"})
    whole = suite(*CHECKS)
    found = [finding.rows for finding in run_suite(whole, frame)]
    result_format = {"result_format": "COMPLETE", "partial_unexpected_count": 100}
    with patch.object(run, "configurations_made_once", nullcontext):
        answers = run._validate(whole, run._batch(frame), whole.checks, result_format)
    assert found == [sorted(answer.result["unexpected_index_list"] or ()) for answer in answers]


def test_a_configuration_is_kept_for_one_run_only() -> None:
    expectation = gx.expectations.ExpectColumnValuesToNotBeNull(column="a")
    with run.configurations_made_once():
        assert expectation.configuration is expectation.configuration
    assert expectation.configuration is not expectation.configuration


def answer(count: int | None, rows: list[int] | None, success: bool = False) -> Any:
    return SimpleNamespace(result={"unexpected_count": count, "unexpected_index_list": rows}, success=success)


@pytest.mark.parametrize(
    "result",
    [
        answer(1000, list(range(20))),
        answer(3, [1, 1, 2]),
        answer(1, None),
        answer(None, [1]),
        answer(0, [], success=False),
        answer(2, [1, 2], success=True),
    ],
    ids=["cut at 20", "one row twice", "no rows", "no count", "failed without rows", "passed with failing rows"],
)
def test_an_answer_whose_rows_differ_from_its_count_breaks_the_suite(result: Any) -> None:
    whole = suite(NOT_NULL)
    with pytest.raises(SuiteBroken, match="rule V1"):
        failing_rows(whole, whole.checks[0], result)


def test_an_answer_that_names_every_row_is_accepted() -> None:
    whole = suite(NOT_NULL)
    assert failing_rows(whole, whole.checks[0], answer(2, [7, 3])) == [3, 7]


def test_a_rule_cannot_be_critical_and_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "dossier.json"
    both = [NOT_NULL, NOT_NULL | {"severity": "warning"}]
    path.write_text(json.dumps({"name": "dossier", "grain": "one row", "expectations": both}))
    with pytest.raises(SuiteBroken, match="V1 is both critical and warning"):
        load_suite(path)


@pytest.mark.parametrize(
    ("change", "place"),
    [({"severty": "critical"}, "severty"), ({"severity": "fatal"}, "severity"), ({"meta": {}}, "meta")],
)
def test_an_invalid_suite_entry_is_refused_and_named(tmp_path: Path, change: Any, place: str) -> None:
    path = tmp_path / "dossier.json"
    path.write_text(json.dumps({"name": "dossier", "grain": "one row", "expectations": [NOT_NULL | change]}))
    with pytest.raises(SuiteBroken, match=rf"dossier\.json: expectations\.0\.{place}"):
        load_suite(path)


def test_a_missing_suite_is_named(tmp_path: Path) -> None:
    with pytest.raises(SuiteBroken, match="There is no suite"):
        load_suite(tmp_path / "dossier.json")


def test_importing_the_package_loads_neither_pandas_nor_great_expectations() -> None:
    import subprocess
    import sys

    code = "import sys, motcua.validate; print(*{'pandas', 'great_expectations', 'pyarrow'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
