"""Checks one source without storing anything: whether it answers, and whether its records can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from motcua.canonical import CONTENT, DOSSIER
from motcua.catalog import Catalog, Source
from motcua.catalog.guards import load_guards
from motcua.extract.adapters.protocol import Page, Window, gives_register, make_adapter, tell_books
from motcua.extract.disposition import assign_dispositions, counts
from motcua.extract.onboarding.first_pull import Contract, Coverage, Told, contract, coverage, numbered_alike
from motcua.extract.onboarding.profile import KeySeen, Profile
from motcua.extract.onboarding.unknown_procedures import UnknownProcedures
from motcua.extract.records.day_order import advice
from motcua.extract.records.mapping import Covers, mapping_of
from motcua.extract.records.privacy import pseudonymiser
from motcua.extract.records.rules import ProcedureRule
from motcua.extract.records.table import PULLED_SCHEMA, TableBuilder
from motcua.extract.repeats import NOT_KNOWN_TO_BE_ONE, UNORDERED, with_request
from motcua.extract.reused_keys import contents_of, known_contents, reuses, reuses_text
from motcua.extract.source_keys import SHOWN, key_findings, read_source_keys
from motcua.extract.wire.connection import SourceConnection
from motcua.procedures import procedure_namer
from motcua.settings import Settings
from motcua.units.codes import UnitCodes
from motcua.units.office_words import office_words

_OWN = ["record", "out_of_window"]
MOST = 12  # the most units and procedures that are listed


@dataclass(frozen=True)
class SourceCheck:
    """What a source returned for a window of days.

    Attributes:
        declared_total: the number of records that the source declares; None when it declares none.
        dispositions: the number of pulled rows by disposition.
        filled: for each canonical field, the number of rows with a value.
        issues: for each field and problem, the number of rows that could not be read. No values.
        unclassified: keys of the source that are not in the mapping; they are dropped.
        covers: what a source that gives all it has gives, as its mapping says; None of a source that is asked by day.
        keys: for each mapped key of the source, what the sample shows; no rows: the source did not send it.
        units: for each unit as the source spells it, the unit it means (None: unknown) and its rows.
        key_findings: what the keys leave open, each with what the mapping has to say.
        key_findings_of_rows: keys whose rows would be set aside, because nothing orders them.
        day_findings: the columns whose days are swapped with months, or may be, each with what to do.
        procedures: for each procedure code, whether it is in the catalogue, and its rows.
        otherwise: the code that the mapping gives a record whose procedure it does not know; None without one.
        unknown_procedures: the names of procedures that the catalogue does not know, each with its rows.
        reused: keys that come back with other content, which hold a batch; None without any.
        numbered_alike: numbers that another system of the unit has too.
        coverage: for which days it would speak.
        contract: how its first page differs from what it is known to send.
        warnings: of dropped files, which of them end what the source is known for.
        records: the records that a pull would pass on, as a table of LANDING_SCHEMA; of files, the rows of other days
            too.
    """

    source_id: str
    rows: int
    declared_total: int | None
    dispositions: dict[str, int]
    filled: dict[str, int]
    issues: dict[str, int]
    unclassified: list[str]
    covers: Covers | None
    keys: dict[str, KeySeen]
    units: dict[str, tuple[str | None, int]]
    procedures: dict[str, tuple[bool, int]]
    otherwise: str | None
    unknown_procedures: dict[str, int]
    reused: str | None
    numbered_alike: list[Told]
    coverage: Coverage
    contract: Contract
    key_findings: list[str]
    key_findings_of_rows: list[str]
    day_findings: list[str]
    warnings: list[str]
    records: pa.Table = field(repr=False)

    @property
    def missing(self) -> list[str]:
        """The mapped keys in which no record had a value."""
        return [key for key, seen in self.keys.items() if not seen.rows]


def check_source(
    source: Source, connection: SourceConnection, from_date: date, to_date: date, catalog: Catalog
) -> SourceCheck:
    """Pull a window and report what could be read. Writes nothing. Raises the errors of a pull."""
    settings = Settings.load()
    mapping = mapping_of(catalog.folder, source)
    keys = read_source_keys(source, mapping)
    builder = TableBuilder(source, mapping, pseudonymiser(settings.hmac_keys()), since=keys.since)
    words = office_words(catalog.folder)
    profile = Profile(mapping, words.names_person)
    window = Window(from_date, to_date)
    adapter = make_adapter(source, connection, mapping)
    unknown = UnknownProcedures(mapping, procedure_namer(catalog, source.level), words.is_procedure)
    tables, declared = [PULLED_SCHEMA.empty_table()], None
    first: Page | None = None
    try:
        for page in adapter.pages(window):
            first = first or (page if page.records else None)
            profile.add(page.records)
            unknown.add(page.records)
            tables.append(builder.table(page.records, page.stands))
            declared = page.declared_total
    finally:
        adapter.close()
    pulled = pa.concat_tables(tables)
    tell_books(adapter, pulled, DOSSIER)
    shown = {*pulled["dossier_id"].to_pylist()} - {None}
    is_register = gives_register(adapter, mapping)
    repeats = mapping.repeated_rows
    if repeats and adapter.filters:
        pulled = with_request(pulled, 0)
    disposed = assign_dispositions(pulled, window, frozenset(), is_register=is_register, repeats=repeats)
    reused = _reused(source, pulled, catalog)
    issues = Counter(
        issue for text in pulled["mapping_issues"].to_pylist() if text is not None for issue in text.split("; ")
    )
    codes, known_procedures = UnitCodes(catalog), {procedure.code for procedure in catalog.procedures}
    where = f"at the field in mappings/{source.mapping}.yaml"
    return SourceCheck(
        source.source_id,
        pulled.num_rows,
        declared,
        counts(disposed),
        {field.name: pulled.num_rows - pulled[field.name].null_count for field in CONTENT},
        dict(issues.most_common()),
        sorted(builder.unclassified),
        None if adapter.filters else mapping.covers,
        profile.keys(),
        {code: (_meanings(codes, code, source), rows) for code, rows in _most_frequent(pulled["unit_code"])},
        {code: (code in known_procedures, rows) for code, rows in _most_frequent(pulled["procedure_code"])},
        next((rule.otherwise for rule in mapping.fields.values() if isinstance(rule, ProcedureRule)), None),
        unknown.names,
        reused,
        numbered_alike(source, catalog, pulled),
        coverage(source, adapter, window, disposed, is_register),
        contract(source, mapping, first),
        key_findings(mapping, keys.doubts(shown), sorted(shown)),
        _unordered(source, disposed),
        [f"{one}. {advice(where, [one])}" for one in builder.day_findings()],
        list(getattr(adapter, "warnings", ())) if repeats else [],
        # A source without filters, such as a file, is one sample: rows of other days are checked too.
        disposed.filter(pc.is_in(disposed["disposition"], pa.array(["record"] if adapter.filters else _OWN))),
    )


def _reused(source: Source, pulled: pa.Table, catalog: Catalog) -> str | None:
    rows = contents_of(pulled)
    known = known_contents(source, sorted({key for key, _ in rows}))
    found = reuses(rows, known, load_guards(catalog.folder).reused_keys)
    return reuses_text(found) if found else None


def _unordered(source: Source, disposed: pa.Table) -> list[str]:
    rows = disposed.filter(pc.equal(disposed["disposition_reason"], UNORDERED))
    told = disposed.filter(pc.fill_null(pc.match_substring(disposed["mapping_issues"], NOT_KNOWN_TO_BE_ONE), False))
    same = {*told["dossier_id"].to_pylist()}
    keys = {*rows["dossier_id"].to_pylist()}
    later_row = f"write repeats: later_row in mappings/{source.mapping}.yaml."
    found = []
    if differ := sorted(keys - same):
        found.append(
            f"{len(differ)} dossiers stand in several rows that differ, and nothing states which is newer:"
            f" {_some(differ)}. They would be set aside. Have the office correct its file; if it adds a row for each"
            f" step, {later_row}"
        )
    if alike := sorted(keys & same):
        found.append(
            f"{len(alike)} numbers stand in several rows of one file that say the same, and nothing states that each is"
            f" one dossier: {_some(alike)}. They would be set aside. If they are several books, name in unique_in what"
            f" tells them apart; if a sheet only repeats the others, leave it out of options.sheets; have the office"
            f" take out a row that stands twice; if it adds a row for each step, {later_row}"
        )
    return found


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:SHOWN]) + (f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else "")


def _meanings(codes: UnitCodes, code: str, source: Source) -> str | None:
    units = {meaning.unit_id for meaning in codes.meanings(code, source.source_id)}
    return ", ".join(sorted(units)) or None


def _most_frequent(column: pa.ChunkedArray) -> list[tuple[str, int]]:
    return Counter(value for value in column.to_pylist() if value is not None).most_common(MOST)
