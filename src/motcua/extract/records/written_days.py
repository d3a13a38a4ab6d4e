"""Days as an office writes them: in which order a text gives day and month, and whether another order reads it too."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from motcua.extract.records import instants

DAY_FIRST, MONTH_FIRST = "dM", "Md"
OTHER = {DAY_FIRST: MONTH_FIRST, MONTH_FIRST: DAY_FIRST}
MONTHS = 12
_TEXT = re.compile(r"(?<!\d)(\d{1,4})([/.-])(\d{1,2})\2(\d{4}|\d{1,2})(?!\d)")
_FORMAT = re.compile(r"(yyyy|yy|dd?|MM?)([/.-])(dd?|MM?)\2(yyyy|yy|dd?|MM?)")
Months = set[tuple[int, int]]
Days = Mapping[Any, str]  # dates and `Written`, each with the first place where it stands
Proofs = Mapping[str, Sequence["Written"]]


class Form(NamedTuple):
    """How a text writes a day: whether the year comes first, and what parts it."""

    is_year_first: bool
    mark: str


class Written(NamedTuple):
    """A day as text: its form, and the two numbers beside the year in the order in which they stand."""

    form: Form
    first: int
    second: int
    year: int

    def read(self, order: str) -> date | None:
        """Return the day in an order; None where there is none, as in no order."""
        if not order:
            return None
        day, month = (self.first, self.second) if order == DAY_FIRST else (self.second, self.first)
        return _day(self.year, month, day)

    def __str__(self) -> str:
        numbers = f"{self.first:02}{self.form.mark}{self.second:02}"
        return (
            f"{self.year}{self.form.mark}{numbers}"
            if self.form.is_year_first
            else f"{numbers}{self.form.mark}{self.year}"
        )


def classifier(formats: Sequence[str]) -> Callable[[Any], Any]:
    """Return the function that says what of a value matters: a date, a `Written`, or nothing."""
    serial = instants.reader(("excel",)) if "excel" in formats else None
    is_year_first = any(match[1] == "yy" for match in map(_FORMAT.search, formats) if match)

    def classify(value: Any) -> date | Written | None:
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if isinstance(value, str):
            return _written(value, is_short_year_first=is_year_first)
        read = serial(value) if serial else None
        return read.date() if read else None

    return classify


def _written(text: str, *, is_short_year_first: bool) -> Written | None:
    match = _TEXT.search(text)
    if match is None:
        return None
    one, mark, two, three = match.groups()
    is_year_first = len(one) == len("yyyy") or (is_short_year_first and len(one) == len(three) == len("yy"))
    if not is_year_first and (len(one) > 2 or len(three) == 1):
        return None
    year, first, second = (one, two, three) if is_year_first else (three, one, two)
    if is_year_first and len(second) > len("dd"):
        return None
    return Written(
        Form(is_year_first, mark),
        int(first),
        int(second),
        instants.full_year(int(year)) if len(year) == len("yy") else int(year),
    )


def orders_of(formats: Iterable[str]) -> dict[Form, str]:
    """Return in which order a text of each form is read: the first format of that form decides."""
    orders: dict[Form, str] = {}
    for name in formats:
        if name in ("iso", "iso_fake_z"):
            orders.setdefault(Form(True, "-"), MONTH_FIRST)
        elif match := _FORMAT.search(name):
            letters = [match[1], match[3], match[4]]
            is_year_first = letters[0][0] == "y"
            order = "".join(letter[0] for letter in letters if letter[0] != "y")
            orders.setdefault(Form(is_year_first, match[2]), order)
    return orders


def texts_of(table: Days, form: Form) -> Iterator[tuple[Written, str]]:
    """Return the texts of a form with their first places."""
    return ((text, place) for text, place in table.items() if isinstance(text, Written) and text.form == form)


def is_open(text: Written) -> bool:
    """Return whether both orders read a text, as different days."""
    return text.first != text.second and max(text.first, text.second) <= MONTHS


def proven(text: Written) -> str | None:
    """Return the only order that reads a text; None where both do, or none."""
    orders = [order for order in OTHER if text.read(order)]
    return orders[0] if len(orders) == 1 else None


def proofs_of(table: Days, form: Form) -> dict[str, list[Written]]:
    """Return the texts of a form that only one order reads, by that order."""
    proofs: defaultdict[str, list[Written]] = defaultdict(list)
    for text, _ in texts_of(table, form):
        if order := proven(text):
            proofs[order].append(text)
    return dict(proofs)


def is_left(text: Any) -> bool:
    """Return whether a program of some locale cannot take a text for a day. Every locale takes 2025-10-15 for one."""
    if not isinstance(text, Written):
        return False
    order = proven(text)
    return order == DAY_FIRST or (order == MONTH_FIRST and not text.form.is_year_first)


def may_be_turned(day: date) -> bool:
    """Return whether a day is another day when its day and month change places."""
    return day.day <= MONTHS and day.day != day.month


def sure_months(table: Days) -> Months:
    """Return the months of the days that only one order can read."""
    days: set[date | None] = set()
    for each in table:
        if isinstance(each, Written):
            order = proven(each)
            days.add(each.read(order) if order else each.read(DAY_FIRST) if each.first == each.second else None)
        elif each.day > MONTHS or each.day == each.month:
            days.add(each)
    return {(day.year, day.month) for day in days if day}


def with_neighbours(months: Months) -> Months:
    """Return months with the one before and the one after each."""
    counted = {year * MONTHS + month - 1 + by for year, month in months for by in (-1, 0, 1)}
    return {(count // MONTHS, count % MONTHS + 1) for count in counted}


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def is_right(day: date | None, months: Months, around: Months | None = None) -> bool:
    """Return whether a day is of some months as it stands, and turned round it is of none of them, nor of `around`."""
    if day is None:
        return False
    return (day.year, day.month) in months and (day.year, day.day) not in (around or months)
