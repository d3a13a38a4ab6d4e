"""Nothing refers to a page, a section or an idea that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.docs.markdown import anchors, links, pages, tokens

from motcua.settings import PROJECT_ROOT

BACKGROUND = PROJECT_ROOT / "docs" / "background"
FOLDERS = ("src", "include", "expectations", "dags", "plugins", "docs", "tests", "bench")
SUFFIXES = (".py", ".sql", ".json", ".yaml", ".yml", ".csv", ".md", ".j2")
# Where a line of a docstring, a comment or an SQL header breaks, the reference goes on in the next one.
BREAK = re.compile(r"\s*\n\s*(?:--|#|\*)?\s*")
PAGE = re.compile(r"(?<![\w<>*-])([A-Za-z0-9_][A-Za-z0-9_.-]*)\.md\b")
PLACE = r"(?:\d+(?:\.\d+)?|\(?[a-e]\)?(?:[. ]\d+)?)(?![\w-])"
CITED = re.compile(
    rf"(?P<page>[A-Za-z0-9_-]+)\.md`?,?\s+(?P<word>ideas?\s|sections?\s|quirks?\s)?§?"
    rf"(?P<first>{PLACE}|(?<=section )[A-E]\b)"
    rf"(?P<others>(?:(?:,| and| to|,? or)\s§?(?:\d+\.\d+|\([a-e]\)|[a-e]\.\d+)(?![\w-]))*)"
)
# A path in code; `<`, `{` and capital NN stand for what the reader puts in.
PATH = re.compile(rf"(?:{'|'.join(FOLDERS)}|docker)/(?!.*NN)[\w./*-]*")
HEADING = re.compile(r"^#{2,3} \(?(\d+(?:\.\d+)?|[a-e](?:\.\d+)?|[A-E](?=\.))[).]? ", re.MULTILINE)
CHAPTER = re.compile(r"^## ", re.MULTILINE)
ITEM = re.compile(r"^(\d+)\. \*\*", re.MULTILINE)


def files() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((PROJECT_ROOT / folder).rglob("*")):
            if path.suffix in SUFFIXES and path != Path(__file__):  # this file cites what is not there
                yield path
    yield from sorted(PROJECT_ROOT.glob("*.md"))


@cache
def page_names() -> frozenset[str]:
    return frozenset(path.stem for path in pages())


@cache
def places_of(page: str) -> frozenset[str]:
    """Return what of a background page can be cited: `4.2`, `d.5` (an item of chapter d), `idea 8`."""
    path = BACKGROUND / f"{page}.md"
    if not path.exists():
        return frozenset()
    text = path.read_text(encoding="utf-8")
    found = set(HEADING.findall(text))
    for chapter in CHAPTER.split(text)[1:]:
        title = re.match(r"\(?([a-e])\)", chapter)
        prefix = f"{title[1]}." if title else "idea " if chapter.startswith("Ideas") else ""
        if prefix:
            found |= {prefix + number for number in ITEM.findall(chapter)}
    return frozenset(found)


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Yield the page and the place of each citation: ("domain", "4.2"), ("design", "idea 8")."""
    for match in CITED.finditer(BREAK.sub(" ", text)):
        others = re.findall(r"\d+\.\d+|\([a-e]\)|[a-e]\.\d+", match["others"])
        is_idea = (match["word"] or "").startswith("idea")
        for place in [match["first"], *others]:
            yield match["page"], f"idea {place}" if is_idea else re.sub(r"[()]", "", place).replace(" ", ".")


def dangling(text: str) -> list[str]:
    """Return the references of a text to pages, sections and ideas that do not exist."""
    missing = [f"{page}.md" for page in PAGE.findall(text) if page not in page_names()]
    return missing + [f"{page}.md {place}" for page, place in cited(text) if place not in places_of(page)]


def test_every_page_section_and_idea_that_is_cited_exists() -> None:
    found = {str(path.relative_to(PROJECT_ROOT)): dangling(path.read_text(encoding="utf-8")) for path in files()}
    assert {path: missing for path, missing in found.items() if missing} == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see `domain.md` and design.md idea 8.", []),
        ("(domain.md section 4.4; one_stop_systems.md §(a), §(d) 1-3), quirk d.5", []),
        ("-- as domain.md\n-- section 4.4 and 4.5 say", []),
        ("domain.md 1.2 to 1.5", []),
        ("domain.md 99.1", ["domain.md 99.1"]),
        ("domain.md §4.3, §98.2", ["domain.md 98.2"]),
        ("# as in domain.md\n# section 77 says", ["domain.md 77"]),
        ("delivery.md section A says; delivery.md section E", ["delivery.md E"]),
        ("one_stop_systems.md quirk d.20", ["one_stop_systems.md d.20"]),
        ("design.md idea 80 (why)", ["design.md idea 80"]),
        ("nowhere.md section 1", ["nowhere.md", "nowhere.md 1"]),
    ],
)
def test_a_reference_to_nothing_is_found(text: str, expected: list[str]) -> None:
    assert dangling(text) == expected


def broken(page: Path, text: str) -> list[str]:
    """Return the links of a page that lead to no file of this tree or to no heading of it."""
    found = []
    for address in links(text):
        if re.match(r"[a-z]+:", address):
            continue
        name, _, anchor = address.partition("#")
        target = (page.parent / name).resolve() if name else page
        is_there = target.exists() and target.is_relative_to(PROJECT_ROOT)
        if not is_there or (anchor and anchor not in anchors(target.read_text(encoding="utf-8") if name else text)):
            found.append(address)
    return found


def test_every_relative_link_leads_to_a_file_and_a_heading() -> None:
    found = {str(page.relative_to(PROJECT_ROOT)): broken(page, page.read_text(encoding="utf-8")) for page in pages()}
    assert {page: addresses for page, addresses in found.items() if addresses} == {}


def test_a_link_to_nothing_is_found() -> None:
    text = "# Here\n[a](CONTRIBUTING.md#commits) [b](gone) [c](#here) [d](#there) [e](https://x.vn) ![f](docs/g.png)\n"
    assert broken(PROJECT_ROOT / "README.md", text) == ["gone", "#there", "docs/g.png"]


def lost(text: str) -> list[str]:
    """Return the paths of this project that a page names in code and that are not there."""
    parts = [part.content for token in tokens(text) for part in token.children or () if part.type == "code_inline"]
    return [path for path in parts if PATH.fullmatch(path) and not any(PROJECT_ROOT.glob(path.rstrip("/")))]


def test_every_file_and_folder_that_a_page_names_exists() -> None:
    current = [page for page in pages() if page.parent.name != "decisions" and page.name != "CHANGELOG.md"]
    found = {str(page.relative_to(PROJECT_ROOT)): lost(page.read_text(encoding="utf-8")) for page in current}
    assert {page: paths for page, paths in found.items() if paths} == {}


def test_a_path_to_nothing_is_found() -> None:
    there = "`docs/how-to/` `include/sql/<layer>/x.sql` `units/units*.csv` `tests/docs/*.py`"
    assert lost(f"{there} `src/motcua/gone.py` `tests/none/*.py`") == ["src/motcua/gone.py", "tests/none/*.py"]
