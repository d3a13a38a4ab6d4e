"""Vietnamese in the bytes of Windows before Unicode."""

from __future__ import annotations

import unicodedata


def windows_1258(text: str) -> bytes:
    """Encode Vietnamese the way Windows did: base letters composed, tone marks apart."""
    parts = []
    for letter in unicodedata.normalize("NFC", text):
        base, marks = (apart := unicodedata.normalize("NFD", letter))[0], apart[1:]
        # The circumflex, breve and horn belong to the letter; the tone marks stand behind it.
        tones = [mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323"]
        others = [mark for mark in marks if mark not in tones]
        parts.append(unicodedata.normalize("NFC", base + "".join(others)) + "".join(tones))
    return "".join(parts).encode("cp1258", errors="replace")
