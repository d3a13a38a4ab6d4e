"""The HTML page of an edition: one file, no script, no address outside itself; Vietnamese first, English on request."""

from __future__ import annotations

from functools import cache
from itertools import zip_longest
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from motcua.catalog.cells import cell_text
from motcua.percentage import count_text, percentage_text
from motcua.publish.edition.content import Content, table_rows
from motcua.publish.edition.editions import Edition
from motcua.publish.edition.restatement_text import cause_text, notes
from motcua.publish.files.charts import charts
from motcua.publish.files.highlights import highlights, rate_lines
from motcua.publish.files.layout import (
    COMPLETENESS_NAMES,
    TABLE_NAMES,
    against_text,
    beside_line,
    cell_counts,
    column_name,
    headings,
    lacking_text,
    lines,
    map_text,
    missing_sources,
    part_text,
    parts,
    period_text,
    read_at_text,
    untold_text,
    waived_text,
)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("motcua.publish.files"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(count=_count, change=_change, share=_share, beside=beside_line)
    environment.globals.update(both=_both, percent=_percent, cause_text=cause_text, cell_name=_cell_name)
    return environment


def page_html(edition: Edition) -> str:
    """Return the page of an edition. It prints on A4 landscape and works without a network."""
    content = edition.shaped
    if "index" in content:
        return _index_html(edition, content)
    both_charts = zip(charts(content, "vi"), charts(content, "en"), strict=True)
    return _environment().get_template("edition.html.j2").render(
        edition=edition,
        content=content,
        report=content["report"],
        columns=content["columns"],
        headings=headings(content["columns"]),
        heading_rows=1 + max(heading.row for heading in headings(content["columns"])),
        highlights=list(highlights(content)),
        has_changes=bool(table_rows(content, "total_change")),
        against=(against_text(content, "vi"), against_text(content, "en")),
        tables=[
            (code, names, list(lines(content, code)), _changes(content, code))
            for code, names in TABLE_NAMES.items()
            if table_rows(content, code)
        ],
        explanation=content.get("maps", {}).get("explanation", {}),
        map_text=(map_text(content, "vi"), map_text(content, "en")),
        parts=[
            (part["part"], (part_text(part, "vi"), part_text(part, "en")), list(lines(content, "unit", part["part"])))
            for part in parts(content)
        ],
        rate_lines=rate_lines(content),
        charts=[(vi, en, Markup(vi.svg), Markup(en.svg)) for vi, en in both_charts],  # noqa: S704  made by us, escaped
        completeness=COMPLETENESS_NAMES[edition.completeness],
        lacking=(lacking_text(content, "vi"), lacking_text(content, "en")),
        waived=(waived_text(content, "vi"), waived_text(content, "en")),
        untold=(untold_text(content, "vi"), untold_text(content, "en")),
        period=(period_text(content, "vi"), period_text(content, "en")),
        read_at=read_at_text(content),
        cell_counts=cell_counts(content),
        missing=missing_sources(content),
        **_restatement(content),
    ) + "\n"  # fmt: skip


def _index_html(edition: Edition, content: Content) -> str:
    said = content["index"]
    return _environment().get_template("index.html.j2").render(
        edition=edition,
        content=content,
        report=content["report"],
        index_headings=list(zip(said["headings"]["vi"], said["headings"]["en"], strict=True)),
        summary=list(zip(said["summary"]["vi"], said["summary"]["en"], strict=True)),
        completeness=COMPLETENESS_NAMES[edition.completeness],
        lacking=(lacking_text(content, "vi"), lacking_text(content, "en")),
        waived=(waived_text(content, "vi"), waived_text(content, "en")),
        period=(period_text(content, "vi"), period_text(content, "en")),
        read_at=read_at_text(content),
        cell_counts=cell_counts(content),
        **_restatement(content),
    ) + "\n"  # fmt: skip


def _restatement(content: Content) -> dict[str, Any]:
    """Return what the template of a restatement asks for: names of parts and columns, and the notes under the table."""
    names = {
        column["code"]: tuple(column_name(content, column["code"], lang) for lang in ("vi", "en"))
        for column in content["columns"]
    }
    restates = content.get("restates")
    told = ([], []) if restates is None else (list(notes(restates, "vi")), list(notes(restates, "en")))
    return {
        "part_texts": {part["part"]: (part_text(part, "vi"), part_text(part, "en")) for part in parts(content)},
        "heading_of": lambda code: _both(*names.get(code, (code, code))),
        "restated": list(zip_longest(*told, fillvalue="")),
    }


def _changes(content: Content, code: str) -> dict[str, dict[str, int]]:
    """Return the change from the period before by table and row: a table by unit also shows its sections' and total."""
    changes: dict[str, dict[str, int]] = {}
    for table in (code, "level", "total"):
        for row in table_rows(content, f"{table}_change"):
            changes[f"{table}/{row['unit_id'] or row['row_code']}"] = row["figures"]
    return changes


def _both(vi: str, en: str) -> Markup:
    """Return a text in both languages, or once when they do not differ."""
    if vi == en:
        return Markup("{}").format(vi)
    return Markup('<span lang="vi">{}</span><span lang="en">{}</span>').format(vi, en)


def _cell_name(code: str) -> Markup:
    return _both(cell_text(code, "vi"), cell_text(code, "en"))


def _count(value: int | None) -> Markup:
    if value is None:
        return Markup("–")
    return _both(count_text(value, "vi"), count_text(value, "en"))


def _change(value: int) -> Markup:
    sign = "+" if value > 0 else ""
    return _both(f"{sign}{count_text(value, 'vi')}", f"{sign}{count_text(value, 'en')}")


def _share(share: str) -> Markup:
    """Return a percentage as printed; nothing for a share of nothing."""
    return _both(share.replace(".", ","), share)


def _percent(numerator: int | None, denominator: int | None) -> Markup:
    """Return a percentage; nothing for a share of nothing, a dash for one that no source tells."""
    if numerator is None or denominator is None:
        return Markup("–")
    vi, en = (percentage_text(numerator, denominator, lang).replace(" ", "\N{NO-BREAK SPACE}") for lang in ("vi", "en"))
    return _both(vi, en)
