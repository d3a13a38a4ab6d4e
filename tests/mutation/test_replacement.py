"""A change within a function is put into a process that has imported the module; any other change is not."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from tests.mutation.replacement import NOTE, functions_of, noting, replacement

SOURCE = """
from functools import cache

LIMIT = 3


class Gate:
    width = 2

    @property
    def is_wide(self):
        return self.width > 1


@cache
def below(value, by=0):
    inner = lambda one: one < LIMIT
    return inner(value - by)


def at_import():
    return 1


KEPT = at_import()
"""


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    path = tmp_path / "gate.py"
    path.write_text(SOURCE, encoding="utf-8")
    found = ModuleType("gate")
    found.__file__ = str(path)
    exec(compile(SOURCE, path, "exec", dont_inherit=True), vars(found))  # noqa: S102  the module above
    return found


def replace(module: ModuleType, before: str, after: str, entered: set[tuple[str, int]] | None = None) -> bool:
    """Put a change into the module if it stands in a function; tell whether it does."""
    path = Path(str(module.__file__))
    old, new = (compile(source, path, "exec", dont_inherit=True) for source in (SOURCE, SOURCE.replace(before, after)))
    found = replacement(old, new, functions_of(path), entered or set())
    if found is None:
        return False
    for function in found.functions:
        function.__code__ = found.code
    return True


def test_a_changed_function_works_otherwise_wherever_it_is_kept(module: ModuleType) -> None:
    assert replace(module, "self.width > 1", "self.width > 2")
    assert replace(module, "one < LIMIT", "one <= LIMIT")
    assert not module.Gate().is_wide
    assert module.below(3)  # kept by `cache`, and changed in a function within it


@pytest.mark.parametrize(
    ("before", "after"), [("LIMIT = 3", "LIMIT = 4"), ("width = 2", "width = 1"), ("by=0", "by=1"), ("@cache\n", "\n")]
)
def test_what_is_evaluated_while_a_module_is_imported_is_not_replaced(
    module: ModuleType, before: str, after: str
) -> None:
    assert not replace(module, before, after)


def test_a_function_that_was_entered_while_modules_were_imported_is_not_replaced(module: ModuleType) -> None:
    place = ("at_import", module.at_import.__code__.co_firstlineno)
    assert not replace(module, "return 1", "return 2", {place})
    assert replace(module, "return 1", "return 2")


def test_a_function_tells_the_lines_that_it_executes(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    path, lines = Path(str(module.__file__)), set[int]()
    monkeypatch.setattr(f"builtins.{NOTE}", lines.add, raising=False)
    codes = noting(SOURCE, path)
    for place, functions in functions_of(path).items():
        for function in functions:
            function.__code__ = codes[place]
    module.below(1)
    begins = module.below.__wrapped__.__code__.co_firstlineno
    assert lines == {begins, begins + 2, begins + 3}  # the decorator, and two statements
