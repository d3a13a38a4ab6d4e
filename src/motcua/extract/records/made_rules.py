"""Columns that a mapping makes of others: day, month and year apart, a day and its hour, a text of several, a part."""

from __future__ import annotations

import re
import unicodedata

from pydantic import field_validator, model_validator

from motcua.extract.records.rules import Part

TAKEN = "value"  # the group of a pattern that is taken


class MadeColumn(Part):
    """A column made of others. Fields read it by its name, as they read a column of the source.

    Exactly one of these ways: `day`, `month` and `year`, each a column; `date`, a column of days; `join`, columns whose
    texts are put together in this order; `part_of`, a column of which `pattern` takes the group `value`. `hour` is the
    column of the hour of `day` or `date`. `short_year`: years of two digits (23 is 2023) are read too. `between` stands
    between the texts of `join`. A value of which a column is empty is unread, all empty it is empty, and so it is where
    only `optional` columns are filled; `hour` may be empty.
    """

    day: str | None = None
    month: str | None = None
    year: str | None = None
    short_year: bool = False
    date: str | None = None
    hour: str | None = None
    join: tuple[str, ...] = ()
    between: str = ""
    optional: frozenset[str] = frozenset()
    part_of: str | None = None
    pattern: str | None = None

    @field_validator("pattern")
    @classmethod
    def _takes_one_group(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            pattern = unicodedata.normalize("NFC", pattern)
            try:
                groups = re.compile(pattern).groupindex
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression ({error})") from None
            if list(groups) != [TAKEN]:
                raise ValueError(f"{pattern!r} needs one named group, (?P<{TAKEN}>...), which is taken")
        return pattern

    @model_validator(mode="after")
    def _is_made_in_one_way(self) -> MadeColumn:
        in_three = (self.day, self.month, self.year)
        ways = [any(in_three), self.date is not None, bool(self.join), self.part_of is not None]
        if sum(ways) != 1 or (any(in_three) and not all(in_three)):
            raise ValueError("needs one of: day, month and year; date; join; part_of")
        if self.date is not None and self.hour is None:
            raise ValueError("date without hour: read the column itself")
        if (self.hour is not None and not (ways[0] or ways[1])) or (self.short_year and not ways[0]):
            raise ValueError("hour is of day or date, short_year is of day, month and year")
        if (self.part_of is None) != (self.pattern is None):
            raise ValueError("part_of needs a pattern, and a pattern part_of")
        if (self.between or self.optional) and not self.join:
            raise ValueError("between and optional are of join")
        if self.join and (len(self.join) < 2 or not self.optional < {*self.join}):
            raise ValueError("join needs two columns or more, of which one at least is not optional")
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("names a column twice")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the source that it is made of."""
        named = (self.day, self.month, self.year, self.date, self.hour, *self.join, self.part_of)
        return tuple(column for column in named if column is not None)

    @property
    def is_of_numbers(self) -> bool:
        """Whether it gives days that no program can have turned: their day and month stand apart."""
        return self.day is not None
