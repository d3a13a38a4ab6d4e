"""The words of rows that are no records: `include/catalog/tables/rows_apart.yaml`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field

from motcua.catalog.load import catalog_file, read_document
from motcua.catalog.options import ClosedModel
from motcua.extract.shape.apart import spaced


class WordList(ClosedModel):
    """Words with which a cell of one kind of row begins."""

    words: tuple[str, ...] = Field(min_length=1)


class RowWords(ClosedModel):
    """The words of each kind of row that is no record."""

    totals: WordList
    signatures: WordList
    headings: WordList

    @property
    def folded(self) -> tuple[tuple[str, str], ...]:
        """Each word in its folded spelling, with its kind; a longer word comes before its beginning."""
        words = [(spaced(word), kind) for kind, words in self for word in words.words]
        return tuple(sorted(words, key=lambda one: -len(one[0])))


@lru_cache(maxsize=8)
def row_words(catalog_dir: Path) -> tuple[tuple[str, str], ...]:
    """Return the words of a catalogue folder, or the shipped ones, each folded with its kind.

    Raises:
        CatalogError: the file is wrong.
    """
    return read_document(catalog_file(catalog_dir, "tables", "rows_apart.yaml"), RowWords).folded
