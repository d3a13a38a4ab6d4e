"""Puts small faults into the code and tells which of them no test notices; writes `docs/reference/mutation.md`.

Run as `python -m tests.mutation [WORD...] [--all] [--report]`: the files whose path holds one of the words, all without
any. A file is run when something that its result depends on has changed since, with `--all` in any case. `--report`
runs none. Ends with an error when a file scores below `GOAL`, or nobody explained a survivor.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from rich.console import Console
from rich.table import Table
from tests.mutation import pool, python, results, sql
from tests.mutation.results import KEPT, ROOT, Result

PAGE = ROOT / "docs" / "reference" / "mutation.md"
GOAL = 85  # percent

_HEAD = """# Mutation

<!-- Written by `make mutation`: do not edit. -->

Small faults put into the code one at a time (a bound moved, a condition dropped or turned round, a call left out), each
under the tests of its file only. A fault that no test of them notices survives; the line beside it says why it may.
What is run is listed in `tests/mutation/python.toml`, and beside the SQL cases in `tests/sql/`; how, in
[decision 0030](../decisions/0030-mutants-by-cosmic-ray-run-in-forks.md).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, print the table, write the page; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("words", nargs="*", help="run only files whose path holds one of these")
    parser.add_argument("--all", action="store_true", help="run also what is proven already")
    parser.add_argument("--report", action="store_true", help="run nothing, and write the page from what is kept")
    asked = parser.parse_args(arguments)
    proofs, kept = results.proofs(), results.read()
    kept = {file: kept[file] for file in proofs if file in kept}
    wanted = [] if asked.report else [
        file
        for file in proofs
        if (not asked.words or any(word in file for word in asked.words))
        and (asked.all or file not in kept or kept[file].proof != proofs[file])
    ]  # fmt: skip
    faults = _run(wanted, proofs, kept) if wanted else []
    ordered = [kept[file] for file in proofs if file in kept]
    stale = [file for file in proofs if file not in kept or kept[file].proof != proofs[file]]
    reasons = results.reasons()
    Console(width=max(Console().width, 110)).print(_table(ordered))
    PAGE.write_text(page(ordered, reasons, stale), encoding="utf-8")
    faults += [f"{each.file} scores {each.score:.1f} %, below {GOAL} %." for each in ordered if each.score < GOAL]
    faults += [f"Explained, but it did not survive: {' | '.join(key)}" for key in unused(ordered, reasons)]
    faults += [f"Not explained: {' | '.join(key)}" for each in ordered for key in _keys(each) if key not in reasons]
    if not asked.words:
        faults += [f"{file} was not run as it is." for file in stale]
    print("\n".join(faults or ["Every file reaches the goal, and every survivor is explained."]))
    return int(bool(faults))


def _run(wanted: list[str], proofs: dict[str, str], kept: dict[str, Result]) -> list[str]:
    """Run files; put their results into `kept`, and write them down as they come. Return whose tests are red."""
    jobs = int(os.environ.get("JOBS") or os.cpu_count() or 1)
    run, started, red = _this_run(), time.monotonic(), []
    with _alone(), pool.servers(jobs) as workers:
        python.load()
        print(f"{len(wanted)} files of {len(proofs)}, {jobs} workers", flush=True)
        for outcome in pool.run(_units(wanted, kept), workers, results.reasons()):
            if isinstance(outcome, pool.Red):
                red.append(str(outcome))
                continue
            result = _result(outcome, proofs[outcome.file], run)
            kept[outcome.file] = result
            results.write(kept.values())
            print(
                f"{result.file}: {result.score:.1f} %, {result.killed} killed, {len(result.survived)} survived,"
                f" {result.seconds} s; {(time.monotonic() - started) / 60:.1f} min gone by",
                flush=True,
            )
    print(f"{(time.monotonic() - started) / 60:.1f} minutes", flush=True)
    return red


def _units(wanted: list[str], kept: dict[str, Result]) -> list[pool.Unit]:
    """Return what to run, what took longest first; the statements last, for they count on from high numbers."""
    modules, statements = results.modules(), results.statements()
    longest = sorted(
        (file for file in wanted if file in modules),
        key=lambda file: (-kept[file].seconds if file in kept else -3600, file),
    )
    found: list[pool.Unit] = [python.Module(file, modules[file]) for file in longest]
    if cases := tuple(statements[file] for file in wanted if file in statements):
        found.append(sql.Statements(cases))
    return found


