"""Profiles a sample of a source's records, field by field: types, date formats, words of its code lists.

No value of a record is shown, except words that behave like a code list: few, repeated, and without personal data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from motcua.days.limits import limit_of
from motcua.extract.error_texts import is_error
from motcua.extract.records import instants
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.paths import Picker, Record
from motcua.extract.records.privacy import holds_personal
from motcua.extract.records.rules import ChannelCodes, ChoiceRule, InstantRule
from motcua.spelling import folded

HIDDEN = "[not shown]"
_WORDS, _WORD_LENGTH = 40, 60
_KINDS = {str: "text", int: "number", float: "number", bool: "boolean", list: "list", dict: "object"}


@dataclass
class KeySeen:
    """One mapped key of the source in the sample.

    Attributes:
        feeds: the canonical fields made from it.
        rows: the number of records with a value in it.
        kinds: the number of values by type: text, number, date ...
        formats: of an instant, the number of values by format; values of no format appear as a shape (99.99.9999).
        words: of a code list, each word with the code it means (None: unknown) and its rows.
    """

    feeds: list[str]
    rows: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    words: dict[str, tuple[str | None, int]] = field(default_factory=dict)


class Profile:
    """Collects the profile, one page at a time.

    Args:
        names_person: whether a text names a person, of whom no word is shown.
    """

    def __init__(self, mapping: SourceMapping, names_person: Callable[[str], bool]) -> None:
        self.rows = 0
        self._names_person = names_person
        self._nulls = frozenset({None}) | mapping.null_values
        self._picker = Picker(mapping.keys, mapping.nested, mapping.inner_keys)
        self._seen = {key: KeySeen(feeds) for key, feeds in feeds_of(mapping).items()}
        self._lists = _code_lists(mapping)
        self._words: dict[str, Counter[str]] = {key: Counter() for key in self._lists}
        self._readers = {
            key: [(name, instants.reader((name,))) for name in rule.formats]
            for rule in mapping.fields.values()
            if isinstance(rule, InstantRule)
            for key in rule.key
        }
        self._limits = {key: rule.limits for rule in mapping.fields.values() if isinstance(rule, InstantRule)
                        for key in rule.key if rule.limits}  # fmt: skip

    def add(self, records: Sequence[Record]) -> None:
        """Add a page of records."""
        self.rows += len(records)
        for key, values in self._picker.columns(records, lambda row, issue: None).items():
            stated = [value for value in values if isinstance(value, list | dict) or value not in self._nulls]
            seen = self._seen[key]
            seen.rows += len(stated)
            seen.kinds.update(_kind(value) for value in stated)
            if key in self._readers:
                seen.formats.update(self._format(key, value) for value in stated)
            if key in self._words:
                self._words[key].update(str(value).strip() for value in stated if not isinstance(value, list | dict))

    def keys(self) -> dict[str, KeySeen]:
        """Return every mapped key with its profile."""
        for key, counted in self._words.items():
            is_list = 2 * len(counted) <= sum(counted.values()) and len(counted) <= _WORDS
            for word, rows in counted.most_common():
                code = self._lists[key].get(folded(word))
                is_personal = holds_personal(word) or self._names_person(word)
                is_safe = is_list and len(word) <= _WORD_LENGTH and not is_personal
                shown = word if code is not None or is_safe else HIDDEN
                self._seen[key].words[shown] = (code, rows + self._seen[key].words.get(shown, (None, 0))[1])
        return self._seen

    def _format(self, key: str, value: Any) -> str:
        if isinstance(value, date):
            return "date"
        if key in self._limits and limit_of(value, self._limits[key]):
            return "a time limit"
        return next((name for name, read in self._readers[key] if read(value) is not None), f"unread {_shape(value)}")


def feeds_of(mapping: SourceMapping) -> dict[str, list[str]]:
    """Return every kept key with the canonical fields that use it."""
    feeds: dict[str, list[str]] = {key: [] for key in (*mapping.keys.keep, *mapping.keys.hmac)}
    keys_by_field = {
        "dossier_id": mapping.identity_columns,
        "status_code": (*mapping.status.key, *mapping.status.sub_keys),
        "channel_code": mapping.channel.keys,
        **{name: rule.key for name, rule in mapping.fields.items()},
    }
    for name, keys in keys_by_field.items():
        for key in mapping.columns_of(keys):
            feeds[key].append(name)
    for rule in mapping.standing:
        for key in mapping.columns_of(rule.keys):
            if "standing" not in feeds[key]:
                feeds[key].append("standing")
    return feeds


def _code_lists(mapping: SourceMapping) -> dict[str, dict[str, str]]:
    """Return the code list of each key: the meaning of each folded word."""
    lists: dict[str, dict[str, str]] = {}
    for rule in mapping.fields.values():
        if isinstance(rule, ChoiceRule):
            for key in rule.key:
                lists[key] = {word: str(meaning) for word, meaning in rule.choices.items()}
    if isinstance(mapping.channel, ChannelCodes):
        for key in mapping.channel.key:
            lists[key] = {word: str(code) for word, code in mapping.channel.codes.items()}
    for key in mapping.status.key:
        lists[key] = {folded(word): str(status.code) for word, status in mapping.status.codes.items()}
    for key in mapping.status.sub_keys:
        lists[key] = {sub: str(code) for (_, sub), code in mapping.status.sub_codes.items()}
    return lists


def _kind(value: Any) -> str:
    return "date" if isinstance(value, date) else _KINDS.get(type(value), type(value).__name__)


def _shape(value: Any) -> str:
    """Return the shape of a value without its content: digits become 9, letters become a. An error stays as it is."""
    text = str(value)[:24]
    if is_error(value):
        return text
    return "".join("9" if letter.isdigit() else "a" if letter.isalpha() else letter for letter in text)
