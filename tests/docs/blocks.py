"""The blocks of a page, and what is to be done with each.

A block of the language `console` is a session: a line that begins with `$ ` is a command, what follows is what it
prints. Every other block needs a comment above it that says what it is, unless its language is `text`, which is
nothing to run: a drawing, or what a person sees. The comments are not shown to readers:

- `<!-- docs: write PATH -->`, `<!-- docs: append PATH -->`: the reader puts this into a file.
- `<!-- docs: exits N -->`: the last command of the session ends with this exit code; else all end with 0.
- `<!-- docs: not run: REASON -->`: it cannot be run in a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.docs.markdown import tokens

_MARK = re.compile(r"<!-- docs: (?P<what>write|append|exits|not run:) ?(?P<with>.*?) -->\s*\Z", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")


class UnclearPage(ValueError):
    """A page has a block that nobody can tell what to do with."""


@dataclass(frozen=True)
class Command:
    """A command of a session.

    Attributes:
        line: the line of the page, from 1.
        text: the command without its prompt; may have several lines.
        expected: what the page shows of its output; empty when it shows none, which is compared with nothing.
    """

    line: int
    text: str
    expected: str


@dataclass(frozen=True)
class Block:
    """A block of a page; `mark` and `argument` are those of the comment above it, empty without one."""

    line: int
    language: str
    text: str
    mark: str = ""
    argument: str = ""

    @property
    def is_session(self) -> bool:
        return self.language == "console"

    def commands(self) -> list[Command]:
        """Return the commands of a session. Raises UnclearPage when it does not begin with one."""
        found: list[Command] = []
        lines = list(enumerate(self.text.splitlines(), start=self.line + 1))
        while lines:
            number, line = lines.pop(0)
            if line.startswith("$ "):
                command = line[2:]
                while command.endswith("\\") and lines:
                    command += "\n" + lines.pop(0)[1].removeprefix("> ")
                if heredoc := _HEREDOC.search(command):
                    while lines and command.splitlines()[-1] != heredoc[2]:
                        command += "\n" + lines.pop(0)[1]
                found.append(Command(number, command, ""))
            elif found:
                last = found.pop()
                found.append(Command(last.line, last.text, last.expected + line + "\n"))
            else:
                raise UnclearPage(f"line {number}: a session begins with `$ `, not with {line!r}")
        return found


def blocks_of(text: str) -> Iterator[Block]:
    """Yield the blocks of a page in order.

    Raises:
        UnclearPage: a comment of ours that is none of those above or stands above nothing, or a block without one.
    """
    mark: re.Match[str] | None = None
    marked_at = 0
    for token in tokens(text):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block" and "docs:" in token.content:
            if mark is not None:
                raise UnclearPage(f"line {marked_at}: no block follows the comment")
            mark, marked_at = _MARK.fullmatch(token.content.strip()), line
            if mark is None:
                raise UnclearPage(f"line {line}: {token.content.strip()!r} is none of the comments known")
        elif token.type in ("fence", "code_block"):
            language = token.info.split()[0] if token.info.strip() else ""
            what, argument = (mark["what"].rstrip(":"), mark["with"].strip()) if mark else ("", "")
            block, mark = Block(line, language, token.content, what, argument), None
            _check(block)
            yield block
        elif mark is not None and token.type in ("heading_open", "paragraph_open", "table_open"):
            raise UnclearPage(f"line {marked_at}: no block follows the comment")
    if mark is not None:
        raise UnclearPage(f"line {marked_at}: no block follows the comment")


def _check(block: Block) -> None:
    is_fit = {
        "": block.is_session or block.language == "text",
        "exits": block.is_session and block.argument.isdigit(),
        "write": not block.is_session and block.argument != "",
        "append": not block.is_session and block.argument != "",
        "not run": block.argument != "",
    }
    if not is_fit[block.mark]:
        raise UnclearPage(f"line {block.line}: say what becomes of this block ({block.language or 'no language'})")
