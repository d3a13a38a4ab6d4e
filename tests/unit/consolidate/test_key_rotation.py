"""A new key changes no dossier and parts no applicant's dossiers, if both keys are known for some nights."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from tests.store_world import dossier, validated_batch

from motcua import ledger
from motcua.canonical import DOSSIER
from motcua.consolidate import consolidate_batches
from motcua.extract.records.privacy import Pseudonymiser
from motcua.settings import PROJECT_ROOT
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

K1, K2, K3 = ("k1", b"1" * 32), ("k2", b"2" * 32), ("k3", b"3" * 32)
OLD = Pseudonymiser(*K1)
OVERLAP = Pseudonymiser(*K2, [K1])
NEW = Pseudonymiser(*K2)
AN, BINH = "084111222333", "084444555666"


def of(dossier_id: str, number: str, key: Pseudonymiser, **values: Any) -> dict[str, Any]:
    """A dossier of the applicant with an identity number, as pulled under the keys of a night."""
    refs = {"applicant_ref": key(number), "previous_applicant_refs": key.previous_refs(number) or None}
    return dossier(dossier_id, **(refs | values))


def load(*records: dict[str, Any]) -> tuple[int, int, int]:
    """Load one batch; return how many of its dossiers are new, changed, unchanged."""
    batch_id = validated_batch(list(records))
    assert consolidate_batches([batch_id]).loaded == [batch_id]
    [batch] = ledger.read_batches([batch_id])
    return batch.new_count or 0, batch.changed_count or 0, batch.unchanged_count or 0


def applicants() -> dict[str, set[str]]:
    """Return the dossiers of each applicant, by the reference that stands for all of one."""
    found: dict[str, set[str]] = {}
    with store_engine().connect() as connection:
        for ref, dossier_id in connection.execute(text("select applicant_ref, dossier_id from applicant_dossier")):
            found.setdefault(ref, set()).add(dossier_id)
    return found


def stored_refs() -> list[str]:
    with store_engine().connect() as connection:
        return list(connection.scalars(text("select applicant_ref from dossier_version order by version_id")))


def test_a_rotation_changes_no_dossier_neither_during_the_overlap_nor_after_it() -> None:
    assert load(of("1", AN, OLD), of("2", BINH, OLD)) == (2, 0, 0)
    assert load(of("1", AN, OVERLAP), of("2", BINH, OVERLAP)) == (0, 0, 2)
    assert load(of("1", AN, NEW), of("2", BINH, NEW)) == (0, 0, 2)
    assert stored_refs() == [OLD(AN), OLD(BINH)]


def test_dossiers_of_one_applicant_join_across_a_rotation() -> None:
    load(of("1", AN, OLD), of("2", BINH, OLD))
    load(of("3", AN, OVERLAP))
    load(of("4", AN, NEW), of("5", BINH, NEW))
    assert applicants() == {NEW(AN): {"1", "3", "4"}, OLD(BINH): {"2"}, NEW(BINH): {"5"}}
    load(of("6", BINH, OVERLAP))  # whoever was not seen during the overlap is joined by prolonging it
    assert applicants() == {NEW(AN): {"1", "3", "4"}, NEW(BINH): {"2", "5", "6"}}


def test_without_an_overlap_the_same_dossier_is_another_applicants() -> None:
    load(of("1", AN, OLD))
    assert load(of("1", AN, NEW)) == (0, 1, 0)


def test_another_applicant_of_a_dossier_is_a_change_even_on_the_night_of_a_rotation() -> None:
    load(of("1", AN, OLD), of("2", AN, OLD))
    assert load(of("1", BINH, OVERLAP), of("2", AN, OVERLAP, applicant_ref=None, previous_applicant_refs=None)) == (
        0,
        2,
        0,
    )


def test_a_change_during_the_overlap_is_stored_under_the_new_key_only() -> None:
    load(of("1", AN, OLD, finished_at=None, returned_at=None, status_code=4))
    assert load(of("1", AN, OVERLAP)) == (0, 1, 0)
    assert stored_refs() == [OLD(AN), NEW(AN)]
    assert load(of("1", AN, NEW)) == (0, 0, 1)


def test_a_batch_pulled_before_the_rotation_and_loaded_after_it_changes_nothing() -> None:
    load(of("1", AN, OLD))
    load(of("2", AN, OVERLAP))
    assert load(of("2", AN, OLD)) == (0, 0, 1)
    assert applicants() == {NEW(AN): {"1", "2"}}


def test_references_follow_through_two_rotations() -> None:
    later, both = Pseudonymiser(*K3, [K2]), Pseudonymiser(*K3, [K2, K1])
    load(of("1", AN, OLD), of("2", BINH, OLD))
    load(of("3", AN, OVERLAP))
    assert load(of("1", AN, later), of("3", AN, later), of("2", BINH, both)) == (0, 0, 3)
    assert applicants() == {later(AN): {"1", "3"}, later(BINH): {"2"}}
    load(of("4", AN, OVERLAP))  # pulled during the first rotation, loaded after the second
    assert applicants() == {later(AN): {"1", "3", "4"}, later(BINH): {"2"}}


def test_a_rotation_that_is_taken_back_separates_no_dossiers() -> None:
    back = Pseudonymiser(*K1, [K2])
    load(of("1", AN, OLD))
    load(of("2", AN, OVERLAP))
    assert load(of("1", AN, back), of("2", AN, back), of("3", AN, back)) == (1, 0, 2)
    assert applicants() == {NEW(AN): {"1", "2", "3"}}


def test_the_upgrade_hashes_known_versions_as_the_comparison_does() -> None:
    migration = PROJECT_ROOT / "src/motcua/warehouse/migrations/store/versions/spine/0006_applicant_alias.py"
    hashed = migration.read_text(encoding="utf-8").partition("jsonb_build_array(")[2].partition(")")[0]
    assert [name.strip() for name in hashed.split(",")] == list(DOSSIER.lists["compared_always"])
