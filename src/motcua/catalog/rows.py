"""Reads tables of the catalogue: CSV files whose rows are typed on load; an error names the file and the line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from motcua.errors import CatalogError

ModelT = TypeVar("ModelT", bound=BaseModel)
Place = tuple[Path, int]  # file, line


def read_rows(paths: Iterable[Path], model: type[ModelT]) -> list[tuple[Place, ModelT]]:
    """Return each row of CSV files, typed, with the file and line it stands at.

    A file is checked as a whole: the units of the country are read by every command.

    Raises:
        CatalogError: naming file and line of the first row that does not fit the model.
    """
    rows: list[tuple[Place, ModelT]] = []
    entries = TypeAdapter(list[model])  # type: ignore[valid-type]
    for path in paths:
        given: list[dict[str | None, object]] = []
        lines: list[int] = []
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle)
            head = next(reader, [])
            for cells in filter(None, reader):
                given.append(dict(zip_longest(head, cells)))  # a cell too many has no key and is refused
                lines.append(reader.line_num)
        try:
            found = entries.validate_python(given)
        except ValidationError as error:
            number, *key = error.errors()[0]["loc"]
            raise refused(path, lines[int(number)], error, key) from None
        rows += [((path, line), entry) for line, entry in zip(lines, found, strict=True)]
    return rows


def refused(path: Path, line: int, error: ValidationError, place: Sequence[str | int] | None = None) -> CatalogError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in (first["loc"] if place is None else place)) or "entry"
    what = "is not a known key" if first["type"] == "extra_forbidden" else f": {first['msg']}"
    return CatalogError(
        f"{path}:{line}: {key} {what}".replace(" : ", ": ") + ".",
        action="correct that line; docs/reference/catalog.md lists the keys.",
    )
