"""The files of an edition: workbook, page and canonical JSON, all made from its content alone."""

from __future__ import annotations

import os
from pathlib import Path

from motcua.publish.edition.editions import Edition
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import workbook_bytes
from motcua.settings import Settings


def write_files(edition: Edition) -> list[Path]:
    """Write `<reports>/<edition id>/<report code>.{xlsx,html,json}` and return the three paths.

    The JSON file is the canonical bytes themselves, so `sha256sum` of it is the edition's SHA-256.
    """
    folder = Settings.load().reports_dir / edition.edition_id
    folder.mkdir(parents=True, exist_ok=True)
    bodies = {
        "xlsx": workbook_bytes(edition),
        "html": page_html(edition).encode(),
        "json": edition.canonical_bytes,
    }
    paths = []
    for ending, body in bodies.items():
        path = folder / f"{edition.report_code}.{ending}"
        made = path.with_name(f".{path.name}.{os.getpid()}")
        made.write_bytes(body)
        made.replace(path)
        paths.append(path)
    return paths
