"""What keeps personal data out of landing: keyed pseudonyms, and masks for codes that hold what they should not.

NĐ 13/2023/NĐ-CP, Law 91/2025/QH15: a pseudonym stays personal data, so it is made only where identity across days is
needed (domain.md section 7).
"""

from __future__ import annotations

import hmac
import re

MASKED = "[masked]"

_CODE = re.compile(r"[A-Za-z0-9._/:-]+")
_PERSONAL = re.compile(
    r"(?<!\d)(?:\d{9}|\d{12})(?!\d)"  # identity card, citizen card
    r"|(?<![\w.])(?:\+?84|0)(?:[ .-]?\d){9}(?!\d)"  # telephone
    r"|@"  # e-mail
)


class Pseudonymiser:
    """Turns an identity number into `<key id>:<HMAC-SHA256 in hex>`, the same for every spelling of the number."""

    def __init__(self, key_id: str, key: bytes) -> None:
        self._prefix = f"{key_id}:"
        self._key = key

    def __call__(self, value: object) -> str:
        number = str(value).upper()
        if not number.isalnum():
            number = "".join(filter(str.isalnum, number))
        return self._prefix + hmac.digest(self._key, number.encode(), "sha256").hex()


def holds_personal(text: str) -> bool:
    """Whether a text holds an identity number, a telephone or an e-mail."""
    return _PERSONAL.search(text) is not None


def looks_personal(code: str) -> bool:
    """Whether a value that should be a code is none, or holds an identity number, a telephone or an e-mail."""
    return _CODE.fullmatch(code) is None or holds_personal(code)
