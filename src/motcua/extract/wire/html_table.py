"""Reads the tables of a web page that was saved with the file name of a workbook, as many systems export (.xls)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from motcua.errors import ContractBroken
from motcua.extract.wire.workbooks.reading import Merge
from motcua.spelling import tidy

MOST_CELLS = 5_000_000
_MOST_SPANNED = 16_384
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_-]{3,20})""", re.IGNORECASE)
_NOT_SHOWN = ("script", "style", "title")


@dataclass
class HtmlTable:
    """One table: its rows of cells, and its merged cells, whose columns count from 0 and rows from 1."""

    rows: list[list[str | None]] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)


def charset_of(body: bytes) -> str | None:
    """Return the encoding that a page states; None where it states none."""
    stated = _CHARSET.search(body[:4096])
    return stated[1].decode() if stated else None


def html_tables(text: str, name: str) -> Sequence[HtmlTable]:
    """Return the tables of a page, in their order. What stands in a table inside a cell is part of that cell.

    Raises:
        ContractBroken: a table has too many cells.
    """
    reader = _Reader(name)
    reader.feed(text)
    reader.close()
    return reader.tables


class _Reader(HTMLParser):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.tables: list[HtmlTable] = []
        self._name = name
        self._depth = 0
        self._hidden = 0
        self._cells = 0
        self._texts: list[str] | None = None  # of the open cell
        self._spans = (1, 1)
        self._covered: dict[int, int] = {}  # by column, the last row that a cell above covers

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NOT_SHOWN:
            self._hidden += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append(HtmlTable())
                self._covered = {}
        elif self._depth == 1 and tag == "tr":
            self._end_cell()
            self.tables[-1].rows.append([])
        elif self._depth == 1 and tag in ("td", "th"):
            self._end_cell()
            if not self.tables[-1].rows:
                self.tables[-1].rows.append([])
            given = dict(attrs)
            self._spans = _span(given.get("rowspan")), _span(given.get("colspan"))
            self._texts = []
        elif tag in ("br", "p", "div") and self._texts is not None:
            self._texts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _NOT_SHOWN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "table" and self._depth:
            if self._depth == 1:
                self._end_cell()
            self._depth -= 1
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._texts is not None and not self._hidden:
            self._texts.append(data)

    def _end_cell(self) -> None:
        if self._texts is None:
            return
        table, (down, across) = self.tables[-1], self._spans
        row, number = table.rows[-1], len(table.rows)
        while self._covered.get(len(row), 0) >= number:
            row.append(None)
        left = len(row)
        row += [tidy("".join(self._texts)) or None, *[None] * (across - 1)]
        self._texts = None
        if down > 1:
            self._covered |= dict.fromkeys(range(left, left + across), number + down - 1)
        if down > 1 or across > 1:
            table.merges.append(Merge(number, number + down - 1, left, left + across - 1))
        self._cells += across
        if self._cells > MOST_CELLS:
            raise ContractBroken(
                f"{self._name} has more than {MOST_CELLS:,} cells.", action="ask the unit for CSV or XLSX."
            )


def _span(stated: str | None) -> int:
    return min(max(int(stated), 1), _MOST_SPANNED) if stated and stated.strip().isdecimal() else 1
