"""Batches in the state that extraction leaves them in: landed, in the ledger, not yet judged."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from motcua import ledger
from motcua.canonical import DOSSIER, LANDING_SCHEMA, RecordKind
from motcua.catalog import load_catalog
from motcua.landing import write_records
from motcua.settings import Settings

Land = Callable[..., str]
SOURCE = "tra-vinh.c29236"
_runs = itertools.count(1)  # never twice in a session: landing folders are named for the run and outlive a test


@pytest.fixture
def land(databases: None) -> Land:
    """Return `land(records, source_id=..., kind=..., **ledger)`: plan a batch, put its records, return its id."""
    catalog = load_catalog(Settings.load().catalog_dir)

    def put(
        records: list[dict[str, Any]],
        *,
        source_id: str = SOURCE,
        kind: RecordKind = DOSSIER,
        **said: int,
    ) -> str:
        [[batch_id]] = ledger.plan_run(
            catalog,
            f"validate-{next(_runs)}",
            date(2023, 10, 31),
            window=(date(2023, 10, 1), date(2023, 10, 31)),
            source_ids=[source_id],
        )
        rows = [{"record_no": number} | record for number, record in enumerate(records)]
        counts = {
            "pulled": len(rows),
            "out_of_window": sum(row["disposition"] == "out_of_window" for row in rows),
            "duplicate": sum(row["disposition"] == "duplicate" for row in rows),
        }
        uri = ledger.read_batches([batch_id])[0].landing_uri
        sha = write_records(uri, pa.Table.from_pylist(rows, schema=kind.landing_schema), {"source_id": source_id}, kind)
        ledger.mark_extracted(batch_id, manifest_sha256=sha, declared_total=None, **(counts | said))
        return batch_id

    return put


@pytest.fixture
def record() -> Callable[..., dict[str, Any]]:
    """Return `record(dossier_id, **changes)`: a record that breaks no rule, with changes."""

    def make(dossier_id: str = "1", **changes: Any) -> dict[str, Any]:
        return (
            dict.fromkeys(set(LANDING_SCHEMA.names) - {"record_no"})
            | {
                "disposition": "record",
                "system_code": "opencps-tra-vinh",
                "agency_code": "84102",
                "dossier_id": dossier_id,
                "dossier_no": f"000.01.21.H59-231002-{dossier_id:0>4}",
                "unit_code": "000.01.21.H59",
                "procedure_code": "2.000815",
                "status_code": 10,
                "channel_code": 1,
                "received_at": datetime(2023, 10, 2, 8),
                "due_at": datetime(2023, 10, 3, 17),
                "finished_at": datetime(2023, 10, 3, 9),
                "returned_at": datetime(2023, 10, 3, 10),
                "fee_amount": 2000,
                "applicant_ref": "test:5ec2e7",
            }
            | changes
        )

    return make
