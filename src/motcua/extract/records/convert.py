"""Converts the columns of a source, one at a time, into Arrow arrays of the canonical record.

A value that cannot be read becomes null, and the record's mapping issues name the field and the problem, never the
value. Whole columns are converted, and a repeated value is converted only once, because Python objects cost more time
than HTTP or JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from motcua.days.limits import limit_of
from motcua.extract.records import instants
from motcua.extract.records.privacy import MASKED, Pseudonymiser, is_long_number, looks_personal, unit_guard
from motcua.extract.records.rules import (
    ANY_WORD,
    AnyRule,
    ChoiceRule,
    CodeRule,
    ConstantRule,
    CountRule,
    FieldRule,
    IdentifierRule,
    InstantRule,
    IntegerRule,
    ItemsRule,
    NameRule,
    ProcedureRule,
    PseudonymRule,
    SumRule,
)
from motcua.procedures import NATIONAL, SeveralProcedures
from motcua.spelling import folded, tidy

Report = Callable[[int, str], None]  # (row, issue)
NameProcedure = Callable[[str], str | None]

_MEMO_LIMIT = 100_000
_LONGEST_FLAG = 8
_FULL_WIDTH = {0xFF10 + digit: 0x30 + digit for digit in range(10)}  # the digits of an Asian keyboard
_NO_NUMBER, _MASKED_WHY = "not a record number", "masked, it holds what may be personal data"
_PROCEDURE = NATIONAL + r"(?:\.(?:\d{3}(?:\.\d{2,3}){2}\.)?[A-Z]\d{2}(?:\.\d{2,3}){0,4})?"
# A code that Excel read as a number: zeros at its end are lost, or its dot was read as a thousands separator.
_CUT = re.compile(r"[1-9]\.\d{1,5}|[1-9]\d{6}")


class Problem:
    """Replaces a value that could not be used in a column: the reason, and the value to use instead."""

    __slots__ = ("instead", "why")

    def __init__(self, why: str, instead: Any = None) -> None:
        self.why = why
        self.instead = instead


class Memo(dict[Any, Any]):
    """Caches conversions by value up to a limit, so that a column of unique values does not fill the memory."""

    def __init__(self, convert: Callable[[Any], Any], limit: int = _MEMO_LIMIT) -> None:
        self._convert = convert
        self._limit = limit

    def __missing__(self, value: Any) -> Any:
        result = self._convert(value)
        if len(self) < self._limit:
            self[value] = result
        return result


class Column:
    """One canonical column: the keys of its values and how they are read."""

    def __init__(
        self,
        name: str,
        rule: FieldRule,
        nulls: frozenset[Any],
        kind: pa.DataType,
        pseudonymise: Callable[[Any], str],
        name_procedure: NameProcedure = lambda name: None,
    ) -> None:
        self.name = name
        self.keys = rule.key
        self._type = kind
        self._takes_lists = isinstance(rule, NameRule)
        self._summed = rule.of if isinstance(rule, SumRule) else None
        self._constant = rule.value if isinstance(rule, ConstantRule) else None
        self._nulls = frozenset({None}) | nulls
        if not isinstance(rule, ConstantRule):
            self._nulls |= rule.null_values
        self._items = _list_reader(rule, self._nulls) if isinstance(rule, ItemsRule) else None
        self._only_status = rule.only_status if isinstance(rule, InstantRule) else frozenset[str]()
        # `_quick` converts a whole page when every value has the expected form; otherwise it returns None.
        self._quick: Callable[[list[Any]], pa.Array | None] | None = None
        if isinstance(rule, InstantRule):
            if rule.formats and not (rule.swapped or rule.limits):
                self._quick = partial(instants.quick, rule.formats[0])
            self._memo = Memo(value_reader(rule, name_procedure))
        elif isinstance(rule, PseudonymRule):
            self._memo = Memo(_person_reader(pseudonymise), limit=0)  # no identity number is kept after it was hashed
        elif isinstance(rule, ItemsRule):
            self._memo = Memo(lambda value: value, limit=0)
        elif isinstance(rule, NameRule) and isinstance(pseudonymise, Pseudonymiser):
            self._memo = Memo(_name_reader(rule, pseudonymise.masked))
        else:
            if isinstance(rule, CodeRule) and rule.patterns:
                self._quick = partial(_quick_codes, "^(?:" + "|".join(rule.patterns) + ")$")
            self._memo = Memo(value_reader(rule, name_procedure))
        self._memo |= dict.fromkeys(self._nulls, _when_null(rule))

    def take(self, values: dict[str, Sequence[Any]], rows: int, statuses: Sequence[str], report: Report) -> pa.Array:
        """Return the column from the values of each kept key. `statuses` are the folded statuses of the same rows."""
        if not self.keys:
            return pa.array([self._constant] * rows, self._type)
        return self.convert(first_with_value(values, self.keys, self._nulls), statuses, report)

    def convert(self, values: Sequence[Any], statuses: Sequence[str], report: Report) -> pa.Array:
        """Return the column for these values of one key."""
        if self._only_status:
            values = [v if s in self._only_status else None for v, s in zip(values, statuses, strict=True)]
        nulls, memo = self._nulls, self._memo
        if self._items is not None:  # items are not cached, because they may contain a file name
            return to_array([*map(self._items, values)], self._type, self.name, report)
        if self._takes_lists:
            values = [as_pairs(value) for value in values]
        if self._summed is not None:
            values = [_amounts(value, self._summed) for value in values]
        try:
            if self._quick is not None:
                array = self._quick([None if value in nulls else value for value in values])
                if array is not None:
                    return array
            cells = [memo[value] for value in values]
        except TypeError:  # a list or an object in place of a single value is not hashable
            cells = [Problem("not a single value") if isinstance(v, list | dict) else memo[v] for v in values]
        return to_array(cells, self._type, self.name, report)


def to_array(cells: list[Any], kind: pa.DataType, name: str, report: Report) -> pa.Array:
    """Return the cells as an array. Report each problem and use its replacement."""
    try:
        return pa.array(cells, type=kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        for row, cell in enumerate(cells):
            if isinstance(cell, Problem):
                report(row, f"{name}: {cell.why}")
                cells[row] = cell.instead
    return pa.array(cells, type=kind)


def first_with_value(values: dict[str, Sequence[Any]], keys: Sequence[str], nulls: frozenset[Any]) -> Sequence[Any]:
    """Return, for each row, the value of the first key that has a value."""
    column = values[keys[0]]
    for key in keys[1:]:
        column = [other if _is_null(value, nulls) else value for value, other in zip(column, values[key], strict=True)]
    return column


def _is_null(value: Any, nulls: frozenset[Any]) -> bool:
    return not isinstance(value, list | dict) and value in nulls


def as_pairs(value: Any) -> Any:
    """Return a list of items as a hashable tuple; items `{languageId, name}` become pairs."""
    if isinstance(value, list):
        return tuple((item.get("languageId"), item.get("name")) if isinstance(item, dict) else item for item in value)
    return value


def _amounts(value: Any, key: str) -> Any:
    """Return the values of a key in the items of a list as a tuple; None for an empty list."""
    if isinstance(value, list):
        return tuple(item.get(key) if isinstance(item, dict) else item for item in value) or None
    return value


def _list_reader(rule: ItemsRule, nulls: frozenset[Any]) -> Callable[[Any], Any]:
    """Return the function of a list rule: how many items match, or whether one does; None when it is not known."""
    where = [(key, _word_test(words, nulls)) for key, words in rule.where.items()]
    unless = [(key, _word_test(words, nulls)) for key, words in rule.unless.items()]
    is_any, when_null, looks_inside = isinstance(rule, AnyRule), _when_null(rule), bool(rule.inner)

    def matches(item: Any) -> bool:
        for key, test in where:
            if not test(item.get(key)):
                return False
        for key, test in unless:  # noqa: SIM110  a generator for each item costs twice the time
            if test(item.get(key)):
                return False
        return True

    def read(value: Any) -> Any:
        if _is_null(value, nulls):
            return when_null
        if not isinstance(value, list):
            return Problem("not a list")
        items = [item for item in value if isinstance(item, dict)] if looks_inside else value
        for key, _ in where:
            if items and all(key not in item for item in items):
                return None
        count = sum(map(matches, items)) if looks_inside else len(items)
        return count > 0 if is_any else count

    return read


def _word_test(words: frozenset[str], nulls: frozenset[Any]) -> Callable[[Any], bool]:
    """Return a test whether a value is one of the words. Only short flags are cached: others may be file names."""
    if ANY_WORD in words:
        return lambda value: not _is_null(value, nulls)
    memo: dict[str, bool] = {}

    def test(value: Any) -> bool:
        if type(value) is not str or len(value) > _LONGEST_FLAG:
            return not _is_null(value, nulls) and folded(value) in words
        if (is_word := memo.get(value)) is None:
            is_word = memo[value] = not _is_null(value, nulls) and folded(value) in words
        return is_word

    return test


def _when_null(rule: FieldRule | ItemsRule) -> bool | int | str | None:
    match rule:
        case ChoiceRule() | CountRule() | AnyRule():
            return rule.when_null
        case ProcedureRule():
            return rule.otherwise
    return None


def read_flag(value: Any) -> bool:
    """Read a boolean in any of its forms: true, "true", "True", 1, "1" (one_stop_systems.md section d.3)."""
    return value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in ("true", "1"))


def read_integer(value: Any, thousands: str = "") -> int | None:
    """Read a whole number or its digits, with `thousands` as the separator between groups; None when it is neither."""
    if type(value) is int:
        return value
    if isinstance(value, str):
        text = value.strip()
        if thousands and re.fullmatch(rf"[+-]?\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+", text):
            text = text.replace(thousands, "")
        return int(text) if re.fullmatch(r"[+-]?\d{1,19}", text) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return None


def code_reader(patterns: Sequence[str]) -> Callable[[Any], Any]:
    """Return a reader of codes. A code that looks personal and matches none of `patterns` is masked."""
    matches_own = re.compile("|".join(f"(?:{pattern})" for pattern in patterns)).fullmatch if patterns else None

    def read(value: Any) -> Any:
        if isinstance(value, bool | float):
            return Problem("not a code")
        code = str(value).strip()
        if not code:
            return None
        if (matches_own is not None and matches_own(code)) or not (looks_personal(code) or is_long_number(value)):
            return code
        return Problem(_MASKED_WHY, MASKED)

    return read


def _quick_codes(pattern: str, values: list[Any]) -> pa.Array | None:
    """Return the codes when each matches a pattern of its rule; such codes are kept even if they look personal."""
    try:
        codes = pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None
    return codes if pc.all(pc.match_substring_regex(codes, pattern)).as_py() is not False else None


def _or_problem(read: Callable[[Any], Any], why: str) -> Callable[[Any], Any]:
    def read_or_report(value: Any) -> Any:
        result = read(value)
        return Problem(why) if result is None else result

    return read_or_report


def value_reader(rule: FieldRule, name_procedure: NameProcedure) -> Callable[[Any], Any]:
    """Return the function that reads one value of a rule, except a pseudonym. It returns a value or a Problem."""
    if isinstance(rule, InstantRule):
        reader = instants.turned_reader if rule.swapped else instants.reader
        read = _or_problem(reader(rule.formats), f"not {rule.formats[0]}" if rule.formats else "not a day")
        days = rule.limits  # a time limit is read by `DueLimits`, because reception tells what it means
        return (lambda value: None if limit_of(value, days) else read(value)) if days else read
    return _procedure_reader(rule, name_procedure) if isinstance(rule, ProcedureRule) else _reader(rule)


def _reader(rule: FieldRule) -> Callable[[Any], Any]:
    """Return the function that reads one value that is not null. It returns a value or a Problem."""
    match rule:
        case CodeRule():
            return code_reader(rule.patterns)
        case SumRule():
            return _read_sum
        case IntegerRule():
            return partial(_read_bounded, rule)
        case ChoiceRule():
            otherwise = Problem("not a value of its list") if rule.otherwise is None else rule.otherwise
            return lambda value: rule.choices.get(folded(value), otherwise)
        case IdentifierRule():
            return identifier_reader(rule)
        case NameRule():
            return _name_reader(rule)
        case ConstantRule():
            return lambda value: rule.value
    raise TypeError(f"{type(rule).__name__} has a reader of its own")


def _procedure_reader(rule: ProcedureRule, name_procedure: NameProcedure) -> Callable[[Any], Any]:
    is_code = re.compile(_PROCEDURE).fullmatch
    read_other = code_reader(())

    def read(value: Any) -> Any:
        if isinstance(value, date):
            return Problem("a day, not a code: Excel makes a day of a code that is not text")
        text = str(value).strip()
        if isinstance(value, bool | float | int) or _CUT.fullmatch(text):
            return Problem("a number, not a code: Excel drops zeros at the end of a code that is not text")
        if is_code(plain := text.translate(_FULL_WIDTH)):
            return plain
        try:
            code = name_procedure(text)
        except SeveralProcedures:
            return Problem("a name of several procedures of the catalogue")
        if code is not None:
            return code
        other = read_other(text)  # a code of the source itself
        if isinstance(other, Problem):
            return rule.otherwise or Problem("not a procedure's code, nor a name in the catalogue", MASKED)
        return other

    return read


def _person_reader(pseudonymise: Callable[[Any], str]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        return Problem("not a number of a person") if isinstance(value, bool | date) else pseudonymise(value)

    return read


def _read_sum(values: Any) -> Any:
    amounts = (
        [0 if value in (None, "") else read_integer(value) for value in values] if isinstance(values, tuple) else []
    )
    if not amounts or None in amounts:
        return Problem("not a list of whole numbers")
    return sum(amount for amount in amounts if amount)


def identifier_reader(rule: IdentifierRule) -> Callable[[Any], Any]:
    """Return a reader of record numbers, which returns them as decimal digits."""

    def read(value: Any) -> Any:
        if rule.base == 16:
            digits = re.sub(r"[\s{}-]", "", value) if isinstance(value, str) else ""  # a GUID has dashes
            return str(int(digits, 16)) if re.fullmatch(r"[0-9a-fA-F]{1,32}", digits) else Problem(_NO_NUMBER)
        number = read_integer(value)
        return Problem(_NO_NUMBER) if number is None else str(number)

    return read


def _name_reader(rule: NameRule, mask: Callable[[str], str] = lambda name: MASKED) -> Callable[[Any], Any]:
    may_keep = unit_guard(rule.patterns)

    def read(value: Any) -> Any:
        if isinstance(value, tuple):
            names: dict[Any, Any] = dict(item if isinstance(item, tuple) else (None, item) for item in value)
            value = names.get(rule.language_id, next(iter(names.values()), None))
        if not isinstance(value, str) or value == "":
            return Problem("not a name") if value not in (None, "") else None
        name = tidy(value)
        return name if may_keep(name) else Problem(_MASKED_WHY, mask(name))

    return read


def _read_bounded(rule: IntegerRule, value: Any) -> int | Problem:
    number = read_integer(value, rule.thousands)
    if number is None or not rule.minimum <= number <= rule.maximum:
        return Problem("not a whole number in its range")
    return number
