"""`motcua procedures`: the catalogue of procedures in time, cut resolution times and announcement deadlines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from motcua.catalog import Procedure
from motcua.cli.console import catalog, output, print_json, print_table
from motcua.errors import CatalogError, ConfigurationError
from motcua.period import parse_period
from motcua.procedures.deadlines import Deadline, Step, procedure_deadlines
from motcua.settings import TIMEZONE

app = typer.Typer(help="The procedures of the catalogue, in time.", no_args_is_help=True)

Province = Annotated[str, typer.Option(help="Official code of a province: its own rows replace the national rows.")]
Json = Annotated[bool, typer.Option("--json")]
On = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Default: today.")]

_SHOWN = 40
_STEPS: tuple[tuple[str, str, Step], ...] = (
    ("1.1", "công bố / announcement", "announcement"),
    ("1.2", "công khai / publication", "publication"),
)
_DETAILS = ("level", "province", "time", "announced", "fee", "has_online_payment", "online", "result_kind",
            "for_citizens", "state", "decision_no", "announced_on", "effective_on", "published_on",
            "evidence")  # fmt: skip


def _day(chosen: datetime | None) -> date:
    return chosen.date() if chosen else datetime.now(ZoneInfo(TIMEZONE)).date()


@app.command()
def show(
    code: Annotated[str, typer.Argument(help="1.004222, or with a suffix: 1.004222.000.00.00.H58.")],
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Default: every row.")] = None,
    province: Province = "",
    as_json: Json = False,
) -> None:
    """Show a procedure: every row of its history, or the ones in force on a day."""
    from motcua.procedures import split_procedure

    national = split_procedure(code)[0] or code
    rows = catalog().procedure_index.rows(national)
    chosen = [row for row in rows if (on is None or row.holds_on(on.date())) and row.province in ("", province)]
    if not chosen:
        periods = ", ".join(f"{row.valid_from} to {row.valid_to or 'now'}" for row in rows) or "never"
        raise CatalogError(
            f"The catalogue has no such row of {national}; its rows hold: {periods}.",
            action="check the code and the day, or import the procedure with `motcua procedures import`.",
        )
    if as_json:
        print_json([row.model_dump(mode="json") for row in chosen])
        return
    print_table(
        f"{national}: {chosen[-1].name} ({chosen[-1].field_name})",
        ["", *(f"{row.valid_from}..{row.valid_to or ''}" for row in chosen)],
        [row for row in zip(_DETAILS, *map(_details, chosen), strict=True) if any(row[1:])],
    )


def _details(row: Procedure) -> list[str]:
    values = {
        **row.model_dump(),
        "time": _time(row.time_limit, row.time_unit),
        "announced": _time(row.announced_limit, row.announced_unit),
        "online": f"{row.online_level or ''}{' (inferred)' if row.is_online_level_inferred else ''}",
    }
    return [{True: "yes", False: "no", None: ""}[value] if isinstance(value, bool | None) else str(value)
            for value in (values[name] for name in _DETAILS)]  # fmt: skip


def _time(limit: int | None, unit: str | None) -> str | None:
    return None if limit is None or unit is None else "same day" if unit == "same_day" else f"{limit} {unit}"


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A list as CSV in UTF-8 with Vietnamese or English headings.")],
    province: Annotated[str, typer.Option(help="Official code of a province: the rows become its own.")] = "",
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day of rows that state none.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="The list is complete: procedures that it lacks end.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the changes.")] = False,
    as_json: Json = False,
) -> None:
    """Merge a list of procedures into the catalogue, and show what is new, changed, completed, closed or unchanged."""
    from motcua.procedures.listing import read_listing
    from motcua.procedures.merging import plan_import

    the_catalog = catalog()
    plan = plan_import(
        read_listing(file, the_catalog),
        the_catalog,
        province=province,
        from_day=from_.date() if from_ else None,
        replace=replace,
        source=f"list {file.name}, imported",
    )
    written = [] if dry_run else plan.write()
    if as_json:
        changes = [dataclasses.asdict(change) for change in plan.changes if change.kind != "unchanged"]
        print_json({"counts": plan.counts, "changes": changes, "ignored_columns": plan.ignored, "written": written})
        return
    shown = [change for change in plan.changes if change.kind != "unchanged"]
    if shown:
        print_table(
            f"What {'would change' if dry_run else 'changed'}"
            + (f" (the first {_SHOWN})" if len(shown) > _SHOWN else ""),
            ["change", "code", "level", "from", "what", "name"],
            [
                (
                    change.kind,
                    change.code,
                    change.level,
                    change.on,
                    "; ".join(f"{name}: {old or 'empty'} → {new or 'empty'}" for name, old, new in change.fields),
                    change.name,
                )
                for change in shown[:_SHOWN]
            ],
        )
    if plan.ignored:
        output.print(f"Unknown columns, ignored: {', '.join(plan.ignored)}.", markup=False)
    output.print(", ".join(f"{count:,} {kind}" for kind, count in plan.counts.items()) + ".")
    for path in written if not dry_run else plan.paths:
        output.print(f"{'would write' if dry_run else 'wrote'} {path}", soft_wrap=True, markup=False)


@app.command()
def cuts(
    province: Province = "",
    on: On = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, help="Published figures for comparison: published_figures.csv.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show how far the announced resolution times are cut below the statutory times."""
    from motcua.procedures.cuts import time_cuts

    result = time_cuts(catalog(), _day(on), province, file)
    if as_json:
        rows = [
            {"code": row.band.code, "count": row.count, "base": row.base, "share_pct": row.share_pct,
             "published": row.published, "agrees": row.agrees}
            for row in result.rows
        ]  # fmt: skip
        print_json({"on": result.on, "province": province, "rows": rows, "not_comparable": result.not_comparable})
        return
    print_table(
        f"Cắt giảm thời hạn giải quyết / cut resolution times, on {result.on}",
        ["", "class", "procedures", "of", "%", *(["published", "agrees"] if file else [])],
        [
            (
                row.band.vi,
                row.band.en,
                row.count,
                row.base,
                "" if row.share_pct is None else f"{row.share_pct:.2f}",
                *([_published(row.published), {None: "", True: "yes", False: "NO"}[row.agrees]] if file else []),
            )
            for row in result.rows
        ],
    )
    output.print(
        f"{result.not_comparable:,} others lack the statutory or the announced time, or their units cannot be compared."
    )


