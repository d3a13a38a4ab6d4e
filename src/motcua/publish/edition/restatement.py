"""What a new edition changes in the one it restates, row by row, with the cause where it can be known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from motcua.catalog.cells import cell_code, cell_text
from motcua.publish.edition.content import Content, part_code, table_rows
from motcua.warehouse import statement

_MOVES = ("new", "changed", "moved_in", "moved_out")


def restate(store: Connection, earlier: Content, draft: Content, placed: Mapping[str, str]) -> Content:
    """Return the differences of `draft` from `earlier`; `placed` says on whose line each unit stands in the draft.

    Causes of a row: a source of its unit answered (or fell silent) since; so many dossier versions of its unit were
    new, changed, moved in or moved out since; otherwise unknown. The total row carries the causes of all.
    """
    sources = _changed_cells(earlier, draft)
    versions = _changed_versions(store, earlier, draft, placed)
    parts = [part["part"] for part in draft.get("maps", {}).get("parts", ())]
    rows = []
    for part, table in ((part, code) for part in (0, *parts) for code in ("unit", "index", "total")):
        code = part_code(table, part) if part else table
        before_rows = {_key(row): row for row in table_rows(earlier, code)}
        after_rows = {_key(row): row for row in table_rows(draft, code)}
        for key in [*after_rows, *(key for key in before_rows if key not in after_rows)]:
            row = after_rows.get(key) or before_rows[key]
            before = before_rows[key]["figures"] if key in before_rows else {}
            after = after_rows[key]["figures"] if key in after_rows else {}
            columns = [
                {"column_code": code, "before": before.get(code, 0), "after": after.get(code, 0)}
                for code in dict.fromkeys((*after, *before))
                if before.get(code, 0) != after.get(code, 0)
            ]
            if columns:
                unit_ids = {row["unit_id"]} if row["unit_id"] else None
                if part and unit_ids:  # causes are kept by line of the whole period
                    unit_ids = {placed.get(row["unit_id"], row["unit_id"])}
                rows.append(
                    {
                        **({"part": part} if part else {}),
                        **{name: row[name] for name in ("row_code", "row_name", "level", "unit_id")},
                        "columns": columns,
                        "causes": _causes(sources, versions, unit_ids, earlier["edition_no"]),
                    }
                )
    return {
        "edition_id": earlier["edition_id"],
        "edition_no": earlier["edition_no"],
        "state": earlier["state"],
        "sources": sources,
        "rules_changed": sorted(name for name, sha in draft["rules"].items() if earlier["rules"].get(name) != sha),
        "rows": rows,
    }


def _key(row: Content) -> str:
    key: str = row["unit_id"] or row["row_code"]
    return key


def _changed_cells(earlier: Content, draft: Content) -> list[Content]:
    before = {(cell["source_id"], cell["unit_id"]): cell_code(cell["cell"]) for cell in earlier["completeness"]}
    changed = []
    for cell in draft["completeness"]:
        was = before.get((cell["source_id"], cell["unit_id"]), "not_expected")
        if was != cell["cell"]:
            changed.append(
                {
                    **{name: cell[name] for name in ("source_id", "source_name", "row_code")},
                    "unit_id": cell.get("row_unit_id", cell["unit_id"]),
                    "before": was,
                    "after": cell["cell"],
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
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        counts = found.setdefault(placed[row.unit_id], dict.fromkeys(_MOVES, 0))
        for name in _MOVES:
            counts[name] += getattr(row, f"{name}_count")
    return found


def _causes(
    sources: list[Content], versions: dict[str, dict[str, int]], unit_ids: set[str] | None, edition_no: int
) -> list[Content]:
    causes: list[Content] = []
    for source in sources:
        if unit_ids is None or source["unit_id"] in unit_ids:
            kind = "source_answered" if source["after"] == "received" else "source_changed"
            causes.append({"kind": kind, "edition_no": edition_no, **_without(source, "unit_id", "row_code")})
    counts = [found for unit_id, found in versions.items() if unit_ids is None or unit_id in unit_ids]
    if counts:
        summed = {name: sum(found[name] for found in counts) for name in counts[0]}
        causes.append({"kind": "versions", "edition_no": edition_no, **summed})
    return causes or [{"kind": "unknown", "edition_no": edition_no}]


def _without(entry: Content, *names: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in names}


def cause_text(cause: Content, lang: str) -> str:
    """Say a cause in words, in Vietnamese (`vi`) or English (`en`)."""
    number = cause["edition_no"]
    vi = lang == "vi"
    if cause["kind"] == "versions":
        counts = (cause["new"], cause["changed"], cause["moved_in"], cause["moved_out"])
        if vi:
            words = ("hồ sơ mới", "hồ sơ thay đổi", "hồ sơ chuyển đến", "hồ sơ chuyển đi")
            return "; ".join(f"{n} {word} kể từ ấn bản {number}" for n, word in zip(counts, words, strict=True) if n)
        words = ("new", "changed", "moved in", "moved out")
        told = ", ".join(f"{n} {word}" for n, word in zip(counts, words, strict=True) if n)
        return f"dossier versions since edition {number}: {told}"
    if cause["kind"] == "unknown":
        if vi:
            return f"chưa xác định được nguyên nhân so với ấn bản {number}"
        return f"cause not known, compared with edition {number}"
    name = cause["source_name"]
    was, now = (cell_text(cause[end], lang).lower() for end in ("before", "after"))
    if vi:
        return f"nguồn {cause['source_id']} ({name}): ấn bản {number} {was}, nay {now}"
    if cause["kind"] == "source_answered":
        return f"source {cause['source_id']} was {was} in edition {number}"
    return f"source {cause['source_id']} was {was} in edition {number} and is {now} now"
