"""Looks at one source without keeping anything: does it answer, and is what it says understood?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from motcua.canonical import CONTENT
from motcua.catalog import Source
from motcua.extract.adapter import Window, make_adapter
from motcua.extract.connection import SourceConnection
from motcua.extract.disposition import counts, settle
from motcua.extract.mapping import load_mapping
from motcua.extract.privacy import Pseudonymiser
from motcua.extract.table import PULLED_SCHEMA, TableBuilder
from motcua.settings import Settings


@dataclass(frozen=True)
class SourceCheck:
    """What a source gave for a window of days.

    Attributes:
        declared_total: how many records the source said there are; none when it does not say.
        dispositions: pulled rows by what would become of them.
        filled: for each canonical field, how many rows have a value.
        issues: for each field and complaint, how many rows did not parse. No values.
        unclassified: source keys the mapping does not know; they are dropped.
    """

    source_id: str
    rows: int
    declared_total: int | None
    dispositions: dict[str, int]
    filled: dict[str, int]
    issues: dict[str, int]
    unclassified: list[str]

    @property
    def is_understood(self) -> bool:
        return self.rows > 0 and not self.issues and not self.unclassified


def check_source(source: Source, connection: SourceConnection, from_date: date, to_date: date) -> SourceCheck:
    """Pull a window and say what was understood. Writes nothing. Raises what a pull raises."""
    settings = Settings.load()
    mapping = load_mapping(settings.catalog_dir, source.mapping)
    builder = TableBuilder(source, mapping, Pseudonymiser(*settings.hmac_key()))
    window = Window(from_date, to_date)
    adapter = make_adapter(source, connection, mapping)
    tables, declared = [PULLED_SCHEMA.empty_table()], None
    try:
        for page in adapter.pages(window):
            tables.append(builder.table(page.records))
            declared = page.declared_total
    finally:
        adapter.close()
    pulled = pa.concat_tables(tables)
    issues = Counter(
        issue for text in pulled["mapping_issues"].to_pylist() if text is not None for issue in text.split("; ")
    )
    return SourceCheck(
        source.source_id,
        pulled.num_rows,
        declared,
        counts(settle(pulled, window, frozenset())),
        {field.name: pulled.num_rows - pulled[field.name].null_count for field in CONTENT},
        dict(issues.most_common()),
        sorted(builder.unclassified),
    )