def _published(counts: tuple[int, int | None] | None) -> str:
    return "" if counts is None else f"{counts[0]:,} / {counts[1]:,}" if counts[1] is not None else f"{counts[0]:,}"


@app.command()
def deadlines(
    period: Annotated[str, typer.Option(help="CAL_MONTH:2023-10, RPT_QUARTER:2025-Q1, 2023-10-01..2023-10-31.")],
    province: Annotated[
        str | None, typer.Option(help="Official code of a province: only its own rows; `ministry`: only national rows.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show which procedures were announced and published by their deadlines (index 766, rows 1.1 and 1.2)."""
    if province is not None and province != "ministry" and not (province.isdigit() and len(province) == 2):
        raise ConfigurationError(
            f"{province!r} is not the code of a province.", action="give two digits, or `ministry`."
        )
    row_owner = "" if province == "ministry" else province
    result = procedure_deadlines(catalog(), parse_period(period), row_owner)
    if as_json:
        print_json(
            {
                "period": result.period.as_json(),
                "rows": {"1.1": result.ratio("announcement"), "1.2": result.ratio("publication")},
                "entries": [dataclasses.asdict(entry) for entry in result.entries],
            }
        )
        return
    print_table(
        f"Deadlines of procedures, {result.period.from_date} to {result.period.to_date}",
        ["row", "step", "on time", "late", "due", "counted", "%"],
        [
            (
                row,
                label,
                *(result.of(step, standing) for standing in ("on_time", "late", "due")),
                base,
                _share(count, base),
            )
            for row, label, step in _STEPS
            for count, base in [result.ratio(step)]
        ],
    )

    def table_rows(entries: Iterable[Deadline]) -> list[tuple[object, ...]]:
        return [(e.step, e.standing, e.code, e.deadline_on, e.done_on, e.decision_no, e.name) for e in entries]

    behind = [entry for entry in result.entries if entry.standing != "on_time"]
    if behind:
        heads = ["step", "standing", "code", "deadline", "done", "decision", "name"]
        print_table(f"Late or due (the first {_SHOWN})", heads, table_rows(behind[:_SHOWN]))


def _share(count: int, base: int) -> str:
    from motcua.percentage import percentage

    share = percentage(count, base)
    return "not available" if share is None else str(share)
