"""Measures what sources that are down cost the others, and what a rough night costs: 34 sources on 34 hosts.

One chunk is pulled by `extract_batches`, with --load validated and consolidated too, each time into an emptied store.
A pass runs every case once; the cases of a pass stand side by side, and the median over the passes is
told. Healthy sources are those that are up in every case; they stand beside themselves on a normal night:

- pulled: from the start until the last healthy source lies in landing;
- chunk: until extraction lets go of the chunk, which is when validation may begin;
- loaded: until the last healthy source is in the store (with --load).

Ends with 1 when an outage delays any of them by more than 5 %, or a rough night takes over three times a clean one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from motcua import ledger
from motcua.catalog import Source, load_catalog
from motcua.consolidate import consolidate_batches
from motcua.demo.stack import ending_by_signal
from motcua.extract import connection_from_environment, extract_batches
from motcua.sandbox.scenario import Scenario, load_scenario
from motcua.sandbox.serve import SandboxServer
from motcua.settings import PROJECT_ROOT, Settings
from motcua.validate import validate_batches
from motcua.warehouse import embedded, store_engine, upgrade_databases

SHIPPED = PROJECT_ROOT / "include" / "catalog"
SOURCES = 34
DOWN = 5
PAGE_SIZE = 100
TIMEOUT_SECONDS = 2.0
ATTEMPTS = 6
ROUGH = (
    {"kind": "5xx", "share": 0.20},
    {"kind": "429", "share": 0.05},
    {"kind": "truncated_json", "share": 0.02},
    {"kind": "duplicated_page", "share": 0.01},
)
NORMAL, REFUSED, ANSWERS_503, TIMES_OUT, ROUGH_NIGHT = "normal", "refused", "503", "time-out", "rough mix"
CASES = (NORMAL, REFUSED, ANSWERS_503, TIMES_OUT, ROUGH_NIGHT)
MAX_DELAY, MAX_ROUGH = 1.05, 3.0


@dataclass(frozen=True)
class Night:
    """Seconds from the start: the last healthy source in landing, the chunk let go, the last healthy one loaded."""

    pulled: float
    chunk: float
    loaded: float | None  # none without --load


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="tra-vinh-2023-10", help=f"one of at least {SOURCES} sources")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--load", action="store_true", help="validate and consolidate too")
    parser.add_argument("--cases", nargs="+", choices=CASES[1:], default=CASES[1:])
    arguments = parser.parse_args()
    scenario = load_scenario(arguments.scenario)
    nights: dict[str, list[Night]] = defaultdict(list)
    work_dir = Settings.load().work_dir / "bench" / "outage"
    embedded.stop_server(work_dir / "pg")
    shutil.rmtree(work_dir, ignore_errors=True)
    work_dir.mkdir(parents=True)
    for variable in ("STORE_DSN", "WAREHOUSE_DSN", "LANDING", "REPORTS"):
        os.environ.pop(f"MOTCUA_{variable}", None)
    sources = write_catalog(scenario, work_dir / "catalog")
    os.environ.update(
        MOTCUA_WORK=str(work_dir),
        MOTCUA_PROVINCE=scenario.province,
        MOTCUA_CATALOG=str(work_dir / "catalog"),
        MOTCUA_SOURCES_PER_TASK=str(SOURCES),
    )
    console = Console(width=110)
    with ending_by_signal():
        try:
            upgrade_databases()
            Settings.load().hmac_keys()  # made once, before many threads ask for it
            with SandboxServer(scenario.scenario_id, hosts=SOURCES + 1) as sandbox:
                run_night(arguments, sandbox, sources, NORMAL, "warm-up")
                for number in range(1, arguments.passes + 1):
                    for case in (NORMAL, *arguments.cases):
                        night = run_night(arguments, sandbox, sources, case, f"{case} {number}")
                        nights[case].append(night)
                        console.print(f"{case}, pass {number}: pulled {night.pulled:.2f} s,"
                                      f" chunk {night.chunk:.2f} s")  # fmt: skip
        finally:
            embedded.stop_server(work_dir / "pg")
    return report(console, scenario, nights)


def write_catalog(scenario: Scenario, folder: Path) -> list[Source]:
    """Write the shipped catalogue with these sources only, each with a connection of its own; return them."""
    shutil.copytree(SHIPPED, folder)
    shutil.rmtree(folder / "sources")
    (folder / "sources").mkdir()
    sources = scenario.sources(load_catalog(SHIPPED))[:SOURCES]
    if len(sources) < SOURCES:
        raise SystemExit(f"{scenario.scenario_id} has only {len(sources)} sources; choose another --scenario.")
    changed = {"page_size": PAGE_SIZE, "timeout_seconds": TIMEOUT_SECONDS, "attempts": ATTEMPTS}
    entries = [
        source.model_dump(mode="json", exclude_unset=True) | changed | {"connection_id": f"outage_{number}"}
        for number, source in enumerate(sources)
    ]
    (folder / "sources" / "bench.yaml").write_text(yaml.safe_dump({"sources": entries}, allow_unicode=True), "utf-8")
    return list(load_catalog(folder).sources)


def run_night(
    arguments: argparse.Namespace, sandbox: SandboxServer, sources: Sequence[Source], case: str, run_id: str
) -> Night:
    """Pull, validate and load the sources in one chunk, with the first communes down as the case says."""
    empty_store()
    scenario = load_scenario(arguments.scenario)
    may_be_down = [source for source in sources if source.level == "commune"][:DOWN]
    down = [] if case in (NORMAL, ROUGH_NIGHT) else may_be_down
    port = int(sandbox.url.rsplit(":", 1)[1])
    for number, source in enumerate(sources):
        its_port = closed_port() if case == REFUSED and source in down else port
        os.environ[f"AIRFLOW_CONN_{source.connection_id.upper()}"] = (
            f"http://{sandbox.login}:{sandbox.password}@127.0.0.{number + 2}:{its_port}/o/rest/v2"
        )
    group_ids = [source.options.group_id for source in down]
    faults: Sequence[dict[str, Any]] = ()
    if case == ANSWERS_503:
        faults = [{"kind": "5xx", "status": 503, "group_ids": group_ids}]
    elif case == TIMES_OUT:
        faults = [{"kind": "timeout", "group_ids": group_ids}]
    elif case == ROUGH_NIGHT:
        faults = ROUGH
    sandbox.set_faults(faults, seed=11)
    window = (scenario.from_date, scenario.to_date)
    (chunk,) = ledger.plan_run(load_catalog(Settings.load().catalog_dir), run_id, scenario.to_date, window=window)
    always_up = {source.source_id for source in sources} - {source.source_id for source in may_be_down}
    started_at, started = time.time(), time.perf_counter()
    extract_batches(chunk, connection_from_environment, workers=arguments.workers)
    let_go = time.perf_counter() - started
    if arguments.load:
        validate_batches(chunk)
        consolidate_batches(chunk)
    wanted = "loaded" if arguments.load else "extracted"
    healthy = [batch for batch in ledger.read_batches(chunk) if batch.source_id in always_up]
    lost = [f"{batch.source_id}: {batch.error_message}" for batch in healthy if batch.state != wanted]
    if lost:
        raise SystemExit(f"{case}: a source that is up was not {wanted}.\n" + "\n".join(lost))
    with store_engine().connect() as connection:
        extracted_at, loaded_at = connection.execute(
            text("select max(extracted_at), max(loaded_at) from batch where batch_id = any(:ids)"),
            {"ids": [batch.batch_id for batch in healthy]},
        ).one()
    return Night(
        extracted_at.timestamp() - started_at, let_go, loaded_at.timestamp() - started_at if loaded_at else None
    )


def closed_port() -> int:
    """Return a port of the loopback interface on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def empty_store() -> None:
    with store_engine().begin() as connection:
        names = connection.execute(
            text("select tablename from pg_tables where schemaname = 'public' and tablename not like 'alembic%'")
        ).scalars()
        connection.execute(text(f"truncate {', '.join(names)}"))


