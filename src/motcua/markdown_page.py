"""The form of a generated page of `docs/reference/`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def page(title: str, origin: str, lines: Iterable[str]) -> str:
    """Return a page with its title, what it is generated from, and its lines."""
    head = [f"# {title}", "", f"Generated from {origin} by `make docs`; a test holds that it is current.", ""]
    return "\n".join(line.rstrip() for line in "\n".join([*head, *lines]).splitlines()) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a table; a line break or a bar in a cell does not end it."""
    cells = [[str(cell).replace("\n", " ").replace("|", "\\|") for cell in row] for row in rows]
    return [
        "| " + " | ".join(heads) + " |",
        "|" + "---|" * len(heads),
        *("| " + " | ".join(row) + " |" for row in cells),
    ]
