"""A store whose OpenCPS dossiers were read by an earlier table of statuses is mended by a replay."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text
from tests.unit.extract.opencps_site import Site, record
from tests.unit.extract.test_replay import replay

from motcua import ledger
from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.catalog.record_sources import reading_sha256
from motcua.consolidate import consolidate_batches
from motcua.errors import ContractBroken
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.records.mapping import load_mapping
from motcua.extract.replay import read_again
from motcua.settings import PROJECT_ROOT, Settings
from motcua.validate import validate_batches
from motcua.warehouse import store_engine

SOURCE = "tra-vinh.c29236"
SHIPPED = (PROJECT_ROOT / "include" / "catalog" / "mappings" / "opencps.yaml").read_text(encoding="utf-8")
# As the mapping read these two until 27 November 2026: a refusal was booked on time, a negative result was no result.
EARLIER = (
    SHIPPED.replace("denied: {code: 3,", "denied: {code: 8,")
    .replace("unresolved: {code: 9,", "unresolved: {code: 3,")
    .replace("only_status: [denied]", "only_status: [unresolved]")
)
LATE = {"releaseDate": "12/10/2023 09:00:00", "finishDate": "12/10/2023 09:00:00"}  # due on the 9th
ENDINGS = ("resolved_late", "stopped", "not_accepted", "received_direct")


@pytest.fixture
def catalog(quick_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue whose sites say nothing of their statuses, as before an entry could."""
    folder = tmp_path / "catalog"
    shutil.copytree(quick_catalog, folder)
    statuses_of(folder, None)
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
    return folder


def statuses_of(folder: Path, statuses: dict[str, Any] | None) -> None:
    """Have the entries of Trà Vinh say this of their statuses."""
    path = folder / "sources" / "tra-vinh.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["defaults"] |= {"statuses": statuses or {}}
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    load_catalog.cache_clear()


def read_as(folder: Path, mapping: str) -> None:
    (folder / "mappings" / "opencps.yaml").write_text(mapping, encoding="utf-8")
    load_mapping.cache_clear()


def judged(batch_ids: list[str]) -> list[ledger.Batch]:
    validate_batches(batch_ids)
    consolidate_batches(batch_ids)
    build_measures()
    return ledger.read_batches(batch_ids)


def counted() -> dict[str, list[date]]:
    """Return on which days the measures count the dossiers."""
    sql = "select measure, on_day, sum(quantity) as quantity from measure_day group by 1, 2 order by 1, 2"
    found: dict[str, list[date]] = {}
    with store_engine().connect() as connection:
        for row in connection.execute(text(sql)):
            if row.measure in ENDINGS:
                found.setdefault(row.measure, []).extend([row.on_day] * int(row.quantity))
    return found


def readings() -> set[str]:
    with store_engine().connect() as connection:
        return set(connection.execute(text("select reading_sha256 from batch where replay_of is null")).scalars())


def test_a_replay_takes_a_negative_result_for_a_result_and_a_refusal_for_a_refusal(
    site: Site, plan: Callable[..., list[str]], resolve: Callable[[str], SourceConnection], catalog: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    site.dossiers["84102"] = [
        record(1, dossierStatus="unresolved", **LATE),
        record(2, dossierStatus="denied", **LATE),
        record(3, dossierStatus="done", **LATE),
    ]
    read_as(catalog, EARLIER)
    batch_ids = plan()
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog))
    extract_batches(batch_ids, resolve)
    assert [batch.state for batch in judged(batch_ids)] == ["loaded"]
    ended, received = date(2023, 10, 12), date(2023, 10, 2)
    assert counted() == {
        "resolved_late": [ended], "stopped": [ended], "not_accepted": [ended], "received_direct": [received] * 2,
    }  # fmt: skip

    read_as(catalog, SHIPPED)
    source = load_catalog(catalog).source_by_id[SOURCE]
    assert reading_sha256(load_catalog(catalog), source) not in readings()  # so no edition is final (read_as_stated)
    asked = len(site.asked)
    assert [batch.state for batch in replay(SOURCE)] == ["loaded"]
    assert len(site.asked) == asked
    assert counted() == {"resolved_late": [ended] * 2, "not_accepted": [ended], "received_direct": [received] * 2}
    with store_engine().connect() as connection:
        sql = "select dossier_id, refused_at::date from dossier_current where refused_at is not null"
        assert [tuple(row) for row in connection.execute(text(sql))] == [("2", ended)]


def test_a_sub_status_that_was_not_kept_is_asked_for_by_name(
    site: Site, plan: Callable[..., list[str]], resolve: Callable[[str], SourceConnection], catalog: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    site.dossiers["84102"] = [record(1, dossierStatus="unresolved", dossierSubStatus="stopped", **LATE)]
    read_as(catalog, SHIPPED)
    batch_ids = plan()
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog))
    extract_batches(batch_ids, resolve)
    judged(batch_ids)
    assert counted() == {"resolved_late": [date(2023, 10, 12)], "received_direct": [date(2023, 10, 2)]}
    stopped = {"stopped": {"code": 8, "evidence": "inferred"}}
    statuses_of(catalog, {"unresolved": {"code": 9, "evidence": "inferred", "sub": stopped}})
    source = load_catalog(Settings.load().catalog_dir).source_by_id[SOURCE]
    with pytest.raises(ContractBroken, match="because dossierSubStatus was not kept"):
        read_again(source, "replay-1")

    again = plan(run_id="night-2")  # asked for its days again, as the message says
    monkeypatch.setenv("MOTCUA_CATALOG", str(catalog))
    extract_batches(again, resolve)
    judged(again)
    assert counted() == {"stopped": [date(2023, 10, 12)], "received_direct": [date(2023, 10, 2)]}
