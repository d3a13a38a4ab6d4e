"""Runs a page: its files are written, its commands are run in order, what they print is compared."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.docs.blocks import Block, blocks_of
from tests.docs.compare import agrees
from tests.docs.session import Session


class PageIsWrong(AssertionError):
    """A page does not do, or does not show, what it says."""


def run_page(text: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Run every block of a page in a folder, in a shell with exactly this environment.

    Raises:
        PageIsWrong: a command ended with another exit code or printed something else; names the line.
        UnclearPage: there is a block that nobody can tell what to do with.
    """
    blocks = [block for block in blocks_of(text) if block.mark != "not run"]
    with Session(folder, environment) as session:
        for block in blocks:
            if block.mark in ("write", "append"):
                _write(block, folder)
            elif block.is_session:
                _run(block, session)


def _write(block: Block, folder: Path) -> None:
    path = folder / block.argument
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w" if block.mark == "write" else "a", encoding="utf-8") as file:
        file.write(block.text)


def _run(block: Block, session: Session) -> None:
    commands = block.commands()
    for command in commands:
        shown = command.expected.strip()
        output, code = session.run(command.text, partial(_is_enough, shown))
        is_last = command is commands[-1]
        expected = int(block.argument) if block.mark == "exits" and is_last else 0
        if code != expected:
            raise PageIsWrong(f"line {command.line}: `{command.text}` ended with {code}, not {expected}:\n{output}")
        if shown and not agrees(shown, output):
            raise PageIsWrong(f"line {command.line}: `{command.text}` is shown with\n{shown}\nand printed\n{output}")


def _is_enough(shown: str, printed: str) -> bool:
    return not shown or agrees(shown, printed)
