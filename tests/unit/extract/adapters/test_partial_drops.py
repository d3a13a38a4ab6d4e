"""A source that drops only what has changed is not judged by what its drop leaves out, when the catalogue says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.extract import NO_CONNECTION, extract_batches
from motcua.landing import read_manifest
from motcua.settings import PROJECT_ROOT
from motcua.validate import validate_batches

WINDOW = (date(2023, 10, 1), date(2023, 10, 31))
Night = Callable[[dict[int, str]], ledger.Batch]


@pytest.fixture
def night(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lists_all: bool) -> Night:
    """Drop dossiers, by number and status, in place of what was dropped before, and run a night."""
    folder = tmp_path / "catalog"
    (folder / "sources").mkdir(parents=True)
    shutil.copytree(PROJECT_ROOT / "include" / "catalog" / "units", folder / "units")
    entry = {
        "source_id": "x.portal", "name": "X", "system_code": "x", "adapter": "portal_sync", "level": "commune",
        "options": {"path": "drops/*.json", "agency_code": "000.01.21.H59"}, "unit_id": "29236:2020",
        "valid_from": "2020-01-01", "lists_all": lists_all,
    }  # fmt: skip
    (folder / "sources" / "x.yaml").write_text(yaml.safe_dump({"sources": [entry]}), encoding="utf-8")
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
    monkeypatch.setenv("MOTCUA_LANDING", str(tmp_path / "landing"))
    runs = iter(range(10))

    def run(dossiers: dict[int, str]) -> ledger.Batch:
        (folder / "drops").mkdir(exist_ok=True)
        items = [
            {"MaHoSo": f"000.01.21.H59-231002-{number:04d}", "MaTTHC": "2.000815", "DonViXuLy": "000.01.21.H59",
             "TrangThaiHoSo": status, "NgayTiepNhan": "20231002080000", "NgayHenTra": "20231009170000",
             "NgayKetThucXuLy": "20231005100000" if status == "9" else "", "KenhThucHien": "1"}
            for number, status in dossiers.items()
        ]  # fmt: skip
        message = {"madonvi": "000.01.21.H59", "service": "DongBoHoSoMC", "isUpdating": "True", "data": items}
        (folder / "drops" / "now.json").write_text(json.dumps(message), encoding="utf-8")
        chunks = ledger.plan_run(load_catalog(folder), f"night-{next(runs)}", WINDOW[1], window=WINDOW)
        [[batch_id]] = chunks
        extract_batches([batch_id], lambda name: NO_CONNECTION)
        validate_batches([batch_id])
        consolidate_batches([batch_id])
        return ledger.read_batches([batch_id])[0]

    return run


@pytest.mark.parametrize("lists_all", [False])
def test_a_drop_of_changes_loads_and_marks_no_dossier_as_absent(night: Night) -> None:
    assert night(dict.fromkeys(range(1, 41), "4")).new_count == 40
    batch = night({1: "9", 41: "4"})
    assert (batch.state, batch.new_count, batch.changed_count, batch.unconfirmed_count) == ("loaded", 1, 1, 0)
    assert ledger.absences() == []
    manifest = read_manifest(batch.landing_uri)
    assert manifest["guards"] == {"known_count": 40, "shown_count": 1, "not_judged_because": "lists_all: false"}
    assert manifest["pulled"]["unknown_by_id"] == []


@pytest.mark.parametrize("lists_all", [True])
def test_a_drop_of_changes_is_held_where_the_catalogue_says_that_the_source_lists_all(night: Night) -> None:
    assert night(dict.fromkeys(range(1, 41), "4")).new_count == 40
    batch = night({1: "9", 41: "4"})
    assert (batch.state, batch.error_kind) == ("held", "BatchHeld")
    assert "lists_all: false" in (batch.error_message or "")
