"""Compares what a province published with what an edition computes, and a stated percentage with its own counts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from motcua.catalog import LEVELS
from motcua.errors import CatalogError
from motcua.percentage import percentage
from motcua.publish.edition.content import table_rows
from motcua.publish.edition.editions import Edition
from motcua.reconcile.stated import check_stated
from motcua.settings import Settings

Verdict = Literal["reproduced", "differs", "contradicts_itself"]
COLUMNS = (
    "province", "period_label", "from_date", "to_date", "level", "metric",
    "numerator", "denominator", "stated", "unit", "note",
)  # fmt: skip

# Each metric as (columns of the numerator, columns of the denominator) of form II.06a. "Received" in a published text
# means received in the period. The base of an on-time share is what was resolved; where only a share was published,
# the number printed with it is the number received (Vĩnh Phúc 2020; the base is not stated: inferred).
_RECEIVED = ("received_online", "received_direct")
_METRICS: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "dossiers_received": ("received", "hồ sơ tiếp nhận", _RECEIVED, ()),
    "online_share": ("received online", "hồ sơ trực tuyến", ("received_online",), _RECEIVED),
    "resolved": ("resolved", "hồ sơ đã giải quyết", ("resolved_total",), _RECEIVED),
    "resolved_on_time": (
        "resolved early or on time", "hồ sơ trước hạn và đúng hạn",
        ("resolved_early", "resolved_on_time"), ("resolved_total",),
    ),
}  # fmt: skip
_LEVEL_NAMES = {"province": ("province level", "cấp tỉnh"), "district": ("district level", "cấp huyện"),
                "commune": ("commune level", "cấp xã")}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """One published figure beside the computed one. Figures are counts or percentages with 2 decimals."""

    metric: str
    level: str
    name_en: str
    name_vi: str
    published: Decimal
    computed: Decimal | None
    is_percentage: bool
    verdict: Verdict
    verdict_en: str
    verdict_vi: str

    @property
    def is_reproduced(self) -> bool:
        """True when the edition gives the published figure, or the published one contradicts its own counts."""
        return self.verdict != "differs"


def compare_published(edition: Edition, path: Path | None = None) -> list[Comparison]:
    """Return a row for each figure published for the edition's province and days that form II.06a can give.

    Counts must agree to the unit. A stated percentage is recomputed from its own published counts when both were
    published, and compared with the edition at its own precision otherwise.

    Args:
        path: published figures; `published_figures.csv` of the catalogue by default.
    """
    path = path or Settings.load().catalog_dir / "published_figures.csv"
    about_it = [row for row in _read(path) if _is_about(row, edition)]
    by_level = {row["metric"] for row in about_it if row["level"] in ("district", "commune")}
    comparisons: list[Comparison] = []
    for row in about_it:
        level = row["level"] if row["metric"] in by_level and row["level"] in LEVELS else "all"
        comparisons += _compare(row, level, _figures(edition, level))
    return list({(c.name_en, c.published): c for c in comparisons}.values())


def _read(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise CatalogError(f"There are no published figures at {path}.", action="restore the file.")
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise CatalogError(f"{path}:1: the columns {sorted(missing)} are missing.", action="add them.")
        yield from reader


def _is_about(row: dict[str, str], edition: Edition) -> bool:
    name = edition.unit_name.removeprefix("Tỉnh ").removeprefix("Thành phố ")
    days = (edition.from_date.isoformat(), edition.to_date.isoformat())
    return row["province"] == name and (row["from_date"], row["to_date"]) == days and row["metric"] in _METRICS


def _figures(edition: Edition, level: str) -> dict[str, int]:
    if level == "all":
        total: dict[str, int] = table_rows(edition.content, "total")[0]["figures"]
        return total
    for row in table_rows(edition.content, "level"):
        if row["level"] == level:
            figures: dict[str, int] = row["figures"]
            return figures
    return {}


def _compare(row: dict[str, str], level: str, figures: dict[str, int]) -> Iterator[Comparison]:
    name_en, name_vi, above, below = _METRICS[row["metric"]]
    where_en, where_vi = (f", {name}" for name in _LEVEL_NAMES[level]) if level in _LEVEL_NAMES else ("", "")
    numerator = _sum(figures, above)
    stated_count, stated_base = _count(row["numerator"]), _count(row["denominator"])

    def counted(en: str, vi: str, published: int, computed: int | None) -> Comparison:
        agrees = published == computed
        off = "" if computed is None else f"{computed - published:+,}"
        return Comparison(
            row["metric"], level, en + where_en, vi + where_vi, Decimal(published),
            None if computed is None else Decimal(computed), False,
            "reproduced" if agrees else "differs",
            "reproduced to the unit" if agrees else f"differs by {off or 'all: not computed'}",
            "đúng đến từng hồ sơ" if agrees else f"chênh lệch {off.replace(',', '.') or '(chưa tính được)'}",
        )  # fmt: skip

    if stated_count is not None:
        yield counted(name_en, name_vi, stated_count, numerator)
    if stated_base is not None:
        if stated_count is not None and below != _RECEIVED:
            base_en, base_vi, base = "resolved", "hồ sơ đã giải quyết", _sum(figures, below)
        else:
            base_en, base_vi, base = "received", "hồ sơ tiếp nhận", _sum(figures, _RECEIVED)
        yield counted(base_en, base_vi, stated_base, base)
    if row["stated"] and row["unit"] == "percent":
        yield _percentage(row, level, f"{name_en}, share{where_en}", f"tỷ lệ {name_vi}{where_vi}", figures)


def _percentage(row: dict[str, str], level: str, en: str, vi: str, figures: dict[str, int]) -> Comparison:
    _, _, above, below = _METRICS[row["metric"]]
    stated = Decimal(row["stated"])
    numerator, denominator = _sum(figures, above), _sum(figures, below)
    computed = percentage(numerator or 0, denominator or 0)
    own_count, own_base = _count(row["numerator"]), _count(row["denominator"])
    own = percentage(own_count, own_base) if own_count is not None and own_base is not None else None
    own_verdict = check_stated(_decimal(own_count), _decimal(own_base), stated).verdict
    agrees = check_stated(_decimal(numerator), _decimal(denominator), stated).verdict == "agrees"
    verdict: Verdict
    if own is not None and own_verdict != "agrees" and computed == own:
        verdict = "contradicts_itself"
        counts = f"{own_count:,} / {own_base:,}"
        text_en = f"{counts} = {own} %: the published {stated} % disagrees with its own counts"
        text_vi = (
            f"{counts.replace(',', '.')} = {_vi(own)} %: tỷ lệ công bố {_vi(stated)} % "
            "không khớp với chính số liệu đã công bố"
        )
    elif agrees:
        verdict, text_en, text_vi = "reproduced", "reproduced at its own precision", "đúng đến chữ số thập phân đã nêu"
    else:
        verdict = "differs"
        text_en = f"differs: computed {computed if computed is not None else 'nothing'}"
        text_vi = f"chênh lệch: tính được {_vi(computed) if computed is not None else 'chưa có'}"
    return Comparison(row["metric"], level, en, vi, stated, computed, True, verdict, text_en, text_vi)


def _vi(value: Decimal) -> str:
    return str(value).replace(".", ",")


def _decimal(count: int | None) -> Decimal | None:
    return None if count is None else Decimal(count)


def _count(text: str) -> int | None:
    return int(text) if text else None


def _sum(figures: dict[str, int], codes: tuple[str, ...]) -> int | None:
    if not figures or not codes:
        return None
    return sum(figures[code] for code in codes)
