"""What of a record stays readable in landing: the values that its fields were read from, so that it can be read again.

Only keys that the mapping keeps, and of them only what landing may hold: a value that the mapping of today reads, a
day in any spelling, a number. Of any other single value (a word that no list has, a name nobody knows) its keyed HMAC
remains. It cannot be read by anybody, but it is recognised once the mapping or the catalogue names the word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
import pyarrow as pa

from motcua.catalog import Catalog
from motcua.days.limits import limit_of
from motcua.extract.error_texts import ERRORS, is_error
from motcua.extract.records.cells.made import MadeColumns
from motcua.extract.records.convert import Memo, NameProcedure
from motcua.extract.records.keys import Place, place
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.masking import Masker
from motcua.extract.records.privacy import MASKED, Pseudonymiser, holds_personal, is_long_number, mask_of
from motcua.extract.records.rules import (
    STANDINGS,
    ChannelCodes,
    ChoiceRule,
    CodeRule,
    ConstantRule,
    IdentifierRule,
    InstantRule,
    IntegerRule,
    KeyRule,
    NameRule,
)
from motcua.spelling import folded, tidy

LONGEST = 200  # the most characters of a value that is kept
LONGEST_UNREAD = 40  # and of one that could not be read
_FLAGS = frozenset({"true", "false"})
_NUMBER = re.compile(r"[+-]?\d{1,17}(?:[.,]\d{1,9})?")
_WORD, _AT, _ON, _NUMERIC = "__word__", "__at__", "__on__", "__number__"
_NO_NUMBER = math.inf  # stands for a number that may not be kept: no rule reads it
_DATE = (
    r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}|\d{8}|\d{5}(?:\.\d+)?"
    r"|\d{1,2}\s*tháng\s*\d{1,2}\s*năm\s*\d{4})"
)
_REST = (
    r"(?:\s|[,.]|t|z|[+-]\d{2}:?\d{2}|ngày|giờ|phút|lúc|sáng|chiều|am|pm|sa|ch"
    r"|\d{1,2}\s*(?:[:hg]|giờ)\s*(?:\d{1,2})?(?::\d{2}(?:[.,]\d{1,6})?)?(?:\s*(?:phút|p))?)*"
)
_ONE_DAY = f"{_REST}(?<!\\d){_DATE}(?!\\d){_REST}"
_DAY = re.compile(f"{_ONE_DAY}(?:[-–—;/]+{_ONE_DAY})*")


class AsSent:
    """Writes and reads the column `as_sent` of one source."""

    def __init__(self, mapping: SourceMapping, pseudonymise: Pseudonymiser, name_procedure: NameProcedure) -> None:
        self._mapping = mapping
        self._pseudonymise = pseudonymise
        self._masker = Masker(mapping, pseudonymise, name_procedure, only_listed=True)
        self._keys = sorted(mapping.keys.keep)
        self._places = mapping.identity.places if isinstance(mapping.identity, KeyRule) else ()
        rules = [rule for rule in mapping.fields.values() if not isinstance(rule, ConstantRule)]
        self._nulls = {
            key: mapping.null_values.union(
                *(rule.null_values for rule in (mapping.identity, *rules) if key in rule.key)
            )
            for key in self._keys
        }
        self._names = {key for rule in rules if isinstance(rule, NameRule) for key in rule.key}
        # Of such a key a field says only whether it has a value (`otherwise`).
        self._unsaid = {key for rule in rules if isinstance(rule, ChoiceRule) and rule.otherwise for key in rule.key}
        self._texts = {key: Memo(self._keeper(key)) for key in self._keys}
        self._made = MadeColumns(mapping.made, frozenset({None}) | mapping.null_values)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys whose values are kept; a place (a sheet, a month) as it stands in the key of the dossier."""
        return (*self._keys, *self._places)

    def column(self, values: Mapping[str, Sequence[Any]], rows: int, readable: Iterable[str]) -> pa.Array:
        """Return the kept values of each row as a JSON object.

        Args:
            values: of each kept key and each made column, the values of all rows.
            readable: keys of which every value was read, so that landing may hold them all as they are.
        """
        known = set(readable)
        columns = [values[key] if self._is_plain(key, values[key], known) else self._kept(key, values)
                   for key in self._keys]  # fmt: skip
        columns += [[self._place(value) for value in values[key]] for key in self._places]
        keys = self.keys
        return pa.array(
            [orjson.dumps(dict(zip(keys, row, strict=True))).decode() for row in zip(*columns, strict=True)]
            if keys
            else ["{}"] * rows,
            pa.string(),
        )

    def _place(self, value: Any) -> str | None:
        is_none = value is None or value in self._mapping.null_values or value in self._mapping.identity.null_values
        return None if is_none else place(value)

    def _is_plain(self, key: str, column: Sequence[Any], readable: set[str]) -> bool:
        return key in readable and set(map(type, column)) <= {str, bool, type(None)}

    def _kept(self, key: str, values: Mapping[str, Sequence[Any]]) -> list[Any]:
        texts, masker, is_part = self._texts[key], self._masker, key in self._made.parts
        kept: list[Any] = []
        for row, value in enumerate(values[key]):
            if value is None or value is True or value is False:
                kept.append(value)
            elif isinstance(value, str):
                is_kept = is_part and len(value) <= LONGEST and self._made.may_keep(key, values, row, masker.fits)
                kept.append(value if is_kept else texts[value])
            elif isinstance(value, list | dict):
                kept.append(masker.nested(key, value))
            elif isinstance(value, datetime):
                kept.append({_AT: value.isoformat()})
            elif isinstance(value, date):
                kept.append({_ON: value.isoformat()})
            elif _is_number(value) and (
                value in self._nulls[key] or masker.fits(key, value) or not _may_be_of_a_person(value)
            ):
                kept.append(value)
            elif isinstance(value, int | float):
                kept.append(MASKED if key in self._unsaid else {_NUMERIC: None})
            else:
                kept.append(self._hidden(key, str(value)))
        return kept

    def _hidden(self, key: str, text: str) -> Any:
        return MASKED if key in self._unsaid else {_WORD: self._pseudonymise.of_word(text)}

    def _keeper(self, key: str) -> Callable[[str], Any]:
        nulls, masker = self._nulls[key], self._masker

        def keep(text: str) -> Any:
            if not tidy(text) or text in nulls or text.lower() in _FLAGS or is_error(text):
                return text
            if len(text) <= LONGEST and text.isprintable() and masker.fits(key, text):
                return text
            if len(text) <= LONGEST_UNREAD and (
                _DAY.fullmatch(tidy(text).casefold())
                or limit_of(text, "working_days")
                or (_NUMBER.fullmatch(text.strip()) and not holds_personal(text))
            ):
                return text
            return self._hidden(key, text)

        return keep

    def values(self, texts: Sequence[str], words: Callable[[], Mapping[str, str]]) -> dict[str, list[Any]]:
        """Return the values of each key that was kept of these rows; a word that is still not known as `[masked]`.

        Args:
            words: returns the words of today's mapping and catalogue by what stands for them (`vocabulary`).
        """
        rows = [orjson.loads(text) for text in texts]
        keys = dict.fromkeys(key for row in rows for key in row)
        return {
            key: [
                _as_place(row.get(key))
                if key in self._places
                else _value(row.get(key), words, is_name=key in self._names)
                for row in rows
            ]
            for key in keys
        }


