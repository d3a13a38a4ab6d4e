"""Measures every adapter beside dlt's REST source, in one run: the dossiers of a province's half-year into PostgreSQL.

Each job has a process of its own and writes into the same embedded server, which is emptied before it. Ours pulls
through the adapter into landing and merges into the store (`extract` + `consolidate`; the rules of `validate` have no
counterpart in dlt, so their time is told apart). dlt asks the same pages with the same parameters and the same size,
is handed the keys our mapping keeps and nothing else, identities as the same HMAC, and merges by the dossier's id.
What comes as files or from a database has no REST; beside it stands dlt's REST source over OpenCPS.

Ends with 1 when a count does not agree or an adapter was slower.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import yaml
from dlt_rest import dlt_credentials, dlt_question, kept_keys
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from motcua.catalog import OpencpsOptions, load_catalog
from motcua.demo.stack import ending_by_signal
from motcua.sandbox.export import DATABASE_FILE
from motcua.sandbox.igate import agency_id
from motcua.sandbox.scenario import Scenario, load_scenario
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.tables import file_name
from motcua.settings import PROJECT_ROOT, Settings
from motcua.warehouse import embedded, libpq_dsn, store_engine, upgrade_databases

SHIPPED = PROJECT_ROOT / "include" / "catalog"
MAPPINGS = PROJECT_ROOT / "tests" / "reliability" / "mappings"
HTTP = ("opencps", "igate", "tandan")
DROPPED = ("portal_sync", "files", "sql")
PAGE_SIZE = 1000
TOKEN_SECONDS = 24 * 3600.0
WIDENED = timedelta(days=60)  # wide enough that what is still open at the source stands in the window too
DATASET = "by_dlt"
FATES = ("new", "changed", "unchanged", "duplicate", "quarantined", "out_of_window")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="tien-giang-2020-h1", help="one of a single source")
    parser.add_argument("--adapters", nargs="+", default=[*HTTP, *DROPPED], choices=[*HTTP, *DROPPED])
    parser.add_argument("--job", nargs=2, metavar=("WHO", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    scenario = load_scenario(arguments.scenario)
    if arguments.job:
        who, result = arguments.job
        tool, protocol = who.split(":")
        found = {"ours": run_ours, "dlt": run_dlt}[tool](scenario, protocol)
        Path(result).write_text(json.dumps(found | used()), encoding="utf-8")
        return
    with ending_by_signal():
        is_kept = run(scenario, arguments.adapters)
    sys.exit(not is_kept)


def run(scenario: Scenario, adapters: list[str]) -> bool:
    """Run every job and print what each took. Returns whether the counts agree and no adapter was slower."""
    work_dir = Settings.load().work_dir / "bench" / f"{scenario.scenario_id}-adapters"
    embedded.stop_server(work_dir / "pg")
    shutil.rmtree(work_dir, ignore_errors=True)
    work_dir.mkdir(parents=True)
    for variable in ("STORE_DSN", "WAREHOUSE_DSN", "LANDING", "REPORTS", "CATALOG"):
        os.environ.pop(f"MOTCUA_{variable}", None)
    os.environ.update(MOTCUA_WORK=str(work_dir), MOTCUA_PROVINCE=scenario.province)
    console = Console(width=132)
    # What is compared runs one right after the other, for the sake of a machine that is not always equally busy.
    jobs = [f"{tool}:{adapter}" for adapter in dict.fromkeys(["opencps", *adapters]) for tool in ("dlt", "ours")]
    jobs = [job for job in jobs if job.partition(":")[2] in (adapters if "ours" in job else HTTP)]
    done: dict[str, dict[str, Any]] = {}
    try:
        upgrade_databases()
        for adapter in {*adapters, "opencps"} & {*DROPPED}:
            console.print(f"Writing what the source holds as {adapter} ...")
            command = ["export", "--scenario", scenario.scenario_id, "--protocol", adapter, "--night", "1"]
            command += ["--to", str(work_dir / adapter)] + (["--form", "csv_utf8"] if adapter == "files" else [])
            subprocess.run([sys.executable, "-m", "motcua.sandbox", *command], check=True, stdout=subprocess.DEVNULL)
        with SandboxServer(scenario.scenario_id) as sandbox:
            sandbox.set_token_seconds(TOKEN_SECONDS)
            for job in jobs:
                console.print(f"Running {job} ...")
                done[job] = in_own_process(job, scenario, sandbox, work_dir)
    finally:
        embedded.stop_server(work_dir / "pg")
    return report(console, scenario, adapters, done)


def in_own_process(job: str, scenario: Scenario, sandbox: SandboxServer, work_dir: Path) -> dict[str, Any]:
    """Empty the databases, then run one job in a process of its own; return what it found and the sandbox's part."""
    protocol = job.partition(":")[2]
    catalog_dir = write_catalog(scenario, protocol, work_dir)
    empty_store()
    assert sandbox.pid is not None
    served = psutil.Process(sandbox.pid)
    before = sum(served.cpu_times()[:2])
    result = work_dir / "result.json"
    environment = os.environ | {
        "MOTCUA_CATALOG": str(catalog_dir),
        "BENCH_URL": sandbox.base_url_of(protocol) if protocol in HTTP else "",
        "BENCH_LOGIN": sandbox.login,
        "BENCH_PASSWORD": sandbox.password,
        # dlt at its best on one machine: as many processes as there are cores, files as PostgreSQL's own COPY takes
        # them, nothing reported home.
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "PROVIDERS__ENABLE_AIRFLOW_SECRETS": "false",
        "DLT_DATA_DIR": str(work_dir / "dlt"),
        "DLT_PROJECT_DIR": str(work_dir),
        "RUNTIME__LOG_LEVEL": "ERROR",
        "NORMALIZE__WORKERS": str(os.cpu_count()),
        "DATA_WRITER__DISABLE_COMPRESSION": "true",
    }
    command = [sys.executable, __file__, "--scenario", scenario.scenario_id, "--job", job, str(result)]
    subprocess.run(command, env=environment, check=True)
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found | {"serving": sum(served.cpu_times()[:2]) - before}


