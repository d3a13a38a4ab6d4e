"""What an edition says, as one JSON document of strings and integers, and its canonical bytes (RFC 8785)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import rfc8785

from motcua.catalog import Unit
from motcua.catalog.forms import Form
from motcua.period import Period
from motcua.publish.form.completeness import SourceCell
from motcua.publish.form.figures import Table, unit_json
from motcua.publish.form.parts import PeriodPart
from motcua.publish.form.reading import FormOnMap

Content = dict[str, Any]
SCHEMA = "motcua.edition/3"


def canonical_bytes(content: Content) -> bytes:
    """Return the RFC 8785 serialisation: the bytes that are stored, hashed and later signed."""
    body: bytes = rfc8785.dumps(content)
    return body


def report_facts(form: Form, unit: Unit, period: Period) -> Content:
    """Return what the edition is about and how it is laid out, so that a file needs nothing but the edition."""
    return {
        "report": {
            "code": form.report_code,
            "form_no": form.form_no,
            "title_vi": form.title_vi,
            "title_en": form.title_en,
            "legal_source": form.legal_source,
            "counted_vi": form.counted_vi,
            "counted_en": form.counted_en,
            "row_heading_vi": form.row_heading.vi,
            "row_heading_en": form.row_heading.en,
        },
        "unit": unit_json(unit),
        "period": period.as_json(),
        "sections": [section.model_dump() for section in form.sections],
        "columns": [
            {
                "number": column.number,
                "code": column.code,
                "label": column.label,
                "vi": list(column.vi),
                "en": list(column.en),
                **({"percent": column.percent.model_dump()} if column.percent else {}),
            }
            for column in form.columns
        ],
        "display": display_json(form),
    }


def display_json(form: Form) -> Content:
    """Return how the page of a form is headed: its mark, tiles, rates and charts."""
    return {
        "mark": form.mark.model_dump(),
        "tiles": [tile.model_dump(mode="json", exclude_none=True) for tile in form.page_tiles],
        "rates": [rate.model_dump(mode="json") for rate in form.rates],
        "charts": [chart.model_dump(mode="json") for chart in form.charts],
    }


def tables_json(tables: Mapping[str, Table]) -> list[Content]:
    """Return the tables as the edition keeps them; a figure that no source can tell is left out."""
    return [
        {
            "code": table.code,
            "rows": [
                {
                    "row_code": row.row_code,
                    "row_name": row.row_name,
                    "level": row.level,
                    "unit_id": row.unit_id,
                    "figures": row.told,
                    **({"percentages": dict(row.percentages)} if row.percentages else {}),
                }
                for row in table.rows
            ],
        }
        for table in tables.values()
    ]


def change_tables_json(changes: Mapping[str, Table]) -> list[Content]:
    """Return the changes from the period before as tables of the edition: `unit_change` beside `unit`."""
    return [{**table, "code": f"{table['code']}_change"} for table in tables_json(changes)]


def part_code(table: str, part: int) -> str:
    """Return the code of a part's table: `unit@1` is the table by unit of part 1, on its own map."""
    return f"{table}@{part}"


def part_tables_json(part: PeriodPart) -> list[Content]:
    """Return the tables of a part of the period as the edition keeps them."""
    tables = tables_json(part.tables)
    return [{**table, "code": part_code(table["code"], part.number)} for table in tables]


def maps_json(map_code: str, day: date, reading: FormOnMap | None = None) -> Content:
    """Return which maps the edition was read on; nothing where every unit is on its own line.

    Args:
        map_code: what names the series of editions on another map; empty for the period's own.
        day: the day whose map the main tables are on.
        reading: of a form, with the parts of its period.
    """
    parts = () if reading is None else reading.parts
    if not parts and not map_code:
        return {}
    return {
        "maps": {
            "code": map_code,
            "on": day.isoformat(),
            "parts": [
                {"part": part.number, "from": part.period.from_date.isoformat(), "to": part.period.to_date.isoformat()}
                for part in parts
            ],
            "explanation": {} if reading is None else dict(reading.explanation),
        }
    }


