"""Electronic identification codes of units (QĐ 20/2020/QĐ-TTg) in all their spellings.

In: a code as a source or a person wrote it. Out: its normal form, `H48.53`, and the sort order. Never: the unit that a
code means; that depends on the day and is found with the catalogue (`motcua.units.codes`).
"""

from __future__ import annotations

import re

from motcua.spelling import tidy

# V1V2V3.Z1Z2.Y1Y2.MX1X2 in the older order: fourth, third, second and first level (TT 01/2018/TT-VPCP Điều 19).
_OLDER = re.compile(r"(\d{3})\.(\d{2})\.(\d{2})\.([A-Z]\d{2})", re.ASCII)
_NEWER = re.compile(r"[A-Z]\d{2}(?:\.\d{2,3}){0,4}", re.ASCII)


def normal_form(text: str) -> str | None:
    """Return the normal form of an electronic code: H48.53 for `000.00.53.H48`, H37 for `000.00.00.h37`.

    Levels at the end that are all zeros do not exist and are left out. Any other text gives None.
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
    """Return a sort key for codes in normal form that gives the official order: H44.13 before H44.129."""
    return tuple(level.zfill(3) for level in code.split("."))
