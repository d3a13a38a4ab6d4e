"""Asks a source over HTTP: bounded retries with back-off, `Retry-After`, time-outs, and errors that hold no payload."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import MaxRetryError
from urllib3.util.retry import Retry

from motcua.catalog import Source
from motcua.errors import ConfigurationError, ContractBroken, MotcuaError, SourceUnavailable
from motcua.extract.connection import SourceConnection

RETRIED_STATUSES = (429, 500, 502, 503, 504)
CONNECT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 60
CONNECTIONS = 4


class Transport:
    """A source's HTTP session. Every error names the source, and the connection where an operator must act."""

    def __init__(self, source: Source, connection: SourceConnection, base_url: str) -> None:
        self._source = source
        self._base_url = base_url
        self._timeout = (min(CONNECT_SECONDS, source.timeout_seconds), source.timeout_seconds)
        again = source.attempts - 1
        retry = Retry(
            total=again,
            connect=again,
            read=again,
            status=again,
            redirect=0,
            status_forcelist=RETRIED_STATUSES,
            allowed_methods=("GET",),
            backoff_factor=source.retry_wait_seconds,
            backoff_max=LONGEST_WAIT_SECONDS,
            retry_after_max=LONGEST_WAIT_SECONDS,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        self._session = requests.Session()
        self._session.auth = HTTPBasicAuth(connection.login.encode(), connection.password.encode())
        self._session.headers["Accept"] = "application/json"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=CONNECTIONS))

    def get(self, path: str, parameters: dict[str, str], headers: dict[str, str]) -> Any:
        """Return the JSON answer to a GET, or none when the source answers 404.

        A connection lost inside the body, or JSON cut short, is asked again as often as `Source.attempts` allows.

        Raises:
            SourceUnavailable: no answer, or a status that says later, after the last attempt.
            ConfigurationError: the source refuses the login.
            ContractBroken: any other answer that is not JSON.
        """
        failure: MotcuaError | None = None
        for attempt in range(self._source.attempts):
            if attempt:
                time.sleep(min(self._source.retry_wait_seconds * 2 ** (attempt - 1), LONGEST_WAIT_SECONDS))
            response, lost = self._send(path, parameters, headers)
            if response is None:
                failure = self._unavailable(lost)
                if lost.is_final:
                    break
                continue
            if response.status_code == 404:
                return None
            self._refuse(response)
            document = _decoded(response.content)
            if document is not _UNREADABLE:
                return document
            failure = ContractBroken(
                f"{self._source.source_id} answered 200 with what is not complete JSON.",
                action="ask the host of the source; it will be asked again at the next run.",
            )
        assert failure is not None
        raise failure

    def _send(
        self, path: str, parameters: dict[str, str], headers: dict[str, str]
    ) -> tuple[requests.Response | None, _Lost]:
        """Return a complete response, or none and how it was lost.

        The error itself goes no further: it may hold a body.
        """
        try:
            response = self._session.get(
                self._base_url + path,
                params=parameters,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            inner = error.args[0] if error.args else error
            if isinstance(inner, MaxRetryError):  # the session has tried as often as it may
                return None, _Lost(type(inner.reason).__name__, is_final=True)
            return None, _Lost(type(inner).__name__, is_final=False)
        return response, _Lost("", is_final=False)

    def _unavailable(self, lost: _Lost) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self._source.source_id} did not answer at {urlsplit(self._base_url).netloc} ({lost.how}).",
            action=f"check that the host is up and the connection {self._source.connection_id} right; "
            "the batch can be tried again.",
        )

    def _refuse(self, response: requests.Response) -> None:
        """Raise for every answer that is not a 200 with something other than a page for people."""
        status, source = response.status_code, self._source
        if status in (401, 403):
            raise ConfigurationError(
                f"{source.source_id} refused the login of the connection {source.connection_id} ({status}).",
                action=f"correct the login and password of the Airflow connection {source.connection_id}.",
            )
        if status == 429 or status >= 500:
            raise SourceUnavailable(
                f"{source.source_id} answered {status} {source.attempts} times.",
                action="try the batch again later; if it goes on, ask the host of the source.",
            )
        if status != 200:
            raise ContractBroken(
                f"{source.source_id} answered {status} to a question its protocol allows.",
                action=f"check the base URL of the connection {source.connection_id}, then the version of the source.",
            )
        if "html" in response.headers.get("Content-Type", "") or response.content.lstrip()[:1] == b"<":
            raise ContractBroken(
                f"{source.source_id} answered 200 with a page instead of JSON, probably a login form.",
                action=f"check the base URL and the login of the connection {source.connection_id}.",
            )

    def close(self) -> None:
        self._session.close()


@dataclass(frozen=True)
class _Lost:
    """How an answer was lost, and whether the session has already tried as often as it may."""

    how: str
    is_final: bool


_UNREADABLE = object()


def _decoded(content: bytes) -> Any:
    """Return the document, or `_UNREADABLE`: the decoder's own error carries the body."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return _UNREADABLE