def run_ours(scenario: Scenario, adapter: str) -> dict[str, Any]:
    """Pull and load one source's window through an adapter; return seconds by stage and counts."""
    from motcua import ledger
    from motcua.consolidate import consolidate_batches
    from motcua.extract import extract_batches
    from motcua.validate import validate_batches

    catalog = load_catalog(Settings.load().catalog_dir)
    ((batch_id,),) = ledger.plan_run(catalog, "bench", scenario.day_of_night(1), window=window_of(scenario))
    connection = connection_of(adapter)
    seconds = {
        "extract": timed(lambda: extract_batches([batch_id], lambda _: connection)),
        "validate": timed(lambda: validate_batches([batch_id])),
        "load": timed(lambda: consolidate_batches([batch_id])),
    }
    (batch,) = ledger.read_batches([batch_id])
    assert batch.state == "loaded", f"{adapter} did not load: {batch.error}"
    with store_engine().connect() as store:
        counted = ", ".join(f"{fate}_count" for fate in FATES)
        row = store.execute(text(f"select pulled_count, {counted} from batch")).one()  # noqa: S608  our own names
        in_store = store.execute(text("select count(*), count(distinct dossier_id) from dossier_version")).one()
    assert row[0] == sum(row[1:]), "a record has no fate"
    return {
        "seconds": seconds,
        "records": row[0],
        "fates": dict(zip(FATES, row[1:], strict=True)),
        "rows": in_store[0],
        "dossiers": in_store[1],
    }


