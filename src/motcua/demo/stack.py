"""Airflow on one machine, as real processes on the embedded PostgreSQL: API server, scheduler, DAG processor.

Everything is in one work folder: databases in `pg/`, Airflow's home and logs in `airflow/`, the register of processes
in `stack.json`. The clock is off (`MOTCUA_CLOCK`), so only conf and asset events start runs here.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from motcua.catalog import load_catalog
from motcua.demo.airflow_client import AirflowClient
from motcua.demo.processes import (
    Service,
    ended,
    free_ports,
    read_register,
    start_service,
    stop_services,
    wait_for_end,
    write_register,
)
from motcua.errors import ConfigurationError
from motcua.settings import Settings
from motcua.warehouse import embedded, libpq_dsn, upgrade_databases

USERNAME = "admin"
START_SECONDS = 90.0
REGISTER = "stack.json"
DAG_IDS = {
    "build_measures",
    "ingest_dossiers__commune",
    "ingest_dossiers__district",
    "ingest_dossiers__province",
    "ingest_petitions",
    "publish_index_766",
    "publish_nightly_brief",
    "publish_period_reports",
    "publish_unfinished_periods",
    "reconcile_national_portal",
    "track_obligations",
}

_LOCAL_SETTINGS = """import sys

if sys.argv[1:2] == ["scheduler"]:
    import motcua.orchestration.preload
