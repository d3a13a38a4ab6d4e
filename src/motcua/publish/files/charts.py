"""Charts of an edition as SVG, drawn from Vega-Lite specs without a browser and without a script in the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

from motcua.percentage import count_text, percentage, percentage_text
from motcua.publish.edition.content import Content, table_rows

BLUE, PALE, AMBER, RED = "#1f4e8c", "#a9c1e0", "#c98a1b", "#a8322d"
_FONT = "Segoe UI, Roboto, Noto Sans, Arial, sans-serif"
_LEVELS = {
    "province": ("Cấp tỉnh", "Province"),
    "district": ("Cấp huyện", "District"),
    "commune": ("Cấp xã", "Commune"),
}


@dataclass(frozen=True)
class Chart:
    """A chart in one language: a heading, a sentence that says the same in words, and the SVG."""

    code: str
    heading: str
    description: str
    svg: str


def charts(content: Content, lang: str) -> list[Chart]:
    """Return the charts that a report's columns allow, in Vietnamese (`vi`) or English (`en`)."""
    codes = {column["code"] for column in content["columns"]}
    found: list[Chart | None] = []
    if "received_online" in codes:
        found += [_received(content, lang), _on_time(content, lang)]
    if "received" in codes:
        found.append(_flows(content, lang))
    if "due_soon" in codes:
        found.append(_most(content, lang, "due_soon", AMBER))
    if "open_overdue" in codes:
        found.append(_most(content, lang, "open_overdue", RED))
    return [chart for chart in found if chart is not None]


def _received(content: Content, lang: str) -> Chart:
    vi = lang == "vi"
    kinds = [
        ("received_online", "Trực tuyến" if vi else "Online"),
        ("received_direct", "Trực tiếp, bưu chính" if vi else "In person, post"),
    ]
    heading = "Hồ sơ nhận trong kỳ theo hình thức nộp" if vi else "Dossiers received, by how they were submitted"
    return _by_level(content, lang, "received", heading, kinds)


def _flows(content: Content, lang: str) -> Chart:
    vi = lang == "vi"
    kinds = [
        ("received", "Tiếp nhận" if vi else "Received"),
        ("resolved_total", "Đã giải quyết" if vi else "Resolved"),
    ]
    heading = "Tiếp nhận và giải quyết trong ngày" if vi else "Received and resolved that day"
    return _by_level(content, lang, "flows", heading, kinds)


def _by_level(content: Content, lang: str, code: str, heading: str, kinds: list[tuple[str, str]]) -> Chart:
    values = [
        {
            "level": _level_name(row["level"], lang),
            "kind": name,
            "count": row["figures"][column],
            "label": count_text(row["figures"][column], lang),
        }
        for row in table_rows(content, "level")
        for column, name in kinds
    ]
    names = [name for _, name in kinds]
    spec = {
        "height": 52 * len(table_rows(content, "level")),
        "data": {"values": values},
        "encoding": {
            "y": _levels_axis(content, lang),
            "yOffset": {"field": "kind", "sort": names},
            "x": {"field": "count", "type": "quantitative", "axis": None},
        },
        "layer": [
            {"mark": "bar", "encoding": {"color": {
                "field": "kind", "type": "nominal", "sort": names,
                "scale": {"domain": names, "range": [BLUE, PALE]}, "legend": {"title": None, "orient": "top"}}}},
            {"mark": {"type": "text", "align": "left", "dx": 4}, "encoding": {"text": {"field": "label"}}},
        ],
    }  # fmt: skip
    told = "; ".join(f"{v['level']}, {v['kind'].lower()}: {v['label']}" for v in values)
    return Chart(code, heading, f"{told}.", _svg(spec, heading, told, f"{code}-{lang}"))