def said(kept: Any) -> str | None:
    """Return a kept value as a person may read it: `[masked]` of what may not be shown; None of an empty cell.

    Args:
        kept: one value of `as_sent`, as JSON.
    """
    value = MASKED if isinstance(kept, dict) and _NUMERIC in kept else _value(kept, dict)
    if value is None or isinstance(value, list | dict):
        return None if value is None else "a list"
    return str(value)


def _as_place(kept: str | None) -> Place | None:
    return None if kept is None else Place(kept)


def _is_number(value: Any) -> bool:
    """Return whether JSON holds a value as it is."""
    return math.isfinite(value) if isinstance(value, float) else isinstance(value, int) and abs(value) < 2**63


def _may_be_of_a_person(value: int | float) -> bool:
    return is_long_number(value) or holds_personal(str(value))


def _value(kept: Any, words: Callable[[], Mapping[str, str]], *, is_name: bool = False) -> Any:
    if isinstance(kept, dict):
        if _WORD in kept:
            spelling, exact = kept[_WORD].rsplit(".", 1)
            return words().get(f"={exact}") or words().get(spelling) or (mask_of(kept[_WORD]) if is_name else MASKED)
        if _NUMERIC in kept:
            return _NO_NUMBER
        if _AT in kept:
            return datetime.fromisoformat(kept[_AT])
        if _ON in kept:
            return date.fromisoformat(kept[_ON])
    return kept


