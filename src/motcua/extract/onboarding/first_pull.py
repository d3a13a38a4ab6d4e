"""What a first pull would know of a source, and what would stop it: the guards of a pull, asked without a pull."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from motcua.canonical import NAMES_OFFICE
from motcua.catalog import Catalog, Source, stated_numbers
from motcua.errors import MotcuaError
from motcua.extract.adapters.protocol import Page, SourceAdapter, Window
from motcua.extract.drift import compare_page, read_contract
from motcua.extract.proof import answers_until, register_began
from motcua.extract.records.mapping import SourceMapping
from motcua.warehouse import statement, store_engine


@dataclass(frozen=True)
class Told:
    """One thing that was found, and what to do about it."""

    text: str
    action: str


@dataclass(frozen=True)
class Coverage:
    """For which days a source would speak.

    Attributes:
        until: the last day; None: every day that was asked for.
        register_from: since which day its register tells all; None of what is no register.
        refused: why it speaks for none of the days, where it does not.
    """

    until: date | None = None
    register_from: date | None = None
    refused: Told | None = None


@dataclass(frozen=True)
class Contract:
    """How the first page differs from the mapping and from earlier pulls; `stops`: a pull would stop there."""

    differences: tuple[str, ...] = ()
    stops: Told | None = None


def coverage(source: Source, adapter: SourceAdapter, window: Window, disposed: pa.Table, is_register: bool) -> Coverage:
    """Return for which days a source would speak after a pull of these rows, with their dispositions."""
    began = register_began(source, disposed) if is_register and disposed.num_rows else None
    try:
        return Coverage(answers_until(source, adapter, window, disposed, is_register=is_register), began)
    except MotcuaError as refused:
        return Coverage(None, began, Told(str(refused.args[0]), refused.action or ""))


def contract(source: Source, mapping: SourceMapping, page: Page | None) -> Contract:
    """Compare a first page with what the source is known to send, as a pull does. Records nothing."""
    if page is None or not page.records:
        return Contract()
    _, found = compare_page(page, read_contract(source.source_id), source, mapping)
    texts = tuple(f"{each.kind.replace('_', ' ')} {each.name} ({each.detail})" for each in found)
    if not found or not (source.on_drift == "freeze" or any(each.is_fatal for each in found)):
        return Contract(texts)
    where = f"mappings/{source.mapping}.yaml"
    action = f"correct {where} if the source has really changed"
    if not any(each.is_fatal for each in found):
        action += "; to accept the change, set on_drift: evolve on the source for one run"
    return Contract(texts, Told(f"it sends other data than before: {'; '.join(texts)}", f"{action}."))


def numbered_alike(source: Source, catalog: Catalog, pulled: pa.Table) -> list[Told]:
    """Return the other systems of the unit that have numbers of these rows, where nobody said how the two number."""
    numbers = [number for number in pc.unique(pulled["dossier_no"]).to_pylist() if number is not None]
    asked = {
        "system_code": source.system_code,
        "unit_ids": [source.unit_id],
        "dossier_nos": numbers,
        "names_office": NAMES_OFFICE,
    }
    with store_engine().connect() as connection:
        rows = connection.execute(statement("extract/numbers_elsewhere"), asked).all()
    said = {*stated_numbers(catalog.sources, "own"), *stated_numbers(catalog.sources, "shared")}
    me = (source.system_code, source.agency_code)
    return [
        Told(
            f"{row.number_count} of its numbers stand in {row.source_id} too, and nothing tells whether they are the"
            " same dossiers",
            f"write `numbers: {{{row.system_code}: own}}` (two books) or `shared` (one numbering) into the entry of"
            f" {source.source_id} (docs/how-to/say-what-makes-a-key.md).",
        )
        for row in rows
        if (*me, row.system_code) not in said and (row.system_code, row.agency_code, source.system_code) not in said
    ]
