"""The demo: a scenario from its one-stop systems to its final report, in a folder of its own."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from motcua.demo.processes import read_register, stop_services
from motcua.demo.reform import ReformWalk
from motcua.demo.stack import REGISTER, ending_by_signal, undisturbed
from motcua.demo.walk import Walk
from motcua.settings import Settings
from motcua.warehouse import embedded

if TYPE_CHECKING:
    from motcua.sandbox.world.scenario import Scenario


def run_demo(scenario_id: str, *, keep: bool = False) -> bool:
    """Run a scenario from its one-stop systems to its final report. Return whether every published count is reproduced.

    All data are in `<work>/demo/<scenario>`, which is emptied first. No other data are touched.

    Args:
        scenario_id: one of `motcua.sandbox.world.scenario.scenario_ids()`.
        keep: leave Airflow, the sandbox and PostgreSQL running; `stop_demo` stops them.

    Raises:
        MotcuaError: a step failed. The message names the task and its log.
    """
    from motcua.sandbox.world.scenario import load_scenario

    scenario = load_scenario(scenario_id)
    console = Console()
    with _environment_of(scenario), ending_by_signal():
        work_dir = Settings.load().work_dir
        stop_demo(scenario_id, quiet=True)
        shutil.rmtree(work_dir, ignore_errors=True)
        work_dir.mkdir(parents=True)
        walk = (ReformWalk if scenario.reform else Walk)(scenario, console, keep=keep)
        is_kept = False
        try:
            with walk.steps("Start PostgreSQL, the one-stop systems and Airflow"):
                walk.start()
            agrees = walk.run()
            console.print(f" terminal  {terminal_line(scenario)}", soft_wrap=True, markup=False, highlight=False)
            is_kept = keep
        finally:
            if is_kept:
                walk.keep()
            else:
                with undisturbed():
                    walk.stop()
        return agrees


def terminal_line(scenario: Scenario) -> str:
    """Return the shell line after which `motcua` reads what the demo of a scenario, now in force, has stored."""
    return f"export MOTCUA_WORK={shlex.quote(str(Settings.load().work_dir))} MOTCUA_PROVINCE={scenario.province}"


def stop_demo(scenario_id: str, *, quiet: bool = False) -> None:
    """Stop everything that a kept or interrupted demo of this scenario left running. Its files stay."""
    base = Settings.load().work_dir
    work_dir = base if base.parts[-2:] == ("demo", scenario_id) else base / "demo" / scenario_id
    register = work_dir / REGISTER
    stop_services(read_register(register))
    register.unlink(missing_ok=True)
    embedded.stop_server(work_dir / "pg")
    if not quiet:
        Console().print(f"Nothing of the demo {scenario_id} is running.")


@contextmanager
def _environment_of(scenario: Scenario) -> Iterator[None]:
    """Set every setting of this process to the demo's own folder and databases, and restore them at the end."""
    work_dir = Settings.load().work_dir / "demo" / scenario.scenario_id
    before = dict(os.environ)
    for name in ("STORE_DSN", "WAREHOUSE_DSN", "LANDING", "REPORTS"):
        os.environ.pop(f"MOTCUA_{name}", None)
    os.environ.update(MOTCUA_WORK=str(work_dir), MOTCUA_PROVINCE=scenario.province)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
