"""A store filled by hand: units of the real catalogue, batches that answered, measures as if aggregated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.reform_world import (
    CENTRE,
    CITY,
    NEW_CENTRE,
    NEW_PART,
    NEW_TOWN,
    NEW_WARD,
    OTHER_CENTRE,
    TOWN,
    WARD_1,
    WARD_4,
    reform_catalog,
)

from motcua.catalog import Catalog, load_catalog
from motcua.settings import Settings
from motcua.units.codes import sync_units
from motcua.warehouse import store_engine

OCTOBER = (date(2023, 10, 1), date(2023, 10, 31))


class Store:
    """What a test puts into the store."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.batch_no = 0

    def execute(self, sql: str, **values: Any) -> Any:
        with store_engine().begin() as connection:
            result = connection.execute(text(sql), values)
            return result.all() if result.returns_rows else None

    def measure(
        self, unit_id: str, day: date, measure: str, quantity: int, field: str = "ho-tich", procedure: str = "1.001193"
    ) -> None:
        self.execute(
            "insert into measure_day values (:unit, :procedure, :field, :day, :measure, :quantity)"
            " on conflict (unit_id, measure, on_day, procedure_code, field_code)"
            " do update set quantity = measure_day.quantity + excluded.quantity",
            unit=unit_id, procedure=procedure, field=field, day=day, measure=measure, quantity=quantity,
        )  # fmt: skip

    def sources_of(self, province_id: str) -> list[str]:
        members = {unit.unit_id for unit in self.catalog.subtree(province_id)}
        return [source.source_id for source in self.catalog.sources if source.unit_id in members]

    def answer(
        self,
        source_ids: Iterable[str],
        window: tuple[date, date] = OCTOBER,
        *,
        state: str = "loaded",
        is_measured: bool = True,
        quarantined: int = 0,
        is_opening: bool = True,
    ) -> list[str]:
        """Write one batch a source; a loaded one balances and, unless told otherwise, is in the measures.

        Of an opening everything is known that was open before its window.
        """
        self.batch_no += 1
        rows = [
            {
                "batch_id": f"{source_id}@night-{self.batch_no}",
                "run": f"night-{self.batch_no}",
                "source_id": source_id,
                "level": self.catalog.source_by_id[source_id].level,
                "first": window[0],
                "last": window[1],
                "state": state,
                "sha": f"{self.batch_no:064x}",
                "quarantined": quarantined,
                "stock": window[0] if is_opening else None,
                "measured": is_measured and state == "loaded",
            }
            for source_id in source_ids
        ]
        with store_engine().begin() as connection:
            connection.execute(
                text(
                    "insert into batch (batch_id, run_id, source_id, level, window_from, window_to, state,"
                    " manifest_sha256, receptions_from, stock_from, keeps_stock, pulled_count,"
                    " out_of_window_count, duplicate_count, quarantined_count,"
                    " new_count, changed_count, unchanged_count, planned_at, validated_at, measured_at)"
                    " values (:batch_id, :run, :source_id, :level, :first, :last, :state, :sha, :first, :stock,"
                    " cast(:stock as date) is not null,"
                    " :quarantined, 0, 0,"
                    " :quarantined, 0, 0, 0, clock_timestamp(), clock_timestamp(),"
                    " case when :measured then clock_timestamp() end)"
                ),
                rows,
            )
        return [row["batch_id"] for row in rows]

    def answer_all(self, window: tuple[date, date]) -> None:
        """Let every source of the catalogue answer for these days, as an opening."""
        self.answer([source.source_id for source in self.catalog.sources], window)

    def version(self, batch_id: str, unit_id: str, dossier_id: str, received_on: date, **extra: Any) -> None:
        """Add a dossier version of a batch, superseding the one before it."""
        key = {"system": "opencps-tra-vinh", "agency": "agency", "dossier": dossier_id}
        self.execute(
            "update dossier_version set known_to = clock_timestamp(), superseded_by_batch_id = :batch"
            " where (system_code, agency_code, dossier_id) = (:system, :agency, :dossier) and known_to is null",
            batch=batch_id, **key,
        )  # fmt: skip
        values = {"status": 4, "channel": 2, "due": None, "finished": None, **extra}
        self.execute(
            "insert into dossier_version (system_code, agency_code, dossier_id, procedure_code, status_code,"
            " channel_code, received_at, due_at, finished_at, unit_id, field_code, content_hash, source_id, batch_id,"
            " known_from) values (:system, :agency, :dossier, '1.001193', :status, :channel, :received, :due,"
            " :finished, :unit, 'ho-tich', md5(random()::text), (select source_id from batch where batch_id = :batch),"
            " :batch, clock_timestamp())",
            batch=batch_id, unit=unit_id, received=received_on, **key, **values,
        )  # fmt: skip


