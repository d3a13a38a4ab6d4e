"""Runs that start together: whatever their clocks say, every window that was asked for is planned."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.store_world import SOURCE

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.cli.ingest import ingest
from motcua.errors import ConfigurationError
from motcua.settings import Settings
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

FOREIGN = Path(__file__).parent / "cli" / "foreign"
NOW = datetime(2025, 11, 1, 2, 3, 4)
OTHER = "tra-vinh.c29239"
Window = tuple[date, date]


def plan(run_id: str, window: Window, *source_ids: str) -> list[str]:
    catalog = load_catalog(Settings.load().catalog_dir)
    chunks = ledger.plan_run(catalog, run_id, window[1], window=window, source_ids=source_ids or (SOURCE,))
    return [batch_id for chunk in chunks for batch_id in chunk]


def asked() -> set[Window]:
    with store_engine().connect() as connection:
        return {tuple(row) for row in connection.execute(text("select window_from, window_to from batch"))}


def test_a_run_that_a_person_starts_is_named_by_its_kind_its_second_and_eight_digits_of_chance() -> None:
    assert re.fullmatch("cli-20251101T020304-[0-9a-f]{8}", ledger.new_run_id("cli", NOW))


def test_every_window_of_runs_started_in_one_second_is_asked_for() -> None:
    windows = [(date(2023, 10, 1), date(2023, 10, 1) + timedelta(days=days)) for days in range(24)]
    with ThreadPoolExecutor(12) as pool:
        planned = list(pool.map(lambda window: plan(ledger.new_run_id("cli", NOW), window), windows))
    assert len({batch_id for batch_ids in planned for batch_id in batch_ids}) == len(windows)
    assert asked() == set(windows)


class Clock(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return NOW.replace(tzinfo=tz)


def test_two_commands_of_one_second_ask_for_both_windows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("motcua.cli.ingest.datetime", Clock)
    monkeypatch.setenv("MOTCUA_CATALOG", str(FOREIGN))
    for first, last in ((datetime(2025, 8, 1), datetime(2025, 8, 31)), (datetime(2025, 9, 1), datetime(2025, 9, 30))):
        ingest(["phu-an.so-tay"], first, last)
        assert "1 of 1 sources loaded." in capsys.readouterr().out
    assert asked() == {(date(2025, 8, 1), date(2025, 8, 31)), (date(2025, 9, 1), date(2025, 9, 30))}


OCTOBER, SEPTEMBER = (date(2023, 10, 1), date(2023, 10, 31)), (date(2023, 9, 1), date(2023, 9, 30))


def test_a_run_that_asks_a_source_for_days_it_did_not_plan_is_refused_by_name() -> None:
    planned = plan("r", OCTOBER)
    assert plan("r", OCTOBER) == planned
    assert plan("r", (date(2023, 10, 2), date(2023, 10, 30))) == planned  # every day of it is asked for
    with pytest.raises(ConfigurationError, match=f"Run r is planned already: it asks {SOURCE} for 2023-10-01 to"):
        plan("r", SEPTEMBER)
    with pytest.raises(ConfigurationError, match="not 2023-09-15 to 2023-10-10"):
        plan("r", (date(2023, 9, 15), date(2023, 10, 10)))
    with pytest.raises(ConfigurationError, match="not 2023-10-01 to 2023-11-01"):
        plan("r", (OCTOBER[0], date(2023, 11, 1)))
    assert asked() == {OCTOBER}
    assert len(plan("r", SEPTEMBER, OTHER)) == 1  # a source that the run has not asked yet


def test_a_run_whose_name_reads_like_that_of_another_is_refused_and_not_taken_for_it() -> None:
    [batch_id] = plan("night 1", OCTOBER)
    with pytest.raises(ConfigurationError, match=f"Run night/1 is planned already: its batch {batch_id} belongs to"):
        plan("night/1", SEPTEMBER)
    assert asked() == {OCTOBER}


@pytest.mark.parametrize(
    ("last_day", "is_whole", "is_planned"),
    [(30, True, True), (31, True, True), (30, False, False), (31, False, True)],
)
def test_the_window_of_a_source_that_gives_all_it_has_may_have_been_cut_by_its_answer(
    last_day: int, is_whole: bool, is_planned: bool
) -> None:
    planned = plan("r", OCTOBER)
    with store_engine().begin() as connection:
        connection.execute(
            text("update batch set window_to = :last_day, is_whole = :is_whole"),
            {"last_day": date(2023, 10, last_day), "is_whole": is_whole},
        )
    if is_planned:
        assert plan("r", OCTOBER) == planned
    else:
        with pytest.raises(ConfigurationError):
            plan("r", OCTOBER)


def test_the_units_of_the_catalogue_are_taken_without_a_plan() -> None:
    catalog = load_catalog(Settings.load().catalog_dir)
    ledger.take_units(catalog)
    with store_engine().connect() as connection:
        known = set(connection.scalars(text("select unit_id from unit")))
    assert {source.unit_id for source in catalog.sources} <= known
    assert asked() == set()
