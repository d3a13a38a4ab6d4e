"""Compares what a page shows with what a command printed."""

from __future__ import annotations

import doctest
import re


def agrees(shown: str, printed: str) -> bool:
    """Say whether the output of a command is the one shown.

    `...` stands for any words of a line, and on a line of its own for any number of lines, also for none. Blank lines
    and the number of blanks between words do not count, so that a table may be shown narrower than it is.
    """
    wanted = re.sub(r"^\.\.\.\n", "...", re.sub(r" ?\.\.\. ?", "...", _plain(shown)), flags=re.MULTILINE)
    return doctest.OutputChecker().check_output(wanted, _plain(printed), doctest.ELLIPSIS)


def _plain(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)
