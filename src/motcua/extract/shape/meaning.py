"""What a mapping reads from the columns of a table, as far as it tells records from other rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from motcua.days.limits import DayUnit, limit_of
from motcua.extract.records import instants
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.rules import ChannelCodes, InstantRule
from motcua.extract.shape.apart import Columns
from motcua.spelling import folded

_FIRST_YEAR = 2000  # a number of a total, read as a day, is one of long before


def dossier_columns(mapping: SourceMapping) -> Columns:
    """Return what the columns of a table of dossiers mean."""
    identity = frozenset(mapping.identity_columns)
    says: defaultdict[str, list[Callable[[Any], bool]]] = defaultdict(list)

    def say(keys: Iterable[str], is_said: Callable[[Any], bool]) -> None:
        for key in keys:
            for column in mapping.columns_of((key,)):
                says[column].append(is_anything if key in mapping.made else is_said)

    for rule in mapping.fields.values():
        if isinstance(rule, InstantRule):
            say(rule.key, is_day(rule.formats, rule.limits))
    say(mapping.status.key, is_word({folded(name) for name in mapping.status.codes}))
    if isinstance(mapping.channel, ChannelCodes):
        say(mapping.channel.key, is_word(mapping.channel.codes))
    used = frozenset((*mapping.keys.keep, *mapping.keys.hmac)) - identity
    return Columns(identity, used, frozenset(mapping.keys.drop_unneeded), says)


def marked_keys(mapping: SourceMapping) -> tuple[str, ...]:
    """Return the keys of one field without which no dossier is accepted: its status, else its reception."""
    received = mapping.fields.get("received_at")
    keys = mapping.status.key or (received.key if received is not None else mapping.identity.key)
    return mapping.columns_of(keys)


def is_day(formats: Sequence[str], limits: DayUnit | None = None) -> Callable[[Any], bool]:
    """Return whether a value is a day in one of the formats, and one on which an office of today may have worked.

    Args:
        limits: what time limits that stand in the place of a day are of; None where there are none.
    """
    read = instants.reader(formats)

    def says(value: Any) -> bool:
        day = read(value)
        return (day is not None and day.year >= _FIRST_YEAR) or bool(limits and limit_of(value, limits))

    return says


def is_anything(value: Any) -> bool:
    """Return whether a cell has a value: what is made of several columns is not told by one of them."""
    return value is not None and bool(folded(value))


def is_word(words: Collection[str]) -> Callable[[Any], bool]:
    """Return whether a value is a word of a closed list, whose words are folded."""
    return lambda value: folded(value) in words
