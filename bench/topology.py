"""Runs the topology of docker-compose.yaml as processes of this machine, and a province's month through it.

API server, scheduler, DAG processor, triggerer, Celery workers, Redis and PostgreSQL, each a process; then the real
DAGs against the sandbox. Ends with what each worker ran and whether the store holds what the sandbox served.
Needs `redis-server` on the PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import redis
import yaml
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from motcua.catalog import LEVELS, load_catalog
from motcua.demo.airflow_client import AirflowClient
from motcua.demo.processes import free_ports, start_service, write_register
from motcua.demo.stack import REGISTER, START_SECONDS, USERNAME, Stack, ending_by_signal, source_connections
from motcua.errors import ConfigurationError
from motcua.sandbox.serve import SandboxServer
from motcua.sandbox.world.scenario import load_scenario
from motcua.settings import Settings
from motcua.warehouse import store_engine

CELERY_APP = "airflow.providers.celery.executors.celery_executor.app"


class CeleryStack(Stack):
    """The services of the compose file, as processes in one work folder."""

    def __init__(self, connections: Mapping[str, str], *, workers: int = 2, concurrency: int = 2) -> None:
        """Prepare; nothing runs yet. `concurrency` is how many tasks one worker runs at once."""
        super().__init__(connections)
        self.workers = [f"worker{number}" for number in range(1, workers + 1)]
        self.concurrency = concurrency
        self._redis_port = 0
        self._api_port = 0
        self._health_port = 0
        self._redis_password = secrets.token_hex(16)

    @property
    def broker_url(self) -> str:
        return f"redis://:{self._redis_password}@127.0.0.1:{self._redis_port}/0"

    def environment(self, api_port: int = 8080, log_port: int = 8793) -> dict[str, str]:
        """Return the environment of every component: that of the demo, with Celery in the executor's place."""
        environment = super().environment(api_port, log_port)
        return {
            **environment,
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(len(self.workers) * self.concurrency),
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "True",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self._health_port),
            "AIRFLOW__CELERY__BROKER_URL": self.broker_url,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{environment['AIRFLOW__DATABASE__SQL_ALCHEMY_CONN']}",
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(self.concurrency),
        }

    def tasks_by_worker(self) -> dict[str, int]:
        """Return how many tasks each worker has run since it started, from Celery's own statistics."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("celery")), "--app", CELERY_APP, "inspect", "stats", "--json"],
            env=self.environment(),
            cwd=self.work_dir,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode:
            raise ConfigurationError(
                f"Celery's workers did not answer: {done.stderr.strip()[-500:]}",
                action=f"read the workers' logs in {self.airflow_home / 'logs'}.",
            )
        found = json.loads(done.stdout[done.stdout.index("{") :])
        return {name.split("@")[0]: sum(stats["total"].values()) for name, stats in sorted(found.items())}

    def health_checks(self) -> dict[str, bool]:
        """Run the health checks that docker-compose.yaml gives Airflow's services, on these ones."""
        services = yaml.safe_load((self.settings.home / "docker-compose.yaml").read_text(encoding="utf-8"))["services"]
        environment = {
            **self.environment(self._api_port),
            "HOSTNAME": socket.gethostname(),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        found = {}
        for name in ("api-server", "scheduler", "dag-processor", "triggerer", "worker"):
            kind, *command = services[name]["healthcheck"]["test"]
            here = [
                part.replace("$$", "$")
                .replace(":8080/", f":{self._api_port}/")
                .replace(":8974/", f":{self._health_port}/")
                .replace("celery@", f"{self.workers[0]}@")
                for part in command
            ]
            done = subprocess.run(
                ["sh", "-c", *here] if kind == "CMD-SHELL" else here,
                env=environment,
                cwd=self.work_dir,
                capture_output=True,
                timeout=120,
            )
            found[name] = done.returncode == 0
        return found

    def _start_airflow(self) -> None:
        ports = free_ports(4 + len(self.workers))
        self._api_port, self._redis_port, self._health_port, trigger_log_port, *log_ports = ports
        self._start_redis()
        environment = self.environment(self._api_port, log_ports[0])
        for name in ("api-server", "scheduler", "dag-processor"):
            self._start_service(name, [name], environment)
        self._start_service(
            "triggerer",
            ["triggerer"],
            {**environment, "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_log_port)},
        )
        for name, port in zip(self.workers, log_ports, strict=True):
            arguments = ["celery", "worker", "--celery-hostname", f"{name}@%h", "--without-mingle", "--without-gossip"]
            self._start_service(
                name,
                [*arguments, "--pid", str(self.airflow_home / f"{name}.pid")],
                {**environment, "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(port)},
            )
        self.client = AirflowClient(f"http://127.0.0.1:{self._api_port}", USERNAME, self._password)
        self._wait_until_ready()
        self._wait_for_triggerer_and_workers()

    def _start_redis(self) -> None:
        server = shutil.which("redis-server")
        if server is None:
            raise ConfigurationError(
                "There is no redis-server on the PATH.",
                action="install it, for example `apt-get install redis-server`.",
            )
        config = self.airflow_home / "redis.conf"
        config.unlink(missing_ok=True)
        config.touch(mode=0o600)
        config.write_text(
            f"bind 127.0.0.1\nport {self._redis_port}\nrequirepass {self._redis_password}\nsave ''\nappendonly no\n"
        )
        log = self.airflow_home / "logs" / "redis.log"
        service = start_service("redis", [server, str(config)], os.environ, log, self.work_dir)
        self.services.append(service)
        write_register(self.work_dir / REGISTER, self.services)
        broker = redis.Redis.from_url(self.broker_url)
        deadline = time.monotonic() + 10
        while True:
            try:
                broker.ping()
            except redis.ConnectionError:
                self.check_services("Redis was starting")
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def _wait_for_triggerer_and_workers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check_services("the workers were starting")
            waiting = [name for name in self.workers if " ready." not in self._log(name)]
            if self.client.health().get("triggerer") == "healthy" and not waiting:
                return
            time.sleep(0.3)
        raise ConfigurationError(
            f"The workers or the triggerer were not ready after {START_SECONDS:g} s.",
            action=f"read the logs in {self.airflow_home / 'logs'}.",
        )


def run_month(stack: CeleryStack, window: tuple[str, str], sources: list[str]) -> int:
    """Run every level's intake, the measures and the brief through the stack; return how many runs failed."""
    runs = [
        (
            f"ingest_dossiers__{level}",
            stack.client.trigger(
                f"ingest_dossiers__{level}", {"from": window[0], "to": window[1], "sources": sources_of(level, sources)}
            ),
        )
        for level in LEVELS
        if not sources or sources_of(level, sources)
    ]
    for dag_id, run_id in runs:
        stack.client.wait_for_run(dag_id, run_id, timeout=1800)
    stack.client.wait_until_idle(timeout=600)
    return sum(run["state"] != "success" for run in stack.client.runs())


def sources_of(level: str, source_ids: list[str]) -> list[str]:
    """Return those of the sources that are of a level."""
    known = load_catalog(Settings.load().catalog_dir).source_by_id
    return [source_id for source_id in source_ids if known[source_id].level == level]


def main() -> None:
    """Start everything, run the month, print what was found, stop everything; exit code 1 unless it all agrees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="tra-vinh-2023-10")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--source", action="append", default=[], help="only these sources; may be repeated")
    parser.add_argument("--work", type=Path, help="folder to keep; without it one is made and removed")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="motcua-topology-") as made, ending_by_signal():
        work = arguments.work or Path(made)
        work.mkdir(parents=True, exist_ok=True)
        work.chmod(0o755)  # the database server runs as its own user when this runs as root
        os.environ["MOTCUA_WORK"] = str(work.resolve())
        scenario = load_scenario(arguments.scenario)
        os.environ["MOTCUA_PROVINCE"] = scenario.province
        began = time.monotonic()
        sandbox = SandboxServer(arguments.scenario).start()
        stack = CeleryStack(
            source_connections(scenario.province, sandbox.url, sandbox.login, sandbox.password),
            workers=arguments.workers,
        )
        try:
            stack.start()
            console.print(f"{len(stack.services)} services up after {time.monotonic() - began:.0f} s")
            window = (scenario.from_date.isoformat(), scenario.to_date.isoformat())
            failed = run_month(stack, window, arguments.source)
            by_worker = stack.tasks_by_worker()
            health = stack.health_checks()
            served = sum(cell["rows"] for cell in sandbox.served().values())
            with store_engine().connect() as connection:
                planned, loaded, pulled = connection.execute(
                    text(
                        "select count(*), count(*) filter (where state = 'loaded'), coalesce(sum(pulled_count), 0)"
                        " from batch"
                    )
                ).one()
        finally:
            stack.stop()
            sandbox.stop()
    console.print(f"{arguments.scenario} on Celery: {time.monotonic() - began:.0f} s in all")
    table = Table("what", "found", "wanted")
    for name in stack.workers:
        table.add_row(f"tasks run by {name}", str(by_worker.get(name, 0)), "1 or more")
    for name, is_healthy in health.items():
        table.add_row(f"health check of {name}", "passes" if is_healthy else "fails", "passes")
    table.add_row("runs that failed", str(failed), "0")
    table.add_row("batches loaded", str(loaded), str(planned))
    table.add_row("records pulled", str(pulled), str(served))
    console.print(table)
    every_worker_ran = all(by_worker.get(name, 0) > 0 for name in stack.workers)
    sys.exit(
        0
        if every_worker_ran and all(health.values()) and not failed and 0 < loaded == planned and pulled == served
        else 1
    )


if __name__ == "__main__":
    main()
