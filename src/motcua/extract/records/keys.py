"""Makes the key of a dossier: one spelling of its number, and with it whatever the number is unique in.

A key is text. Its parts are put together so that no two lists of parts give one text: the year as offices write it
(`7/2025`), everything else after a bar, which no part may contain (`7|HT`).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from motcua.canonical import NAMES_OFFICE
from motcua.extract.records.convert import Memo, Problem, code_reader, first_with_value, identifier_reader
from motcua.extract.records.mapping import Identity
from motcua.extract.records.privacy import MASKED, is_long_number, looks_personal
from motcua.extract.records.rules import PLACES, CodeRule, IdentifierRule, KeyColumn, KeyLiteral, KeyRule
from motcua.spelling import fold

BAR = "|"
RENUMBERED = "~"  # before the first day of a new numbering (`motcua sources renumbered`)
NO_DAY = "no day of reception or submission tells its {}"

_DASHES = re.compile(r"[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_ZEROS = re.compile(r"(?<![\d.,])0+(?=\d)")
_WHOLE = re.compile(r"(\d+)\.0+")  # a number that went through a table of floats
_SPACE = re.compile(r"(.) (?=(.))")
_YEAR = re.compile(r"(?<![0-9A-Za-zĐ])(?:19|20)\d\d(?![0-9A-Za-zĐ])")
_RUN = re.compile(r"\d+")
_NAMES_OFFICE = re.compile(NAMES_OFFICE, re.IGNORECASE)


def normalised(
    value: Any, *, zeros: Literal["drop", "keep"] = "drop", case: Literal["fold", "keep"] = "fold"
) -> str | Problem:
    """Return the one spelling of an office's number, or why it is none.

    A cell that Excel turned into a day (`1/10`) is no number: nothing tells what it was.
    """
    if isinstance(value, bool | datetime | date):
        return Problem("not a number: Excel read it as a day" if not isinstance(value, bool) else "not a number")
    if isinstance(value, float):
        if not value.is_integer():
            return Problem("not a number: Excel read it as a fraction")
        value = int(value)
    text = unicodedata.normalize("NFKC", str(value)).replace("\u00d0", "Đ")
    text = "".join(" " if letter.isspace() else letter for letter in text if letter.isspace() or _is_visible(letter))
    text = " ".join(_DASHES.sub("-", text).split()).lstrip("'\u2019 ")
    text = _SPACE.sub(lambda match: match[0] if _is_one_word(match[1], match[2]) else match[1], text)
    if whole := _WHOLE.fullmatch(text):
        text = whole[1]
    if case == "fold":
        text = text.upper()
    if zeros == "drop" and not names_office(text):
        text = _ZEROS.sub("", text)
    return text


def names_office(number: str) -> bool:
    """Return whether a number names its office, as the national code does, so that it is unique everywhere."""
    return _NAMES_OFFICE.match(number) is not None


def states_year(number: str) -> bool:
    """Return whether a number states its year beside a counter: `12/2025`, not `2025` alone."""
    return _YEAR.search(number) is not None and len(_RUN.findall(number)) > 1


class Place(str):
    """A sheet or a month as it stands in a key already (`place`)."""

    __slots__ = ()


class KeyMaker:
    """Makes the keys of one source's records by one rule of identity.

    Args:
        since: the first days of new numberings. A record received from then on is of that numbering.
    """

    def __init__(
        self,
        rule: Identity,
        nulls: frozenset[Any],
        since: Sequence[date] = (),
    ) -> None:
        self._rule = rule
        self._nulls = nulls | rule.null_values
        self._since = sorted(since)
        self._parts: list[tuple[str, Callable[[Any], Any]]] = []
        self._literal = ""
        self._has_year = False
        self._read = Memo(number_reader(rule))
        if isinstance(rule, KeyRule):
            read_part = partial(_number, rule)
            self._has_year = "year" in rule.unique_in
            for part in rule.unique_in:
                if isinstance(part, KeyLiteral):
                    self._literal += BAR + part.literal
                elif isinstance(part, KeyColumn):
                    self._parts.append((part.column, Memo(read_part).__getitem__))
                elif part in PLACES:
                    self._parts.append((PLACES[part], Memo(place).__getitem__))

    @property
    def needs_days(self) -> bool:
        """Whether a key depends on the day of the record."""
        return self._has_year or bool(self._since)

    @property
    def has_parts(self) -> bool:
        """Whether a key is made of more columns or places than the number's own."""
        return bool(self._parts)

    def keys(self, values: Mapping[str, Sequence[Any]], days: Sequence[date | None]) -> list[Any]:
        """Return the key of each record, a Problem, or None where it has no number.

        Args:
            values: the columns of the records, by key of the source.
            days: the day of reception of each record, else of submission.
        """
        numbers = first_with_value(dict(values), self._rule.key, self._nulls)
        keys = [None if _is_list(value) or value in self._nulls else self._read[value] for value in numbers]
        if not (self._parts or self._literal or self.needs_days):
            return keys
        parts = [(name, values[name], read) for name, read in self._parts]
        return [
            key if key is None or isinstance(key, Problem) else self._whole(key, row, parts, day)
            for row, (key, day) in enumerate(zip(keys, days, strict=True))
        ]

    def _whole(self, key: str, row: int, parts: list[tuple[str, Sequence[Any], Any]], day: date | None) -> Any:
        if not names_office(key):
            if self._has_year and not states_year(key):
                if day is None:
                    return Problem(NO_DAY.format("year"))
                key = f"{key}/{day.year}"
            for name, column, read in parts:
                value = column[row]
                part = None if _is_list(value) or value in self._nulls else read(value)
                if part is None:
                    return Problem(f"no {name}, which is a part of the key")
                if isinstance(part, Problem):
                    return part
                key += BAR + part
            key += self._literal
        if self._since:
            if day is None:
                return Problem(NO_DAY.format("numbering"))
            if begun := [since for since in self._since if since <= day]:
                key += numbered(begun[-1])
        return key


