"""Editions in the warehouse: immutable figures with their canonical bytes and SHA-256 (design.md idea 6)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import Connection, text

from motcua.catalog import load_catalog
from motcua.catalog.cells import cell_text
from motcua.catalog.forms import Form, load_form
from motcua.errors import ReportRefused
from motcua.period import Period
from motcua.publish.edition.content import (
    Content,
    canonical_bytes,
    change_tables_json,
    completeness_json,
    figure_rows,
    folder_sha256,
    maps_json,
    part_tables_json,
    report_facts,
    substance,
    tables_json,
)
from motcua.publish.edition.quarantine import quarantine_counts
from motcua.publish.edition.restatement import restate
from motcua.publish.form.completeness import (
    SourceCell,
    read_cells,
    refuse_unready_batches,
    without_source,
)
from motcua.publish.form.figures import units_in_force
from motcua.publish.form.reading import read_on_map
from motcua.publish.form.scope import Scope
from motcua.publish.index.document import REPORT as INDEX
from motcua.publish.index.document import index_content
from motcua.publish.index.standing import standing_of
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine, warehouse_engine

State = Literal["provisional", "final"]
BRIEF = "nightly-brief"


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
    state: str
    restates_edition_id: str | None
    sha256: str
    published_at: datetime


@dataclass(frozen=True)
class Edition(EditionSummary):
    """An edition with its canonical bytes, from which every file is made."""

    canonical_bytes: bytes

    @cached_property
    def content(self) -> Content:
        content: Content = json.loads(self.canonical_bytes)
        return content


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


def publish_edition(
    report_code: str,
    unit: str,
    period: Period,
    *,
    state: State | None = None,
    today: date | None = None,
    on_map: str | None = None,
) -> Edition:
    """Publish a report as an edition, or return the newest one when nothing has changed since.

    An edition is final when the period is over and every source in scope is received; otherwise it is provisional
    and names what is missing. A later edition restates the one before it with the causes of each difference.
    Units are those of the period's last day; when they changed within the period, the edition also holds each part
    of it on its own map.

    Args:
        report_code: a form of the catalogue, `index-766`, or `nightly-brief` (whose period is one day).
        unit: official code or unit id; the report covers everything below it.
        state: ask for this state instead of the best one possible.
        today: the day of publishing, in Asia/Ho_Chi_Minh; the clock's by default.
        on_map: `as-now` or a day whose units differ: an edition of a series of its own. `as-was` is in every edition.

    Raises:
        ReportRefused: an identity does not hold, loaded batches are unmeasured or unbalanced, the period has not
            begun, or `final` was asked for and something is missing.
        CatalogError: the unit is unknown on the period's days.
    """
    settings = Settings.load()
    form = None if report_code == INDEX else load_form(settings.catalog_dir, report_code, period.to_date)
    asked = Scope.of(load_catalog(settings.catalog_dir), unit, period, on_map, today)
    map_code = asked.map_code
    scope = asked if map_code else asked.on_own_map()
    if period.from_date >= scope.today:
        raise ReportRefused(
            f"The period {period.label} has no day that is over on {scope.today}.",
            action=f"publish it after {period.from_date}.",
        )
    if report_code == BRIEF and period.days != 1:
        raise ReportRefused(
            f"A nightly brief covers one day, not {period.label}.", action="ask for a period of one day."
        )
    with warehouse_engine().begin() as warehouse:
        lock = f"edition {report_code} {scope.unit.unit_id} {period.period_type} {period.from_date} {period.to_date}"
        warehouse.execute(text("select pg_advisory_xact_lock(hashtextextended(:lock, 0))"), {"lock": lock})
        newest = _newest(warehouse, report_code, scope, map_code)
        with (
            store_engine().connect().execution_options(isolation_level="REPEATABLE READ") as store,
            store.begin(),
        ):
            draft = _draft(store, settings, form, scope, map_code, state)
            if newest is not None and substance(newest.content) == substance(draft):
                return newest
            number = newest.edition_no + 1 if newest else 1
            draft["edition_no"] = number
            draft["edition_id"] = _edition_id(report_code, scope, map_code, number)
            if newest is not None:
                draft["restates"] = restate(store, newest.content, draft, scope.placed)
        _insert(warehouse, draft)
    return read_edition(draft["edition_id"])


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


def _draft(
    store: Connection, settings: Settings, form: Form | None, scope: Scope, map_code: str, asked: State | None
) -> Content:
    read_at: datetime = store.execute(text("select now()")).scalar_one()
    refuse_unready_batches(store, scope.catalog, scope.units)
    cells = read_cells(store, scope.catalog, scope.units, scope.period, scope.today)
    cells += without_source(units_in_force(scope.units, scope.period), cells, scope.period)
    if form is None:
        said = {**index_content(standing_of(store, scope)), **({"map": map_code} if map_code else {})}
    else:
        said = _form_content(store, form, scope, cells, map_code)
    return {
        **said,
        "state": _decide_state(said["report"]["code"], scope, cells, asked),
        "read_at": read_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "is_period_over": "yes" if scope.period.to_date < scope.today else "no",
        "completeness": completeness_json(cells, scope.placed),
        "rules": {
            "catalog": scope.catalog.fingerprint,
            "expectations": folder_sha256(settings.expectations_dir, "*.json"),
            "sql": folder_sha256(settings.sql_dir, "*.sql"),
        },
    }


def _form_content(store: Connection, form: Form, scope: Scope, cells: list[SourceCell], map_code: str) -> Content:
    reading = read_on_map(store, form, scope)
    parts = (table for part in reading.parts for table in part_tables_json(part))
    return {
        **report_facts(form, scope.unit, scope.period),
        "tables": [*tables_json(reading.tables), *change_tables_json(reading.changes), *parts],
        **maps_json(map_code, reading),
        **({"quarantine": quarantine_counts(store, cells, scope.period)} if form.report_code == BRIEF else {}),
    }


def _decide_state(report_code: str, scope: Scope, cells: Sequence[SourceCell], asked: State | None) -> State:
    unit, period = scope.unit, scope.period
    lacking = [
        f"{cell.source_id} ({cell.source_name}): {cell_text(cell.cell, 'en').lower()}"
        for cell in cells
        if cell.is_lacking
    ]
    if not any(cell.cell == "received" for cell in cells):
        lacking.append("no source in scope has answered")
    if period.to_date >= scope.today:
        lacking.append(f"the period runs until {period.to_date}")
    if asked == "final" and lacking:
        raise ReportRefused(
            f"Report {report_code} of {unit.name} ({unit.unit_id}) for {period.label} cannot be final: "
            + "; ".join(lacking) + ".",
            action="ingest the sources named (`motcua ingest --source ID --from --to`), or publish it as provisional.",
        )  # fmt: skip
    return "provisional" if lacking or asked == "provisional" else "final"


def _edition_id(report_code: str, scope: Scope, map_code: str, number: int) -> str:
    """Name the unit by its code, or by its id where the code means another unit at another time."""
    unit, period = scope.unit, scope.period
    shared = len(scope.catalog.units_by_code[unit.code]) > 1
    name = unit.unit_id.replace(":", "-") if shared else unit.code
    series = f".{map_code}" if map_code else ""
    return f"{report_code}.{name}.{period.period_type}.{period.label}{series}.{number}"


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
        "state": content["state"],
        "restates_edition_id": content["restates"]["edition_id"] if "restates" in content else None,
    }


def _insert(warehouse: Connection, content: Content) -> None:
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


def _newest(warehouse: Connection, report_code: str, scope: Scope, map_code: str) -> Edition | None:
    found = warehouse.execute(
        text(
            "select edition_id from edition where report_code = :report_code and unit_id = :unit_id"
            " and period_type = :period_type and from_date = :from_date and to_date = :to_date"
            " and map_code = :map_code order by edition_no desc limit 1"
        ),
        {
            "report_code": report_code,
            "unit_id": scope.unit.unit_id,
            "period_type": scope.period.period_type,
            "from_date": scope.period.from_date,
            "to_date": scope.period.to_date,
            "map_code": map_code,
        },
    ).scalar()
    return None if found is None else _read(warehouse, found)


def _read(connection: Connection, edition_id: str) -> Edition:
    row = connection.execute(
        text(f"select {_HEAD}, canonical_bytes from edition where edition_id = :id"),  # noqa: S608  our own names
        {"id": edition_id},
    ).one_or_none()
    if row is None:
        raise ReportRefused(f"There is no edition {edition_id!r}.", action="list them with `motcua edition list`.")
    return Edition(**{**row._mapping, "canonical_bytes": bytes(row.canonical_bytes)})
