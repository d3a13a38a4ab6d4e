"""Invented applicants: the same number is always the same person; 0 is the canary, below it the planted identities.

Nobody real can be meant: no Vietnamese province has the code 999 that identity numbers start with, no subscriber
number starts with 00, and example.com is reserved.
"""

from __future__ import annotations

from motcua.sandbox.canary import CANARY, Identity, identities

_SURNAMES = (
    "NGUYỄN", "TRẦN", "LÊ", "PHẠM", "HUỲNH", "VÕ", "ĐẶNG", "BÙI", "ĐỖ", "HỒ", "NGÔ", "DƯƠNG", "LÝ", "THẠCH", "KIM",
    "SƠN",
)  # fmt: skip
_MIDDLE = ("VĂN", "THỊ", "MINH", "NGỌC", "HỮU", "THANH", "QUỐC", "KIM", "HOÀNG")
_GIVEN = (
    "AN", "BÌNH", "CƯỜNG", "DUNG", "GIANG", "HÀ", "HẠNH", "HÙNG", "KHÁNH", "LAN", "LIÊN", "LONG", "MAI", "NAM", "NGÂN",
    "PHÚC", "QUÝ", "SANG", "TÂM", "TRANG", "TUẤN", "UYÊN", "VINH", "XUÂN", "YẾN",
)  # fmt: skip


def _planted(person: int) -> Identity | None:
    return None if person > 0 else CANARY if person == 0 else identities()[-person - 1]


def name(person: int) -> str:
    """Upper-case, as the serialiser of OpenCPS prints it."""
    if planted := _planted(person):
        return planted.name
    family, rest = divmod(person, len(_MIDDLE))
    given, family = family % len(_GIVEN), family // len(_GIVEN)
    return f"{_SURNAMES[family % len(_SURNAMES)]} {_MIDDLE[rest]} {_GIVEN[given]}"


def identity_number(person: int) -> str:
    """Twelve digits like a citizen identity number; some applicants gave none."""
    if planted := _planted(person):
        return planted.id_number
    return "" if person % 23 == 0 else f"999{person:09d}"


def phone(person: int) -> str:
    planted = _planted(person)
    return planted.phone if planted else f"00{(person * 7919) % 100_000_000:08d}"


def email(person: int) -> str:
    if planted := _planted(person):
        return planted.email
    return f"nguoidan{person}@example.com" if person % 3 == 0 else ""


def address(person: int, place: str) -> str:
    planted = _planted(person)
    return f"{planted.street if planted else f'Số {person % 300 + 1}'}, {place}"


def lookup_password(person: int) -> str:
    """The password the list of OpenCPS leaks in plain text."""
    planted = _planted(person)
    return planted.password if planted else f"{(person * 104_729) % 1_000_000:06d}"


def note(person: int) -> str:
    """Free text that names people, which no list of field names would catch."""
    if person > 0 and person % 11:
        return ""
    return f"Nộp thay ông/bà {name(person)}, điện thoại {phone(person)}"


def summary(person: int) -> str:
    """What the officer typed for a summary, often the applicant's name."""
    return f"Hồ sơ của {name(person)}" if person < 0 or person % 5 == 0 else ""


def birthday(person: int) -> int:
    """Seconds of local midnight of the day of birth."""
    return (person * 37 % 18_000 + 100) * 86_400


def is_business(person: int) -> bool:
    return person % 13 == 5


def uses_post(person: int) -> bool:
    """Whether the dossier came, or its result goes, by public post."""
    return person % 17 == 3
