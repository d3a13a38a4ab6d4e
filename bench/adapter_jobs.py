"""What the bench of adapters has run in processes of their own: our extract, validate and load, and the warming up."""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import yaml
from sqlalchemy import text

from motcua.catalog import OpencpsOptions, load_catalog
from motcua.sandbox.exports.export import DATABASE_FILE
from motcua.sandbox.exports.tables import file_name
from motcua.sandbox.systems.igate import agency_id
from motcua.sandbox.world.scenario import Scenario
from motcua.settings import PROJECT_ROOT, Settings
from motcua.warehouse import store_engine

SHIPPED = PROJECT_ROOT / "include" / "catalog"
MAPPINGS = PROJECT_ROOT / "tests" / "reliability" / "mappings"
HTTP = ("opencps", "igate", "tandan")
DROPPED = ("portal_sync", "files", "sql")
PAGE_SIZE = 1000
WIDENED = timedelta(days=60)  # wide enough that what is still open at the source stands in the window too
FATES = ("new", "changed", "unchanged", "duplicate", "quarantined", "out_of_window")


def run_ours(scenario: Scenario, adapter: str) -> dict[str, Any]:
    """Pull, validate and load one source's window through an adapter; return seconds by stage and counts."""
    from motcua import ledger
    from motcua.consolidate import consolidate_batches
    from motcua.extract import extract_batches
    from motcua.validate import validate_batches

    catalog = load_catalog(Settings.load().catalog_dir)
    ((batch_id,),) = ledger.plan_run(catalog, "bench", scenario.day_of_night(1), window=window_of(scenario))
    connection = connection_of(adapter)
    stages = Stages()
    stages.run("extract", lambda: extract_batches([batch_id], lambda _: connection))
    stages.run("between", lambda: validate_batches([batch_id]))
    stages.run("load", lambda: consolidate_batches([batch_id]))
    (batch,) = ledger.read_batches([batch_id])
    assert batch.state == "loaded", f"{adapter} did not load: {batch.error}"
    with store_engine().connect() as store:
        counted = ", ".join(f"{fate}_count" for fate in FATES)
        row = store.execute(text(f"select pulled_count, {counted} from batch")).one()  # noqa: S608  our own names
        in_store = store.execute(text("select count(*) from dossier_version")).scalar_one()
    assert row[0] == sum(row[1:]), "a record has no fate"
    return stages.found | {
        "records": row[0],
        "fates": dict(zip(FATES, row[1:], strict=True)),
        "rows": in_store,
    }


def warm_up(scenario: Scenario, adapter: str) -> dict[str, Any]:
    """Ask every page once, as our adapter does, so that the server keeps it; return how many rows it gave."""
    from motcua.extract.adapters.protocol import Window, make_adapter
    from motcua.extract.records.mapping import mapping_of

    (source,) = load_catalog(Settings.load().catalog_dir).sources
    mapping = mapping_of(Settings.load().catalog_dir, source)
    asked = make_adapter(source, connection_of(adapter), mapping)
    from_date, to_date = window_of(scenario)
    windows = [Window(from_date, to_date)]
    if asked.lists_open:
        windows.append(Window(None, from_date - timedelta(days=1), is_open_only=True))
    try:
        rows = sum(len(page.records) for window in windows for page in asked.pages(window))
    finally:
        asked.close()
    return {"rows": rows}