def numbered(since: date) -> str:
    """Return how a key ends whose numbering began on a day."""
    return f"{RENUMBERED}{since}"


def number_reader(rule: Identity) -> Callable[[Any], Any]:
    """Return the function that reads the number itself, which returns text, None or a Problem."""
    match rule:
        case CodeRule():
            return code_reader(rule.patterns)
        case IdentifierRule():
            return identifier_reader(rule)
    return partial(_number, rule)


def _number(rule: KeyRule, value: Any) -> Any:
    text = normalised(value, zeros=rule.zeros, case=rule.case)
    written = normalised(value, zeros="keep", case=rule.case)  # a number of a person has its zeros
    if isinstance(text, Problem) or isinstance(written, Problem) or not text:
        return text or None
    if BAR in text or RENUMBERED in text:
        return Problem(f"has a {BAR} or {RENUMBERED}, which part a key")
    flags = re.IGNORECASE if rule.case == "fold" else 0
    if any(re.fullmatch(pattern, spelling, flags) for pattern in rule.patterns for spelling in (written, text)):
        return text
    if looks_personal(written.replace("Đ", "D")) or is_long_number(value):
        return Problem("masked, it holds what may be personal data", MASKED)
    return text


def spelled_alike(keys: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the groups of different keys that are one number by its widest reading, sorted: `0001` and `1`."""
    by_reading: dict[str, set[str]] = {}
    for key in keys:
        by_reading.setdefault(str(_widest[key]), set()).add(key)
    return sorted(tuple(sorted(group)) for group in by_reading.values() if len(group) > 1)


def _widest_reading(key: str) -> str:
    reading = normalised(key)
    return key if isinstance(reading, Problem) else reading


_widest: Memo = Memo(_widest_reading)


def place(value: Any) -> str:
    """Return the name of a sheet or a month in a key: as it is if it is a code, else a digest of its folded spelling.

    A sheet may be named after a person. A `Place` is returned unchanged.
    """
    if isinstance(value, Place):
        return value
    name = fold(str(value)).upper()
    return hashlib.sha256(name.encode()).hexdigest()[:8] if looks_personal(name) else name


def _is_list(value: Any) -> bool:
    return isinstance(value, list | dict)


def _is_visible(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cf")


def _is_one_word(before: str, after: str) -> bool:
    """Return whether a space between two characters parts two numbers or two words, so that it must stay."""
    return (before.isdigit() and after.isdigit()) or (before.isalpha() and after.isalpha())
