"""What pages say can be relied on, also where it is not run."""

from __future__ import annotations

import re

import pytest
from tests.docs.blocks import UnclearPage, blocks_of
from tests.docs.commands import commands_shown, forms_written, mistakes
from tests.docs.pages import LONG_PAGES, PAGES

from motcua.settings import PROJECT_ROOT

# How many blocks of a page are not run; each says why above it.
NOT_RUN = {
    "CONTRIBUTING.md": 1,
    "README.md": 3,
    "README.vi.md": 1,
    "docs/how-to/add-a-field.md": 4,
    "docs/how-to/add-a-source.md": 2,
    "docs/how-to/install-with-containers.md": 3,
    "docs/how-to/obligations.md": 2,
    "docs/how-to/read-a-spreadsheet.md": 16,
    "docs/how-to/receive-posted-batches.md": 1,
    "docs/how-to/run-the-topology-natively.md": 2,
}
PLACES = re.compile(
    r"Work folder(?: of this section)?: (?P<folder>.+?)\. Connection: (?P<connection>.+?)[.;]", re.DOTALL
)
EXPORTED = re.compile(r"MOTCUA_WORK=(\S+)|(AIRFLOW_CONN_\w+)=")


def text_of(page: str) -> str:
    return (PROJECT_ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [*PAGES, *LONG_PAGES])
def test_a_page_names_its_work_folder_and_its_connection(page: str) -> None:
    sessions = [block.text for block in blocks_of(text_of(page)) if block.is_session and block.mark != "not run"]
    if not sessions:
        return
    places = PLACES.search(text_of(page))
    assert places, "say in which work folder and with which connection the commands are run"
    used = {name for match in EXPORTED.findall("\n".join(sessions)) for name in match if name}
    assert [name for name in sorted(used) if f"`{name}`" not in f"{places['folder']} {places['connection']}"] == []


def test_the_blocks_that_are_not_run_are_counted() -> None:
    counted = {page: sum(block.mark == "not run" for block in blocks_of(text_of(page))) for page in PAGES + LONG_PAGES}
    assert {page: count for page, count in counted.items() if count} == NOT_RUN


@pytest.mark.parametrize("page", [*PAGES, *LONG_PAGES])
def test_every_command_a_page_names_exists_with_its_options(page: str) -> None:
    shown, added = commands_shown(text_of(page)), forms_written(text_of(page))
    found = [wrong for piece, is_complete in shown for wrong in mistakes(piece, is_complete=is_complete, added=added)]
    assert found == []


@pytest.mark.parametrize(
    ("piece", "is_complete", "wrong"),
    [
        ("docker compose exec worker motcua sources check", True, "Missing argument"),
        ("motcua sources check", False, None),
        ("motcua sources look", False, "there is no command 'look'"),
        ("motcua ingest --sauce a", False, "there is no option --sauce"),
        ("A=1 motcua ingest --source a --from 2023-10-01 && motcua edition verify # it", True, None),
        ("motcua report form-06 --unit 84 --by \\\n month", True, "'month' is not one of"),
        ("motcua --catalog there units show 82", True, None),
        ("cd /srv && .venv/bin/motcua watchdog || true", True, None),
        ("make demos", True, "there is no such target"),
    ],
)
def test_a_command_that_does_not_exist_is_found(piece: str, is_complete: bool, wrong: str | None) -> None:
    found = mistakes(piece, is_complete=is_complete)
    assert found == [] if wrong is None else wrong in found[0], found


@pytest.mark.parametrize(
    "text",
    [
        "```\nls\n```\n",
        "```yaml\na: 1\n```\n",
        "<!-- docs: not run: -->\n```console\n$ ls\n```\n",
        "<!-- docs: exits 1 -->\n\nand on it goes\n",
        "<!-- docs: exits 1 -->\n```yaml\na: 1\n```\n",
        "<!-- docs: skip -->\n```console\n$ ls\n```\n",
        "    indented code\n",
    ],
)
def test_a_block_that_nobody_can_tell_what_to_do_with_is_found(text: str) -> None:
    with pytest.raises(UnclearPage):
        list(blocks_of(text))
