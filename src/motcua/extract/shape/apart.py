"""Tells rows that are no records: totals, signatures, headings, repeated headers, lines that only have a number.

The one rule, strict because a record that is taken for a footer is lost. A row is none only if

* its key has no digit, or begins with a word of such rows (`words`);
* every other column that a field is read from is empty or begins with such a word. In a row with a word of totals it
  may be a plain number or an error, but no day, and no status or channel that the mapping knows;
* nothing else stands in it but such words and running numbers; or, below a signature, texts without a digit; or one
  text alone without a digit, as a heading has, in a row without a running number.

A row of which this is not so is a record, and set aside where it lacks what a record needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from motcua.extract.error_texts import MERGED, is_error
from motcua.spelling import fold

Apart = Literal["total", "signature", "heading", "repeated header", "line without an entry"]
Says = Literal["totals", "signatures", "headings", "letters", "serial", "number", "amount", "error", "other"]

_KIND: Mapping[str, Apart] = {"totals": "total", "signatures": "signature", "headings": "heading"}
_MARKS = re.compile(r"([:;,.()])")
_DIGIT = re.compile(r"\d")
_SERIAL = re.compile(r"\(?(?:[IVXLC]{1,6}|[A-Za-z])\)?[.)]?")
_NUMBER = re.compile(r"\(?\d{1,4}\)?[.)]?")
_AMOUNT = re.compile(r"\d{1,3}(?:[., ]\d{3}){0,2}|\d{1,7}")
_COLUMN_NUMBER = re.compile(r"\(?(\d{1,3})\)?")
# NĐ 30/2020/NĐ-CP, appendix I: `Xã Mẫu, ngày 31 tháng 10 năm 2023`, also with dots in place of the numbers.
_PLACE_AND_DAY = re.compile(fold("@ngày # tháng # năm #").replace("@", r".{1,60} , ").replace("#", r"[\d.… _/]*?"))
_MONTH_HEADING = re.compile(
    rf"(?:{fold('tháng')}|{fold('quý')}) ?(?:\d{{1,2}}|[ivx]{{1,4}})(?: ?[/-]? ?(?:{fold('năm')} )?\d{{4}})?"
)
_LARGEST_SERIAL, _LARGEST_AMOUNT = 9_999, 9_999_999
_MEMO_LIMIT = 50_000
_PLURAL: Mapping[Apart, str] = {
    "total": "totals",
    "signature": "signatures",
    "heading": "headings",
    "repeated header": "repeated headers",
    "line without an entry": "lines without an entry",
}


@dataclass(frozen=True)
class Columns:
    """What the columns of a table mean, by their keys. A column of none of these may hold a person.

    Attributes:
        identity: those of the key of a record.
        used: the others that a field is read from.
        unneeded: those that are dropped and hold no person.
        says: of columns of days and closed lists, whether a value is one.
    """

    identity: frozenset[str]
    used: frozenset[str]
    unneeded: frozenset[str]
    says: Mapping[str, Sequence[Callable[[Any], bool]]]


@dataclass
class LeftOut:
    """The rows of one table that are no records, by what they are, each with its numbers in the file."""

    rows: dict[Apart, list[int]] = field(default_factory=dict)

    def __str__(self) -> str:
        return ", ".join(
            f"{len(rows)} {_PLURAL[kind]} (rows {_some(rows)})" if len(rows) > 1 else f"1 {kind} (row {rows[0]})"
            for kind, rows in self.rows.items()
        )


@dataclass(frozen=True)
class _Row:
    """What the cells of a row say together. `is_alone`: one text, in a row without a running number."""

    says: frozenset[Says]
    is_alone: bool
    is_signed: bool

    @property
    def kind(self) -> Apart | None:
        return next((kind for word, kind in _KIND.items() if word in self.says), None)

    def allows(self, said: Says, place: str) -> bool:
        """Return whether a cell may stand in a row that is no record."""
        if said in ("totals", "signatures"):
            return True
        if said == "headings":
            return place in ("identity", "unneeded") or (place == "used" and self.is_alone)
        if said in ("number", "amount", "error"):
            return "totals" in self.says or (said == "number" and place in ("unneeded", "person"))
        if said == "serial":
            return place in ("unneeded", "person") or self.is_alone
        if said == "letters":
            is_signed = self.is_signed or "signatures" in self.says
            return is_signed or (place in ("identity", "unneeded") and (self.is_alone or self.kind is not None))
        return False


def spaced(text: str) -> str:
    """Return a folded text with its marks apart from its words, so that a tone stays with its syllable."""
    return fold(_MARKS.sub(r" \1 ", text))


class ApartRows:
    """Tells the rows of one table that are no records.

    Args:
        keys: of the columns, by position.
        heads: the texts above the records, by column: the header and what stands right above it.
        words: folded, each with its kind (`motcua.extract.shape.words`).
    """

    def __init__(
        self, keys: Sequence[str], heads: Sequence[Iterable[Any]], columns: Columns, words: Sequence[tuple[str, str]]
    ) -> None:
        self._says_of = [tuple(columns.says.get(key, ())) for key in keys]
        self._place = [
            "identity"
            if key in columns.identity
            else "used"
            if key in columns.used
            else "unneeded"
            if key in columns.unneeded
            else "person"
            for key in keys
        ]
        self._identity = [number for number, place in enumerate(self._place) if place == "identity"]
        self._heads = [{fold(str(head)) for head in texts if head is not None} for texts in heads]
        self._words = words
        self._first = frozenset(word[0] for word, _ in words)
        self._memo: dict[str, Says] = {}
        self._is_signed = False
        self.left_out = LeftOut()

    def takes(self, number: int, cells: Sequence[Any]) -> bool:
        """Return whether a row is no record, and note it. Rows are given in their order."""
        if not self._may_be_apart(cells):
            self._is_signed = False
            return False
        kind = self._kind(cells)
        self._is_signed = kind is not None and (self._is_signed or kind == "signature")
        if kind is not None:
            self.left_out.rows.setdefault(kind, []).append(number)
        return kind is not None

    def says_facts(self, cells: Sequence[Any]) -> bool:
        """Return whether a row has a key with a digit, and a day or a word of a closed list."""
        has_key = any(
            position < len(cells) and _DIGIT.search(str(cells[position] or "")) for position in self._identity
        )
        return has_key and any(
            cell is not None and is_fact(cell)
            for cell, facts in zip(cells, self._says_of, strict=False)
            for is_fact in facts
        )

    def _may_be_apart(self, cells: Sequence[Any]) -> bool:
        """Return whether a row has to be looked at: its key is no number, as nearly every key of a record is."""
        for position in self._identity:
            if position < len(cells):
                key = cells[position]
                if type(key) is str:
                    # Every word has a letter that is not ASCII, or may not stand beside a digit.
                    if _DIGIT.search(key) and (key.isascii() or self._said(key) == "other"):
                        return _COLUMN_NUMBER.fullmatch(key) is not None
                elif key is not None:
                    return type(key) is int and key <= len(self._place)
        return True

    def _kind(self, cells: Sequence[Any]) -> Apart | None:
        filled = [
            (position, cell, self._said(cell))
            for position, cell in enumerate(cells)
            if cell is not None and cell != MERGED
        ]
        if not filled:  # all of it belongs to cells of the rows above
            return "line without an entry"
        if self._is_header([(position, cell) for position, cell, _ in filled]):
            return "repeated header"
        says = frozenset(said for _, _, said in filled)
        texts = [said for _, _, said in filled if said not in ("serial", "number")]
        row = _Row(says, is_alone=len(texts) == 1 and "number" not in says, is_signed=self._is_signed)
        for position, cell, said in filled:
            place = self._place[position] if position < len(self._place) else "person"
            if not row.allows(said, place) or any(is_fact(cell) for is_fact in self._facts_of(position)):
                return None
        if row.kind is not None:
            return row.kind
        if not texts:
            has_key = any(self._place[position] == "identity" for position, _, _ in filled)
            return None if has_key else "line without an entry"
        return "signature" if self._is_signed else "heading"

    def _facts_of(self, position: int) -> Sequence[Callable[[Any], bool]]:
        return self._says_of[position] if position < len(self._says_of) else ()

    def _is_header(self, filled: Sequence[tuple[int, Any]]) -> bool:
        """Return whether a row is the header again, or numbers the columns."""
        if len(filled) < 2:
            return False
        heads = [self._heads[position] if position < len(self._heads) else set() for position, _ in filled]
        if all(isinstance(cell, str) and fold(cell) in head for (_, cell), head in zip(filled, heads, strict=True)):
            return True
        numbers = [int(match[1]) if (match := _COLUMN_NUMBER.fullmatch(str(cell))) else None for _, cell in filled]
        first = next((number for number in numbers if number is not None), None)
        letters = sum(number is None for number in numbers)
        return (
            len(filled) >= 3
            and first == 1
            and letters <= 2
            and all(len(str(cell).strip("()")) == 1 and str(cell).strip("()").isalpha() for _, cell in filled[:letters])
            and numbers[letters:] == list(range(1, len(filled) - letters + 1))
        )

    def _said(self, cell: Any) -> Says:
        if isinstance(cell, bool) or not isinstance(cell, str):
            if type(cell) is not int or not 0 <= cell <= _LARGEST_AMOUNT:
                return "other"
            return "number" if cell <= _LARGEST_SERIAL else "amount"
        if (said := self._memo.get(cell)) is None:
            said = self._read(cell)
            if len(self._memo) < _MEMO_LIMIT:
                self._memo[cell] = said
        return said

    def _read(self, cell: str) -> Says:
        if is_error(cell):
            return "error"
        if _NUMBER.fullmatch(cell):
            return "number"
        if _AMOUNT.fullmatch(cell):
            return "amount"
        if _SERIAL.fullmatch(cell):
            return "serial"
        text = spaced(cell)
        has_digit = _DIGIT.search(text) is not None
        if _PLACE_AND_DAY.fullmatch(text):
            return "signatures"
        if _MONTH_HEADING.fullmatch(text):
            return "headings"
        if text[:1] in self._first:
            for word, kind in self._words:
                if text.startswith(word) and not text[len(word) : len(word) + 1].isalnum():
                    return "other" if has_digit and kind == "signatures" else kind  # type: ignore[return-value]
        return "other" if has_digit else "letters"


def _some(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:3]))
    return f"{shown} ..." if len(rows) > 3 else shown
