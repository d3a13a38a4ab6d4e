"""A key that is made of several columns: known again while it is made so, and refused by name when it is not."""

from __future__ import annotations

from typing import Any

import yaml
from tests.unit.extract.test_source_keys import Register, counted, register, row

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.extract.records.mapping import load_mapping
from motcua.extract.replay import read_again
from motcua.validate import validate_batches

__all__ = ["register"]
JOINED = {"join": ["Quyển", "Số"], "between": "/"}


def make(register: Register, made: dict[str, Any], **identity: Any) -> None:
    register.identity(**{"as": "key"})
    path = register.catalog / "mappings/so.yaml"
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    said |= {"made": {"Số hồ sơ": made}, "identity": {"as": "key", "key": "Số hồ sơ", "unique_in": []} | identity}
    said["fields"]["dossier_no"]["key"] = "Số hồ sơ"
    path.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    load_mapping.cache_clear()


def test_a_key_of_two_columns_is_known_again_and_read_again(register: Register) -> None:
    make(register, JOINED)
    register.drop(row(1), row(2), row(1, "B"))
    assert register.pull().new_count == 3
    assert register.pull().unchanged_count == 3
    assert counted() == ["A/1", "A/2", "B/1"]
    source = load_catalog(register.catalog).source_by_id["xa.so"]
    replays = [one.batch_id for one in read_again(source, "replay-1")]
    validate_batches(replays)
    consolidate_batches(replays)
    assert {batch.unchanged_count for batch in ledger.read_batches(replays)} == {3}
    make(register, JOINED, unique_in=["year"])
    assert register.pull().tombstoned_count == 3
    assert counted() == ["A/1/2023", "A/2/2023", "B/1/2023"]


def test_a_key_that_is_made_in_another_way_is_refused_by_name(register: Register) -> None:
    make(register, JOINED)
    register.drop(row(1), row(2))
    register.pull()
    others: list[dict[str, Any]] = [{"between": "-"}, {"optional": ["Quyển"]}, {"join": ["Số", "Quyển"]}]
    for made in (JOINED | other for other in others):
        make(register, made)
        batch = register.pull()
        assert (batch.state, batch.error_kind) == ("failed", "ContractBroken")
        assert "were made with Số hồ sơ, which mappings/so.yaml makes of other columns" in str(batch.error_message)
        assert counted() == ["A/1", "A/2"]
    make(register, JOINED)
    assert register.pull().unchanged_count == 2


def test_a_key_of_one_column_gives_way_to_one_of_two(register: Register) -> None:
    register.drop(row(1), row(2))
    register.pull()
    make(register, JOINED)
    assert register.pull().tombstoned_count == 2
    assert counted() == ["A/1", "A/2"]
