"""Measures what sources that are down cost the others, and what a rough night costs: 34 sources on 34 hosts.

One night is what `motcua ingest` does with its chunk: extract in passing, validate, consolidate, each time into an
emptied store. Healthy sources are those that are up in every case; told of each night:

- loaded: from the start until the last healthy source is in the store;
- idle: from the last healthy source in landing until the chunk is let go. Nothing is worked on in that time, so this is
  what waiting for the dead costs, whatever else the machine does meanwhile.

Each case runs beside a normal night of its own, in turns first and second, and the median of the ratios of the pairs is
judged: what the machine does besides hits both. After an outage the dead come back, are asked again with patience, and
every source has to be loaded.

Ends with 1 when an outage delays the healthy by more than 5 %, or a rough night takes over three times a clean one.
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
from motcua.cli.ingest import load
from motcua.demo.stack import ending_by_signal
from motcua.extract import connection_from_environment
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.scenario import Scenario, load_scenario
from motcua.settings import PROJECT_ROOT, Settings
from motcua.warehouse import embedded, store_engine, upgrade_databases

SHIPPED = PROJECT_ROOT / "include" / "catalog"
SOURCES = 34
DOWN = 5
PAGE_SIZE = 100
TIMEOUT_SECONDS = 10.0
ROUGH = (
    {"kind": "5xx", "share": 0.20},
    {"kind": "429", "share": 0.05},
    {"kind": "truncated_json", "share": 0.02},
    {"kind": "duplicated_page", "share": 0.01},
)
NORMAL, REFUSED, ANSWERS_503, TIMES_OUT, ROUGH_NIGHT = "normal", "refused", "503", "time-out", "rough mix"
CASES = (REFUSED, ANSWERS_503, TIMES_OUT, ROUGH_NIGHT)
MAX_DELAY, MAX_ROUGH = 1.05, 3.0


@dataclass(frozen=True)
class Night:
    """Seconds: until the last healthy source is loaded, and that the chunk then was idle before it was let go."""

    loaded: float
    idle: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="tra-vinh-2023-10", help=f"one of at least {SOURCES} sources")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    arguments = parser.parse_args()
    scenario = load_scenario(arguments.scenario)
    pairs: dict[str, list[tuple[Night, Night]]] = defaultdict(list)
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
                run_night(scenario, sandbox, sources, NORMAL, "warm-up")
                for number in range(1, arguments.passes + 1):
                    for place, case in enumerate(arguments.cases):
                        order = (NORMAL, case) if (number + place) % 2 else (case, NORMAL)
                        nights = {
                            each: run_night(scenario, sandbox, sources, each, f"{each} {number} {case}")
                            for each in order
                        }
                        pairs[case].append((nights[NORMAL], nights[case]))
                        console.print(
                            f"pass {number}: normal {nights[NORMAL].loaded:.2f} s, {case} {nights[case].loaded:.2f} s,"
                            f" idle {nights[case].idle:.2f} s"
                        )
        finally:
            embedded.stop_server(work_dir / "pg")
    return report(console, scenario, pairs)


def write_catalog(scenario: Scenario, folder: Path) -> list[Source]:
    """Write the shipped catalogue with these sources only, each with a connection of its own; return them."""
    shutil.copytree(SHIPPED, folder)
    shutil.rmtree(folder / "sources")
    (folder / "sources").mkdir()
    sources = scenario.sources(load_catalog(SHIPPED))[:SOURCES]
    if len(sources) < SOURCES:
        raise SystemExit(f"{scenario.scenario_id} has only {len(sources)} sources; choose another --scenario.")
    changed = {"page_size": PAGE_SIZE, "timeout_seconds": TIMEOUT_SECONDS}
    entries = [
        source.model_dump(mode="json", exclude_unset=True) | changed | {"connection_id": f"outage_{number}"}
        for number, source in enumerate(sources)
    ]
    (folder / "sources" / "bench.yaml").write_text(yaml.safe_dump({"sources": entries}, allow_unicode=True), "utf-8")
    return list(load_catalog(folder).sources)


def run_night(scenario: Scenario, sandbox: SandboxServer, sources: Sequence[Source], case: str, run_id: str) -> Night:
    """Pull, validate and load the sources in one chunk, with the first communes down as the case says."""
    empty_store()
    may_be_down = [source for source in sources if source.level == "commune"][:DOWN]
    down = [] if case in (NORMAL, ROUGH_NIGHT) else may_be_down
    connect(sandbox, sources, down if case == REFUSED else ())
    group_ids = [source.options.group_id for source in down]
    faults: dict[str, Sequence[dict[str, Any]]] = {
        ANSWERS_503: [{"kind": "5xx", "status": 503, "group_ids": group_ids}],
        TIMES_OUT: [{"kind": "timeout", "group_ids": group_ids, "seconds": 3 * TIMEOUT_SECONDS}],
        ROUGH_NIGHT: ROUGH,
    }
    sandbox.set_faults(faults.get(case, ()), seed=11)
    window = (scenario.from_date, scenario.to_date)
    (chunk,) = ledger.plan_run(load_catalog(Settings.load().catalog_dir), run_id, scenario.to_date, window=window)
    always_up = [source.source_id for source in sources if source not in may_be_down]
    let_go: list[float] = []
    started = time.time()
    told = lambda stage: let_go.append(time.time()) if stage.startswith("validate") else None  # noqa: E731
    left = load([chunk], connection_from_environment, told)
    if case == ROUGH_NIGHT:
        load([left], connection_from_environment, lambda _: None, is_patient=True)
    must_be_loaded(case, chunk, always_up)
    with store_engine().connect() as connection:
        extracted_at, loaded_at = connection.execute(
            text(
                "select max(extracted_at), max(loaded_at) from batch"
                " where batch_id = any(:ids) and source_id = any(:always_up)"
            ),
            {"ids": list(chunk), "always_up": always_up},
        ).one()
    if down:  # they come back, and nothing is lost
        connect(sandbox, sources, ())
        sandbox.set_faults(())
        load([left], connection_from_environment, lambda _: None, is_patient=True)
        must_be_loaded(case, chunk, [source.source_id for source in sources])
    return Night(loaded_at.timestamp() - started, max(0.0, let_go[0] - extracted_at.timestamp()))


def connect(sandbox: SandboxServer, sources: Sequence[Source], refused: Sequence[Source]) -> None:
    """Give each source a host of its own; where it is refused nobody listens."""
    port = int(sandbox.url.rsplit(":", 1)[1])
    for number, source in enumerate(sources):
        its_port = closed_port() if source in refused else port
        os.environ[f"AIRFLOW_CONN_{source.connection_id.upper()}"] = (
            f"http://{sandbox.login}:{sandbox.password}@127.0.0.{number + 2}:{its_port}/o/rest/v2"
        )


def must_be_loaded(case: str, batch_ids: Sequence[str], source_ids: Sequence[str]) -> None:
    lost = [
        f"{batch.source_id}: {batch.state} {batch.error_message}"
        for batch in ledger.read_batches(batch_ids)
        if batch.source_id in source_ids and batch.state != "loaded"
    ]
    if lost:
        raise SystemExit(f"{case}: a source that is up was not loaded.\n" + "\n".join(lost))


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


def report(console: Console, scenario: Scenario, pairs: dict[str, list[tuple[Night, Night]]]) -> int:
    """Print the medians and how they stand beside the normal nights; return 1 when a limit is passed."""
    passes = max(len(nights) for nights in pairs.values())
    title = f"{scenario.title}: {SOURCES} sources, {DOWN} of them down, median of {passes} pairs"
    table = Table(title=title, title_justify="left")
    table.add_column("night")
    for column in ("normal, s", "loaded, s", "of normal", "best of each", "idle, s"):
        table.add_column(column, justify="right")
    complaints = []
    for case, nights in pairs.items():
        normal, theirs = ([night.loaded for night in side] for side in zip(*nights, strict=True))
        ratio = statistics.median(mine / beside for beside, mine in zip(normal, theirs, strict=True))
        table.add_row(
            case,
            f"{statistics.median(normal):.2f}",
            f"{statistics.median(theirs):.2f}",
            f"{ratio:.2f}",
            f"{min(theirs) / min(normal):.2f}",
            f"{statistics.median(night.idle for _, night in nights):.2f}",
        )
        allowed = MAX_ROUGH if case == ROUGH_NIGHT else MAX_DELAY
        if ratio > allowed:
            complaints.append(f"{case}: {ratio:.2f} times a normal night; {allowed} is allowed.")
    console.print(table)
    for complaint in complaints:
        console.print(f"[bold]{complaint}[/bold]")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
