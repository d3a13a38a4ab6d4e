"""`motcua index`: the index for serving people and businesses (QĐ 766/QĐ-TTg)."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from motcua.cli.console import output, print_json, print_table
from motcua.publish.index import wording
from motcua.publish.index.definition import Definition
from motcua.settings import TIMEZONE, Settings

app = typer.Typer(help="Index 766: scores of a unit, or of counts given in a file.", no_args_is_help=True)
Language = Annotated[Literal["vi", "en"], typer.Option(help="Language of the table.")]


@app.command("score")
def score_(
    file: Annotated[Path, typer.Argument(help='JSON: {"3.1": [52, 56], "2.1": null, ...}; - for standard input.')],
    as_json: Annotated[bool, typer.Option("--json")] = False,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="By the rules of this day.")] = None,
    variant: Annotated[str | None, typer.Option(help="By a province's adapted rows.")] = None,
    lang: Language = "vi",
) -> None:
    """Score the rows of a file of counts; a row that is not in it is not available, which is not zero."""
    from motcua.publish.index.gap import gaps
    from motcua.publish.index.given import read_given
    from motcua.publish.index.score import score

    definition = _definition("766", on.date() if on else datetime.now(ZoneInfo(TIMEZONE)).date(), variant)
    given = read_given(file)
    found = score(definition, given)
    if as_json:
        print_json(found.as_json())
        return
    print_table(
        definition.title_vi if lang == "vi" else definition.title_en,
        wording.headings(lang),
        wording.lines(found, gaps(definition, given), {}, lang),
    )
    for sentence in wording.summary(found, lang):
        output.print(sentence, highlight=False, soft_wrap=True)


def _definition(index: str, day: date, variant: str | None) -> Definition:
    from motcua.publish.index.definition import apply_variant, find_variant, load_definition

    folder = Settings.load().catalog_dir
    definition = load_definition(folder, index, day)
    return definition if variant is None else apply_variant(definition, find_variant(folder, index, day, variant))
