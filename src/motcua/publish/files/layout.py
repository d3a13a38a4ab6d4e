"""How a form is laid out on paper and screen alike: merged headings, rows in their sections, what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from motcua.catalog.cells import CELLS, cell_code, cell_text, is_lacking
from motcua.publish.edition.content import Content, part_code, table_rows
from motcua.settings import TIMEZONE

TABLE_NAMES = {
    "unit": ("Theo đơn vị", "By unit"),
    "field": ("Theo lĩnh vực", "By field"),
    "level": ("Theo cấp", "By level"),
}
COMPLETENESS_NAMES = {"final": ("CHÍNH THỨC", "FINAL"), "provisional": ("TẠM THỜI", "PROVISIONAL")}


@dataclass(frozen=True)
class Heading:
    """A heading cell: its 0-based row and column among the figure columns, and how far it stretches."""

    row: int
    column: int
    rows: int
    columns: int
    vi: str
    en: str


@dataclass(frozen=True)
class Line:
    """A printed row: `section` (its figures are those of the level table), `row` or `total`."""

    kind: str
    number: str
    row_code: str
    name_vi: str
    name_en: str
    level: str
    unit_id: str
    table: str
    figures: dict[str, int]
    cell: str = "received"
    percentages: dict[str, str] = field(default_factory=dict)


def headings(columns: list[Content]) -> list[Heading]:
    """Return the merged heading cells over the figure columns; equal leading headings are one cell."""
    paths = [tuple(zip(column["vi"], column["en"], strict=True)) for column in columns]
    depth = max(len(path) for path in paths)
    merged = []
    for index, path in enumerate(paths):
        for level, (vi, en) in enumerate(path):
            prefix = path[: level + 1]
            if index and paths[index - 1][: level + 1] == prefix:
                continue
            width = 1
            while index + width < len(paths) and paths[index + width][: level + 1] == prefix:
                width += 1
            is_leaf = level == len(path) - 1
            merged.append(Heading(level, index, depth - level if is_leaf else 1, width, vi, en))
    return sorted(merged, key=lambda heading: (heading.row, heading.column))


def column_name(content: Content, code: str, lang: str) -> str:
    """Return a column's headings from the outermost on; its code where the edition has no such column."""
    column = next((column for column in content["columns"] if column["code"] == code), None)
    return code if column is None else " – ".join(column[lang])


def lines(content: Content, table: str, part: int = 0) -> Iterator[Line]:
    """Yield the printed rows of a table: under section headings for the table by unit, then the total.

    With a `part` those of that part of the period, on its own map.
    """

    def rows_of(code: str) -> list[Content]:
        return table_rows(content, part_code(code, part) if part else code)

    worst = worst_cells(content)
    sections = {section["level"]: section for section in content["sections"]}
    subtotals = {row["level"]: row for row in rows_of("level")}
    current = None
    number = 0
    for row in rows_of(table):
        section = sections.get(row["level"])
        if table == "unit" and section and section is not current:
            yield Line(
                "section", section["number"], section["level"], section["vi"], section["en"], section["level"], "",
                "level", subtotals[section["level"]]["figures"],
                percentages=subtotals[section["level"]].get("percentages", {}),
            )  # fmt: skip
            current, number = section, 0
        number += 1
        shown = section["number"] if table == "level" and section else str(number)
        name_en = section["en"] if table == "level" and section else row["row_name"]
        yield Line(
            "row", shown, row["row_code"], row["row_name"], name_en, row["level"], row["unit_id"], table,
            row["figures"], worst.get(row["unit_id"], "received"), row.get("percentages", {}),
        )  # fmt: skip
    total = rows_of("total")[0]
    yield Line(
        "total", "", "total", "Tổng số", "Total", "", "", "total", total["figures"],
        percentages=total.get("percentages", {}),
    )  # fmt: skip