def _on_time(content: Content, lang: str) -> Chart:
    vi = lang == "vi"
    heading = "Tỷ lệ giải quyết trước hạn và đúng hạn" if vi else "Share resolved early or on time"
    values = []
    for row in table_rows(content, "level"):
        figures = row["figures"]
        done = figures["resolved_early"] + figures["resolved_on_time"]
        share = percentage(done, figures["resolved_total"])
        label = percentage_text(done, figures["resolved_total"], lang)
        values.append(
            {
                "level": _level_name(row["level"], lang),
                "share": float(share) if share is not None else 0,
                "label": label or ("không có hồ sơ" if vi else "no dossiers"),
            }
        )
    spec = {
        "height": 34 * len(values),
        "data": {"values": values},
        "encoding": {
            "y": _levels_axis(content, lang),
            "x": {"field": "share", "type": "quantitative", "axis": None, "scale": {"domain": [0, 122]}},
        },
        "layer": [
            {"mark": {"type": "bar", "color": BLUE}},
            {"mark": {"type": "text", "align": "left", "dx": 5, "fontWeight": "bold"},
             "encoding": {"text": {"field": "label"}}},
        ],
    }  # fmt: skip
    told = "; ".join(f"{value['level']}: {value['label']}" for value in values)
    return Chart("on_time", heading, f"{told}.", _svg(spec, heading, told, f"on_time-{lang}"))


def _most(content: Content, lang: str, column: str, colour: str, limit: int = 10) -> Chart | None:
    rows = [row for row in table_rows(content, "unit") if row["figures"][column] > 0]
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: (-row["figures"][column], row["row_code"]))[:limit]
    vi = lang == "vi"
    headings = {
        "open_overdue": ("Đơn vị có nhiều hồ sơ quá hạn chưa giải quyết nhất", "Units with most overdue dossiers"),
        "due_soon": ("Đơn vị có nhiều hồ sơ sắp đến hạn nhất", "Units with most dossiers falling due"),
    }
    heading = headings[column][0 if vi else 1]
    values = [
        {
            "unit": row["row_name"],
            "count": row["figures"][column],
            "label": count_text(row["figures"][column], lang),
        }
        for row in rows
    ]
    spec = {
        "height": 24 * len(values),
        "data": {"values": values},
        "encoding": {
            "y": {
                "field": "unit", "type": "nominal", "sort": None,
                "axis": {"title": None, "labelLimit": 240, "minExtent": 205, "ticks": False, "domain": False},
            },
            "x": {"field": "count", "type": "quantitative", "axis": None},
        },
        "layer": [
            {"mark": {"type": "bar", "color": colour}},
            {"mark": {"type": "text", "align": "left", "dx": 4},
             "encoding": {"text": {"field": "label"}}},
        ],
    }  # fmt: skip
    told = "; ".join(f"{value['unit']}: {value['label']}" for value in values)
    return Chart(column, heading, f"{told}.", _svg(spec, heading, told, f"{column}-{lang}"))


def _levels_axis(content: Content, lang: str) -> dict[str, Any]:
    names = [_level_name(row["level"], lang) for row in table_rows(content, "level")]
    return {
        "field": "level", "type": "nominal", "sort": names,
        "axis": {"title": None, "ticks": False, "domain": False},
    }  # fmt: skip


def _level_name(level: str, lang: str) -> str:
    return _LEVELS[level][0 if lang == "vi" else 1]


def _svg(spec: dict[str, Any], title: str, description: str, key: str) -> str:
    """Draw a spec; namespaces are dropped, because inline SVG needs none and the page is to hold no address."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(
        {"width": 300, "padding": {"left": 5, "right": 40, "top": 5, "bottom": 5}, "background": "transparent", **spec},
        config={
            "font": _FONT,
            "aria": False,
            "view": {"stroke": None},
            "axis": {"labelFontSize": 12, "labelColor": "#1b2733", "grid": False},
            "legend": {"labelFontSize": 12, "labelColor": "#1b2733"},
            "text": {"fontSize": 12, "color": "#1b2733"},
            "bar": {"height": {"band": 0.72}},
        },
    )
    drawn = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", drawn)
    opening = f'<svg role="img" aria-labelledby="{key}-title {key}-desc" '
    inside = f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-desc">{escape(description)}</desc>'
    head, _, rest = drawn.partition(">")
    return head.replace("<svg ", opening, 1) + ">" + inside + rest
