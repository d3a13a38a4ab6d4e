"""Publish: daily measures become reports that an office can trust, explain and keep.

In: measure_day, unit and batch of the store, the forms of the catalogue. Out: editions in the warehouse (immutable
figures, canonical bytes, SHA-256) and, made from an edition alone, its workbook, page and JSON.
Never: a figure computed in two ways, a missing source passed off as zero, a change to an edition once published, a
dossier or a person; the warehouse holds counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motcua.publish.edition.editions import (
        Edition,
        EditionSummary,
        Verification,
        list_editions,
        read_edition,
        verify_edition,
    )
    from motcua.publish.edition.lifecycle import checklist_now, publish_edition
    from motcua.publish.edition.planner import Planned, finals_beside_held, plan_publication
    from motcua.publish.files.write import write_files
    from motcua.publish.form.dossier_list import DossierListing, OverdueDossier, read_list
    from motcua.publish.form.figures import Row
    from motcua.publish.form.reading import FormOnMap, FormReading, read_form
    from motcua.publish.planning import reports_due

# Loaded on first use: a DAG file that names this package must not pay for Jinja2 or the databases.
_HOMES = {
    name: module
    for module, names in {
        "edition.editions": (
            "Edition",
            "EditionSummary",
            "Verification",
            "list_editions",
            "read_edition",
            "verify_edition",
        ),
        "edition.lifecycle": ("checklist_now", "publish_edition"),
        "edition.planner": ("Planned", "finals_beside_held", "plan_publication"),
        "files.write": ("write_files",),
        "form.dossier_list": ("DossierListing", "OverdueDossier", "read_list"),
        "form.figures": ("Row",),
        "form.reading": ("FormOnMap", "FormReading", "read_form"),
        "planning": ("reports_due",),
    }.items()
    for name in names
}

__all__ = [
    "DossierListing",
    "Edition",
    "EditionSummary",
    "FormOnMap",
    "FormReading",
    "OverdueDossier",
    "Planned",
    "Row",
    "Verification",
    "checklist_now",
    "finals_beside_held",
    "list_editions",
    "plan_publication",
    "publish_edition",
    "read_edition",
    "read_form",
    "read_list",
    "reports_due",
    "verify_edition",
    "write_files",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
