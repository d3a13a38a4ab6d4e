"""Takes the kept keys from a page of records, column by column, and notes the keys that the mapping does not classify.

The records of one listing have only a few shapes, so names are compared once per shape, not once per record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from motcua.extract.records.rules import KeyClasses

Record = dict[str, Any]
Report = Callable[[int, str], None]  # (row, issue)

_POSITION = re.compile(r"-?\d+")


def without_positions(path: str) -> str:
    """Return a path without the positions in lists: `a.-1.b` is the key `a.b` of the source."""
    return ".".join(part for part in path.split(".") if not _POSITION.fullmatch(part))


@dataclass
class _Node:
    """One level of the kept keys. `leaf` is the full path when the value itself is kept."""

    path: str
    leaf: str | None = None
    children: dict[str, _Node] = field(default_factory=dict)
    shapes: set[tuple[str, ...]] = field(default_factory=set)

    def child(self, name: str) -> _Node:
        path = self.path if _POSITION.fullmatch(name) else f"{self.path}.{name}".lstrip(".")
        return self.children.setdefault(name, _Node(path))


class Picker:
    """Picks the kept keys of one mapping. `unclassified` collects names that the mapping does not have, never values.

    `inner` are the keys inside a kept list from which fields are made (`SourceMapping.inner_keys`).
    """

    def __init__(self, keys: KeyClasses, nested: bool, inner: Iterable[str] = ()) -> None:
        self.unclassified: set[str] = set()
        self._nested = nested
        self._root = _Node("")
        kept = (*keys.keep, *keys.hmac)
        for path in kept:
            node = self._root
            for name in path.split(".") if nested else (path,):
                node = node.child(name)
            node.leaf = path
        self._known = set(keys.listed)
        if nested:
            self._known = {without_positions(path) for path in (*keys.listed, *inner)}
            for path in kept:
                parts = without_positions(path).split(".")
                self._known |= {".".join(parts[:end]) for end in range(1, len(parts))}

    def columns(self, records: Sequence[Record], report: Report) -> dict[str, Sequence[Any]]:
        """Return the values of each kept key. An absent key is None; so is anything in the place of an object."""
        values: dict[str, Sequence[Any]] = {}
        self._take(self._root, records, values, report)
        return values

    def _take(self, node: _Node, records: Sequence[Record], values: dict[str, Sequence[Any]], report: Report) -> None:
        shapes = {tuple(record) for record in records}
        self._classify(node, shapes)
        names = tuple(node.children)
        common = tuple(name for name in names if records and all(name in shape for shape in shapes))
        columns: dict[str, Sequence[Any]] = {
            name: [record.get(name) for record in records] for name in names if name not in common
        }
        if len(common) == 1:
            columns[common[0]] = [record[common[0]] for record in records]
        elif common:
            columns.update(zip(common, zip(*map(itemgetter(*common), records), strict=True), strict=True))
        for name, column in columns.items():
            self._enter(node.children[name], column, values, report)

    def _enter(self, node: _Node, column: Sequence[Any], values: dict[str, Sequence[Any]], report: Report) -> None:
        if node.leaf is not None:
            values[node.leaf] = column
        if self._nested:
            self._classify_inside(node, column)
        inner = {name: child for name, child in node.children.items() if not _POSITION.fullmatch(name)}
        if len(inner) < len(node.children):
            for name, child in node.children.items():
                if name not in inner:
                    self._enter(child, [_item(value, int(name)) for value in column], values, report)
        if inner:
            objects = [self._object(node, row, value, report) for row, value in enumerate(column)]
            self._take(node, objects, values, report)

    def _classify_inside(self, node: _Node, column: Sequence[Any]) -> None:
        """Classify the keys of a kept list or object that are not taken from it."""
        kinds = set(map(type, column))
        if list in kinds:
            lists = (value for value in column if isinstance(value, list))
            self._classify(node, {tuple(item) for items in lists for item in items if isinstance(item, dict)})
        if dict in kinds:
            self._classify(node, {tuple(value) for value in column if isinstance(value, dict)})

    def _classify(self, node: _Node, shapes: set[tuple[str, ...]]) -> None:
        for shape in shapes - node.shapes:
            paths = (f"{node.path}.{name}" if node.path else name for name in shape)
            self.unclassified.update(path for path in paths if path not in self._known)
        node.shapes |= shapes

    def _object(self, node: _Node, row: int, value: Any, report: Report) -> Record:
        if isinstance(value, dict):
            return value
        if value is not None and value != "":
            report(row, f"{node.path}: not an object")
        return {}


def _item(value: Any, position: int) -> Any:
    """Return an item of a list, or None beyond its end. A single object counts as a list of one item."""
    if isinstance(value, list):
        return value[position] if -len(value) <= position < len(value) else None
    return value
