"""Which month a reconciliation is about."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from motcua.orchestration.reconciling import period_of


def test_a_run_on_the_third_is_about_the_month_before_also_over_a_new_year() -> None:
    run = SimpleNamespace(run_after=datetime(2024, 1, 2, 23, tzinfo=UTC))  # 06:00 on the 3rd in Vietnam
    assert (period_of({}, run).period_type, period_of({}, run).label) == ("CAL_MONTH", "2023-12")


def test_a_period_named_in_the_conf_is_taken() -> None:
    assert period_of({"period": "CAL_QUARTER:2023-Q4"}, SimpleNamespace(run_after=None)).label == "2023-Q4"
