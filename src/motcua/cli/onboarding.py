"""`motcua sources new`: writes a commented first draft of the catalogue entry of a new source."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from motcua.catalog.options import AdapterName
from motcua.cli.console import output
from motcua.errors import CatalogError, ConfigurationError
from motcua.settings import TIMEZONE, Settings

# The required options of an entry, with an example or a hint.
_EXAMPLES: dict[AdapterName, dict[str, str]] = {
    "opencps": {"group_id": "0 # <- guess: the site's groupId: the header its own pages send"},
    "igate": {"ancestor_agency_id": '"000000000000000000000000" # <- guess: ancestor-agency-id of its searches'},
    "tandan": {"unit_code": '"..." # <- guess: the unit code its pages filter by'},
    "portal_sync": {
        "path": '"drops/*.json" # <- guess: a file or a pattern; starts at the catalogue folder',
        "agency_code": '"000.00.00.H00" # <- guess: the madonvi of its batches',
    },
    "files": {"path": '"drops/*.csv" # <- guess: a file or a pattern; starts at the catalogue folder'},
    "sql": {"query": '"queries/{name}.sql" # <- guess: given :from_date and :to_date'},
}
_CHOICES = ", ".join(_EXAMPLES)


def new(
    source_id: Annotated[str, typer.Argument(help="Id of the source, for example xa-phu-an.so-tay.")],
    adapter: Annotated[str, typer.Option(help=f"Its protocol: {_CHOICES}.")],
    unit_id: Annotated[str, typer.Option(help="Id of its unit in units/units*.csv.")] = "",
    level: Annotated[str, typer.Option(help="province, district or commune.")] = "commune",
    name: Annotated[str, typer.Option(help="Its name for people.")] = "",
    connection: Annotated[str, typer.Option(help="Id of the Airflow connection; dropped files need none.")] = "",
    path: Annotated[str, typer.Option(help="For files and portal_sync: the path of the dropped files.")] = "",
) -> None:
    """Write a commented catalogue entry, a mapping, and a fixture. They are made from a sample when there is one."""
    from motcua.extract.onboarding.skeleton import fixture, mapping_skeleton, sample_table

    if adapter not in _EXAMPLES:
        raise ConfigurationError(f"There is no adapter {adapter!r}.", action=f"choose one of {_CHOICES}.")
    folder = Settings.load().catalog_dir
    slug = source_id.replace(".", "-")
    own_mapping = adapter in ("files", "sql")
    sample = sample_table(folder, path) if adapter == "files" and path else None
    files = {
        folder / "sources" / f"{slug}.yaml": _entry(
            source_id,
            adapter,
            unit_id,
            level,
            name,
            connection,
            path,
            slug if own_mapping else adapter,
            sample.encoding if sample else None,
        )
    }
    if own_mapping:
        files[folder / "mappings" / f"{slug}.yaml"] = mapping_skeleton(adapter, sample)
    if adapter == "sql":
        files[folder / "queries" / f"{slug}.sql"] = _QUERY
    if sample is not None:
        files[folder / "fixtures" / f"{slug}.csv"] = fixture(sample)
    for file in files:
        if file.exists():
            raise CatalogError(f"{file} exists already.", action="choose another id, or edit that file.")
    for file, content in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        output.print(f"wrote {file}", markup=False, highlight=False, soft_wrap=True)
    if sample is None and own_mapping:
        output.print("No sample was found: the mapping has example columns that must be replaced.")
    output.print(
        f"Next: confirm or correct each line marked with `# <- guess`, then run `motcua sources check {source_id}`.",
        markup=False,
    )


_QUERY = """-- One row per dossier received between :from_date and :to_date, both days included. Read-only.
select *
from ho_so -- <- guess: the table or view that the reading account may read
where ngay_tiep_nhan >= :from_date and ngay_tiep_nhan < :to_date + interval '1 day'
"""


def _entry(
    source_id: str,
    adapter: str,
    unit_id: str,
    level: str,
    name: str,
    connection: str,
    path: str,
    mapping: str,
    encoding: str | None,
) -> str:
    own_connection = "onestop_" + source_id.replace(".", "_").replace("-", "_")
    today = datetime.now(ZoneInfo(TIMEZONE)).date()
    options = dict(_EXAMPLES[adapter])  # type: ignore[index]
    if path and "path" in options:
        options["path"] = f'"{path}"'
    lines = [
        f"# {name or source_id}. Every key: docs/reference/catalog.md.",
        "# A line marked with `# <- guess` must be confirmed or corrected by a person.",
        "sources:",
        f"  - source_id: {source_id}",
        f'    name: "{name or source_id}"',
        f"    system_code: {source_id.split('.')[0]} # <- guess: one code for all sources on one host",
        f"    adapter: {adapter}",
        f"    mapping: {mapping} # mappings/{mapping}.yaml",
        f"    connection_id: {connection or own_connection} # AIRFLOW_CONN_{(connection or own_connection).upper()}"
        if connection or adapter not in ("files", "portal_sync")
        else "    # connection_id: only where the files need a login",
        f"    level: {level} # <- guess",
        f'    unit_id: "{unit_id}"' + ("" if unit_id else " # <- guess: an id of units/units*.csv"),
        f"    valid_from: {today.replace(month=1, day=1)} # <- guess: the first day on which it is pulled",
        "    options:",
        *(f"      {key}: {value.format(name=source_id.replace('.', '-'))}" for key, value in options.items()),
        *([f"      encoding: {encoding} # <- guess: the text has no mark and is not UTF-8"] if encoding else []),
        "    # page_size: 1000, overlap_days: 31, attempts: 8 and more have defaults.",
    ]
    return "\n".join(lines) + "\n"
