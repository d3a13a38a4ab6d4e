"""`motcua report`: figures as they stand now, and their publication."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import typer

from motcua.cli.console import output, print_json, print_table, ready_databases
from motcua.errors import ReportRefused
from motcua.period import Period, parse_period, period_between

app = typer.Typer(help="Reports, as they stand now or published as editions.", no_args_is_help=True)


@app.command("form-06")
def form_06(
    unit: Annotated[str, typer.Option(help="Official code or unit id; everything below it is included.")],
    from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
    period: Annotated[str | None, typer.Option(help="Instead of days: RPT_MONTH:2023-10, CAL_YEAR:2020.")] = None,
    by: Annotated[Literal["unit", "field", "level"], typer.Option(help="What a row is.")] = "unit",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Form II.06a (TT 01/2020/TT-VPCP): received, resolved and open dossiers. Computed now, published nowhere."""
    from motcua import publish

    ready_databases()
    form = publish.form_06(unit, _period(from_, to, period), by)
    if as_json:
        print_json(form.as_json())
        return
    columns = list(form.total.figures)
    print_table(
        f"Form II.06a, {form.unit.name}, {form.period.from_date} to {form.period.to_date}, by {by}",
        [by, *(column.replace("_", "\n", 1).replace("_", " ") for column in columns)],
        [(row.row_name, *(row.figures[column] for column in columns)) for row in (*form.rows, form.total)],
    )


@app.command("publish")
def publish_(
    report: Annotated[Literal["form-06", "index-766", "nightly-brief"], typer.Argument(help="Which report.")],
    unit: Annotated[str, typer.Option(help="Official code or unit id.")],
    from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
    period: Annotated[str | None, typer.Option(help="Instead of days: RPT_MONTH:2023-10, CAL_YEAR:2020.")] = None,
    state: Annotated[Literal["auto", "provisional", "final"], typer.Option(help="auto: the best possible.")] = "auto",
) -> None:
    """Publish an edition and its workbook and page, as the publishing DAGs do."""
    from motcua import publish

    ready_databases()
    edition = publish.publish_edition(
        report, unit, _period(from_, to, period), state=None if state == "auto" else state
    )
    output.print(f"{edition.edition_id}: {edition.state}, SHA-256 {edition.sha256}")
    for path in publish.write_files(edition):
        output.print(str(path), soft_wrap=True)


def _period(from_: datetime | None, to: datetime | None, period: str | None) -> Period:
    if period is not None and from_ is None and to is None:
        return parse_period(period)
    if period is None and from_ is not None and to is not None:
        return period_between(from_.date(), to.date())
    raise ReportRefused("A report needs a period.", action="give --from and --to, or --period, not both.")
