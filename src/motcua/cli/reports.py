"""`motcua report`: figures as they stand now, and their publication. Each form of the catalogue has a command."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from motcua.catalog.forms import Form, FormFile, form_file, report_codes
from motcua.cli.console import output, print_json, print_table, ready_databases
from motcua.cli.quarantine import print_idle_waivers
from motcua.errors import ReportRefused
from motcua.period import Period, parse_period, period_between
from motcua.settings import Settings

if TYPE_CHECKING:
    from motcua.publish import DossierListing, FormReading, Row
    from motcua.publish.edition.content import Content

MapOption = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="as-was|as-now|DATE",
        help="Units as they were on the days counted, as they are today, or as on a day; else of the last day.",
    ),
]
UnitOption = Annotated[str, typer.Option(help="Official code or unit id; everything below it is included.")]
FromOption = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")]
ToOption = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")]
PeriodOption = Annotated[str | None, typer.Option(help="Instead of days: RPT_MONTH:2023-10, CAL_YEAR:2020.")]
Language = Literal["vi", "en"]


class CommandOfEachForm(TyperGroup):
    """The commands of this file, and one for each report that the catalogue in force has a form of."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the reports, then what else can be done with them."""
        return [*report_codes(Settings.load().catalog_dir), *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a report, made from its form."""
        catalog_dir = Settings.load().catalog_dir
        if cmd_name not in report_codes(catalog_dir):
            return super().get_command(ctx, cmd_name)
        content = form_file(catalog_dir, cmd_name)
        made = typer.Typer(add_completion=False)
        made.command(cmd_name)(_list_command(content) if content.lists else _form_command(content))
        return typer.main.get_command(made)


app = typer.Typer(
    help="Reports, as they stand now or published as editions.", no_args_is_help=True, cls=CommandOfEachForm
)


def _form_command(content: FormFile) -> Callable[..., None]:
    def report(
        unit: UnitOption,
        from_: FromOption = None,
        to: ToOption = None,
        period: PeriodOption = None,
        by: Annotated[Literal["unit", "field", "level"], typer.Option(help="What a row is.")] = "unit",
        on_map: MapOption = None,
        lang: Annotated[Language, typer.Option(help="Language of headings and notes.")] = "vi",
        as_json: Annotated[bool, typer.Option("--json")] = False,
    ) -> None:
        from motcua import publish

        ready_databases()
        days = _period(from_, to, period)
        form = publish.read_form(content.report_code, unit, days, by, on_map=on_map)
        standing = publish.checklist_now(content.report_code, unit, days, on_map=on_map)
        if as_json:
            print_json(form.as_json() | standing)
        else:
            _print_form(form, lang)
            _print_standing(standing, lang)
            print_idle_waivers(lang)

    report.__doc__ = f"{content.title}. Computed now, published nowhere."
    return report


def _list_command(content: FormFile) -> Callable[..., None]:
    def report(
        unit: UnitOption,
        on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day at whose end they were overdue.")],
        lang: Annotated[Language, typer.Option(help="Language of headings, steps, apologies and reasons.")] = "vi",
        csv_path: Annotated[
            Path | None, typer.Option("--csv", help="Write the list to this file; readable by its owner only.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json")] = False,
    ) -> None:
        from motcua import publish

        ready_databases()
        listing = publish.read_list(content.report_code, unit, on.date(), lang)
        if csv_path is not None:
            write_list_csv(csv_path, listing, lang)
            output.print(f"{len(listing.dossiers)} dossiers written to {csv_path}.", highlight=False)
            return
        if as_json:
            print_json([dossier.as_json() for dossier in listing.dossiers])
            return
        title = listing.form.title_vi if lang == "vi" else listing.form.title_en
        print_table(f"{title}, {listing.day}: {len(listing.dossiers)}", listing.headings(lang), listing.rows())
        heads = {"vi": ("Đơn vị", "Nguyên nhân", "Quá hạn", "Xin lỗi đúng hạn"),
                 "en": ("Unit", "Reason", "Overdue", "Apology in time")}  # fmt: skip
        print_table(
            "Theo đơn vị, nguyên nhân" if lang == "vi" else "By unit and reason", heads[lang], listing.by_unit()
        )

    report.__doc__ = f"{content.title}, for the unit itself: no applicant, and never published."
    return report


def write_list_csv(path: Path, listing: DossierListing, lang: Language = "vi") -> None:
    """Write a list for a spreadsheet. Dossier numbers may be personal data: nobody else may read the file."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(handle, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(listing.headings(lang))
        rows.writerows(listing.rows())


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
    for line in _sums(form.form, lang):
        output.print(line, highlight=False, markup=False, soft_wrap=True)
    if any(row.lacking for row in form.rows):
        told = {
            "vi": "Dấu – là chỉ tiêu mà nguồn dữ liệu không cung cấp, không phải số 0.",
            "en": "A dash is what no source of the unit can tell, which is not 0.",
        }
        output.print(told[lang], highlight=False)
    if any(row.unknown for row in (*form.rows, form.total)):
        told = {
            "vi": "Dấu – ở các cột có hồ sơ từ kỳ trước là chưa biết, không phải số 0: chưa có đủ số hồ sơ đang"
            " giải quyết từ trước kỳ báo cáo (motcua sources coverage).",
            "en": "A dash in a column with dossiers from before the period is not known, which is not 0: not everything"
            " that was open before it is known (motcua sources coverage).",
        }
        output.print(told[lang], highlight=False)
    if reading.explanation:
        output.print(reading.explanation[lang], highlight=False)


def _sums(form: Form, lang: str) -> Iterator[str]:
    """Yield what each column is that adds up others: `(3) Tổng số = (4) Trực tuyến + (5) ...`."""
    heads = {
        column.code: f"({column.number}) {(column.vi if lang == 'vi' else column.en)[-1]}" for column in form.columns
    }
    for column in form.columns:
        if column.plus:
            taken = "".join(f" − {heads[code]}" for code in column.minus)
            yield f"{heads[column.code]} = {' + '.join(heads[code] for code in column.plus)}{taken}"


def _print_standing(standing: Content, lang: str) -> None:
    """Say whether these figures would be final if they were published now, and what stands against it."""
    from motcua.publish.files.layout import checklist_lines

    if stands := standing.get("stands"):
        _print_stands(stands["edition_id"], [pull[lang] for pull in stands["later_pulls"]], lang)
        return
    is_final = standing["completeness"] == "final"
    told = {
        ("vi", True): "Nếu công bố bây giờ: CHÍNH THỨC, mọi điều kiện đều đạt.",
        ("vi", False): "Nếu công bố bây giờ: TẠM THỜI, số liệu chưa đầy đủ. Chưa đạt:",
        ("en", True): "Published now, it would be FINAL: every line of the checklist is met.",
        ("en", False): "Published now, it would be PROVISIONAL: the figures are not complete. Not met:",
    }
    output.print(told[lang, is_final], highlight=False, soft_wrap=True)
    unmet = [line for line in standing["checklist"] if line["is_met"] == "no"]
    for line in checklist_lines({"checklist": unmet}, lang):
        output.print(line, highlight=False, markup=False, soft_wrap=True)


def _print_stands(edition_id: str, later_pulls: Iterable[str], lang: str) -> None:
    """Say that a final edition stands although a later pull has no answer, and what to do with that pull."""
    told = {
        "vi": f"Ấn bản chính thức {edition_id} vẫn giữ nguyên, vì số liệu không đổi. Cần xem lại:",
        "en": f"The final edition {edition_id} stands, because its figures are the same. To be looked at:",
    }
    output.print(told[lang], highlight=False, soft_wrap=True)
    for pull in later_pulls:
        output.print(f"  {pull}", highlight=False, markup=False, soft_wrap=True)


def _title(form: FormReading, period: Period) -> str:
    name = f"Form {form.form.form_no}" if form.form.form_no else form.form.report_code
    return f"{name}, {form.unit.name}, {period.from_date} to {period.to_date}"


def _print_rows(form: FormReading, lang: str, title: str, what: str, rows: Iterable[Row]) -> None:
    """Print rows under the numbers and headings of the form, in a language."""
    headings = [f"({column.number})\n{(column.vi if lang == 'vi' else column.en)[-1]}" for column in form.form.columns]
    print_table(title, [what, *headings], [(row.row_name, *_cells(form, row)) for row in rows])


def _cells(form: FormReading, row: Row) -> Iterator[object]:
    for column in form.form.columns:
        if column.percent is not None:
            yield row.percentages[column.code]
        else:
            yield "–" if column.code in row.untold else row.figures[column.code]


@app.command("publish")
def publish_(
    report: Annotated[str, typer.Argument(help="A form above, or an index such as index-766.")],
    unit: Annotated[str, typer.Option(help="Official code or unit id.")],
    from_: FromOption = None,
    to: ToOption = None,
    period: PeriodOption = None,
    completeness: Annotated[
        Literal["auto", "provisional", "final"], typer.Option(help="auto: the best possible.")
    ] = "auto",
    on_map: MapOption = None,
) -> None:
    """Publish an edition and its workbook and page, as the publishing DAGs do."""
    from motcua import publish
    from motcua.publish.edition.restatement_text import notes
    from motcua.publish.files.layout import checklist_lines, waived_text

    ready_databases()
    edition = publish.publish_edition(
        report,
        unit,
        _period(from_, to, period),
        completeness=None if completeness == "auto" else completeness,
        on_map=on_map,
    )
    output.print(f"{edition.edition_id}: {edition.completeness}, SHA-256 {edition.sha256}")
    if edition.later_pulls:
        _print_stands(edition.edition_id, [pull.vi for pull in edition.later_pulls], "vi")
    if told := waived_text(edition.content, "vi"):
        output.print(told, highlight=False, markup=False, soft_wrap=True)
    for line in checklist_lines(edition.content, "vi"):
        output.print(line, highlight=False, markup=False, soft_wrap=True)
    print_idle_waivers("vi")
    if "restates" in edition.content:
        restates = edition.content["restates"]
        output.print(
            f"It restates edition {restates['edition_no']} in {len(restates['rows'])} rows:"
            f" motcua edition changes {edition.edition_id}",
            highlight=False,
            soft_wrap=True,
        )
        for sentence in notes(restates, "vi"):
            output.print(sentence, highlight=False, markup=False, soft_wrap=True)
    for path in publish.write_files(edition):
        output.print(str(path), soft_wrap=True)


@app.command("plan")
def plan_(
    unit: Annotated[str, typer.Option(help="Official code or unit id of the province.")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List what is to be published now: every period that is over and not final, or whose figures changed."""
    from motcua.publish import finals_beside_held, plan_publication

    ready_databases()
    planned = plan_publication(unit)
    rows = [
        {
            "report": one.report,
            "unit": one.unit_id,
            "period": f"{one.period.period_type}:{one.period.label}",
            "from": one.period.from_date.isoformat(),
            "to": one.period.to_date.isoformat(),
            "why": one.why,
            "map": one.on_map or None,
            "newest_edition": one.newest.edition_id if one.newest else None,
        }
        for one in planned
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        "To be published",
        ["report", "unit", "period", "from", "to", "why", "map", "newest edition"],
        [(*row.values(),) for row in rows],
    )
    for told in finals_beside_held(unit):
        output.print(told.vi, highlight=False, markup=False, soft_wrap=True)


def _period(from_: datetime | None, to: datetime | None, period: str | None) -> Period:
    if period is not None and from_ is None and to is None:
        return parse_period(period)
    if period is None and from_ is not None and to is not None:
        return period_between(from_.date(), to.date())
    raise ReportRefused("A report needs a period.", action="give --from and --to, or --period, not both.")
