"""`motcua portal`: our figures beside the National Portal's."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from motcua.catalog.national_portal import load_portal_contract
from motcua.cli.console import errors, output, print_json, print_table, ready_databases
from motcua.period import parse_period
from motcua.settings import TIMEZONE, Settings

app = typer.Typer(help="Our figures beside the National Portal's.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of this day. Default: today.")]


@app.command("compare")
def compare_(
    unit: Annotated[str, typer.Option(help="The province: official code or unit id.")],
    period: Annotated[str, typer.Option(help="CAL_MONTH:2023-10, CAL_QUARTER:2023-Q4 or CAL_YEAR:2023.")],
    url: Annotated[str | None, typer.Option(help="Where the portal answers. Default: its connection.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Compare with the newest snapshot.")] = False,
    on: Day = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Compare a calendar period to the unit and procedure; type each difference and note since when it is open."""
    from motcua.extract import connection_from_environment
    from motcua.reconcile import KINDS_VI, reconcile

    ready_databases()
    base_url = url
    if base_url is None and not offline:
        contract = load_portal_contract(Settings.load().catalog_dir)
        base_url = connection_from_environment(contract.connection_id).base_url
    with errors.status("asking the National Portal"):
        result = reconcile(unit, parse_period(period), base_url=None if offline else base_url, today=_day(on))
    if as_json:
        print_json(
            {
                "unit": result.unit.unit_id,
                "period": result.period.as_json(),
                "fetched_at": result.fetched_at,
                "compared": result.compared,
                "by_kind": result.by_kind,
                "unmapped_departments": result.unmapped,
                "differences": [{**dataclasses.asdict(one), "quantity": one.quantity} for one in result.differences],
            }
        )
        return
    print_table(
        f"{result.unit.name}, {result.period.label}: {len(result.differences)} of {result.compared} figures differ",
        ["unit", "procedure", "figure", "ours", "portal", "difference", "kind", "loại", "why"],
        [
            (
                one.unit_id,
                one.procedure_code,
                one.metric,
                one.ours,
                one.theirs,
                one.quantity,
                one.kind,
                KINDS_VI[one.kind],
                one.why,
            )
            for one in result.differences
        ],
    )
    for name in result.unmapped:
        output.print(
            f"The portal's department {name!r} is no unit known here: add it to departments in national_portal.yaml.",
            markup=False,
        )


@app.command()
def differences(
    unit: Annotated[str | None, typer.Option(help="Only this province: official code or unit id.")] = None,
    on: Day = None,
    older_than: Annotated[int, typer.Option(min=0, help="Only those open for more days.")] = 0,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the differences still open, the oldest first."""
    from motcua.reconcile import open_differences

    ready_databases()
    still_open = [one for one in open_differences(unit, _day(on)) if one.age_days >= older_than]
    if as_json:
        print_json([dataclasses.asdict(one) for one in still_open])
        return
    print_table(
        f"{len(still_open)} open differences",
        ["province", "unit", "procedure", "figure", "period", "ours", "portal", "kind", "since", "days"],
        [
            (
                one.root_unit_id,
                one.unit_id,
                one.procedure_code,
                one.metric,
                f"{one.from_date}..{one.to_date}",
                one.ours,
                one.theirs,
                one.kind,
                one.first_seen_on,
                one.age_days,
            )
            for one in still_open
        ],
    )


def _day(on: datetime | None) -> date:
    return on.date() if on else datetime.now(ZoneInfo(TIMEZONE)).date()
