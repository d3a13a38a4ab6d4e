"""What a mutant is: one change that could matter, made once, where code is evaluated."""

from __future__ import annotations

import pytest
from tests.mutation.operators import mutants


def changed(body: str, head: str = "def f(a, b, c):") -> set[str]:
    """Return what becomes of the line of a function."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return {mutant.change.partition(" → ")[2] for mutant in mutants(f"{head}\n{lines}")}


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("return a < b", {"return a <= b", "return a >= b"}),
        ("return a == b", {"return a != b"}),
        ("return a in b", {"return a not in b"}),
        ("return not a", {"return  a"}),
        ("return a + b", {"return a - b"}),
        ("return a and b", {"return a or b", "return b", "return a"}),
        ("return min(a, b)", {"return max(a, b)", "return a", "return b"}),
        ("return min(a, key=b)", {"return max(a, key=b)"}),
        ("return np.maximum(a, b)", {"return np.minimum(a, b)", "return a", "return b"}),
        ("a.b = c", {"pass"}),
        ("a[b] = c", {"pass"}),
        ("a.b(c)", {"pass"}),
        ("raise a", {"pass"}),
        ("a = b", set()),
        ("return a if b else c", {"return a if not b else c"}),
        ("return [x for x in a if x]", {"return [x for x in a if True]"}),
        ("return zip(a, b, strict=True)", set()),
    ],
)
def test_a_line_becomes_what_a_slip_could_make_of_it(line: str, becomes: set[str]) -> None:
    assert changed(line) == becomes


def test_a_branch_is_turned_round_and_never_taken() -> None:
    assert changed("if a:\n    return b\nreturn c") == {"if not a:", "if False:"}


def test_annotations_and_decorators_are_left_alone() -> None:
    assert changed("return a", "@cache(maxsize=4)\ndef f(a: int | None) -> dict[str, int] | None:") == set()
    assert {mutant.change for mutant in mutants("LIMIT: int | None = 4\n")} == {
        "LIMIT: int | None = 4 → LIMIT: int | None = 5",
        "LIMIT: int | None = 4 → LIMIT: int | None = 3",
    }


def test_a_star_before_keywords_is_no_product() -> None:
    assert changed("return a", "def f(a, *, b=None):") == set()


def test_a_mutant_names_its_function_and_its_line() -> None:
    [mutant] = mutants("class Gate:\n    def enter(self):\n        self.ask()\n")
    assert (mutant.function, mutant.line, mutant.change) == ("Gate.enter", 3, "self.ask() → pass")
    assert mutant.function_line == 2
    assert mutant.source == "class Gate:\n    def enter(self):\n        pass\n"
