"""Which month a run after its end is about."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from motcua.orchestration.schedule.days import month_before


def test_a_run_on_the_third_is_for_the_month_before_also_in_january() -> None:
    run = SimpleNamespace(run_after=datetime(2024, 1, 2, 23, tzinfo=UTC))  # 06:00 on the 3rd in Vietnam
    assert (month_before({}, run).period_type, month_before({}, run).label) == ("CAL_MONTH", "2023-12")


def test_a_period_named_in_the_conf_is_taken() -> None:
    assert month_before({"period": "CAL_QUARTER:2023-Q4"}, SimpleNamespace(run_after=None)).label == "2023-Q4"
