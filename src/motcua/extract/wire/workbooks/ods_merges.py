"""The merged cells of an ODS workbook: OpenDocument 1.3 part 3, section 19.676 (`table:number-rows-spanned`)."""

from __future__ import annotations

import zipfile
from typing import IO
from xml.etree import ElementTree

from motcua.extract.wire.workbooks.reading import Merge

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_CHUNK, _SIGN = 1 << 20, b"-spanned="


def ods_merges(archive: zipfile.ZipFile) -> list[list[Merge]] | None:
    """Return the merged cells of each sheet, in their order; None where no cell is merged.

    Raises:
        ElementTree.ParseError: the file is no XML.
    """
    with archive.open("content.xml") as part:
        if not _has_sign(part):
            return None
    found: list[list[Merge]] = []
    row = column = 0
    with archive.open("content.xml") as part:
        for event, element in ElementTree.iterparse(part, ("start", "end")):  # noqa: S314  expat bounds entities
            name = element.tag.removeprefix(_TABLE)
            if event == "start" and name == "table":
                found.append([])
                row = 0
            elif event == "start" and name == "table-row":
                row, column = row + 1, 0
            elif event == "start" and name in ("table-cell", "covered-table-cell") and found:
                rows, columns = (int(element.get(f"{_TABLE}number-{what}-spanned", 1)) for what in ("rows", "columns"))
                if rows > 1 or columns > 1:
                    found[-1].append(Merge(row, row + rows - 1, column, column + columns - 1))
                column += int(element.get(f"{_TABLE}number-columns-repeated", 1))
            elif event == "end" and name == "table-row":
                row += int(element.get(f"{_TABLE}number-rows-repeated", 1)) - 1
                element.clear()
            elif event == "end" and name == "table":
                element.clear()
    return found


def _has_sign(part: IO[bytes]) -> bool:
    rest = b""
    while piece := part.read(_CHUNK):
        if _SIGN in rest + piece:
            return True
        rest = piece[-len(_SIGN) :]
    return False
