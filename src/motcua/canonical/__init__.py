"""The canonical records: one module a kind, with every column of it, and what a kind is made of.

In: nothing. Out: the kinds, their Arrow schemas and their lists of columns. Never: a reading of a source.
"""

from motcua.canonical.dossier import (
    ACCEPTED_SCHEMA,
    APPLICANT_KINDS,
    CONTENT,
    DOSSIER,
    KEY_COLUMNS,
    LANDING_SCHEMA,
    NAMES_OFFICE,
    TRACE,
    Channel,
    OnlineLevel,
    Status,
)
from motcua.canonical.kind import Field, RecordKind
from motcua.canonical.petition import PETITION, PETITION_KINDS

KINDS: dict[str, RecordKind] = {kind.name: kind for kind in (DOSSIER, PETITION)}

__all__ = [
    "ACCEPTED_SCHEMA",
    "APPLICANT_KINDS",
    "CONTENT",
    "DOSSIER",
    "KEY_COLUMNS",
    "KINDS",
    "LANDING_SCHEMA",
    "NAMES_OFFICE",
    "PETITION",
    "PETITION_KINDS",
    "TRACE",
    "Channel",
    "Field",
    "OnlineLevel",
    "RecordKind",
    "Status",
]
