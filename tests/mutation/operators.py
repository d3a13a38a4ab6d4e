"""What is changed in a module: operators of Cosmic Ray, and a few that it lacks. One mutant is one change."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider

# Of the replacements Cosmic Ray knows, those that move a bound, turn a question round or take the opposite operation.
# The others (`<` to `is`, `+` to `@`) raise where they stand and would only be counted as killed.
KEPT = (
    *(f"ReplaceComparisonOperator_{pair}" for pair in (
        "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt",
        "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is",
    )),
    *(f"ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul", "Pow_Mul",
        "BitOr_BitAnd", "BitAnd_BitOr",
    )),
    "ReplaceUnaryOperator_USub_UAdd", "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_Invert",
    "AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ExceptionReplacer", "NumberReplacer",
    "ZeroIterationForLoop",
)  # fmt: skip


class _Own(Operator):
    """An operator that replaces one child of a node by other code; `changes` says which and by what."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        for place, _ in self.changes(node):
            yield node.children[place].start_pos, node.children[place].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        place, code = list(self.changes(node))[index]
        node.children[place] = parso.parse(code)
        return node

    def changes(self, node: Any) -> Iterator[tuple[int, str]]:
        raise NotImplementedError

    @classmethod
    def examples(cls) -> tuple[Any, ...]:
        return ()


class DropOperand(_Own):
    """`a and b` becomes `a`, and becomes `b`; so with `or`."""

    def changes(self, node: Any) -> Iterator[tuple[int, str]]:
        for place, child in enumerate(getattr(node, "children", ())):
            if child.type in ("and_test", "or_test"):
                word = f" {child.children[1].value} "
                operands = [each.get_code().strip() for each in child.children[::2]]
                for left_out in range(len(operands)):
                    rest = word.join(operands[:left_out] + operands[left_out + 1 :])
                    yield place, f"{child.get_first_leaf().prefix or ' '}{rest}"


class OtherExtreme(_Own):
    """`min(a, b)` becomes `max(a, b)`, `a` and `b`; numpy's `minimum` and `maximum` too."""

    OTHER = {"min": "max", "max": "min", "np.minimum": "np.maximum", "np.maximum": "np.minimum"}  # noqa: RUF012

    def changes(self, node: Any) -> Iterator[tuple[int, str]]:
        for place, child in enumerate(getattr(node, "children", ())):
            if child.type not in ("atom_expr", "power"):
                continue
            called = "".join(each.get_code() for each in child.children[:-1]).strip()
            given = child.children[-1]
            if called in self.OTHER and given.type == "trailer" and given.children[0] == "(":
                before = child.get_first_leaf().prefix
                yield place, f"{before}{self.OTHER[called]}{given.get_code()}"
                inner = given.children[1]
                arguments = inner.children[::2] if inner.type == "arglist" else []
                if arguments and not any(each.type == "argument" for each in arguments):
                    for argument in arguments:
                        yield place, f"{before}{argument.get_code().strip()}"


class DropStatement(_Own):
    """A call for its effect, a sum added, an attribute or an item set, an error raised: left out. No line of a log."""

    def changes(self, node: Any) -> Iterator[tuple[int, str]]:
        if node.type != "simple_stmt" or node.get_code().lstrip().startswith("log."):
            return
        statement = node.children[0]
        first = statement.children[0] if getattr(statement, "children", None) else None
        is_effect = (
            statement.type in ("atom_expr", "power", "raise_stmt", "yield_expr")
            or (statement.type == "expr_stmt" and statement.children[1].type == "operator"
                and (statement.children[1].value != "=" or first.type in ("atom_expr", "power")))
            or (statement.type == "expr_stmt" and statement.children[1].type == "augassign")
        )  # fmt: skip
        if is_effect:
            yield 0, f"{statement.get_first_leaf().prefix}pass"


class NeverTaken(_Own):
    """The branch of an `if` or `elif` is never taken; a loop's condition of a comprehension always holds."""

    def changes(self, node: Any) -> Iterator[tuple[int, str]]:
        if node.type == "if_stmt":
            for place, child in enumerate(node.children):
                if getattr(child, "value", None) in ("if", "elif"):
                    yield place + 1, " False"
        elif node.type == "comp_if":
            yield 1, " True"


class OtherMembership(_Own):
    """`in` becomes `not in`, and the other way round."""

    def changes(self, node: Any) -> Iterator[tuple[int, str]]:
        if node.type == "comparison":
            for place in range(1, len(node.children), 2):
                word = " ".join(node.children[place].get_code().split())
                if word in ("in", "not in"):
                    yield place, " not in" if word == "in" else " in"


