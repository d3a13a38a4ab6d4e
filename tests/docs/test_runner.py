"""The runner of pages goes red when a page does not do, or does not show, what it says."""

from __future__ import annotations

import os
from pathlib import Path
from time import sleep

import psutil
import pytest
from tests.docs.compare import agrees
from tests.docs.run import PageIsWrong, run_page
from tests.docs.session import Session, ShellEnded

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def page(session: str, mark: str = "") -> str:
    return f"# A page\n\n{mark}\n```console\n{session}\n```\n"


@pytest.mark.parametrize(
    "session",
    [
        "$ echo one\none",
        "$ echo one",
        "$ echo one; echo two; echo three\none\n...\nthree",
        "$ echo 'a   b'\n a b",
        "$ export A=1\n$ echo $A\n1",
        "$ echo a \\\n    b\na b",
        "$ cat <<'END'\n$ no command\nEND\n...",
        "$ (sleep 0.1; echo ready) &\nready\n$ echo next\nnext",
        "$ echo wrong >&2\nwrong",
    ],
)
def test_a_page_that_shows_what_its_commands_print_passes(session: str, tmp_path: Path) -> None:
    run_page(page(session), tmp_path, ENVIRONMENT)


@pytest.mark.parametrize(
    ("session", "complaint"),
    [
        ("$ echo one\ntwo", "is shown with\ntwo\nand printed\none"),
        ("$ true\none", "is shown with"),
        ("$ echo one; echo two\none", "is shown with"),
        ("$ echo one\n...\nthree", "is shown with"),
        ("$ false", "line 5: `false` ended with 1, not 0"),
        ("$ false\n$ true", "ended with 1, not 0"),
        ("$ echo a\n$ nowhere", "line 6: `nowhere` ended with 127"),
    ],
)
def test_a_page_that_shows_something_else_or_fails_is_wrong(session: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(PageIsWrong) as wrong:
        run_page(page(session), tmp_path, ENVIRONMENT)
    assert complaint in str(wrong.value)


def test_an_exit_code_that_is_told_is_held_for_the_last_command_only(tmp_path: Path) -> None:
    run_page(page("$ true\n$ false", "<!-- docs: exits 1 -->"), tmp_path, ENVIRONMENT)
    for session in ("$ false\n$ true", "$ true", "$ (exit 2)"):
        with pytest.raises(PageIsWrong):
            run_page(page(session, "<!-- docs: exits 1 -->"), tmp_path, ENVIRONMENT)


def test_a_file_of_a_page_is_written_before_the_command_that_reads_it(tmp_path: Path) -> None:
    text = "<!-- docs: write a/b.csv -->\n```csv\n1\n```\n\n<!-- docs: append a/b.csv -->\n```csv\n2\n```\n\n"
    run_page(text + page("$ cat a/b.csv\n1\n2"), tmp_path, ENVIRONMENT)


def test_what_a_page_leaves_running_ends_with_it(tmp_path: Path) -> None:
    left = "$ (echo $BASHPID > pid; exec sleep 600) &\n$ until [ -s pid ]; do sleep 0.01; done"
    run_page(page(left), tmp_path, ENVIRONMENT)
    pid = int((tmp_path / "pid").read_text())
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        sleep(0.01)  # it was told to end; the system takes its time


@pytest.mark.parametrize(("command", "why"), [("sleep 600", "are over at `sleep 600`"), ("exit 3", "the shell ended")])
def test_a_command_that_does_not_come_back_is_named(command: str, why: str, tmp_path: Path) -> None:
    with Session(tmp_path, ENVIRONMENT, seconds=0.2) as session, pytest.raises(ShellEnded, match=why):
        session.run(command)


@pytest.mark.parametrize(
    ("shown", "printed", "is_same"),
    [
        ("a ... d\n", "a b c d\n", True),
        ("a ... b\n", "a b\n", True),
        ("a\n...\nb\n", "a\nb\n", True),
        ("a\n...\n", "a\n", True),
        ("...\nb\n", "a\nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a 1\n", "a 12\n", False),
        ("a\n...\nc\n", "a\nb\n", False),
        ("", "a\n", False),
    ],
)
def test_dots_stand_for_what_varies_and_nothing_else_does(shown: str, printed: str, is_same: bool) -> None:
    assert agrees(shown, printed) is is_same
