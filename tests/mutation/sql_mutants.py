"""Makes mutants of a SQL statement: its text with one small fault, as a person could make it.

The statement is parsed by sqlfluff, which is locked already, reads our dialect with its bound parameters, and knows of
each part where it stands in the file; so a mutant is the file's own text with one slice of it replaced.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlfluff.core import FluffConfig, Linter
from sqlfluff.core.parser import BaseSegment

COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "="}
FUNCTIONS = {
    "min": "max",
    "max": "min",
    "greatest": "least",
    "least": "greatest",
    "bool_or": "bool_and",
    "bool_and": "bool_or",
}
JOINS = {"left": "inner", "inner": "left", "full": "left"}
ASSIGNMENTS = {"set_clause", "conflict_action"}


@dataclass(frozen=True)
class Mutant:
    """One change of a statement: `new` in place of what stands from `start` to `stop`."""

    start: int
    stop: int
    new: str
    change: str
    line_no: int
    line: str

    def applied(self, body: str) -> str:
        """Return the changed text of the statement."""
        return body[: self.start] + self.new + body[self.stop :]


def mutants_of(path: Path) -> list[Mutant]:
    """Return every mutant of a SQL file, in the order of their places. Raises ValueError if it cannot be parsed."""
    body = path.read_text(encoding="utf-8")
    parsed = Linter(config=FluffConfig.from_path(str(path))).parse_string(body, fname=str(path))
    variant = parsed.root_variant()
    if variant is None or variant.tree is None or any(variant.tree.recursive_crawl("unparsable")):
        raise ValueError(f"{path} cannot be parsed: {parsed.violations}")
    found = [_mutant(body, *slice_) for slice_ in _changes(body, variant.tree, [])]
    return sorted(set(found), key=lambda one: (one.start, one.stop, one.new))


def _mutant(body: str, start: int, stop: int, new: str, change: str) -> Mutant:
    said_at = start + len(body[start:stop]) - len(body[start:stop].lstrip())
    line_no = body.count("\n", 0, said_at) + 1
    return Mutant(start, stop, new, change, line_no, body.splitlines()[line_no - 1].strip())


Change = tuple[int, int, str, str]


def _changes(body: str, segment: BaseSegment, above: list[BaseSegment]) -> Iterator[Change]:
    parts = [part for part in segment.segments if part.is_code]
    for rule in _RULES:
        yield from rule(body, segment, parts, above)
    for part in parts:
        yield from _changes(body, part, [*above, segment])


def _span(parts: Sequence[BaseSegment]) -> tuple[int, int]:
    markers = [part.pos_marker for part in parts]
    assert all(markers)
    return min(one.source_slice.start for one in markers if one), max(one.source_slice.stop for one in markers if one)


def _said(body: str, start: int, stop: int) -> str:
    return " ".join(body[start:stop].split())


def _word(segment: BaseSegment) -> str:
    return segment.raw.lower()


def _replaced(body: str, parts: Sequence[BaseSegment], new: str) -> Change:
    start, stop = _span(parts)
    return start, stop, new, f"{_said(body, start, stop)} → {new}"


def _dropped(body: str, operands: Sequence[Sequence[BaseSegment]], place: int) -> Change:
    """Leave out one of several operands, with the operator or comma beside it."""
    start, stop = _span(operands[place])
    said = _said(body, start, stop)
    if place + 1 < len(operands):
        stop = _span(operands[place + 1])[0]
    else:
        start = _span(operands[place - 1])[1]
    return start, stop, "", f"without {said}"


def _split(parts: Sequence[BaseSegment], is_between: Callable[[BaseSegment], bool]) -> list[list[BaseSegment]]:
    groups: list[list[BaseSegment]] = [[]]
    for part in parts:
        if is_between(part):
            groups.append([])
        else:
            groups[-1].append(part)
    return [group for group in groups if group]


def _is_operator(word: str) -> Callable[[BaseSegment], bool]:
    return lambda part: part.is_type("binary_operator") and _word(part) == word


def _is_comma(part: BaseSegment) -> bool:
    return part.is_type("comma")


Parts = list[BaseSegment]


def _comparison(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    if segment.is_type("comparison_operator") and not (above and above[-1].is_type(*ASSIGNMENTS)):
        start, stop = _span([segment])
        old = body[start:stop]
        if old in COMPARISONS:
            around = _operands(above[-1], segment)
            yield start, stop, COMPARISONS[old], f"{_said(body, *_span(around))}: {old} → {COMPARISONS[old]}"


def _operands(parent: BaseSegment, operator: BaseSegment) -> Parts:
    """Return what stands around an operator up to the next and/or."""
    parts = [part for part in parent.segments if part.is_code]
    place = parts.index(operator)
    left, right = place, place
    while left > 0 and not parts[left - 1].is_type("binary_operator", "keyword", "comma"):
        left -= 1
    while right + 1 < len(parts) and not parts[right + 1].is_type("binary_operator", "keyword", "comma"):
        right += 1
    return parts[left : right + 1]


def _conditions(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    ors = _split(parts, _is_operator("or"))
    ands = [_split(group, _is_operator("and")) for group in ors]
    if segment.is_type("where_clause", "having_clause", "merge_when_matched_clause"):
        return
    for place in range(len(ors) if len(ors) > 1 else 0):
        yield _dropped(body, ors, place)
    for group in ands:
        for place in range(len(group) if len(group) > 1 else 0):
            yield _dropped(body, group, place)


def _single_condition(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    """A condition that is the only one of its place holds always; one of a `when` also never."""
    first = _word(parts[0]) if parts else ""
    if segment.is_type("where_clause", "having_clause") or (
        segment.is_type("bracketed") and len(parts) > 2 and _word(parts[1]) == "where"
    ):
        conditions = [part for part in parts if not part.is_type("keyword", "start_bracket", "end_bracket")]
        if conditions and not _is_composed(conditions):
            yield _replaced(body, conditions, "true")
    if segment.is_type("when_clause") and first == "when" and not _is_simple_case(above[-1]):
        condition = parts[1 : next(place for place, part in enumerate(parts) if _word(part) == "then")]
        yield _replaced(body, condition, "true")
        yield _replaced(body, condition, "false")


def _is_composed(conditions: Parts) -> bool:
    inside = conditions[0].segments if len(conditions) == 1 else conditions
    return any(part.is_type("binary_operator") and _word(part) in {"and", "or"} for part in inside)


def _is_simple_case(case: BaseSegment) -> bool:
    parts = [part for part in case.segments if part.is_code]
    return not parts[1].is_type("when_clause")


def _arms(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    if segment.is_type("case_expression"):
        arms = [part for part in parts if part.is_type("when_clause")]
        if len(arms) > 1 and _is_simple_case(segment):
            for arm in arms:
                start, stop = _span([arm])
                yield start, stop, "", f"without {_said(body, start, stop)}"
        for part in parts:
            if part.is_type("else_clause"):
                start, stop = _span([part])
                yield start, stop, "", f"without {_said(body, start, stop)}"


def _join(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    if segment.is_type("join_clause") and _word(parts[0]) in JOINS:
        kind = [part for part in parts[:2] if _word(part) in {*JOINS, "outer"}]
        joined = next(part for part in parts if part.is_type("from_expression_element"))
        start, stop = _span(kind)
        new = JOINS[_word(parts[0])]
        yield start, stop, new, f"{_word(parts[0])} → {new} join {_said(body, *_span([joined]))[:60]}"


def _order(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    if not segment.is_type("orderby_clause"):
        return
    groups = _groups_in_any_order(body, above)
    for item in _split(parts[2:], _is_comma):
        if _said(body, *_span([part for part in item if not part.is_type("keyword")])) in groups:
            continue
        words = {_word(part): part for part in item if part.is_type("keyword")}
        said = _said(body, *_span(item))
        direction = next((words[word] for word in ("asc", "desc") if word in words), None)
        if direction is not None:
            start, stop = _span([direction])
            new = "asc" if _word(direction) == "desc" else "desc"
            yield start, stop, new, f"order by {said}: {_word(direction)} → {new}"
        else:
            stop = _span([part for part in item if not part.is_type("keyword")])[1]
            yield stop, stop, " desc", f"order by {said}: → desc"
        for word, new in (("first", "last"), ("last", "first")):
            if word in words:
                start, stop = _span([words[word]])
                yield start, stop, new, f"order by {said}: nulls {word} → {new}"


def _groups_in_any_order(body: str, above: Parts) -> set[str]:
    """Return what a `distinct on` groups by, where nobody sees the order of the groups: it is kept in a table or CTE.

    Its direction says which group comes first, never which row of a group is taken.
    """
    unseen = {"common_table_expression", "create_table_as_statement", "create_table_statement", "insert_statement"}
    if not any(segment.is_type(*unseen) for segment in above):
        return set()
    for modifier in above[-1].recursive_crawl("select_clause_modifier", no_recursive_seg_type="bracketed"):
        parts = [part for part in modifier.segments if part.is_code]
        if len(parts) > 2 and _word(parts[1]) == "on":
            inside = [part for part in parts[-1].segments if part.is_code][1:-1]
            return {_said(body, *_span(group)) for group in _split(inside, _is_comma)}
    return set()


def _function(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    if not segment.is_type("function") or not parts[0].is_type("function_name"):
        return
    name = _word(parts[0])
    if name in FUNCTIONS:
        start, stop = _span([parts[0]])
        yield start, stop, FUNCTIONS[name], f"{_said(body, *_span([segment]))[:80]}: {name} → {FUNCTIONS[name]}"
    if name in {"coalesce", "greatest", "least"}:
        bracketed = next(part for part in parts[1].segments if part.is_type("bracketed"))
        arguments = _split([part for part in bracketed.segments if part.is_code][1:-1], _is_comma)
        for place in range(len(arguments)):
            start, stop, new, change = _dropped(body, arguments, place)
            yield start, stop, new, f"{_said(body, *_span([segment]))[:80]}: {change}"


def _negation(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    if segment.is_type("merge_when_not_matched_clause"):
        return
    for part, following in itertools.pairwise(parts):
        if part.is_type("keyword") and _word(part) == "not":
            start, stop = _span([part])[0], _span([following])[0]
            yield start, stop, "", f"{_said(body, start, _span([following])[1])[:80]}: without not"
        if part.is_type("keyword") and _word(part) == "is" and _word(following) != "not":
            stop = _span([part])[1]
            place = parts.index(part)
            yield stop, stop, " not", f"{_said(body, *_span(parts[max(place - 1, 0) : place + 2]))[-80:]}: is → is not"


def _set_operator(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    if segment.is_type("set_operator"):
        yield _replaced(body, [segment], "union" if len(parts) > 1 else "union all")


def _literal(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    if any(part.is_type("data_type") for part in above):
        return
    if segment.is_type("numeric_literal") and segment.raw.isdigit():
        start, stop = _span([segment])
        if body[start:stop] == segment.raw:
            for new in (int(segment.raw) + 1, int(segment.raw) - 1):
                yield start, stop, str(new), f"{_near(body, segment)}: {segment.raw} → {new}"
    if segment.is_type("boolean_literal"):
        yield _replaced(body, [segment], "false" if _word(segment) == "true" else "true")


def _list(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    for part, following in itertools.pairwise(parts):
        if part.is_type("keyword") and _word(part) == "in" and following.is_type("bracketed"):
            inside = [one for one in following.segments if one.is_code][1:-1]
            elements = _split(inside, _is_comma)
            if len(elements) > 1:
                for place in range(len(elements)):
                    start, stop, new, change = _dropped(body, elements, place)
                    yield start, stop, new, f"in {_said(body, *_span([following]))}: {change}"


def _arithmetic(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    if segment.is_type("binary_operator") and segment.raw in {"+", "-"}:
        yield (*_span([segment]), "-" if segment.raw == "+" else "+", f"{segment.raw} of {_near(body, segment)}")
    if segment.is_type("sign_indicator") and segment.raw == "-":
        yield (*_span([segment]), "", f"without the sign of {_near(body, segment)}")


def _near(body: str, segment: BaseSegment) -> str:
    start, stop = _span([segment])
    return _said(body, body.rfind("\n", 0, start) + 1, stop + body[stop:].find("\n"))[:80]


def _cast(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    """A day compared as an instant: `::date` left out."""
    if segment.is_type("cast_expression"):
        for place, part in enumerate(parts):
            if part.is_type("casting_operator") and _word(parts[place + 1]) == "date":
                start, stop = _span(parts[place : place + 2])
                yield start, stop, "", f"{_said(body, *_span([segment]))}: without ::date"


def _distinct(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    if segment.is_type("select_clause_modifier") and _word(segment) == "distinct":
        yield (*_span([segment]), "", "select distinct → select")


def _between(body: str, segment: BaseSegment, parts: Parts, above: Parts) -> Iterator[Change]:
    for place, part in enumerate(parts):
        if part.is_type("keyword") and _word(part) == "between":
            first = place
            while first > 0 and not parts[first - 1].is_type("binary_operator", "keyword"):
                first -= 1
            middle = next(at for at in range(place, len(parts)) if _word(parts[at]) == "and")
            last = middle
            while last + 1 < len(parts) and not parts[last + 1].is_type("binary_operator"):
                last += 1
            said, low, high = (
                _said(body, *_span(one))
                for one in (parts[first:place], parts[place + 1 : middle], parts[middle + 1 : last + 1])
            )
            for new in (f"({said} > {low} and {said} <= {high})", f"({said} >= {low} and {said} < {high})"):
                yield _replaced(body, parts[first : last + 1], new)


_RULES = (
    _comparison,
    _conditions,
    _single_condition,
    _arms,
    _join,
    _order,
    _function,
    _negation,
    _set_operator,
    _literal,
    _list,
    _arithmetic,
    _cast,
    _distinct,
    _between,
)
