"""A client of Airflow's public REST API, with the calls that the demo and the end-to-end tests need."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

from motcua.errors import SourceUnavailable

ENDED = ("success", "failed")


@dataclass(frozen=True)
class TaskState:
    """One task instance: its id, map index (-1 when not mapped), state, try number, duration, start and end."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int
    seconds: float | None
    started_at: datetime | None
    ended_at: datetime | None


class AirflowClient:
    """Calls `/api/v2` of one API server as one user."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self.address = address
        self._credentials = {"username": username, "password": password}
        self._session = requests.Session()

    def health(self) -> dict[str, str | None]:
        """Return the state of each component; an empty mapping while the server does not answer."""
        try:
            answer = self._session.get(f"{self.address}/api/v2/monitor/health", timeout=5)
        except requests.ConnectionError:
            return {}
        if answer.status_code != 200:
            return {}
        return {name: part.get("status") for name, part in answer.json().items() if isinstance(part, dict)}

    def dag_ids(self) -> set[str]:
        """Return the DAGs that are registered and not paused."""
        answer = self._call("GET", "dags", params={"limit": 100})
        return {dag["dag_id"] for dag in answer["dags"] if not dag["is_paused"]}

    def import_errors(self) -> dict[str, str]:
        """Return the DAG files that do not parse, with their traceback."""
        answer = self._call("GET", "importErrors")
        return {error["filename"]: error["stack_trace"] for error in answer["import_errors"]}

    def trigger(self, dag_id: str, conf: Mapping[str, Any], run_id: str | None = None) -> str:
        """Start a run by hand and return its id."""
        body: dict[str, Any] = {"logical_date": None, "conf": dict(conf)}
        if run_id:
            body["dag_run_id"] = run_id
        return str(self._call("POST", f"dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self._call("GET", f"dags/{dag_id}/dagRuns/{run_id}")["state"])

    def runs(self, dag_id: str = "~") -> list[dict[str, Any]]:
        """Return the runs of one DAG, or of all, newest first."""
        answer = self._call("GET", f"dags/{dag_id}/dagRuns", params={"limit": 100, "order_by": "-run_after"})
        return list(answer["dag_runs"])

    def active_runs(self) -> list[dict[str, Any]]:
        """Return the runs that are queued or running."""
        answer = self._call("GET", "dags/~/dagRuns", params={"limit": 100, "state": ["queued", "running"]})
        return list(answer["dag_runs"])

    def queued_asset_events(self, dag_id: str) -> int:
        """Return how many asset updates have not started a run of a DAG yet."""
        answer = self._request("GET", f"dags/{dag_id}/assets/queuedEvents")
        return 0 if answer.status_code == 404 else len(self._checked(answer)["queued_events"])

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Return the task instances of a run."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        answer = self._call("GET", path, params={"limit": 100})
        return [
            TaskState(
                task["task_id"],
                task["map_index"],
                task["state"],
                task["try_number"],
                task["duration"],
                _instant(task["start_date"]),
                _instant(task["end_date"]),
            )
            for task in answer["task_instances"]
        ]

    def clear(self, dag_id: str, run_id: str, task_ids: list[str]) -> None:
        """Run tasks of an ended run again, with the tasks downstream of them."""
        self._call(
            "POST",
            f"dags/{dag_id}/clearTaskInstances",
            json={
                "dag_run_id": run_id,
                "task_ids": task_ids,
                "dry_run": False,
                "only_failed": False,
                "reset_dag_runs": True,
                "include_downstream": True,
            },
        )

    def wait_for_run(
        self,
        dag_id: str,
        run_id: str,
        *,
        timeout: float,
        on_poll: Callable[[list[TaskState]], None] | None = None,
        interval: float = 0.5,
    ) -> str:
        """Poll a run until it ends; return `success` or `failed`. Raises SourceUnavailable after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (state := self.run_state(dag_id, run_id)) not in ENDED:
            if on_poll:
                on_poll(self.tasks(dag_id, run_id))
            if time.monotonic() > deadline:
                raise SourceUnavailable(
                    f"Run {run_id} of {dag_id} is still {state} after {timeout:g} s.",
                    action="look at its tasks in the Airflow UI and read the log of the scheduler.",
                )
            time.sleep(interval)
        if on_poll:
            on_poll(self.tasks(dag_id, run_id))
        return state

    def wait_until_idle(self, *, timeout: float, interval: float = 0.5) -> None:
        """Wait until no run is queued or running and no asset update waits. Raises SourceUnavailable after `timeout`.

        Two checks in a row must find nothing: between the request for the runs and the one for the updates, an update
        may become a run.
        """
        deadline = time.monotonic() + timeout
        idle_checks = 0
        while idle_checks < 2:
            is_busy = self.active_runs() or any(self.queued_asset_events(dag_id) for dag_id in self.dag_ids())
            idle_checks = 0 if is_busy else idle_checks + 1
            if time.monotonic() > deadline:
                names = ", ".join(f"{run['dag_id']} {run['dag_run_id']}" for run in self.active_runs())
                raise SourceUnavailable(
                    f"Airflow is still busy after {timeout:g} s: {names or 'asset updates are waiting'}.",
                    action="look at these runs in the Airflow UI.",
                )
            time.sleep(interval)

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        return self._checked(self._request(method, path, **arguments))

    def _request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        if "Authorization" not in self._session.headers:
            self._log_in()
        return self._session.request(method, f"{self.address}/api/v2/{path}", timeout=30, **arguments)

    def _log_in(self) -> None:
        answer = self._session.post(f"{self.address}/auth/token", json=self._credentials, timeout=30)
        self._session.headers["Authorization"] = f"Bearer {self._checked(answer)['access_token']}"

    def _checked(self, answer: requests.Response) -> dict[str, Any]:
        if answer.status_code >= 400:
            raise SourceUnavailable(
                f"Airflow answered {answer.status_code} to {answer.request.method} {answer.url}: {answer.text[:300]}",
                action="read the log of the API server.",
            )
        body: dict[str, Any] = answer.json() if answer.content else {}
        return body


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