def vocabulary(mapping: SourceMapping, catalog: Catalog, pseudonymise: Pseudonymiser) -> dict[str, str]:
    """Return every word that the mapping or the catalogue names today, by what stands for it in landing.

    The words of status, channel, standing and choices and the names of units and procedures, in any spelling; and the
    words for nothing, which are read in their own spelling only (by `=`).
    """
    words: list[str] = [
        *mapping.status.codes,
        *mapping.status.sub_words,
        *(word for rule in mapping.standing for word in rule.values),
    ]
    nothing = set(map(str, mapping.null_values | mapping.identity.null_values))
    if isinstance(mapping.channel, ChannelCodes):
        words += mapping.channel.codes
    for rule in mapping.fields.values():
        if isinstance(rule, ChoiceRule):
            words += rule.choices
        if not isinstance(rule, ConstantRule):
            nothing.update(map(str, rule.null_values))
    words += ERRORS  # of what was landed when they were not kept
    words += (entry.code for entry in catalog.agency_codes)
    words += (unit.name for unit in catalog.units)
    words += (entry.name for entries in catalog.names_by_unit.values() for entry in entries)
    words += (procedure.name for procedure in catalog.procedures)
    words += (alias.name for alias in catalog.procedure_aliases)
    found: dict[str, str] = {}
    for word in {folded(word): word for word in words}.values():
        for stands_for in pseudonymise.every_word(word):
            found[stands_for.rsplit(".", 1)[0]] = word
    for word in nothing:
        for stands_for in pseudonymise.every_word(word):
            found[f"={stands_for.rsplit('.', 1)[1]}"] = word
    return found


def readable_keys(mapping: SourceMapping, broken: set[str]) -> set[str]:
    """Return the keys of which every value was read into a column that landing holds.

    Args:
        broken: the columns in which some value could not be read, and those that were not read from their keys.
    """
    read: list[tuple[str, tuple[str, ...]]] = [
        ("dossier_id", mapping.identity.key),
        ("status_code", mapping.status.key),
    ]
    if isinstance(mapping.channel, ChannelCodes):
        read.append(("channel_code", mapping.channel.key))
    for name, rule in mapping.fields.items():
        if isinstance(rule, CodeRule | IdentifierRule | IntegerRule) or (
            isinstance(rule, InstantRule) and not rule.only_status
        ):
            read.append((name, rule.key))
    return {keys[0] for name, keys in read if len(keys) == 1 and name not in broken}


def read_status_again(landed: pa.Table, mapping: SourceMapping) -> pa.Table:
    """Return records of which no values were kept with the status that today's mapping gives their source's.

    They are told by `source_status`; where that is masked, or no list has it, the status stays as it was read.
    """
    codes = {folded(name): status.code for name, status in mapping.status.codes.items()}
    statuses = landed["status_code"].to_pylist()
    issues = landed["mapping_issues"].to_pylist()
    for row, word in enumerate(landed["source_status"].to_pylist()):
        if word is not None and (code := codes.get(folded(word))) is not None:
            statuses[row] = code
            left = [one for one in (issues[row] or "").split("; ") if one and not one.startswith("status_code:")]
            issues[row] = "; ".join(left) or None
    reasons = landed["disposition_reason"].to_pylist()
    standing = [reason if reason in STANDINGS else None for reason in reasons]
    names = landed.column_names
    landed = landed.set_column(names.index("status_code"), "status_code", pa.array(statuses, pa.int16()))
    landed = landed.set_column(names.index("mapping_issues"), "mapping_issues", pa.array(issues, pa.string()))
    return landed.append_column("standing", pa.array(standing, pa.string()))
