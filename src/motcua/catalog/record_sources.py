"""The sources of every kind of record: `sources/*.yaml` by their adapter, and those that have files of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from motcua.catalog.load import Catalog
from motcua.catalog.models import Source, Unit
from motcua.catalog.petition_sources import as_source, petition_sources
from motcua.errors import CatalogError
from motcua.period import Period


def every_source(catalog: Catalog) -> tuple[Source, ...]:
    """Return the sources of all kinds of record.

    Raises:
        CatalogError: a file is wrong, or two sources have one id.
    """
    petitions = [as_source(catalog, entry) for entry in petition_sources(catalog.folder)]
    found = (*catalog.sources, *catalog.other_sources, *petitions)
    twice = [source_id for source_id, count in Counter(source.source_id for source in found).items() if count > 1]
    if twice:
        raise CatalogError(
            f"{catalog.folder}: source_id {twice[0]!r} stands twice.", action="give one of the two another id."
        )
    return found


def sources_of(catalog: Catalog, record_kind: str) -> tuple[Source, ...]:
    """Return the sources of one kind of record. Raises CatalogError as `every_source` does."""
    return tuple(source for source in every_source(catalog) if source.record_kind == record_kind)


def heard_of(catalog: Catalog, record_kind: str, unit_id: str) -> tuple[str, ...]:
    """Return the units whose sources speak for a unit, itself first.

    A source of dossiers speaks for its unit; one of another kind also for all below it, so no record is an answer too.
    """
    if record_kind == "dossier":
        return (unit_id,)
    found: list[str] = []
    unit: Unit | None = catalog.unit_by_id.get(unit_id)
    while unit is not None:
        found.append(unit.unit_id)
        unit = catalog.unit_by_id.get(unit.parent_id or "")
    return tuple(found)


def speaking_for(catalog: Catalog, record_kind: str, unit_ids: Iterable[str]) -> list[Source]:
    """Return the sources of a kind of record that speak for any of these units."""
    asked = {other for unit_id in unit_ids for other in heard_of(catalog, record_kind, unit_id)}
    return [source for source in sources_of(catalog, record_kind) if source.unit_id in asked]


def units_told(catalog: Catalog, record_kind: str, period: Period) -> frozenset[str]:
    """Return the units whose records of a kind, with those of everything below them, a source tells in a period."""
    return frozenset(source.unit_id for source in sources_of(catalog, record_kind) if source.overlaps(period))
