"""`motcua edition`: what was published, and whether it still is what was published."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from motcua.cli.console import errors, output, print_json, print_table, ready_databases
from motcua.period import parse_period

if TYPE_CHECKING:
    from motcua.publish import Edition

app = typer.Typer(help="Published editions.", no_args_is_help=True)


@app.command("list")
def list_(
    report: Annotated[str | None, typer.Option(help="Only this report, such as form-06.")] = None,
    unit: Annotated[str | None, typer.Option(help="Official code or unit id.")] = None,
    period: Annotated[str | None, typer.Option(help="CAL_MONTH:2023-10 or first..last day.")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List editions, the newest first."""
    from motcua.publish import list_editions

    ready_databases()
    listed = list_editions(report, unit, parse_period(period) if period else None)
    if as_json:
        print_json([dataclasses.asdict(edition) for edition in listed])
        return
    print_table(
        "Editions",
        ["edition", "unit", "period", "completeness", "restates", "published", "SHA-256"],
        [
            (
                edition.edition_id,
                edition.unit_name,
                f"{edition.from_date}..{edition.to_date}",
                edition.completeness,
                edition.restates_edition_id,
                f"{edition.published_at:%Y-%m-%d %H:%M}",
                edition.sha256[:12],
            )
            for edition in listed
        ],
    )


@app.command()
def show(edition_id: str) -> None:
    """Print an edition's canonical content as JSON, exactly as hashed, re-indented for reading."""
    from motcua.publish import read_edition

    ready_databases()
    print_json(read_edition(edition_id).content)


@app.command()
def changes(
    edition_id: str,
    lang: Annotated[Literal["vi", "en"], typer.Option(help="Language of columns and causes.")] = "vi",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """What an edition changes in the one it restates: figures with their causes, what else, and which rules."""
    from motcua.publish import read_edition

    ready_databases()
    edition = read_edition(edition_id)
    restates = edition.content.get("restates")
    if as_json:
        print_json(restates)
    elif restates is None:
        output.print(f"{edition_id} restates no edition.", highlight=False)
    else:
        print_restatement(edition, lang)


def print_restatement(edition: Edition, lang: str) -> None:
    """Print what an edition restates: a table of figures, then what else changed and the rules that did."""
    from motcua.publish.edition.restatement_text import cause_text, notes
    from motcua.publish.files.layout import column_name

    content, restates = edition.content, edition.content["restates"]
    heads = {"vi": ("Mã", "Đơn vị", "Cột", "Trước", "Nay", "Nguyên nhân"),
             "en": ("Code", "Unit", "Column", "Before", "Now", "Cause")}  # fmt: skip
    rows = [
        (
            row["row_code"],
            f"{row['row_name']} ({'phần' if lang == 'vi' else 'part'} {row['part']})" if "part" in row
            else row["row_name"],
            column_name(content, column["column_code"], lang),
            column.get("before", "–"),
            column.get("after", "–"),
            "; ".join(cause_text(cause, lang) for cause in row["causes"]),
        )
        for row in restates["rows"]
        for column in row["columns"]
    ]  # fmt: skip
    print_table(f"{edition.edition_id} ← {restates['edition_id']}", heads[lang], rows)
    for sentence in notes(restates, lang):
        output.print(sentence, highlight=False, markup=False, soft_wrap=True)


@app.command()
def verify(edition_ids: Annotated[list[str] | None, typer.Argument(help="Default: every edition.")] = None) -> None:
    """Check editions against their own bytes and figures; exit code 1 when one is not what was published."""
    from motcua.publish import list_editions, verify_edition

    ready_databases()
    asked = edition_ids or [edition.edition_id for edition in list_editions()]
    broken = 0
    for edition_id in asked:
        verdict = verify_edition(edition_id)
        broken += not verdict.is_sound
        output.print(
            f"{edition_id}: {'sound' if verdict.is_sound else 'NOT SOUND'},"
            f" {verdict.figure_count} figures, SHA-256 {verdict.sha256}",
            soft_wrap=True,
        )
        for finding in verdict.findings:
            errors.print(f"  {finding}", markup=False, soft_wrap=True)
    if broken:
        errors.print("What to do: restore the warehouse from a backup, and find out who changed it.")
        raise typer.Exit(1)
