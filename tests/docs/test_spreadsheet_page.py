"""The examples of docs/how-to/read-a-spreadsheet.md, `Days and words`: each cell becomes what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pytest
import yaml

from motcua.catalog import Source, load_catalog
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "how-to" / "read-a-spreadsheet.md"
BASE: dict[str, Any] = {
    "adapter": "files",
    "null_values": [""],
    "identity": {"as": "key", "key": "STT", "unique_in": []},
    "status": {"key": "Trạng thái", "codes": {"Đã trả": {"code": 10, "evidence": "inferred"}}},
    "channel": {"as": "constant", "code": 1},
}


class Example(NamedTuple):
    """An example: the lines of the mapping, the headings of the columns and of the fields, and the rows of both."""

    said: dict[str, Any]
    columns: list[str]
    fields: list[str]
    rows: list[tuple[list[str], list[str]]]


def examples() -> Iterator[tuple[str, Example]]:
    part = PAGE.read_text(encoding="utf-8").split("\n## Days and words\n")[1].split("\n## ")[0]
    for section in part.split("\n### ")[1:]:
        told = re.search(r"```yaml\n(.+?)```", section, re.DOTALL)
        assert told, section
        lines = [line for line in section[told.end() :].splitlines() if line.startswith("|")]
        head, _, *rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
        columns = [name for name in head if "`" not in name]
        cut = len(columns)
        yield (
            section.splitlines()[0],
            Example(
                yaml.safe_load(told[1]),
                columns,
                [name.strip("`") for name in head[cut:]],
                [(row[:cut], row[cut:]) for row in rows],
            ),
        )


EXAMPLES = dict(examples())


def test_each_line_of_the_overview_has_its_section_with_an_example() -> None:
    text = PAGE.read_text(encoding="utf-8").split("\n## Days and words\n")[1].split("\n### ")[0]
    linked = re.findall(r"\]\(#([\w-]+)\)", text)
    assert linked == [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in EXAMPLES]


@pytest.mark.parametrize("title", EXAMPLES)
def test_a_cell_of_the_page_becomes_what_the_page_says(title: str) -> None:
    said, columns, fields, rows = EXAMPLES[title]
    keys = said.get("keys", {"keep": columns})
    mapping = BASE | said | {"keys": keys | {"keep": ["STT", "Trạng thái", *keys["keep"]]}}
    [source, *_] = load_catalog(PROJECT_ROOT / "include" / "catalog").sources
    source = Source.model_validate(source.model_dump() | {"mapping": "files"})
    builder = TableBuilder(source, SourceMapping.model_validate(mapping), Pseudonymiser("k1", b"\x5a" * 32))
    records = [
        {"STT": number, "Trạng thái": "Đã trả"}
        | {name: cell or None for name, cell in zip(columns, cells, strict=True)}
        for number, (cells, _) in enumerate(rows, start=1)
    ]
    assert rows
    for row, (_, becomes) in zip(builder.table(records).to_pylist(), rows, strict=True):
        unread = {issue.split(":")[0] for issue in (row["mapping_issues"] or "").split("; ")}
        for field, meant in zip(fields, becomes, strict=True):
            assert (field in unread) == (meant == "*unread*"), (title, row)
            assert _shown(row[field]) == ("" if meant in ("*unread*", "*empty*") else meant), (title, row)


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return (
            f"{value:%Y-%m-%d}" if value == datetime(value.year, value.month, value.day) else f"{value:%Y-%m-%d %H:%M}"
        )
    return value or ""