def cells_json(cells: list[SourceCell], placed: Mapping[str, str]) -> list[Content]:
    """Return the cells as the edition keeps them, each with its batches, and with the line it is on if another's."""
    return [
        {
            "source_id": cell.source_id,
            "source_name": cell.source_name,
            "unit_id": cell.unit_id,
            **({"row_unit_id": line} if (line := placed.get(cell.unit_id, cell.unit_id)) != cell.unit_id else {}),
            "row_code": cell.row_code,
            "level": cell.level,
            "cell": cell.cell,
            "from": cell.from_date.isoformat(),
            "to": cell.to_date.isoformat(),
            "batches": [{"batch_id": batch_id, "manifest_sha256": sha} for batch_id, sha in cell.batches],
        }
        for cell in cells
    ]


def folder_sha256(folder: Path, pattern: str) -> str:
    """Return the SHA-256 over names and bytes of the files of a folder that match `pattern`."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob(pattern)):
        body = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(body)}\0".encode())
        digest.update(body)
    return digest.hexdigest()


def table_rows(content: Content, code: str) -> list[Content]:
    """Return the rows of one table of an edition; none if it has no such table."""
    for table in content["tables"]:
        if table["code"] == code:
            rows: list[Content] = table["rows"]
            return rows
    return []


def figure_rows(content: Content) -> Iterator[tuple[str, int, str, str, str | None, str, int]]:
    """Yield the edition's figures as rows of edition_figure: table, row number, code, name, level, column, quantity."""
    for table in content["tables"]:
        for row_no, row in enumerate(table["rows"], start=1):
            for column_code, quantity in row["figures"].items():
                yield (
                    table["code"],
                    row_no,
                    row["row_code"],
                    row["row_name"],
                    row["level"] or None,
                    column_code,
                    quantity,
                )


# What is left out when two editions are compared, by place in the content (`*` is any item of a list), and why. All the
# rest is compared: an edition goes out when anything in it changes.
NOT_COMPARED: Mapping[tuple[str, ...], str] = {
    ("edition_id",): "identifies the edition itself",
    ("edition_no",): "identifies the edition itself",
    ("restates",): "says what the edition changes in the one before, so it follows from the comparison",
    ("read_at",): "the moment the store was read",
    ("rules",): "fingerprints of the whole catalogue, every expectation and every statement, most of which bear on no"
    " one report; what a changed rule does shows in the rest, and `restates` then names it",
    ("rule_texts",): "explains the codes of rules that stand under `set_aside` and `quarantine`, which are compared",
    ("cells", "*", "batches"): "which pull was read: a source that is asked again gives new batches, also of"
    " the very same dossiers",
}


# Editions that were published before these were kept do not have them, and are not published again for that.
_KEPT_LATER = ("checklist", "set_aside")


def says_the_same(one: Content, other: Content) -> bool:
    """Return whether two contents differ in nothing but `NOT_COMPARED`; what one cannot have is not compared."""
    return not changed_keys(one, other)


def changed_keys(one: Content, other: Content) -> list[str]:
    """Return the keys at the top of two contents under which they differ in what is compared, in order."""
    mine, theirs = _compared(one), _compared(other)
    cannot_have = {key for key in _KEPT_LATER if key not in mine or key not in theirs}
    return sorted(key for key in {*mine, *theirs} - cannot_have if mine.get(key) != theirs.get(key))


def _compared(value: Any, place: tuple[str, ...] = ()) -> Any:
    if isinstance(value, dict):
        return {
            key: _compared(inner, (*place, key)) for key, inner in value.items() if (*place, key) not in NOT_COMPARED
        }
    if isinstance(value, list):
        return [_compared(inner, (*place, "*")) for inner in value]
    return value
