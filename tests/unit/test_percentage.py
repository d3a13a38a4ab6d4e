from __future__ import annotations

from decimal import Decimal

import pytest

from motcua.percentage import count_text, percentage, percentage_text


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(15247, 33482, "45.54"), (21683, 306958, "7.06"), (1, 8000, "0.01"), (1, 20000, "0.01"), (1, 20001, "0.00"),
     (1499, 2008, "74.65"), (5, 5, "100.00"), (0, 5, "0.00")],
)  # fmt: skip
def test_a_percentage_is_rounded_half_up_to_two_decimals(numerator: int, denominator: int, expected: str) -> None:
    assert percentage(numerator, denominator) == Decimal(expected)


def test_a_percentage_of_nothing_is_blank() -> None:
    assert percentage(0, 0) is None
    assert percentage_text(0, 0) == ""


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert (percentage_text(15247, 33482, "vi"), percentage_text(15247, 33482, "en")) == ("45,54 %", "45.54 %")
    assert (count_text(33482, "vi"), count_text(33482, "en"), count_text(-5, "vi")) == ("33.482", "33,482", "−5")
