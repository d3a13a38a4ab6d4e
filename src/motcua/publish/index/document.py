"""An index as the content of an edition: strings and whole numbers, so that its bytes are canonical."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from motcua.catalog.index import Definition, report_of
from motcua.publish.form.figures import unit_json
from motcua.publish.index import wording
from motcua.publish.index.score import ItemScore
from motcua.publish.index.standing import Standing

_COLUMNS = (
    ("numerator", "Tử số", "Numerator"),
    ("denominator", "Mẫu số", "Denominator"),
    ("score_hundredths", "Điểm (phần trăm điểm)", "Score (hundredths)"),
    ("max_available_hundredths", "Điểm tối đa có số liệu (phần trăm điểm)", "Maximum available (hundredths)"),
)
_COUNTED_VI = (
    "Chỉ tiêu không có số liệu không tính là 0: khi đó chỉ nêu mức ít nhất và nhiều nhất; mẫu số bằng 0 được nêu riêng."
    " Căn cứ: [C-law] văn bản; [C-data] số liệu Cổng Dịch vụ công quốc gia trả về; [C-code] mã nguồn, tài liệu của phần"
    " mềm nối với hệ thống quốc gia; [BG] hiểu biết chung và [INF] suy luận, cần đối chiếu; [NC] chưa tìm thấy."
)
_COUNTED_EN = (
    "A row that is not available is not zero: only the least and the most are told then; a denominator of 0 is told"
    " apart. Evidence: [C-law] a legal text; [C-data] figures the National Portal returned; [C-code] code or papers of"
    " software that talks to it; [BG] background knowledge and [INF] inferred, to be checked; [NC] not found."
)


def index_content(standing: Standing) -> dict[str, Any]:
    """Return what an edition of the index says: report, unit, period, columns, tables, and the index row by row.

    A figure that is not there is absent, never 0. Points are whole hundredths in the tables and texts in the rows.
    """
    definition = standing.score.definition
    rows = [
        {
            "row_code": one.item.id,
            "row_name": one.item.vi,
            "level": "",
            "unit_id": "",
            "figures": _figures(one),
        }
        for one in standing.score.items
    ]
    totals = {
        "score_hundredths": _hundredths(standing.score.total),
        "max_available_hundredths": _hundredths(standing.score.max_available),
    }
    total = {"row_code": "total", "row_name": "Tổng điểm", "level": "", "unit_id": "", "figures": _known(totals)}
    return {
        "report": _report(definition),
        "unit": unit_json(standing.unit),
        "period": standing.period.as_json(),
        "display": index_display(definition),
        "sections": [],
        "columns": index_columns(),
        "tables": [{"code": "index", "rows": rows}, {"code": "total", "rows": [total]}],
        "index": {
            "variant": definition.variant,
            "evidence": definition.evidence,
            "rows": [
                {"vi": list(vi), "en": list(en), "is_group": "no" if vi[0] else "yes"}
                for vi, en in zip(_lines(standing, "vi"), _lines(standing, "en"), strict=True)
            ],
            "headings": {lang: list(wording.headings(lang)) for lang in ("vi", "en")},
            "summary": {lang: list(wording.standing_summary(standing, lang)) for lang in ("vi", "en")},
            "range": _range(standing),
            "marks": {one.item.id: one.item.evidence for one in standing.score.items},
        },
    }


def _range(standing: Standing) -> dict[str, str]:
    """Return the least and the most of 100, and the class where it is known, as texts."""
    scored = standing.score
    said = {"at_least": scored.at_least, "at_most": scored.at_most}
    known = {name: str(value) for name, value in said.items() if value is not None}
    return known if scored.band is None else {**known, "class_vi": scored.band.vi, "class_en": scored.band.en}


def index_columns() -> list[dict[str, Any]]:
    """Return the columns of an index's tables."""
    return [
        {"number": number, "code": code, "label": f"({number})", "vi": [vi], "en": [en]}
        for number, (code, vi, en) in enumerate(_COLUMNS, start=3)
    ]


def index_display(definition: Definition) -> dict[str, Any]:
    """Return how the page of an index is headed: its mark; it has no tiles, rates or charts."""
    return {"mark": definition.mark.model_dump(), "tiles": [], "rates": [], "charts": []}


def _report(definition: Definition) -> dict[str, str]:
    return {
        "code": report_of(definition.index),
        "form_no": "",
        "title_vi": definition.title_vi,
        "title_en": definition.title_en,
        "legal_source": definition.legal_source,
        "counted_vi": _COUNTED_VI,
        "counted_en": _COUNTED_EN,
        "row_heading_vi": "Chỉ tiêu",
        "row_heading_en": "Indicator",
    }


def _figures(one: ItemScore) -> dict[str, int]:
    counts = one.counts
    return _known(
        {
            "numerator": None if counts is None else int(counts.numerator),
            "denominator": None if counts is None or counts.denominator is None else int(counts.denominator),
            "score_hundredths": _hundredths(one.score),
        }
    )


def _known(figures: Mapping[str, int | None]) -> dict[str, int]:
    return {code: value for code, value in figures.items() if value is not None}


def _hundredths(points: Decimal | None) -> int | None:
    return None if points is None else int(points * 100)


def _lines(standing: Standing, lang: str) -> list[tuple[str, ...]]:
    return list(wording.lines(standing.score, standing.gaps, standing.notes, lang))
