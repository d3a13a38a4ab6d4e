"""The columns of a kind of record: the lists made of them, and that a hash made before stays what it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from tests.store_world import dossier, validated_batch

from motcua.canonical import DOSSIER, KINDS, Field, RecordKind
from motcua.canonical.kind import INTEGER, TEXT
from motcua.consolidate import consolidate_batches
from motcua.warehouse import store_engine

# What revision d18c0d2 hashed these dossiers to, when the statement named its columns itself.
FULL: dict[str, Any] = {
    "reference_uid": "u-1", "parent_dossier_id": "9", "procedure_suffix": "000.00.00.H59", "source_field_code": "TP08",
    "source_status": "done", "submitted_at": datetime(2023, 10, 2, 7, 30), "refused_at": datetime(2023, 10, 3, 1),
    "paused_at": datetime(2023, 10, 3, 2, 0, 0, 5), "is_clock_stopped": False, "supplement_count": 1,
    "apology_count": 0, "apology_at": datetime(2023, 10, 4), "fee_amount": 20000, "paid_online_code": 1,
    "online_level": 4, "applicant_kind": "citizen", "applicant_ref": "k:1", "components_count": 3,
    "components_digitised_count": 2, "components_reused_count": 1, "components_from_store_count": 0,
    "has_electronic_result": True, "is_identity_verified": False, "uses_population_data": True,
    "is_non_territorial": False, "is_synced_to_portal": True, "overdue_reason_code": "khac",
    "satisfaction_code": "satisfied", "modified_at": datetime(2023, 10, 9),
}  # fmt: skip
NOT_RECEIVED = dict.fromkeys(("received_at", "due_at", "finished_at", "returned_at", "channel_code", "dossier_no"))
HASHES = {
    "1": "f13b6aa191fe6372612fd3079b1055382501ba1a6990fffadd14badc71282556",
    "2": "837b1809ad5e24246906553bd09c2fa0e4622f1998bf9f26bcdf21181813f563",
    "3": "ae41b9ab5a62c8dbd07507acba3f7eb58632cf205f780d0339a2a862fa196f9a",
    "4": "41539a059595d0703e39d648fe3c645f744e92f998ccb49bf406fc1e21d8a4ff",
}


@pytest.mark.usefixtures("databases")
def test_a_dossier_has_the_hash_it_had_before_columns_had_one_definition() -> None:
    records = [
        dossier("1"),
        dossier("2", **FULL),
        dossier("3", components_count=0),
        dossier("4", status_code=1, **NOT_RECEIVED),
    ]
    assert consolidate_batches([validated_batch(records)]).failed == []
    with store_engine().connect() as connection:
        found = connection.execute(text("select dossier_id, content_hash from dossier_version"))
        assert dict(found.tuples().all()) == HASHES


def test_the_columns_whose_place_in_the_hash_is_fixed_are_a_closed_list() -> None:
    always = DOSSIER.lists["compared_always"]
    assert (len(always), always[0], always[-3:]) == (27, "dossier_no", ("applicant_kind", "unit_id", "field_code"))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_column_of_a_version_stands_in_the_store(kind: RecordKind, databases: None) -> None:
    with store_engine().connect() as connection:
        rows = connection.execute(
            text("select column_name from information_schema.columns where table_name = :name"),
            {"name": kind.version_table},
        )
        stored = set(rows.scalars())
    assert {*kind.lists["said"], *kind.lists["decided"]} <= stored


def test_a_column_stands_in_every_list_it_belongs_to() -> None:
    kind = RecordKind(
        name="thing",
        vi="vật",
        en="things",
        id_column="thing_id",
        content=(Field("unit_code", TEXT, "always"), Field("size", INTEGER), Field("owner_ref", TEXT, "apart")),
        kept=(Field("noted_on", TEXT),),
        trace=(Field("mapping_issues", TEXT),),
        resolved=(Field("unit_id", TEXT),),
        step=("size",),
    )
    assert kind.landing_schema.names == [
        "record_no", "disposition", "disposition_reason", "system_code", "agency_code", "thing_id",
        "unit_code", "size", "owner_ref", "noted_on", "mapping_issues",
    ]  # fmt: skip
    assert kind.accepted_schema.names == [*kind.landing_schema.names, "unit_id"]
    assert kind.lists["said"] == (
        "system_code", "agency_code", "thing_id", "unit_code", "size", "owner_ref", "noted_on"
    )  # fmt: skip
    assert kind.lists["decided"] == ("unit_id",)
    assert kind.lists["compared_always"] == ("unit_code",)
    assert kind.lists["compared_when_said_named"] == ("'size'", "size", "'unit_id'", "unit_id")
    assert kind.lists["step_declared"][-1] == "size integer"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_column_has_a_name_that_a_merge_needs_for_itself(kind: RecordKind) -> None:
    own = {"batch_id", "source_id", "version_id", "known_version_id", "content_hash", "made_at", "outcome"}
    own |= {"is_hash_known", "is_known_newer", "known_from", "known_to", "said_at", "superseded_by_batch_id"}
    assert not own & {*kind.accepted_schema.names, *(field.name for field in kind.decided)}
