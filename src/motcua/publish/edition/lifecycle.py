"""How an edition comes to be: read in one snapshot, compared with the newest of its series, kept if it differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Literal

from sqlalchemy import Connection, text

from motcua import ledger
from motcua.canonical import NAMES_OFFICE
from motcua.catalog import load_catalog, stated_numbers
from motcua.catalog.finality import load_finality
from motcua.catalog.forms import Form, load_form
from motcua.catalog.index import index_of
from motcua.catalog.record_sources import asked_sha256, every_source, reading_sha256, vouched_today
from motcua.days.years import years_not_known
from motcua.errors import ReportRefused
from motcua.period import Period
from motcua.publish.edition.checklist import Findings, Line, judge
from motcua.publish.edition.content import (
    SCHEMA,
    Content,
    cells_json,
    change_tables_json,
    folder_sha256,
    maps_json,
    part_tables_json,
    report_facts,
    says_the_same,
    tables_json,
)
from motcua.publish.edition.editions import Edition, keep_edition, newest_edition, read_edition
from motcua.publish.edition.later_pulls import later_pulls
from motcua.publish.edition.quarantine import quarantine_counts
from motcua.publish.edition.restatement import restate
from motcua.publish.edition.rule_texts import rule_texts, rules_named
from motcua.publish.edition.set_aside import PeriodSetAside, read_set_aside
from motcua.publish.form.completeness import (
    SourceCell,
    left_behind,
    read_cells,
    refuse_another_calendar,
    refuse_silence,
    refuse_tampered_measures,
    refuse_unready_batches,
    without_source,
)
from motcua.publish.form.figures import units_in_force
from motcua.publish.form.reading import not_known_json, read_on_map
from motcua.publish.form.scope import Scope
from motcua.publish.index.document import index_content
from motcua.publish.index.standing import standing_of
from motcua.settings import Settings
from motcua.warehouse import store_engine, warehouse_engine

Completeness = Literal["provisional", "final"]


def publish_edition(
    report_code: str,
    unit: str,
    period: Period,
    *,
    completeness: Completeness | None = None,
    today: date | None = None,
    on_map: str | None = None,
) -> Edition:
    """Publish a report as an edition, or return the newest one when nothing has changed since.

    An edition is final when every line of the checklist of the catalogue is met (`finality.yaml`); otherwise it is
    provisional and names what is missing. Either way it holds the checklist and what is set aside. A later edition
    restates the one before it with the causes of each difference. A final edition stands although a later pull is held,
    failed or under way, as long as its figures are the same; `later_pulls` of what is returned names each.
    Units are those of the period's last day; when they changed within the period, the edition also holds each part
    of it on its own map.

    Args:
        report_code: a form of the catalogue, or `index-` and the name of an index.
        unit: official code or unit id; the report covers everything below it.
        completeness: ask for this instead of the best one possible.
        today: the day of publishing, in Asia/Ho_Chi_Minh; the clock's by default.
        on_map: `as-now` or a day whose units differ: an edition of a series of its own. `as-was` is in every edition.

    Raises:
        ReportRefused: an identity does not hold, loaded batches are unmeasured or unbalanced, late intake was
            counted by another calendar, the period has not begun, no source in scope has answered, or `final` was
            asked for and something is missing.
        MeasuresDiffer: the measures of its units are not what the dossiers count.
        CatalogError: the unit is unknown on the period's days.
    """
    settings = Settings.load()
    asked = Scope.of(load_catalog(settings.catalog_dir), unit, period, on_map, today)
    scope = asked if asked.map_code else asked.on_own_map()
    if period.from_date >= scope.today:
        raise ReportRefused(
            f"The period {period.label} has no day that is over on {scope.today}.",
            action=f"publish it after {period.from_date}.",
        )
    with warehouse_engine().begin() as warehouse:
        lock = f"edition {report_code} {scope.unit.unit_id} {period.period_type} {period.from_date} {period.to_date}"
        warehouse.execute(text("select pg_advisory_xact_lock(hashtextextended(:lock, 0))"), {"lock": lock})
        newest = newest_edition(warehouse, report_code, scope.unit.unit_id, period, scope.map_code)
        with (
            store_engine().connect().execution_options(isolation_level="REPEATABLE READ") as store,
            store.begin(),
        ):
            draft, checklist, cells = _draft(store, settings, report_code, scope)
            if newest and completeness != "provisional" and (later := later_pulls(newest.shaped, draft, cells)):
                return replace(newest, later_pulls=later)
            draft["completeness"] = _decide_completeness(report_code, scope, checklist, completeness)
            if newest is not None and says_the_same(newest.shaped, draft):
                return newest
            number = newest.edition_no + 1 if newest else 1
            draft["edition_no"] = number
            draft["edition_id"] = _edition_id(report_code, scope, number)
            if newest is not None:
                draft["restates"] = restate(store, newest.shaped, draft, scope.placed)
        keep_edition(warehouse, draft)
    return read_edition(draft["edition_id"])


def checklist_now(report_code: str, unit: str, period: Period, *, on_map: str | None = None) -> Content:
    """Return `completeness` and `checklist` as an edition of a form would state them if it were published now.

    Where the newest edition would stand although a later pull is held, failed or under way, `stands` names it and them.
    The arguments are those of `publish_edition`. What refuses an edition (an identity, a measure) is not tried.

    Raises:
        CatalogError: the unit is unknown on the period's days.
    """
    settings = Settings.load()
    scope = Scope.of(load_catalog(settings.catalog_dir), unit, period, on_map)
    form = load_form(settings.catalog_dir, report_code, period.to_date)
    with store_engine().connect().execution_options(isolation_level="REPEATABLE READ") as store, store.begin():
        cells = _cells(store, scope, form.record_kind)
        _, checklist = _judged(store, scope, cells)
        said: Content = {"completeness": _best(checklist), "checklist": [line.as_json() for line in checklist]}
        if said["completeness"] == "provisional" and any(cell.unanswered_state for cell in cells):
            own = scope if scope.map_code else scope.on_own_map()
            with warehouse_engine().connect() as warehouse:
                newest = newest_edition(warehouse, report_code, scope.unit.unit_id, period, own.map_code)
            if newest and newest.completeness == "final":
                draft, _, drafted = _content(store, settings, report_code, own)
                if later := later_pulls(newest.shaped, draft, drafted):
                    said["completeness"] = "final"
                    said["stands"] = {
                        "edition_id": newest.edition_id,
                        "later_pulls": [{"vi": one.vi, "en": one.en} for one in later],
                    }
    return said


def _draft(
    store: Connection, settings: Settings, report_code: str, scope: Scope
) -> tuple[Content, list[Line], list[SourceCell]]:
    """Return what would be published, as complete as it can be, with its checklist and cells, or refuse it."""
    refuse_unready_batches(store, scope.catalog, scope.units)
    refuse_another_calendar(store, scope.unit_ids, scope.period.to_date)
    refuse_tampered_measures(store, scope.unit_ids)
    drafted = _content(store, settings, report_code, scope)
    refuse_silence(report_code, scope, drafted[2])
    return drafted


def _content(
    store: Connection, settings: Settings, report_code: str, scope: Scope
) -> tuple[Content, list[Line], list[SourceCell]]:
    read_at: datetime = store.execute(text("select now()")).scalar_one()
    if index := index_of(report_code):
        cells = _cells(store, scope, "dossier", "petition")
        content = _index_content(store, index, scope)
    else:
        form = load_form(scope.catalog.folder, report_code, scope.period.to_date)
        cells = _cells(store, scope, form.record_kind)
        content = _form_content(store, form, scope, cells)
    aside, checklist = _judged(store, scope, cells)
    draft = {
        "schema": SCHEMA,
        **content,
        "completeness": _best(checklist),
        "checklist": [line.as_json() for line in checklist],
        "set_aside": aside.as_json(),
        "read_at": read_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "is_period_over": "yes" if scope.period.to_date < scope.today else "no",
        "cells": cells_json(cells, scope.placed),
        "rules": {
            "catalog": scope.catalog.fingerprint,
            "expectations": folder_sha256(settings.expectations_dir, "*.json"),
            "sql": folder_sha256(settings.sql_dir, "*.sql"),
        },
    }
    draft["rule_texts"] = rule_texts(settings.expectations_dir, rules_named(draft))
    return draft, checklist, cells


def _judged(store: Connection, scope: Scope, cells: list[SourceCell]) -> tuple[PeriodSetAside, list[Line]]:
    """Return what is set aside of a period, and the checklist that follows from it and from what the sources gave."""
    catalog, period, finality = scope.catalog, scope.period, load_finality(scope.catalog.folder)
    source_ids = [cell.source_id for cell in cells if cell.source_id]
    entries = [source for source in every_source(catalog) if source.source_id in source_ids]
    says = [asked_sha256(catalog.folder, source) for source in entries]
    vouched = [vouched_today(catalog, source) for source in entries]
    last = min(period.to_date, scope.today)  # a later day cannot be asked for
    found = Findings(
        scope,
        cells,
        read_set_aside(store, scope, source_ids),
        finality.waivers,
        key_doubts=ledger.key_doubts(source_ids, connection=store),
        asked=ledger.asked_otherwise(entries, says, period.to_date, scope.today, connection=store),
        claims=ledger.claimed_more(entries, vouched, period.from_date, last, connection=store),
        years=years_not_known(catalog.folder, period.from_date, period.to_date),
    )
    if sources := [source for source in catalog.sources if source.source_id in source_ids]:  # not of petitions alone
        own, shared = (stated_numbers(catalog.sources, answer) for answer in ("own", "shared"))
        days = (period.from_date, period.to_date)
        readings = [reading_sha256(catalog, source) for source in sources]
        found = replace(
            found,
            look_alikes=ledger.look_alikes(scope.unit_ids, *days, own, NAMES_OFFICE, connection=store),
            merged=ledger.merged_otherwise(scope.unit_ids, period.to_date, shared, NAMES_OFFICE, connection=store),
            left_behind=left_behind(store, scope, cells),
            otherwise=ledger.read_otherwise(sources, readings, period.to_date, connection=store),
        )
    return found.aside, judge(finality, found)


def _cells(store: Connection, scope: Scope, record_kind: str, *also: str) -> list[SourceCell]:
    """Return the cells of every source of these kinds of record, and of the units without a source of the first."""
    catalog, period = scope.catalog, scope.period
    cells, *others = (
        read_cells(store, catalog, scope.units, period, scope.today, kind) for kind in (record_kind, *also)
    )
    cells += without_source(catalog, units_in_force(scope.units, period), period, record_kind)
    return [*cells, *(cell for other in others for cell in other)]


def _index_content(store: Connection, index: str, scope: Scope) -> Content:
    return {**index_content(standing_of(store, scope, index=index)), **maps_json(scope.map_code, scope.day)}


def _form_content(store: Connection, form: Form, scope: Scope, cells: list[SourceCell]) -> Content:
    if form.one_day and scope.period.days != 1:
        raise ReportRefused(
            f"Report {form.report_code} covers one day, not {scope.period.label}.",
            action="ask for a period of one day.",
        )
    reading = read_on_map(store, form, scope)
    parts = (table for part in reading.parts for table in part_tables_json(part))
    return {
        **report_facts(form, scope.unit, scope.period),
        "tables": [*tables_json(reading.tables), *change_tables_json(reading.changes), *parts],
        **maps_json(scope.map_code, scope.day, reading),
        **({"not_known": not_known} if (not_known := not_known_json(reading.tables)) else {}),
        **({"quarantine": quarantine_counts(store, cells, scope.period)} if form.tells_quarantine else {}),
    }


def _best(checklist: Sequence[Line]) -> Completeness:
    return "final" if all(line.is_met for line in checklist) else "provisional"


def _decide_completeness(
    report_code: str, scope: Scope, checklist: Sequence[Line], asked: Completeness | None
) -> Completeness:
    unit, period = scope.unit, scope.period
    lacking = [what.en for line in checklist for what in line.missing]
    if asked == "final" and lacking:
        raise ReportRefused(
            f"Report {report_code} of {unit.name} ({unit.unit_id}) for {period.label} cannot be final: "
            + "; ".join(lacking) + ".",
            action="ingest the sources named (`motcua ingest --source ID --from --to`), correct what is set aside"
            " (`motcua quarantine list`), or publish it as provisional.",
        )  # fmt: skip
    return asked or _best(checklist)


def _edition_id(report_code: str, scope: Scope, number: int) -> str:
    """Name the unit by its code, or by its id where the code means another unit at another time."""
    unit, period = scope.unit, scope.period
    shared = len(scope.catalog.units_by_code[unit.code]) > 1
    name = unit.unit_id.replace(":", "-") if shared else unit.code
    series = f".{scope.map_code}" if scope.map_code else ""
    return f"{report_code}.{name}.{period.period_type}.{period.label}{series}.{number}"
