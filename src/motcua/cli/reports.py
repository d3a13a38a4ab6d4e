"""`motcua report`: figures as they stand now, and their publication."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from motcua.cli.console import output, print_json, print_table, ready_databases
from motcua.errors import ReportRefused
from motcua.period import Period, parse_period, period_between

if TYPE_CHECKING:
    from motcua.publish import FormReading, OverdueDossier, Row

MapOption = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="as-was|as-now|DATE",
        help="Units as they were on the days counted, as they are today, or as on a day; else of the last day.",
    ),
]

app = typer.Typer(help="Reports, as they stand now or published as editions.", no_args_is_help=True)


_FORMS = {
    "form-06": "Form II.06a (TT 01/2020/TT-VPCP): received, resolved and open dossiers.",
    "form-2026": "The extended form of 2026 (inferred): levels online, apologies, payment, intake.",
    "digitisation": "Dossiers with digitised and re-used papers, and with an electronic result.",
    "online-payment": "Online dossiers and online payment, with percentages.",
    "petitions": "Petitions (PAKN) in the manner of form II.05a (inferred).",
    "overdue-reasons": "Why dossiers were overdue (inferred list of reasons).",
}


def _command(report_code: str) -> Callable[..., None]:
    def report(
        unit: Annotated[str, typer.Option(help="Official code or unit id; everything below it is included.")],
        from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
        to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
        period: Annotated[str | None, typer.Option(help="Instead of days: RPT_MONTH:2023-10, CAL_YEAR:2020.")] = None,
        by: Annotated[Literal["unit", "field", "level"], typer.Option(help="What a row is.")] = "unit",
        on_map: MapOption = None,
        lang: Annotated[Literal["vi", "en"], typer.Option(help="Language of headings and notes.")] = "vi",
        as_json: Annotated[bool, typer.Option("--json")] = False,
    ) -> None:
        from motcua import publish

        ready_databases()
        found = publish.read_form(report_code, unit, _period(from_, to, period), by, on_map=on_map)
        if as_json:
            print_json(found.as_json())
        else:
            _print_form(found, lang)

    report.__doc__ = f"{_FORMS[report_code]} Computed now, published nowhere."
    return report


for _code in _FORMS:
    app.command(_code)(_command(_code))


def _print_form(form: FormReading, lang: str) -> None:
    reading, by = form.reading, form.by
    if reading.day is None:
        for part in reading.parts:
            rows = (*part.tables[by].rows, *part.tables["total"].rows)
            _print_rows(form, lang, f"Part {part.number}: {_title(form, part.period)}, by {by}, as it was", by, rows)
        _print_rows(form, lang, f"All parts: {_title(form, form.period)}, as it was", "total", (form.total,))
    else:
        read_on = f", units of {reading.day}" if form.on_map or reading.parts else ""
        _print_rows(form, lang, f"{_title(form, form.period)}, by {by}{read_on}", by, (*form.rows, form.total))
    if any(row.lacking for row in form.rows):
        told = {
            "vi": "Dấu – là chỉ tiêu mà nguồn dữ liệu không cung cấp, không phải số 0.",
            "en": "A dash is what no source of the unit can tell, which is not 0.",
        }
        output.print(told[lang], highlight=False)
    if reading.explanation:
        output.print(reading.explanation[lang], highlight=False)


def _title(form: FormReading, period: Period) -> str:
    name = f"Form {form.form.form_no}" if form.form.report_code == "form-06" else form.form.report_code
    return f"{name}, {form.unit.name}, {period.from_date} to {period.to_date}"


def _print_rows(form: FormReading, lang: str, title: str, what: str, rows: Iterable[Row]) -> None:
    """Print rows under the codes of form II.06a, or under the headings of another form in a language."""
    if form.form.report_code == "form-06":
        headings = [code.replace("_", "\n", 1).replace("_", " ") for code in form.form.column_codes]
    else:
        headings = [
            f"({column.number}) {(column.vi if lang == 'vi' else column.en)[-1]}" for column in form.form.columns
        ]
    print_table(title, [what, *headings], [(row.row_name, *_cells(form, row)) for row in rows])


def _cells(form: FormReading, row: Row) -> Iterator[object]:
    for column in form.form.columns:
        if column.percent is not None:
            yield row.percentages[column.code]
        else:
            yield "–" if column.code in row.lacking else row.figures[column.code]


@app.command("overdue-list")
def overdue_list(
    unit: Annotated[str, typer.Option(help="Official code or unit id; everything below it is included.")],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day at whose end they were overdue.")],
    lang: Annotated[Literal["vi", "en"], typer.Option(help="Language of steps, apologies and reasons.")] = "vi",
    csv_path: Annotated[
        Path | None, typer.Option("--csv", help="Write the list to this file; readable by its owner only.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """The dossiers still open after their due day, for the unit itself: no applicant, and never published."""
    from motcua import publish
    from motcua.publish.overdue import count_by_unit

    ready_databases()
    found = publish.overdue_list(unit, on.date(), lang)
    if csv_path is not None:
        write_overdue_csv(csv_path, found)
        output.print(f"{len(found)} dossiers written to {csv_path}.", highlight=False)
        return
    if as_json:
        print_json([dossier.as_json() for dossier in found])
        return
    print_table(
        f"Overdue on {on.date()}: {len(found)} dossiers",
        ["unit", "dossier", "procedure", "step", "due", "working days late", "apology", "reason"],
        [
            (one.unit_name, one.dossier_no, one.procedure_code, one.step, one.due_on, one.late_workdays,
             one.apology_text, one.reason)
            for one in found
        ],
    )  # fmt: skip
    print_table("By unit and reason", ["unit", "reason", "overdue", "apology in time"], count_by_unit(found))


def write_overdue_csv(path: Path, dossiers: Sequence[OverdueDossier]) -> None:
    """Write the list for a spreadsheet. Dossier numbers may be personal data: nobody else may read the file."""
    names = ("unit_name", "dossier_no", "procedure_code", "procedure_name", "step", "received_on", "due_on",
             "late_workdays", "apology_text", "reason")  # fmt: skip
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(handle, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(names)
        rows.writerows([getattr(dossier, name) for name in names] for dossier in dossiers)


@app.command("publish")
def publish_(
    report: Annotated[str, typer.Argument(help="A form above, index-766 or nightly-brief.")],
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
