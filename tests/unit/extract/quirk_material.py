"""Records, editions and rows for the tests of the 19 quirks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from tests.store_world import COMMUNE, validated_batch
from tests.unit.extract.opencps_site import record

from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.extract import SourceConnection
from motcua.extract.adapters.protocol import Window
from motcua.extract.disposition import assign_dispositions
from motcua.extract.records.mapping import load_mapping
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.period import parse_period
from motcua.publish import Edition, publish_edition
from motcua.publish.edition.content import figure_rows
from motcua.settings import PROJECT_ROOT

CATALOG = PROJECT_ROOT / "include" / "catalog"
OCTOBER = Window(date(2023, 10, 1), date(2023, 10, 31))
GROUP = "84102"
Plan = Callable[..., list[str]]
Resolve = Callable[[str], SourceConnection]


def mapped(protocol: str, *records: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that the records land as, settled for October 2023."""
    shipped = load_catalog(CATALOG).source_by_id["tra-vinh.c29236"]
    builder = TableBuilder(shipped, load_mapping(CATALOG, protocol), Pseudonymiser("k1", b"\x5a" * 32))
    landed: list[dict[str, Any]] = assign_dispositions(builder.table(records), OCTOBER, frozenset()).to_pylist()
    return landed


def opencps(**values: Any) -> dict[str, Any]:
    [row] = mapped("opencps", record(1, **values))
    return row


def tandan(**values: Any) -> dict[str, Any]:
    return {
        "id": "00000000-0000-0000-0000-0000000003e9",
        "maHoSo": "H44.100-231002-0007",
        "trangThaiHoSoId": 4,
        "kenhThucHien": 1,
        "maTTHC": "2.000815",
        "ngayTiepNhan": "2023-10-02T08:00:00",
        "lastModifiedOn": "2023-10-02T08:00:00",
    } | values


def standing(*records: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(row["disposition"], row["disposition_reason"]) for row in mapped("opencps", *records)]


def load(*dossiers: dict[str, Any]) -> None:
    batch_id = validated_batch(list(dossiers))
    assert consolidate_batches([batch_id]).loaded == [batch_id]
    build_measures()


def published() -> Edition:
    return publish_edition("form-06", COMMUNE, parse_period("CAL_MONTH:2023-10"))


def total(edition: Edition) -> dict[str, int]:
    """Return the total row of an edition by column."""
    return {row[5]: row[6] for row in figure_rows(edition.content) if row[0] == "total"}
