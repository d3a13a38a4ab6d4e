"""Looks up each distinct code and day of a frame once: there are many records but few distinct values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


class Distinct(NamedTuple):
    """The distinct keys of a frame. `rows` are the rows with a key; the n-th of them has the key `keys[of_row[n]]`."""

    keys: list[tuple[Any, ...]]
    rows: NDArray[np.int64]
    of_row: NDArray[np.int64]


def distinct(frame: pd.DataFrame, column: str, *more: tuple[NDArray[np.int64], Any]) -> Distinct:
    """Return each distinct code, reference day and value of `more`, whose items are (codes, values) of `factorize`."""
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
    """Return `look_up` for every row, called once for each code, reference day and value of the column `of`."""
    import pandas as pd

    used = distinct(frame, column, pd.factorize(frame[of]))
    results = np.full(len(used.keys), None, dtype=object)
    for position, key in enumerate(used.keys):
        results[position] = look_up(*key)
    by_row = np.full(len(frame), None, dtype=object)
    by_row[used.rows] = results[used.of_row]
    return pd.Series(by_row, index=frame.index, dtype=object)
