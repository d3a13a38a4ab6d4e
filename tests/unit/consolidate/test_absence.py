"""A dossier that its source no longer shows is unconfirmed, and withdrawn only when its deletion is proven."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from tests.store_world import SOURCE, dossier, let_a_night_pass, measures, validated_batch

from motcua import ledger
from motcua.aggregate import build_measures, check_measures
from motcua.consolidate import consolidate_batches
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

MARKED = {"disposition": "record", "disposition_reason": "soft_deleted", "status_code": None}


def load(*records: dict[str, Any], missing: tuple[str, ...] = (), proves: bool = True, **options: Any) -> ledger.Batch:
    """Load a night that shows these records, and asked by id for `missing` ones in vain."""
    let_a_night_pass()
    facts = {"pulled": {"unknown_by_id": list(missing)}, "absence_is_proof": proves}
    batch_id = validated_batch(list(records), facts=facts, **options)
    assert consolidate_batches([batch_id]).loaded == [batch_id]
    build_measures()
    check_measures()
    return ledger.read_batches([batch_id])[0]


def received() -> int:
    return sum(quantity for (_, _, measure), quantity in measures().items() if "received" in measure)


def state(dossier_id: str = "1") -> Any:
    with store_engine().connect() as connection:
        return connection.execute(
            text("select state, missed_count, proof from dossier_absence where dossier_id = :id"), {"id": dossier_id}
        ).one_or_none()


def test_a_dossier_missed_once_is_unconfirmed_and_still_counts() -> None:
    load(dossier("1"), dossier("2"))
    batch = load(dossier("2"), missing=("1",))
    assert (batch.unconfirmed_count, batch.tombstoned_count) == (1, 0)
    assert tuple(state()) == ("unconfirmed", 1, None)
    assert received() == 2


def test_a_dossier_whose_id_is_unknown_a_second_night_is_withdrawn_with_its_proof() -> None:
    load(dossier("1"), dossier("2"))
    first = load(dossier("2"), missing=("1",))
    batch = load(dossier("2"), missing=("1",))
    assert (batch.unconfirmed_count, batch.tombstoned_count) == (0, 1)
    assert received() == 1
    with store_engine().connect() as connection:
        status, proof = connection.execute(
            text("select status_code, deletion_proof from dossier_current where dossier_id = '1' and is_deleted")
        ).one()
    assert status == 10
    assert proof == f"batch {batch.batch_id}: the source does not know the id, first missed by {first.batch_id}"
    assert tuple(state()) == ("tombstoned", 1, proof)


def test_what_was_set_aside_of_a_dossier_that_is_withdrawn_needs_no_decision_any_more() -> None:
    load(dossier("1"))
    with store_engine().begin() as connection:
        connection.execute(
            text(
                "insert into quarantine_record (batch_id, source_id, record_kind, record_no, system_code, agency_code,"
                " record_id, broken_rules, record) select batch_id, source_id, 'dossier', 1, system_code, agency_code,"
                " dossier_id, '[{\"rule_id\": \"V1\"}]', '{}' from dossier_version"
            )
        )
    settled = text("select accepted_in_batch_id from quarantine_record")
    assert load(missing=("1",)).unconfirmed_count == 1
    with store_engine().connect() as connection:
        assert connection.scalars(settled).all() == [None]
    batch = load(missing=("1",))
    with store_engine().connect() as connection:
        assert connection.scalars(settled).all() == [batch.batch_id]


def test_a_night_that_shows_every_dossier_leaves_none_unconfirmed() -> None:
    assert load(dossier("1")).unconfirmed_count == 0


def test_a_dossier_withdrawn_once_is_not_withdrawn_again() -> None:
    load(dossier("1"))
    for _ in range(2):
        load(missing=("1",))
    batch = load(missing=("1",))
    assert (batch.unconfirmed_count, batch.tombstoned_count) == (0, 0)


def test_a_source_without_requests_by_id_proves_no_deletion() -> None:
    load(dossier("1"))
    for nights in range(1, 4):
        batch = load(missing=("1",), proves=False)
        assert (batch.unconfirmed_count, batch.tombstoned_count) == (1, 0)
        assert tuple(state()) == ("unconfirmed", nights, None)
    assert received() == 1


def test_a_dossier_marked_as_deleted_is_withdrawn_at_once_without_further_proof() -> None:
    load(dossier("1"))
    batch = load(aside=[dossier("1", **MARKED)])
    assert (batch.tombstoned_count, batch.quarantined_count) == (1, 1)
    assert received() == 0
    assert state().proof == f"batch {batch.batch_id}: marked as deleted at the source"


def test_a_dossier_never_known_that_is_marked_as_deleted_leaves_no_trace() -> None:
    assert load(aside=[dossier("1", **MARKED)]).tombstoned_count == 0
    assert state() is None


def test_a_dossier_that_is_shown_again_is_confirmed() -> None:
    load(dossier("1"))
    load(missing=("1",))
    load(dossier("1"))
    assert state().state == "seen_again"
    load(missing=("1",))
    assert tuple(state()) == ("unconfirmed", 1, None)
    assert received() == 1


def test_a_dossier_shown_again_but_set_aside_is_not_missing() -> None:
    load(dossier("1"))
    load(missing=("1",))
    load(aside=[dossier("1", channel_code=None)])
    assert state().state == "seen_again"
    assert received() == 1


def test_a_deleted_dossier_that_reappears_counts_again() -> None:
    load(dossier("1"))
    load(aside=[dossier("1", **MARKED)])
    batch = load(dossier("1"))
    assert (batch.changed_count, batch.restored_count) == (1, 1)
    assert received() == 1
    assert state().state == "seen_again"


def test_a_replay_of_an_old_batch_neither_restores_nor_deletes() -> None:
    load(dossier("1"))
    old = validated_batch([dossier("1")])
    older_deletion = validated_batch([], aside=[dossier("2", **MARKED)])
    load(aside=[dossier("1", **MARKED)])
    load(dossier("2"))
    assert consolidate_batches([old, older_deletion]).failed == []
    build_measures()
    check_measures()
    assert state().state == "tombstoned"
    assert received() == 1


def test_a_copy_counts_when_its_original_is_deleted() -> None:
    shared = {"dossier_no": "000.01.21.H59-231002-0001", "reference_uid": "uid"}
    load(dossier("1", **shared))
    load(dossier("7", **shared, agency_code="84100", unit_code="x"), source_id="tra-vinh.centre")
    load(aside=[dossier("1", **shared, **MARKED)])
    assert received() == 1
    with store_engine().connect() as connection:
        assert connection.scalar(text("select count(*) from dossier_current where duplicate_of is not null")) == 0


def test_a_batch_that_does_not_load_withdraws_nothing() -> None:
    load(dossier("1"))
    broken = validated_batch([], pulled=5, aside=[dossier("1", **MARKED)])
    assert consolidate_batches([broken]).failed == [broken]
    assert (received(), state()) == (1, None)


def test_the_ledger_counts_unconfirmed_and_withdrawn_dossiers_by_source() -> None:
    load(dossier("1"), dossier("2"), dossier("3"))
    load(dossier("3"), missing=("1",), aside=[dossier("2", **MARKED)])
    [absences] = ledger.absences()
    assert (absences.source_id, absences.unconfirmed_count, absences.tombstoned_count) == (SOURCE, 1, 1)
