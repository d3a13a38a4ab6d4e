"""What a mutant of a SQL statement is: its own text with one small fault in one place."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.mutation.sql_mutants import mutants_of

FAULTS = {
    "a comparison": ("select a from t where a < 1", "select a from t where a <= 1"),
    "a condition of two": ("select a from t where a = 1 and b = 2", "select a from t where b = 2"),
    "the last condition": ("select a from t where a = 1 or b = 2", "select a from t where a = 1"),
    "the only condition": ("select a from t where a is null", "select a from t where true"),
    "a join": ("select a from t left join v on a = b", "select a from t inner join v on a = b"),
    "a full join": ("select a from t full outer join v using (a)", "select a from t left join v using (a)"),
    "nulls": ("select a from t order by a desc nulls last", "select a from t order by a desc nulls first"),
    "a direction": ("select a from t order by a", "select a from t order by a desc"),
    "a default": ("select coalesce(a, 7) as a from t", "select coalesce(a) as a from t"),
    "a stand-in": ("select coalesce(a, b, c) as a from t", "select coalesce(a, c) as a from t"),
    "an extreme": ("select min(a) as a from t", "select max(a) as a from t"),
    "a negation": ("select a from t where not b", "select a from t where b"),
    "null": ("select a from t where a is null", "select a from t where a is not null"),
    "a union": ("select a from t union all select b from t", "select a from t union select b from t"),
    "a constant": ("select a + 1 as a from t", "select a + 2 as a from t"),
    "a sign": ("select -a as a from t", "select a as a from t"),
    "an element": ("select a from t where a in (1, 3)", "select a from t where a in (1)"),
    "the day": ("select a from t where a::date = b::date", "select a from t where a = b::date"),
    "an end of a window": (
        "select a from t where a between :b and :c",
        "select a from t where (a >= :b and a < :c)",
    ),
    "distinct": ("select distinct a from t", "select a from t"),
    "an arm": (
        "select case a when 1 then 2 when 2 then 3 end as a from t",
        "select case a when 2 then 3 end as a from t",
    ),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / ".sqlfluff").write_text((Path(__file__).parents[2] / ".sqlfluff").read_text("utf-8"), "utf-8")
    return tmp_path / "statement.sql"


@pytest.mark.parametrize("name", FAULTS)
def test_a_mutant_changes(name: str, file: Path) -> None:
    body, expected = FAULTS[name]
    file.write_text(body, encoding="utf-8")
    assert expected in {" ".join(mutant.applied(body).split()) for mutant in mutants_of(file)}


@pytest.mark.parametrize(
    "body", ["update t set a = :b", "insert into t (a) values (:a) on conflict (a) do update set b = c"]
)
def test_what_is_assigned_is_no_comparison(body: str, file: Path) -> None:
    file.write_text(body, encoding="utf-8")
    assert mutants_of(file) == []


def test_a_mutant_is_told_with_the_line_it_changes(file: Path) -> None:
    file.write_text("select a\nfrom t\nwhere\n    a = 1\n    and b = 2\n", encoding="utf-8")
    assert {(mutant.line_no, mutant.line) for mutant in mutants_of(file)} == {(4, "a = 1"), (5, "and b = 2")}


def test_what_cannot_be_parsed_is_refused(file: Path) -> None:
    file.write_text("select a from where and", encoding="utf-8")
    with pytest.raises(ValueError, match="cannot be parsed"):
        mutants_of(file)


def test_which_group_of_a_distinct_on_comes_first_is_no_fault_where_nobody_sees_it(file: Path) -> None:
    chosen = "select distinct on (a) a, b from t order by a, b"
    file.write_text(f"create temporary table c as\n{chosen}\n", encoding="utf-8")
    assert {mutant.change for mutant in mutants_of(file)} == {"order by b: → desc"}
    file.write_text(f"{chosen}\n", encoding="utf-8")
    assert {mutant.change for mutant in mutants_of(file)} == {"order by a: → desc", "order by b: → desc"}
