"""The watchdog distinguishes a night that never ran from an incomplete one, without a scheduler."""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from tests.store_world import COMMUNE, DAY, dossier, validated_batch

from motcua import ledger
from motcua.aggregate import build_measures
from motcua.catalog import Catalog, load_catalog
from motcua.cli import main
from motcua.consolidate import consolidate_batches
from motcua.obligations import watch_night
from motcua.period import day_period
from motcua.settings import Settings
from motcua.warehouse import store_engine


@pytest.fixture(autouse=True)
def one_source(databases: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")
    kept = Catalog.sources_on

    def only_the_commune(self: Catalog, day: date, **asked: Any) -> Any:
        return [source for source in kept(self, day, **asked) if source.unit_id == COMMUNE]

    monkeypatch.setattr(Catalog, "sources_on", only_the_commune)


def codes() -> list[str]:
    return [finding.code for finding in watch_night(DAY)]


def night() -> str:
    batch_id = validated_batch([dossier()])
    assert consolidate_batches([batch_id]).loaded == [batch_id]
    return batch_id


def test_a_night_that_never_ran_is_reported() -> None:
    assert codes() == ["night_did_not_run"]


def test_a_night_planned_for_an_earlier_day_does_not_count() -> None:
    night()
    with store_engine().begin() as connection:
        connection.execute(text("update batch set window_to = :day, window_from = :day"), {"day": date(2023, 10, 30)})
    assert codes() == ["night_did_not_run"]


def test_the_missing_steps_of_a_night_are_reported() -> None:
    catalog = load_catalog(Settings.load().catalog_dir)
    ledger.plan_run(catalog, "begun", DAY, window=(DAY, DAY))
    assert codes() == ["sources_lacking", "report_not_published"]
    night()
    assert codes() == ["not_measured", "report_not_published"]
    build_measures()
    assert codes() == ["report_not_published"]


def test_a_complete_night_has_no_finding() -> None:
    from motcua.publish import publish_edition

    night()
    build_measures()
    publish_edition("nightly-brief", "84:2020", day_period(DAY))
    assert codes() == []


def test_the_command_exits_with_2_when_no_night_ran_and_with_0_when_it_is_complete(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["motcua", "watchdog", "--night", DAY.isoformat(), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (finding,) = json.loads(capsys.readouterr().out)
    assert finding["message_vi"].startswith("Đêm 31/10/2023 hoàn toàn không chạy")
    assert "motcua ingest --to 2023-10-31" in finding["action"]


def test_a_day_without_any_source_in_force_is_a_finding_of_its_own() -> None:
    assert [finding.code for finding in watch_night(date(2026, 1, 1))] == ["no_source_is_due"]


def test_a_database_that_cannot_be_reached_is_a_finding_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_STORE_DSN", "postgresql://nobody@127.0.0.1:9/none?connect_timeout=2")
    assert codes() == ["database_unreachable"]
