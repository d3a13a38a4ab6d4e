"""The sources of petitions (phản ánh, kiến nghị): `petitions/*.yaml` of a catalogue, one source a file, typed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from motcua.catalog.load import Catalog, read_document
from motcua.catalog.models import Entry, Source
from motcua.catalog.options import PetitionFilesOptions
from motcua.errors import CatalogError


class PetitionSource(PetitionFilesOptions, Entry):
    """Where a unit's petitions are dropped as tables, and how to read them.

    `unit_id` is the unit that the source speaks for, with all below it. It is whose a petition is where no column says.
    """

    source_id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    unit_id: str
    evidence: Literal["code", "inferred"] = "inferred"


def petition_sources(catalog_dir: Path) -> list[PetitionSource]:
    """Return the sources of petitions of a catalogue. Raises CatalogError naming file and line."""
    return [read_document(path, PetitionSource) for path in sorted((catalog_dir / "petitions").glob("*.yaml"))]


def as_source(catalog: Catalog, entry: PetitionSource) -> Source:
    """Return the source that a file of `petitions/` stands for.

    Raises:
        CatalogError: it names a unit that the catalogue has not.
    """
    unit = catalog.unit_by_id.get(entry.unit_id)
    if unit is None:
        raise CatalogError(
            f"{catalog.folder}: source {entry.source_id!r} names an unknown unit {entry.unit_id!r}.",
            action="correct unit_id in include/catalog/petitions/.",
        )
    return Source(
        source_id=entry.source_id,
        name=f"Phản ánh, kiến nghị {unit.name}",
        system_code="petitions",
        adapter="petition_files",
        options=PetitionFilesOptions.model_validate(
            {name: getattr(entry, name) for name in PetitionFilesOptions.model_fields}
        ),
        level=unit.level,
        unit_id=unit.unit_id,
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        lists_all=False,
    )
