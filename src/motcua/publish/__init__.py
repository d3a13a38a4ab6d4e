"""Publish: daily measures become reports that an office can trust, explain and keep.

In: measure_day, unit and batch of the store, the forms of the catalogue. Out: editions in the warehouse (immutable
figures, canonical bytes, SHA-256) and, made from an edition alone, its workbook, page and JSON.
Never: a figure computed in two ways, a missing source passed off as zero, a change to an edition once published, a
dossier or a person; the warehouse holds counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motcua.publish.editions import (
        Edition,
        EditionSummary,
        Verification,
        list_editions,
        publish_edition,
        read_edition,
        verify_edition,
    )
    from motcua.publish.figures import Row
    from motcua.publish.files import write_files
    from motcua.publish.overdue import OverdueDossier, overdue_list
    from motcua.publish.planning import reports_due
    from motcua.publish.published import Comparison, compare_published
    from motcua.publish.reading import Form06, Reading, form_06, read_form

# Loaded on first use: a DAG file that names this package must not pay for Jinja2 or the databases.
_HOMES = {
    "Edition": "editions", "EditionSummary": "editions", "Verification": "editions", "list_editions": "editions",
    "publish_edition": "editions", "read_edition": "editions", "verify_edition": "editions",
    "Form06": "reading", "Reading": "reading", "Row": "figures", "form_06": "reading", "write_files": "files",
    "read_form": "reading", "OverdueDossier": "overdue", "overdue_list": "overdue",
    "Comparison": "published", "compare_published": "published", "reports_due": "planning",
}  # fmt: skip

__all__ = [
    "Comparison",
    "Edition",
    "EditionSummary",
    "Form06",
    "OverdueDossier",
    "Reading",
    "Row",
    "Verification",
    "compare_published",
    "form_06",
    "list_editions",
    "overdue_list",
    "publish_edition",
    "read_edition",
    "read_form",
    "reports_due",
    "verify_edition",
    "write_files",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
