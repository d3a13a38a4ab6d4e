"""Editions as the warehouse keeps them: immutable figures with their canonical bytes and SHA-256 (design.md idea 6)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, text

from motcua.catalog.models import Text
from motcua.errors import ReportRefused
from motcua.period import Period
from motcua.publish.edition.content import (
    Content,
    canonical_bytes,
    figure_rows,
)
from motcua.publish.edition.shapes import completeness_of, in_todays_shape
from motcua.warehouse import statement, warehouse_engine


@dataclass(frozen=True)
class EditionSummary:
    """The head of an edition, without its content."""

    edition_id: str
    report_code: str
    unit_id: str
    unit_code: str
    unit_name: str
    period_type: str
    period_label: str
    from_date: date
    to_date: date
    map_code: str
    edition_no: int
    completeness: str
    restates_edition_id: str | None
    sha256: str
    published_at: datetime


@dataclass(frozen=True)
class Edition(EditionSummary):
    """An edition with its canonical bytes, from which every file is made.

    `later_pulls` are those in spite of which a final edition stood when it was to be published again.
    """

    canonical_bytes: bytes
    later_pulls: tuple[Text, ...] = ()

    @cached_property
    def content(self) -> Content:
        """What was hashed, as it was written."""
        content: Content = json.loads(self.canonical_bytes)
        return content

    @cached_property
    def shaped(self) -> Content:
        """The content in today's shape, whenever it was published."""
        return in_todays_shape(self.content)


@dataclass(frozen=True)
class Verification:
    """What checking an edition against its own bytes found; sound when there are no findings."""

    edition_id: str
    sha256: str
    figure_count: int
    findings: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        return not self.findings


_HEAD = ", ".join(EditionSummary.__dataclass_fields__)


def list_editions(
    report_code: str | None = None, unit: str | None = None, period: Period | None = None
) -> list[EditionSummary]:
    """Return the heads of the editions of a report, unit (code or id) and period, newest first."""
    query = (
        f"select {_HEAD} from edition"  # noqa: S608  our own column names
        " where (cast(:report_code as text) is null or report_code = :report_code)"
        " and (cast(:unit as text) is null or :unit in (unit_id, unit_code))"
        " and (cast(:from_date as date) is null or (from_date, to_date) = (:from_date, :to_date))"
        " and (cast(:period_type as text) is null or period_type = :period_type)"
        " order by published_at desc, edition_no desc, edition_id"
    )
    values = {
        "report_code": report_code,
        "unit": unit,
        "from_date": period and period.from_date,
        "to_date": period and period.to_date,
        "period_type": period and period.period_type,
    }
    with warehouse_engine().connect() as connection:
        return [EditionSummary(**row._mapping) for row in connection.execute(text(query), values)]


def read_edition(edition_id: str) -> Edition:
    """Return an edition. Raises ReportRefused when there is none of that id."""
    with warehouse_engine().connect() as connection:
        return _read(connection, edition_id)


def verify_edition(edition_id: str) -> Verification:
    """Check an edition against its own bytes: the hash, the canonical form, its head, and every figure both ways."""
    findings: list[str] = []
    with warehouse_engine().connect() as connection:
        edition = _read(connection, edition_id)
        stored = {
            (row.table_code, row.row_no, row.column_code): tuple(row)
            for row in connection.execute(
                text(
                    "select table_code, row_no, row_code, row_name, level, column_code, quantity"
                    " from edition_figure where edition_id = :id order by table_code, row_no, column_code"
                ),
                {"id": edition_id},
            )
        }
    sha256 = hashlib.sha256(edition.canonical_bytes).hexdigest()
    if sha256 != edition.sha256:
        findings.append(f"the bytes hash to {sha256}, the edition states {edition.sha256}")
    content = edition.content
    if canonical_bytes(content) != edition.canonical_bytes:
        findings.append("the bytes are not canonical (RFC 8785)")
    for name, stated in _head_of(content).items():
        if getattr(edition, name) != stated:
            findings.append(f"{name} is {getattr(edition, name)!s} in the table, {stated!s} in the bytes")
    signed = {(row[0], row[1], row[5]): row for row in figure_rows(content)}
    for key in sorted(signed.keys() | stored.keys()):
        if signed.get(key) != stored.get(key):
            place = f"figure {key[0]} row {key[1]} {key[2]}"
            findings.append(f"{place}: {_shown(stored, key)} in the table, {_shown(signed, key)} in the bytes")
    return Verification(edition_id, sha256, len(signed), tuple(findings))


def _shown(rows: dict[tuple[str, int, str], Any], key: tuple[str, int, str]) -> str:
    row = rows.get(key)
    return "absent" if row is None else f"{row[2]} {row[3]} = {row[6]}"


def _head_of(content: Content) -> dict[str, Any]:
    return {
        "edition_id": content["edition_id"],
        "report_code": content["report"]["code"],
        "unit_id": content["unit"]["unit_id"],
        "unit_code": content["unit"]["code"],
        "unit_name": content["unit"]["name"],
        "period_type": content["period"]["type"],
        "period_label": content["period"]["label"],
        "from_date": date.fromisoformat(content["period"]["from"]),
        "to_date": date.fromisoformat(content["period"]["to"]),
        "map_code": content["maps"]["code"] if "maps" in content else "",
        "edition_no": content["edition_no"],
        "completeness": completeness_of(content),
        "restates_edition_id": content["restates"]["edition_id"] if "restates" in content else None,
    }


def keep_edition(warehouse: Connection, content: Content) -> None:
    """Write an edition and its figures, in the caller's transaction."""
    body = canonical_bytes(content)
    warehouse.execute(
        statement("publish/insert_edition"),
        {**_head_of(content), "canonical_bytes": body, "sha256": hashlib.sha256(body).hexdigest()},
    )
    names = ("table_codes", "row_nos", "row_codes", "row_names", "levels", "column_codes", "quantities")
    figures = zip(*figure_rows(content), strict=True)
    warehouse.execute(
        statement("publish/insert_figures"),
        {
            "edition_id": content["edition_id"],
            **{name: list(values) for name, values in zip(names, figures, strict=True)},
        },
    )


def newest_edition(
    warehouse: Connection, report_code: str, unit_id: str, period: Period, map_code: str
) -> Edition | None:
    """Return the newest edition of a series: a report, unit, period and map; none if there is none yet."""
    edition_id = warehouse.execute(
        text(
            "select edition_id from edition where report_code = :report_code and unit_id = :unit_id"
            " and period_type = :period_type and from_date = :from_date and to_date = :to_date"
            " and map_code = :map_code order by edition_no desc limit 1"
        ),
        {
            "report_code": report_code,
            "unit_id": unit_id,
            "period_type": period.period_type,
            "from_date": period.from_date,
            "to_date": period.to_date,
            "map_code": map_code,
        },
    ).scalar()
    return None if edition_id is None else _read(warehouse, edition_id)


def _read(connection: Connection, edition_id: str) -> Edition:
    row = connection.execute(
        text(f"select {_HEAD}, canonical_bytes from edition where edition_id = :id"),  # noqa: S608  our own names
        {"id": edition_id},
    ).one_or_none()
    if row is None:
        raise ReportRefused(f"There is no edition {edition_id!r}.", action="list them with `motcua edition list`.")
    return Edition(**{**row._mapping, "canonical_bytes": bytes(row.canonical_bytes)})
