"""What an edition must meet to be final: `finality.yaml` of the catalogue, typed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from motcua.catalog.load import catalog_file, read_document
from motcua.catalog.models import Text
from motcua.catalog.options import ClosedModel

LineCode = Literal[
    "period_over",
    "sources_answered",
    "no_batch_held",
    "everything_read",
    "nothing_set_aside",
    "identities_hold",
    "measures_agree",
]


class ChecklistLine(Text):
    """One thing that an edition must meet; `code` names how it is judged (`motcua.publish.edition.checklist`)."""

    code: LineCode


class Finality(ClosedModel):
    """The whole file: the lines in the order in which they are printed."""

    lines: tuple[ChecklistLine, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_line_stands_once(self) -> Finality:
        codes = [line.code for line in self.lines]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"the line {twice[0]} stands twice")
        return self


@lru_cache(maxsize=4)
def load_finality(catalog_dir: Path) -> Finality:
    """Return the checklist of a catalogue, or the shipped one. Raises CatalogError naming file and line."""
    return read_document(catalog_file(catalog_dir, "", "finality.yaml"), Finality)
