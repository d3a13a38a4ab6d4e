"""How the page of a form is headed: figures in large print, rates by level, charts. Each names columns of the form."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from motcua.catalog.options import ClosedModel

Columns = Annotated[tuple[str, ...], Field(min_length=1)]


class Share(ClosedModel):
    """A share of sums of columns, named in both languages: shown with its counts, never alone."""

    vi: str
    en: str
    of: Columns
    among: Columns

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it is made of."""
        return (*self.of, *self.among)


class Tile(ClosedModel):
    """A figure of the total row in large print: a sum of columns, with a share under it where one is named."""

    vi: str
    en: str
    count: Columns
    share: Share | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it is made of."""
        return (*self.count, *(self.share.columns if self.share else ()))


class Rate(Share):
    """A share shown for each level; `code` names it in the page's markup."""

    code: str = Field(pattern=r"^[a-z_]+$")


class Bar(ClosedModel):
    """One bar of a chart: a column and what it is called there."""

    column: str
    vi: str
    en: str


class _ChartBase(ClosedModel):
    code: str = Field(pattern=r"^[a-z_]+$")
    vi: str
    en: str


class CountsByLevel(_ChartBase):
    """Counts side by side for each level."""

    kind: Literal["counts_by_level"]
    bars: tuple[Bar, ...] = Field(min_length=1, max_length=4)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it is made of."""
        return tuple(bar.column for bar in self.bars)


class ShareByLevel(_ChartBase):
    """A share for each level."""

    kind: Literal["share_by_level"]
    of: Columns
    among: Columns

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it is made of."""
        return (*self.of, *self.among)


class MostByUnit(_ChartBase):
    """The units with most of something; drawn where some unit has any."""

    kind: Literal["most_by_unit"]
    column: str
    colour: Literal["blue", "amber", "red"] = "blue"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it is made of."""
        return (self.column,)


Chart = Annotated[CountsByLevel | ShareByLevel | MostByUnit, Field(discriminator="kind")]
