"""The texts that stand in a cell in the place of a value that could not be worked out: `#REF!`, `Err:502`, `####`.

Such a cell is unread: never empty, never a word of an office, whether a workbook holds it or a CSV that was saved from
one. ECMA-376 part 1, section 18.17.3 (error constants) and the values added since; OpenDocument 1.3 part 4, section
4.6; `Err:` and a number is what LibreOffice shows. `####` is what Excel shows, and writes into a CSV, where a column is
too narrow for its day.
"""

from __future__ import annotations

import re
from typing import Any

NOT_WORKED_OUT = "#FORMULA?"  # ours: a formula without a stored value, or one that stands there as text
NO_DAY = "#DAY?"  # ours: a number of days whose first day is not known
NO_PART = "#PART?"  # ours: columns that make no value together (`made` of a mapping)
MERGED = "#MERGED?"  # ours: a cell under a merged one, of which nothing says that its value is meant for it
NOT_ABOVE = "#ABOVE?"  # ours: an empty cell to be filled from above, with nothing above it
NOT_LISTED = "#ROW?"  # ours: in a row of which the catalogue does not say whether it is one of the source's
NOT_TEXT = "#TEXT?"  # ours: a letter that the old font of its file does not have
ERRORS = (
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA", "#SPILL!", "#CALC!", "#FIELD!",
    "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#PYTHON!", "#EXTERNAL!", "#TIMEOUT!", "#ERROR!",
    NOT_WORKED_OUT, NO_DAY, NO_PART, MERGED, NOT_ABOVE,
    NOT_LISTED, NOT_TEXT,
)  # fmt: skip
_ERROR = re.compile(rf"\s*(?:{'|'.join(map(re.escape, ERRORS))}|Err:\s?\d{{3,5}}|#+)\s*", re.IGNORECASE)
FIRST = frozenset("#eE \t\n\u00a0")  # what such a text begins with
_FORMULA = re.compile(r"""=\s*[\w@"'(\[{$+-].*""", re.DOTALL)


def is_error(value: Any) -> bool:
    """Return whether a value is the text of an error."""
    return type(value) is str and value[:1] in FIRST and _ERROR.fullmatch(value) is not None


def is_formula(text: str) -> bool:
    """Return whether a text is a formula that was never worked out, as in a column that is formatted as text."""
    return text[:1] == "=" and _FORMULA.match(text) is not None