def worst_cells(content: Content) -> dict[str, str]:
    """Return, for each line that a source is not received for, that cell; a unit without one where no other answers."""
    lines: dict[str, list[str]] = {}
    for cell in content["cells"]:
        for unit_id in {cell["unit_id"], cell.get("row_unit_id", cell["unit_id"])}:
            lines.setdefault(unit_id, []).append(cell["cell"])
    worst = {}
    for unit_id, cells in lines.items():
        lacking = [cell for cell in cells if is_lacking(cell)]
        if lacking or "received" not in cells:
            worst[unit_id] = (lacking or cells)[0]
    return worst


def missing_sources(content: Content) -> list[Content]:
    """Return the cells that keep the edition from being final."""
    return [cell for cell in content["cells"] if is_lacking(cell["cell"])]


_TOLD_BY_SOURCES = ("units_have_sources", "sources_answered", "no_batch_held")
NAMED_IN_A_LINE = 3  # of what a line of the checklist misses, at the terminal


def unmet_lines(content: Content) -> list[Content]:
    """Return the lines of the checklist that are not met, but for the period that is not over."""
    return [line for line in content.get("checklist", ()) if line["is_met"] == "no" and line["code"] != "period_over"]


def beside_line(line: Content) -> list[Content]:
    """Return what stands beside a line of the checklist: what is missing, then what it goes without by a decision."""
    return [*line["missing"], *line.get("noted", ())]


def checklist_lines(content: Content, lang: str) -> Iterator[str]:
    """Yield the checklist as lines of text, each with its mark and the first of what stands beside it.

    There is none of an edition from before the checklist. The page and the workbook show all of it.
    """
    for line in content.get("checklist", ()):
        told = beside_line(line)
        named, more = told[:NAMED_IN_A_LINE], len(told) - NAMED_IN_A_LINE
        missing = "; ".join(what[lang] for what in named)
        if more > 0:
            missing += f"; và {more:,} mục khác".replace(",", ".") if lang == "vi" else f"; and {more:,} more"
        yield f"  [{'x' if line['is_met'] == 'yes' else ' '}] {line[lang]}{f': {missing}' if missing else ''}"


def lacking_text(content: Content, lang: str) -> str:
    """Say what is missing, naming each source and each line of the checklist not met; empty when nothing is."""
    vi = lang == "vi"
    told = [f"{cell['source_name']} ({cell_text(cell['cell'], lang).lower()})" for cell in missing_sources(content)]
    text = ""
    if told:
        text = ("Chưa có đủ dữ liệu của: " if vi else "Data incomplete for: ") + "; ".join(told) + ". "
    if content["is_period_over"] == "no":
        text += "Kỳ báo cáo chưa kết thúc. " if vi else "The period is not over. "
    if unmet := [line[lang] for line in unmet_lines(content) if not (told and line["code"] in _TOLD_BY_SOURCES)]:
        text += ("Chưa đạt: " if vi else "Not met: ") + "; ".join(unmet) + "."
    return text.strip()


def waived_text(content: Content, lang: str) -> str:
    """Say which records an edition is made without by a decision: record, unit, rules, reason, who and when."""
    told = [
        f"{one['record']} ({one['unit_name']}; {', '.join(one['rules'])}): {one['reason']} –"
        f" {one['person']}, {date.fromisoformat(one['day']):%d/%m/%Y}"
        for one in content.get("set_aside", {}).get("waived", ())
    ]
    if not told:
        return ""
    return ("Được miễn: " if lang == "vi" else "Waived: ") + "; ".join(told) + "."


def parts(content: Content) -> list[Content]:
    """Return the parts of the period, each on a map of its own; none if the map did not change."""
    parts_of_period: list[Content] = content.get("maps", {}).get("parts", [])
    return parts_of_period


def part_text(part: Content, lang: str) -> str:
    """Name a part of the period by its number and days."""
    days = period_text({"period": part}, lang)
    return (
        f"{'Phần' if lang == 'vi' else 'Part'} {part['part']}: {days[0].lower() if lang == 'vi' else days[0]}{days[1:]}"
    )