"""


class Stack:
    """The services of one work folder. `start` and `stop` may be called in any order and repeatedly."""

    def __init__(self, connections: Mapping[str, str]) -> None:
        """Prepare the services without starting them.

        Args:
            connections: Airflow connection URI or JSON by connection id, as in `AIRFLOW_CONN_*`.
        """
        self.settings = Settings.load()
        self.work_dir = self.settings.work_dir
        self.airflow_home = self.work_dir / "airflow"
        self.connections = dict(connections)
        self.services: list[Service] = []
        self.client: AirflowClient
        self._password = secrets.token_urlsafe(18)
        # All components get the same keys from the environment, so that none generates its own.
        self._keys = {
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }

    @property
    def password_file(self) -> Path:
        return self.airflow_home / "passwords.json"

    def start(self) -> None:
        """Start the databases and Airflow. Return when every component is healthy and every DAG is known."""
        stop_services(read_register(self.work_dir / REGISTER))
        self.airflow_home.mkdir(parents=True, exist_ok=True)
        self.password_file.unlink(missing_ok=True)
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(json.dumps({USERNAME: self._password}) + "\n", encoding="utf-8")
        local_settings = self.airflow_home / "config" / "airflow_local_settings.py"
        local_settings.parent.mkdir(exist_ok=True)
        local_settings.write_text(_LOCAL_SETTINGS, encoding="utf-8")
        migration = self._start_service("db-migrate", ["db", "migrate"], self.environment())
        upgrade_databases()
        wait_for_end(migration, timeout=300)
        self.services.remove(migration)
        for attempt in range(3):
            try:
                self._start_airflow()
            except ConfigurationError:
                # Another process may take the free port before the server listens on it.
                if attempt == 2 or "address already in use" not in self._log("api-server").lower():
                    raise
                self.stop_airflow()
            else:
                return

    def stop_airflow(self) -> None:
        """Stop Airflow and all its tasks. The databases keep running."""
        stop_services(self.services)
        self.services = []
        (self.work_dir / REGISTER).unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop everything that was started in the work folder."""
        self.stop_airflow()
        embedded.stop_server(self.work_dir / "pg")

    def keep(self, others: list[Service]) -> None:
        """Write these services and `others` to the register; they keep running after this process."""
        write_register(self.work_dir / REGISTER, [*self.services, *others])

    def log_of(self, dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int) -> Path:
        """Return the path of a task's log."""
        folder = self.airflow_home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        if map_index >= 0:
            folder /= f"map_index={map_index}"
        return folder / f"attempt={try_number}.log"

    def environment(self, api_port: int = 8080, log_port: int = 8793) -> dict[str, str]:
        """Return the environment of every component. Tasks get the databases by DSN, so they start no server."""
        airflow_db = libpq_dsn("airflow").replace("postgresql://", "postgresql+psycopg://", 1)
        address = f"http://127.0.0.1:{api_port}"
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")},
            **self._keys,
            **{f"AIRFLOW_CONN_{name.upper()}": value for name, value in self.connections.items()},
            "MOTCUA_STORE_DSN": libpq_dsn("motcua_store"),
            "MOTCUA_WAREHOUSE_DSN": libpq_dsn("motcua_warehouse"),
            "MOTCUA_CLOCK": "off",
            "GX_ANALYTICS_ENABLED": "false",
            "NO_PROXY": "127.0.0.1,localhost",
            "PYTHONUNBUFFERED": "1",
            "AIRFLOW_HOME": str(self.airflow_home),
            "AIRFLOW__API__BASE_URL": address,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(api_port),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.settings.home / "dags"),
            "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "5",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__MAX_MAP_LENGTH": "4096",
            # Two tasks per core: while a task waits for a source, another uses the processor.
            "AIRFLOW__CORE__PARALLELISM": str(2 * (os.cpu_count() or 1)),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.settings.home / "plugins"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.password_file),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USERNAME}:admin",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "2",
            "AIRFLOW__DAG_PROCESSOR__PRINT_STATS_INTERVAL": "0",
            "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "1200",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": airflow_db,
            # psycopg 3 works both synchronously and asynchronously; without this Airflow would need asyncpg.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": airflow_db,
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(log_port),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            # A worker notices the end of its task only at its next heartbeat: the default wastes up to 5 s per task.
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        }

    def _start_airflow(self) -> None:
        api_port, log_port = free_ports(2)
        environment = self.environment(api_port, log_port)
        for name in ("api-server", "scheduler", "dag-processor"):
            self._start_service(name, [name], environment)
        self.client = AirflowClient(f"http://127.0.0.1:{api_port}", USERNAME, self._password)
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check_services("Airflow was starting")
            health = self.client.health()
            parts = [health.get(name) for name in ("metadatabase", "scheduler", "dag_processor")]
            if all(part == "healthy" for part in parts) and self.client.dag_ids() >= DAG_IDS:
                return
            time.sleep(0.3)
        known = sorted(self.client.dag_ids()) if self.client.health() else []
        errors = self.client.import_errors() if known else {}
        raise ConfigurationError(
            f"Airflow was not ready after {START_SECONDS:g} s: {self.client.health() or 'no answer'}, DAGs {known},"
            f" files with errors {errors}.",
            action=f"read the logs in {self.airflow_home / 'logs'}.",
        )

    def check_services(self, what: str) -> None:
        """Raise ConfigurationError with the end of the log when a service has ended unexpectedly."""
        for service in self.services:
            if not service.is_running:
                raise ended(service, what)

    def _start_service(self, name: str, arguments: list[str], environment: dict[str, str]) -> Service:
        command = [str(Path(sys.executable).with_name("airflow")), *arguments]
        log = self.airflow_home / "logs" / f"{name}.log"
        service = start_service(name, command, environment, log, self.work_dir)
        self.services.append(service)
        write_register(self.work_dir / REGISTER, self.services)
        return service

    def _log(self, name: str) -> str:
        path = self.airflow_home / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""


def source_connections(province: str, address: str, login: str, password: str) -> dict[str, str]:
    """Return an Airflow connection to `address` for every connection id of a province's sources."""
    from urllib.parse import urlsplit

    catalog = load_catalog(Settings.load().catalog_dir)
    parts = urlsplit(address)
    value = {
        "conn_type": "http",
        "schema": parts.scheme,
        "host": parts.hostname,
        "port": parts.port,
        "login": login,
        "password": password,
    }
    ids = {
        source.connection_id
        for source in catalog.sources
        if not province or catalog.belongs_to(source.unit_id, province)
    }
    return {connection_id: json.dumps(value) for connection_id in sorted(ids)}


@contextmanager
def ending_by_signal() -> Iterator[None]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into an exit that runs every `finally`. Ignored signals (nohup) stay ignored."""

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    with _handling(leave, *(number for number in numbers if signal.getsignal(number) != signal.SIG_IGN)):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C, SIGTERM and SIGHUP while services are stopped, so that none of them is left running."""
    with _handling(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        yield


@contextmanager
def _handling(handler: Any, *numbers: signal.Signals) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
