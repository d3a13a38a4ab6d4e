"""Invented applicants: the same number is always the same person; 0 is the canary, below it the planted identities.

Nobody real can be meant: no Vietnamese province has the code 999 that identity numbers start with, no subscriber
number starts with 00, and example.com is reserved.
"""

from __future__ import annotations

from motcua.sandbox.world.canary import CANARY, Identity, identities

_SURNAMES = (
    "NGUYỄN", "TRẦN", "LÊ", "PHẠM", "HUỲNH", "VÕ", "ĐẶNG", "BÙI", "ĐỖ", "HỒ", "NGÔ", "DƯƠNG", "LÝ", "THẠCH", "KIM",
    "SƠN",
)  # fmt: skip
_MIDDLE = ("VĂN", "THỊ", "MINH", "NGỌC", "HỮU", "THANH", "QUỐC", "KIM", "HOÀNG")
_GIVEN = (
    "AN", "BÌNH", "CƯỜNG", "DUNG", "GIANG", "HÀ", "HẠNH", "HÙNG", "KHÁNH", "LAN", "LIÊN", "LONG", "MAI", "NAM", "NGÂN",
    "PHÚC", "QUÝ", "SANG", "TÂM", "TRANG", "TUẤN", "UYÊN", "VINH", "XUÂN", "YẾN",
)  # fmt: skip


def _planted(person: int) -> Identity:
    return identities()[-person - 1] if person else CANARY


def name(person: int) -> str:
    """Upper-case, as the serialiser of OpenCPS prints it."""
    if person <= 0:
        return _planted(person).name
    family, rest = divmod(person, len(_MIDDLE))
    given, family = family % len(_GIVEN), family // len(_GIVEN)
    return f"{_SURNAMES[family % len(_SURNAMES)]} {_MIDDLE[rest]} {_GIVEN[given]}"


def identity_number(person: int) -> str:
    """Twelve digits like a citizen identity number; some applicants gave none."""
    if person <= 0:
        return _planted(person).id_number
    return "" if person % 23 == 0 else f"999{person:09d}"


def phone(person: int) -> str:
    return f"00{(person * 7919) % 100_000_000:08d}" if person > 0 else _planted(person).phone


def email(person: int) -> str:
    if person <= 0:
        return _planted(person).email
    return f"nguoidan{person}@example.com" if person % 3 == 0 else ""


def address(person: int, place: str) -> str:
    return f"Số {person % 300 + 1}, {place}" if person > 0 else f"{_planted(person).street}, {place}"


def lookup_password(person: int) -> str:
    """The password the list of OpenCPS leaks in plain text."""
    return f"{(person * 104_729) % 1_000_000:06d}" if person > 0 else _planted(person).password


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
