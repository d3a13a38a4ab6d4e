"""Editions as they were written before, read in today's shape. Their bytes stay what was hashed; nothing is stored.

What changed since the first editions: cells had two vocabularies, an edition did not say how its page is headed, an
index did not name all its columns, and what is `completeness` now was called `state` while `completeness` was the list
of cells. What such an edition leaves out is taken from the form of its report that was
in force on its last day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from motcua.catalog.cells import cell_code
from motcua.catalog.forms import load_form
from motcua.catalog.index import index_of, load_definition
from motcua.errors import ReportRefused
from motcua.publish.edition.content import SCHEMA, Content, display_json
from motcua.publish.index.document import index_columns, index_display
from motcua.settings import Settings

PLAIN: Content = {"mark": {"vi": "Báo cáo", "en": "Report"}, "tiles": [], "rates": [], "charts": []}


def in_todays_shape(content: Content) -> Content:
    """Return the content of an edition, whenever it was published, as one published today would have it."""
    shaped = {key: value for key, value in content.items() if key not in ("tiles", "state")} | {"schema": SCHEMA}
    cells = content["cells"] if "cells" in content else content["completeness"]
    shaped["cells"] = [{**cell, "cell": cell_code(cell["cell"])} for cell in cells]
    shaped["completeness"] = completeness_of(content)
    if "restates" in content:
        restates = content["restates"]
        shaped["restates"] = {key: value for key, value in restates.items() if key != "state"}
        shaped["restates"]["completeness"] = completeness_of(restates)
    shaped.setdefault("display", _display(content))
    if "index" in content:
        shaped["columns"] = index_columns()
    return shaped


def completeness_of(said: Mapping[str, Any]) -> str:
    """Return whether an edition, or the one it restates, is provisional or final, whenever it was published."""
    completeness: str = said["state"] if "state" in said else said["completeness"]
    return completeness


def _display(content: Content) -> Content:
    """Return how a page is headed today, without what names columns that the edition has not."""
    code, day = content["report"]["code"], date.fromisoformat(content["period"]["to"])
    folder = Settings.load().catalog_dir
    try:
        if index := index_of(code):
            return index_display(load_definition(folder, index, day))
        said = display_json(load_form(folder, code, day))
    except ReportRefused:  # the catalogue no longer knows the report: its figures are read without a head
        return PLAIN
    known = {column["code"] for column in content["columns"]}
    return {
        "mark": said["mark"],
        **{part: [one for one in said[part] if _columns(one) <= known] for part in ("tiles", "rates", "charts")},
    }


def _columns(part: Mapping[str, Any]) -> set[str]:
    """Return the columns that a tile, a rate or a chart is made of."""
    codes = {part["column"]} if "column" in part else set()
    for name in ("count", "of", "among"):
        codes |= set(part.get(name, ()))
    codes |= {bar["column"] for bar in part.get("bars", ())}
    return codes | (_columns(part["share"]) if "share" in part else set())
