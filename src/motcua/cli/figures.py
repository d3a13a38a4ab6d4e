"""`motcua figures`: figures that somebody stated, held against themselves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer

from motcua.cli.console import output, print_json, print_table

app = typer.Typer(help="Figures that arrive from elsewhere.", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="CSV with numerator, denominator, stated; as published_figures.csv.")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 when a figure is wrong.")] = False,
    lang: Annotated[Literal["vi", "en"], typer.Option(help="Language of what is printed.")] = "vi",
) -> None:
    """Hold each stated percentage against its own counts, at the precision it was stated with."""
    from motcua.reconcile.stated import VERDICTS, check_file

    judged = check_file(file)
    wrong = [one for one in judged if one.is_wrong]
    if as_json:
        counts = Counter(one.verdict for one in judged)
        print_json({"rows": [one.as_json() for one in judged], "verdicts": dict(counts), "wrong": len(wrong)})
    else:
        place = 0 if lang == "vi" else 1
        print_table(
            "Tỷ lệ đã nêu so với số liệu kèm theo" if lang == "vi" else "Stated percentages against their counts",
            ("Dòng", "Số liệu", "Kết luận", "Giải thích") if lang == "vi" else ("Row", "Figure", "Verdict", "Why"),
            [(one.row, one.label, VERDICTS[one.verdict][place], one.sentence(lang)) for one in judged],
        )
        output.print(
            f"{len(judged)} dòng, {len(wrong)} dòng sai."
            if lang == "vi"
            else f"{len(judged)} rows, {len(wrong)} wrong."
        )
    if strict and wrong:
        raise typer.Exit(1)
