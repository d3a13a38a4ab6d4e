"""Yields the sheets of a workbook: the rows with their unread cells, the merged cells, the day its days count from."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from itertools import chain

from motcua.errors import ContractBroken
from motcua.extract.wire.workbooks.error_cells import NotTold, not_told
from motcua.extract.wire.workbooks.ods_merges import ods_merges
from motcua.extract.wire.workbooks.reading import Cells, Merge, Sheet, Workbook
from motcua.extract.wire.workbooks.xlsx_errors import MOST_CELLS, TooManyCells
from motcua.spelling import fold

_SAVE_AS_XLSX = "open it in Excel or LibreOffice and save it as XLSX."


@dataclass(frozen=True)
class SheetRead:
    """One sheet: its rows, each with its number in the sheet, counted from 1.

    `merges` count columns from the first filled one, as the cells of a row do. `sheets` are all that are read.
    """

    name: str
    rows: Iterator[tuple[int, Cells]]
    merges: tuple[Merge, ...]
    day_zero: date
    sheets: tuple[str, ...]
    hidden: tuple[str, ...]  # beside those that are read, where no sheets are asked for by name


def visible_sheets(body: bytes, name: str) -> list[str]:
    """Return the names of the sheets of a workbook that can be seen, without charts. Raises as `sheets_of`."""
    with closing(Workbook(body, name)) as workbook:
        return workbook.visible


def sheets_of(body: bytes, name: str, wanted: Sequence[str]) -> Iterator[SheetRead]:
    """Yield sheets of a workbook.

    Args:
        body: the file.
        name: for messages.
        wanted: the names of sheets to read; none: every visible one that is not empty.

    Raises:
        SourceUnavailable: the file is incomplete.
        ContractBroken: it cannot be read, is too large, has no such sheet, or its unread cells cannot be told.
    """
    with closing(Workbook(body, name)) as workbook:
        known = {fold(sheet): sheet for sheet in workbook.sheet_names}
        if missing := [sheet for sheet in wanted if fold(sheet) not in known]:
            raise ContractBroken(
                f"{name} has no sheet {missing[0]!r}; it has {', '.join(map(repr, workbook.sheet_names))}.",
                action="correct options.sheets, or ask the unit why the sheet is gone.",
            )
        read = tuple([known[fold(sheet)] for sheet in wanted] or workbook.visible)
        hidden = () if wanted else tuple(one for one in workbook.sheet_names if one not in read)
        if read:
            workbook.ask(read[0])
        beside = _not_told(body, name, workbook.sheet_names)
        spans = _spans_of_ods(body)
        for sheet_name in read:
            if sheet_name not in beside.unread:
                raise ContractBroken(
                    f"{name}, sheet {sheet_name!r}: it cannot be told which of its cells hold errors.",
                    action=_SAVE_AS_XLSX,
                )
            unread = beside.unread[sheet_name]
            sheet = workbook.sheet(sheet_name)
            if sheet.start is None and not unread and not wanted:
                continue
            merges = sheet.merges
            if spans is not None and sheet.start is not None:
                number, left = workbook.sheet_names.index(sheet_name), sheet.start[1]
                merges = tuple(Merge(one.top, one.bottom, one.left - left, one.right - left) for one in spans[number])
            yield SheetRead(sheet_name, _rows(sheet, unread), merges, beside.day_zero, read, hidden)
        workbook.hold()


def _not_told(body: bytes, name: str, sheets: Sequence[str]) -> NotTold:
    try:
        return not_told(body, sheets)
    except TooManyCells as error:
        raise ContractBroken(
            f"{name} cannot be read: {error}, so that a sheet would have more than {MOST_CELLS:,} cells.",
            action="ask the unit to delete the rows and columns around the table, or to save the sheet as CSV.",
        ) from None
    except ValueError as error:
        raise ContractBroken(
            f"{name}: it cannot be told which of its cells hold errors or formulas without a value ({error}).",
            action=_SAVE_AS_XLSX,
        ) from None


def _spans_of_ods(body: bytes) -> list[list[Merge]] | None:
    """Return the merged cells of each sheet of an ODS workbook; None of another, whose reader tells them."""
    if not body.startswith(b"PK"):
        return None
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return ods_merges(archive) if "content.xml" in archive.namelist() else None


def _rows(sheet: Sheet, unread: Mapping[tuple[int, int], str]) -> Iterator[tuple[int, Cells]]:
    """Yield the rows of a sheet with its unread cells, and those that hold nothing else.

    The reader returns empty rows above the first cell, so row numbers are those of the sheet. It leaves out empty
    columns to the left, so a column is identified by its name only.
    """
    by_row: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    left = 0 if sheet.start is None else sheet.start[1]
    is_empty = sheet.start is None or sheet.end is None
    width = max((column for _, column in unread), default=0) if is_empty else sheet.end[1] + 1 - left  # type: ignore[index]
    for (number, column), text in unread.items():
        if left < column <= left + width:  # a column outside has no name
            by_row[number].append((column - left - 1, text))
    for number, cells in enumerate(chain.from_iterable(sheet.rows), start=1):
        for position, text in by_row.pop(number, ()):
            cells[position] = text
        yield number, cells
    for number in sorted(by_row):
        cells = [None] * width
        for position, text in by_row[number]:
            cells[position] = text
        yield number, cells