def _result(outcome: pool.Outcome, proof: str, run: str) -> Result:
    fates = Counter(fate for _, fate in outcome.fates)
    survived = [(each.line, *each.key[1:]) for each, fate in outcome.fates if fate == pool.SURVIVED]
    killed = fates[pool.KILLED] + fates[pool.TOO_LONG]
    return Result(outcome.file, proof, run, round(outcome.seconds), killed, tuple(survived))


def _this_run() -> str:
    """Return the commit that is run, marked where files that it tracks were changed since, and the day."""
    own = [f":!{path.relative_to(ROOT)}" for path in (KEPT, PAGE)]
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", *own)
    return f"{_git('rev-parse', '--short=8', 'HEAD')}{'+' if changed else ''} {date.today()}"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def _alone() -> Iterator[None]:
    """Let no second run empty the databases of this one."""
    pool.WORK.mkdir(parents=True, exist_ok=True)
    with (pool.WORK / "lock").open("w") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # unlike flock, no child holds it
        except OSError:
            raise SystemExit("A mutation run is under way in this checkout; wait for it.") from None
        yield


def _keys(result: Result) -> list[tuple[str, str, str]]:
    return [(result.file, where, change) for _, where, change in result.survived]


def unused(ordered: Iterable[Result], reasons: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return the explanations of mutants that did not survive, of files that were run or are not there."""
    every = list(ordered)
    survived = {key for each in every for key in _keys(each)}
    run = {each.file for each in every}
    return [key for key in reasons if key not in survived and (key[0] in run or not (ROOT / key[0]).exists())]


def _table(ordered: Sequence[Result]) -> Table:
    table = Table("file", "killed", "survived", "score", "run")
    for each in (*ordered, total(ordered)):
        table.add_row(each.file, str(each.killed), str(len(each.survived)), f"{each.score:.1f} %", each.run)
    return table


def total(ordered: Sequence[Result]) -> Result:
    """Return all results as one."""
    survived = tuple(one for each in ordered for one in each.survived)
    return Result("all", "", "", sum(each.seconds for each in ordered), sum(each.killed for each in ordered), survived)


def page(ordered: Sequence[Result], reasons: dict[tuple[str, str, str], str], stale: Sequence[str] = ()) -> str:
    """Return the page: of which run the figures are, the score of each file, then every survivor with its reason."""
    lines = [
        _HEAD,
        *_runs(ordered, stale),
        "",
        "| file | killed | survived | score | run |",
        "|---|---:|---:|---:|---|",
    ]
    for each in (*ordered, total(ordered)):
        name = each.file if each.file == "all" else f"`{each.file}`"
        lines.append(
            f"| {name} | {each.killed} | {len(each.survived)} | {each.score:.1f} % | {each.run.partition(' ')[0]} |"
        )
    lines += ["", "## Survivors", ""]
    for each in ordered:
        if each.survived:
            lines += [f"### {each.file}", "", "| where | change | why it may live |", "|---|---|---|"]
            for line, where, change in each.survived:
                why = reasons.get((each.file, where, change), "**not explained**")
                lines.append(f"| `{each.place(line, where)}` | {_code(change)} | {_cell(why)} |")
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _runs(ordered: Sequence[Result], stale: Sequence[str]) -> list[str]:
    """Say which run the figures are of."""
    runs = Counter(each.run for each in ordered)
    said = []
    for run, count in runs.most_common():
        commit, _, day = run.partition(" ")
        files = "All files were" if len(runs) == 1 else f"{count} files were" if count > 1 else "1 file was"
        said.append(f"{files} run at commit {commit} on {day}.")
    if len(runs) > 1:
        said.append("A file is run again when it, its tests or what makes the mutants changed.")
    if any("+" in run for run in runs):
        said.append("A `+` says: with changes that were committed later.")
    minutes = sum(each.seconds for each in ordered) / 60
    said.append(f"All together they take {minutes:.0f} minutes of one worker.")
    if stale:
        said.append(f"Not run as they are now: {', '.join(f'`{file}`' for file in stale)}.")
    return said


def _code(change: str) -> str:
    """Return the change with what both sides have in common cut away, as code in a cell."""
    before, arrow, after = (part.strip() for part in change.partition(" → "))
    if not arrow:
        return f"`{_cell(change)}`"
    shared = 0
    while shared < min(len(before), len(after)) and before[shared] == after[shared]:
        shared += 1
    start = max(0, before.rfind(" ", 0, max(0, shared - 20)) + 1)
    cut = [f"{'… ' if start else ''}{side[start:]}" for side in (before, after)]
    short = [side if len(side) <= 90 else f"{side[:88]} …" for side in cut]
    return " → ".join(f"`{_cell(side)}`" for side in short)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
