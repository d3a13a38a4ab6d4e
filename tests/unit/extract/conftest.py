"""A site, a catalogue with short waits and small pages, and batches of its sources."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from tests.unit.extract.opencps_site import LOGIN, PASSWORD, Site

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.extract import SourceConnection
from motcua.settings import PROJECT_ROOT

WINDOW = (date(2023, 10, 1), date(2023, 10, 31))


@pytest.fixture(scope="session", autouse=True)
def shared_limits(database_server: None) -> None:
    """Have the store at hand: every request passes the limits that all tasks share there."""


@pytest.fixture(scope="session")
def quick_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalog") / "catalog"
    shutil.copytree(PROJECT_ROOT / "include" / "catalog", folder)
    guards = yaml.safe_load((folder / "guards.yaml").read_text())
    guards["circuit"]["pause_seconds"] = 0.5  # a patient chunk sits it out
    (folder / "guards.yaml").write_text(yaml.safe_dump(guards))
    for path in (folder / "sources").glob("*.yaml"):
        document = yaml.safe_load(path.read_text())
        document["defaults"] |= {"page_size": 4, "timeout_seconds": 0.6, "attempts": 3, "retry_wait_seconds": 0.01}
        path.write_text(yaml.safe_dump(document, allow_unicode=True))
    return folder


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def resolve(site: Site) -> Callable[[str], SourceConnection]:
    return lambda connection_id: SourceConnection(site.url, LOGIN, PASSWORD)


@pytest.fixture
def plan(
    databases: None, quick_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """Plan a run of Phường 4 (group 84102), or of the sources named, for October 2023; return the batch ids."""
    monkeypatch.setenv("MOTCUA_CATALOG", str(quick_catalog))
    monkeypatch.setenv("MOTCUA_LANDING", str(tmp_path / "landing"))

    def planned(
        *source_ids: str, run_id: str = "night-1", window: tuple[date, date] = WINDOW, is_opening: bool = False
    ) -> list[str]:
        chunks = ledger.plan_run(
            load_catalog(quick_catalog),
            run_id,
            window[1],
            window=window,
            source_ids=source_ids or ["tra-vinh.c29236"],
            is_opening=is_opening,
        )
        return [batch_id for chunk in chunks for batch_id in chunk]

    return planned