def _write_measures_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let editions be published from measures that no dossier stands behind, which are refused otherwise."""
    monkeypatch.setattr("motcua.publish.edition.lifecycle.refuse_tampered_measures", lambda *_: None)


@pytest.fixture
def store(databases: None, monkeypatch: pytest.MonkeyPatch) -> Store:
    _write_measures_by_hand(monkeypatch)
    catalog = load_catalog(Settings.load().catalog_dir)
    with store_engine().begin() as connection:
        sync_units(connection, catalog)
    return Store(catalog)


@pytest.fixture
def october(store: Store) -> Store:
    """Trà Vinh, October 2023: every source answered, a few dossiers at three units of three levels."""
    store.answer(store.sources_of("84:2020"))
    centre, city, ward = "84-TTPVHCC:2020", "842:2020", "29236:2020"
    for unit_id, day, measure, quantity in (
        (centre, 5, "received_online", 1200),
        (centre, 6, "received_direct", 800),
        (centre, 20, "resolved_early", 1500),
        (centre, 21, "resolved_on_time", 300),
        (centre, 22, "resolved_late", 50),
        (centre, 15, "became_overdue", 60),
        (centre, 22, "overdue_cleared", 50),
        (city, 2, "received_online", 30),
        (city, 2, "received_direct", 70),
        (city, 9, "resolved_on_time", 66),
        (city, 10, "withdrawn", 3),
        (city, 11, "stopped", 2),
        (ward, 3, "received_direct", 11),
        (ward, 4, "resolved_early", 7),
        (ward, 9, "became_overdue", 2),
    ):
        store.measure(unit_id, date(2023, 10, day), measure, quantity)
    store.measure(ward, date(2023, 9, 28), "received_online", 5, field="cu-tru", procedure="1.004222")
    store.measure(ward, date(2023, 10, 2), "resolved_on_time", 4, field="cu-tru", procedure="1.004222")
    store.measure("26-TTPVHCC:2020", date(2023, 10, 2), "received_online", 9999)
    return store


@pytest.fixture
def reports_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOTCUA_REPORTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def reform(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Dossiers of old units, some open on 30 June and closed in July, and of new ones."""
    _write_measures_by_hand(monkeypatch)
    with reform_catalog(tmp_path / "catalog") as catalog:
        with store_engine().begin() as connection:
            sync_units(connection, catalog)
        store = Store(catalog)
        for unit_id, day, measure, quantity in (
            (WARD_4, date(2025, 6, 10), "received_online", 9),
            (WARD_4, date(2025, 6, 20), "resolved_early", 4),
            (WARD_4, date(2025, 7, 3), "resolved_on_time", 5),
            (WARD_1, date(2025, 6, 29), "received_direct", 7),
            (WARD_1, date(2025, 7, 10), "resolved_late", 2),
            (WARD_1, date(2025, 7, 2), "became_overdue", 2),
            (WARD_1, date(2025, 7, 10), "overdue_cleared", 2),
            (CITY, date(2025, 6, 18), "received_online", 30),
            (CITY, date(2025, 6, 25), "resolved_early", 12),
            (CENTRE, date(2025, 6, 16), "received_direct", 40),
            (OTHER_CENTRE, date(2025, 5, 16), "received_direct", 100),
            (OTHER_CENTRE, date(2025, 7, 9), "withdrawn", 60),
            (TOWN, date(2025, 6, 30), "received_direct", 3),
            (NEW_TOWN, date(2025, 6, 30), "received_direct", 1),  # first heard of after the reform
            (NEW_PART, date(2025, 6, 27), "received_online", 2),
            (NEW_PART, date(2025, 7, 14), "resolved_early", 2),
            (NEW_WARD, date(2025, 7, 1), "received_online", 11),
            (NEW_CENTRE, date(2025, 7, 14), "received_direct", 5),
        ):
            store.measure(unit_id, day, measure, quantity)
        yield store
