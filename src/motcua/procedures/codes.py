"""Procedure codes as they are written (domain.md section 6.1). Only this module removes the suffix of a code."""

from __future__ import annotations

import re

NATIONAL = r"[1-9]\.\d{6}"
_SPLIT_NATIONAL = re.compile(rf"({NATIONAL})(?:\.(.+))?")
_SPLIT_LOCAL = re.compile(r"([A-Za-z0-9_]+)\.(\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})")


def split_procedure(code: str | None) -> tuple[str | None, str | None]:
    """Split a procedure code into the national (or local) code and the unit suffix; None for a part it does not have.

    `1.004082.000.00.00.H58`, `1.000948.H38` and `1.001193` are national codes; `TS_lop1.000.00.00.H22` is a local code
    of one system.
    """
    if code is None:
        return None, None
    if match := _SPLIT_NATIONAL.fullmatch(code) or _SPLIT_LOCAL.fullmatch(code):
        return match[1], match[2]
    return code, None
