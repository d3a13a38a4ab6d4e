"""Landing: what a source answered for one batch, as Parquet with a manifest, kept for replay.

A batch is a folder: `records.parquet` (the landing schema of its kind of record, every record pulled), `manifest.json`
(counts, window, schema, SHA-256 of the records) and, once validated, `accepted.parquet` (the accepted schema). The
ledger holds the SHA-256 of the manifest and of the accepted records: no stage reads a file that another did not write.
The folder's URI may be local or object storage; the manifest is written last, so a folder without one is not a batch.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from motcua.canonical import DOSSIER, RecordKind
from motcua.errors import ContractBroken

RECORDS = "records.parquet"
ACCEPTED = "accepted.parquet"
MANIFEST = "manifest.json"

_AGAIN = "Or pull the window again with `motcua ingest`."
_PULL_AGAIN = "find out who changed it, then pull the window again with `motcua ingest`."


def write_records(uri: str, records: pa.Table, facts: dict[str, Any], kind: RecordKind = DOSSIER) -> str:
    """Write a batch's records and then its manifest; return the manifest's SHA-256.

    Args:
        uri: the batch's folder.
        records: table of the landing schema of the kind.
        facts: what else the manifest states (source, window, counts); JSON values only.
    """
    schema = kind.landing_schema
    body = _parquet(records.cast(schema))
    manifest = {
        **facts,
        "rows": records.num_rows,
        "schema": {field.name: str(field.type) for field in schema},
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    text = json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1).encode()
    _write(f"{uri}/{RECORDS}", body)
    _write(f"{uri}/{MANIFEST}", text)
    return hashlib.sha256(text).hexdigest()


def read_manifest(uri: str) -> dict[str, Any]:
    """Return a batch's manifest."""
    manifest: dict[str, Any] = json.loads(_read(f"{uri}/{MANIFEST}"))
    return manifest


def read_records(uri: str, manifest_sha256: str | None, kind: RecordKind = DOSSIER) -> pa.Table:
    """Return a batch's records after checking them against the manifest and the manifest against the ledger.

    Raises:
        ContractBroken: a file is missing, or was changed after it was written.
    """
    text = _read(f"{uri}/{MANIFEST}")
    body = _read(f"{uri}/{RECORDS}")
    if hashlib.sha256(text).hexdigest() != manifest_sha256 or (
        hashlib.sha256(body).hexdigest() != json.loads(text)["sha256"]
    ):
        raise ContractBroken(
            f"The landing folder {uri} is not what the ledger recorded.",
            action=_PULL_AGAIN,
        )
    return pq.read_table(io.BytesIO(body), schema=kind.landing_schema)


def write_accepted(uri: str, accepted: pa.Table, kind: RecordKind = DOSSIER) -> str:
    """Write the records of a batch that broke no critical rule; return the file's SHA-256."""
    body = _parquet(accepted.cast(kind.accepted_schema))
    _write(f"{uri}/{ACCEPTED}", body)
    return hashlib.sha256(body).hexdigest()


def read_accepted(
    uri: str, accepted_sha256: str | None, kind: RecordKind = DOSSIER, columns: Sequence[str] | None = None
) -> pa.Table:
    """Return the accepted records of a batch, or some columns of them, after checking them against the ledger.

    Raises:
        ContractBroken: the file is missing, or was changed after validation wrote it.
    """
    action = f"find out who changed it, then clear validate_batches of its run: it judges the batch again. {_AGAIN}"
    body = _read(f"{uri}/{ACCEPTED}", action)
    if hashlib.sha256(body).hexdigest() != accepted_sha256:
        raise ContractBroken(f"The file {uri}/{ACCEPTED} is not what the ledger recorded.", action=action)
    return pq.read_table(io.BytesIO(body), schema=kind.accepted_schema, columns=columns)


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _write(uri: str, body: bytes) -> None:
    filesystem, path = fsspec.url_to_fs(uri)
    filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
    with filesystem.open(path, "wb") as handle:
        handle.write(body)


def _read(uri: str, action: str = _PULL_AGAIN) -> bytes:
    """Return a file. Raises ContractBroken, with what to do, where there is none."""
    filesystem, path = fsspec.url_to_fs(uri)
    try:
        with filesystem.open(path, "rb") as handle:
            body: bytes = handle.read()
    except FileNotFoundError as error:
        raise ContractBroken(f"The file {uri} is missing.", action=action) from error
    return body
