"""When two spellings are one name: case, Unicode form, spaces and the place of a Vietnamese tone mark set aside."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_TONES = "\u0300\u0301\u0303\u0309\u0323"  # grave, acute, tilde, hook above, dot below
_SPACES = re.compile(r"[\s\u200b\ufeff]+")


def tidy(text: str) -> str:
    """Return a text in Unicode form C, with one space where several or a line break stood and none around it."""
    return _SPACES.sub(" ", text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


def fold(text: str) -> str:
    """Return what is the same for every spelling of a name: `UBND  Xã Hoà Minh` and `ubnd xã Hòa Minh`.

    A syllable has one tone, so where its mark stands (hoà, hòa; thuỷ, thủy) tells nothing: it is moved to the end.
    """
    folded = tidy(text).casefold()
    if folded.isascii():
        return folded
    return " ".join(map(_tone_last, unicodedata.normalize("NFD", folded).split(" ")))


def folded(value: Any) -> str:
    """Return a word as it is compared: any spelling of a name is one, and so is a number with and without `.0`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return fold(str(value))


def _tone_last(word: str) -> str:
    tones = "".join(letter for letter in word if letter in _TONES)
    return "".join(letter for letter in word if letter not in _TONES) + tones
