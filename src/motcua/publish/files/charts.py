"""Charts of an edition as SVG, drawn from Vega-Lite specs without a browser and without a script in the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

from motcua.percentage import count_text, percentage, percentage_text
from motcua.publish.edition.content import Content, table_rows
from motcua.publish.files.highlights import summed

BLUE, PALE, AMBER, RED = "#1f4e8c", "#a9c1e0", "#c98a1b", "#a8322d"
BARS = [BLUE, PALE, AMBER, RED]
COLOURS = {"blue": BLUE, "amber": AMBER, "red": RED}
UNTOLD = "–"  # what no source tells is not 0
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
    """Return the charts that a report's form names, in Vietnamese (`vi`) or English (`en`)."""
    draw = {"counts_by_level": _counts_by_level, "share_by_level": _share_by_level, "most_by_unit": _most_by_unit}
    drawn = (draw[chart["kind"]](content, chart, lang) for chart in content["display"]["charts"])
    return [chart for chart in drawn if chart is not None]


def _counts_by_level(content: Content, chart: Content, lang: str) -> Chart | None:
    """Draw counts side by side; one that no source tells has no bar, and says so."""
    values = [
        {
            "level": _level_name(row["level"], lang),
            "kind": bar[lang],
            "count": row["figures"].get(bar["column"], 0),
            "label": count_text(row["figures"][bar["column"]], lang) if bar["column"] in row["figures"] else UNTOLD,
        }
        for row in table_rows(content, "level")
        for bar in chart["bars"]
    ]
    if not values:
        return None
    names = [bar[lang] for bar in chart["bars"]]
    spec = {
        "height": 26 * len(values),
        "data": {"values": values},
        "encoding": {
            "y": _levels_axis(content, lang),
            "yOffset": {"field": "kind", "sort": names},
            "x": {"field": "count", "type": "quantitative", "axis": None},
        },
        "layer": [
            {"mark": "bar", "encoding": {"color": {
                "field": "kind", "type": "nominal", "sort": names,
                "scale": {"domain": names, "range": BARS[: len(names)]}, "legend": {"title": None, "orient": "top"}}}},
            {"mark": {"type": "text", "align": "left", "dx": 4}, "encoding": {"text": {"field": "label"}}},
        ],
    }  # fmt: skip
    told = "; ".join(f"{v['level']}, {v['kind'].lower()}: {v['label']}" for v in values)
    return _drawn(chart, lang, spec, told)


def _share_by_level(content: Content, chart: Content, lang: str) -> Chart | None:
    values = []
    for row in table_rows(content, "level"):
        part, whole = (summed(row["figures"], chart[end]) for end in ("of", "among"))
        share = None if part is None or whole is None else percentage(part, whole)
        nothing = UNTOLD if part is None or whole is None else "không có hồ sơ" if lang == "vi" else "no dossiers"
        values.append(
            {
                "level": _level_name(row["level"], lang),
                "share": 0 if share is None else float(share),
                "label": nothing if share is None else percentage_text(part or 0, whole or 0, lang),
            }
        )
    if not values:
        return None
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
    return _drawn(chart, lang, spec, "; ".join(f"{value['level']}: {value['label']}" for value in values))


def _most_by_unit(content: Content, chart: Content, lang: str, limit: int = 10) -> Chart | None:
    column = chart["column"]
    rows = [row for row in table_rows(content, "unit") if row["figures"].get(column, 0) > 0]
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: (-row["figures"][column], row["row_code"]))[:limit]
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
            {"mark": {"type": "bar", "color": COLOURS[chart["colour"]]}},
            {"mark": {"type": "text", "align": "left", "dx": 4},
             "encoding": {"text": {"field": "label"}}},
        ],
    }  # fmt: skip
    return _drawn(chart, lang, spec, "; ".join(f"{value['unit']}: {value['label']}" for value in values))


def _drawn(chart: Content, lang: str, spec: dict[str, Any], told: str) -> Chart:
    heading, code = chart[lang], chart["code"]
    return Chart(code, heading, f"{told}.", _svg(spec, heading, told, f"{code}-{lang}"))


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
