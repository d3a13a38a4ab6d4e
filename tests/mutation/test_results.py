"""A result stands as long as nothing that it depends on has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.mutation import results
from tests.mutation.__main__ import page, unused
from tests.mutation.results import Result


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of one module, one statement and their tests."""
    files = {
        "src/motcua/days.py": "A = 1\n",
        "tests/conftest.py": "def databases():\n    from tests import lazy\n",
        "tests/lazy.py": "",
        "tests/world.py": "B = 1\n",
        "tests/unit/conftest.py": "",
        "tests/unit/test_days.py": "from tests.world import B\n",
        "tests/unit/test_other.py": "",
        "tests/mutation/operators.py": "",
        "tests/mutation/sql_mutants.py": "",
        "tests/mutation/python.toml": '[[module]]\nfile = "days.py"\ntests = ["tests/unit/test_days.py"]\n',
        "tests/sql/base_rows.yaml": "",
        "tests/sql/cases.py": "",
        "tests/sql/world.py": "",
        "tests/sql/one.yaml": "",
        "include/sql/one.sql": "select 1\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(results, "HERE", tmp_path / "tests/mutation")
    monkeypatch.setattr(results, "KEPT", tmp_path / "results.json")
    monkeypatch.setattr(results, "statements", lambda: {"include/sql/one.sql": tmp_path / "tests/sql/one.yaml"})
    monkeypatch.setattr(results, "modules", lambda: {"src/motcua/days.py": ("tests/unit/test_days.py",)})
    results._imported.cache_clear()
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("src/motcua/days.py", {"src/motcua/days.py"}),
        ("tests/unit/test_days.py", {"src/motcua/days.py"}),
        ("tests/world.py", {"src/motcua/days.py"}),
        ("tests/unit/conftest.py", {"src/motcua/days.py"}),
        ("tests/conftest.py", {"src/motcua/days.py"}),
        ("tests/mutation/operators.py", {"src/motcua/days.py"}),
        ("tests/unit/test_other.py", set()),
        ("tests/lazy.py", set()),  # only for those who ask for the fixture
        ("include/sql/one.sql", {"include/sql/one.sql"}),
        ("tests/sql/one.yaml", {"include/sql/one.sql"}),
        ("tests/sql/base_rows.yaml", {"include/sql/one.sql"}),
    ],
)
def test_a_change_undoes_the_proof_of_what_depends_on_it(tree: Path, changed: str, expected: set[str]) -> None:
    before = results.proofs()
    (tree / changed).write_text("# changed\n", encoding="utf-8")
    results._imported.cache_clear()
    after = results.proofs()
    assert {file for file in before if before[file] != after[file]} == expected


def test_results_are_kept_as_they_are(tree: Path) -> None:
    kept = Result("src/motcua/days.py", "abc", "1234abcd 2026-11-27", 3, 7, ((1, "module", "A = 1 → A = 2"),))
    results.write([kept])
    assert results.read() == {kept.file: kept}


def test_the_page_says_of_which_run_each_figure_is() -> None:
    one = Result("a.py", "", "1111aaaa 2026-11-26", 60, 9, ((4, "f", "x → y"),))
    other = Result("b.py", "", "2222bbbb+ 2026-11-27", 60, 3)
    whole = page([one, other], {("a.py", "f", "x → y"): "nobody sees it"}, stale=["b.py"])
    assert "1 file was run at commit 1111aaaa on 2026-11-26." in whole
    assert "with changes that were committed later" in whole
    assert "Not run as they are now: `b.py`." in whole
    assert "| `a.py` | 9 | 1 | 90.0 % | 1111aaaa |" in whole
    assert "| `f:4` | `x` → `y` | nobody sees it |" in whole
    assert "All files were run at commit 1111aaaa" in page([one], {})
    assert "**not explained**" in page([one], {})


def test_an_explanation_that_fits_nothing_is_told() -> None:
    one = Result("a.py", "", "", 60, 9, ((4, "f", "x → y"),))
    reasons = [("a.py", "f", "x → y"), ("a.py", "f", "renamed → y"), ("gone.py", "f", "x → y")]
    assert unused([one], reasons) == reasons[1:]
