"""A line of the checklist at the terminal names the first of what is missing and counts the rest."""

from __future__ import annotations

from typing import Any

import pytest

from motcua.publish.files.layout import NAMED_IN_A_LINE, checklist_lines


@pytest.mark.parametrize("count", [0, 1, NAMED_IN_A_LINE, NAMED_IN_A_LINE + 1, 1_500])
def test_every_thing_missing_is_named_or_counted(count: int) -> None:
    missing = [{"vi": f"xã {number}", "en": f"unit {number}"} for number in range(count)]
    line: dict[str, Any] = {"vi": "Đủ", "en": "Whole", "is_met": "no" if count else "yes", "missing": missing}
    vi, en = (next(checklist_lines({"checklist": [line]}, lang)) for lang in ("vi", "en"))
    assert en.startswith("  [ ] Whole: " if count else "  [x] Whole")
    assert en.count("unit") == vi.count("xã") == min(count, NAMED_IN_A_LINE)
    rest = count - NAMED_IN_A_LINE
    assert en.endswith(f"; and {rest:,} more") == vi.endswith(f"; và {rest:,} mục khác".replace(",", ".")) == (rest > 0)
