"""`motcua units`: the unit that a code means, its successions, and the import of the national lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.tree import Tree

from motcua.catalog import Catalog, Unit, load_catalog
from motcua.cli.console import catalog, output, print_json, print_table
from motcua.settings import Settings

app = typer.Typer(help="The units of the country, former and present.", no_args_is_help=True)

SHOWN = 6  # the most units shown in full, and the most successions of each; --json has all
CodeOrName = Annotated[
    str, typer.Argument(metavar="CODE_OR_NAME", help="Official or electronic code, unit id or name.")
]
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The meaning on this day. Default: any day.")]
AsJson = Annotated[bool, typer.Option("--json", help="Everything, for a program.")]


@app.command()
def show(code: CodeOrName, on: On = None, as_json: AsJson = False) -> None:
    """Show what a code or name means and when: the unit, the units above it, its names, evidence and successions."""
    from motcua.units.search import describe

    the_catalog, units = _units_of(code, on)
    if as_json:
        print_json([describe(the_catalog, unit) for unit in units])
        return
    if len(units) > SHOWN:
        _print_list(the_catalog, code, units)
        return
    for unit in units:
        description = describe(the_catalog, unit)
        print_table(f"{unit.unit_id}  {_names(the_catalog, unit)}", ["", ""], _lines(description))


@app.command()
def succession(code: CodeOrName, on: On = None, as_json: AsJson = False) -> None:
    """Show the predecessors and successors of a unit, to the end of each line."""
    from motcua.units.search import history

    the_catalog, units = _units_of(code, on)
    if as_json:
        print_json(
            [
                {"unit_id": unit.unit_id, "name": unit.name}
                | {"predecessors": history(the_catalog, unit, "predecessors")}
                | {"successors": history(the_catalog, unit, "successors")}
                for unit in units
            ]
        )
        return
    if len(units) > SHOWN:
        _print_list(the_catalog, code, units)
        return
    for unit in units:
        days = f"{unit.valid_from} to {unit.valid_to or 'now'}"
        tree = Tree(escape(f"{unit.unit_id}  {_names(the_catalog, unit)}, {days}"))
        _grow(tree.add("took over from"), history(the_catalog, unit, "predecessors"), "predecessors")
        _grow(tree.add("taken over by"), history(the_catalog, unit, "successors"), "successors")
        output.print(tree)


@app.command("import")
def import_(
    folder: Annotated[
        Path | None, typer.Argument(help="Default: include/reference/units of this installation.")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="Default: units/ of the catalogue in force.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build the national lists of the catalogue from the public lists, which are checked against one another.

    Files that people edit (agencies, electronic codes below a province) are not changed. `district_heirs.csv` states
    who takes over the dossiers of each dissolved district; `vanished_heirs.csv` states the heirs of units that vanished
    before.
    """
    from motcua.units.history import HEIRS_OF_DISTRICTS, build_files
    from motcua.units.lists import counts

    settings = Settings.load()
    target = into or settings.catalog_dir / "units"
    kept = target if (target / HEIRS_OF_DISTRICTS).is_file() else settings.shipped_catalog_dir / "units"
    lists, files = build_files(folder or settings.home / "include" / "reference" / "units", kept)
    states = {}
    for name, text in files.items():
        path = target / name
        is_same = path.is_file() and path.read_text(encoding="utf-8") == text
        states[name] = "unchanged" if is_same else "differs" if check else "written"
        if not is_same and not check:
            target.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if not check and target == settings.catalog_dir / "units":
        load_catalog.cache_clear()
        load_catalog(settings.catalog_dir)  # refuses, with file and line, new lists that do not fit the other files
    days = {"mid-2022": lists.before, "2025-06-30": lists.eve, "2025-07-01": lists.after}
    unit_counts = [{"on": day, **counts(units)} for day, units in days.items()]
    rows = [{"file": name, "rows": files[name].count("\n") - 1, "state": state} for name, state in states.items()]
    if as_json:
        print_json({"units": unit_counts, "folder": str(target), "files": rows})
    else:
        print_table(
            "Units in the lists",
            ["on", "provinces", "districts", "communes"],
            [(*counted.values(),) for counted in unit_counts],
        )
        print_table(f"Files in {target}", ["file", "rows", "state"], [(*row.values(),) for row in rows])
    if "differs" in states.values():
        raise typer.Exit(1)


def _units_of(code: str, on: datetime | None) -> tuple[Catalog, list[Unit]]:
    from motcua.units.search import find_units

    the_catalog = catalog()
    return the_catalog, find_units(the_catalog, code, on.date() if on else None)


def _print_list(the_catalog: Catalog, code: str, units: Iterable[Unit]) -> None:
    print_table(
        f"{code} means several units; choose one by its id",
        ["unit", "name", "in", "in force"],
        [
            (
                unit.unit_id,
                _names(the_catalog, unit),
                _above(the_catalog, unit),
                f"{unit.valid_from} to {unit.valid_to or 'now'}",
            )
            for unit in units
        ],
    )


def _names(the_catalog: Catalog, unit: Unit) -> str:
    return ", then ".join([unit.name, *(entry.name for entry in the_catalog.names_by_unit.get(unit.unit_id, ()))])


def _above(the_catalog: Catalog, unit: Unit) -> str:
    above = []
    while unit.parent_id is not None:
        unit = the_catalog.unit_by_id[unit.parent_id]
        above.append(unit.name)
    return ", ".join(above)


def _lines(description: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield (
        "kind",
        description["kind"]
        if description["kind"] == description["level"]
        else f"{description['kind']} of a {description['level']}",
    )
    yield "code", description["code"]
    for entry in description["names"]:
        yield "called", f"{entry['name']}, {entry['valid_from']} to {entry['valid_to'] or 'now'}"
    if description["above"]:
        yield "in", ", ".join(f"{entry['name']} ({entry['unit_id']})" for entry in description["above"])
    if description["electronic_codes"]:
        yield (
            "electronic",
            ", ".join(f"{entry['code']} ({entry['in_force']})" for entry in description["electronic_codes"]),
        )
    yield "evidence", description["evidence"]
    for key, label in (("predecessors", "took over from"), ("successors", "taken over by")):
        for entry in description[key][:SHOWN]:
            yield label, f"{_step_text(entry)}\n  {entry['evidence']}"
        if len(description[key]) > SHOWN:
            yield label, f"and {len(description[key]) - SHOWN} more"


def _grow(tree: Tree, steps: Iterable[Mapping[str, Any]], direction: str) -> None:
    entries = list(steps)
    if not entries:
        tree.add("none" if direction == "successors" else "none known")
    for step in entries:
        branch = tree.add(escape(_step_text(step)))
        if step.get(direction):
            _grow(branch, step[direction], direction)


def _step_text(step: Mapping[str, Any]) -> str:
    doubt = next((word for word in ("inferred", "unknown") if step["evidence"].startswith(word)), "")
    marks = [step["on"], *(["heir"] if step["is_heir"] else ["part"]), *([doubt] if doubt else [])]
    return f"{step['unit_id']}  {step['name']} ({', '.join(marks)})"
