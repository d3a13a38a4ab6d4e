"""Tells an office, or a procedure, from a person by its words: `units/office_words.yaml` of the catalogue.

What no word explains counts as a person, because a name that was let out cannot be taken back. A name is an office's
when the catalogue has it, or when it begins with a word of offices and no person's name stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from motcua.catalog import Catalog, load_catalog
from motcua.catalog.load import catalog_file, read_document
from motcua.catalog.options import ClosedModel
from motcua.spelling import fold, tidy

LONGEST = 160  # characters of a name
_SYLLABLE = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?\.?")  # K'Brêu; a name may be a letter and a dot
_APART = re.compile(r"[-–—,;:/()\[\]|+]")
_HEAD = re.compile(r"(?<=\w)[.,:/(-]")  # TT.PVHCC, P.Kinh tế
_NAMES = (2, 6)  # syllables of a person's name


class OfficeWords(ClosedModel):
    """The words by which an office or a procedure is told from a person, in any spelling.

    `offices` are beginnings of names of offices; `may_be_names` those that may also be a person's, behind which a word
    with a small letter or a number must follow. `places` are the kinds of places, behind which a person's name is the
    name of a place. `address` are forms of address, `surnames` tell a person, and `middle_names` one that stands behind
    other words. `procedures` are beginnings of names of procedures. `no_persons` are places without their kind.
    """

    offices: tuple[str, ...]
    may_be_names: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    surnames: tuple[str, ...]
    middle_names: tuple[str, ...] = ()
    no_persons: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()


class Words:
    """The words of a catalogue, ready to be asked.

    Args:
        names: what the catalogue calls units.
    """

    def __init__(self, words: OfficeWords, names: Iterable[str] = ()) -> None:
        self._offices = _beginning(words.offices)
        self._doubtful = _beginning(words.may_be_names)
        self._procedures = _beginning(words.procedures)
        self._places = _set(words.places)
        self._address = _set(words.address)
        self._surnames = _set(surname.split(" ")[0] for surname in words.surnames)
        self._middle = _set(words.middle_names)
        self._no_persons = _set(words.no_persons)
        self._names = _set(names)

    def is_office(self, text: str) -> bool:
        """Return whether a text is the name of an office, and names no person beside it."""
        name = tidy(text)
        if len(name) > LONGEST:
            return False
        if fold(name) in self._names:
            return True
        behind = self._offices(name)
        if behind is None:
            behind = self._doubtful(name)
            if behind is None or not _is_told(name, behind) or self._is_name(name):
                return False
        return not self._names_person(name, behind)

    def is_procedure(self, text: str) -> bool:
        """Return whether a text begins like the name of a procedure, and names no person."""
        name = tidy(text)
        behind = self._procedures(name)
        return behind is not None and not self._is_name(name) and not self._names_person(name, behind)

    def names_person(self, text: str) -> bool:
        """Return whether a text is written as a person's name, or has one in it."""
        name = tidy(text)
        behind = self._offices(name)
        return self._is_name(name) or self._names_person(name, name if behind is None else behind)

    def _names_person(self, text: str, behind: str) -> bool:
        """Return whether a person's name stands in a text, of which the beginning is known not to be one.

        That is a surname behind a form of address; a part that stands apart (by a dash, a comma, brackets) and is
        written as a name of three syllables or more; or such a name at the end, with a middle name that only persons
        have, unless it is the name of a place.
        """
        parts = [tidy(part) for part in _APART.split(text)]
        if any(map(self._addresses, parts)):
            return True
        if any(self._is_name(part) and len(part.split(" ")) > 2 for part in parts[1:]):
            return True
        syllables = text.split(" ")
        spelled = [fold(one).strip(".,:") for one in syllables]
        first = len(syllables) - len(behind.split(" "))
        return any(self._ends_in_name(syllables, spelled, start) for start in range(max(first, 1), len(syllables) - 2))

    def _is_name(self, text: str) -> bool:
        """Return whether a text is written as a person's name: a surname and other syllables, no place."""
        syllables = text.split(" ")
        return (
            _NAMES[0] <= len(syllables) <= _NAMES[1]
            and fold(syllables[0]) in self._surnames
            and all(map(_SYLLABLE.fullmatch, syllables))
            and fold(text) not in self._no_persons
        )

    def _addresses(self, part: str) -> bool:
        """Return whether a form of address stands before a surname, not as a part of a place: `Quận Hai Bà Trưng`."""
        spelled = [fold(one) for one in part.split(" ")]
        return any(
            one in self._address and other in self._surnames and not self._is_behind_place(spelled, at)
            for at, (one, other) in enumerate(pairwise(spelled))
        )

    def _is_behind_place(self, spelled: list[str], at: int) -> bool:
        before = spelled[max(at - 2, 0) : at]
        return " ".join(before) in self._places or not self._places.isdisjoint(before)

    def _ends_in_name(self, syllables: list[str], spelled: list[str], start: int) -> bool:
        is_place = spelled[start - 1] in self._places or " ".join(spelled[max(start - 2, 0) : start]) in self._places
        rest = syllables[start:]
        return (
            len(rest) <= 4
            and not is_place
            and spelled[start + 1] in self._middle
            and all(one[:1].isupper() for one in rest)
            and self._is_name(" ".join(rest))
        )


def _set(words: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(word).strip(".") for word in words)


def _is_told(name: str, behind: str) -> bool:
    """Return whether what follows a word that may be a name is not written as one: `Tổ an ninh`, `Đội 3`.

    A comma or a dash is none: `Tổ 5, ...` is where somebody lives.
    """
    words = [word for word in behind.split(" ") if word and not word.isdigit()]
    if _APART.search(name) or not name[:1].isupper():
        return False
    return not words or any(word[:1].islower() for word in words)


def _beginning(words: Iterable[str]) -> Callable[[str], str | None]:
    """Return a function that gives what follows one of these words, the longest, at the beginning; None: none does."""
    known = _set(words)
    longest = max((len(word.split(" ")) for word in known), default=0)

    def behind(text: str) -> str | None:
        parts = text.split(" ")
        for count in range(min(longest, len(parts)), 0, -1):
            if fold(" ".join(parts[:count])).strip(".,:;()-/") in known:
                return " ".join(parts[count:])
        head = _HEAD.split(text, maxsplit=1)
        return head[1].strip() if len(head) > 1 and fold(head[0]) in known else None

    return behind


def office_words(folder: Path) -> Words:
    """Return the words of a catalogue folder, or the shipped ones, with the names that it has of units.

    Raises:
        CatalogError: the file is wrong; the message names the line.
    """
    return _words_of(load_catalog(folder))


@lru_cache(maxsize=4)
def _words_of(catalog: Catalog) -> Words:
    """Made once for each load of the catalogue."""
    names = (
        *(row.code for row in catalog.agency_codes),
        *(unit.name for unit in catalog.units),
        *(entry.name for entry in catalog.unit_names),
    )
    return Words(read_document(catalog_file(catalog.folder, "units", "office_words.yaml"), OfficeWords), names)
