"""The privacy step for posted messages: what remains of an item may be stored.

The item keeps its shape, so that the adapter can read it like a file. Of a key that no field uses, only the name
remains. A value remains when landing would hold it too: a code, the name of an agency or of a known procedure, an
instant, a whole number. Any other value is masked, and is an issue when it is read later. An identity number becomes
its keyed HMAC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from motcua.extract.error_texts import is_error
from motcua.extract.records.convert import NameProcedure, Problem, as_pairs, code_reader, read_integer, value_reader
from motcua.extract.records.keys import number_reader
from motcua.extract.records.mapping import SourceMapping, identity_columns
from motcua.extract.records.paths import without_positions
from motcua.extract.records.privacy import MASKED, Pseudonym, Pseudonymiser, holds_personal
from motcua.extract.records.rules import (
    ANY_WORD,
    ChannelCodes,
    ChoiceRule,
    FieldRule,
    ItemsRule,
    NameRule,
    ProcedureRule,
    PseudonymRule,
    SumRule,
)
from motcua.spelling import folded

LONGEST = 200  # the most characters of a value that is kept
LONGEST_NAME = 80
_UNLISTED = Problem("not a word of its list")
_REF, _PREVIOUS = "__ref__", "__previous__"
# Keys of the protocol are ASCII; names of persons have spaces and tone marks.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_LONGEST_AMOUNT = 11  # digits; a citizen number has twelve

Guard = Callable[[Any], bool]


class Masker:
    """Masks the items of one source.

    Args:
        extra: keys that the protocol needs; they are read as short codes.
        only_listed: keep only the words of a closed list in its place, not any short code.
    """

    def __init__(
        self,
        mapping: SourceMapping,
        pseudonymise: Pseudonymiser,
        name_procedure: NameProcedure,
        extra: tuple[str, ...] = (),
        *,
        only_listed: bool = False,
    ) -> None:
        def listed(words: Iterable[str]) -> Callable[[Any], Any]:
            return _one_of(frozenset(map(folded, words))) if only_listed else _short_code

        self._pseudonymise = pseudonymise
        self._names = {
            key: value_reader(rule, name_procedure) for rule in mapping.fields.values() for key in _names(rule)
        }
        self._secret = {without_positions(key) for key in mapping.keys.hmac}
        self._nulls = mapping.null_values
        self._guards: dict[str, list[Guard]] = {}
        kept = {without_positions(key) for key in mapping.keys.keep}
        rules = [(identity_columns(mapping.identity), number_reader(mapping.identity))]
        for rule in mapping.fields.values():
            if isinstance(rule, PseudonymRule):
                self._nulls |= rule.null_values
            elif isinstance(rule, SumRule):
                rules.append((tuple(f"{key}.{rule.of}" for key in rule.key), _amount))
            elif isinstance(rule, ChoiceRule):
                rules.append((rule.key, listed(rule.choices)))
            elif isinstance(rule, ItemsRule):
                item_keys = [(key, name, words) for key in rule.key for name, words in rule.words_by_key]
                for key, name, words in item_keys:
                    kept.add(without_positions(f"{key}.{name}"))  # a rule may count values without reading them
                    if ANY_WORD not in words:
                        rules.append(((f"{key}.{name}",), _one_of(words, otherwise=_short_code)))
            elif isinstance(rule, ProcedureRule):  # what `otherwise` stands for may be any text
                rules.append((rule.key, value_reader(rule.model_copy(update={"otherwise": None}), name_procedure)))
            else:
                rules.append((rule.key, value_reader(rule, name_procedure)))
        rules.append((mapping.status.key, listed(mapping.status.codes)))
        rules.append((mapping.status.sub_keys, listed(mapping.status.sub_words)))
        if isinstance(mapping.channel, ChannelCodes):
            rules.append((mapping.channel.key, listed(mapping.channel.codes)))
        rules.append((extra, _short_code))
        for keys, read in rules:
            for key in keys:
                self._guards.setdefault(without_positions(key), []).append(_fits(read))
        kept |= {*self._guards, *self._secret}
        self._kept = {".".join(key.split(".")[:end]) for key in kept for end in range(1, key.count(".") + 2)}

    def mask(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Return the item without personal data, as a JSON object."""
        return self._object(item, "")

    def fits(self, key: str, value: Any) -> bool:
        """Return whether landing would hold a single value of a key, as it is read today."""
        return any(fits(value) for fits in self._guards.get(without_positions(key), ()))

    def nested(self, key: str, value: Any) -> Any:
        """Return what remains of a list or an object: of a list of names the name that is read."""
        if read := self._names.get(key):
            name = read(as_pairs(value))
            return MASKED if isinstance(name, Problem) else name
        return self._value(value, without_positions(key))

    def _object(self, item: Mapping[str, Any], path: str) -> dict[str, Any]:
        masked: dict[str, Any] = {}
        for name, value in item.items():
            key = f"{path}.{name}" if path else name
            if key in self._kept:
                masked[name] = self._value(value, key)
            else:
                masked[name if _is_name(name) else MASKED] = None
        return masked

    def _value(self, value: Any, key: str, in_list: bool = False) -> Any:
        if value is None:
            return None
        if isinstance(value, dict):
            return MASKED if key in self._guards or key in self._secret else self._object(value, key)
        if isinstance(value, list):
            return MASKED if in_list else [self._value(each, key, in_list=True) for each in value]
        if key in self._secret:
            if value in self._nulls:
                return value
            previous = self._pseudonymise.previous_refs(value)
            return {_REF: self._pseudonymise(value), **({_PREVIOUS: previous} if previous else {})}
        if value == "" or value in self._nulls or is_error(value):
            return value
        if isinstance(value, str) and (len(value) > LONGEST or not value.isprintable()):
            return MASKED
        return value if any(fits(value) for fits in self._guards.get(key, ())) else MASKED


def _names(rule: FieldRule) -> tuple[str, ...]:
    return rule.key if isinstance(rule, NameRule) else ()


def unmask(value: Any) -> Any:
    """Return a masked item for the adapter, with its references as `Pseudonym`, so that they are not hashed again."""
    if isinstance(value, dict):
        ref = value.get(_REF)
        if isinstance(ref, str):
            return Pseudonym(ref, value.get(_PREVIOUS) or "")
        return {name: unmask(inner) for name, inner in value.items()}
    return [unmask(each) for each in value] if isinstance(value, list) else value


def _fits(read: Callable[[Any], Any]) -> Guard:
    return lambda value: not isinstance(read(value), Problem)


_read_code = code_reader(())


def _short_code(value: Any) -> Any:
    """Read a code of a closed list. An unknown code is kept, because it is reported by name as for any source."""
    if isinstance(value, bool) or len(str(value)) > 40:
        return Problem("not a code")
    return _read_code(value)


def _one_of(words: frozenset[str], otherwise: Callable[[Any], Any] = lambda _: _UNLISTED) -> Callable[[Any], Any]:
    return lambda value: value if folded(value) in words else otherwise(value)


def _amount(value: Any) -> Any:
    number = read_integer(value)
    digits = str(value).strip().lstrip("+-")
    is_amount = number is not None and len(digits) <= _LONGEST_AMOUNT and (digits == "0" or not digits.startswith("0"))
    return number if is_amount else Problem("not an amount")


def _is_name(name: str) -> bool:
    return len(name) <= LONGEST_NAME and _NAME.fullmatch(name) is not None and not holds_personal(name)