class Stages:
    """Seconds and CPU seconds by stage: of this process, of those it started, and of PostgreSQL for them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self._postmaster = int((Settings.load().work_dir / "pg" / "postmaster.pid").read_text().split()[0])

    def run(self, stage: str, work: Callable[[], object]) -> None:
        """Do the work of a stage and note what it took."""
        begun, before = time.perf_counter(), self._used()
        work()
        self.seconds[stage] = time.perf_counter() - begun
        self.cpu[stage] = self._used() - before

    @property
    def found(self) -> dict[str, Any]:
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        peak = (own.ru_maxrss + children.ru_maxrss) / 1024  # of this process and its largest child
        return {"seconds": self.seconds, "cpu": self.cpu, "peak_mib": peak}

    def _used(self) -> float:
        return cpu_seconds(os.getpid()) + cpu_seconds(self._postmaster)


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process and of its children, those that ended and those that live."""
    process = psutil.Process(pid)
    total: float = sum(process.cpu_times()[:4])
    for child in process.children(recursive=True):
        try:
            total += sum(child.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return total


def window_of(scenario: Scenario) -> tuple[date, date]:
    return scenario.from_date - WIDENED, scenario.to_date


def connection_of(adapter: str) -> Any:
    from motcua.extract import SourceConnection

    if adapter == "sql":
        return SourceConnection(f"sqlite://{Settings.load().work_dir / 'sql' / DATABASE_FILE}", "", "")
    return SourceConnection(os.environ["BENCH_URL"], os.environ["BENCH_LOGIN"], os.environ["BENCH_PASSWORD"])


def write_catalog(scenario: Scenario, adapter: str, work_dir: Path) -> Path:
    """Write a catalogue that is the shipped one, but for the one source of the scenario behind this adapter.

    It asks the sandbox as fast as it answers, as dlt does: the limit of requests is a guard of other people's hosts.
    """
    folder = work_dir / f"catalog-{adapter}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SHIPPED, folder)
    shutil.copytree(MAPPINGS, folder / "mappings", dirs_exist_ok=True)
    shutil.rmtree(folder / "sources")
    (folder / "sources").mkdir()
    guards = yaml.safe_load((folder / "guards.yaml").read_text(encoding="utf-8"))
    guards["requests"]["per_second_of_a_host"] = None
    (folder / "guards.yaml").write_text(yaml.safe_dump(guards), encoding="utf-8")
    (shipped,) = scenario.sources(load_catalog(SHIPPED))
    group_id = shipped.options_as(OpencpsOptions).group_id
    names = folder / "units" / "agency_codes-names.csv"
    names.write_text(
        "code,unit_id,valid_from,valid_to,evidence\n"
        f'"{shipped.name}",{shipped.unit_id},2020-01-01,2025-06-30,the sandbox\n',
        encoding="utf-8",
    )
    codes = load_catalog(SHIPPED).agency_codes
    unit_code = next(code.code for code in codes if code.unit_id == shipped.unit_id)
    if adapter == "sql":
        (folder / "queries").mkdir()
        for name, where in (
            ("window", "ngay_tiep_nhan >= :from_date and ngay_tiep_nhan < date(:to_date, '+1 day')"),
            ("open", "ngay_tiep_nhan < date(:to_date, '+1 day') and trang_thai in (2, 4, 5, 6)"),
        ):
            query = f"select * from v_ho_so where {where}\n"  # noqa: S608  our own words
            (folder / "queries" / f"{name}.sql").write_text(query, encoding="utf-8")
    options: Mapping[str, Any] = {
        "opencps": {"group_id": group_id},
        "igate": {"ancestor_agency_id": agency_id(group_id), "grant": "password"},
        "tandan": {"unit_code": str(group_id)},
        "portal_sync": {"path": str(work_dir / adapter / str(group_id) / "*.json"), "agency_code": unit_code},
        "files": {"path": str(work_dir / adapter / file_name(group_id, "csv_utf8"))},
        "sql": {"query": "queries/window.sql", "open_query": "queries/open.sql"},
    }[adapter]
    entry = {
        "source_id": f"bench.{adapter}".replace("_", "-"), "name": shipped.name, "system_code": shipped.system_code,
        "adapter": adapter, "options": options, "connection_id": "bench", "agency_code": str(group_id),
        "mapping": f"{adapter}-sandbox" if adapter in DROPPED else adapter, "level": shipped.level,
        "unit_id": shipped.unit_id, "valid_from": str(scenario.from_date - WIDENED), "valid_to": None,
        "page_size": PAGE_SIZE,
    }  # fmt: skip
    (folder / "sources" / "bench.yaml").write_text(
        yaml.safe_dump({"sources": [entry]}, allow_unicode=True), encoding="utf-8"
    )
    return folder
