"""Asks the National Portal for its public figures (one_stop_systems.md section b.5)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from motcua.catalog.national_portal import Metric, PortalContract
from motcua.errors import ContractBroken, ReportRefused, SourceUnavailable
from motcua.period import Period

TIMEOUT_SECONDS = (10, 60)
ATTEMPTS = 4
_TIME_TYPES = {"CAL_MONTH": "month", "CAL_QUARTER": "quarter", "CAL_YEAR": "year"}


@dataclass(frozen=True)
class Department:
    """One department as the portal names it, under which other (empty for the root)."""

    department_id: str
    name: str
    parent_id: str


class Portal:
    """The portal's public reporting API. Holds no login: it has none."""

    def __init__(self, contract: PortalContract, base_url: str) -> None:
        self._contract = contract
        self._url = base_url.rstrip("/")
        if not self._url.endswith(contract.base_path):
            self._url += contract.base_path
        retry = Retry(
            total=ATTEMPTS - 1,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("POST",),
            backoff_factor=1,
            raise_on_status=False,
        )
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))
        self._pause = 1 / contract.requests_per_second
        self._next = 0.0

    def formalities(self) -> dict[str, str]:
        """Return the portal's id of each procedure, by national code."""
        keys = self._contract.formality
        return {
            str(row[keys.formality_code]): str(row[keys.formality_id])
            for row in self._items(keys.path, {"q": ""})
            if row.get(keys.formality_code) and row.get(keys.formality_id)
        }

    def figures(
        self, endpoint: str, metrics: list[Metric], period: Period, root_id: str, formality_id: str | None = None
    ) -> tuple[list[Department], dict[tuple[str, str], int]]:
        """Return the departments of one answer and {(department id, metric): count}, each department's own.

        A node of a tree holds the sum of all below it: what is returned for it is what its children do not explain.

        Raises:
            ReportRefused: the portal counts by calendar month, quarter and year only.
        """
        body: dict[str, Any] = {"rootDepartmentId": root_id, **time_body(period)}
        if formality_id is not None:
            body[metrics[0].formality_key] = formality_id
        keys = self._contract.row
        departments: list[Department] = []
        counts: dict[tuple[str, str], int] = {}

        def walk(row: dict[str, Any], parent_id: str) -> None:
            department = Department(
                self._text(row, keys.department_id), self._text(row, keys.department_name), parent_id
            )
            departments.append(department)
            children = row.get(keys.children) or []
            for metric in metrics:
                below = sum(self._count(child, metric.field) for child in children)
                counts[department.department_id, metric.metric] = self._count(row, metric.field) - below
            for child in children:
                walk(child, department.department_id)

        for row in self._items(endpoint, body):
            walk(row, "")
        return departments, counts

    def _items(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        number, seen = 1, 0
        while True:
            data = self._ask(path, {**body, "currentPage": number, "pageSize": self._contract.page_size})
            if isinstance(data, list):  # a tree comes whole
                yield from data
                return
            try:
                items, total = data["items"], int(data["pagination"]["total"])
            except (KeyError, TypeError, ValueError):
                raise self._broken(path, "rows under items and a pagination with a total") from None
            yield from items
            seen += len(items)
            if seen >= total:
                return
            if not items:
                raise self._broken(path, f"{total} rows, as it declared, but {seen}")
            number += 1

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self._pause
        try:
            response = self._session.post(f"{self._url}/{path}", json=body, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise SourceUnavailable(
                f"The National Portal did not answer {path} ({type(error).__name__}).",
                action=f"check the connection {self._contract.connection_id}, or compare with the last snapshot.",
            ) from None
        if response.status_code >= 500 or response.status_code == 429:
            raise SourceUnavailable(
                f"The National Portal answered {path} with {response.status_code} {ATTEMPTS} times.",
                action="try again later, or compare with the last snapshot.",
            )
        try:
            document = response.json()
        except ValueError:
            raise self._broken(path, "JSON") from None
        if response.status_code not in (200, 201) or not isinstance(document, dict) or document.get("code") != "OK":
            code = document.get("code") if isinstance(document, dict) else None
            raise self._broken(path, f"201 and code OK, but {response.status_code} and code {code!r}")
        return document.get("data")

    def _text(self, row: dict[str, Any], key: str) -> str:
        if not isinstance(row.get(key), str):
            raise self._broken("evaluation", f"a text under {key}")
        return str(row[key])

    def _count(self, row: dict[str, Any], key: str) -> int:
        value = row.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or value != int(value):
            raise self._broken("evaluation", f"a whole number under {key}")
        return int(value)

    def _broken(self, path: str, expected: str) -> ContractBroken:
        return ContractBroken(
            f"The National Portal did not answer {path} with {expected}.",
            action="compare its answer with include/catalog/national_portal.yaml and correct the names there.",
        )


def time_body(period: Period) -> dict[str, Any]:
    """Return how a question names a period. Raises ReportRefused for one the portal does not count."""
    kind = _TIME_TYPES.get(period.period_type)
    if kind is None:
        raise ReportRefused(
            f"The National Portal counts calendar months, quarters and years, not {period.period_type} {period.label}.",
            action="compare a calendar period, for example CAL_MONTH:2023-10; the two systems are never mixed.",
        )
    body: dict[str, Any] = {"timeType": kind, "year": period.from_date.year}
    if kind == "month":
        body["month"] = period.from_date.month
    if kind == "quarter":
        body["quarter"] = (period.from_date.month + 2) // 3
    return body
