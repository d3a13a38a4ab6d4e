"""extract: pulls what changed from the one-stop systems into landing.

In: planned batches of the ledger (a source, a window of days) and a way to resolve connections. Out: for each batch a
landing folder whose every row has a disposition, and its counts in the ledger. Never: a name, a number, a contact or
free text of a citizen, in landing, log or error; a page that may be incomplete; a load.
"""

from motcua.extract.chunk import ExtractOutcome, extract_batches
from motcua.extract.onboarding.check import SourceCheck, check_source
from motcua.extract.onboarding.unread_values import unread_values
from motcua.extract.wire.connection import (
    NO_CONNECTION,
    SourceConnection,
    connection_from_environment,
    connection_from_parts,
)

__all__ = [
    "NO_CONNECTION",
    "ExtractOutcome",
    "SourceCheck",
    "SourceConnection",
    "check_source",
    "connection_from_environment",
    "connection_from_parts",
    "extract_batches",
    "unread_values",
]
