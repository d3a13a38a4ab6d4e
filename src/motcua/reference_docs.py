"""Generates `docs/reference/` from the code: run `make docs`, commit the result.

In: the catalogue models, suites, SQL headers, DAG files, the Typer app, a freshly upgraded database. Out: one
Markdown page each. Never: a fact that stands nowhere else; a page that differs between two runs on the same tree.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from sqlalchemy import Connection, text

from motcua import errors, period
from motcua.canonical import APPLICANT_KINDS, Channel, Status
from motcua.catalog import AgencyCode, OnlineLevels, Procedure, ProcedureAlias, Source, Succession, Unit, UnitName
from motcua.errors import ConfigurationError
from motcua.markdown_page import page, table
from motcua.reference_statuses import statuses_page
from motcua.settings import PROJECT_ROOT, Settings

REFERENCE = PROJECT_ROOT / "docs" / "reference"
LAST_RUNS = frozenset({"mutation.md"})  # pages that keep what a long proof found; `make docs` leaves them

# What a table is for. A table that is not named here stops the generator.
TABLES = {
    "store": {
        "unit": "Administrative units and agencies, as the catalogue in force gives them.",
        "unit_heir": "Units that ended and all their heirs: whose dossiers went to whom, by the catalogue in force.",
        "batch": "The ledger: one row for a source, window of days and run; its counts balance before it loads.",
        "dossier_version": "What a source said of a dossier, from which batch, known from when to when. Append-only.",
        "dossier_step": "Children of inter-agency dossiers (liên thông), the newest word of each. Never counted.",
        "dossier_touch": "When a source last modified a dossier without another change, and the pull that showed it.",
        "dossier_absence": "Dossiers a source no longer shows: unconfirmed, proven deleted, or seen again.",
        "applicant_alias": "References of applicants under replaced keys, each with the newest of the same person.",
        "petition_version": "What a source said of a petition (phản ánh, kiến nghị): days and outcome. Append-only.",
        "rest_day": "The rest days of the working calendar in force, each with the working day that follows it.",
        "recount": "When a changed working calendar moved the measures of a unit, and from which day on.",
        "measure_day": "Sums of `dossier_contribution` by unit, procedure, field, day and measure, kept by increments.",
        "quarantine_record": "Records set aside, redacted, with every rule they broke.",
        "rule_finding": "How many records of a batch each rule checked and found at fault.",
        "request_slot": "When the next request may leave for a host or a source, for all tasks together.",
        "host_circuit": "Hosts whose last request failed: the failures in a row, and until when their circuit is open.",
        "source_key": "By which rules of a mapping the keys of a source's dossiers were made, and since when.",
        "source_read_again": "By which reading all that was loaded of a source before a moment was read again.",
        "source_numbering": "The days on which the numbers of a source began again at 1, as a person said.",
        "identity_due": "Numbers whose dossiers are to be told apart again with the next batch that is loaded.",
        "source_contract": "What each source was last seen to send: its keys and their kinds of value.",
        "received_message": "Messages of the portal's sync posted to us, stripped of personal data, as they came.",
        "obligation": "What each unit owes for each report and period, and by when. Made before it is due.",
        "empty_declaration": "Units that said they received nothing in a period; withdrawn ones stay.",
        "reminder": "Reminders sent, each once.",
        "portal_figure": "What the National Portal said, each time it was asked.",
        "portal_difference": "Where its figures differ from ours, of which kind, since when.",
        "source_drift": "How what a source sent differed from that, by name, and how it was handled.",
    },
    "warehouse": {
        "edition": "What an office receives: the canonical bytes of a report and their SHA-256. Immutable.",
        "edition_figure": "The figures of an edition, one cell a row. Immutable.",
    },
}


def pages() -> dict[str, str]:
    """Return every page by file name. Needs both databases upgraded, and starts one process to read the DAGs."""
    makers: Mapping[str, Callable[[], str]] = {
        "catalog.md": catalog_page,
        "cli.md": cli_page,
        "codes.md": codes_page,
        "dags.md": lambda: dags_page(read_dags()),
        "data-model.md": data_model_page,
        "rules.md": lambda: rules_page(Settings.load().expectations_dir),
        "sql.md": lambda: sql_page(Settings.load().sql_dir),
        "statuses.md": lambda: statuses_page(Settings.load().shipped_catalog_dir / "mappings"),
    }
    return {name: make() for name, make in makers.items()}


def catalog_page() -> str:
    """The keys of every entry of the catalogue, from the pydantic models."""
    from motcua.catalog import finality, forms, index, models, obligations, options, record_sources
    from motcua.days import due_dates, workdays, years
    from motcua.extract.records import made_rules, mapping, rules
    from motcua.procedures import cuts, deadlines, listing
    from motcua.units.history import DistrictHeir, VanishedHeir
    from motcua.units.office_words import OfficeWords

    places: dict[str, Sequence[type[BaseModel]]] = {
        "`sources/*.yaml`: `defaults` for every entry, then `sources`": (
            Source,
            models.StatusCode,
            models.SubStatusCode,
            *options.OPTIONS.values(),
        ),
        "`units/units*.csv`": (Unit,),
        "`units/names*.csv`": (UnitName,),
        "`units/succession*.csv`": (Succession,),
        "`units/district_heirs.csv`, read by `motcua units import`": (DistrictHeir,),
        "`units/vanished_heirs.csv`, read by `motcua units import`": (VanishedHeir,),
        "`units/agency_codes*.csv`": (AgencyCode,),
        "`units/office_words.yaml`": (OfficeWords,),
        "`procedures/*.csv`": (Procedure,),
        "`procedures/aliases*.csv`": (ProcedureAlias,),
        "`procedures/online_levels.yaml`": (OnlineLevels,),
        "`procedures/headings.yaml`": (listing.Headings,),
        "`procedures/cuts.yaml`": (cuts.CutBands, cuts.CutBand),
        "`procedures/deadlines.yaml`: `rules`": (deadlines.DeadlineRule, deadlines.Workdays),
        "`calendar/*.csv`": (workdays.SwappedDay,),
        "`calendar/years.yaml`: `years`": (years.CalendarYear,),
        "`calendar/due_dates.yaml`: `defaults` for every entry, then `rules`": (due_dates.DueRule,),
        "`forms/*.yaml`: a report, its versions, and when it is published by itself": (
            *(kind for kind in vars(forms).values() if isinstance(kind, type) and kind is not forms.OverdueReason),
            models.Text,
        ),
        "`forms/overdue_reasons.csv`": (forms.OverdueReason,),
        "`index/*.yaml`: `index`, then `versions`; `index/variants/*.yaml`": (*_models_of(index, but=index.IndexFile),),
        "`petitions/*.yaml`": (record_sources.PetitionSource, options.PetitionColumns, options.PetitionWords),
        "`finality.yaml`": (finality.Finality, finality.ChecklistLine, finality.WaiverCaps),
        "`waivers.yaml`": (finality.Waivers, finality.Waiver),
        "`without_source.yaml`": (finality.UnitsWithoutSource, finality.WithoutSource),
        "`obligations.yaml`": (obligations.ObligationRules, obligations.ObligationRule, obligations.Due),
        "`mappings/*.yaml`": (mapping.SourceMapping, made_rules.MadeColumn, *_models_of(rules, but=rules.Part)),
    }
    lines = [
        "The files under `include/catalog/`, typed on load: an unknown key, a wrong type or a reference that leads",
        "nowhere is refused with file and line. `--catalog DIR` or `MOTCUA_CATALOG` names another folder.",
    ]
    for place, shown in places.items():
        lines += ["", f"## {place}"]
        for model in shown:
            meaning = _first_paragraph(model.__doc__)
            lines += ["", f"### {model.__name__}", *(["", meaning] if meaning else []), ""]
            lines += table(("key", "type", "default"), _fields(model))
    return page("Catalogue", "the pydantic models", lines)


def cli_page() -> str:
    """Every command and option, by Typer's own generator."""
    import typer.main
    from typer.cli import get_docs_for_click

    from motcua.cli import app

    command = typer.main.get_command(app)
    body = get_docs_for_click(obj=command, ctx=typer.Context(command), indent=1, name="motcua")
    return page("Command line", "the Typer app", [body.strip()])


