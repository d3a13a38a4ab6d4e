"""Landing keeps what was pulled, and notices when somebody changed it."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from tests.store_world import dossier

from motcua.canonical import LANDING_SCHEMA
from motcua.errors import ContractBroken
from motcua.landing import read_manifest, read_records, write_records


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
