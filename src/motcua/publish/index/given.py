"""Reads the counts of an index's rows from a JSON file: `{"3.1": [52, 56], "2.1": null, ...}`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn, get_args

from motcua.catalog.index import Definition, Span
from motcua.catalog.models import Text
from motcua.errors import InputRefused
from motcua.publish.index.score import Counts

_KEYS = ("numerator", "denominator", "prior_year", "period")
_SHAPE = 'write a row as "3.1": [52, 56], as {"numerator": 52, "denominator": 56}, or as null where it is not known.'


def read_given(path: Path) -> dict[str, Counts | None]:
    """Return the counts of a file, or of standard input for `-`; null is a row that is not available.

    A row that may take a share of the prior year is `{"numerator": 9, "denominator": null, "prior_year": 1200,
    "period": "month"}`.

    Raises:
        InputRefused: the file is missing, no JSON, names a row twice, or a value is no count; row and line are named.
    """
    name = "standard input" if str(path) == "-" else str(path)
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        what = "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else (error.strerror or "cannot be read")
        raise InputRefused(f"{name}: {what}.", action="check the path of the file of counts.") from None
    try:
        document = json.loads(
            text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_refuse_twice
        )
    except json.JSONDecodeError as error:
        raise InputRefused(f"{name}:{error.lineno}: not valid JSON ({error.msg}).", action=_SHAPE) from None
    except RecursionError:
        raise InputRefused(f"{name}: nested too deeply.", action=_SHAPE) from None
    if not isinstance(document, dict):
        raise InputRefused(f"{name}: not an object of rows.", action=_SHAPE)
    return {row_id: _counts(name, row_id, value) for row_id, value in document.items()}


def not_given(definition: Definition, given: Mapping[str, Counts | None]) -> dict[str, Text]:
    """Return why rows have no counts in a file: it does not name them, or says null."""
    return {
        item.id: Text(vi="tệp ghi null", en="null in the file")
        if item.id in given
        else Text(vi="không có trong tệp", en="not in the file")
        for item in definition.items
        if given.get(item.id) is None
    }


def _counts(name: str, row_id: str, value: Any) -> Counts | None:
    if value is None:
        return None
    if isinstance(value, list):
        if len(value) != 2:
            raise _wrong(name, row_id, f"has {len(value)} values instead of a numerator and a denominator")
        value = dict(zip(_KEYS, value, strict=False))
    if not isinstance(value, dict):
        raise _wrong(name, row_id, "is neither a pair of counts nor null")
    if unknown := sorted(set(value) - set(_KEYS)):
        raise _wrong(name, row_id, f"has the unknown keys {', '.join(unknown)}")
    numerator = _number(name, row_id, "numerator", value.get("numerator"))
    denominator = _number(name, row_id, "denominator", value.get("denominator"))
    prior_year = _number(name, row_id, "prior_year", value.get("prior_year"))
    if numerator is None:
        if denominator is None and prior_year is None:
            return None
        raise _wrong(name, row_id, "has no numerator")
    span = value.get("period", "month")
    if span not in get_args(Span):
        raise _wrong(name, row_id, f"has a period that is none of {', '.join(get_args(Span))}")
    return Counts(numerator, denominator, prior_year, span)


def _number(name: str, row_id: str, key: str, value: Any) -> Fraction | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(name, row_id, f"has a {key} that is no number")
    if isinstance(value, Decimal) and abs(value.adjusted()) > 30:
        raise _wrong(name, row_id, f"has a {key} that is no count")
    return Fraction(value)


def _wrong(name: str, row_id: str, what: str) -> InputRefused:
    return InputRefused(f"{name}: row {row_id} {what}.", action=_SHAPE)


def _refuse_constant(constant: str) -> NoReturn:
    raise InputRefused(f"{constant} is no count.", action=_SHAPE)


def _refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key, value in pairs:
        if key in read:
            raise InputRefused(f"The key {key} stands twice in the file of counts.", action="keep one of the two.")
        read[key] = value
    return read