def codes_page() -> str:
    """Closed lists: statuses, channels, periods, measures, errors."""
    from motcua.catalog.forms import MEASURES

    found = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    lines = ["## Status of a dossier (`status_code`, TrangThaiHoSo)", ""]
    lines += table(("code", "name"), [(status.value, status.name.lower()) for status in Status])
    lines += ["", "## Channel of submission (`channel_code`, KenhThucHien)", ""]
    lines += table(("code", "name"), [(channel.value, channel.name.lower()) for channel in Channel])
    lines += ["", "## Kinds of applicant (`applicant_kind`)", "", ", ".join(f"`{kind}`" for kind in APPLICANT_KINDS)]
    lines += ["", "## Period types", "", ", ".join(f"`{kind}`" for kind in get_args(period.PeriodType))]
    lines += ["", "`RPT_*` run from the 15th to the 14th (NĐ 09/2019/NĐ-CP Điều 12), `CAL_*` are calendar ones."]
    lines += ["", "## Measures", "", ", ".join(f"`{measure}`" for measure in MEASURES)]
    lines += ["", "What each counts: [dossier_contribution](sql.md#views)."]
    lines += ["", "## Errors", "", "Named for who must act; each message ends with what to do.", ""]
    lines += table(("error", "meaning"), [(f"`{kind.__name__}`", _first_paragraph(kind.__doc__)) for kind in found])
    return page("Codes and errors", "the code", lines)


