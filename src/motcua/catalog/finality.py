"""What an edition must meet to be final, and what it goes without, typed.

`finality.yaml`, `waivers.yaml` and `without_source.yaml` of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from motcua.catalog.load import catalog_file, read_document
from motcua.catalog.models import Entry, Text
from motcua.catalog.options import ClosedModel
from motcua.place import Place
from motcua.settings import TIMEZONE

_WORD = re.compile(r"[^\W\d_]{2,}")

LineCode = Literal[
    "period_over",
    "units_have_sources",
    "sources_answered",
    "openings_known",
    "no_batch_held",
    "everything_read",
    "read_as_stated",
    "nothing_set_aside",
    "nothing_missing",
    "keys_mean_one",
    "identities_hold",
    "measures_agree",
]


class ChecklistLine(Text):
    """One thing that an edition must meet; `code` names how it is judged (`motcua.publish.edition.checklist`)."""

    code: LineCode


class WaiverCaps(ClosedModel):
    """The largest shares of records that may be waived, of one unit and of a province; above either there is no final.

    A share is one of all records of the period, so in a unit with 3 records one is 33.33 %.
    """

    unit_pct: Decimal = Field(default=Decimal(0), ge=0, le=100)
    province_pct: Decimal = Field(default=Decimal(0), ge=0, le=100)


class Finality(ClosedModel):
    """The whole file: the lines in the order in which they are printed, and how much may be waived."""

    lines: tuple[ChecklistLine, ...] = Field(min_length=1)
    waivers: WaiverCaps = WaiverCaps()

    @model_validator(mode="after")
    def _each_line_stands_once(self) -> Finality:
        codes = [line.code for line in self.lines]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"the line {twice[0]} stands twice")
        return self


def record_name(agency_code: str, record_id: str | None, place: Place | None) -> str:
    """Return what people call a record that is set aside: by its id, or without one by the row in which it stands."""
    if record_id is None and place is not None:
        return f"{agency_code}: {place}"
    return f"{agency_code}/{record_id or ''}"


class Waiver(ClosedModel):
    """One record that is set aside and of which somebody decided that an edition may be final without it.

    It holds while the record breaks no other critical rules than those named. V0 is named with the field that was not
    read (`V0 due_at`), because a waiver for one field says nothing of another. A record is named by `record_id`, or one
    without an id by `file`, `row`, of a workbook `sheet`, and when the file was `saved`: one that was saved at another
    time may have another record in that row. `motcua quarantine show` prints the entry.
    """

    source_id: str = Field(min_length=1)
    agency_code: str = Field(min_length=1)
    record_id: str | None = None
    file: str | None = None
    sheet: str | None = None
    row: int | None = Field(default=None, ge=1)
    saved: datetime | None = None
    rules: tuple[str, ...] = Field(min_length=1)
    reason: str = Field(min_length=10)
    person: str = Field(min_length=2)
    day: date

    @model_validator(mode="after")
    def _names_one_record(self) -> Waiver:
        if bool(self.record_id) == bool(self.file and self.row) or (
            self.record_id and (self.sheet or self.row or self.saved)
        ):
            raise ValueError(
                "a record is named by record_id, or one without an id by file, row, saved and, of a workbook, sheet:"
                " `motcua quarantine show ID` prints them"
            )
        return self

    @property
    def record(self) -> str:
        """The record that it names, for people."""
        place = Place(self.file, self.sheet, self.row) if self.file and self.row else None
        return record_name(self.agency_code, self.record_id, place)

    def names(self, source_id: str, agency_code: str, record_id: str | None, place: Place | None) -> bool:
        """Return whether it names this record, whatever the record broke."""
        if (self.source_id, self.agency_code, self.record_id) != (source_id, agency_code, record_id):
            return False
        if record_id is not None:
            return True
        if place is None or (self.file, self.sheet, self.row) != (place.file, place.sheet, place.row):
            return False
        return (f"{self.saved:%Y-%m-%d %H:%M:%S}" if self.saved else "") == place.saved

    @model_validator(mode="after")
    def _says_what_a_reader_can_judge(self) -> Waiver:
        if "V0" in self.rules:
            raise ValueError("V0 stands with the field that was not read, such as `V0 due_at`")
        if len(_WORD.findall(self.reason)) < 2 or not _WORD.search(self.person):
            raise ValueError("reason and person are words that a reader of the edition can judge")
        if self.day > datetime.now(ZoneInfo(TIMEZONE)).date():
            raise ValueError(f"its day, {self.day}, has not come")
        return self


class Waivers(ClosedModel):
    """The whole file, which is reviewed like any other of the catalogue. Nothing but a person writes it."""

    waivers: tuple[Waiver, ...] = ()

    @model_validator(mode="after")
    def _each_record_stands_once(self) -> Waivers:
        records = [(one.source_id, one.record) for one in self.waivers]
        if twice := sorted({record for record in records if records.count(record) > 1}):
            raise ValueError(f"the record {'/'.join(twice[0])} is waived twice")
        return self

    def of(
        self,
        source_id: str,
        agency_code: str,
        record_id: str | None,
        grounds: Iterable[str],
        place: Place | None = None,
    ) -> Waiver | None:
        """Return the waiver that covers every ground on which a record is set aside, or none."""
        for one in self.waivers:
            if one.names(source_id, agency_code, record_id, place):
                return one if set(grounds) <= set(one.rules) else None
        return None


class WithoutSource(Entry, Text):
    """A unit of which it is known that it has no source on these days, with the reason, which editions print.

    With `with_all_below` it says so also of every unit below that has none.
    """

    unit_id: str = Field(min_length=1)
    with_all_below: bool = False
    vi: str = Field(min_length=10)
    en: str = Field(min_length=10)


class UnitsWithoutSource(ClosedModel):
    """The whole file. A unit in force without a source that it does not name keeps an edition from being final."""

    units: tuple[WithoutSource, ...] = ()

    def of(self, line: Sequence[str], first: date, last: date) -> WithoutSource | None:
        """Return the entry that holds for a unit on all of these days, or none.

        Args:
            line: the unit, then all above it.
        """
        for one in self.units:
            is_named = one.unit_id == line[0] or (one.with_all_below and one.unit_id in line)
            if is_named and one.holds_on(first) and one.holds_on(last):
                return one
        return None


@lru_cache(maxsize=4)
def load_without_source(catalog_dir: Path) -> UnitsWithoutSource:
    """Return the units without a source; none where there is no file. Raises CatalogError naming file and line."""
    path = catalog_dir / "without_source.yaml"
    return read_document(path, UnitsWithoutSource) if path.exists() else UnitsWithoutSource()


@lru_cache(maxsize=4)
def load_waivers(catalog_dir: Path) -> Waivers:
    """Return the waivers of a catalogue; none where it has no file. Raises CatalogError naming file and line."""
    path = catalog_dir / "waivers.yaml"
    return read_document(path, Waivers) if path.exists() else Waivers()


@lru_cache(maxsize=4)
def load_finality(catalog_dir: Path) -> Finality:
    """Return the checklist of a catalogue, or the shipped one. Raises CatalogError naming file and line."""
    return read_document(catalog_file(catalog_dir, "", "finality.yaml"), Finality)
