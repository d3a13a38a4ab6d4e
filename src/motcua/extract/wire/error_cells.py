"""The cells of an XLSX workbook that hold an error (`#REF!`), or a formula without a stored value.

The reader of workbooks gives such a cell as an empty one. An empty due date is none, and none counts as on time, so a
cell that could not be worked out must not be taken for empty. ECMA-376 part 1, section 18.3.1.4 (`c`, type `e`).
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

WITHOUT_VALUE = "#FORMULA?"
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]+)</")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def error_cells(body: bytes) -> dict[str, Mapping[tuple[int, int], str]]:
    """Return, by sheet, the text of each error cell by its row and column, both counted from 1.

    A workbook of another kind, or one whose parts are not where the format has them, has none: whoever reads it next
    says what is wrong with it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return {name: dict(_errors(archive.read(part))) for name, part in _parts(archive)}
    except (KeyError, zipfile.BadZipFile, ElementTree.ParseError):
        return {}


def _parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield the name of each worksheet and the part of the archive that holds it."""
    relations = {
        one.get("Id"): one
        for one in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  no entities below
    }
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
    for sheet in workbook.iterfind("{*}sheets/{*}sheet"):
        relation = relations.get(sheet.get(_RELATION))
        if relation is not None and str(relation.get("Type")).endswith("/worksheet"):
            yield str(sheet.get("name")), posixpath.normpath(posixpath.join("/xl", str(relation.get("Target"))))[1:]


def _errors(sheet: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    if b't="e"' not in sheet and not _FORMULA.search(sheet):
        return  # the common case costs two searches
    for cell in _CELL.finditer(sheet):
        attributes, inner = cell[1], cell[2] or b""
        is_error = b't="e"' in attributes
        if not is_error and not _FORMULA.search(inner):
            continue
        value = _VALUE.search(inner)
        place = _PLACE.search(attributes)
        is_text = b't="str"' in attributes  # a formula whose result is an empty text has a value
        if place is not None and (is_error or (value is None and not is_text)):
            text = value[1].decode("utf-8", "replace") if value else WITHOUT_VALUE
            yield (int(place[2]), _column(place[1])), text if is_error else WITHOUT_VALUE


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
