"""Rule V7 around 1 July 2025: the unit of the day or its heir. A late record is set aside with the heir named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.reform_world import (
    CENTRE,
    CITY,
    CODES,
    NEW_CENTRE,
    NEW_PART,
    NEW_WARD,
    OTHER_CENTRE,
    WARD_4,
    reform_catalog,
)

from motcua import ledger
from motcua.canonical import LANDING_SCHEMA
from motcua.catalog import Catalog
from motcua.landing import read_accepted, write_records
from motcua.validate import list_quarantine, validate_batches

JUNE, JULY = datetime(2025, 6, 20, 8), datetime(2025, 7, 3, 8)


@pytest.fixture
def reform(databases: None, tmp_path: Path) -> Iterator[Catalog]:
    with reform_catalog(tmp_path / "catalog") as catalog:
        yield catalog


def judged(
    catalog: Catalog, record: Any, source_id: str, last: date, run: str, *said: tuple[str, datetime]
) -> list[str | None]:
    """Return the unit each record (a unit code and the day received) is accepted for, none where it was set aside."""
    [[batch_id]] = ledger.plan_run(catalog, run, last, window=(date(2025, 6, 1), last), source_ids=[source_id])
    rows = []
    for number, (code, at) in enumerate(said):
        rows.append(
            record(
                f"{run}{number}",
                record_no=number,
                unit_code=code,
                received_at=at,
                dossier_no=f"H61.101-{at:%y%m%d}-{len(run)}{number:03d}",
                status_code=4,
                due_at=datetime(2025, 8, 1),
                finished_at=None,
                returned_at=None,
                submitted_at=None,
            )
        )
    good = [
        record(
            f"{run}g{number}",
            record_no=len(rows) + number,
            unit_code=CODES[WARD_4],
            received_at=JUNE,
            dossier_no=f"H61.101-250620-{len(run)}{900 + number}",
            status_code=4,
            due_at=datetime(2025, 8, 1),
            finished_at=None,
            returned_at=None,
            submitted_at=None,
        )
        for number in range(40)
    ]  # a batch that is broken for the most part would be held
    uri = ledger.read_batches([batch_id])[0].landing_uri
    everything = [*rows, *good]
    sha = write_records(uri, pa.Table.from_pylist(everything, schema=LANDING_SCHEMA), {"source_id": source_id})
    ledger.mark_extracted(
        batch_id, manifest_sha256=sha, declared_total=None, pulled=len(everything), out_of_window=0, duplicate=0
    )
    assert validate_batches([batch_id], now=datetime(2025, 7, 20)).validated == [batch_id]
    accepted_sha256 = ledger.read_batches([batch_id])[0].accepted_sha256
    accepted = {row["dossier_id"]: row["unit_id"] for row in read_accepted(uri, accepted_sha256).to_pylist()}
    return [accepted.get(row["dossier_id"]) for row in rows]


def test_the_heirs_code_is_accepted_for_a_dossier_its_predecessor_received(reform: Catalog, record: Any) -> None:
    found = judged(
        reform, record, "new.ward", date(2025, 7, 10), "july",
        (CODES[NEW_WARD], JUNE), (CODES[NEW_WARD], JULY), (CODES[WARD_4], JUNE), (CODES[NEW_PART], JUNE),
    )  # fmt: skip
    assert found == [NEW_WARD, NEW_WARD, WARD_4, None]  # a part of a unit is no heir of its dossiers


def test_a_unit_without_a_predecessor_on_the_day_is_set_aside(reform: Catalog, record: Any) -> None:
    found = judged(reform, record, "new.part", date(2025, 7, 10), "before", (CODES[NEW_PART], JUNE))
    assert found == [None]


def test_a_day_before_the_catalogue_begins_is_read_as_its_first_day(reform: Catalog, record: Any) -> None:
    long_ago = datetime(2019, 12, 31, 8)
    last = date(2025, 7, 10)
    assert judged(reform, record, "new.ward", last, "heir", (CODES[NEW_WARD], long_ago)) == [NEW_WARD]
    assert judged(reform, record, "new.part", last, "none", (CODES[NEW_PART], long_ago)) == [None]


def test_a_code_with_two_meanings_is_read_by_the_time_of_its_source(
    reform: Catalog, record: Any, tmp_path: Path
) -> None:
    """One code meant one centre before the reform, the new one after: a source of the new one means the new one."""
    path = tmp_path / "catalog" / "units" / "agency_codes.csv"
    path.write_text(path.read_text() + f"H61,{OTHER_CENTRE},2020-01-01,,t\nH61,{NEW_CENTRE},2020-01-01,,t\n")
    from motcua.catalog import load_catalog

    load_catalog.cache_clear()
    catalog = load_catalog(tmp_path / "catalog")
    assert judged(catalog, record, "new.centre", date(2025, 7, 10), "new", ("H61", JUNE)) == [NEW_CENTRE]
    assert judged(catalog, record, "old.other", date(2025, 6, 30), "old", ("H61", JUNE)) == [OTHER_CENTRE]


def test_a_unit_that_had_ended_is_set_aside_with_its_heir_named(reform: Catalog, record: Any) -> None:
    found = judged(
        reform, record, "new.centre", date(2025, 7, 10), "late", (CODES[CITY], JULY), (CODES[CENTRE], JULY),
        (CODES[CITY], JUNE), ("000.77.77.H59", JULY),
    )  # fmt: skip
    assert found == [None, None, CITY, None]
    told = {
        entry.record_id: [(rule.reason, rule.value) for rule in entry.broken_rules if rule.rule_id == "V7"]
        for entry in list_quarantine(rule="V7")
    }
    heir = "unit_heir=86-TTPVHCC:2025 (Trung tâm tỉnh Vĩnh Long)"
    district = "A district unit received a dossier after 30/6/2025, when districts ended."
    assert any(reason == district and heir in value for reason, value in told["late0"])
    assert all(heir in value for _, value in told["late1"])
    assert "unit_heir" not in told["late3"][0][1]
