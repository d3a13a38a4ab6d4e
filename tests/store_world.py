"""Puts batches of dossiers into a real store, the way the stages before consolidation would."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, text

from motcua import ledger
from motcua.canonical import ACCEPTED_SCHEMA, LANDING_SCHEMA
from motcua.catalog import load_catalog
from motcua.landing import write_accepted, write_records
from motcua.reference_docs import TABLES
from motcua.settings import Settings
from motcua.warehouse import store_engine, warehouse_engine

COMMUNE = "29236:2020"
OTHER_COMMUNE = "29239:2020"
SOURCE = "tra-vinh.c29236"
DAY = date(2023, 10, 31)


def empty_databases() -> None:
    """Empty the tables of the store and of the warehouse; editions are otherwise immutable.

    Only those that hold a row: to truncate all of them takes five times as long, and most tests use few.
    """
    with store_engine().begin() as connection:
        if names := filled(connection, TABLES["store"]):
            connection.execute(text(f"truncate {', '.join(names)} cascade"))
    with warehouse_engine().begin() as connection:
        if filled(connection, TABLES["warehouse"]):
            for table in TABLES["warehouse"]:
                connection.execute(text(f"alter table {table} disable trigger {table}_immutable"))
            connection.execute(text(f"truncate {', '.join(TABLES['warehouse'])}"))
            for table in TABLES["warehouse"]:
                connection.execute(text(f"alter table {table} enable trigger {table}_immutable"))


def filled(connection: Connection, tables: Iterable[str]) -> Sequence[str]:
    """Return the tables that hold a row."""
    rows = (f"select '{table}' where exists (select from {table})" for table in tables)
    return connection.scalars(text(" union all ".join(rows))).all()


_runs = itertools.count(1)


def dossier(dossier_id: str = "1", **values: Any) -> dict[str, Any]:
    """An accepted record: received on 2 October, due on the 9th, finished on the 6th, unless `values` say otherwise."""
    record: dict[str, Any] = dict.fromkeys((*ACCEPTED_SCHEMA.names, *LANDING_SCHEMA.names))
    record |= {
        "disposition": "record",
        "system_code": "opencps-tra-vinh",
        "agency_code": "84110",
        "dossier_id": dossier_id,
        "dossier_no": f"000.01.21.H59-231002-{dossier_id:0>4}",
        "unit_code": "000.01.21.H59",
        "procedure_code": "2.000815",
        "status_code": 10,
        "channel_code": 1,
        "received_at": datetime(2023, 10, 2, 8),
        "due_at": datetime(2023, 10, 9, 17),
        "finished_at": datetime(2023, 10, 6, 9),
        "returned_at": datetime(2023, 10, 6, 10),
        "unit_id": COMMUNE,
        "field_code": "G15-TP08",
    }
    return record | values


def validated_batch(
    records: list[dict[str, Any]],
    *,
    source_id: str = SOURCE,
    pulled: int | None = None,
    quarantined: int = 0,
    aside: Sequence[dict[str, Any]] = (),
    facts: Mapping[str, Any] | None = None,
    window: tuple[date, date] = (date(2023, 10, 1), DAY),
) -> str:
    """Plan a batch, put its accepted records into landing and mark it validated; return its id.

    `aside` are rows that landed and were not accepted: duplicates by their disposition, the others quarantined. `facts`
    are added to the manifest.
    """
    catalog = load_catalog(Settings.load().catalog_dir)
    [[batch_id]] = ledger.plan_run(catalog, f"test-{next(_runs)}", window[1], window=window, source_ids=[source_id])
    uri = ledger.read_batches([batch_id])[0].landing_uri
    rows = [record | {"record_no": number} for number, record in enumerate([*records, *aside])]
    landed = pa.Table.from_pylist(rows, schema=ACCEPTED_SCHEMA)
    as_landed = pa.Table.from_pylist(rows, schema=LANDING_SCHEMA)
    sha = write_records(uri, as_landed, {"source_id": source_id, **(facts or {})})
    accepted_sha256 = write_accepted(uri, landed.slice(0, len(records)))
    duplicates = sum(row["disposition"] == "duplicate" for row in aside)
    quarantined += len(aside) - duplicates
    count = len(records) + duplicates + quarantined if pulled is None else pulled
    ledger.start_attempt(batch_id)
    ledger.mark_extracted(
        batch_id,
        manifest_sha256=sha,
        declared_total=count,
        pulled=count,
        out_of_window=0,
        duplicate=duplicates,
        proof=ledger.Proof(stock_from=window[0], keeps_stock=True),
    )
    with store_engine().begin() as connection:
        ledger.mark_validated(connection, batch_id, quarantined=quarantined, accepted_sha256=accepted_sha256)
    return batch_id


def measures() -> dict[tuple[str, str, str], int]:
    """Return `measure_day` as {(unit, day, measure): quantity}."""
    with store_engine().connect() as connection:
        rows = connection.execute(
            text("select unit_id, on_day::text, measure, sum(quantity)::int from measure_day group by 1, 2, 3")
        )
        return {(unit, day, measure): quantity for unit, day, measure, quantity in rows}


def let_a_night_pass() -> None:
    """Let what pulls missed so far have been missed a day earlier: the next pull is one of a later night."""
    with store_engine().begin() as connection:
        connection.execute(text("update dossier_absence set missed_at = missed_at - interval '1 day'"))
