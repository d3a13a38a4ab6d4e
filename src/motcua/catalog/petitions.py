"""Who tells of petitions (phản ánh, kiến nghị): `petitions/*.yaml` of a catalogue, typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from motcua.catalog.load import read_document
from motcua.catalog.models import ClosedModel, Entry
from motcua.period import Period
from motcua.spelling import folded


def _folded_keys(words: object) -> object:
    return {folded(word): meant for word, meant in words.items()} if isinstance(words, dict) else words


Words = Annotated[dict[str, bool | str], BeforeValidator(_folded_keys)]


class PetitionColumns(ClosedModel):
    """The headings under which the facts of a petition stand. There is none for its text or for a person."""

    petition_id: str
    received_on: str
    kind: str
    unit: str | None = None
    due_on: str | None = None
    handled_on: str | None = None
    published_on: str | None = None
    about: str | None = None
    is_satisfied: str | None = None
    is_repeated: str | None = None


class PetitionWords(ClosedModel):
    """What the words of a column mean."""

    kind: Words
    about: Words = Field(default_factory=dict)
    is_satisfied: Words = Field(default_factory=dict)
    is_repeated: Words = Field(default_factory=dict)

    @field_validator("kind", "about")
    @classmethod
    def _means_one_of_the_list(cls, words: dict[str, bool | str], info: Any) -> dict[str, bool | str]:
        known = ("behaviour", "regulation") if info.field_name == "kind" else ("procedure", "official")
        if wrong := [str(meant) for meant in words.values() if meant not in known]:
            raise ValueError(f"{wrong[0]} is none of {', '.join(known)}")
        return words


class PetitionSource(Entry):
    """Where a unit's petitions are dropped as tables, and how to read them.

    `unit_id` is whose they are where no column says it; `due_workdays` gives the due day where the table has none
    (15 working days to answer, operators' note in domain.md section 1.3 [C-code]).
    """

    source_id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    path: str
    unit_id: str
    columns: PetitionColumns
    words: PetitionWords
    formats: tuple[str, ...] = ("dd/MM/yyyy", "d/M/yyyy", "dd/MM/yyyy HH:mm:ss", "yyyy-MM-dd")
    null_values: frozenset[str] = frozenset({"", "-", "null"})
    due_workdays: int | None = Field(default=15, ge=1, le=250)
    encoding: str | None = None
    delimiter: str | None = None
    evidence: Literal["code", "inferred"] = "inferred"


def petition_sources(catalog_dir: Path) -> list[PetitionSource]:
    """Return the sources of petitions of a catalogue. Raises CatalogError naming file and line."""
    return [read_document(path, PetitionSource) for path in sorted((catalog_dir / "petitions").glob("*.yaml"))]


def units_with_petitions(catalog_dir: Path, period: Period) -> frozenset[str]:
    """Return the units whose petitions, with those of everything below them, a source tells in a period."""
    return frozenset(source.unit_id for source in petition_sources(catalog_dir) if source.overlaps(period))
