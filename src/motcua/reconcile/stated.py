"""Holds a stated percentage against the counts that came with it: rule V15 of domain.md section 9, examples in 10.

A percentage is judged at the precision it was stated with: 74.6 of 1,499 / 2,008 (74.651) is no rounding of it, but
what is left when the rest is cut off. Shares and totals of one thing in one text should have one base.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from motcua.errors import InputRefused
from motcua.percentage import count_text, percentage

Verdict = Literal[
    "agrees", "disagrees", "truncated", "two_bases", "part_exceeds_whole", "no_counts", "no_percentage"
]  # fmt: skip
WRONG: tuple[Verdict, ...] = ("disagrees", "truncated", "two_bases", "part_exceeds_whole")
VERDICTS = {
    "agrees": ("khớp", "agrees"),
    "disagrees": ("KHÔNG KHỚP", "DISAGREES"),
    "truncated": ("CẮT BỚT, không làm tròn", "TRUNCATED, not rounded"),
    "two_bases": ("HAI MẪU SỐ trong một văn bản", "TWO BASES in one text"),
    "part_exceeds_whole": ("TỬ SỐ LỚN HƠN MẪU SỐ", "PART EXCEEDS WHOLE"),
    "no_counts": ("không kèm số liệu", "no counts"),
    "no_percentage": ("không nêu tỷ lệ", "no percentage stated"),
}
# Metrics whose base is not all of a thing but a part of it with a name of its own.
_BASE_OF = {"resolved_on_time": "dossiers resolved", "online_share": "dossiers", "resolved": "dossiers"}
_TEXT = ("text", "source", "province", "period_label", "level")


@dataclass(frozen=True)
class Stated:
    """One stated figure and what its counts say. Implied counts are what would make the percentage right."""

    row: int
    label: str
    numerator: Decimal | None
    denominator: Decimal | None
    stated: Decimal | None
    verdict: Verdict
    recomputed: Decimal | None = None
    implied_numerator: int | None = None
    implied_denominator: int | None = None
    other_base: Decimal | None = None
    other_row: int | None = None

    @property
    def is_wrong(self) -> bool:
        return self.verdict in WRONG

    def as_json(self) -> dict[str, Any]:
        def shown(value: Decimal | None) -> int | float | None:
            return None if value is None else int(value) if value == int(value) else float(value)

        return {
            "row": self.row,
            "label": self.label,
            "numerator": shown(self.numerator),
            "denominator": shown(self.denominator),
            "stated": None if self.stated is None else float(self.stated),
            "verdict": self.verdict,
            "recomputed": None if self.recomputed is None else float(self.recomputed),
            "implied_numerator": self.implied_numerator,
            "implied_denominator": self.implied_denominator,
            "other_base": shown(self.other_base),
            "other_row": self.other_row,
        }

    def sentence(self, lang: str = "vi") -> str:
        """Say what is wrong, with the counts that would be right; empty when nothing is."""
        vi = lang == "vi"
        if self.verdict == "two_bases" and self.other_base is not None and self.numerator is not None:
            this, other = count_text(int(self.numerator), lang), count_text(int(self.other_base), lang)
            return (
                f"nêu {this}, còn tỷ lệ ở dòng {self.other_row} tính trên {other}"
                if vi
                else f"states {this}; the share in row {self.other_row} is of {other}"
            )
        if not self.is_wrong or self.numerator is None or self.denominator is None or self.recomputed is None:
            return ""
        counts = f"{count_text(int(self.numerator), lang)} / {count_text(int(self.denominator), lang)}"
        right, told = (str(value).replace(".", ",") if vi else str(value) for value in (self.recomputed, self.stated))
        said = f"{counts} = {right} %, nêu {told} %" if vi else f"{counts} = {right} %, stated {told} %"
        if self.implied_numerator is not None and self.implied_denominator is not None:
            n, d = count_text(self.implied_numerator, lang), count_text(self.implied_denominator, lang)
            said += f"; để đúng cần tử số ≈ {n} hoặc mẫu số ≈ {d}" if vi else f"; it would take ≈ {n} or a base ≈ {d}"
        return said


def check_stated(
    numerator: Decimal | None, denominator: Decimal | None, stated: Decimal | None, *, row: int = 0, label: str = ""
) -> Stated:
    """Judge one stated percentage against its own counts, at its own precision."""
    if stated is None:
        return Stated(row, label, numerator, denominator, None, "no_percentage")
    if numerator is None or not denominator:
        return Stated(row, label, numerator, denominator, stated, "no_counts")
    exact = 100 * Fraction(numerator) / Fraction(denominator)
    recomputed = percentage_of(numerator, denominator)
    if numerator > denominator:
        return Stated(row, label, numerator, denominator, stated, "part_exceeds_whole", recomputed)
    exponent = stated.as_tuple().exponent
    scale = 10 ** max(0, -exponent if isinstance(exponent, int) else 0)
    told = Fraction(stated) * scale
    if told == (2 * exact * scale + 1) // 2:
        return Stated(row, label, numerator, denominator, stated, "agrees", recomputed)
    verdict: Verdict = "truncated" if told == exact * scale // 1 else "disagrees"
    implied = round(Fraction(stated) * Fraction(denominator) / 100)
    base = round(100 * Fraction(numerator) / Fraction(stated)) if stated else None
    return Stated(row, label, numerator, denominator, stated, verdict, recomputed, implied, base)


def percentage_of(numerator: Decimal, denominator: Decimal) -> Decimal | None:
    """Return the percentage of counts that may have a decimal part (a score of a partial maximum)."""
    ratio = Fraction(numerator) / Fraction(denominator)
    return percentage(ratio.numerator, ratio.denominator)


def check_file(path: Path) -> list[Stated]:
    """Judge every row of a CSV with the columns numerator, denominator and stated, as `published_figures.csv` has.

    A column `unit` tells percentages (`percent`) from other figures; without it every stated figure is one. Rows with
    equal `text`, `source`, `province`, `period_label` and `level`, so far as the file has them, are one text.

    Raises:
        InputRefused: the file is missing, lacks a column, or a cell is no number; row and column are named.
    """
    rows = _read(path)
    judged = [
        check_stated(
            _number(path, line, row, "numerator"),
            _number(path, line, row, "denominator"),
            _number(path, line, row, "stated") if row.get("unit", "percent") == "percent" else None,
            row=line,
            label=", ".join(row[name] for name in ("province", "period_label", "level", "metric") if row.get(name)),
        )
        for line, row in rows
    ]
    return _with_two_bases([row for _, row in rows], judged)


def _with_two_bases(rows: list[dict[str, str]], judged: list[Stated]) -> list[Stated]:
    """Mark each bare total that another base of the same thing in the same text contradicts.

    A number below the part it would be the base of is no total but a part itself.
    """
    parts = {(_text_of(row), one.numerator) for row, one in zip(rows, judged, strict=True) if one.denominator}
    bases: dict[tuple[tuple[str, ...], str], Stated] = {}
    for row, one in zip(rows, judged, strict=True):
        key = (_text_of(row), _thing(row))
        if one.denominator and key[1] and one.verdict != "no_counts" and (key[0], one.denominator) not in parts:
            bases.setdefault(key, one)
    marked = []
    for row, one in zip(rows, judged, strict=True):
        base = bases.get((_text_of(row), _thing(row)))
        if base is not None and _is_rival(one, base):
            one = Stated(
                one.row, one.label, one.numerator, None, one.stated, "two_bases",
                other_base=base.denominator, other_row=base.row,
            )  # fmt: skip
        marked.append(one)
    return marked


def _is_rival(one: Stated, base: Stated) -> bool:
    if one.numerator is None or one.denominator is not None or base.numerator is None:
        return False
    return one.numerator != base.denominator and one.numerator >= base.numerator


def _text_of(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in _TEXT)


def _thing(row: Mapping[str, str]) -> str:
    """What the base of a row counts: by its metric, else the unit it is in, else the first word of its metric."""
    metric, unit = row.get("metric", ""), row.get("unit", "percent")
    return _BASE_OF.get(metric) or (unit if unit != "percent" else metric.split("_")[0])


def _read(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            if missing := {"numerator", "denominator", "stated"} - set(reader.fieldnames or ()):
                raise InputRefused(
                    f"{path}:1: the columns {', '.join(sorted(missing))} are missing.",
                    action="add them; published_figures.csv of the catalogue shows the shape.",
                )
            return [
                (reader.line_num, {key: (value or "").strip() for key, value in row.items() if key}) for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = (error.strerror if isinstance(error, OSError) else None) or "is no CSV in UTF-8"
        raise InputRefused(f"{path}: {what}.", action="check the path of the file.") from None


def _number(path: Path, line: int, row: Mapping[str, str], name: str) -> Decimal | None:
    """Read a cell as people write it: `33.482` and `33,482` are a count, `45,54 %` is a percentage."""
    text = row[name].replace("\u00a0", " ").removesuffix("%").strip()
    if not text:
        return None
    if name != "stated" and re.fullmatch(r"\d{1,3}([., ]\d{3})+", text):
        text = re.sub(r"[., ]", "", text)
    text = text.replace(",", ".").replace("−", "-")
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,10})?", text) or (name != "stated" and text.startswith("-")):
        raise InputRefused(f"{path}:{line}: {name} is not a number.", action="write digits, or leave the cell empty.")
    return Decimal(text)
