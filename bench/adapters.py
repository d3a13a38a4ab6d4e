"""Measures every adapter beside dlt's REST source, in one run: the dossiers of a province's half-year into PostgreSQL.

Each job has a process of its own and writes into the same embedded server, which is emptied before it. Ours pulls
through the adapter into landing, applies the rules of validation and merges into the store, as every night: `extract`,
`validate`, `consolidate`. dlt applies no rules, so extract and load are compared, and the ratio with the rules is told
too. dlt asks the same pages with the same parameters and the same size, is handed the keys our mapping keeps and
nothing else, identities as the same HMAC, and merges by the dossier's id. Both are sent pages rendered beforehand.

Beside the portal's messages stands dlt's REST source over a listing of the items they hold. A file or a table has no
REST: beside it stands dlt's REST source over OpenCPS, with the same dossiers, and dlt's own reader of the same.

Ends with 1 when a count does not agree or an adapter was slower.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import requests
from adapter_jobs import DROPPED, HTTP, PAGE_SIZE, run_ours, warm_up, write_catalog
from dlt_jobs import DATASET, FORMAT, SETTINGS, STRATEGY, run_dlt
from dossiers import LEVER, PageServer, of_size
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from motcua.demo.stack import ending_by_signal
from motcua.sandbox.world.scenario import Scenario
from motcua.settings import Settings
from motcua.warehouse import embedded, store_engine, upgrade_databases

ADAPTERS = ("opencps", *DROPPED, "igate", "tandan")
ITS_OWN_REST = (*HTTP, "portal_sync")  # what the messages hold is listed to dlt page by page
OWN_READER = {"files": "filesystem | read_csv", "sql": "sql_database, pyarrow"}  # of dlt, without REST
NOTES = (
    "Both: one PostgreSQL, emptied before each job; pages rendered beforehand; only the keys our mapping keeps,"
    " identities as HMAC.\n"
    "Ours also: typed fields, national codes, versions under seven indexes, copies found, a landing copy."
    " dlt: values as they came, no rules; its seconds are extract, normalize and load.\n"
    "Beside portal_sync stands dlt's REST source over a listing of the very items its messages hold. files and sql have"
    " no REST: beside them it reads OpenCPS, with the same dossiers;"
    " dlt's own readers of a CSV and of a table are told too, and do not decide.\n"
    "Rules are what we apply every night and dlt does not; the last ratio has them. CPU is that of the job and of"
    " PostgreSQL for it. No limit of requests a second was set."
)
TOKEN_SECONDS = 24 * 3600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="tien-giang-2020-h1", help="one of a single source")
    parser.add_argument("--dossiers", type=int, default=300_000, help="how many it is brought to")
    parser.add_argument("--adapters", nargs="+", default=[*ADAPTERS], choices=ADAPTERS)
    parser.add_argument("--job", nargs=2, metavar=("WHO", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    scenario = of_size(arguments.scenario, arguments.dossiers)
    if arguments.job:
        who, result = arguments.job
        tool, adapter = who.split(":")
        found = {"ours": run_ours, "dlt": run_dlt, "warm": warm_up}[tool](scenario, adapter)
        Path(result).write_text(json.dumps(found), encoding="utf-8")
        return
    with ending_by_signal():
        is_kept = Bench(scenario, arguments.dossiers, [a for a in ADAPTERS if a in arguments.adapters]).run()
    sys.exit(not is_kept)


class Bench:
    """One run: its sandbox, its databases and what each job found: `dlt`, `own` and `ours`, each `:<adapter>`."""

    def __init__(self, scenario: Scenario, dossiers: int, adapters: list[str]) -> None:
        self.scenario = scenario
        self.dossiers = dossiers
        self.adapters = adapters
        self.work_dir = Settings.load().work_dir / "bench" / f"{scenario.scenario_id}-adapters"
        self.console = Console(width=160)
        self.done: dict[str, dict[str, Any]] = {}
        self._is_warm = False

    def run(self) -> bool:
        """Run every job and print what each took. Returns whether the counts agree and no adapter was slower."""
        embedded.stop_server(self.work_dir / "pg")
        shutil.rmtree(self.work_dir, ignore_errors=True)
        self.work_dir.mkdir(parents=True)
        for variable in ("STORE_DSN", "WAREHOUSE_DSN", "LANDING", "REPORTS", "CATALOG"):
            os.environ.pop(f"MOTCUA_{variable}", None)
        os.environ.update(MOTCUA_WORK=str(self.work_dir), MOTCUA_PROVINCE=self.scenario.province)
        try:
            upgrade_databases()
            for adapter in self.adapters:
                if adapter in DROPPED:
                    self._write(adapter)
            messages = self.work_dir / "portal_sync" / "pages"
            with PageServer(self.scenario.scenario_id, self.dossiers, messages) as server:
                server.set_token_seconds(TOKEN_SECONDS)
                for adapter in self.adapters:
                    self._compare(adapter, server)
        finally:
            embedded.stop_server(self.work_dir / "pg")
        return report(self)

    def _compare(self, adapter: str, server: PageServer) -> None:
        """Run what is compared one right after the other, for the sake of a machine not always equally busy."""
        if adapter in HTTP or not (self._is_warm or adapter in ITS_OWN_REST):
            protocol = adapter if adapter in HTTP else "opencps"
            requests.post(server.url + LEVER, timeout=30).raise_for_status()  # forget the pages of another protocol
            self._run_job("warm", protocol, adapter, server)
            self._is_warm = True
        if adapter in OWN_READER:
            self._run_job("dlt", adapter, adapter, server, note="own")
        self._run_job("dlt", adapter if adapter in ITS_OWN_REST else "opencps", adapter, server)
        self._run_job("ours", adapter, adapter, server)

    def _run_job(self, tool: str, adapter: str, beside: str, server: PageServer, note: str = "") -> None:
        """Empty the databases, then run one job in a process of its own; note what it found and what it cost."""
        job = f"{tool}:{adapter}"
        self.console.print(f"{datetime.now(UTC):%H:%M:%S} {job} (load {os.getloadavg()[0]:.1f}) ...")
        catalog_dir = write_catalog(self.scenario, adapter, self.work_dir)
        self._empty_store()
        result = self.work_dir / "result.json"
        environment = os.environ | SETTINGS | {
            "MOTCUA_CATALOG": str(catalog_dir),
            "BENCH_URL": server.base_url_of(adapter) if adapter in HTTP else server.url,
            "BENCH_LOGIN": server.login,
            "BENCH_PASSWORD": server.password,
            "DLT_DATA_DIR": str(self.work_dir / "dlt"),
            "DLT_PROJECT_DIR": str(self.work_dir),
        }  # fmt: skip
        command = [sys.executable, __file__, "--scenario", self.scenario.scenario_id]
        command += ["--dossiers", str(self.dossiers), "--job", job, str(result)]
        requests.get(server.url + LEVER, timeout=30).raise_for_status()  # what was rendered counts from here
        subprocess.run(command, env=environment, check=True)
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        pages = requests.get(server.url + LEVER, timeout=30).json()
        if tool != "warm":
            assert not pages["rendered"], f"{job} had {pages['rendered']} pages rendered that were not warm"
            self.done[f"{note or tool}:{beside}"] = found
            told = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in found["seconds"].items())
            self.console.print(f"         {told}; {sum(found['cpu'].values()):.1f} s of CPU")

    def _write(self, adapter: str) -> None:
        self.console.print(f"Writing what the source holds as {adapter} ...")
        script = Path(__file__).with_name("dossiers.py")
        command = [sys.executable, str(script), "write", self.scenario.scenario_id, str(self.dossiers), adapter]
        subprocess.run([*command, str(self.work_dir / adapter)], check=True, stdout=subprocess.DEVNULL)

    def _empty_store(self) -> None:
        """Forget every dossier and what dlt wrote, and let the server finish writing what came before."""
        with store_engine().begin() as connection:
            connection.execute(text(f"drop schema if exists {DATASET} cascade"))
            connection.execute(text(f"drop schema if exists {DATASET}_staging cascade"))
            names = connection.execute(
                text("select tablename from pg_tables where schemaname = 'public' and tablename not like 'alembic%'")
            ).scalars()
            connection.execute(text(f"truncate {', '.join(names)}"))
        shutil.rmtree(self.work_dir / "dlt", ignore_errors=True)
        shutil.rmtree(self.work_dir / "landing", ignore_errors=True)
        with psycopg.connect(embedded.ensure_server(self.work_dir / "pg"), autocommit=True) as administrator:
            administrator.execute("checkpoint")


def of(found: Mapping[str, Any], what: str = "seconds", *, with_rules: bool = False) -> float:
    """Return what extract and load took, of seconds or of CPU: all three steps of dlt, ours without the rules."""
    without = 0.0 if with_rules or "version" in found else found[what]["between"]
    return sum(found[what].values()) - without


def report(bench: Bench) -> bool:
    """Print what each job did and how an adapter stands beside dlt; return whether the demand is met."""
    done, console = bench.done, bench.console
    version = next(found["version"] for found in done.values() if "version" in found)
    table = Table(
        title=f"{bench.scenario.title}, {bench.dossiers:,} dossiers: every adapter beside dlt {version}\n"
        f"merge ({STRATEGY}) by dossier id, {FORMAT}, pages of {PAGE_SIZE:,}",
        title_justify="left",
    )
    headings = ("", "read", "rows in\nPostgreSQL", "extract\ns", "normal-\nize s", "load\ns", "both\ns", "CPU\ns",
                "of dlt\nREST", "CPU, of\ndlt REST", "of dlt's\nown", "rules\ns", "with\nrules",
                "peak\nMiB")  # fmt: skip
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    complaints: list[str] = []
    for adapter in bench.adapters:
        rest, own, ours = done[f"dlt:{adapter}"], done.get(f"own:{adapter}"), done[f"ours:{adapter}"]
        table.add_row(f"{adapter if adapter in ITS_OWN_REST else 'opencps'}: dlt, REST", *_dlt_cells(rest))
        if own:
            table.add_row(f"{adapter}: dlt, {OWN_READER[adapter]}", *_dlt_cells(own))
        table.add_row(
            f"{adapter}: ours",
            f"{ours['records']:,}",
            f"{ours['rows']:,}",
            f"{ours['seconds']['extract']:.1f}",
            "",
            f"{ours['seconds']['load']:.1f}",
            f"{of(ours):.1f}",
            f"{of(ours, 'cpu'):.1f}",
            f"{of(ours) / of(rest):.2f}",
            f"{of(ours, 'cpu') / of(rest, 'cpu'):.2f}",
            f"{of(ours) / of(own):.2f}" if own else "",
            f"{ours['seconds']['between']:.1f}",
            f"{of(ours, with_rules=True) / of(rest):.2f}",
            f"{ours['peak_mib']:,.0f}",
            end_section=True,
        )
        complaints += _complaints(adapter, ours, rest, own)
    console.print()
    console.print(table)
    for adapter in bench.adapters:
        fates = done[f"ours:{adapter}"]["fates"]
        told = ", ".join(f"{count:,} {fate.replace('_', ' ')}" for fate, count in fates.items() if count)
        console.print(f"{adapter}: {told}.")
    console.print(NOTES)
    for complaint in complaints:
        console.print(f"[bold]{complaint}[/bold]")
    if not complaints:
        console.print("The counts agree, and no adapter was slower than dlt's REST source.")
    return not complaints


def _dlt_cells(found: Mapping[str, Any]) -> list[str]:
    steps = [f"{found['seconds'][step]:.1f}" for step in ("extract", "between", "load")]
    return [f"{found['records']:,}", f"{found['rows']:,}", *steps, f"{of(found):.1f}", f"{of(found, 'cpu'):.1f}",
            *5 * [""], f"{found['peak_mib']:,.0f}"]  # fmt: skip


def _complaints(adapter: str, ours: Mapping[str, Any], rest: Mapping[str, Any], own: Any) -> list[str]:
    found = []
    ratio = of(ours) / of(rest)
    if ratio > 1:
        found.append(f"{adapter} took {ratio:.2f} times as long as dlt's REST source.")
    if adapter in ITS_OWN_REST and not ours["records"] == rest["records"] == rest["rows"]:
        found.append(f"{adapter} read {ours['records']:,} records where dlt read {rest['records']:,}"
                     f" and wrote {rest['rows']:,}.")  # fmt: skip
    if own and not ours["records"] >= own["records"] == own["rows"]:
        found.append(f"{adapter} read {ours['records']:,} records where dlt read {own['records']:,}"
                     f" and wrote {own['rows']:,}.")  # fmt: skip
    return found


if __name__ == "__main__":
    main()
