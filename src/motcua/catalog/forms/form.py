"""One version of a form: its columns and what they are made of, its rows, its identities, and how it is laid out."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Literal

from pydantic import Field, model_validator

from motcua.catalog.forms.columns import Column, Identity, Term
from motcua.catalog.forms.display import Chart, Rate, Tile
from motcua.catalog.models import LEVELS, Entry, Level, Text
from motcua.catalog.options import ClosedModel
from motcua.errors import CatalogError
from motcua.percentage import percentage

TableCode = Literal["unit", "field", "level"]


class Section(ClosedModel):
    """A section of the form: the units of one level."""

    number: str
    level: Level
    vi: str
    en: str


class Form(Entry):
    """One version of a form, in force from `valid_from` on.

    `mark` stands in the corner of the page where there is no `form_no`. `tiles`, `rates` and `charts` head the page; a
    tile is a column's code, or says its own words. `one_day` refuses every other period. `tells_quarantine` adds what
    the sources' newest batches set aside. `working_days_ahead` is how far the window `days_ahead` reaches.

    What a column is made of is said here alone: `summands`, and what follows from it (`terms_of`, `counts`, `shares`).
    """

    report_code: str = ""
    form_no: str
    title_vi: str
    title_en: str
    legal_source: str
    counted_vi: str
    counted_en: str
    row_heading: Text  # what stands over the column of names
    tables: tuple[TableCode, ...]
    sections: tuple[Section, ...]
    columns: tuple[Column, ...] = Field(min_length=1)
    identities: tuple[Identity, ...] = ()
    mark: Text = Text(vi="Báo cáo", en="Report")
    tiles: tuple[str | Tile, ...] = ()
    rates: tuple[Rate, ...] = ()
    charts: tuple[Chart, ...] = ()
    working_days_ahead: int = Field(default=0, ge=0, le=20)
    one_day: bool = False
    tells_quarantine: bool = False

    @model_validator(mode="after")
    def _has_the_rows_it_prints(self) -> Form:
        if "unit" not in self.tables:
            raise ValueError("tables need `unit`: parts and maps of a period are told by unit")
        levels = [section.level for section in self.sections]
        if "level" in self.tables and set(levels) != set(LEVELS):
            raise ValueError("the table by level needs a section of each level")
        if levels and ("level" not in self.tables or len(set(levels)) != len(levels)):
            raise ValueError("sections are of one level each, and need the table by level for their sums")
        return self

    @model_validator(mode="after")
    def _names_known_columns(self) -> Form:
        codes = [column.code for column in self.columns]
        measured = {column.code for column in self.columns if column.is_measured}
        if len(set(codes)) != len(codes):
            raise ValueError("a column code stands twice")
        for column in self.columns:
            parts = (*column.plus, *column.minus)
            if len(set(parts)) != len(parts):
                raise ValueError(f"column {column.code} is made of one column twice")
            for other in parts:
                if other not in measured:
                    raise ValueError(f"column {column.code} is made of {other}, which no measure feeds")
        counted = set(self.column_codes)
        for column in self.columns:
            if column.percent and not {column.percent.of, column.percent.among} <= counted:
                raise ValueError(f"column {column.code} is a share of columns the form does not count")
        shown = {column for part in (*self.page_tiles, *self.rates, *self.charts) for column in part.columns}
        if unknown := shown - counted:
            raise ValueError(f"the page shows columns the form does not count: {', '.join(sorted(unknown))}")
        for identity in self.identities:
            for code in (identity.total, *identity.parts):
                if code not in counted:
                    raise ValueError(f"identity {identity.name} names the unknown column {code}")
        return self

    @property
    def record_kind(self) -> str:
        """The kind of record that its columns count."""
        measures = {measure for column in self.columns for term in column.terms for measure in term.measures}
        return "petition" if any(measure.startswith("petition_") for measure in measures) else "dossier"

    @property
    def column_codes(self) -> tuple[str, ...]:
        """The columns that count, in order; not the percentages."""
        return tuple(column.code for column in self.columns if column.percent is None)

    @property
    def page_tiles(self) -> tuple[Tile, ...]:
        """The tiles; one given as a column's code stands under that column's heading."""
        heading = {column.code: (" – ".join(column.vi), " – ".join(column.en)) for column in self.columns}
        return tuple(
            tile
            if isinstance(tile, Tile)
            else Tile(vi=heading.get(tile, (tile, tile))[0], en=heading.get(tile, (tile, tile))[1], count=(tile,))
            for tile in self.tiles
        )

    def needs_of(self, code: str) -> frozenset[str]:
        """Return the facts without which a counting column cannot be told: its own, and those of columns it adds up.

        Not those of columns it takes off: what a source cannot tell apart stays in the rest.
        """
        added = (part for part, sign in self.summands(code).items() if sign > 0)
        return frozenset(need for part in added for need in self._counting(part).needs)

    def summands(self, code: str) -> dict[str, int]:
        """Return the measured columns that a counting column adds up, each with its sign; itself if it is measured.

        Raises:
            CatalogError: the form has no such column, or it is a percentage.
        """
        column = self._counting(code)
        if column.is_measured:
            return {code: 1}
        return {**dict.fromkeys(column.plus, 1), **dict.fromkeys(column.minus, -1)}

    def terms_of(self, code: str) -> tuple[Term, ...]:
        """Return the terms a counting column comes down to, those of columns it takes off with their sign turned.

        Raises:
            CatalogError: as `summands`.
        """
        return tuple(
            term if sign > 0 else term.model_copy(update={"sign": -term.sign})
            for part, sign in self.summands(code).items()
            for term in self._counting(part).terms
        )

    @property
    def needing_opening(self) -> frozenset[str]:
        """The counting columns that cannot be told unless everything open before the period is known."""
        return frozenset(code for code in self.column_codes if any(term.needs_opening for term in self.terms_of(code)))

    def counts(self, measured: Mapping[str, int]) -> dict[str, int]:
        """Return every counting column from the measured ones; a measured one that is not given is 0."""
        return {
            code: sum(sign * measured.get(part, 0) for part, sign in self.summands(code).items())
            for code in self.column_codes
        }

    def _counting(self, code: str) -> Column:
        for column in self.columns:
            if column.code == code and column.percent is None:
                return column
        raise CatalogError(
            f"Report {self.report_code} counts no column {code!r}.",
            action=f"name one of {', '.join(self.column_codes)}.",
        )

    def shares(self, counts: Mapping[str, int], untold: Set[str] = frozenset()) -> dict[str, str]:
        """Return the percentages as `45.54`, blank where there is nothing to divide or a count of it is untold."""
        shares = {}
        for column in self.columns:
            if column.percent is not None:
                part, whole = column.percent.of, column.percent.among
                share = None if {part, whole} & untold else percentage(counts[part], counts[whole])
                shares[column.code] = "" if share is None else str(share)
        return shares
