"""`motcua index` and `motcua figures` as they are typed."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Told

from motcua.settings import Settings

Run = Callable[..., tuple[str, str]]
PUBLISHED = str(Settings.load().shipped_catalog_dir / "published_figures.csv")


@pytest.fixture
def run(command: Callable[..., Told]) -> Run:
    def typed(*arguments: str, code: int = 0) -> tuple[str, str]:
        told = command(*arguments, code=code)
        return told.out, told.err

    return typed


@pytest.fixture
def scored(run: Run, tmp_path: Path) -> Callable[..., Any]:
    def score(counts: Any, *more: str) -> Any:
        path = tmp_path / "counts.json"
        path.write_text(json.dumps(counts), encoding="utf-8")
        return json.loads(run("index", "score", str(path), "--json", *more)[0])

    return score


@pytest.mark.parametrize(
    ("counts", "group", "expected"),
    [
        ({"3.1": [52, 56], "3.2": [406, 1968], "3.3": [150956, 152595]}, "online", 8.83),
        ({"3.1": [52, 89], "3.2": [516, 1884], "3.3": [589496, 597894]}, "online", 8.56),
        ({"3.6": [82913, 98459], "3.4": [93, 310], "3.5": [56, 310]}, "payment", 6.25),
        ({"3.6": [0, 0], "3.4": [7, 8], "3.5": [0, 8]}, "payment", 2.00),
        ({"5.2": [0, 0], "5.3": [0, 0]}, "satisfaction", 12),
        ({"5.4": {"numerator": 0.45, "denominator": 1}}, "satisfaction", 3.00),
        ({"3.3": [0.4554, 1]}, "online", 5.46),
    ],
)
def test_the_portals_cases_are_met_to_a_hundredth(
    scored: Callable[..., Any], counts: Any, group: str, expected: float
) -> None:
    found = scored(counts)
    assert set(found) == {"groups", "total"}
    assert {name: group["max"] for name, group in found["groups"].items()} == {
        "transparency": 18, "progress": 20, "online": 12, "payment": 10, "digitisation": 22, "satisfaction": 18,
    }  # fmt: skip
    assert found["groups"][group]["score"] == pytest.approx(expected, abs=0.01)
    assert found["total"] == found["groups"][group]["score"]
    assert {group["score"] for name, group in found["groups"].items() if name != group} >= {None}


def test_null_is_not_zero_and_a_substitute_is_flagged(scored: Callable[..., Any]) -> None:
    prior = {"numerator": 50, "denominator": None, "prior_year": 1200, "period": "month"}
    found = scored({"2.1": None, "1.1": [0, 0], "1.4": prior})
    items = found["groups"]["transparency"]["items"]
    assert (found["groups"]["progress"]["score"], items["1.1"]["score"], items["1.1"]["state"]) == (None, None, "empty")
    assert (items["1.4"]["score"], items["1.4"]["flag"]) == (3, "TEMP_NATIONAL_REPORT_DENOMINATOR")
    assert scored({"1.4": [5, None]})["groups"]["transparency"]["items"]["1.4"]["flag"] == "NO_NATIONAL_REPORT_DATA"
    assert scored({})["total"] is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"3.3": [2, 1]}', "rule V14"), ('{"3.3": [-1, 1]}', "negative"), ('{"9": [1, 1]}', "has no row 9"),
        ('{"3.3": ["1", 1]}', "numerator that is no number"), ('{"3.3": [true, 1]}', "no number"),
        ('{"3.3": [1]}', "has 1 values"), ('{"3.3": 0.5}', "neither a pair of counts nor null"),
        ('{"3.3": {"n": 1}}', "unknown keys n"), ('{"3.3": [NaN, 1]}', "NaN is no count"), ("[1, 2]", "not an object"),
        ('{"3.3": [1, 2], "3.3": [1, 3]}', "stands twice"), ('{"3.3": [1, 2]', "not valid JSON"),
        ('{"3.3": {"denominator": 2}}', "has no numerator"), ('{"3.3": [1e400, 2]}', "no count"),
        ('{"1.4": {"numerator": 1, "period": "week"}}', "a period that is none of month"), ("[" * 100000, ""),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_scored_is_refused_in_one_sentence(
    run: Run, tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "counts.json"
    path.write_text(text, encoding="utf-8")
    out, error = run("index", "score", str(path), "--json", code=1)
    assert (out, "InputRefused" in error, "What to do:" in error) == ("", True, True)
    assert told in error


def test_a_file_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    assert "No such file" in run("index", "score", str(tmp_path / "none.json"), code=1)[1]


def test_the_rules_are_those_of_the_day_and_of_the_variant(
    scored: Callable[..., Any], run: Run, tmp_path: Path
) -> None:
    assert scored({"3.3": [3, 10]}, "--on", "2023-10-31")["total"] == 3.6
    assert scored({"3.3": [3, 10]}, "--variant", "example-communes")["total"] == 4
    assert "No version of index 766 is in force on 2022-01-01" in run(
        "index", "score", str(tmp_path / "counts.json"), "--on", "2022-01-01", code=1
    )[1]  # fmt: skip


def test_what_is_missing_is_told_in_vietnamese_first(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"3.3": [15247, 33482]}'))
    out = " ".join(run("index", "score", "-")[0].split())
    assert "còn thiếu 1.494 hồ sơ trực tuyến" in out
    assert "chưa phải xếp loại chung" in out
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"3.3": [15247, 33482]}'))
    assert "1,494 more online dossiers" in " ".join(run("index", "score", "-", "--lang", "en")[0].split())


def test_a_unit_without_answers_has_no_score_on_the_command_line(run: Run, databases: None) -> None:
    found = json.loads(run("index", "unit", "84", "--period", "CAL_MONTH:2023-10", "--json")[0])
    assert (found["total"], found["rank"], found["is_complete"]) == (None, None, False)
    assert found["groups"]["online"]["items"]["3.3"]["note"]["en"] == "no source has answered for the period"
    listed = json.loads(run("index", "unit", "84", "--period", "CAL_MONTH:2023-10", "--level", "district", "--json")[0])
    assert len(listed) == 9
    assert "Không có chỉ tiêu nào có số liệu." in run("index", "unit", "84", "--period", "CAL_MONTH:2023-10")[0]


def test_published_figures_are_held_against_themselves(run: Run) -> None:
    found = json.loads(run("figures", "check", PUBLISHED, "--json")[0])
    assert (found["wrong"], found["verdicts"]["disagrees"], found["verdicts"]["truncated"]) == (4, 2, 1)
    assert found["verdicts"]["two_bases"] == 1
    assert "4 dòng sai" in run("figures", "check", PUBLISHED)[0]
    run("figures", "check", PUBLISHED, "--strict", code=1)
