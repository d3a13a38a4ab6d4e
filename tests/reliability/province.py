"""A province whose units are all asked in one protocol: its catalogue, its nights, and what the store then holds."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text
from tests.receiving import receiving

from motcua import ledger
from motcua.aggregate import build_measures, check_measures
from motcua.catalog import OpencpsOptions, Source, load_catalog
from motcua.consolidate import consolidate_batches
from motcua.extract import NO_CONNECTION, SourceConnection, extract_batches
from motcua.publish import read_form
from motcua.sandbox.exports.export import DATABASE_FILE, export
from motcua.sandbox.exports.posting import post_world
from motcua.sandbox.exports.tables import file_name, form_of
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.systems.igate import agency_id
from motcua.sandbox.world.columns import World
from motcua.sandbox.world.scenario import load_scenario
from motcua.settings import PROJECT_ROOT
from motcua.validate import validate_batches
from motcua.warehouse import store_engine

SHIPPED = PROJECT_ROOT / "include" / "catalog"
MAPPINGS = Path(__file__).parent / "mappings"
HTTP = ("opencps", "igate", "tandan")
DROPPED = ("portal_sync", "files", "sql")
POSTED = "posted"  # the portal's sync again, posted to us
SCENARIO = load_scenario("small")
OCTOBER = (SCENARIO.from_date, SCENARIO.to_date)

# What every protocol carries of a dossier, by its column in the store; `unit_id` and `field_code` are as understood.
CARRIED = (
    "dossier_no", "unit_id", "field_code", "procedure_code", "status_code", "channel_code", "submitted_at",
    "received_at", "due_at", "finished_at", "returned_at", "refused_at", "paused_at", "fee_amount", "applicant_kind",
    "applicant_ref",
)  # fmt: skip

Key = tuple[str, str, str]


@dataclass
class Province:
    """Nine units behind one adapter. `settings` are those of every source."""

    adapter: str
    world: World
    folder: Path
    server: SandboxServer | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def catalog_dir(self) -> Path:
        return self.folder / "catalog"

    def found(self, monkeypatch: pytest.MonkeyPatch) -> Province:
        """Write the catalogue and put it in force."""
        for part in ("units", "procedures"):
            shutil.copytree(SHIPPED / part, self.catalog_dir / part, dirs_exist_ok=True)
        shutil.copytree(MAPPINGS, self.catalog_dir / "mappings", dirs_exist_ok=True)
        (self.catalog_dir / "sources").mkdir(parents=True, exist_ok=True)
        # As shipped, but for a host that is tried again sooner and asked as fast as it answers.
        guards = yaml.safe_load((SHIPPED / "guards.yaml").read_text(encoding="utf-8"))
        guards["circuit"] |= {"pause_seconds": 0.2, "longest_pause_seconds": 0.2}
        guards["requests"]["per_second_of_a_host"] = None
        (self.catalog_dir / "guards.yaml").write_text(yaml.safe_dump(guards), encoding="utf-8")
        shipped = SCENARIO.sources(load_catalog(SHIPPED))
        with (self.catalog_dir / "units" / "agency_codes-names.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("code", "unit_id", "valid_from", "valid_to", "evidence"))
            rows.writerows(
                (source.name, source.unit_id, "2020-01-01", "2025-06-30", "the sandbox") for source in shipped
            )
        document = {"sources": [self._entry(place, source) for place, source in enumerate(shipped)]}
        path = self.catalog_dir / "sources" / "small.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
        monkeypatch.setenv("MOTCUA_CATALOG", str(self.catalog_dir))
        monkeypatch.setenv("MOTCUA_LANDING", str(self.folder / "landing"))
        monkeypatch.setenv("MOTCUA_PROVINCE", SCENARIO.province)
        return self

    def _entry(self, place: int, source: Source) -> dict[str, Any]:
        group_id = source.options_as(OpencpsOptions).group_id
        entry: dict[str, Any] = {
            "source_id": source.source_id, "name": source.name, "system_code": source.system_code,
            "adapter": "portal_sync" if self.adapter == POSTED else self.adapter,
            "connection_id": "onestop", "level": source.level, "unit_id": source.unit_id,
            "agency_code": str(group_id), "valid_from": source.valid_from, "valid_to": source.valid_to,
            "page_size": 40, "attempts": 4, "retry_wait_seconds": 0.01, "timeout_seconds": 2,
        }  # fmt: skip
        entry["options"] = {
            "opencps": {"group_id": group_id},
            "igate": {"ancestor_agency_id": agency_id(group_id), "grant": "password"},
            "tandan": {"unit_code": str(group_id)},
            "portal_sync": {
                "path": str(self.folder / "drops" / str(group_id) / "*.json"),
                "agency_code": self.world.unit_codes[place],
            },
            POSTED: {"inbox": True, "agency_code": self.world.unit_codes[place]},
            "files": _file_options(self.folder / "drops", place, group_id),
            "sql": {"query": f"queries/{group_id}.sql", "open_query": f"queries/{group_id}-open.sql",
                    "by_id_query": f"queries/{group_id}-one.sql"},
        }[self.adapter]  # fmt: skip
        if self.adapter == "opencps":  # its sites say in a sub-status what they stop
            entry["statuses"] = {name: row.model_dump() for name, row in source.statuses.items()}
        if self.adapter in DROPPED:
            entry["mapping"] = f"{self.adapter}-sandbox"
        if self.adapter == POSTED:
            entry["mapping"] = "portal_sync-sandbox"
        if self.adapter == "sql":
            self._write_queries(group_id)
        return entry | self.settings

    def _write_queries(self, group_id: int) -> None:
        queries = self.catalog_dir / "queries"
        queries.mkdir(exist_ok=True, parents=True)
        select = f"select * from v_ho_so where group_id = {group_id}"
        window = "date(ngay_tiep_nhan) between :from_date and :to_date"
        opened = "date(ngay_tiep_nhan) <= :to_date and trang_thai in (2, 4, 5, 6)"
        for name, where in (("", window), ("-open", opened), ("-one", "id = cast(:dossier_id as integer)")):
            (queries / f"{group_id}{name}.sql").write_text(f"{select} and ({where})\n", encoding="utf-8")

    def stand_at(self, night: int) -> None:
        """Let every system stand as on a night."""
        if self.server is not None:
            self.server.set_night(night)
            return
        if self.adapter == POSTED:
            account = self.connection("onestop")
            with receiving(load_catalog(self.catalog_dir), self.connection, SCENARIO.to_date) as url:
                told = post_world(self.world, night, url, account.login, account.password, since=night - 1 or None)
            assert told["-3"] > 0, "no message was sent again"
            return
        drops = self.folder / "drops"
        shutil.rmtree(drops, ignore_errors=True)
        export(self.world, self.adapter, str(drops), night=night)  # type: ignore[arg-type]

    def connection(self, connection_id: str) -> SourceConnection:
        """Where the systems answer; for extract_batches."""
        if self.server is not None:
            return SourceConnection(self.server.base_url_of(self.adapter), self.server.login, self.server.password)
        if self.adapter == "sql":
            return SourceConnection(f"sqlite://{self.folder / 'drops' / DATABASE_FILE}", "", "")
        return SourceConnection("", "motcua", "s3cret-of-the-sender") if self.adapter == POSTED else NO_CONNECTION

    def run(
        self,
        run_id: str,
        window: tuple[date, date] | None = OCTOBER,
        *,
        night: int = 1,
        attempts: int = 1,
        source_ids: Sequence[str] = (),
    ) -> list[ledger.Batch]:
        """Run a night to its end: extract (as often as `attempts` while batches fail), validate, load, measure."""
        day = SCENARIO.day_of_night(night)
        catalog = load_catalog(self.catalog_dir)
        chunks = ledger.plan_run(catalog, run_id, day, window=window, source_ids=source_ids)
        planned = [batch_id for chunk in chunks for batch_id in chunk]
        for _ in range(attempts):
            if not extract_batches(planned, self.connection).failed:
                break
        validate_batches(planned)
        consolidate_batches(planned)
        build_measures()
        check_measures()
        return ledger.read_run(run_id)


def _file_options(folder: Path, place: int, group_id: int) -> dict[str, Any]:
    form = form_of(place)
    options: dict[str, Any] = {"path": str(folder / file_name(group_id, form))}
    return options | ({"encoding": "windows-1258", "delimiter": ";"} if form == "csv_windows" else {})


def stored(columns: tuple[str, ...] = CARRIED) -> dict[Key, dict[str, Any]]:
    """Return what the store holds of each dossier now, by its key."""
    named = ", ".join(("system_code", "agency_code", "dossier_id", *columns))
    with store_engine().connect() as connection:
        rows = connection.execute(text(f"select {named} from dossier_current")).mappings()
        return {
            (row["system_code"], row["agency_code"], row["dossier_id"]): {name: row[name] for name in columns}
            for row in rows
        }


def form() -> list[dict[str, Any]]:
    """Return form II.06a of the period, unit by unit, as figures."""
    found = read_form("form-06", SCENARIO.province, SCENARIO.period)
    return [row.as_json() for row in (*found.rows, found.total)]


def versions() -> int:
    """Return how many versions the store holds; a re-sent answer makes none."""
    with store_engine().connect() as connection:
        return int(connection.execute(text("select count(*) from dossier_version")).scalar_one())


def empty_store() -> None:
    """Forget every dossier, batch and measure."""
    with store_engine().begin() as connection:
        names = connection.execute(
            text("select tablename from pg_tables where schemaname = 'public' and tablename not like 'alembic%'")
        ).scalars()
        connection.execute(text(f"truncate {', '.join(names)}"))
