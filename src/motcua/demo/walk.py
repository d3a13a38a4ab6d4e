"""The steps of one demo on real services: three nights, two reports, and the comparison with the published figures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from motcua import ledger
from motcua.catalog import LEVELS, OpencpsOptions, load_catalog
from motcua.demo.airflow_client import ENDED, TaskState
from motcua.demo.processes import Service, free_ports
from motcua.demo.stack import USERNAME, Stack, source_connections
from motcua.errors import MotcuaError
from motcua.settings import Settings

if TYPE_CHECKING:
    from motcua.publish import Edition
    from motcua.sandbox.serve import SandboxServer
    from motcua.sandbox.world.scenario import Scenario

RUN_SECONDS = 3600.0
_STAGES_PASSED = {"planned": 0, "extracted": 1, "validated": 2, "loaded": 3, "failed": 3, "held": 3}


class DemoFailed(MotcuaError):
    """A step of the demo did not end as expected."""


@dataclass
class _StepResult:
    """The result of a step, which is printed when the step ends."""

    text: str = ""


class Walk:
    """The steps of one demo, in order, with the services they run on."""

    def __init__(self, scenario: Scenario, console: Console, *, keep: bool) -> None:
        from motcua.sandbox.serve import SandboxServer

        self.is_kept = keep
        self.scenario = scenario
        self.console = console
        self.started_at = time.monotonic()
        (port,) = free_ports(1)
        self.sandbox: SandboxServer = SandboxServer(scenario.scenario_id, port=port)
        address = f"http://127.0.0.1:{port}"
        connections = source_connections(scenario.province, address, self.sandbox.login, self.sandbox.password)
        self.stack = Stack(connections)
        catalog = load_catalog(Settings.load().catalog_dir)
        self.sources = scenario.sources(catalog)
        self.down = catalog.source_by_id[scenario.goes_down]
        self.levels = [level for level in LEVELS if any(source.level == level for source in self.sources)]

    def start(self) -> None:
        log = self.stack.work_dir / "sandbox.log"
        with self.progress() as progress, ThreadPoolExecutor(1) as executor:
            progress.add_task("upgrade the databases, generate the dossiers, wait for Airflow", total=None)
            starting = executor.submit(self.sandbox.start, log)
            self.stack.start()
            starting.result()

    def run(self) -> bool:
        period = self.scenario.period
        eve = period.to_date - timedelta(days=1)
        with self.steps(f"Night 1: pull {period.from_date} to {eve}, and what was open before") as result:
            result.text = self.ingest("night-1", {"from": period.from_date.isoformat(), "to": eve.isoformat()})
        with self.steps("Night 2: corrections and late arrivals, one system down") as result:
            self.sandbox.set_night(2)
            self.sandbox.set_down([self.down.options_as(OpencpsOptions).group_id])
            result.text = self.ingest("night-2", self.until_night(2), missing={self.down.source_id})
        with self.steps("Publish the provisional report") as result:
            provisional = self.publish("provisional")
            self.expect_missing(provisional)
            result.text = f"{provisional.edition_id}, missing {self.down.source_id} ({self.down.name})"
        self.show_checklist(provisional)
        with self.steps(f"Ask {self.down.source_id} again") as result:
            self.sandbox.set_down([])
            again = {**self.until_night(2), "sources": [self.down.source_id]}
            result.text = self.ingest("night-2-again", again)
        with self.steps("Night 3: the offices have corrected what was set aside") as result:
            self.sandbox.set_night(3)
            result.text = self.ingest("night-3", self.until_night(3))
        with self.steps("Publish the final report") as result:
            final = self.publish("final")
            result.text = final.edition_id
        self.show_checklist(final)
        return self.compare(final)

    def until_night(self, night: int) -> dict[str, Any]:
        """Return what a night's run is asked to pull: everything up to the day before it."""
        return {"to": (self.scenario.day_of_night(night) - timedelta(days=1)).isoformat()}

    def ingest(self, run_id: str, conf: dict[str, Any], missing: set[str] | None = None) -> str:
        """Run the ingest DAGs, wait until the measures are updated, and return a text with the counts of the run."""
        missing = missing or set()
        levels = {self.down.level} if conf.get("sources") else set(self.levels)
        client = self.stack.client
        running = {f"ingest_dossiers__{level}" for level in levels}
        for dag_id in sorted(running):
            client.trigger(dag_id, conf, run_id)
        with self.progress() as progress:
            bar = progress.add_task("", total=None)
            while running:
                self.stack.check_services("a night was running")
                running -= {dag_id for dag_id in running if client.run_state(dag_id, run_id) in ENDED}
                stages, total = _stages_passed(run_id)
                progress.update(bar, completed=stages, total=total, description=_progress_text(run_id))
                time.sleep(0.5)
            progress.update(bar, total=None, description="measures and brief")
            client.wait_until_idle(timeout=RUN_SECONDS)
        self.expect_states(run_id, levels, missing)
        return _progress_text(run_id)

    def expect_states(self, run_id: str, levels: set[Any], missing: set[str]) -> None:
        """Raise DemoFailed unless exactly the expected sources are missing and only the check naming them failed."""
        not_loaded = {batch.source_id: batch for batch in ledger.read_run(run_id) if batch.state != "loaded"}
        if unexpected := set(not_loaded) - missing:
            batch = not_loaded[min(unexpected)]
            raise DemoFailed(
                f"{len(unexpected)} sources are missing from {run_id}, the first {batch.source_id}:"
                f" {batch.error_message or batch.state}.",
                action=f"read the task logs in {self.stack.airflow_home / 'logs'}.",
            )
        if missing - set(not_loaded):
            raise DemoFailed(
                f"{', '.join(missing - set(not_loaded))} answered in {run_id} although it was down.",
                action="read the log of the sandbox.",
            )
        for level in levels:
            dag_id = f"ingest_dossiers__{level}"
            self.expect_tasks(dag_id, run_id, may_fail={"name_missing_sources"} if missing else set())
        for run in self.stack.client.runs("build_measures") + self.stack.client.runs("publish_nightly_brief"):
            self.expect_tasks(run["dag_id"], run["dag_run_id"])

    def expect_tasks(self, dag_id: str, run_id: str, may_fail: set[str] | None = None) -> None:
        for task in self.stack.client.tasks(dag_id, run_id):
            if task.state in ("failed", "upstream_failed") and task.task_id not in (may_fail or set()):
                raise self.task_failed(dag_id, run_id, task)

    def task_failed(self, dag_id: str, run_id: str, task: TaskState) -> DemoFailed:
        log = self.stack.log_of(dag_id, run_id, task.task_id, task.map_index, task.try_number)
        return DemoFailed(f"{dag_id}.{task.task_id} of run {run_id} {task.state}.", action=f"read {log}.")

    def publish(self, run_id: str) -> Edition:
        """Publish form II.06a of the scenario's period and return the edition, as complete as `run_id` says.

        Raises:
            DemoFailed: the edition is final and should be provisional, or the other way round.
        """
        from motcua.publish import list_editions, read_edition
        from motcua.publish.files.layout import unmet_lines

        period = self.scenario.period
        conf = {"period": f"{period.from_date}..{period.to_date}", "completeness": "auto"}
        client = self.stack.client
        with self.progress() as progress:
            progress.add_task("publish_period_reports", total=None)
            client.trigger("publish_period_reports", conf, run_id)
            client.wait_for_run("publish_period_reports", run_id, timeout=RUN_SECONDS)
        self.expect_tasks("publish_period_reports", run_id)
        edition = read_edition(list_editions("form-06", self.scenario.province, period)[0].edition_id)
        if edition.completeness != run_id:
            unmet = ", ".join(line["code"] for line in unmet_lines(edition.shaped))
            raise DemoFailed(
                f"{edition.edition_id} is {edition.completeness}, not {run_id}. Not met: {unmet or 'nothing'}."
                f" Missing: {_missing_in(edition)}.",
                action="find these sources in the ledger.",
            )
        return edition

    def show_checklist(self, edition: Edition) -> None:
        """Print what the edition must meet to be final, and what of it is met."""
        from motcua.publish.files.layout import checklist_lines

        for line in checklist_lines(edition.shaped, "en"):
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def expect_missing(self, provisional: Edition) -> None:
        if _missing_in(provisional) != [self.down.source_id]:
            raise DemoFailed(
                f"{provisional.edition_id} names {_missing_in(provisional)} as missing, not [{self.down.source_id!r}].",
                action="compare the edition's cells with the ledger.",
            )

    def compare(self, final: Edition) -> bool:
        """Print the published and the computed figures and the paths of the files. Return whether all counts agree."""
        from motcua.reconcile.published import compare_published

        rows = compare_published(final)
        table = Table(title=f"{self.scenario.title}: {final.edition_id}", title_justify="left")
        table.add_column("")
        table.add_column("published", justify="right")
        table.add_column("computed", justify="right")
        table.add_column("verdict")
        for row in rows:
            shown = (f"{row.published:,}", "" if row.computed is None else f"{row.computed:,}")
            unit = " %" if row.is_percentage else ""
            table.add_row(row.name_en, *(f"{value}{unit}" for value in shown), row.verdict_en)
        self.console.print()
        self.console.print(table)
        folder = Settings.load().reports_dir / final.edition_id
        for path in sorted(folder.glob("*")):
            self.console.print(f"{path.suffix[1:]:>9}  {path}", soft_wrap=True)
        ui = "left running" if self.is_kept else "stopped now; make demo KEEP=1 leaves it running"
        self.console.print(f"  Airflow  {self.stack.client.address} ({ui})", soft_wrap=True)
        self.console.print(f"    total  {time.monotonic() - self.started_at:.0f} s")
        return all(row.is_reproduced for row in rows)

    def keep(self) -> None:
        """Leave everything running, and print how to reach it and how to stop it."""
        assert self.sandbox.pid is not None
        log = self.stack.work_dir / "sandbox.log"
        self.stack.keep([Service.of_pid("sandbox", self.sandbox.pid, log)])
        self.console.print(f"    log in  as {USERNAME}, password in {self.stack.password_file}", soft_wrap=True)
        self.console.print(f"  sandbox  {self.sandbox.url}")
        self.console.print(f"  to stop  motcua demo --scenario {self.scenario.scenario_id} --stop")

    def stop(self) -> None:
        self.sandbox.stop()
        self.stack.stop()

    def progress(self) -> Progress:
        """Return a progress line for the current step, which is removed when the step ends."""
        return Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )

    @contextmanager
    def steps(self, title: str) -> Iterator[_StepResult]:
        """Print the title of a step, and at its end its result and duration."""
        result = _StepResult()
        started_at = time.monotonic()
        self.console.print(f"[bold]{escape(title)}[/bold]")
        try:
            yield result
        except BaseException:
            self.console.print(f"  failed after {time.monotonic() - started_at:.1f} s", style="red")
            raise
        suffix = f": {escape(result.text)}" if result.text else ""
        self.console.print(f"  {time.monotonic() - started_at:.1f} s{suffix}", soft_wrap=True)


def _stages_passed(run_id: str) -> tuple[int, int | None]:
    """Return how many stages the sources of a run have passed, and the total; None before the run is planned."""
    batches = ledger.read_run(run_id)
    return sum(_STAGES_PASSED[batch.state] for batch in batches), len(batches) * max(_STAGES_PASSED.values()) or None


def _progress_text(run_id: str) -> str:
    """Return the progress of a run from the ledger as a text."""
    batches = ledger.read_run(run_id)
    states = Counter(batch.state for batch in batches)
    records = {
        name: sum(getattr(batch, f"{name}_count") or 0 for batch in batches)
        for name in ("pulled", "new", "changed", "quarantined")
    }
    states_text = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    sources = len({batch.source_id for batch in batches})
    # A source that catches up may have several batches.
    in_batches = f" in {len(batches)} batches" if len(batches) != sources else ""
    return f"{sources} source{'s' * (sources != 1)}{in_batches} ({states_text}); " + ", ".join(
        f"{count:,} {name}" for name, count in records.items()
    )


def _missing_in(edition: Edition) -> list[str]:
    from motcua.catalog.cells import is_lacking

    return [cell["source_id"] or cell["unit_id"] for cell in edition.shaped["cells"] if is_lacking(cell["cell"])]