def run_dlt(scenario: Scenario, protocol: str) -> dict[str, Any]:
    """Pull and load the same listing by dlt's REST source; return seconds by step and counts."""
    import dlt
    from dlt.sources.rest_api import rest_api_source

    from motcua.extract.adapter import Window
    from motcua.extract.mapping import load_mapping

    (source,) = load_catalog(Settings.load().catalog_dir).sources
    mapping = load_mapping(Settings.load().catalog_dir, source.mapping)
    client, endpoint = dlt_question(protocol, source, Window(*window_of(scenario)), connection_of(protocol))
    kept = kept_keys(mapping)
    records = 0

    def keep(record: dict[str, Any]) -> dict[str, Any]:
        nonlocal records
        records += 1
        return kept(record)

    resource_of = {
        "name": "dossier",
        "endpoint": endpoint,
        "primary_key": "dossier_key",
        "write_disposition": "merge",
        "processing_steps": [{"map": keep}],
    }
    pipeline = dlt.pipeline(
        f"bench_{protocol}",
        pipelines_dir=str(Settings.load().work_dir / "dlt"),
        destination=dlt.destinations.postgres(dlt_credentials(libpq_dsn("motcua_store"))),
        dataset_name=DATASET,
    )
    rest = rest_api_source({"client": client, "resources": [resource_of]})
    seconds = {
        "extract": timed(lambda: pipeline.extract(rest, loader_file_format="csv")),
        "normalize": timed(pipeline.normalize),
        "load": timed(lambda: pipeline.load(raise_on_failed_jobs=True)),
    }
    with psycopg.connect(libpq_dsn("motcua_store")) as store:
        counted = f"select count(*), count(distinct dossier_key) from {DATASET}.dossier"  # noqa: S608  our own name
        found = store.execute(counted).fetchone()
    return {"version": dlt.__version__, "seconds": seconds, "records": records, "rows": found[0], "dossiers": found[1]}


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def used() -> dict[str, float]:
    """Return the CPU seconds of this process and its children, and the most memory it and its largest child held."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu": sum(usage.ru_utime + usage.ru_stime for usage in (own, children)),
        "peak_mib": (own.ru_maxrss + children.ru_maxrss) / 1024,
    }


def window_of(scenario: Scenario) -> tuple[date, date]:
    return scenario.from_date - WIDENED, scenario.to_date


def connection_of(adapter: str) -> Any:
    from motcua.extract import SourceConnection

    if adapter == "sql":
        return SourceConnection(f"sqlite://{Settings.load().work_dir / 'sql' / DATABASE_FILE}", "", "")
    return SourceConnection(os.environ["BENCH_URL"], os.environ["BENCH_LOGIN"], os.environ["BENCH_PASSWORD"])


def write_catalog(scenario: Scenario, adapter: str, work_dir: Path) -> Path:
    """Write a catalogue that is the shipped one, but for the one source of the scenario behind this adapter."""
    folder = work_dir / f"catalog-{adapter}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SHIPPED, folder)
    shutil.copytree(MAPPINGS, folder / "mappings", dirs_exist_ok=True)
    shutil.rmtree(folder / "sources")
    (folder / "sources").mkdir()
    (shipped,) = scenario.sources(load_catalog(SHIPPED))
    group_id = shipped.options_as(OpencpsOptions).group_id
    names = folder / "units" / "agency_codes-names.csv"
    names.write_text(
        "code,unit_id,valid_from,valid_to,evidence\n"
        f'"{shipped.name}",{shipped.unit_id},2020-01-01,2025-06-30,the sandbox\n',
        encoding="utf-8",
    )
    codes = load_catalog(SHIPPED).agency_codes
    unit_code = next(code.code for code in codes if code.unit_id == shipped.unit_id)
    if adapter == "sql":
        (folder / "queries").mkdir()
        for name, where in (
            ("window", "ngay_tiep_nhan >= :from_date and ngay_tiep_nhan < date(:to_date, '+1 day')"),
            ("open", "ngay_tiep_nhan < date(:to_date, '+1 day') and trang_thai in (2, 4, 5, 6)"),
        ):
            query = f"select * from v_ho_so where {where}\n"  # noqa: S608  our own words
            (folder / "queries" / f"{name}.sql").write_text(query, encoding="utf-8")
    options: Mapping[str, Any] = {
        "opencps": {"group_id": group_id},
        "igate": {"ancestor_agency_id": agency_id(group_id), "grant": "password"},
        "tandan": {"unit_code": str(group_id)},
        "portal_sync": {"path": str(work_dir / adapter / str(group_id) / "*.json"), "agency_code": unit_code},
        "files": {"path": str(work_dir / adapter / file_name(group_id, "csv_utf8"))},
        "sql": {"query": "queries/window.sql", "open_query": "queries/open.sql"},
    }[adapter]
    entry = {
        "source_id": f"bench.{adapter}".replace("_", "-"), "name": shipped.name, "system_code": shipped.system_code,
        "adapter": adapter, "options": options, "connection_id": "bench", "agency_code": str(group_id),
        "mapping": f"{adapter}-sandbox" if adapter in DROPPED else adapter, "level": shipped.level,
        "unit_id": shipped.unit_id, "valid_from": str(scenario.from_date - WIDENED), "valid_to": None,
        "page_size": PAGE_SIZE,
    }  # fmt: skip
    (folder / "sources" / "bench.yaml").write_text(
        yaml.safe_dump({"sources": [entry]}, allow_unicode=True), encoding="utf-8"
    )
    return folder


def empty_store() -> None:
    """Forget every dossier and what dlt wrote, and let the server finish writing what came before."""
    with store_engine().begin() as connection:
        connection.execute(text(f"drop schema if exists {DATASET} cascade"))
        connection.execute(text(f"drop schema if exists {DATASET}_staging cascade"))
        names = connection.execute(
            text("select tablename from pg_tables where schemaname = 'public' and tablename not like 'alembic%'")
        ).scalars()
        connection.execute(text(f"truncate {', '.join(names)}"))
    shutil.rmtree(Settings.load().work_dir / "dlt", ignore_errors=True)
    with psycopg.connect(embedded.ensure_server(Settings.load().work_dir / "pg"), autocommit=True) as administrator:
        administrator.execute("checkpoint")


def report(console: Console, scenario: Scenario, adapters: list[str], done: Mapping[str, dict[str, Any]]) -> bool:
    """Print what each job did and how an adapter stands beside dlt; return whether the demand is met."""
    console.print()
    theirs = table(f"{scenario.title}: dlt {done['dlt:opencps']['version']}, REST source, merge by dossier id",
                   "protocol", "read", "rows in PostgreSQL", "extract, s", "normalize, s", "load, s", "all, s",
                   "CPU, s", "peak MiB", "sandbox CPU, s")  # fmt: skip
    for protocol in HTTP:
        if found := done.get(f"dlt:{protocol}"):
            steps = [f"{found['seconds'][step]:.1f}" for step in ("extract", "normalize", "load")]
            theirs.add_row(protocol, f"{found['records']:,}", f"{found['rows']:,}", *steps, f"{job_seconds(found):.1f}",
                           f"{found['cpu']:.1f}", f"{found['peak_mib']:,.0f}", f"{found['serving']:.1f}")  # fmt: skip
    console.print(theirs)
    ours = table("Ours, and how many times the seconds of dlt beside it", "adapter", "read", "set aside",
                 "dossiers in store", "extract, s", "load, s", "both, s", "of dlt", "validate, s", "CPU, s",
                 "peak MiB", "sandbox CPU, s")  # fmt: skip
    complaints: list[str] = []
    for adapter in adapters:
        found = done[f"ours:{adapter}"]
        beside = done[f"dlt:{adapter if adapter in HTTP else 'opencps'}"]
        ratio = job_seconds(found) / job_seconds(beside)
        if ratio > 1:
            complaints.append(f"{adapter} took {ratio:.2f} times as long as dlt")
        if adapter in HTTP and not found["records"] == beside["records"] == beside["rows"]:
            complaints.append(f"{adapter} read {found['records']:,} records where dlt read {beside['records']:,}"
                              f" and wrote {beside['rows']:,}")  # fmt: skip
        ours.add_row(
            adapter,
            f"{found['records']:,}",
            f"{found['records'] - found['rows']:,}",
            f"{found['dossiers']:,}",
            *(f"{found['seconds'][step]:.1f}" for step in ("extract", "load")),
            f"{job_seconds(found):.1f}",
            f"{ratio:.2f}",
            f"{found['seconds']['validate']:.1f}",
            f"{found['cpu']:.1f}",
            f"{found['peak_mib']:,.0f}",
            f"{found['serving']:.1f}",
        )
    console.print(ours)
    for adapter in adapters:
        fates = done[f"ours:{adapter}"]["fates"]
        told = ", ".join(f"{count:,} {fate.replace('_', ' ')}" for fate, count in fates.items() if count)
        console.print(f"{adapter}: {told}.")
    if any(adapter in DROPPED for adapter in adapters):
        console.print(f"{', '.join(DROPPED)} have no REST: beside them stands dlt over OpenCPS.")
    for complaint in complaints:
        console.print(f"[bold]{complaint}[/bold]")
    if not complaints:
        console.print("The counts agree, and no adapter was slower.")
    return not complaints


def job_seconds(found: Mapping[str, Any]) -> float:
    """Return the seconds from the first request to the committed rows, without the rules only we apply."""
    return sum(seconds for step, seconds in found["seconds"].items() if step != "validate")


def table(title: str, *headings: str) -> Table:
    made = Table(title=title, title_justify="left")
    for heading in headings:
        made.add_column(heading, justify="left" if heading == headings[0] else "right")
    return made


if __name__ == "__main__":
    main()
