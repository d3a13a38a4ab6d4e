"""Petitions (phản ánh, kiến nghị) from tables dropped as files: days and outcome, never the text or the petitioner.

What is read is said by `<catalogue>/petitions/*.yaml`; a column that stands there under no name is not looked at. A row
that is wrong is refused with its place and its rule, never with a value; the others are taken in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fsspec

from motcua.catalog import Catalog, load_catalog
from motcua.catalog.petitions import PetitionSource, petition_sources
from motcua.days.workdays import add_workdays, working_calendar
from motcua.errors import CatalogError
from motcua.extract.records import instants
from motcua.extract.records.privacy import looks_personal
from motcua.extract.wire.tabular import Layout, read_tables
from motcua.settings import TIMEZONE, Settings
from motcua.spelling import folded
from motcua.units.codes import UnitCodes, sync_units
from motcua.warehouse import statement, store_engine

_DAYS = ("received_on", "due_on", "handled_on", "published_on")


@dataclass(frozen=True)
class PetitionOutcome:
    """How many rows a source's files have, how many were taken in, and why each of the others was not."""

    source_id: str
    row_count: int
    taken_count: int
    refused: tuple[str, ...]


class Refused(Exception):
    """Why a row is not taken in; without any value of it."""


def take_petitions(source_ids: tuple[str, ...] = (), *, today: date | None = None) -> list[PetitionOutcome]:
    """Read the dropped tables of every source of petitions, or of those named, into the store.

    A petition that is known already is replaced by what the newest file (by name) says of it; so a second run of the
    same files changes nothing.

    Raises:
        CatalogError: a source is wrong, or none has the id asked for.
        ContractBroken: a file is no table, or lacks a column the source names.
    """
    catalog = load_catalog(Settings.load().catalog_dir)
    sources = petition_sources(catalog.folder)
    if unknown := set(source_ids) - {source.source_id for source in sources}:
        raise CatalogError(
            f"No source of petitions is called {', '.join(sorted(unknown))}.",
            action=f"add it to {catalog.folder / 'petitions'}, or ask for one of: "
            f"{', '.join(source.source_id for source in sources) or 'none'}.",
        )
    asked = [source for source in sources if not source_ids or source.source_id in source_ids]
    return [_take(catalog, source, today or datetime.now(ZoneInfo(TIMEZONE)).date()) for source in asked]


def _take(catalog: Catalog, source: PetitionSource, today: date) -> PetitionOutcome:
    taken: dict[str, dict[str, Any]] = {}
    refused: list[str] = []
    row_count = 0
    reader = _Reader(catalog, source, today)
    for place, cells in _rows(catalog.folder, source):
        row_count += 1
        try:
            petition = reader.petition(cells)
        except Refused as reason:
            refused.append(f"{place}: {reason}")
        else:
            taken[petition["petition_id"]] = petition
    with store_engine().begin() as connection:
        sync_units(connection, catalog)
        connection.execute(
            statement("extract/note_petitions"),
            {"source_id": source.source_id, "petitions": json.dumps(list(taken.values()), default=str)},
        )
    return PetitionOutcome(source.source_id, row_count, row_count - len(refused), tuple(refused))


def _rows(folder: Path, source: PetitionSource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the rows of every file with their place, as cells by folded heading."""
    is_elsewhere = "://" in source.path or Path(source.path).is_absolute()
    filesystem, pattern = fsspec.url_to_fs(source.path if is_elsewhere else str(folder / source.path))
    wanted = {heading for heading in source.columns.model_dump().values() if heading}
    layout = Layout(frozenset(wanted), source.encoding, source.delimiter)
    for path in sorted(filesystem.glob(pattern)):
        name = path.rsplit("/", 1)[-1]
        for table in read_tables(filesystem.cat_file(path), name, layout):
            headings = [folded(column) for column in table.columns]
            if missing := sorted(heading for heading in wanted if folded(heading) not in headings):
                raise CatalogError(
                    f"{source.source_id}: {table.place} has no column {missing[0]!r}.",
                    action=f"correct columns in include/catalog/petitions/ for {source.source_id}, or the file.",
                )
            for number, cells in table.rows:
                yield f"{table.place} row {number}", dict(zip(headings, cells, strict=False))


class _Reader:
    """Reads the rows of one source."""

    def __init__(self, catalog: Catalog, source: PetitionSource, today: date) -> None:
        self._source = source
        self._today = today
        self._units = UnitCodes(catalog)
        self._moment = instants.reader(source.formats)
        self._calendar = working_calendar(catalog.folder)

    def petition(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Return a petition as it is stored. Raises Refused."""
        columns, words = self._source.columns, self._source.words

        def said(name: str) -> Any:
            heading = getattr(columns, name)
            value = cells.get(folded(heading)) if heading else None
            is_nothing = value is None or (isinstance(value, str) and value.strip() in self._source.null_values)
            return None if is_nothing else value

        petition_id = str(said("petition_id") or "").strip()
        if not petition_id or looks_personal(petition_id):
            raise Refused("petition_id is missing, or is no code")
        days = {name: self._day(name, said(name)) for name in _DAYS}
        received_on = days["received_on"]
        if received_on is None:
            raise Refused("received_on is missing")
        for name in ("due_on", "handled_on", "published_on"):
            day = days[name]
            if day is not None and day < received_on:
                raise Refused(f"{name} is before received_on")
            if day is not None and day > self._today and name != "due_on":
                raise Refused(f"{name} is in the future")
        if received_on > self._today:
            raise Refused("received_on is in the future")
        if days["due_on"] is None and self._source.due_workdays is not None:
            after = received_on + timedelta(days=1)
            days["due_on"] = add_workdays(after, self._source.due_workdays - 1, self._calendar)
        if said("kind") is None:
            raise Refused("kind is missing")
        return {
            "petition_id": petition_id,
            "unit_id": self._unit(said("unit"), received_on),
            **days,
            **{
                name: _meant(name, said(name), getattr(words, name))
                for name in ("kind", "about", "is_satisfied", "is_repeated")
            },
        }

    def _day(self, name: str, value: Any) -> date | None:
        if value is None:
            return None
        moment = self._moment(value)
        if moment is None:
            raise Refused(f"{name} is not {self._source.formats[0]}")
        return moment.date()

    def _unit(self, value: Any, day: date) -> str:
        if value is None:
            return self._source.unit_id
        found = self._units.meant_on(day, str(value))
        if len(found) != 1:
            raise Refused(f"unit means {len(found)} units on the day received")
        return found.pop()


def _meant(name: str, value: Any, words: Mapping[str, bool | str]) -> bool | str | None:
    if value is None:
        return None
    meant = words.get(folded(value))
    if meant is None:
        raise Refused(f"{name} is not a word of its list")
    return meant
