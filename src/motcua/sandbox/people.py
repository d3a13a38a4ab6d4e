"""Invented applicants: the same number is always the same person, and number 0 is the canary.

Nobody real can be meant: no Vietnamese province has the code 999 that identity numbers start with, no subscriber
number starts with 00, and example.com is reserved.
"""

from __future__ import annotations

from motcua.sandbox.canary import CANARY_EMAIL, CANARY_ID_NUMBER, CANARY_NAME, CANARY_PASSWORD, CANARY_PHONE

_SURNAMES = (
    "NGUYỄN", "TRẦN", "LÊ", "PHẠM", "HUỲNH", "VÕ", "ĐẶNG", "BÙI", "ĐỖ", "HỒ", "NGÔ", "DƯƠNG", "LÝ", "THẠCH", "KIM",
    "SƠN",
)  # fmt: skip
_MIDDLE = ("VĂN", "THỊ", "MINH", "NGỌC", "HỮU", "THANH", "QUỐC", "KIM", "HOÀNG")
_GIVEN = (
    "AN", "BÌNH", "CƯỜNG", "DUNG", "GIANG", "HÀ", "HẠNH", "HÙNG", "KHÁNH", "LAN", "LIÊN", "LONG", "MAI", "NAM", "NGÂN",
    "PHÚC", "QUÝ", "SANG", "TÂM", "TRANG", "TUẤN", "UYÊN", "VINH", "XUÂN", "YẾN",
)  # fmt: skip


def name(person: int) -> str:
    """Upper-case, as the serialiser of OpenCPS prints it."""
    if person == 0:
        return CANARY_NAME
    family, rest = divmod(person, len(_MIDDLE))
    given, family = family % len(_GIVEN), family // len(_GIVEN)
    return f"{_SURNAMES[family % len(_SURNAMES)]} {_MIDDLE[rest]} {_GIVEN[given]}"


def identity_number(person: int) -> str:
    """Twelve digits like a citizen identity number; some applicants gave none."""
    if person == 0:
        return CANARY_ID_NUMBER
    return "" if person % 23 == 0 else f"999{person:09d}"


def phone(person: int) -> str:
    return CANARY_PHONE if person == 0 else f"00{(person * 7919) % 100_000_000:08d}"


def email(person: int) -> str:
    if person == 0:
        return CANARY_EMAIL
    return f"nguoidan{person}@example.com" if person % 3 == 0 else ""


def lookup_password(person: int) -> str:
    """The password the list of OpenCPS leaks in plain text."""
    return CANARY_PASSWORD if person == 0 else f"{(person * 104_729) % 1_000_000:06d}"


def note(person: int) -> str:
    """Free text that names people, which no list of field names would catch."""
    if person % 11:
        return ""
    return f"Nộp thay ông/bà {name(person)}, điện thoại {phone(person)}"
