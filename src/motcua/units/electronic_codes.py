"""Electronic identification codes of units (QĐ 20/2020/QĐ-TTg) in all their spellings.

In: what a source or a person wrote. Out: one form, `H48.53`, its parts, their order. Never: what a code means; that
depends on the day and stands in the catalogue (`motcua.units.codes`).
"""

from __future__ import annotations

import re

from motcua.spelling import tidy

# V1V2V3.Z1Z2.Y1Y2.MX1X2 of the older order: the fourth, third, second and first level (TT 01/2018/TT-VPCP Điều 19).
_OLDER = re.compile(r"(\d{3})\.(\d{2})\.(\d{2})\.([A-Z]\d{2})", re.ASCII)
_NEWER = re.compile(r"[A-Z]\d{2}(?:\.\d{2,3}){0,4}", re.ASCII)


def normal_form(text: str) -> str | None:
    """Return the one form of an electronic code: H48.53 of `000.00.53.H48`, H37 of `000.00.00.h37`; none if it is none.

    Levels that are all zeros at the end say that there is no such level, and are left out.
    """
    code = tidy(text).replace(" ", "").upper()
    if older := _OLDER.fullmatch(code):
        code = ".".join(reversed(older.groups()))
    elif not _NEWER.fullmatch(code):
        return None
    levels = code.split(".")
    while not levels[-1].strip("0"):
        levels.pop()
    return ".".join(levels)


def order(code: str) -> tuple[str, ...]:
    """Return what sorts codes in normal form as the list does: H44.13 before H44.129, which as text come in reverse."""
    return tuple(level.zfill(3) for level in code.split("."))
