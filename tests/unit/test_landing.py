"""Landing keeps what was pulled, and notices when somebody changed it."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from tests.store_world import dossier

from motcua.canonical import ACCEPTED_SCHEMA, LANDING_SCHEMA
from motcua.errors import ContractBroken
from motcua.landing import (
    ACCEPTED,
    MANIFEST,
    RECORDS,
    read_accepted,
    read_listing,
    read_manifest,
    read_records,
    remove_folder,
    write_accepted,
    write_listing,
    write_records,
)


def records(count: int = 2) -> pa.Table:
    rows = [dossier(str(number)) | {"record_no": number} for number in range(count)]
    return pa.Table.from_pylist(rows, schema=LANDING_SCHEMA)


@pytest.mark.parametrize("root", ["local", "memory://landing"])
def test_what_is_written_is_read_back_from_a_folder_or_an_object_store(root: str, tmp_path: Path) -> None:
    uri = f"{tmp_path}/a" if root == "local" else f"{root}/a"
    sha = write_records(uri, records(), {"source_id": "s"})
    assert read_records(uri, sha).equals(records())
    manifest = read_manifest(uri)
    assert (manifest["rows"], manifest["source_id"], manifest["schema"]["fee_amount"]) == (2, "s", "int64")


def test_writing_the_same_records_again_gives_the_same_bytes(tmp_path: Path) -> None:
    uri = str(tmp_path)
    first = write_records(uri, records(), {})
    assert write_records(uri, records(), {}) == first


@pytest.mark.parametrize("name", ["records.parquet", "manifest.json"])
def test_a_changed_file_is_not_read(name: str, tmp_path: Path) -> None:
    uri = str(tmp_path)
    sha = write_records(uri, records(), {})
    other = str(tmp_path / "other")
    write_records(other, records(3), {})
    fsspec.filesystem("file").copy(f"{other}/{name}", f"{uri}/{name}")
    with pytest.raises(ContractBroken, match="not what the ledger recorded"):
        read_records(uri, sha)


def test_records_and_manifest_replaced_together_are_not_read(tmp_path: Path) -> None:
    uri, other = str(tmp_path / "a"), str(tmp_path / "b")
    sha = write_records(uri, records(), {})
    other_sha = write_records(other, records(3), {})
    for name in (RECORDS, MANIFEST):
        fsspec.filesystem("file").copy(f"{other}/{name}", f"{uri}/{name}")
    with pytest.raises(ContractBroken, match="not what the ledger recorded"):
        read_records(uri, sha)
    assert read_records(uri, other_sha).num_rows == 3


def test_a_batch_the_ledger_has_no_manifest_of_is_not_read(tmp_path: Path) -> None:
    write_records(str(tmp_path), records(), {})
    with pytest.raises(ContractBroken):
        read_records(str(tmp_path), None)


def test_a_crash_before_the_records_are_whole_leaves_no_manifest(tmp_path: Path) -> None:
    (tmp_path / RECORDS).mkdir()  # nothing can be written in its place
    with pytest.raises(OSError, match=RECORDS):
        write_records(str(tmp_path), records(), {})
    assert not (tmp_path / MANIFEST).exists()


def test_a_crash_between_the_two_files_leaves_a_folder_that_is_no_batch(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(OSError, match=MANIFEST):
        write_records(str(tmp_path), records(), {})
    (tmp_path / MANIFEST).rmdir()
    with pytest.raises(ContractBroken, match=f"{MANIFEST} is missing"):
        read_records(str(tmp_path), "any")


def test_a_manifest_can_be_read_by_people_and_keeps_its_keys_in_order(tmp_path: Path) -> None:
    write_records(str(tmp_path), records(), {"zone": "Trà Vinh", "asked": 1})
    lines = (tmp_path / MANIFEST).read_text(encoding="utf-8").splitlines()
    assert lines[1] == ' "asked": 1,'
    assert lines[-2] == ' "zone": "Trà Vinh"'


def test_accepted_records_are_read_back_beside_those_pulled(tmp_path: Path) -> None:
    uri = f"{tmp_path}/deep/down"
    rows = [dossier(str(number)) | {"record_no": number} for number in range(2)]
    accepted = pa.Table.from_pylist(rows, schema=ACCEPTED_SCHEMA)
    sha = write_accepted(uri, accepted)
    assert read_accepted(uri, sha).equals(accepted)


@pytest.mark.parametrize("harm", [None, b"", b"other"])
def test_accepted_records_that_are_missing_or_changed_are_refused_by_name(harm: bytes | None, tmp_path: Path) -> None:
    uri, path = str(tmp_path), tmp_path / ACCEPTED
    accepted = pa.Table.from_pylist([dossier() | {"record_no": 0}], schema=ACCEPTED_SCHEMA)
    sha = write_accepted(uri, accepted)
    path.unlink()
    if harm is not None:
        path.write_bytes(harm)
    with pytest.raises(ContractBroken, match=f"{path} is (missing|not what the ledger).*clear validate_batches"):
        read_accepted(uri, sha)


def test_accepted_records_of_another_verdict_or_of_none_in_the_ledger_are_refused(tmp_path: Path) -> None:
    row = dossier() | {"record_no": 0}
    first = write_accepted(str(tmp_path), pa.Table.from_pylist([row], schema=ACCEPTED_SCHEMA))
    write_accepted(str(tmp_path), pa.Table.from_pylist([row | {"status_code": 4}], schema=ACCEPTED_SCHEMA))
    for sha in (first, None):
        with pytest.raises(ContractBroken, match="not what the ledger recorded"):
            read_accepted(str(tmp_path), sha)


@pytest.mark.parametrize("name", [MANIFEST, RECORDS])
def test_a_file_of_landing_that_is_missing_is_refused_by_name(name: str, tmp_path: Path) -> None:
    sha = write_records(str(tmp_path), records(), {})
    (tmp_path / name).unlink()
    with pytest.raises(ContractBroken, match=f"{tmp_path / name} is missing.*motcua ingest"):
        read_records(str(tmp_path), sha)


@pytest.mark.parametrize(("root", "declared"), [("local", None), ("local", 0), ("memory://kept", 3)])
def test_a_kept_listing_is_read_back_with_what_its_source_declared_until_its_folder_is_removed(
    root: str, tmp_path: Path, declared: int | None
) -> None:
    folder = f"{tmp_path}/kept" if root == "local" else f"{root}/kept"
    remove_folder(folder)  # there is none yet
    assert read_listing(f"{folder}/month/1.parquet") is None
    listing = pa.table({"record": ["1", "2"]})
    write_listing(f"{folder}/month/1.parquet", listing, declared)
    assert read_listing(f"{folder}/month/1.parquet") == (listing, declared)
    remove_folder(folder)
    assert read_listing(f"{folder}/month/1.parquet") is None
