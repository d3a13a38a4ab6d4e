"""Finds, in the columns that a mapping reads, the cells whose value could not be worked out (`error_texts`).

One place for every kind of field, because each kind would take such a text for something else: a procedure for another
one, a person for a new one, a flag for no, a mark of a row for set. The cell becomes null and the record has an issue
for the field, so that validation sets it aside. What a mapping lists under `null_values` is empty, not unread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from motcua.extract.error_texts import (
    FIRST,
    MERGED,
    NO_DAY,
    NO_PART,
    NOT_ABOVE,
    NOT_LISTED,
    NOT_TEXT,
    NOT_WORKED_OUT,
    is_error,
)
from motcua.extract.records.convert import first_with_value
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.rules import ConstantRule, InstantRule, KeyRule

_LONGEST = 20  # characters of an error in an issue; a row of `#` may be as wide as its column
_SAID = {
    NOT_WORKED_OUT: "a formula without a value",
    NO_DAY: "a number of days as text, in a workbook that counts days from another one",
    NO_PART: "columns that give no value together: one is empty or impossible, or not as the pattern says",
    MERGED: "a cell merged with another, and no fill_down of the options says that its value is meant",
    NOT_ABOVE: "an empty cell that fill_empty of the options names, with none above it",
    NOT_TEXT: "a letter that the font of its text (options) does not have",
    NOT_LISTED: "a row of which rows of the options does not say whether it is meant",
}
Values = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class _Reading:
    """A field as it is read: its name, its keys, what is empty for it, and the statuses it is read for (none: all)."""

    field: str
    keys: tuple[str, ...]
    nulls: frozenset[Any]
    only_status: frozenset[str] = frozenset()


class UnreadCells:
    """The unread cells of one page of records.

    `values` are the columns without them; the same columns when there are none.
    """

    def __init__(self, readings: Sequence[_Reading], values: Values) -> None:
        self._readings = readings
        self._said = values
        used = dict.fromkeys(key for reading in readings for key in reading.keys)
        self._rows = {key: rows for key in used if (rows := list(_rows(values[key])))}
        self.values: dict[str, Sequence[Any]] = dict(values)
        for key, rows in self._rows.items():
            self.values[key] = column = list(values[key])
            for row in rows:
                column[row] = None

    def report(self, statuses: Sequence[str], report: Callable[[int, str], None]) -> None:
        """Report each field of each record that would have been read from such a cell.

        Args:
            statuses: the folded statuses of the records; may be empty where no field asks for one.
            report: takes the row and the issue.
        """
        for reading in self._readings:
            rows = sorted({row for key in reading.keys for row in self._rows.get(key, ())})
            if not rows:
                continue
            read = first_with_value({key: self._said[key] for key in reading.keys}, reading.keys, reading.nulls)
            for row in rows:
                value = read[row]
                is_read = not reading.only_status or statuses[row] in reading.only_status
                if is_read and is_error(value) and value not in reading.nulls:
                    text = value.strip()
                    report(row, f"{reading.field}: {_SAID.get(text, f'holds the error {text[:_LONGEST]}')}")


def _rows(column: Sequence[Any]) -> Iterator[int]:
    # The first letter rules out nearly every value at a third of the cost of a call.
    return (row for row, value in enumerate(column) if type(value) is str and value[:1] in FIRST and is_error(value))


def readings(mapping: SourceMapping) -> list[_Reading]:
    """Return every field that a mapping reads, each once for each column that must have its value."""
    nulls = frozenset({None}) | mapping.null_values
    identity, channel = mapping.identity, mapping.channel
    found = [_Reading("dossier_id", identity.key, nulls | identity.null_values)]
    if isinstance(identity, KeyRule):
        parts = (column for column in identity.columns if column not in identity.key)
        found += [_Reading("dossier_id", (column,), nulls | identity.null_values) for column in parts]
    if mapping.status.key:
        found.append(_Reading("status_code", mapping.status.key, nulls))
    found += [_Reading("status_code", (key,), nulls) for key in mapping.status.sub_keys]
    if channel.as_ == "codes":
        found.append(_Reading("channel_code", channel.keys, nulls))
    else:
        found += [_Reading("channel_code", (key,), nulls) for key in channel.keys]
    found += [_Reading("standing", (key,), nulls) for rule in mapping.standing for key in rule.keys]
    for name, rule in mapping.fields.items():
        if isinstance(rule, ConstantRule) or (name == "dossier_no" and rule.key == identity.key):
            continue
        only = rule.only_status if isinstance(rule, InstantRule) else frozenset[str]()
        found.append(_Reading(name, rule.key, nulls | rule.null_values, only))
    return found