def read_dags() -> list[dict[str, Any]]:
    """Return what the DAG files define, read by a process of its own so that this one stays free of Airflow.

    Raises:
        ConfigurationError: a DAG file does not import.
    """
    home = Settings.load().home
    done = subprocess.run(
        [sys.executable, "-m", "motcua.orchestration.describe", str(home / "dags")],
        capture_output=True,
        text=True,
        env={**os.environ, "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins")},
    )
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise ConfigurationError(f"The DAGs could not be read: {last}", action="run `make test` and correct the file.")
    dags: list[dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    return dags


def dags_page(dags: Sequence[Mapping[str, Any]]) -> str:
    """DAGs with schedule, parameters, tasks in order and what to do when one fails."""
    lines = table(
        ("DAG", "starts", "tags"),
        [(f"[`{d['dag_id']}`](#{d['dag_id']})", d["schedule"], ", ".join(d["tags"])) for d in dags],
    )
    for dag in dags:
        lines += ["", f"## {dag['dag_id']}", "", f"{dag['description']}.", "", dag["doc_md"], ""]
        if dag["params"]:
            lines += [*table(("parameter", "meaning"), dag["params"].items()), ""]
        rows = [
            (
                f"`{task['task_id']}`",
                "for each chunk" if task["mapped"] else "once",
                task["retries"],
                task["trigger_rule"],
                ", ".join(f"`{name}`" for name in task["outlets"]),
            )
            for task in dag["tasks"]
        ]
        lines += table(("task", "runs", "retries", "trigger rule", "tells asset"), rows)
    return page("DAGs", "the files under `dags/`", lines)


def data_model_page() -> str:
    """Tables, views and columns of store and warehouse, from the databases themselves."""
    from motcua.warehouse import store_engine, warehouse_engine

    lines: list[str] = []
    for database, engine in (("store", store_engine()), ("warehouse", warehouse_engine())):
        with engine.connect() as connection:
            lines += ["", f"## {database}", *_relations(connection, database)]
    return page("Data model", "an upgraded database", lines[1:])


def rules_page(folder: Path) -> str:
    """What is acceptable: every expectation with its rule, severity, reason and legal source."""
    lines: list[str] = []
    for path in sorted(folder.glob("*.json")):
        suite = json.loads(path.read_text(encoding="utf-8"))
        lines += ["", f"## {path.stem}", "", f"Grain: {suite.get('grain', 'not stated')}.", ""]
        said = [f"- {rule}: {text['vi']} {text['en']}" for rule, text in suite.get("rules", {}).items()]
        lines += ["What a rule with several checks asks:", "", *said, ""] if said else []
        rows = []
        for check in suite["expectations"]:
            meta = check.get("meta", {})
            fields = meta.get("fields") or [check.get("kwargs", {}).get("column", "")]
            rows.append(
                (
                    meta.get("rule_id", ""),
                    check.get("severity", "critical"),
                    ", ".join(f"`{field}`" for field in fields if field),
                    _expectation(check),
                    "<br>".join(part for part in (meta.get("reason_vi"), meta.get("reason")) if part),
                    meta.get("legal_source", ""),
                )
            )
        lines += table(("rule", "severity", "fields", "expectation", "reason", "source"), rows)
    return page("Validation rules", "`expectations/*.json`", lines[1:])


def sql_page(folder: Path) -> str:
    """Every statement by layer, with the header of its file."""
    lines: list[str] = []
    for layer in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(layer.rglob("*.sql"))
        if files:
            lines += ["", f"## {layer.name}"]
        for path in files:
            name = path.relative_to(folder).with_suffix("").as_posix()
            header = "\n".join(_header(path.read_text(encoding="utf-8")))
            lines += ["", f"**[{name}](../../include/sql/{name}.sql)**", "", "```text", header, "```"]
    return page("SQL statements", "the headers under `include/sql/`", lines[1:])


def write_pages(folder: Path) -> list[Path]:
    """Write every page into a folder, remove pages no longer made, and return what was written."""
    made = pages()
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.md"):
        if stale.name not in made.keys() | LAST_RUNS:
            stale.unlink()
    for name, body in made.items():
        (folder / name).write_text(body, encoding="utf-8")
    return [folder / name for name in made]


def main() -> None:
    """Write `docs/reference/` from this tree, with databases made for the occasion."""
    from motcua.warehouse import embedded, upgrade_databases

    with tempfile.TemporaryDirectory(prefix="motcua-docs-") as work:
        Path(work).chmod(0o755)  # the server runs as its own user when this runs as root
        for name in [name for name in os.environ if name.startswith("MOTCUA_")]:
            del os.environ[name]
        os.environ["MOTCUA_WORK"] = work
        try:
            upgrade_databases()
            for path in write_pages(REFERENCE):
                print(path.relative_to(PROJECT_ROOT))
        finally:
            embedded.stop_server(Path(work) / "pg")


def _first_paragraph(docstring: str | None) -> str:
    return " ".join((docstring or "").strip().split("\n\n")[0].split())


def _expectation(check: Mapping[str, Any]) -> str:
    """Say an expectation and its limits: `expect_column_values_to_be_between` min_value 0, max_value 4."""
    shown = {
        key: value
        for key, value in check.get("kwargs", {}).items()
        if not key.startswith("column") and key not in {"row_condition", "condition_parser", "ignore_row_if"}
    }
    limits = ", ".join(f"{key} `{json.dumps(value, ensure_ascii=False)}`" for key, value in shown.items())
    return " ".join(part for part in (f"`{check['type']}`", limits) if part)


def _models_of(module: Any, but: type[BaseModel]) -> list[type[BaseModel]]:
    return [
        kind
        for name, kind in vars(module).items()
        if isinstance(kind, type)
        and issubclass(kind, BaseModel)
        and kind.__module__ == module.__name__
        and not name.startswith("_")
        and kind is not but
    ]


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    schema = model.model_json_schema(ref_template="{model}")
    required = set(schema.get("required", ()))
    for key, content in schema.get("properties", {}).items():
        default = "required" if key in required else f"`{json.dumps(content.get('default'), ensure_ascii=False)}`"
        yield f"`{key}`", _type(content), "none" if default == "`null`" else default


def _type(content: Mapping[str, Any]) -> str:
    """Say a JSON schema type: `integer 1 to 5000`, `one of a, b`, `list of Term`."""
    if "$ref" in content:
        return str(content["$ref"])
    if "anyOf" in content:
        return " or ".join(_type(part) for part in content["anyOf"] if part.get("type") != "null")
    if "enum" in content:
        return "one of " + ", ".join(f"`{value}`" for value in content["enum"])
    if "const" in content:
        return f"`{content['const']}`"
    if content.get("type") == "array":
        return f"list of {_type(content.get('items', {}))}"
    words = [str(content.get("format") or content.get("type") or "any")]
    for key, word in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"), ("pattern", "like")):
        if key in content:
            words += [word, f"`{content[key]}`" if key == "pattern" else str(content[key])]
    return " ".join(words)


def _relations(connection: Connection, database: str) -> Iterator[str]:
    for name, kind in connection.execute(
        text(
            "select relname, relkind from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'v') and relname <> 'alembic_version' order by relkind, relname"
        )
    ).all():
        if kind == "r" and name not in TABLES[database]:
            raise ConfigurationError(
                f"Table {name} of {database} has no description.", action="add it to TABLES in motcua.reference_docs."
            )
        yield from ("", f"### {name}", "")
        yield "View; see [SQL statements](sql.md#views)." if kind == "v" else TABLES[database][name]
        columns = connection.execute(
            text(
                "select attname, format_type(atttypid, atttypmod), not (attnotnull or :is_view) from pg_attribute"
                " where attrelid = cast(:name as regclass) and attnum > 0 and not attisdropped order by attnum"
            ),
            {"name": name, "is_view": kind == "v"},
        )
        rows = [(f"`{column}`", type_name, "may be" if is_open else "") for column, type_name, is_open in columns]
        yield from ("", *table(("column", "type", "null"), rows))
        constraints = connection.execute(
            text(
                "select pg_get_constraintdef(oid, true) from pg_constraint"
                " where conrelid = cast(:name as regclass) and contype <> 'n' order by contype, conname"
            ),
            {"name": name},
        )
        definitions = [" ".join(definition.split()) for (definition,) in constraints]
        if definitions:
            yield from ("", *(f"- `{definition}`" for definition in definitions))


def _header(source: str) -> Iterator[str]:
    for line in source.splitlines():
        if not line.startswith("--"):
            return
        yield line.removeprefix("--").removeprefix(" ")


if __name__ == "__main__":
    main()
