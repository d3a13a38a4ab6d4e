"""Measures a night by stage, twice on the same data: the stages alone in one process, then through Airflow.

Prints dossiers per second for each stage, the peak memory of every service, and what Airflow itself costs: the time in
which no task ran, the time tasks took beyond their stage, and the CPU time of its services.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from motcua import ledger
from motcua.catalog import LEVELS, load_catalog
from motcua.demo.airflow_client import TaskState
from motcua.demo.stack import Stack, ending_by_signal, source_connections
from motcua.period import day_period
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.scenario import Scenario, load_scenario
from motcua.settings import Settings
from motcua.warehouse import embedded, upgrade_databases

STAGES = ("extract", "validate", "consolidate", "aggregate", "publish")
STAGE_OF_TASK = {
    "extract_sources": "extract",
    "validate_batches": "validate",
    "consolidate_batches": "consolidate",
    "build_measures": "aggregate",
    "check_measures": "aggregate",
    "publish_report": "publish",
}
SAMPLE_SECONDS = 0.5
RUN_SECONDS = 3600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="tra-vinh-2023-10")
    parser.add_argument("--stages-alone", metavar="FILE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    scenario = load_scenario(arguments.scenario)
    if arguments.stages_alone:
        Path(arguments.stages_alone).write_text(json.dumps(run_stages(scenario)), encoding="utf-8")
        return
    with ending_by_signal():
        alone = in_own_process(scenario)
        through = run_airflow(scenario)
    report(scenario, alone, through)


def in_own_process(scenario: Scenario) -> dict[str, Any]:
    """Run the stages in a process of their own, so that its memory is theirs alone."""
    with one_night(scenario, "alone") as (sandbox, work_dir):
        environment = os.environ | {
            f"AIRFLOW_CONN_{name.upper()}": value
            for name, value in source_connections(
                scenario.province, sandbox.url, sandbox.login, sandbox.password
            ).items()
        }
        result = work_dir / "stages.json"
        command = [sys.executable, __file__, "--scenario", scenario.scenario_id, "--stages-alone", str(result)]
        subprocess.run(command, env=environment, check=True)
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return found


def run_stages(scenario: Scenario) -> dict[str, Any]:
    """Run the night's stages one after another and return their seconds, the dossiers pulled and the peak memory."""
    from motcua.aggregate import build_measures, check_measures
    from motcua.consolidate import consolidate_batches
    from motcua.extract import connection_from_environment, extract_batches
    from motcua.publish import publish_edition, write_files
    from motcua.validate import validate_batches

    seconds: dict[str, float] = defaultdict(float)

    def timed(stage: str, work: Callable[[], object]) -> None:
        begun = time.perf_counter()
        work()
        seconds[stage] += time.perf_counter() - begun

    period = scenario.period
    window = (period.from_date, period.to_date)
    chunks = ledger.plan_run(load_catalog(Settings.load().catalog_dir), "bench", period.to_date, window=window)
    for chunk in chunks:
        timed("extract", lambda ids=chunk: extract_batches(ids, connection_from_environment))
        timed("validate", lambda ids=chunk: validate_batches(ids))
        timed("consolidate", lambda ids=chunk: consolidate_batches(ids))
    timed("aggregate", lambda: (build_measures(), check_measures()))
    timed(
        "publish", lambda: write_files(publish_edition("nightly-brief", scenario.province, day_period(period.to_date)))
    )
    batches = ledger.read_run("bench")
    assert all(batch.state == "loaded" for batch in batches), "a source did not load"
    return {
        "seconds": dict(seconds),
        "pulled": sum(batch.pulled_count or 0 for batch in batches),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def run_airflow(scenario: Scenario) -> dict[str, Any]:
    """Run the same night through Airflow and return what it took by stage and by service."""
    with one_night(scenario, "airflow") as (sandbox, work_dir):
        stack = Stack(source_connections(scenario.province, sandbox.url, sandbox.login, sandbox.password))
        try:
            begun = time.perf_counter()
            stack.start()
            started = time.perf_counter() - begun
            assert sandbox.pid is not None
            pids = {service.name: service.pid for service in stack.services} | {"sandbox": sandbox.pid}
            pids["postgresql"] = int((work_dir / "pg" / "postmaster.pid").read_text(encoding="ascii").split()[0])
            with sampled(pids) as sample:
                period, client = scenario.period, stack.client
                begun = time.perf_counter()
                conf = {"from": period.from_date.isoformat(), "to": period.to_date.isoformat()}
                catalog = load_catalog(Settings.load().catalog_dir)
                due = {source.level for source in catalog.sources_on(period.to_date, province=scenario.province)}
                runs = [(f"ingest_dossiers__{level}", "bench") for level in LEVELS if level in due]
                for dag_id, run_id in runs:
                    client.trigger(dag_id, conf, run_id)
                for dag_id, run_id in runs:
                    client.wait_for_run(dag_id, run_id, timeout=RUN_SECONDS)
                client.wait_until_idle(timeout=RUN_SECONDS)
                night = time.perf_counter() - begun
            runs += [(run["dag_id"], run["dag_run_id"]) for run in client.runs() if run["dag_run_id"] != "bench"]
            tasks = [task for dag_id, run_id in runs for task in client.tasks(dag_id, run_id)]
        finally:
            stack.stop()
    by_stage: dict[str, list[TaskState]] = defaultdict(list)
    for task in tasks:
        by_stage[STAGE_OF_TASK.get(task.task_id.rsplit(".", 1)[-1], "other tasks")].append(task)
    return {
        "start": started,
        "night": night,
        "tasks": {stage: (len(found), sum(task.seconds or 0 for task in found)) for stage, found in by_stage.items()},
        "no_task": night - covered(tasks),
        "cpu": sample.cpu,
        "peak_mib": sample.peak_mib,
    }


@contextmanager
def one_night(scenario: Scenario, name: str) -> Iterator[tuple[SandboxServer, Path]]:
    """An empty work folder with its own databases, and the scenario's one-stop systems."""
    before = dict(os.environ)
    work_dir = Settings.load().work_dir / "bench" / f"{scenario.scenario_id}-{name}"
    embedded.stop_server(work_dir / "pg")
    shutil.rmtree(work_dir, ignore_errors=True)
    work_dir.mkdir(parents=True)
    for variable in ("STORE_DSN", "WAREHOUSE_DSN", "LANDING", "REPORTS"):
        os.environ.pop(f"MOTCUA_{variable}", None)
    os.environ.update(MOTCUA_WORK=str(work_dir), MOTCUA_PROVINCE=scenario.province)
    try:
        upgrade_databases()
        with SandboxServer(scenario.scenario_id) as sandbox:
            yield sandbox, work_dir
    finally:
        embedded.stop_server(work_dir / "pg")
        os.environ.clear()
        os.environ.update(before)


class Sample:
    """CPU seconds and peak proportional memory by service, from samples of their processes."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self._cpu: dict[tuple[str, int], float] = {}
        self._before: dict[tuple[str, int], float] = {}
        self.peak_mib: dict[str, float] = defaultdict(float)
        self.take()
        self._before = dict(self._cpu)

    @property
    def cpu(self) -> dict[str, float]:
        used: dict[str, float] = defaultdict(float)
        for key, seconds in self._cpu.items():
            used[key[0]] += seconds - self._before.get(key, 0.0)
        return dict(used)

    def take(self) -> None:
        now: dict[str, float] = defaultdict(float)
        for service, pid in self._pids.items():
            try:
                top = psutil.Process(pid)
                found = [(service, top)]
                inner = "tasks" if service == "scheduler" else service
                found += [(inner, child) for child in top.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
            for name, process in found:
                try:
                    times = process.cpu_times()
                    now[name] += process.memory_full_info().pss / 2**20
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
                self._cpu[name, process.pid] = times.user + times.system
        now["all"] = sum(now.values())
        for name, mib in now.items():
            self.peak_mib[name] = max(self.peak_mib[name], mib)


@contextmanager
def sampled(pids: dict[str, int]) -> Iterator[Sample]:
    """Sample the processes every half second until the block ends."""
    sample, over = Sample(pids), threading.Event()

    def run() -> None:
        while not over.wait(SAMPLE_SECONDS):
            sample.take()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield sample
    finally:
        over.set()
        thread.join()
        sample.take()


def covered(tasks: list[TaskState]) -> float:
    """Return for how many seconds at least one task ran."""
    spans = sorted((task.started_at, task.ended_at) for task in tasks if task.started_at and task.ended_at)
    total, until = 0.0, None
    for start, end in spans:
        if until is None or start > until:
            total += (end - start).total_seconds()
            until = end
        elif end > until:
            total += (end - until).total_seconds()
            until = end
    return total


def report(scenario: Scenario, alone: dict[str, Any], through: dict[str, Any]) -> None:
    console = Console(width=110)
    pulled = alone["pulled"]
    table = Table(title=f"{scenario.title}: {pulled:,} records pulled", title_justify="left")
    for heading in ("stage", "alone, s", "records/s", "tasks", "task time, s", "task time / alone"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for stage in (*STAGES, "other tasks"):
        own = alone["seconds"].get(stage)
        count, taken = through["tasks"].get(stage, (0, 0.0))
        table.add_row(
            stage,
            f"{own:.1f}" if own else "",
            f"{pulled / own:,.0f}" if own else "",
            str(count or ""),
            f"{taken:.1f}" if count else "",
            f"{taken / own:.2f}" if own and count else "",
        )
    console.print(table)
    stages = sum(alone["seconds"].values())
    console.print(f"Stages alone, one after another: {stages:.1f} s, {pulled / stages:,.0f} records/s,"
                  f" peak memory {alone['peak_mib']:,.0f} MiB.")  # fmt: skip
    console.print(f"Through Airflow: {through['night']:.1f} s, {pulled / through['night']:,.0f} records/s,"
                  f" {through['night'] / stages:.2f} times the stages alone; Airflow starts in {through['start']:.1f} s"
                  " before that.")  # fmt: skip
    own_cpu = sum(through["cpu"].get(name, 0.0) for name in ("api-server", "scheduler", "dag-processor"))
    console.print(f"Airflow's own part: {through['no_task']:.1f} s in which no task ran; its services used"
                  f" {own_cpu:.1f} of {sum(through['cpu'].values()):.1f} CPU seconds.")  # fmt: skip
    services = Table(title="Processes during the night", title_justify="left")
    for heading in ("service", "CPU, s", "peak memory, MiB (PSS)"):
        services.add_column(heading, justify="left" if heading == "service" else "right")
    for name in sorted(through["cpu"], key=through["cpu"].__getitem__, reverse=True):
        services.add_row(name, f"{through['cpu'][name]:.1f}", f"{through['peak_mib'][name]:,.0f}")
    services.add_row("all at once", f"{sum(through['cpu'].values()):.1f}", f"{through['peak_mib']['all']:,.0f}")
    console.print(services)


if __name__ == "__main__":
    main()
