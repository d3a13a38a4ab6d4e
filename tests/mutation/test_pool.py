"""Workers share the mutants of a unit, and each file has its outcome once, whoever put its mutants under test."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from tests.mutation.pool import KILLED, SURVIVED, Outcome, Prepared, Red, Worker, run


@dataclass(frozen=True)
class Change:
    file: str
    line: int
    change: str = "a → b"

    @property
    def key(self) -> tuple[str, str, str]:
        return self.file, "f", f"{self.line}"


@dataclass(frozen=True)
class Fake:
    """A unit whose mutants of an even line survive; it ends before that of line `ends_at`.

    That of line `by_chance` is killed the first time only.
    """

    name: str
    files: tuple[str, ...]
    count: int = 6
    why_red: str = ""
    ends_at: int = 0
    by_chance: int = 0

    def serve(self, channel: Connection, worker: Worker, known: Prepared | None) -> None:
        if self.why_red:
            channel.send(("red", self.why_red))
            return
        every = [Change(file, line) for file in self.files for line in range(1, self.count + 1)]
        channel.send(("ready", known or Prepared(every, clock=-60)))
        chance = {self.by_chance}
        while (asked := channel.recv()) is not None:
            place, order = asked
            assert order == ["one test"]
            if every[place].line == self.ends_at:
                os._exit(1)
            line = every[place].line
            channel.send((KILLED if line % 2 or line in chance else SURVIVED, ""))
            chance.discard(line)

    def order(self, prepared: Prepared, mutant: Any, killers: Counter[tuple[str, str]]) -> list[str]:
        return ["one test"]


@pytest.fixture
def workers(tmp_path: Path) -> list[Worker]:
    return [Worker(number, tmp_path / str(number), {}) for number in range(2)]


def test_two_workers_share_the_last_unit_and_every_mutant_is_run_once(workers: list[Worker]) -> None:
    found = list(run([Fake("slow", ("a.py",), 30), Fake("quick", ("b.py", "c.py"))], workers))
    fates = {one.file: [(each.line, fate) for each, fate in one.fates] for one in found if isinstance(one, Outcome)}
    assert {file: len(one) for file, one in fates.items()} == {"a.py": 30, "b.py": 6, "c.py": 6}
    assert fates["b.py"][:2] == [(1, KILLED), (2, SURVIVED)]
    assert [line for line, _ in fates["a.py"]] == [*range(1, 31)]


def test_a_unit_whose_tests_are_red_or_whose_process_ends_is_named_and_the_others_go_on(workers: list[Worker]) -> None:
    units = [Fake("red", ("a.py",), why_red="test_x"), Fake("gone", ("b.py",), ends_at=4), Fake("good", ("c.py",))]
    found = list(run(units, workers))
    assert [one.file for one in found if isinstance(one, Outcome)] == ["c.py"]
    said = sorted(str(one) for one in found if isinstance(one, Red))
    assert said[0].startswith("gone: its process ended before its work did")
    assert said[1:] == ["red: its tests are red without any change: test_x"]


def test_an_explained_mutant_that_is_killed_is_tried_once_more(workers: list[Worker]) -> None:
    explained = {("a.py", "f", "3"), ("a.py", "f", "4")}
    [found] = run([Fake("one", ("a.py",), by_chance=4)], workers[:1], explained)
    assert isinstance(found, Outcome)
    assert [fate for _, fate in found.fates] == [KILLED, SURVIVED] * 3
    [found] = run([Fake("one", ("a.py",), by_chance=4)], workers[:1])
    assert isinstance(found, Outcome)
    assert [fate for _, fate in found.fates][3] == KILLED


def test_a_file_without_mutants_has_an_outcome_too(tmp_path: Path) -> None:
    assert list(run([Fake("a", ("a.py", "b.py"), count=0)], [Worker(0, tmp_path / "0", {})])) == [
        Outcome("a.py", [], 0.0), Outcome("b.py", [], 0.0),
    ]  # fmt: skip