@dataclass(frozen=True)
class Mutant:
    """A module with one change.

    Attributes:
        function: the functions and classes it stands in.
        function_line: where the innermost function begins, its decorators included; none outside of functions.
        change: the lines before and after.
    """

    function: str
    function_line: int | None
    line: int
    change: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """Return the mutants of a module, in the order of its lines; none that does not compile or changes nothing.

    Each statement of the module is changed by itself: what it costs to parse is paid for every mutant.
    """
    lines = source.splitlines(keepends=True)
    found = []
    for node in ast.parse(source).body:
        first, last = min([node.lineno, *(each.lineno for each in _decorators(node))]) - 1, node.end_lineno or 0
        before, after = "".join(lines[:first]), "".join(lines[last:])
        for mutant in _mutants_of_statement("".join(lines[first:last])):
            begins = None if mutant.function_line is None else mutant.function_line + first
            whole = f"{before}{mutant.source}{after}"
            found.append(replace(mutant, function_line=begins, line=mutant.line + first, source=whole))
    return found


def _mutants_of_statement(source: str) -> list[Mutant]:
    tree = ast.parse(source)
    seen = {_meaning(tree)}
    left = _left_alone(tree)
    provider = OperatorProvider()
    operators: list[Operator] = [provider[name]() for name in KEPT]
    operators += [DropOperand(), OtherExtreme(), DropStatement(), NeverTaken(), OtherMembership()]
    nodes = list(ast_nodes(get_ast(source)))
    found: list[tuple[int, Mutant]] = []
    for operator in operators:
        positions = [where for node in nodes for where in operator.mutation_positions(node)]
        for occurrence, (start, _) in enumerate(positions):
            if any(begin <= start < end for begin, end in left):
                continue
            changed = mutate_code(source, operator, occurrence) or source
            try:
                changed_tree = ast.parse(changed)
                compile(changed_tree, "mutant", "exec", dont_inherit=True)
            except SyntaxError:
                continue
            meaning = _meaning(changed_tree)
            if meaning not in seen and _signatures(changed_tree) == _signatures(tree):
                seen.add(meaning)
                line = start[0]
                found.append((line, Mutant(*_function_at(tree, line), line, _change(source, changed), changed)))
    return [mutant for _, mutant in sorted(found, key=lambda each: each[0])]


def _left_alone(tree: ast.AST) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return where nothing is to be found: annotations (nobody evaluates them), decorators, `zip(..., strict=True)`."""
    found = []
    for node in ast.walk(tree):
        strict = [node.value] if isinstance(node, ast.keyword) and node.arg == "strict" else []
        for each in (getattr(node, "annotation", None), getattr(node, "returns", None), *_decorators(node), *strict):
            if isinstance(each, ast.expr):
                found.append(((each.lineno, each.col_offset), (each.end_lineno or 0, each.end_col_offset or 0)))
    return found


def _decorators(node: ast.AST) -> list[ast.expr]:
    return getattr(node, "decorator_list", [])


def _signatures(tree: ast.AST) -> list[tuple[int, int]]:
    """Return how many parameters may be named: Cosmic Ray reads the star before keywords as a product."""
    found = [node.args for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [(len(each.posonlyargs), len(each.kwonlyargs)) for each in found]


class _Turned(ast.NodeTransformer):
    """`not a < b` is `a >= b`, and `not not a` is `a`: one mutant, not two."""

    OPPOSITE = {  # noqa: RUF012
        ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
        ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    }  # fmt: skip

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        compared = node.operand
        if isinstance(node.op, ast.Not) and isinstance(compared, ast.UnaryOp) and isinstance(compared.op, ast.Not):
            return compared.operand
        if isinstance(node.op, ast.Not) and isinstance(compared, ast.Compare) and len(compared.ops) == 1:
            compared.ops = [self.OPPOSITE[type(compared.ops[0])]()]
            return compared
        return node


def _meaning(tree: ast.AST) -> str:
    return ast.dump(_Turned().visit(ast.parse(ast.unparse(tree))))


def _function_at(tree: ast.AST, line: int) -> tuple[str, int | None]:
    found = sorted(
        (
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.lineno <= line <= (node.end_lineno or 0)
        ),
        key=lambda node: node.lineno,
    )
    name = ".".join(node.name for node in found) or "module"
    if not found or isinstance(found[-1], ast.ClassDef):
        return name, None
    return name, min([found[-1].lineno, *(each.lineno for each in _decorators(found[-1]))])


def _change(before: str, after: str) -> str:
    old, new = before.splitlines(), after.splitlines()
    removed, added = [], []
    for line in difflib.ndiff(old, new):
        if line.startswith("- "):
            removed.append(line[2:].strip())
        elif line.startswith("+ "):
            added.append(line[2:].strip())
    return f"{' '.join(removed)} → {' '.join(added)}"
