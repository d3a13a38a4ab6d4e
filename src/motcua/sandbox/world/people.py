"""Invented applicants. The same number is always the same person; 0 is the canary, and negative numbers are the planted
identities.

They cannot match real people: identity numbers start with 999, which is not the code of a province; no subscriber
number starts with 00; and example.com is reserved.
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
    """Return the name in upper case, as OpenCPS serialises it."""
    if person <= 0:
        return _planted(person).name
    family, rest = divmod(person, len(_MIDDLE))
    given, family = family % len(_GIVEN), family // len(_GIVEN)
    return f"{_SURNAMES[family % len(_SURNAMES)]} {_MIDDLE[rest]} {_GIVEN[given]}"


def identity_number(person: int) -> str:
    """Return twelve digits in the form of a citizen identity number; empty for some applicants."""
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
    """Return the look-up password, which the list endpoint of OpenCPS exposes in plain text."""
    return f"{(person * 104_729) % 1_000_000:06d}" if person > 0 else _planted(person).password


def note(person: int) -> str:
    """Return free text with a person's name and telephone, which a list of field names would not find."""
    if person > 0 and person % 11:
        return ""
    return f"Nộp thay ông/bà {name(person)}, điện thoại {phone(person)}"


def summary(person: int) -> str:
    """Return the summary that the officer entered, which often has the applicant's name."""
    return f"Hồ sơ của {name(person)}" if person < 0 or person % 5 == 0 else ""


def birthday(person: int) -> int:
    """Return the local midnight of the day of birth, in seconds."""
    return (person * 37 % 18_000 + 100) * 86_400


def is_business(person: int) -> bool:
    return person % 13 == 5


def uses_post(person: int) -> bool:
    """Return whether the dossier is submitted or its result is returned by public post."""
    return person % 17 == 3
