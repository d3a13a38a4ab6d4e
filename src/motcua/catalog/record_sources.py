"""The sources of every kind of record: `sources/*.yaml` by their adapter, and of petitions also `petitions/*.yaml`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field

from motcua.catalog.load import Catalog, catalog_file, catalog_files, read_document
from motcua.catalog.models import Entry, Source
from motcua.catalog.options import PetitionFilesOptions
from motcua.errors import CatalogError
from motcua.period import Period

_EVIDENCE = ("evidence", "why")
COVERS_UNSAID: Literal["period"] = "period"  # what a table is that no mapping calls a register


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


def _as_source(catalog: Catalog, entry: PetitionSource) -> Source:
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


def every_source(catalog: Catalog) -> tuple[Source, ...]:
    """Return the sources of all kinds of record.

    Raises:
        CatalogError: a file is wrong, or two sources have one id.
    """
    petitions = [_as_source(catalog, entry) for entry in petition_sources(catalog.folder)]
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
    return catalog.line_of(unit_id)


def speaking_for(catalog: Catalog, record_kind: str, unit_ids: Iterable[str]) -> list[Source]:
    """Return the sources of a kind of record that speak for any of these units."""
    asked = {other for unit_id in unit_ids for other in heard_of(catalog, record_kind, unit_id)}
    return [source for source in sources_of(catalog, record_kind) if source.unit_id in asked]


def units_told(catalog: Catalog, record_kind: str, period: Period) -> frozenset[str]:
    """Return the units whose records of a kind, with those of everything below them, a source tells in a period."""
    return frozenset(source.unit_id for source in sources_of(catalog, record_kind) if source.overlaps(period))


def reading_sha256(catalog: Catalog, source: Source) -> str:
    """Return by what records of a source of dossiers are read: its unit, its names for units and its mapping, hashed.

    What its entry says of statuses is part of it. Comments, the order of keys and what is said about the evidence do
    not change it.
    """
    path = catalog_file(catalog.folder, "mappings", f"{source.mapping}.yaml")
    names = sorted(
        (row.code, row.unit_id, str(row.valid_from), str(row.valid_to))
        for row in catalog.agency_codes
        if row.system_code == source.system_code
    )
    mapping = _said_in(path, path.stat().st_mtime_ns)
    said: list[object] = [
        source.unit_id,
        source.system_code,
        source.agency_code,
        names,
        mapping,
    ]
    if source.statuses:  # an entry that says nothing of them is read as it was before it could
        said.append(_without_evidence({name: row.model_dump() for name, row in sorted(source.statuses.items())}))
    if _counts_limits(mapping):  # due days of such a mapping are counted when records are read
        said.append(_calendar(catalog.folder))
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _counts_limits(mapping: str) -> bool:
    fields = json.loads(mapping).get("fields") or {}
    return any(isinstance(rule, dict) and rule.get("limits") for rule in fields.values())


def _calendar(folder: Path) -> list[str]:
    """Return by what due days are counted: the days that decisions moved, the years that are known, and the rules."""
    tables = [path.read_text(encoding="utf-8-sig") for path in catalog_files(folder, "calendar", "*.csv")]
    rules = [catalog_file(folder, "calendar", name) for name in ("due_dates.yaml", "years.yaml")]
    return [*sorted(tables), *(_said_in(path, path.stat().st_mtime_ns) for path in rules)]


def asked_sha256(folder: Path, source: Source) -> dict[str, str]:
    """Return where and what a source is asked, each by the key of its entry, hashed: the places may be long.

    That is its adapter, its connection by name and the options that choose records (`Options.asked`), of a database
    the text of its queries. A server that was moved changes nothing: the address of a connection is not in the entry.

    Args:
        folder: of the catalogue.
    """
    asked: Mapping[str, object] = {
        "adapter": source.adapter,
        "connection_id": source.connection_id,
        **{f"options.{name}": said for name, said in source.options.asked(folder).items()},
    }
    return {name: hashlib.sha256(_as_text(said).encode()).hexdigest() for name, said in asked.items()}


def vouched_for(source: Source, covers: str | None) -> dict[str, object]:
    """Return what a person vouches for, of a source that proves it by nothing else: a pull claims more by each.

    That is which files are never saved again (`options.once`), the first day of its records, that a table is a
    register, and that it lists only a part, so that what it leaves out is not missed.

    Args:
        covers: of its mapping; none of a source of another kind of record.
    """
    return {
        "once": sorted(getattr(source.options, "once", ())),
        "first_record_on": str(source.first_record_on) if source.first_record_on else None,
        "covers": covers,
        "is_partial": not source.lists_all,
    }


def vouched_today(catalog: Catalog, source: Source) -> dict[str, object]:
    """Return what the entry of a source and its mapping vouch for as the catalogue stands."""
    if source.record_kind != "dossier":
        return vouched_for(source, None)
    path = catalog_file(catalog.folder, "mappings", f"{source.mapping}.yaml")
    return vouched_for(source, json.loads(_said_in(path, path.stat().st_mtime_ns)).get("covers", COVERS_UNSAID))


def _as_text(said: object) -> str:
    return json.dumps(said, default=sorted, sort_keys=True)  # a set has no order of its own


@lru_cache(maxsize=256)
def _said_in(path: Path, _written: int) -> str:
    return json.dumps(_without_evidence(yaml.safe_load(path.read_text(encoding="utf-8"))), default=str, sort_keys=True)


def _without_evidence(said: object) -> object:
    if isinstance(said, dict):
        return {str(key): _without_evidence(value) for key, value in said.items() if key not in _EVIDENCE}
    return [_without_evidence(one) for one in said] if isinstance(said, list) else said
