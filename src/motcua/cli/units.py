"""`motcua units`: which unit a code means, what became of it, and the building of the national lists."""

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

app = typer.Typer(help="The units of the country, as they were and as they are.", no_args_is_help=True)

SHOWN = 6  # so many units in full, so many successions of each; --json has all
Asked = Annotated[str, typer.Argument(metavar="CODE_OR_NAME", help="Official or electronic code, unit id or name.")]
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="What it means on this day. Default: ever.")]
AsJson = Annotated[bool, typer.Option("--json", help="All of it, for a program.")]


@app.command()
def show(code: Asked, on: On = None, as_json: AsJson = False) -> None:
    """Say what a code or name means, and when: unit, what stands above it, its names, evidence, successions."""
    from motcua.units.search import describe

    found_catalog, units = _found(code, on)
    if as_json:
        print_json([describe(found_catalog, unit) for unit in units])
        return
    if len(units) > SHOWN:
        _print_list(found_catalog, code, units)
        return
    for unit in units:
        told = describe(found_catalog, unit)
        print_table(f"{unit.unit_id}  {_names(found_catalog, unit)}", ["", ""], _lines(told))


@app.command()
def succession(code: Asked, on: On = None, as_json: AsJson = False) -> None:
    """Show from whom a unit took over and who took over from it, to the end of each line."""
    from motcua.units.search import history

    found_catalog, units = _found(code, on)
    if as_json:
        print_json(
            [
                {"unit_id": unit.unit_id, "name": unit.name}
                | {"predecessors": history(found_catalog, unit, "predecessors")}
                | {"successors": history(found_catalog, unit, "successors")}
                for unit in units
            ]
        )
        return
    if len(units) > SHOWN:
        _print_list(found_catalog, code, units)
        return
    for unit in units:
        days = f"{unit.valid_from} to {unit.valid_to or 'now'}"
        tree = Tree(escape(f"{unit.unit_id}  {_names(found_catalog, unit)}, {days}"))
        _grow(tree.add("took over from"), history(found_catalog, unit, "predecessors"), "predecessors")
        _grow(tree.add("taken over by"), history(found_catalog, unit, "successors"), "successors")
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
    """Build the national lists of the catalogue from the public lists, checked against one another.

    What a person keeps (agencies, electronic codes below a province) is left as it is. `district_heirs.csv` decides
    where the dossiers of each dissolved district go, `vanished_heirs.csv` who followed a unit that vanished before.
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
        load_catalog(settings.catalog_dir)  # refuses, by file and line, what the new lists and the kept files make
    days = {"mid-2022": lists.before, "2025-06-30": lists.eve, "2025-07-01": lists.after}
    told = [{"on": day, **counts(units)} for day, units in days.items()]
    rows = [{"file": name, "rows": files[name].count("\n") - 1, "state": state} for name, state in states.items()]
    if as_json:
        print_json({"units": told, "folder": str(target), "files": rows})
    else:
        print_table(
            "Units in the lists", ["on", "provinces", "districts", "communes"], [(*one.values(),) for one in told]
        )
        print_table(f"Files in {target}", ["file", "rows", "state"], [(*one.values(),) for one in rows])
    if "differs" in states.values():
        raise typer.Exit(1)


def _found(code: str, on: datetime | None) -> tuple[Catalog, list[Unit]]:
    from motcua.units.search import find_units

    found = catalog()
    return found, find_units(found, code, on.date() if on else None)


def _print_list(found: Catalog, code: str, units: Iterable[Unit]) -> None:
    print_table(
        f"{code} means several units; ask for one by its id",
        ["unit", "name", "in", "in force"],
        [
            (unit.unit_id, _names(found, unit), _place(found, unit), f"{unit.valid_from} to {unit.valid_to or 'now'}")
            for unit in units
        ],
    )


def _names(found: Catalog, unit: Unit) -> str:
    return ", then ".join([unit.name, *(entry.name for entry in found.names_by_unit.get(unit.unit_id, ()))])


def _place(found: Catalog, unit: Unit) -> str:
    above = []
    while unit.parent_id is not None:
        unit = found.unit_by_id[unit.parent_id]
        above.append(unit.name)
    return ", ".join(above)


def _lines(told: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "kind", told["kind"] if told["kind"] == told["level"] else f"{told['kind']} of a {told['level']}"
    yield "code", told["code"]
    for one in told["names"]:
        yield "called", f"{one['name']}, {one['valid_from']} to {one['valid_to'] or 'now'}"
    if told["above"]:
        yield "in", ", ".join(f"{one['name']} ({one['unit_id']})" for one in told["above"])
    if told["electronic_codes"]:
        yield "electronic", ", ".join(f"{one['code']} ({one['in_force']})" for one in told["electronic_codes"])
    yield "evidence", told["evidence"]
    for key, said in (("predecessors", "took over from"), ("successors", "taken over by")):
        for one in told[key][:SHOWN]:
            yield said, f"{_said(one)}\n  {one['evidence']}"
        if len(told[key]) > SHOWN:
            yield said, f"and {len(told[key]) - SHOWN} more"


def _grow(tree: Tree, steps: Iterable[Mapping[str, Any]], direction: str) -> None:
    found = list(steps)
    if not found:
        tree.add("nobody" if direction == "successors" else "nobody known")
    for step in found:
        branch = tree.add(escape(_said(step)))
        if step.get(direction):
            _grow(branch, step[direction], direction)


def _said(step: Mapping[str, Any]) -> str:
    doubt = next((word for word in ("inferred", "unknown") if step["evidence"].startswith(word)), "")
    marks = [step["on"], *(["heir"] if step["is_heir"] else ["part"]), *([doubt] if doubt else [])]
    return f"{step['unit_id']}  {step['name']} ({', '.join(marks)})"
