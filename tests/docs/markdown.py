"""What a test asks of a Markdown page: its links, and what a heading is called in a link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from motcua.settings import PROJECT_ROOT

_PARSER = MarkdownIt("commonmark").enable("table")


def pages() -> list[Path]:
    """Return every page that is written for people: the root's, those of docs/ and the readmes of include/."""
    found = [*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").rglob("*.md"), *_readmes(PROJECT_ROOT / "include")]
    return sorted(found)


def _readmes(folder: Path) -> Iterator[Path]:
    return folder.rglob("README.md")


def tokens(text: str) -> list[Token]:
    """Return the block tokens of a text; an `inline` one has its parts as children."""
    return _PARSER.parse(text)


def links(text: str) -> list[str]:
    """Return the addresses of all links and pictures of a text."""
    parts = [part for token in tokens(text) for part in token.children or ()]
    found = [part.attrGet("href" if part.type == "link_open" else "src") for part in parts]
    return [str(address) for address in found if address]


def anchors(text: str) -> set[str]:
    """Return the names by which the headings of a text can be linked to, made as code hosts make them."""
    found: set[str] = set()
    blocks = tokens(text)
    for opened, content in pairwise(blocks):
        if opened.type == "heading_open":
            words = "".join(part.content for part in content.children or () if part.type in ("text", "code_inline"))
            found.add(re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-"))
    return found
