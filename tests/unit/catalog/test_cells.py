"""The closed list of cells: one word for one thing, wherever a person looks."""

from __future__ import annotations

import pytest

from motcua.catalog.cells import CELL_TEXTS, CELLS, LACKING, cell_code, cell_text, is_lacking


def test_every_cell_has_a_text_of_its_own_in_both_languages() -> None:
    assert tuple(CELL_TEXTS) == CELLS
    for lang in ("vi", "en"):
        texts = [cell_text(code, lang) for code in CELLS]
        assert len(set(texts)) == len(texts)
    assert all(not cell_text(code, "vi").isascii() and cell_text(code, "en").isascii() for code in CELLS)


def test_a_cell_of_an_edition_published_before_there_was_one_list_is_still_read() -> None:
    assert cell_code("held") == "quarantined"
    assert cell_text("held", "vi") == cell_text("quarantined", "vi")
    assert is_lacking("held")


def test_a_code_that_never_was_a_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="'lost' is no cell; the cells are received, declared_empty"):
        cell_code("lost")


def test_what_is_owed_and_not_there_is_lacking_and_nothing_else() -> None:
    assert {code for code in CELLS if is_lacking(code)} == LACKING
    assert set(CELLS) - LACKING == {"received", "declared_empty", "late", "not_expected"}
