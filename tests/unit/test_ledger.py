"""The ledger plans what is due, once, and tells a missing answer from a zero."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import text
from tests.store_world import SOURCE, dossier, validated_batch

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.errors import BatchHeld, ConfigurationError, SourceUnavailable
from motcua.period import Period
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine

pytestmark = pytest.mark.usefixtures("databases")

OCTOBER = (date(2023, 10, 1), date(2023, 10, 31))


def plan(run_id: str, day: date, **options: object) -> list[list[str]]:
    return ledger.plan_run(load_catalog(Settings.load().catalog_dir), run_id, day, **options)  # type: ignore[arg-type]


def cell() -> ledger.Completeness:
    return ledger.completeness([SOURCE], *OCTOBER)[0]


def test_a_run_is_cut_into_chunks_of_the_configured_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")
    monkeypatch.setenv("MOTCUA_SOURCES_PER_TASK", "40")
    assert [len(chunk) for chunk in plan("r", date(2023, 10, 31), level="commune")] == [40, 40, 26]


def test_planning_a_run_again_gives_the_same_batches_with_their_state() -> None:
    [[batch_id]] = plan("r", date(2023, 10, 31), source_ids=[SOURCE])
    ledger.mark_failed(batch_id, "extract", SourceUnavailable("gone.", action="wait."))
    assert plan("r", date(2023, 10, 31), source_ids=[SOURCE]) == [[batch_id]]
    assert ledger.read_batches([batch_id])[0].state == "failed"


def test_a_source_is_asked_for_its_overlap_and_for_every_day_it_has_not_answered() -> None:
    consolidate_batches([validated_batch([dossier()])])
    [[batch_id]] = plan("three nights later", date(2023, 11, 3), source_ids=[SOURCE])
    batch = ledger.read_batches([batch_id])[0]
    assert (batch.window_from, batch.window_to) == (date(2023, 10, 1), date(2023, 11, 3))


def test_an_unknown_source_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="No source of dossiers of level any called nowhere"):
        plan("r", date(2023, 10, 31), source_ids=["nowhere"])


def test_a_source_never_asked_is_missing_and_not_a_zero() -> None:
    assert cell().cell == "missing"


def test_a_loaded_batch_over_every_day_is_received() -> None:
    batch_id = validated_batch([])
    assert cell().cell == "missing"
    consolidate_batches([batch_id])
    assert (cell().cell, cell().batch_ids) == ("received", [batch_id])


def test_a_loaded_batch_over_some_days_is_not_enough() -> None:
    consolidate_batches([validated_batch([])])
    with store_engine().begin() as connection:
        connection.execute(text("update batch set window_from = '2023-10-02'"))
    assert cell().cell == "missing"


def test_a_failed_batch_counts_until_its_days_are_answered_by_a_later_one() -> None:
    consolidate_batches([validated_batch([])])
    broken = validated_batch([])
    ledger.mark_failed(broken, "extract", SourceUnavailable("Source s did not answer.", action="wait."))
    assert cell().cell == "received"  # it had answered in full after the days ended: that stands
    with store_engine().begin() as connection:
        early = "update batch set planned_at = '2023-10-15' where batch_id <> :id"
        connection.execute(text(early), {"id": broken})
    assert (cell().cell, cell().reason) == ("failed", "Source s did not answer. What to do: wait.")
    part = validated_batch([])
    with store_engine().begin() as connection:
        connection.execute(text("update batch set window_from = '2023-10-20' where batch_id = :id"), {"id": part})
    consolidate_batches([part])
    assert cell().cell == "failed"
    consolidate_batches([validated_batch([])])
    assert cell().cell == "received"


def test_an_unexpected_error_enters_the_ledger_without_its_text() -> None:
    [[batch_id]] = plan("r", date(2023, 10, 31), source_ids=[SOURCE])
    ledger.mark_failed(batch_id, "extract", ValueError("NGUYỄN VĂN A"))
    assert ledger.read_batches([batch_id])[0].error_message == "ValueError in extract"


OTHER = "tra-vinh.c29239"
END = date(2023, 10, 31)


def batch(batch_id: str) -> ledger.Batch:
    return ledger.read_batches([batch_id])[0]


def test_a_planned_batch_says_what_is_asked_for_and_where_the_answer_goes() -> None:
    [[batch_id]] = plan("manual run: 1", END, source_ids=[SOURCE], window=OCTOBER)
    found = batch(batch_id)
    assert batch_id == f"{SOURCE}@manual-run-1"
    assert (found.run_id, found.source_id, found.level, found.state) == ("manual run: 1", SOURCE, "commune", "planned")
    assert (found.window_from, found.window_to) == OCTOBER
    assert (found.attempt_count, found.is_shrink_accepted) == (0, False)
    assert found.landing_uri == f"{Settings.load().landing_url}/{SOURCE}/2023-10-01_2023-10-31/manual-run-1"


def test_a_drop_is_believed_only_where_somebody_says_so() -> None:
    [[batch_id]] = plan("r", END, source_ids=[SOURCE], accept_shrink=True)
    assert batch(batch_id).is_shrink_accepted


def test_a_run_planned_again_with_more_sources_keeps_the_old_batches_and_adds_the_new() -> None:
    [[first]] = plan("r", END, source_ids=[SOURCE], window=OCTOBER)
    [both] = plan("r", END, source_ids=[SOURCE, OTHER])
    assert both == [first, f"{OTHER}@r"]
    assert batch(first).window_from == OCTOBER[0]


def test_planning_makes_the_units_of_the_catalogue_known_to_the_store() -> None:
    plan("r", END, source_ids=[SOURCE])
    with store_engine().connect() as connection:
        assert connection.scalar(text("select name from unit where unit_id = '29236:2020'")) == "Phường 4"


@pytest.mark.parametrize(("level", "named"), [("commune", "commune"), (None, "any")])
def test_an_unknown_source_is_refused_with_its_level_and_the_known_ones_are_not_named(
    level: str | None, named: str
) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"No source of dossiers of level {named} called nowhere is in force on 2023-10-31\."
    ):
        plan("r", END, source_ids=[SOURCE, "nowhere"], level=level)


@pytest.mark.parametrize(
    ("level", "province", "says"),
    [("district", "99", "level district is in force on 2023-10-31 for province 99"),
     (None, "99", "level any is in force on 2023-10-31 for province 99"),
     ("commune", "", "level commune is in force on 1999-01-01 for province any")],
)  # fmt: skip
def test_a_run_without_a_source_is_refused_with_what_was_looked_for(
    level: str | None, province: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", province)
    with pytest.raises(ConfigurationError, match=f"No source of dossiers of {says}"):
        plan("r", END if province else date(1999, 1, 1), level=level)


def test_batches_are_cut_into_tasks_without_losing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_SOURCES_PER_TASK", "2")
    assert ledger.in_chunks(["a", "b", "c", "d", "e"]) == [["a", "b"], ["c", "d"], ["e"]]
    assert ledger.in_chunks([]) == []


def test_the_windows_of_a_source_in_a_run_have_ids_of_their_own() -> None:
    assert [ledger.batch_id_of("s", "a b/c", number) for number in range(3)] == ["s@a-b-c", "s@a-b-c+1", "s@a-b-c+2"]
    assert ledger.batch_id_of("s", "r") == "s@r"


def test_an_attempt_is_counted_for_its_batch_alone() -> None:
    [[one, other]] = plan("r", END, source_ids=[SOURCE, OTHER])
    ledger.start_attempt(one)
    ledger.start_attempt(one)
    assert (batch(one).attempt_count, batch(other).attempt_count) == (2, 0)


def test_a_batch_pulled_after_it_failed_has_its_counts_and_no_error_left() -> None:
    [[batch_id]] = plan("r", END, source_ids=[SOURCE])
    ledger.mark_failed(batch_id, "extract", SourceUnavailable("gone.", action="wait."))
    ledger.mark_extracted(batch_id, manifest_sha256="0" * 64, declared_total=9, pulled=7, out_of_window=2, duplicate=1)
    found = batch(batch_id)
    assert (found.state, found.manifest_sha256, found.declared_total) == ("extracted", "0" * 64, 9)
    assert (found.pulled_count, found.out_of_window_count, found.duplicate_count) == (7, 2, 1)
    assert (found.failed_stage, found.error_kind, found.error_message) == (None, None, None)
    ledger.mark_failed(batch_id, "validate", ValueError("x"))
    with store_engine().begin() as connection:
        ledger.mark_validated(connection, batch_id, quarantined=3, accepted_sha256="1" * 64)
    found = batch(batch_id)
    assert (found.state, found.quarantined_count, found.failed_stage) == ("validated", 3, None)
    assert found.accepted_sha256 == "1" * 64


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (BatchHeld("too few.", action="look."), "held", "too few. What to do: look."),
        (SourceUnavailable("gone.", action="wait."), "failed", "gone. What to do: wait."),
        (KeyError("NGUYỄN VĂN A"), "failed", "KeyError in validate"),
    ],
)
def test_a_stage_that_fails_says_who_must_act(error: Exception, state: str, message: str) -> None:
    [[batch_id, other]] = plan("r", END, source_ids=[SOURCE, OTHER])
    ledger.mark_failed(batch_id, "validate", error)
    found = batch(batch_id)
    assert (found.state, found.failed_stage, found.error_kind) == (state, "validate", type(error).__name__)
    assert found.error_message == message
    assert found.is_explained == (message != "KeyError in validate")  # else nobody foresaw it
    assert batch(other).state == "planned"
    assert batch(other).is_explained


def test_a_source_that_did_not_answer_stays_to_be_asked() -> None:
    [[batch_id]] = plan("r", END, source_ids=[SOURCE])
    ledger.note_unanswered(batch_id, SourceUnavailable("gone.", action="wait."))
    found = batch(batch_id)
    assert (found.state, found.failed_stage, found.error_kind) == ("planned", "extract", "SourceUnavailable")
    assert found.error_message == "gone. What to do: wait."


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "until", "owed"),
    [
        (date(2020, 1, 1), None, date(2023, 12, 31), (date(2023, 10, 1), date(2023, 10, 31))),
        (date(2023, 10, 5), None, date(2023, 12, 31), (date(2023, 10, 5), date(2023, 10, 31))),
        (date(2020, 1, 1), date(2023, 10, 20), date(2023, 12, 31), (date(2023, 10, 1), date(2023, 10, 20))),
        (date(2020, 1, 1), date(2024, 1, 1), date(2023, 10, 9), (date(2023, 10, 1), date(2023, 10, 9))),
        (date(2023, 10, 31), None, date(2023, 10, 31), (date(2023, 10, 31), date(2023, 10, 31))),
        (date(2023, 11, 1), None, date(2023, 12, 31), None),
        (date(2020, 1, 1), date(2023, 9, 30), date(2023, 12, 31), None),
        (date(2020, 1, 1), None, date(2023, 9, 30), None),
    ],
)
def test_a_source_owes_the_days_of_a_period_on_which_it_is_in_force(
    valid_from: date, valid_to: date | None, until: date, owed: tuple[date, date] | None
) -> None:
    source = load_catalog(Settings.load().catalog_dir).source_by_id[SOURCE]
    source = source.model_copy(update={"valid_from": valid_from, "valid_to": valid_to})
    assert ledger.owed_days(source, Period("CAL_MONTH", "2023-10", *OCTOBER), until) == owed


def test_the_newest_findings_of_drift_come_first_and_no_more_than_a_hundred() -> None:
    [[batch_id]] = plan("r", END, source_ids=[SOURCE])
    with store_engine().begin() as connection:
        connection.execute(
            text(
                "insert into source_drift (source_id, batch_id, kind, name, detail, handling, found_at)"
                " select case when n = 1 then :other else :source end, :batch, 'new_field', 'k' || n, '', 'evolved',"
                " now() + n * interval '1 second' from generate_series(1, 102) as n"
            ),
            {"source": SOURCE, "other": OTHER, "batch": batch_id},
        )
    found = ledger.drift()
    assert [found[0].name, found[-1].name, len(found)] == ["k102", "k3", 100]
    assert [finding.name for finding in ledger.drift(OTHER)] == ["k1"]
    assert [finding.name for finding in ledger.drift(limit=2)] == ["k102", "k101"]


@pytest.mark.parametrize(("pulled", "aside", "share"), [(8, 2, 25.0), (8, None, 0.0), (0, 0, 0.0), (None, None, 0.0)])
def test_the_share_set_aside_is_one_of_what_was_pulled(pulled: int | None, aside: int | None, share: float) -> None:
    found = ledger.Completeness("s", "received", [], None, pulled_count=pulled, quarantined_count=aside)
    assert found.set_aside_pct == share


def test_pulls_that_start_in_one_instant_have_numbers_one_after_the_other() -> None:
    [[first]], [[second]] = (plan(run, date(2023, 10, 31), source_ids=[SOURCE]) for run in ("one", "other"))
    waiting = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and wait_event = 'advisory'")
    with store_engine().connect() as watcher, ThreadPoolExecutor(1) as other:
        with store_engine().begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(hashtext('pull order'))"))
            started = other.submit(ledger.start_attempt, second)
            while not watcher.scalar(waiting):
                assert not started.done()
                watcher.rollback()
            number = connection.scalars(statement("ledger/start_attempt"), {"batch_id": first}).one()
        assert started.result(timeout=60) == number + 1


def test_the_numbers_that_are_stated_take_the_place_of_those_of_before_in_a_transaction(databases: None) -> None:
    with store_engine().begin() as connection:
        for system in ("a", "b"):
            ledger.hold_stated_numbers(connection, [(system, "1", "c")])
            stated = connection.execute(text("select system_code from stated_numbers")).scalars().all()
            assert stated == [system]


@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        (None, None),
        ((date(2023, 10, 2), date(2023, 10, 2)), "[2023-10-02,2023-10-03)"),
        ((date(2023, 10, 2), date(2023, 10, 9)), "[2023-10-02,2023-10-10)"),
        ((date.max, date.min), None),  # it has none
    ],
)
def test_what_a_pull_asked_showed_and_was_vouched_for_is_kept(
    databases: None, shown: tuple[date, date] | None, kept: str | None
) -> None:
    counts = {"manifest_sha256": "0" * 64, "declared_total": 0, "pulled": 0, "out_of_window": 0, "duplicate": 0}
    [[one, other]] = plan("r", END, source_ids=[SOURCE, OTHER])
    ledger.mark_extracted(one, **counts, asked_sha256={"path": "a"}, vouched={"once": []}, shown_days=shown)
    ledger.mark_extracted(other, **counts)
    with store_engine().connect() as connection:
        rows = connection.execute(
            text(
                "select batch_id, asked_sha256, vouched, cast(shown_days as text) from batch"
                " where batch_id = any(:ids) order by asked_sha256 is null"
            ),
            {"ids": [one, other]},
        ).all()
    assert [tuple(row) for row in rows] == [(one, {"path": "a"}, {"once": []}, kept), (other, None, None, None)]
