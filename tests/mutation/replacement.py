"""Gives functions of a module other code, in a process that has imported it already."""

from __future__ import annotations

import ast
import gc
import inspect
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

NOTE = "__motcua_line__"  # what a function calls with its lines, where they are noted
Place = tuple[str, int]  # the name and the first line of a function
Functions = dict[Place, list[FunctionType]]


class Entered:
    """The functions of a file that are entered while it is followed."""

    def __init__(self, path: Path) -> None:
        self._file = str(path)
        self.functions: set[Place] = set()

    def follow(self) -> None:
        threading.setprofile(self._enter)
        sys.setprofile(self._enter)

    def leave(self) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _enter(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename == self._file:
            self.functions.add((frame.f_code.co_qualname, frame.f_code.co_firstlineno))


class _Noting(ast.NodeTransformer):
    """Lets each function tell which of its lines it executes, and first where it begins."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        begins = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        self.generic_visit(node)
        node.body = [self._note(node.body[0], begins), *node.body]
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.Module | ast.ClassDef):
            return node
        for name in ("body", "orelse", "finalbody"):
            if isinstance(statements := getattr(node, name, None), list):
                noted = [each for one in statements for each in (self._note(one, one.lineno), one)]
                setattr(node, name, noted)
        return node

    @staticmethod
    def _note(node: ast.stmt, line: int) -> ast.stmt:
        called = ast.Name(NOTE, ast.Load())
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(ast.Call(called, [ast.Constant(line)], [])), node))


def noting(source: str, path: Path) -> dict[Place, CodeType]:
    """Return the code of the functions of a module, each of which calls `NOTE` with the lines it executes."""
    module = compile(_Noting().visit(ast.parse(source)), path, "exec", dont_inherit=True)
    return {(code.co_qualname, code.co_firstlineno): code for code in _every(module)}


@dataclass(frozen=True)
class Replacement:
    """New code for functions that are there already."""

    functions: list[FunctionType]
    code: CodeType


def functions_of(path: Path) -> Functions:
    """Return the functions of a file, wherever they are kept, by name and first line."""
    found: Functions = {}
    for each in gc.get_objects():
        if type(each) is FunctionType and each.__code__.co_filename == str(path):
            found.setdefault((each.__code__.co_qualname, each.__code__.co_firstlineno), []).append(each)
    return found


def replacement(before: CodeType, after: CodeType, functions: Functions, entered: set[Place]) -> Replacement | None:
    """Return the one function that differs; none where a module, a class or a function entered already does."""
    found = list(_different(before, after))
    if len(found) != 1 or found[0] is None:
        return None
    old, new = found[0]
    place = old.co_qualname, old.co_firstlineno
    if place in entered or place not in functions or old.co_freevars != new.co_freevars:
        return None
    return Replacement(functions[place], new)


def _different(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType] | None]:
    """Yield the functions that differ, and none for what differs outside of them."""
    if _plain(before) != _plain(after):
        yield None
        return
    for old, new in zip(_nested(before), _nested(after), strict=True):
        if old.co_flags & inspect.CO_OPTIMIZED:
            if _whole(old) != _whole(new):
                yield old, new
        else:
            yield from _different(old, new)


def _plain(code: CodeType) -> tuple[Any, ...]:
    """Return what a code object does, without the code objects in it and without its lines."""
    constants = [None if isinstance(each, CodeType) else (type(each), repr(each)) for each in code.co_consts]
    return (
        code.co_name, code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars,
        code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags, code.co_exceptiontable,
    )  # fmt: skip


def _nested(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _every(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in _nested(code):
        yield from _every(each)


def _whole(code: CodeType) -> list[Any]:
    return [_plain(code), *map(_whole, _nested(code))]
