"""Percentages, the one way: from counts, round half up to 2 decimals, none when there is nothing to divide by.

domain.md section 3.7: a percentage is never an input to anything.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_HUNDREDTH = Decimal("0.01")


def percentage(numerator: int, denominator: int) -> Decimal | None:
    """Return 100 x numerator / denominator with 2 decimals, or None when the denominator is 0."""
    if denominator == 0:
        return None
    return (Decimal(100 * numerator) / Decimal(denominator)).quantize(_HUNDREDTH, ROUND_HALF_UP)


def percentage_text(numerator: int, denominator: int, lang: str = "vi") -> str:
    """Return the percentage as printed, `45,54 %` in Vietnamese and `45.54 %` in English; blank for none."""
    value = percentage(numerator, denominator)
    if value is None:
        return ""
    shown = f"{value} %"
    return shown.replace(".", ",") if lang == "vi" else shown


def count_text(count: int, lang: str = "vi") -> str:
    """Return a count with its thousands parted: `33.482` in Vietnamese, `33,482` in English."""
    shown = f"{count:,}".replace("-", "−")
    return shown.replace(",", ".") if lang == "vi" else shown
