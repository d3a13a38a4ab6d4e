"""Which facts of a dossier a source can tell at all: the fields that its mapping fills."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from motcua.catalog.load import catalog_file, read_yaml
from motcua.catalog.models import Source


def fed_fields(folder: Path, source: Source) -> frozenset[str]:
    """Return the canonical fields that the records of a source can have; none where its mapping is missing."""
    path = catalog_file(folder, "mappings", f"{source.mapping}.yaml")
    return _fields(path) if path.is_file() else frozenset()


@lru_cache(maxsize=64)
def _fields(path: Path) -> frozenset[str]:
    document, _ = read_yaml(path)
    fields = document.get("fields") if isinstance(document, dict) else None
    return frozenset(fields) if isinstance(fields, dict) else frozenset()
