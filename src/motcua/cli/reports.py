"""`motcua report`: figures as they stand now, and their publication."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from motcua.cli.console import output, print_json, print_table, ready_databases
from motcua.errors import ReportRefused
from motcua.period import Period, parse_period, period_between

if TYPE_CHECKING:
    from motcua.publish import Form06, Row

MapOption = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="as-was|as-now|DATE",
        help="Units as they were on the days counted, as they are today, or as on a day; else of the last day.",
    ),
]

app = typer.Typer(help="Reports, as they stand now or published as editions.", no_args_is_help=True)


@app.command("form-06")
def form_06(
    unit: Annotated[str, typer.Option(help="Official code or unit id; everything below it is included.")],
    from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
    period: Annotated[str | None, typer.Option(help="Instead of days: RPT_MONTH:2023-10, CAL_YEAR:2020.")] = None,
    by: Annotated[Literal["unit", "field", "level"], typer.Option(help="What a row is.")] = "unit",
    on_map: MapOption = None,
    lang: Annotated[Literal["vi", "en"], typer.Option(help="Language of the paragraph under the table.")] = "vi",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Form II.06a (TT 01/2020/TT-VPCP): received, resolved and open dossiers. Computed now, published nowhere."""
    from motcua import publish

    ready_databases()
    form = publish.form_06(unit, _period(from_, to, period), by, on_map=on_map)
    if as_json:
        print_json(form.as_json())
        return
    reading = form.reading
    if reading.day is None:
        for part in reading.parts:
            rows = (*part.tables[by].rows, *part.tables["total"].rows)
            _print_rows(f"Part {part.number}: {_title(form, part.period)}, by {by}, as it was", by, rows)
        _print_rows(f"All parts: {_title(form, form.period)}, as it was", "total", (form.total,))
    else:
        read_on = f", units of {reading.day}" if on_map or reading.parts else ""
        _print_rows(f"{_title(form, form.period)}, by {by}{read_on}", by, (*form.rows, form.total))
    if reading.explanation:
        output.print(reading.explanation[lang], highlight=False)


def _title(form: Form06, period: Period) -> str:
    return f"Form II.06a, {form.unit.name}, {period.from_date} to {period.to_date}"


def _print_rows(title: str, what: str, rows: Iterable[Row]) -> None:
    found = list(rows)
    columns = list(found[0].figures)
    print_table(
        title,
        [what, *(column.replace("_", "\n", 1).replace("_", " ") for column in columns)],
        [(row.row_name, *(row.figures[column] for column in columns)) for row in found],
    )


@app.command("publish")
def publish_(
    report: Annotated[Literal["form-06", "index-766", "nightly-brief"], typer.Argument(help="Which report.")],
    unit: Annotated[str, typer.Option(help="Official code or unit id.")],
    from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
    period: Annotated[str | None, typer.Option(help="Instead of days: RPT_MONTH:2023-10, CAL_YEAR:2020.")] = None,
    state: Annotated[Literal["auto", "provisional", "final"], typer.Option(help="auto: the best possible.")] = "auto",
    on_map: MapOption = None,
) -> None:
    """Publish an edition and its workbook and page, as the publishing DAGs do."""
    from motcua import publish

    ready_databases()
    edition = publish.publish_edition(
        report, unit, _period(from_, to, period), state=None if state == "auto" else state, on_map=on_map
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
