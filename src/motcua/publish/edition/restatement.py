"""What a new edition changes in the one it restates, row by row, with the cause where it can be known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from motcua.catalog.cells import cell_code
from motcua.publish.edition.content import Content, changed_keys, part_code, table_rows
from motcua.warehouse import statement

_MOVES = ("new", "changed", "moved_in", "moved_out")
# Told by rows and sources of their own; the checklist is of what the edition says now.
_TOLD = {"tables", "cells", "completeness", "checklist"}


def restate(store: Connection, earlier: Content, draft: Content, placed: Mapping[str, str]) -> Content:
    """Return the differences of `draft` from `earlier`; `placed` says on whose line each unit stands in the draft.

    Causes of a row: a source of its unit answered (or fell silent) since; so many dossier versions of its unit were
    new, changed, moved in or moved out since; else the rules that changed; otherwise unknown. The total row carries
    the causes of all. A figure that one of the two does not tell has no `before` or no `after`.

    Args:
        earlier: in today's shape.
    """
    sources = _changed_cells(earlier, draft)
    versions = _changed_versions(store, earlier, draft, placed)
    rules = _changed_rules(earlier, draft)
    number = earlier["edition_no"]
    rows = []
    for part, table in _tables(draft):
        code = part_code(table, part) if part else table
        for before, after in _pairs(table_rows(earlier, code), table_rows(draft, code)):
            row = after or before
            if columns := _changed_columns(before.get("figures", {}), after.get("figures", {})):
                unit_ids = {row["unit_id"]} if row["unit_id"] else None
                if part and unit_ids:  # causes are kept by line of the whole period
                    unit_ids = {placed.get(row["unit_id"], row["unit_id"])}
                rows.append(
                    {
                        **({"part": part} if part else {}),
                        **{name: row[name] for name in ("row_code", "row_name", "level", "unit_id")},
                        "columns": columns,
                        "causes": _causes(sources, versions, rules, unit_ids, number),
                    }
                )
    return {
        "edition_id": earlier["edition_id"],
        "edition_no": number,
        "completeness": earlier["completeness"],
        "sources": sources,
        "rules_changed": rules,
        "rows": rows,
        "also": [_also(key, earlier, draft) for key in changed_keys(earlier, draft) if key not in _TOLD],
    }


def _tables(draft: Content) -> Iterable[tuple[int, str]]:
    """Yield the tables whose rows are compared: of the whole period (part 0), then of each part of it."""
    parts = [part["part"] for part in draft.get("maps", {}).get("parts", ())]
    return ((part, code) for part in (0, *parts) for code in ("unit", "index", "total"))


def _pairs(before: list[Content], after: list[Content]) -> Iterable[tuple[Content, Content]]:
    """Yield each row as it was and as it is, in the order of the new edition; nothing where one has no such row."""
    was = {_key(row): row for row in before}
    now = {_key(row): row for row in after}
    return ((was.get(key, {}), now.get(key, {})) for key in dict.fromkeys((*now, *was)))


def _key(row: Content) -> str:
    key: str = row["unit_id"] or row["row_code"]
    return key


def _changed_columns(before: Mapping[str, int], after: Mapping[str, int]) -> list[Content]:
    return [
        {
            "column_code": code,
            **{name: figures[code] for name, figures in (("before", before), ("after", after)) if code in figures},
        }
        for code in dict.fromkeys((*after, *before))
        if before.get(code) != after.get(code)
    ]


def _changed_rules(earlier: Content, draft: Content) -> list[str]:
    was, now = earlier["rules"], draft["rules"]
    return sorted(name for name in {**was, **now} if was.get(name) != now.get(name))


def _changed_cells(earlier: Content, draft: Content) -> list[Content]:
    """Return the sources whose cell is another now, those that are no longer expected among them."""
    was, now = ({(cell["source_id"], cell["unit_id"]): cell for cell in one["cells"]} for one in (earlier, draft))
    changed = []
    for key in dict.fromkeys((*now, *was)):
        cell = now.get(key) or was[key]
        before, after = (cell_code(one[key]["cell"]) if key in one else "not_expected" for one in (was, now))
        if before != after:
            changed.append(
                {
                    **{name: cell[name] for name in ("source_id", "source_name", "row_code")},
                    "unit_id": cell.get("row_unit_id", cell["unit_id"]),
                    "before": before,
                    "after": after,
                }
            )
    return changed


def _changed_versions(
    store: Connection, earlier: Content, draft: Content, placed: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    lines = {row["unit_id"] for row in table_rows(draft, "unit")}
    unit_ids = [unit_id for unit_id, line in placed.items() if line in lines]
    rows = store.execute(
        statement("publish/changed_versions"),
        {
            "read_at": earlier["read_at"],
            "to_date": date.fromisoformat(draft["period"]["to"]),
            "unit_ids": unit_ids,
        },
    )
    moved: dict[str, dict[str, int]] = {}
    for row in rows:
        counts = moved.setdefault(placed[row.unit_id], dict.fromkeys(_MOVES, 0))
        for name in _MOVES:
            counts[name] += getattr(row, f"{name}_count")
    return moved


def _causes(
    sources: list[Content],
    versions: dict[str, dict[str, int]],
    rules: list[str],
    unit_ids: set[str] | None,
    edition_no: int,
) -> list[Content]:
    causes: list[Content] = []
    for source in sources:
        if unit_ids is None or source["unit_id"] in unit_ids:
            kind = "source_answered" if source["after"] == "received" else "source_changed"
            causes.append({"kind": kind, "edition_no": edition_no, **_without(source, "unit_id", "row_code")})
    counts = [moved for unit_id, moved in versions.items() if unit_ids is None or unit_id in unit_ids]
    if counts:
        summed = {name: sum(moved[name] for moved in counts) for name in counts[0]}
        causes.append({"kind": "versions", "edition_no": edition_no, **summed})
    if not causes and rules:
        causes.append({"kind": "rules", "edition_no": edition_no, "rules": rules})
    return causes or [{"kind": "unknown", "edition_no": edition_no}]


def _without(entry: Content, *names: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in names}


def _also(key: str, earlier: Content, draft: Content) -> Content:
    """Return that something else of the content changed; of an index with the sentences that are others now."""
    if key != "index" or key not in earlier or key not in draft:
        return {"key": key}
    was, now = earlier["index"]["summary"], draft["index"]["summary"]
    return {
        "key": key,
        **{
            lang: {
                "before": [sentence for sentence in was[lang] if sentence not in now[lang]],
                "after": [sentence for sentence in now[lang] if sentence not in was[lang]],
            }
            for lang in ("vi", "en")
        },
    }
