"""`motcua index`: the index for serving people and businesses (QĐ 766/QĐ-TTg)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from motcua.cli.console import output, print_json, print_table, ready_databases
from motcua.cli.reports import MapOption
from motcua.period import parse_period
from motcua.settings import TIMEZONE, Settings

if TYPE_CHECKING:
    from motcua.catalog.index import Definition
    from motcua.publish.index.standing import Standing

app = typer.Typer(help="Index 766: scores of a unit, or of counts given in a file.", no_args_is_help=True)
Language = Annotated[Literal["vi", "en"], typer.Option(help="Language of what is printed.")]


@app.command("score")
def score_(
    file: Annotated[Path, typer.Argument(help='JSON: {"3.1": [52, 56], "2.1": null, ...}; - for standard input.')],
    as_json: Annotated[bool, typer.Option("--json")] = False,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="By the rules of this day.")] = None,
    variant: Annotated[str | None, typer.Option(help="By a province's adapted rows.")] = None,
    lang: Language = "vi",
) -> None:
    """Score the rows of a file of counts; a row that is not in it is not available, which is not zero."""
    from motcua.publish.index import wording
    from motcua.publish.index.gap import gaps, score_json
    from motcua.publish.index.given import not_given, read_given
    from motcua.publish.index.score import score

    definition = _definition("766", on.date() if on else datetime.now(ZoneInfo(TIMEZONE)).date(), variant)
    given = read_given(file)
    scored, lacking = score(definition, given), gaps(definition, given)
    reasons = not_given(definition, given)
    if as_json:
        print_json({"index": definition.index, "variant": definition.variant or None}
                   | score_json(scored, lacking, reasons))  # fmt: skip
        return
    print_table(
        definition.title_vi if lang == "vi" else definition.title_en,
        wording.headings(lang),
        wording.lines(scored, lacking, reasons, lang),
    )
    _say(wording.summary(scored, lang))


@app.command()
def unit(
    code: Annotated[str, typer.Argument(help="Official code or unit id; everything below it is included.")],
    period: Annotated[str, typer.Option(help="CAL_MONTH:2023-10, CAL_QUARTER:2023-Q4, RPT_MONTH:2023-10 or days.")],
    level: Annotated[
        Literal["province", "department", "district", "commune"] | None,
        typer.Option(help="List every unit of this level below it instead, the best first."),
    ] = None,
    index: Annotated[str, typer.Option(help="766, or par-index for the rows of it that dossiers feed.")] = "766",
    variant: Annotated[str | None, typer.Option(help="Adapted rows to score by; none for the national ones.")] = None,
    given: Annotated[Path | None, typer.Option(help="Counts of rows that nothing here feeds, as for `score`.")] = None,
    on_map: MapOption = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    lang: Language = "vi",
) -> None:
    """The index of a unit as the measures stand now: scores, what is missing to more, change and place."""
    from motcua.publish.index import wording
    from motcua.publish.index.given import read_given
    from motcua.publish.index.standing import level_index, unit_index

    ready_databases()
    asked = parse_period(period)
    if level is not None:
        _print_level(level_index(code, level, asked, index=index, variant=variant, on_map=on_map), as_json, lang)
        return
    counts = read_given(given) if given is not None else {}
    standing = unit_index(code, asked, index=index, variant=variant, given=counts, on_map=on_map)
    if as_json:
        print_json(standing.as_json())
        return
    definition = standing.score.definition
    print_table(
        f"{definition.title_vi if lang == 'vi' else definition.title_en}\n{standing.unit.name}, {asked.label}"
        f" ({asked.from_date:%d/%m/%Y}-{asked.to_date:%d/%m/%Y})",
        wording.headings(lang),
        wording.lines(standing.score, standing.gaps, standing.notes, lang),
    )
    _say(wording.standing_summary(standing, lang))


def _print_level(standings: list[Standing], as_json: bool, lang: str) -> None:
    from motcua.publish.index import wording

    if as_json:
        print_json([standing.as_json() for standing in standings])
        return
    first = standings[0]
    names = wording.LEVEL_NAMES[first.level][0 if lang == "vi" else 1]
    print_table(
        f"{first.score.definition.title_vi if lang == 'vi' else first.score.definition.title_en}\n{names},"
        f" {first.period.label}",
        wording.level_headings(lang),
        (wording.level_line(standing, lang) for standing in standings),
    )
    _say(wording.level_notes(standings, lang))


def _say(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        output.print(sentence, highlight=False, markup=False, soft_wrap=True)


def _definition(index: str, day: date, variant: str | None) -> Definition:
    from motcua.catalog.index import apply_variant, find_variant, load_definition

    folder = Settings.load().catalog_dir
    definition = load_definition(folder, index, day)
    return definition if variant is None else apply_variant(definition, find_variant(folder, index, day, variant))
