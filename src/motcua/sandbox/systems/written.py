"""Formats many instants as text at once. Each day and each second of a day is formatted only once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from motcua.sandbox.world.working_days import DAY_SECONDS, Ints, day_of_number

_EPOCH = datetime(1970, 1, 1)


class DayTexts(dict[int, str]):
    """Day numbers as text in one format; each is formatted once."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def __missing__(self, day: int) -> str:
        text = self[day] = day_of_number(day).strftime(self._pattern)
        return text


class Writer:
    """Formats seconds of local time (0 is none): the `days` pattern gives the date, the `times` pattern the time."""

    def __init__(self, days: str, times: str, nothing: str | None) -> None:
        self._days = DayTexts(days)
        self._times = [times.format(second // 3600, second // 60 % 60, second % 60) for second in range(DAY_SECONDS)]
        self._nothing = nothing

    def __call__(self, values: Ints) -> list[str | None]:
        texts, times, nothing = self._days, self._times, self._nothing
        days, seconds = np.divmod(values, DAY_SECONDS)
        return [
            texts[day] + times[second] if day else nothing
            for day, second in zip(days.tolist(), seconds.tolist(), strict=True)
        ]


def moments(values: Ints) -> Sequence[datetime | None]:
    """Return the instants as Python datetimes without a time zone; None for 0."""
    return [_EPOCH + timedelta(seconds=value) if value else None for value in values.tolist()]
