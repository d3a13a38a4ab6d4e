"""Reads texts that were typed in the fonts of before Unicode (.VnTime, VNI-Times), whose letters are others.

`include/catalog/tables/old_fonts.yaml` is the table of each. A text with a letter beyond U+00FF is in Unicode and stays
as it is. A text of which a letter is in no table is unread.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from motcua.catalog.load import catalog_file, read_document
from motcua.catalog.options import ClosedModel, OldFont
from motcua.extract.error_texts import NOT_TEXT

_LAST_LETTER = "\u00ff"
_MARKED = frozenset("aeouyơưAEOUYƠƯ")  # the letters of VNI that a mark may follow


class _Font(ClosedModel):
    letters: dict[str, str]
    marks: dict[str, str] = Field(default_factory=dict)


class _Fonts(ClosedModel):
    tcvn3: _Font
    vni: _Font


@lru_cache(maxsize=8)
def old_font_reader(catalog_dir: Path, font: OldFont) -> Callable[[str], str]:
    """Return the function that gives a text in Unicode, or the text of an unread cell.

    Raises:
        CatalogError: the table is wrong.
    """
    fonts = read_document(catalog_file(catalog_dir, "tables", "old_fonts.yaml"), _Fonts)
    table = fonts.tcvn3 if font == "tcvn3" else fonts.vni
    marks = table.marks | {mark.upper(): said for mark, said in table.marks.items()}

    @lru_cache(maxsize=20_000)
    def read(text: str) -> str:
        if text.isascii() or max(text) > _LAST_LETTER:
            return text
        said: list[str] = []
        for letter in text:
            before = said[-1] if said else ""
            if letter in marks and before in _MARKED:
                said[-1] = unicodedata.normalize("NFC", before + marks[letter])
            elif letter in table.letters:
                said.append(table.letters[letter])
            elif letter.isascii() or letter == "\u00a0":
                said.append(letter)
            else:
                return NOT_TEXT
        return "".join(said)

    return read
