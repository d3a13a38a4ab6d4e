"""Tells an office, or a procedure, from a person by its words: `units/office_words.yaml` of the catalogue.

What no word explains counts as a person, because a name that was let out cannot be taken back. The rule: a name is an
office's when it is one of the catalogue's, or begins with a word of offices and names no person behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from motcua.catalog import load_catalog
from motcua.catalog.load import catalog_file, read_document
from motcua.catalog.options import ClosedModel
from motcua.spelling import fold, tidy

LONGEST = 160  # characters of a name
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?\.?")  # K'Brêu; a middle name may be one letter and a dot
_APART = re.compile(r"[-–—,;:/()\[\]|+]")
_PLACE = ("xã", "phường", "thị trấn", "thị xã", "huyện", "quận", "tỉnh", "thành phố", "tp", "p.", "đặc khu", "đường")
_ADDRESS = frozenset(map(fold, ("ông", "bà", "anh", "chị", "cô", "chú", "đ/c", "đc", "đồng chí", "mr", "ms")))
_NO_PERSON = frozenset(map(fold, ("hồ chí minh",)))
_MOST = 6  # words of a person's name


class OfficeWords(ClosedModel):
    """Words of `units/office_words.yaml`: beginnings of offices (also those that may be names), of procedures, and
    surnames.
    """

    offices: tuple[str, ...]
    may_be_names: tuple[str, ...] = ()
    surnames: tuple[str, ...]
    procedures: tuple[str, ...] = ()


class Words:
    """The words of a catalogue, ready to be asked."""

    def __init__(self, words: OfficeWords, names: Iterable[str] = ()) -> None:
        self._offices = _beginning(words.offices)
        self._doubtful = _beginning(words.may_be_names)
        self._procedures = _beginning(words.procedures)
        self._surnames = frozenset(fold(surname).split(" ")[0] for surname in words.surnames)
        self._names = frozenset(map(fold, names))

    def is_office(self, text: str) -> bool:
        """Return whether a text is the name of an office, and names no person beside it."""
        name = tidy(text)
        if len(name) > LONGEST:
            return False
        if fold(name) in self._names:
            return True
        if self._offices(name) is not None:
            return not self.names_person(name)
        behind = self._doubtful(name)
        if behind is None:
            return False
        is_told = not behind or any(word[:1].islower() or word[:1].isdigit() for word in behind.split())
        return is_told and not self._is_name(behind) and not self.names_person(name)

    def is_procedure(self, text: str) -> bool:
        """Return whether a text begins like the name of a procedure, and names no person."""
        name = tidy(text)
        return self._procedures(name) is not None and not self.names_person(name) and not self._is_name(name)

    def names_person(self, text: str) -> bool:
        """Return whether a part of a text that stands apart, or follows a form of address, is written as a name."""
        parts = [part.strip() for part in _APART.split(tidy(text))]
        if any(self._is_name(part) and fold(part) not in _NO_PERSON for part in parts if len(part.split()) > 2):
            return True
        words = fold(text).split(" ")
        return any(
            word in _ADDRESS and following in self._surnames for word, following in zip(words, words[1:], strict=False)
        ) or self._runs_into_name(tidy(text))

    def _is_name(self, text: str) -> bool:
        words = text.split()
        return 2 <= len(words) <= _MOST and fold(words[0]) in self._surnames and all(map(_WORD.fullmatch, words))

    def _runs_into_name(self, text: str) -> bool:
        """Return whether a surname and two names follow at the end of a text, and are no place's: `Phòng Nguyễn Văn A`."""
        words = text.split()
        for start in range(1, len(words) - 2):
            before = fold(words[start - 1])
            before_two = fold(" ".join(words[max(0, start - 2) : start]))
            is_place = any(before == fold(kind) or before_two == fold(kind) for kind in _PLACE)
            rest = words[start:]
            if len(rest) <= 4 and not is_place and self._is_name(" ".join(rest)) and _is_common(rest):
                return fold(" ".join(rest)) not in _NO_PERSON
        return False


def _is_common(words: list[str]) -> bool:
    """Return whether words are written as a person's: each with a capital, the middle one of those that only names have."""
    return all(word[:1].isupper() for word in words) and fold(words[1]) in _MIDDLE


_MIDDLE = frozenset(map(fold, ("văn", "thị", "hữu", "đình", "quốc", "xuân", "ngọc", "thanh", "minh", "đức", "thế",
                               "công", "quang", "bá", "duy", "trọng", "viết", "huy", "kim", "hồng", "thu", "mỹ",
                               "tuấn", "anh", "thuỳ", "hoàng", "như", "bảo", "gia", "phương", "mai", "thành")))  # fmt: skip


def _beginning(words: Iterable[str]) -> Callable[[str], str | None]:
    """Return a function that gives what follows the longest of these words at the beginning of a text; None: none does."""
    known = {fold(word) for word in words}
    longest = max((len(word.split(" ")) for word in known), default=0)

    def behind(text: str) -> str | None:
        parts = text.split(" ")
        for count in range(min(longest, len(parts)), 0, -1):
            begun = fold(" ".join(parts[:count]))
            if begun in known or begun.rstrip(".,:-/(") in known:
                return " ".join(parts[count:])
            head = re.split(r"(?<=\w)[.,:/(-]", begun, maxsplit=1)
            if count == 1 and len(head) > 1 and (head[0] in known or f"{head[0]}." in known):
                return text[len(head[0]) + 1 :].strip()
        return None

    return behind


@lru_cache(maxsize=4)
def office_words(folder: Path) -> Words:
    """Return the words of a catalogue folder, or the shipped ones, with the names that it has of units.

    Raises:
        CatalogError: the file is wrong; the message names the line.
    """
    words = read_document(catalog_file(folder, "units", "office_words.yaml"), OfficeWords)
    catalog = load_catalog(folder)
    names = [
        *(row.code for row in catalog.agency_codes if " " in row.code or not row.code.isascii()),
        *(unit.name for unit in catalog.units),
        *(entry.name for entry in catalog.unit_names),
    ]
    return Words(words, names)
