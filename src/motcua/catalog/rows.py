"""Reads tables of the catalogue: CSV files whose rows are typed on load; an error names the file and the line."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from motcua.errors import CatalogError

ModelT = TypeVar("ModelT", bound=BaseModel)


def read_rows(path: Path, model: type[ModelT]) -> list[tuple[Path, int, ModelT]]:
    """Return file, line and entry of each row of a CSV. The file is checked at once: the units of a country are many.

    Raises:
        CatalogError: naming file and line of the first row that does not fit the model.
    """
    given: list[dict[str | None, object]] = []
    lines: list[int] = []
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.reader(handle)
        head = next(reader, [])
        for cells in filter(None, reader):
            given.append(dict(zip_longest(head, cells)))  # a cell too many has no key and is refused
            lines.append(reader.line_num)
    try:
        found = TypeAdapter(list[model]).validate_python(given)  # type: ignore[valid-type]
    except ValidationError as error:
        number, *key = error.errors()[0]["loc"]
        raise refused(path, lines[int(number)], error, key) from None
    return [(path, line, entry) for line, entry in zip(lines, found, strict=True)]


def refused(path: Path, line: int, error: ValidationError, place: Sequence[str | int] | None = None) -> CatalogError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in (first["loc"] if place is None else place)) or "entry"
    what = "is not a known key" if first["type"] == "extra_forbidden" else f": {first['msg']}"
    return CatalogError(
        f"{path}:{line}: {key} {what}".replace(" : ", ": ") + ".",
        action="correct that line; docs/reference/catalog.md lists the keys.",
    )
