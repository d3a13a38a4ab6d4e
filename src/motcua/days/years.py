"""Years: what the working calendar of each year was read from, and which years nobody has looked at.

A year without an entry still has its weekends and the public holidays that the `holidays` library computes. The days
that a decision of that year moves are missing, so a due day in it may be wrong.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from pydantic import Field, model_validator

from motcua.catalog import catalog_file
from motcua.catalog.load import read_document
from motcua.catalog.models import Text
from motcua.catalog.options import ClosedModel


class CalendarYear(ClosedModel):
    """What the calendar of a year was read from. `is_read`: somebody read the decision itself, not what cites it."""

    year: int = Field(ge=2000, le=2100)
    is_read: bool
    evidence: str = Field(min_length=1)

    @property
    def text(self) -> Text:
        """Say what the calendar of the year was read from."""
        if self.is_read:
            return Text(
                vi=f"Lịch làm việc năm {self.year}: theo {self.evidence}",
                en=f"Working calendar of {self.year}: {self.evidence}",
            )
        return Text(
            vi=f"Lịch làm việc năm {self.year}: chưa đọc văn bản gốc; theo {self.evidence}",
            en=f"Working calendar of {self.year}: the decision itself was not read; from {self.evidence}",
        )


class CalendarYears(ClosedModel):
    """The file `calendar/years.yaml`."""

    years: tuple[CalendarYear, ...]

    @model_validator(mode="after")
    def _names_a_year_once(self) -> CalendarYears:
        named = [entry.year for entry in self.years]
        if len(set(named)) != len(named):
            raise ValueError("a year stands twice")
        return self


@lru_cache(maxsize=4)
def calendar_years(catalog_dir: Path) -> dict[int, CalendarYear]:
    """Return the years of a catalogue; one without the file uses the file of the shipped catalogue.

    Raises:
        CatalogError: the file is wrong. The message names the line.
    """
    path = catalog_file(catalog_dir, "calendar", "years.yaml")
    return {entry.year: entry for entry in read_document(path, CalendarYears).years}


def years_told(catalog_dir: Path, first: date, last: date) -> list[Text]:
    """Say, for each year from `first` to `last`, what its calendar was read from, or that it is not known."""
    known = calendar_years(catalog_dir)
    return [known[year].text if year in known else _not_known(year) for year in range(first.year, last.year + 1)]


def years_not_known(catalog_dir: Path, first: date, last: date) -> list[Text]:
    """Say which years from `first` to `last` have no calendar in the catalogue; nothing where all have one."""
    known = calendar_years(catalog_dir)
    return [_not_known(year) for year in range(first.year, last.year + 1) if year not in known]


def _not_known(year: int) -> Text:
    return Text(
        vi=f"Lịch làm việc năm {year} chưa có trong danh mục (calendar/years.yaml): ngày hoán đổi, nghỉ bù chưa được"
        " tính, ngày hẹn có thể sai",
        en=f"The working calendar of {year} is not in the catalogue (calendar/years.yaml): days that its decision moves"
        " are not counted, due days may be wrong",
    )
