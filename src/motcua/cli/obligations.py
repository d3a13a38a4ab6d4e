"""`motcua obligations`: what each unit owes, whether it gave it, and the reminders."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from motcua.catalog.cells import CELLS, CellCode, cell_text
from motcua.cli.console import catalog, output, print_json, print_table, ready_databases
from motcua.obligations.cells import Cell
from motcua.period import Period, parse_period
from motcua.settings import TIMEZONE, Settings
from motcua.units.map import map_of

app = typer.Typer(help="What each unit owes for each period, and whether it gave it.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of this day. Default: today.")]
PeriodText = Annotated[str, typer.Option(help="RPT_MONTH:2023-10, RPT_QUARTER:2023-Q4, RPT_YEAR:2023.")]
UnitText = Annotated[str | None, typer.Option(help="Official code or unit id, with all below it.")]
Report = Annotated[str, typer.Option(help="The report owed.")]
Language = Annotated[Literal["vi", "en"], typer.Option(help="Language of the cells.")]


@app.command()
def plan(
    on: Day = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Also periods that ended since this day.")
    ] = None,
) -> None:
    """Write the rows of what is owed, at least 30 days ahead. Safe to repeat."""
    from motcua.obligations import plan_obligations

    ready_databases()
    written = plan_obligations(_day(on), since=since.date() if since else None)
    output.print(f"{len(written)} obligations are new or have another due day.")


@app.command("list")
def list_(
    period: PeriodText,
    unit: UnitText = None,
    report: Report = "form-06",
    cell: Annotated[CellCode | None, typer.Option(help="Only the units in this cell.")] = None,
    on: Day = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    lang: Language = "vi",
) -> None:
    """List what is owed for a period, with the cell of each unit."""
    listed = [one for one in _cells(period, unit, report, on) if cell is None or one.cell == cell]
    if as_json:
        print_json([_json(one) for one in listed])
        return
    print_table(
        f"{report}, {period}",
        ["unit", "name", "level", "due", "cell", "tình trạng" if lang == "vi" else "meaning", "why"],
        [
            (one.unit_id, one.unit_name, one.level, one.due_on, one.cell, cell_text(one.cell, lang), one.reason)
            for one in listed
        ],
    )


@app.command()
def rates(
    period: PeriodText,
    unit: UnitText = None,
    report: Report = "form-06",
    on: Day = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    lang: Language = "vi",
) -> None:
    """Show how complete a period is, by level, and what the rest lacks."""
    from motcua.obligations import rate_of, rates_by

    cells = _cells(period, unit, report, on)
    by_level = {**rates_by(cells, lambda one: one.kind or "unknown"), "total": rate_of(one.cell for one in cells)}
    counts = {name: Counter(one.cell for one in cells if name in ("total", one.kind or "unknown")) for name in by_level}
    if as_json:
        print_json(
            {
                name: {
                    "expected": rate.expected,
                    "reported": rate.reported,
                    "on_time": rate.on_time,
                    "reported_pct": rate.reported_pct,
                    "on_time_pct": rate.on_time_pct,
                    "cells": {code: counts[name][code] for code in CELLS},
                }
                for name, rate in by_level.items()
            }
        )
        return
    print_table(
        f"Completeness of {report}, {period}",
        ["", "expected", "reported", "on time", "reported %", "on time %", *(cell_text(code, lang) for code in CELLS)],
        [
            (
                name,
                rate.expected,
                rate.reported,
                rate.on_time,
                "" if rate.reported_pct is None else str(rate.reported_pct),
                "" if rate.on_time_pct is None else str(rate.on_time_pct),
                *(counts[name][code] for code in CELLS),
            )
            for name, rate in by_level.items()
        ],
    )


@app.command("declare-empty")
def declare_empty_(
    unit: str,
    period: PeriodText,
    by: Annotated[str, typer.Option(help="The office or role that declares it; not a person.")],
    reason: Annotated[str, typer.Option(help="Why nothing was received.")] = "không phát sinh hồ sơ",
    report: Report = "form-06",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the declaration back.")] = False,
) -> None:
    """Record that a unit received nothing in a period: said, not assumed from a zero."""
    from motcua.obligations import declare_empty, withdraw_declaration

    ready_databases()
    if withdraw:
        output.print(f"{withdraw_declaration(unit, report, parse_period(period))}: declaration withdrawn.")
    else:
        declared = declare_empty(unit, report, parse_period(period), declared_by=by, reason=reason)
        output.print(f"{declared}: declared empty.")


@app.command()
def remind(on: Day = None) -> None:
    """Send the reminders that are due: three and one working days before, on the day, and one after."""
    from motcua.obligations import send_reminders

    ready_databases()
    sent = send_reminders(_day(on))
    print_table(
        f"{len(sent)} reminders sent",
        ["unit", "name", "report", "period", "due", "working days", "cell"],
        [
            (
                one.cell.unit_id,
                one.cell.unit_name,
                one.cell.report_code,
                one.cell.period.label,
                one.cell.due_on,
                one.working_days,
                one.cell.cell,
            )
            for one in sent
        ],
    )


def _cells(period: str, unit: str | None, report: str, on: datetime | None) -> list[Cell]:
    from motcua.obligations import owing_units, read_cells

    ready_databases()
    asked: Period = parse_period(period)
    units = catalog()
    unit_ids = [below.unit_id for below in owing_units(units, Settings.load().province)]
    if unit is not None:
        unit_ids = map_of(units).scope(units.unit(unit, asked.to_date).unit_id)
    return read_cells(period=asked, report_code=report, unit_ids=unit_ids, today=_day(on))


def _day(on: datetime | None) -> date:
    return on.date() if on else datetime.now(ZoneInfo(TIMEZONE)).date()


def _json(cell: Cell) -> dict[str, Any]:
    return {
        "obligation_id": cell.obligation_id,
        "report": cell.report_code,
        "unit_id": cell.unit_id,
        "unit_name": cell.unit_name,
        "level": cell.level,
        "period": cell.period.as_json(),
        "due_on": cell.due_on,
        "cell": cell.cell,
        "reason": cell.reason,
        "sources": list(cell.source_ids),
    }
