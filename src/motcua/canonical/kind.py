"""What a kind of record is: its columns, one line each, and every list of them that a schema or a statement needs.

Landing, validation, staging and versions are made of these lists, so a field is added to a kind by one line here
(docs/how-to/add-a-field.md) and a kind by a module of this package (docs/decisions/0026-one-definition-of-columns.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pyarrow as pa

TEXT, SMALL, INTEGER, BIG, FLAG, DAY, INSTANT = (
    pa.string(), pa.int16(), pa.int32(), pa.int64(), pa.bool_(), pa.date32(), pa.timestamp("us")
)  # fmt: skip
_SQL_TYPES = {
    TEXT: "text",
    SMALL: "smallint",
    INTEGER: "integer",
    BIG: "bigint",
    FLAG: "boolean",
    DAY: "date",
    INSTANT: "timestamp",
}

UNIT = "unit_id"  # in `resolved` of every kind: the unit that a record counts for
UNIT_CODE = "unit_code"  # in `content` of every kind: what the source calls that unit
MODIFIED = "modified_at"  # in `kept` of a kind whose sources say when they last changed a record
Comparison = Literal["when_said", "always", "apart"]


@dataclass(frozen=True)
class Field:
    """One column of a kind of record.

    `compared` says how it stands in the content hash, by which a new version is told from a repeated one: `when_said`
    leaves a null out, so that a field added later changes no hash of before; `always` is of the first columns, whose
    place in the hash is fixed; `apart` is not in it.
    """

    name: str
    type: pa.DataType
    compared: Comparison = "when_said"

    @property
    def declaration(self) -> str:
        """The column as SQL declares it."""
        return f"{self.name} {_SQL_TYPES[self.type]}"


@dataclass(frozen=True)
class RecordKind:
    """One kind of record.

    Attributes:
        name: of its suite of rules, its table of versions and its batches.
        vi, en: what several of them are called.
        id_column: what its source tells two records apart by, within a system and agency.
        content: what the source says of the thing itself; a change here makes a new version.
        kept: said of the record, kept with its version; a change here alone makes none.
        trace: said of the record and needed until it is consolidated.
        landed: kept in landing alone, where a replay reads it.
        resolved: what validation adds to an accepted record, `unit_id` among it.
        decided: what consolidation adds to a version, beside the unit that it may change.
        reference: the columns whose first value tells the day that its unit is read on.
        step: columns of `content` that are kept of a step of it at another agency.
        hidden: columns that no quarantine record shows.
        received: the measures that count it on the day it was received, each record in one of them.
        is_summed_by_day: whether the contributions of its versions are summed into `measure_day`.
    """

    name: str
    vi: str
    en: str
    id_column: str
    content: tuple[Field, ...]
    kept: tuple[Field, ...] = ()
    trace: tuple[Field, ...] = ()
    landed: tuple[Field, ...] = ()
    resolved: tuple[Field, ...] = ()
    decided: tuple[Field, ...] = ()
    reference: tuple[str, ...] = ()
    step: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    received: tuple[str, ...] = ()
    is_summed_by_day: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell one record of this kind from every other."""
        return ("system_code", "agency_code", self.id_column)

    @property
    def version_table(self) -> str:
        """The table that keeps its versions, append-only."""
        return f"{self.name}_version"

    @cached_property
    def identity(self) -> tuple[Field, ...]:
        """What identifies a record and says what became of it in the pull."""
        return (
            Field("record_no", INTEGER),  # 0-based position in the pull
            Field("disposition", TEXT),  # record | duplicate | out_of_window
            Field("disposition_reason", TEXT),
            *(Field(name, TEXT) for name in self.key),
        )

    @cached_property
    def landing_schema(self) -> pa.Schema:
        """The columns of every record pulled."""
        return _schema((*self.identity, *self.content, *self.kept, *self.trace, *self.landed))

    @cached_property
    def accepted_schema(self) -> pa.Schema:
        """The columns of an accepted record."""
        return _schema((*self.identity, *self.content, *self.kept, *self.trace, *self.resolved))

    @cached_property
    def pulled_schema(self) -> pa.Schema:
        """The columns of a record before its disposition is told."""
        return _schema((*self.identity[3:], *self.content, *self.kept, *self.trace, *self.landed))

    @cached_property
    def compared(self) -> tuple[str, ...]:
        """What a source says of the columns by which a new version is told from a repeated one."""
        return tuple(field.name for field in self.content if field.compared != "apart" or field.name == UNIT_CODE)

    @cached_property
    def staging_columns(self) -> str:
        """The columns of a staging table, as SQL declares them."""
        accepted = (*self.identity, *self.content, *self.kept, *self.trace, *self.resolved, *self.decided)
        return ", ".join(["batch_id text", *(field.declaration for field in accepted)])

    @cached_property
    def lists(self) -> Mapping[str, tuple[str, ...]]:
        """What `{name}` in a statement stands for (`motcua.warehouse.statements`)."""
        compared = (*self.content, *self.resolved)
        later = [field.name for field in compared if field.compared == "when_said"]
        of_itself = (*self.key, *(f.name for f in (*self.content, *self.resolved) if f.name != UNIT))
        said = (*of_itself, *(f.name for f in self.kept))
        is_dated = MODIFIED in {field.name for field in self.kept}
        decided = (UNIT, *(field.name for field in self.decided))
        step = (*self.key, *self.step)
        declared = {field.name: field.declaration for field in (*self.identity, *self.content)}
        return {
            "version_table": (self.version_table,),
            "key": self.key,
            "id_column": (self.id_column,),
            "said": said,
            "said_of_itself": of_itself,
            "incoming_modified_at": (f"incoming.{MODIFIED}" if is_dated else "null",),
            "known_modified_at": (f"known.{MODIFIED}" if is_dated else "null",),
            "decided": decided,
            "compared_always": tuple(field.name for field in compared if field.compared == "always"),
            "compared_when_said": tuple(later),
            "compared_when_said_named": tuple(part for name in later for part in (f"'{name}'", name)),
            "step": step,
            "step_declared": tuple(declared[name] for name in step),
        }

    @cached_property
    def not_judged(self) -> tuple[str, ...]:
        """The columns of a landed record that no rule reads and no quarantine shows."""
        return ("disposition", "disposition_reason", *self.hidden, *(field.name for field in self.landed))

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The columns of a record that quarantine keeps."""
        return tuple(name for name in self.landing_schema.names if name not in self.not_judged)

    def schema_of(self, *groups: str) -> pa.Schema:
        """Return the columns of groups of fields, as a schema."""
        return _schema(field for group in groups for field in getattr(self, group))


def _schema(fields: Iterable[Field]) -> pa.Schema:
    return pa.schema([(field.name, field.type) for field in fields])
