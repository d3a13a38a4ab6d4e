"""Keeps personal data out of landing: keyed pseudonyms, and masks for codes that contain personal data.

A pseudonym is still personal data (NĐ 13/2023/NĐ-CP, Law 91/2025/QH15), so it is made only where a person must be
recognised across days (domain.md section 7).
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Callable, Sequence

from motcua.settings import Settings
from motcua.spelling import folded
from motcua.units.office_words import office_words

MASKED = "[masked]"

_SHORT = 8
_MASK = re.compile(r"\[masked(?: [A-Za-z0-9._-]+:[0-9a-f]{8})?\]")
_CODE = re.compile(r"[A-Za-z0-9._/:-]+")
_PERSONAL = re.compile(
    r"(?<!\d)(?:\d{9}|\d{12})(?!\d)"  # identity card, citizen card
    r"|(?<![\w.])(?:\+?84|0)(?:[ .-]?\d){9}(?!\d)"  # telephone
    r"|@"  # e-mail
)


class Pseudonym(str):
    """An identity number that is pseudonymised already: its reference, and its references with previous keys."""

    __slots__ = ("previous",)
    previous: str

    def __new__(cls, ref: str, previous: str = "") -> Pseudonym:
        pseudonym = super().__new__(cls, ref)
        pseudonym.previous = previous
        return pseudonym


class Pseudonymiser:
    """Turns an identity number into `<key id>:<HMAC-SHA256 in hex>`, the same for every spelling of the number.

    `previous` are the (id, key) pairs that the key replaces during a rotation. A `Pseudonym` is returned unchanged.
    """

    def __init__(self, key_id: str, key: bytes, previous: Sequence[tuple[str, bytes]] = ()) -> None:
        self.key_id = key_id
        self.previous_ids = [previous_id for previous_id, _ in previous]
        self._prefix = f"{key_id}:"
        self._key = key
        self._previous = [(f"{previous_id}:", previous_key) for previous_id, previous_key in previous]

    def __call__(self, value: object) -> str:
        if isinstance(value, Pseudonym):
            return str(value)
        return self._prefix + hmac.digest(self._key, _number(value), "sha256").hex()

    def of_word(self, text: str) -> str:
        """Return what stands for a word that may not be kept: a part for all its spellings, a dot, and one for this."""
        return self._prefix + _word(self._key, text)

    def masked(self, text: str) -> str:
        """Return the mask of a word, by which two masked words can be told apart but not read; a mask as it is."""
        return text if _MASK.fullmatch(text) else mask_of(self.of_word(text))

    def every_word(self, text: str) -> list[str]:
        """Return what stands for a word with the key in use and with each previous one."""
        return [self.of_word(text), *(prefix + _word(key, text) for prefix, key in self._previous)]

    def previous_refs(self, value: object) -> str:
        """Return the pseudonyms of the same number with each previous key, separated by spaces."""
        if isinstance(value, Pseudonym):
            return value.previous
        number = _number(value)
        return " ".join(prefix + hmac.digest(key, number, "sha256").hex() for prefix, key in self._previous)


def mask_of(word: str) -> str:
    """Return the mask of what stands for a word (`Pseudonymiser.of_word`): the key id and eight digits of its HMAC."""
    key_id, _, digest = word.rpartition(":")
    return f"{MASKED[:-1]} {key_id}:{digest[:_SHORT]}]"


def pseudonymiser(keys: Sequence[tuple[str, bytes]]) -> Pseudonymiser:
    """Return the pseudonymiser of (id, key) pairs, of which the first is in use (`Settings.hmac_keys`)."""
    (key_id, key), *previous = keys
    return Pseudonymiser(key_id, key, previous)


def _word(key: bytes, text: str) -> str:
    spelling, exact = (
        hmac.digest(key, one.encode(), "sha256").hex() for one in (f"word {folded(text)}", f"as is {text}")
    )
    return f"{spelling[:32]}.{exact[:32]}"


def _number(value: object) -> bytes:
    number = str(value)
    number = (number if number.isascii() else unicodedata.normalize("NFKC", number)).upper()
    return (number if number.isalnum() else "".join(filter(str.isalnum, number))).encode()


def holds_personal(text: str) -> bool:
    """Return whether a text contains an identity number, a telephone number or an e-mail address."""
    return _PERSONAL.search(text) is not None


def unit_guard(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return whether the name of a unit may be kept: an office's (docs/decisions/0065), or one that fits a pattern.

    Args:
        patterns: for the name in lower case.
    """
    fits = re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)").fullmatch
    words = office_words(Settings.load().catalog_dir)

    def may_keep(name: str) -> bool:
        is_unit = words.is_office(name) or (fits(name.casefold()) is not None and not words.names_person(name))
        return is_unit and not holds_personal(name)

    return may_keep


def looks_personal(code: str) -> bool:
    """Return whether a value does not look like a code, or contains personal data (`holds_personal`)."""
    return _CODE.fullmatch(code) is None or holds_personal(code)


def is_long_number(value: object) -> bool:
    """Return whether a number cell may be an identity or telephone number that lost the zeros in front of it."""
    if isinstance(value, float) and value.is_integer():  # the number went through a table of floats
        value = int(value)
    return isinstance(value, int) and not isinstance(value, bool) and 9 <= len(str(abs(value))) <= 12
