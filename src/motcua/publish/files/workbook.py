"""The workbook of an edition, in the layout of its form: same edition, same bytes."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from motcua.catalog.cells import cell_text
from motcua.publish.edition.content import Content, table_rows
from motcua.publish.edition.editions import Edition
from motcua.publish.edition.restatement_text import cause_text, is_empty, notes
from motcua.publish.files.layout import (
    COMPLETENESS_NAMES,
    TABLE_NAMES,
    Line,
    against_text,
    beside_line,
    column_name,
    headings,
    lacking_text,
    lines,
    map_text,
    part_text,
    parts,
    period_text,
    read_at_text,
    untold_text,
    waived_text,
)

CODE_HEADING = "Mã"
SOURCES_SHEET = "Nguồn dữ liệu"
CHANGES_SHEET = "Thay đổi"
CHECKLIST_SHEET = "Điều kiện"
INDEX_SHEET = "Chỉ số"
_FONT = {"font_name": "Times New Roman", "font_size": 11, "valign": "vcenter"}


def workbook_bytes(edition: Edition) -> bytes:
    """Return the XLSX: a sheet for each breakdown, one for the sources, one for what a restatement changed.

    The unit's code stands in the last column, right of the printed area, for whoever reads the file by machine.
    """
    import xlsxwriter

    content = edition.shaped
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True})
    read_at = datetime.fromisoformat(content["read_at"]).replace(tzinfo=None, microsecond=0)
    book.set_properties(
        {
            "title": f"{content['report']['title_vi']} – {content['unit']['name']}",
            "subject": edition.edition_id,
            "comments": f"SHA-256 {edition.sha256}",
            "created": read_at,
        }
    )
    formats = _formats(book)
    for table, (name, _) in TABLE_NAMES.items():
        if table_rows(content, table):
            _write_table(book.add_worksheet(name), formats, edition, table)
    if "index" in content:
        _write_index(book.add_worksheet(INDEX_SHEET), formats, edition)
    for part in parts(content):
        _write_table(book.add_worksheet(f"Phần {part['part']}"), formats, edition, "unit", part)
    _write_sources(book.add_worksheet(SOURCES_SHEET), formats, edition)
    if "checklist" in content:
        _write_checklist(book.add_worksheet(CHECKLIST_SHEET), formats, edition)
    if "restates" in content and not is_empty(content["restates"]):
        _write_changes(book.add_worksheet(CHANGES_SHEET), formats, edition)
    book.close()
    return sink.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    wrapped = {**_FONT, "text_wrap": True}
    boxed = {**wrapped, "border": 1}
    figure = {**boxed, "num_format": "#,##0", "align": "right"}
    shaded = {"bg_color": "#E8EDF4", "bold": True}
    specs: dict[str, dict[str, Any]] = {
        "form_no": {**_FONT, "bold": True},
        "plain": {**_FONT},
        "unit": {**_FONT, "bold": True, "align": "right"},
        "title": {**wrapped, "bold": True, "font_size": 14, "align": "center"},
        "period": {**_FONT, "italic": True, "align": "center"},
        "final": {**wrapped, "bold": True, "align": "center", "font_color": "#1B5E20"},
        "provisional": {**wrapped, "bold": True, "align": "center", "font_color": "#B71C1C"},
        "note": {**wrapped, "font_size": 9, "italic": True},
        "hash": {**_FONT, "font_size": 9, "align": "center"},
        "heading": {**boxed, "bold": True, "align": "center", "bg_color": "#D9E2EF"},
        "number": {**boxed, "align": "center", "italic": True, "font_size": 9},
        "row_text": boxed,
        "row_number": {**boxed, "align": "center"},
        "row_figure": figure,
        "row_points": {**figure, "num_format": "0.00"},
        "section_points": {**figure, **shaded, "num_format": "0.00"},
        "section_text": {**boxed, **shaded},
        "section_number": {**boxed, **shaded, "align": "center"},
        "section_figure": {**figure, **shaded},
        "total_text": {**boxed, "bold": True, "bg_color": "#D9E2EF"},
        "total_number": {**boxed, "bold": True, "bg_color": "#D9E2EF"},
        "total_figure": {**figure, "bold": True, "bg_color": "#D9E2EF"},
        "missing_text": {**boxed, "bg_color": "#FFF1D6"},
        # A unit that did not answer has no zero: the cell holds the number, the eye sees a dash.
        "missing_figure": {**figure, "bg_color": "#FFF1D6", "num_format": '#,##0;-#,##0;"–"'},
        "code": {**_FONT, "font_size": 9, "font_color": "#7A869A"},
    }
    shares = {
        name.replace("_figure", "_share"): {**spec, "num_format": "0.00"}
        for name, spec in specs.items()
        if name.endswith("_figure")
    }
    return {name: book.add_format(spec) for name, spec in (specs | shares).items()}


def _write_table(
    sheet: Any, formats: dict[str, Any], edition: Edition, table: str, part: Content | None = None
) -> None:
    content = edition.shaped
    columns = content["columns"]
    changes = {
        (row["unit_id"] or row["row_code"]): row["figures"]
        for code in (table, "level", "total")
        for row in (() if part else table_rows(content, f"{code}_change"))
    }
    changed = [column for column in columns if any(column["code"] in figures for figures in changes.values())]
    last = 1 + len(columns) + len(changed)
    top = _write_head(sheet, formats, edition, last, part)
    depth = 1 + max(heading.row for heading in headings(columns))
    _merge(sheet, top, 0, depth, 1, "STT", formats["heading"])
    name = content["report"]["row_heading_vi"] if table != "field" else "Lĩnh vực"
    _merge(sheet, top, 1, depth, 1, name, formats["heading"])
    for heading in headings(columns):
        _merge(
            sheet, top + heading.row, 2 + heading.column, heading.rows, heading.columns, heading.vi, formats["heading"]
        )
    for index, column in enumerate(changed):
        against = against_text(content, "vi")
        label = f"{against[0].upper()}{against[1:]}: {' – '.join(column['vi'])}"
        _merge(sheet, top, 2 + len(columns) + index, depth, 1, label, formats["heading"])
    for level in range(depth):
        sheet.set_row(top + level, 50 if level == depth - 1 else 20)
    row = top + depth
    labels = ["(1)", "(2)", *(column["label"] for column in columns), *("" for _ in changed)]
    for index, label in enumerate(labels):
        sheet.write_string(row, index, label, formats["number"])
    sheet.write_string(row, last + 1, CODE_HEADING, formats["code"])
    sheet.freeze_panes(row + 1, 2)
    sheet.repeat_rows(top, row)
    for line in lines(content, table, part["part"] if part else 0):
        row += 1
        kind = "missing" if line.kind == "row" and line.cell != "received" else line.kind
        name = line.name_vi if kind != "missing" else f"{line.name_vi} [{cell_text(line.cell, 'vi').lower()}]"
        sheet.write_string(row, 0, line.number, formats[f"{line.kind}_number"])
        sheet.write_string(row, 1, name, formats[f"{kind}_text"])
        # Where only the opening is not known, a 0 is an answer.
        figure = "row" if kind == "missing" and line.cell == "opening_not_known" else kind
        for index, column in enumerate(columns):
            _write_cell(sheet, row, 2 + index, line, column, formats, figure)
        change = changes.get(line.unit_id or line.row_code, {})
        for index, column in enumerate(changed):
            place, code = 2 + len(columns) + index, column["code"]
            if code in change:
                sheet.write_number(row, place, change[code], formats[f"{figure}_figure"])
            else:
                sheet.write_string(row, place, "–", formats[f"{figure}_figure"])
        sheet.write_string(row, last + 1, line.row_code, formats["code"])
    note = " ".join(filter(None, (content["report"]["counted_vi"], untold_text(content, "vi"))))
    sheet.merge_range(row + 2, 0, row + 2, last, note, formats["note"])
    if told := content.get("maps", {}).get("explanation", {}).get("vi"):
        row += 1
        sheet.merge_range(row + 2, 0, row + 2, last, told, formats["note"])
        sheet.set_row(row + 2, 13 * (1 + len(told) // 170))
    sheet.set_column(0, 0, 5)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, last, 11.5)
    sheet.set_column(last + 1, last + 1, 12)
    _print_setup(sheet, edition, row + 2, last)


def _write_cell(sheet: Any, row: int, place: int, line: Line, column: Any, formats: dict[str, Any], kind: str) -> None:
    """Write a count, a percentage or, for what no source tells, a dash; a share of nothing stays blank."""
    code = column["code"]
    if "percent" in column:
        share = line.percentages[code]
        if share:
            sheet.write_number(row, place, float(share), formats[f"{kind}_share"])
        else:
            sheet.write_blank(row, place, None, formats[f"{kind}_share"])
    elif code in line.figures:
        sheet.write_number(row, place, line.figures[code], formats[f"{kind}_figure"])
    else:
        sheet.write_string(row, place, "–", formats[f"{kind}_figure"])


def _write_head(sheet: Any, formats: dict[str, Any], edition: Edition, last: int, part: Content | None = None) -> int:
    content = edition.shaped
    report = content["report"]
    middle = last // 2
    sheet.set_default_row(18)
    form_no = f"Biểu số {report['form_no']}" if report["form_no"] else ""
    sheet.merge_range(0, 0, 0, middle, form_no, formats["form_no"])
    sheet.merge_range(0, middle + 1, 0, last, content["unit"]["name"], formats["unit"])
    source = f"Ban hành theo {report['legal_source']}" if report["legal_source"] else ""
    sheet.merge_range(1, 0, 1, middle, source, formats["plain"])
    sheet.merge_range(2, 0, 2, last, report["title_vi"].upper(), formats["title"])
    sheet.set_row(2, 22)
    read_on = part_text(part, "vi") if part else map_text(content, "vi")
    said = f"Kỳ báo cáo: {period_text(content, 'vi')}{f'. {read_on}' if read_on else ''}"
    sheet.merge_range(3, 0, 3, last, said, formats["period"])
    head = f"{COMPLETENESS_NAMES[edition.completeness][0]} – ấn bản số {edition.edition_no}"
    lacking = " ".join(filter(None, (lacking_text(content, "vi"), waived_text(content, "vi"))))
    sheet.merge_range(4, 0, 4, last, f"{head}. {lacking}".strip(), formats[edition.completeness])
    if lacking:
        sheet.set_row(4, 18 * (1 + len(head + lacking) // 120))
    origin = f"{edition.edition_id} – số liệu lúc {read_at_text(content)} – SHA-256 {edition.sha256}"
    sheet.merge_range(5, 0, 5, last, origin, formats["hash"])
    return 7


def _write_index(sheet: Any, formats: dict[str, Any], edition: Edition) -> None:
    """Write the rows of an index: counts as numbers, points as numbers, an absent figure as an empty cell."""
    said = edition.shaped["index"]
    names = said["headings"]["vi"]
    top = _write_head(sheet, formats, edition, len(names) - 1)
    for index, name in enumerate(names):
        sheet.write_string(top, index, name, formats["heading"])
    figures = {row["row_code"]: row["figures"] for row in table_rows(edition.shaped, "index")}
    row = top
    for row, line in enumerate(said["rows"], start=top + 1):
        kind = "section" if line["is_group"] == "yes" else "row"
        counts = figures.get(line["vi"][0], {})
        for index, value in enumerate(line["vi"]):
            code = {2: "numerator", 3: "denominator"}.get(index, "")
            if code in counts:
                sheet.write_number(row, index, counts[code], formats[f"{kind}_figure"])
            elif 5 <= index <= 6 and value:
                number = float(value.replace(",", "."))
                shown = "figure" if index == 6 and number.is_integer() else "points"
                sheet.write_number(row, index, number, formats[f"{kind}_{shown}"])
            elif index == 4:
                sheet.write_string(row, index, value, formats[f"{kind}_figure"])
            else:
                sheet.write_string(row, index, value, formats[f"{kind}_text"])
        sheet.set_row(row, 17 * max(1, -(-len(line["vi"][7]) // 52), -(-len(line["vi"][1]) // 40)))
    for sentence in said["summary"]["vi"]:
        row += 1
        sheet.merge_range(row + 1, 0, row + 1, len(names) - 1, sentence, formats["plain"])
    note = edition.shaped["report"]["counted_vi"]
    sheet.merge_range(row + 3, 0, row + 3, len(names) - 1, note, formats["note"])
    sheet.set_row(row + 3, 14 * -(-len(note) // 150))
    sheet.freeze_panes(top + 1, 2)
    sheet.repeat_rows(top)
    for index, width in enumerate((7, 44, 12, 12, 11, 9, 9, 56)):
        sheet.set_column(index, index, width)
    _print_setup(sheet, edition, row + 3, len(names) - 1)


def _write_sources(sheet: Any, formats: dict[str, Any], edition: Edition) -> None:
    names = ("STT", "Nguồn", "Tên nguồn", "Mã đơn vị", "Tình trạng", "Từ ngày", "Đến ngày", "Số lô dữ liệu")
    top = _write_head(sheet, formats, edition, len(names) - 1)
    for index, name in enumerate(names):
        sheet.write_string(top, index, name, formats["heading"])
    row = top
    for row, cell in enumerate(edition.shaped["cells"], start=top + 1):
        kind = "row" if cell["cell"] == "received" else "missing"
        sheet.write_number(row, 0, row - top, formats["row_number"])
        values = (
            cell["source_id"], cell["source_name"], cell["row_code"], cell_text(cell["cell"], "vi"),
            f"{datetime.fromisoformat(cell['from']):%d/%m/%Y}", f"{datetime.fromisoformat(cell['to']):%d/%m/%Y}",
        )  # fmt: skip
        for index, value in enumerate(values, start=1):
            sheet.write_string(row, index, value, formats[f"{kind}_text"])
        sheet.write_number(row, 7, len(cell["batches"]), formats[f"{kind}_figure"])
    sheet.freeze_panes(top + 1, 0)
    sheet.repeat_rows(top)
    for index, width in enumerate((5, 22, 52, 12, 24, 13, 13, 12)):
        sheet.set_column(index, index, width)
    _print_setup(sheet, edition, row, len(names) - 1)


def _write_changes(sheet: Any, formats: dict[str, Any], edition: Edition) -> None:
    """Write each figure that changed with its cause, then what else changed and the rules that did."""
    content = edition.shaped
    names = ("Mã", "Đơn vị", "Cột", "Ấn bản trước", "Ấn bản này", "Chênh lệch", "Nguyên nhân")
    top = _write_head(sheet, formats, edition, len(names) - 1)
    for index, name in enumerate(names):
        sheet.write_string(top, index, name, formats["heading"])
    row = top
    for changed in content["restates"]["rows"]:
        causes = "; ".join(cause_text(cause, "vi") for cause in changed["causes"])
        for column in changed["columns"]:
            row += 1
            heading = column_name(content, column["column_code"], "vi")
            sheet.set_row(row, 17 * max(1 + len(causes) // 62, 1 + len(heading) // 44))
            sheet.write_string(row, 0, changed["row_code"], formats["row_text"])
            of_part = f"Phần {changed['part']}: " if "part" in changed else ""
            sheet.write_string(row, 1, of_part + changed["row_name"], formats["row_text"])
            sheet.write_string(row, 2, heading, formats["row_text"])
            before, after = column.get("before"), column.get("after")
            difference = None if before is None or after is None else after - before
            for place, value in enumerate((before, after, difference), start=3):
                if value is None:
                    sheet.write_string(row, place, "–", formats["row_figure"])
                else:
                    sheet.write_number(row, place, value, formats["row_figure"])
            sheet.write_string(row, 6, causes, formats["row_text"])
    for sentence in notes(content["restates"], "vi"):
        row += 1
        sheet.merge_range(row, 0, row, len(names) - 1, sentence, formats["row_text"])
        sheet.set_row(row, 17 * (1 + len(sentence) // 170))
    sheet.freeze_panes(top + 1, 0)
    sheet.repeat_rows(top)
    for index, width in enumerate((9, 36, 44, 12, 12, 12, 60)):
        sheet.set_column(index, index, width)
    _print_setup(sheet, edition, row, len(names) - 1)


def _write_checklist(sheet: Any, formats: dict[str, Any], edition: Edition) -> None:
    """Write what final asks, line by line, then what is set aside by unit."""
    content = edition.shaped
    names = ("STT", "Điều kiện", "Đạt", "Còn thiếu, hoặc được bỏ qua")
    top = _write_head(sheet, formats, edition, len(names) - 1)
    for index, name in enumerate(names):
        sheet.write_string(top, index, name, formats["heading"])
    row = top
    for row, line in enumerate(content["checklist"], start=top + 1):
        kind = "row" if line["is_met"] == "yes" else "missing"
        missing = "; ".join(what["vi"] for what in beside_line(line))
        sheet.write_number(row, 0, row - top, formats["row_number"])
        told = (line["vi"], "Đạt" if line["is_met"] == "yes" else "Chưa đạt", missing)
        for index, value in enumerate(told, start=1):
            sheet.write_string(row, index, value[:32_000], formats[f"{kind}_text"])
        sheet.set_row(row, min(400, 17 * (1 + len(missing) // 90)))
    row += 2
    for index, name in enumerate(("Mã", "Đơn vị có bản ghi bị giữ lại", "Số bản ghi", "Tổng số; tỷ lệ; theo quy tắc")):
        sheet.write_string(row, index, name, formats["heading"])
    if not content["set_aside"]["units"]:
        row += 1
        sheet.write_string(row, 1, "Không có", formats["row_text"])
    for unit in content["set_aside"]["units"]:
        row += 1
        rules = ", ".join(f"{rule['rule_id']}: {rule['records']}" for rule in unit["rules"])
        sheet.write_string(row, 0, unit["row_code"], formats["row_text"])
        sheet.write_string(row, 1, unit["name"] or "Không rõ đơn vị", formats["row_text"])
        sheet.write_number(row, 2, unit["records"], formats["row_figure"])
        share = unit["share"].replace(".", ",")
        sheet.write_string(row, 3, f"{unit['of']}; {share} %; {rules}", formats["row_text"])
    shown = {rule["rule_id"] for unit in content["set_aside"]["units"] for rule in unit["rules"]}
    for rule in content.get("rule_texts", ()):
        if rule["rule_id"] in shown:
            row += 1
            sheet.write_string(row, 0, rule["rule_id"], formats["row_text"])
            sheet.write_string(row, 1, rule["vi"], formats["row_text"])
    for index, width in enumerate((9, 60, 12, 90)):
        sheet.set_column(index, index, width)
    _print_setup(sheet, edition, row, len(names) - 1)


def _print_setup(sheet: Any, edition: Edition, last_row: int, last_column: int) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.print_area(0, 0, last_row, last_column)
    sheet.set_footer(f"&L&8{edition.edition_id}&R&8Trang &P/&N")
    sheet.hide_gridlines(2)


def _merge(sheet: Any, row: int, column: int, rows: int, columns: int, value: str, style: Any) -> None:
    if rows == 1 and columns == 1:
        sheet.write_string(row, column, value, style)
    else:
        sheet.merge_range(row, column, row + rows - 1, column + columns - 1, value, style)
