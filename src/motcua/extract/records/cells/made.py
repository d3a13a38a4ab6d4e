"""Makes columns of others, as a mapping says (`MadeColumn`).

A value that cannot be made becomes `NO_PART`, an unread cell of every kind of field; an error of a column that it is
made of stays that error. What landing may keep of the columns it is made of, is what it may keep of the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import pairwise
from typing import Any

from motcua.extract.error_texts import NO_PART, is_error
from motcua.extract.records import instants
from motcua.extract.records.made_rules import TAKEN, MadeColumn
from motcua.extract.records.privacy import MASKED, Pseudonym, is_long_number
from motcua.spelling import tidy

_HOUR = re.compile(
    r"(\d{1,2})(?: ?(?:[:hg]|giờ)(?: ?(\d\d)(?: ?(?:phút|p)|:(\d\d)(?:\.\d+)?)?)?)?(?: (sa|ch|[ap]\.?m\.?))?"
)
_RUN = re.compile(r"\d\d|[^\W\d_]{2}")  # two letters, or two digits, that may belong to either of two texts
_DAY_SECONDS = 86_400
_WORDS = re.compile(r"\w+")

Values = Mapping[str, Sequence[Any]]


class MadeColumns:
    """The made columns of one mapping."""

    def __init__(self, made: Mapping[str, MadeColumn], nulls: frozenset[Any]) -> None:
        self._made = made
        self._nulls = nulls
        self._makers = {name: _maker(rule) for name, rule in made.items()}
        self._users = {column: [name for name, rule in made.items() if column in rule.columns]
                       for rule in made.values() for column in rule.columns}  # fmt: skip

    @property
    def parts(self) -> Collection[str]:
        """The columns of the source of which others are made."""
        return self._users.keys()

    def of(self, values: Values) -> dict[str, Sequence[Any]]:
        """Return the made columns of a page."""
        return {
            name: [self._make(name, parts) for parts in zip(*(values[key] for key in rule.columns), strict=True)]
            for name, rule in self._made.items()
        }

    def _make(self, name: str, parts: Sequence[Any]) -> Any:
        if person := next((part for part in parts if isinstance(part, Pseudonym)), None):
            return person
        if broken := next((part for part in parts if is_error(part)), None):
            return broken
        if any(isinstance(part, list | dict) or part == MASKED or is_long_number(part) for part in parts):
            return NO_PART
        told = [None if part in self._nulls or (isinstance(part, str) and not tidy(part)) else part for part in parts]
        return None if told == [None] * len(told) else self._makers[name](told)

    def may_keep(self, key: str, values: Values, row: int, fits: Callable[[str, Any], bool]) -> bool:
        """Return whether landing may keep a value of a column, because it is kept already in all that is made of it.

        Args:
            fits: tells of a made column and its value whether landing holds that value.
        """
        users = self._users[key]
        made = [(name, value) for name in users if (value := values[name][row]) is not None]
        return (
            bool(made)
            and not any(is_error(value) for _, value in made)
            and all(fits(name, value) for name, value in made)
            and self._is_taken_whole(users, values[key][row])
        )

    def _is_taken_whole(self, users: Sequence[str], value: Any) -> bool:
        """Return whether what the patterns leave of a text together has only words that they name themselves."""
        patterns = [pattern for name in users if (pattern := self._made[name].pattern) is not None]
        if not patterns or not isinstance(value, str):
            return True
        rest = tidy(value)
        for pattern in patterns:
            match = re.fullmatch(pattern, tidy(value))
            if match is None:
                return False
            start, end = match.span(TAKEN)
            rest = rest[: max(start, 0)] + " " * (end - start) + rest[max(end, 0) :]
        named = {word for pattern in patterns for word in _WORDS.findall(pattern)}
        return named.issuperset(_WORDS.findall(rest))


def _maker(rule: MadeColumn) -> Callable[[Sequence[Any]], Any]:
    if rule.day is not None:
        return partial(_day_of_three, short_year=rule.short_year)
    if rule.date is not None:
        return _day_and_hour
    if rule.join:
        return partial(_joined, rule)
    return partial(_part, re.compile(rule.pattern or ""))


def _day_of_three(parts: Sequence[Any], *, short_year: bool) -> Any:
    numbers = [_whole(part) for part in parts[:3]]
    if None in numbers:
        return NO_PART
    day, month, year = (int(number) for number in numbers if number is not None)
    if short_year and 0 <= year < 100 and len(_text(parts[2]) or "") <= len("23"):
        year = instants.full_year(year)
    hour = _hour(parts[3]) if len(parts) > 3 else (0, 0, 0)
    if hour is None or not instants.CENTURY <= year < instants.full_year(100):
        return NO_PART
    try:
        return datetime(year, month, day, *hour)
    except ValueError:
        return NO_PART


def _day_and_hour(parts: Sequence[Any]) -> Any:
    day, hour = parts[0], _hour(parts[1])
    if day is None or hour is None:
        return NO_PART
    if parts[1] is None:
        return day
    if isinstance(day, datetime) and day.time() != datetime.min.time():
        return NO_PART  # two hours are stated
    if isinstance(day, date):
        return datetime(day.year, day.month, day.day, *hour)
    if isinstance(day, int) and not isinstance(day, bool):
        return day + (hour[0] * 3600 + hour[1] * 60 + hour[2]) / _DAY_SECONDS
    return f"{tidy(day)} {hour[0]:02}:{hour[1]:02}:{hour[2]:02}" if isinstance(day, str) else NO_PART


def _hour(value: Any) -> tuple[int, int, int] | None:
    """Return hour, minute and second of a cell; midnight of an empty one; None of one that is no hour."""
    if value is None:
        return 0, 0, 0
    if isinstance(value, float) and 0 <= value < 1:
        seconds = round(value * _DAY_SECONDS)
        return seconds // 3600, seconds // 60 % 60, seconds % 60
    text = _text(value)
    match = _HOUR.fullmatch(text.casefold()) if text else None
    if match is None:
        return None
    hour, minute, second = (int(number or 0) for number in match.group(1, 2, 3))
    try:
        told = instants.hour_of_day(hour, match[4]) if match[4] else hour
    except ValueError:
        return None
    is_hour = told < 24 and minute < 60 and second < 60
    return (told, minute, second) if is_hour else None


def _joined(rule: MadeColumn, parts: Sequence[Any]) -> Any:
    texts = [None if part is None else _text(part) for part in parts]
    for column, part, text in zip(rule.columns, parts, texts, strict=True):
        if text is None and (part is not None or column not in rule.optional):
            return NO_PART
    told = [text for text in texts if text is not None]
    # 1 and 23 would be 12 and 3.
    if not rule.between and any(_RUN.fullmatch(one[-1:] + other[:1]) for one, other in pairwise(told)):
        return NO_PART
    return rule.between.join(told)


def _part(pattern: re.Pattern[str], parts: Sequence[Any]) -> Any:
    text = _text(parts[0])
    match = pattern.fullmatch(text) if text is not None else None
    if match is None:
        return NO_PART
    taken = match[TAKEN]
    return None if taken is None else taken.strip() or None


def _whole(value: Any) -> int | None:
    text = _text(value)
    return int(text) if text is not None and re.fullmatch(r"\d{1,4}", text) else None


def _text(value: Any) -> str | None:
    """Return a cell as text; None of one that has no text of its own, such as a date: how it was written is lost."""
    if isinstance(value, bool | date):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return tidy(str(value))
