"""Looks up each distinct code and day of a frame once: records are many, what they name is little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


class Distinct(NamedTuple):
    """The distinct keys of a frame's rows: `keys[of_row[n]]` is the key of the n-th of `rows`, which have one."""

    keys: list[tuple[Any, ...]]
    rows: NDArray[np.int64]
    of_row: NDArray[np.int64]


def distinct(frame: pd.DataFrame, column: str, *more: tuple[NDArray[np.int64], Any]) -> Distinct:
    """Return each distinct code, reference day and value of `more` (numbers, what they stand for): records are many."""
    import pandas as pd

    parts: list[tuple[Any, Any]] = [pd.factorize(frame[name]) for name in (column, "reference_on")]
    days = [day.date() for day in pd.DatetimeIndex(parts[1][1])]
    parts = [parts[0], (parts[1][0], days), *more]
    rows = np.flatnonzero(np.logical_and.reduce([numbers >= 0 for numbers, _ in parts]))
    if not rows.size:
        return Distinct([], rows, rows)
    shape = tuple(len(values) for _, values in parts)
    used, of_row = np.unique(
        np.ravel_multi_index(tuple(numbers[rows] for numbers, _ in parts), shape), return_inverse=True
    )
    places = zip(*np.unravel_index(used, shape), strict=True)
    keys = [tuple(values[place] for (_, values), place in zip(parts, key, strict=True)) for key in places]
    return Distinct(keys, rows, of_row)


def by_code_and_day(frame: pd.DataFrame, column: str, look_up: Any, of: str) -> pd.Series[Any]:
    """Look up each distinct code and reference day once for each value of another column."""
    import pandas as pd

    found_keys = distinct(frame, column, pd.factorize(frame[of]))
    answers = np.full(len(found_keys.keys), None, dtype=object)
    for place, key in enumerate(found_keys.keys):
        answers[place] = look_up(*key)
    found = np.full(len(frame), None, dtype=object)
    found[found_keys.rows] = answers[found_keys.of_row]
    return pd.Series(found, index=frame.index, dtype=object)
