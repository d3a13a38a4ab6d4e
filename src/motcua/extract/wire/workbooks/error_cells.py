"""What the reader of workbooks does not tell: which cells are unread, and from which day a workbook counts days.

The reader gives a cell with an error, or with a formula without a stored value, as an empty one. An empty due date is
none, and none counts as on time, so a cell that could not be worked out must not be taken for empty.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from motcua.extract.error_texts import NO_DAY
from motcua.extract.wire.workbooks.ods_errors import ods_errors
from motcua.extract.wire.workbooks.xls_errors import xls_errors
from motcua.extract.wire.workbooks.xlsx_errors import xlsx_errors

DAY_ZERO = date(1899, 12, 30)  # of a workbook that does not say otherwise
_SERIALS = (1, 2_958_466)  # 1900-01-01 to 9999-12-31


@dataclass(frozen=True)
class NotTold:
    """Of a workbook: by sheet, the text of each unread cell by its row and column, both from 1; and day 0 of its days.

    Cells that have a day as their format are read right whatever day 0 is; plain numbers that a mapping reads as days
    are not (`serial_day`).
    """

    unread: Mapping[str, Mapping[tuple[int, int], str]]
    day_zero: date = DAY_ZERO


def not_told(body: bytes, sheets: Sequence[str]) -> NotTold:
    """Return what the reader does not tell of a workbook.

    Args:
        body: the file.
        sheets: the names of its sheets, in their order, as the reader has them.

    Raises:
        ValueError: it cannot be told which cells are unread.
    """
    if not body.startswith(b"PK"):
        by_number, day_zero = xls_errors(body)
        return NotTold(_named(by_number, sheets), day_zero)
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            if "content.xml" in archive.namelist():
                by_number, day_zero = ods_errors(archive)
                return NotTold(_named(by_number, sheets), day_zero)
            return NotTold(*xlsx_errors(archive))
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"it cannot be unpacked: {error}") from None


def _named(by_number: Sequence[Mapping[tuple[int, int], str]], sheets: Sequence[str]) -> dict[str, Any]:
    if not any(by_number):
        return {name: {} for name in sheets}
    if len(by_number) != len(sheets):
        raise ValueError(f"it has {len(sheets)} sheets, and {len(by_number)} were found")
    return dict(zip(sheets, by_number, strict=True))


def serial_day(value: Any, day_zero: date) -> Any:
    """Return a plain number of days as Excel counts them from 1900, where the workbook counts from another day.

    A text of digits is unread: it may have been copied from a workbook of either kind. Other values stay as they are.
    """
    if day_zero == DAY_ZERO or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return NO_DAY if value.replace(".", "", 1).isdecimal() and len(value.split(".")[0]) <= 6 else value
    if isinstance(value, int | float) and _SERIALS[0] <= value < _SERIALS[1]:
        return value + (day_zero - DAY_ZERO) // timedelta(days=1)
    return value
