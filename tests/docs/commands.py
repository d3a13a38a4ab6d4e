"""What pages say of commands without running them: does the command line, or the makefile, know it?"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import typer
from tests.docs.blocks import blocks_of
from tests.docs.markdown import tokens

from motcua.cli import app
from motcua.settings import PROJECT_ROOT

_MOTCUA = re.compile(r"(?:^|[\s/=(])motcua (?=[\w-])(?P<words>(?:\\\n|[^|;&#\n)>])*)")
_MAKE = re.compile(r"(?:^|\s)make (?P<target>[a-z-]+)")


def commands_shown(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each piece of a page that may hold a command, and whether it must be complete: blocks, then inline code.

    Inline code may leave out what the sentence around it says.
    """
    for block in blocks_of(text):
        if block.is_session:
            yield from ((command.text, True) for command in block.commands())
        else:
            yield block.text, True
    for token in tokens(text):
        yield from ((part.content, False) for part in token.children or () if part.type == "code_inline")


def forms_written(text: str) -> set[str]:
    """Return the reports that a page adds itself: each file it writes into a folder of forms has a command."""
    return set(re.findall(r"docs: write \S*/forms/([\w-]+)\.yaml", text))


def mistakes(piece: str, *, is_complete: bool, added: Collection[str] = ()) -> list[str]:
    """Return what is wrong with the calls of `motcua` and `make` in a piece of text.

    Reports that the page has added have the options of any form.
    """
    found = [f"make {target}: there is no such target" for target in _MAKE.findall(piece) if target not in _targets()]
    for match in _MOTCUA.finditer(piece):
        words = [word for word in shlex.split(match["words"].replace("\\\n", " ")) if word != "..."]
        words = ["form-06" if word in added and place == 1 else word for place, word in enumerate(words)]
        if wrong := _mistake(words, is_complete):
            found.append(f"motcua {' '.join(words)}: {wrong}")
    return found


def _targets() -> set[str]:
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


@cache
def _root() -> Any:
    return typer.main.get_command(app)


def _mistake(words: list[str], is_complete: bool) -> str | None:
    command: Any = _root()
    words = list(words)
    if "--catalog" in words:  # it may stand anywhere
        place = words.index("--catalog")
        del words[place : place + 2]
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        found = command.get_command(typer.Context(command), words[0])
        if found is None:
            return f"there is no command {words[0]!r}"
        command = found
        del words[0]
    if hasattr(command, "commands"):
        return "names no command" if is_complete and "--help" not in words else None
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    if unknown := [word for word in words if word.startswith("--") and word.split("=")[0] not in {*options, "--help"}]:
        return f"there is no option {unknown[0]}"
    if is_complete and "--help" not in words:
        try:
            command.make_context(command.name, words)
        except Exception as error:  # of the click that typer carries with it
            if not hasattr(error, "format_message"):
                raise
            return str(error.format_message())
    return None
