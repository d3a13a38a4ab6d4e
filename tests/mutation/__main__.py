"""Runs every part, prints killed, survived and the score by file, and writes `docs/reference/mutation.md`.

`python -m tests.mutation [PART...] [--report]`: only these parts; with `--report` none is run and the page is written
from the last results. Ends with an error when a file scores below `GOAL`, or nobody explained a survivor.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from tests.mutation.python import explain

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".motcua" / "mutation"
PAGE = ROOT / "docs" / "reference" / "mutation.md"
PARTS = ("python", "sql")
GOAL = 85  # percent

_HEAD = """# Mutation

<!-- Written by `make mutation`: do not edit. -->

The last run of each file by `make mutation`, which need not be one run: small faults put into the code one at a time (a
bound moved, a condition dropped or turned round, a call left out), each under the tests of its file only.
A fault that no test of them notices survives;
the line beside it says why it may. What is run is listed in `tests/mutation/python.toml`, and beside the SQL cases in
`tests/sql/`; how, in [decision 0030](../decisions/0030-mutants-by-cosmic-ray-run-in-forks.md).
"""


@dataclass(frozen=True)
class Result:
    """What became of the mutants of one file."""

    file: str
    killed: int
    survived: list[dict[str, Any]]

    @property
    def score(self) -> float:
        """The killed in percent of all."""
        mutants = self.killed + len(self.survived)
        return 100 * self.killed / mutants if mutants else 100.0

    @property
    def unexplained(self) -> int:
        return sum(not each["why"] for each in self.survived)


def main() -> int:
    """Run the parts asked for, print the table, write the page; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("parts", nargs="*", default=[], help=f"of {', '.join(PARTS)}; all without")
    parser.add_argument("--report", action="store_true", help="write the page from the last results")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: no part; there are {', '.join(PARTS)}")
    failed = [] if asked.report else [part for part in asked.parts or PARTS if not _run(part)]
    read = {part: _read(part) for part in PARTS}
    unused = explain(read["python"])
    results = [Result(each["file"], each["killed"], each["survived"]) for part in PARTS for each in read[part]]
    Console().print(_table(results))
    PAGE.write_text(page(results), encoding="utf-8")
    low = [result.file for result in results if result.score < GOAL]
    unexplained = sum(result.unexplained for result in results)
    for part in failed:
        print(f"The part {part} did not run to its end.")
    for file in low:
        print(f"{file} scores below {GOAL} %.")
    for entry in unused:
        print(f"Explained, but it did not survive: {entry}")
    if unexplained:
        print(f"{unexplained} survivors are not explained: kill them, or say why they may live.")
    return int(bool(failed or low or unused or unexplained))


def _run(part: str) -> bool:
    return subprocess.run([sys.executable, "-m", f"tests.mutation.{part}"], cwd=ROOT).returncode == 0


def _read(part: str) -> list[dict[str, Any]]:
    path = WORK / f"{part}.json"
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return found


def _table(results: Iterable[Result]) -> Table:
    table = Table("file", "killed", "survived", "score")
    for result in (*results, _total(results)):
        table.add_row(result.file, str(result.killed), str(len(result.survived)), f"{result.score:.1f} %")
    return table


def _total(results: Iterable[Result]) -> Result:
    every = list(results)
    return Result("all", sum(result.killed for result in every), [each for result in every for each in result.survived])


def page(results: list[Result]) -> str:
    """Return the page: the score of each file, then every survivor with its reason."""
    lines = [_HEAD, "| file | killed | survived | score |", "|---|---:|---:|---:|"]
    for result in (*results, _total(results)):
        name = result.file if result.file == "all" else f"`{result.file}`"
        lines.append(f"| {name} | {result.killed} | {len(result.survived)} | {result.score:.1f} % |")
    lines += ["", "## Survivors", ""]
    for result in results:
        if result.survived:
            lines += [f"### {result.file}", "", "| where | change | why it may live |", "|---|---|---|"]
            lines += [
                f"| `{each['place']}` | {_code(each['change'])} | {_cell(each['why'] or '**not explained**')} |"
                for each in result.survived
            ]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


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
