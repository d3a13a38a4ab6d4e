"""Invented people planted in every one-stop system, so that tests can search all outputs of a run for them.

None of their strings may be found outside the sandbox: personal data must not leave the extractor (design.md idea 7).
They cannot match real people: identity numbers start with 998 and 999, which are not codes of provinces; no subscriber
number starts with 00; and example.com is reserved.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cache

PLANTED = 500


@dataclass(frozen=True)
class Identity:
    """A person as written in the payloads. Name and telephone are also written in free text."""

    name: str
    phone: str
    id_number: str
    email: str
    street: str
    password: str

    @property
    def strings(self) -> tuple[str, ...]:
        return astuple(self)


CANARY_NAME = "HUỲNH THỊ KIM TƯỚC BẠCH"
CANARY_PHONE = "0067890123"
CANARY_ID_NUMBER = "999084777123"
CANARY_EMAIL = "kim.tuoc.bach@example.com"
CANARY_PASSWORD = "mat-khau-6jq2"  # noqa: S105  the plaintext look-up password of an invented dossier
CANARY_STREET = "Hẻm Kim Tước 6jq2"
CANARY = Identity(CANARY_NAME, CANARY_PHONE, CANARY_ID_NUMBER, CANARY_EMAIL, CANARY_STREET, CANARY_PASSWORD)
CANARY_STRINGS = (CANARY_NAME, CANARY_PHONE, CANARY_ID_NUMBER, CANARY_EMAIL, CANARY_PASSWORD)
"""The strings of the canary. The name is also written in free text, where no list of fields would find it."""

_FIRST = (
    "DIỄM", "HUYỀN", "KHUÊ", "LỆ", "MỘNG", "NGUYỆT", "NHÃ", "OANH", "PHỤNG", "QUỲNH", "SƯƠNG", "THỤC", "TỊNH", "TRÚC",
    "TƯỜNG", "UYỂN", "VÂN", "VỸ", "XUYẾN", "ÁI",
)  # fmt: skip
_SECOND = (
    "BĂNG", "CẦM", "CHÂU", "DUYÊN", "ĐÀO", "HẰNG", "HOA", "HƯƠNG", "KHANH", "LOAN", "LY", "MẪN", "MY", "NGÀ", "NHƯ",
    "PHƯỢNG", "QUẾ", "SEN", "THOA", "THU", "TIÊN", "TRÂM", "TUYỀN", "VY", "YÊN",
)  # fmt: skip


@cache
def identities(count: int = PLANTED) -> tuple[Identity, ...]:
    """Return the first `count` planted people, at most 500. No two people share a string."""
    if count > len(_FIRST) * len(_SECOND):
        raise ValueError(f"there are {len(_FIRST) * len(_SECOND)} planted identities, not {count}")
    return tuple(
        Identity(
            name=f"CÔNG TẰNG TÔN NỮ {_FIRST[n // len(_SECOND)]} {_SECOND[n % len(_SECOND)]}",
            phone=f"0068{(n * 7919 + 104_729) % 1_000_000:06d}",
            id_number=f"998084{(n * 104_729 + 7919) % 1_000_000:06d}",
            email=f"ton.nu.{n:03d}.canary@example.com",
            street=f"Số {n} Đường Ngô Đồng Xác Xơ",
            password=f"mk-tonnu-{n:03d}",
        )
        for n in range(count)
    )