def map_text(content: Content, lang: str) -> str:
    """Say on which day's map of units the main tables are; empty where it goes without saying."""
    if "maps" not in content:
        return ""
    on = date.fromisoformat(content["maps"]["on"])
    return f"Đơn vị theo ngày {on:%d/%m/%Y}" if lang == "vi" else f"Units as of {on.day} {on:%B %Y}"


def untold_text(content: Content, lang: str) -> str:
    """Say which columns how many units have no figure in, because no source of theirs can tell; empty when none."""
    rows = table_rows(content, "unit")
    not_known = content.get("not_known", {"columns": [], "unit_ids": []})
    told = []
    for column in content["columns"]:
        untold = [row for row in rows if column["code"] not in row["figures"]]
        if column["code"] in not_known["columns"]:
            untold = [row for row in untold if row["unit_id"] not in not_known["unit_ids"]]
        if "percent" not in column and untold:
            told.append((column["label"].split("=")[0], len(untold)))
    texts = (_of_facts(told, len(rows), lang), _of_openings(content, lang))
    return " ".join(filter(None, texts))


def _of_openings(content: Content, lang: str) -> str:
    """Say which columns are not known because it is not known what was open before the period; empty when none."""
    not_known = content.get("not_known")
    if not not_known:
        return ""
    labels = [column["label"].split("=")[0] for column in content["columns"] if column["code"] in not_known["columns"]]
    units = f"{len(not_known['unit_ids'])}/{len(table_rows(content, 'unit'))}"
    if lang == "vi":
        return (
            f"Dấu – ở cột {', '.join(labels)} là chưa biết, không phải số 0: {units} đơn vị chưa có đủ số hồ sơ đang"
            " giải quyết từ trước kỳ báo cáo."
        )
    return (
        f"A dash in columns {', '.join(labels)} is not known, which is not 0: of {units} units it is not known what was"
        " open before the period."
    )


def _of_facts(told: list[tuple[str, int]], units: int, lang: str) -> str:
    if not told:
        return ""
    listed = "; ".join(f"{label} {count}/{units}" for label, count in told)
    if lang == "vi":
        return (
            f"Dấu – là chỉ tiêu mà nguồn dữ liệu không cung cấp, không phải số 0. Cột và số đơn vị chưa có: {listed}."
        )
    return f"A dash is what no source of the unit can tell, which is not 0. Columns and units without them: {listed}."


def against_text(content: Content, lang: str) -> str:
    """Say what a change is the difference from: the day before, or the period before."""
    if content["period"]["type"] == "DAY":
        return "so với hôm trước" if lang == "vi" else "from the day before"
    return "so với kỳ trước" if lang == "vi" else "from the period before"


def period_text(content: Content, lang: str) -> str:
    """Say the days of the period in a language."""
    first, last = (date.fromisoformat(content["period"][end]) for end in ("from", "to"))
    if first == last:
        return f"Ngày {first:%d/%m/%Y}" if lang == "vi" else f"{first.day} {first:%B %Y}"
    if lang == "vi":
        return f"Từ ngày {first:%d/%m/%Y} đến ngày {last:%d/%m/%Y}"
    return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"


def read_at_text(content: Content) -> str:
    """Say when the figures were read, in Vietnam's time: `05:27 22/11/2026`."""
    return f"{_local(content):%H:%M %d/%m/%Y}"


def _local(content: Content) -> datetime:
    return datetime.fromisoformat(content["read_at"]).astimezone(ZoneInfo(TIMEZONE))


def cell_counts(content: Content) -> list[tuple[str, int]]:
    """Return how many sources are in each cell, in the order of the list, without the empty ones."""
    counts: dict[str, int] = dict.fromkeys(CELLS, 0)
    for cell in content["cells"]:
        counts[cell_code(cell["cell"])] += 1
    return [(name, count) for name, count in counts.items() if count]