def report(console: Console, scenario: Scenario, nights: dict[str, list[Night]]) -> int:
    """Print the medians and how they stand beside a normal night; return 1 when a limit is passed."""
    normal = nights[NORMAL]
    title = f"{scenario.title}: {SOURCES} sources, {DOWN} of them down, median of {len(normal)} passes"
    moments = ["pulled", "chunk", *(["loaded"] if normal[0].loaded else [])]
    table = Table(title=title, title_justify="left")
    table.add_column("night")
    for moment in moments:
        table.add_column(f"{moment}, s", justify="right")
        table.add_column("of normal", justify="right")
    complaints = []
    for case, runs in nights.items():
        cells = [case]
        for moment in moments:
            seconds = [getattr(night, moment) for night in runs]
            beside = [getattr(night, moment) for night in normal]
            ratio = statistics.median(mine / theirs for mine, theirs in zip(seconds, beside, strict=True))
            cells += [f"{statistics.median(seconds):.2f}", f"{ratio:.2f}"]
            allowed = MAX_ROUGH if case == ROUGH_NIGHT else MAX_DELAY
            if ratio > allowed:
                complaints.append(f"{case}, {moment}: {ratio:.2f} times a normal night; {allowed} is allowed.")
        table.add_row(*cells)
    console.print(table)
    for complaint in complaints:
        console.print(f"[bold]{complaint}[/bold]")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
