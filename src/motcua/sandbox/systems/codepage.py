"""Vietnamese text in the Windows code page 1258, used before Unicode."""

from __future__ import annotations

import unicodedata


def windows_1258(text: str) -> bytes:
    """Encode Vietnamese as Windows did: base letters composed, tone marks as separate bytes."""
    parts = []
    for letter in unicodedata.normalize("NFC", text):
        base, marks = (apart := unicodedata.normalize("NFD", letter))[0], apart[1:]
        # The circumflex, breve and horn are part of the letter; the tone marks follow it.
        tones = [mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323"]
        others = [mark for mark in marks if mark not in tones]
        parts.append(unicodedata.normalize("NFC", base + "".join(others)) + "".join(tones))
    return "".join(parts).encode("cp1258", errors="replace")
