"""What heads the page of an edition, as its form says: figures in large print, and rates by level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from motcua.publish.edition.content import Content, table_rows
from motcua.publish.files.layout import Line, lines


@dataclass(frozen=True)
class Fraction:
    """Two sums of columns; none of what no source tells."""

    part: int | None
    whole: int | None


@dataclass(frozen=True)
class Highlight:
    """A figure in large print, none where no source tells it; its change from the period before, and its share."""

    vi: str
    en: str
    count: int | None
    change: int | None
    share: Fraction | None
    share_vi: str = ""
    share_en: str = ""


@dataclass(frozen=True)
class RateLine:
    """A line of the table by level, with its rates by code."""

    line: Line
    rates: Mapping[str, Fraction]


def highlights(content: Content) -> Iterator[Highlight]:
    """Yield the tiles of an edition, from its total row."""
    total = table_rows(content, "total")[0]["figures"]
    changes: Mapping[str, int] = next((row["figures"] for row in table_rows(content, "total_change")), {})
    for tile in content["display"]["tiles"]:
        share = tile.get("share")
        yield Highlight(
            tile["vi"],
            tile["en"],
            summed(total, tile["count"]),
            summed(changes, tile["count"]),
            fraction(total, share) if share else None,
            share["vi"] if share else "",
            share["en"] if share else "",
        )


def rate_lines(content: Content) -> list[RateLine]:
    """Return the rates of an edition by level, with the counts they are made of; none where its form names none."""
    rates = content["display"]["rates"]
    if not rates:
        return []
    return [
        RateLine(line, {rate["code"]: fraction(line.figures, rate) for rate in rates})
        for line in lines(content, "level")
    ]


def fraction(figures: Mapping[str, int], share: Content) -> Fraction:
    """Return the two sums of a share."""
    return Fraction(summed(figures, share["of"]), summed(figures, share["among"]))


def summed(figures: Mapping[str, int], codes: Sequence[str]) -> int | None:
    """Return the sum of columns; none where one of them is not told: part of a sum is not the sum."""
    if any(code not in figures for code in codes):
        return None
    return sum(figures[code] for code in codes)
