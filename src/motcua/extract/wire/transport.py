"""Sends requests to a source over HTTP, with bounded retries, `Retry-After`, time-outs, and errors without payload."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import MaxRetryError
from urllib3.util.retry import Retry

from motcua.catalog import Source
from motcua.errors import ConfigurationError, ContractBroken, MotcuaError, SourceUnavailable
from motcua.extract.wire.authorisation import Authorisation, Basic, NoAuthorisation
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.limits import Gate
from motcua.extract.wire.worker_slots import current_slot

RETRIED_STATUSES = (429, 500, 502, 503, 504)
FAILED_STATUSES = (500, 502, 503, 504)  # failures of the host; a 429 only means too many requests
CONNECT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 60  # for a source that states how long to wait
LONGEST_BACK_OFF = 4  # times the first wait: passing failures end within it; a host that is down is tried again later
FIRST_ATTEMPTS = 6  # at most, while a source has not answered: it is probably down, and is tried again later
CONNECTIONS = 4
RETRIED_METHODS = ("GET", "POST")  # our POST requests (a search, a token) change nothing at the source


# What gateways say in JSON when they have no route to the source.
_REQUEST_IDS = frozenset({"requestId", "request_id"})  # of Spring Cloud Gateway and Kong; the systems send none
_NO_ROUTE = ("no route matched", "route not found", "no matching resource", "missing authentication token")


class NotTheSource(SourceUnavailable):
    """A 404 that something on the way to the source gave: it says nothing of what was asked for."""


class Transport:
    """The HTTP session of a source. Every error names the source, and the connection when an operator must correct it.

    Requests are authorised by HTTP Basic unless `authorisation` is changed.
    """

    def __init__(self, source: Source, connection: SourceConnection, base_url: str) -> None:
        self.authorisation: Authorisation = Basic(connection)
        self._source = source
        self._base_url = base_url
        self._timeout = (min(CONNECT_SECONDS, source.timeout_seconds), source.timeout_seconds)
        self._gates: dict[str, Gate] = {}
        self._slot = current_slot()  # read here, because other threads may request pages
        self._attempts = min(source.attempts, FIRST_ATTEMPTS)
        self._longest_back_off = min(LONGEST_BACK_OFF * source.retry_wait_seconds, LONGEST_WAIT_SECONDS)
        self._session = requests.Session()
        self._session.auth = _unchanged  # otherwise requests looks for a login in a .netrc
        self._session.headers["Accept"] = "application/json"
        self._adapter = HTTPAdapter(max_retries=self._retry(), pool_maxsize=CONNECTIONS)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)

    def _retry(self) -> _GatedRetry:
        retries = self._attempts - 1
        retry = _GatedRetry(
            total=retries,
            connect=retries,
            read=retries,
            status=retries,
            redirect=0,
            status_forcelist=RETRIED_STATUSES,
            allowed_methods=RETRIED_METHODS,
            backoff_factor=self._source.retry_wait_seconds,
            backoff_max=self._longest_back_off,
            retry_after_max=LONGEST_WAIT_SECONDS,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        retry.gate_of = self._gate
        return retry

    def get(
        self, path: str, parameters: dict[str, str], headers: dict[str, str], own_404: frozenset[str] | None = None
    ) -> Any:
        """Return the JSON answer to a GET; None when the source answers 404.

        With `own_404`, a 404 counts as the source's own only if it is a JSON object with one of these keys, and not
        what a gateway says that has no route.

        A request whose connection is lost inside the body, or whose JSON is incomplete, is repeated as often as
        `Source.attempts` allows. A refused token is renewed.

        Raises:
            SourceUnavailable: no answer, or a status that asks for a later attempt, after the last attempt.
            ConfigurationError: the source refuses the login.
            ContractBroken: any other answer that is not JSON.
            NotTheSource: a 404 that is not the source's own.
        """
        request = _Request("GET", self._base_url + path, parameters, headers, own_404=own_404)
        return self._ask(request, self.authorisation)

    def post(
        self,
        url: str,
        *,
        form: dict[str, str] | None = None,
        document: Any = None,
        headers: dict[str, str] | None = None,
        authorisation: Authorisation | None = None,
    ) -> Any:
        """Return the JSON answer to a POST of a form or a JSON document, like `get`.

        `url` is a path of the source, or a whole URL, because tokens may come from another host.
        """
        full_url = url if "://" in url else self._base_url + url
        request = _Request("POST", full_url, {}, headers or {}, form, document)
        return self._ask(request, authorisation or self.authorisation)

    def _ask(self, request: _Request, authorisation: Authorisation) -> Any:
        error: MotcuaError | None = None
        for attempt in range(self._source.attempts):
            if attempt >= self._attempts:
                break
            if attempt:
                time.sleep(min(self._source.retry_wait_seconds * 2 ** (attempt - 1), self._longest_back_off))
            response, failure = self._authorised(request, authorisation)
            if response is None:
                error = self._unavailable(failure)
                if failure.is_final:
                    break
                continue
            if response.status_code == 404:
                if request.own_404 is not None and not _is_own(response, request.own_404):
                    raise NotTheSource(
                        f"{self._source.source_id}: something on the way to it answered 404 in its place.",
                        action=f"check the gateway in front of the connection {self._source.connection_id}.",
                    )
                return None
            self._refuse(response, is_login=isinstance(authorisation, NoAuthorisation))
            document = _decoded(response.content)
            if document is not _UNREADABLE:
                return document
            error = ContractBroken(
                f"{self._source.source_id} answered 200 with incomplete or invalid JSON.",
                action="ask the operator of the source; the request is repeated in the next run.",
            )
        assert error is not None
        raise error

    def _authorised(self, request: _Request, authorisation: Authorisation) -> tuple[requests.Response | None, _Failure]:
        """Send a request; when the source refuses the authorisation, repeat it with renewed headers."""
        for renewals_left in reversed(range(authorisation.renewals + 1)):
            auth_headers = authorisation.headers()
            response, failure = self._send(request, auth_headers)
            if response is None or response.status_code != 401 or not renewals_left:
                break
            authorisation.renew(auth_headers)
        return response, failure

    def _send(self, request: _Request, auth_headers: dict[str, str]) -> tuple[requests.Response | None, _Failure]:
        """Return a complete response, or None and the reason why there is none.

        The error itself is not passed on, because it may contain a body.
        """
        gate = self._gate(_host(request.url))
        gate.enter()
        try:
            response = self._session.request(
                request.method,
                request.url,
                params=request.parameters,
                headers=auth_headers | request.headers,
                data=request.form,
                json=request.document,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            inner = error.args[0] if error.args else error
            if isinstance(inner, MaxRetryError):  # the session has used all its retries
                failure = _Failure(type(inner.reason).__name__, is_final=True)
            else:
                failure = _Failure(type(inner).__name__, is_final=False)
            gate.failed(failure.reason)
            return None, failure
        if response.status_code in FAILED_STATUSES:
            gate.failed(str(response.status_code))
        else:
            gate.answered()
            if self._attempts < self._source.attempts:  # it is up, so all attempts are used from now on
                self._attempts = self._source.attempts
                self._adapter.max_retries = self._retry()
        return response, _Failure("", is_final=False)

    def _gate(self, host: str) -> Gate:
        return self._gates.setdefault(host, self._gates.get(host) or Gate(self._source, host, self._slot))

    def _unavailable(self, failure: _Failure) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self._source.source_id} did not answer at {urlsplit(self._base_url).netloc} ({failure.reason}).",
            action=f"check that the host is up and that the connection {self._source.connection_id} is right; "
            "the batch can be tried again.",
        )

    def _refuse(self, response: requests.Response, *, is_login: bool) -> None:
        """Raise for every answer except a 200 that is not a web page."""
        status, source = response.status_code, self._source
        if status in (401, 403) or (is_login and status == 400):  # Keycloak answers 400 to a wrong password
            raise ConfigurationError(
                f"{source.source_id} refused the login of the connection {source.connection_id} ({status}).",
                action=f"correct the login and password of the Airflow connection {source.connection_id}.",
            )
        if status == 429 or status >= 500:
            raise SourceUnavailable(
                f"{source.source_id} answered {status} {self._attempts} times.",
                action="try the batch again later; if it continues, ask the operator of the source.",
            )
        if status != 200:
            raise ContractBroken(
                f"{source.source_id} answered {status} to a request that its protocol allows.",
                action=f"check the base URL of the connection {source.connection_id}, then the version of the source.",
            )
        if "html" in response.headers.get("Content-Type", "") or response.content.lstrip()[:1] == b"<":
            raise ContractBroken(
                f"{source.source_id} answered 200 with a page instead of JSON, probably a login form.",
                action=f"check the base URL and the login of the connection {source.connection_id}.",
            )

    def close(self) -> None:
        self._session.close()


class _GatedRetry(Retry):
    """The session's retries. Each one is noted and passes the gate like a request of its own."""

    gate_of: Callable[[str], Gate]
    host = ""
    reason = ""

    def new(self, **changes: Any) -> Self:
        retry = super().new(**changes)
        retry.gate_of, retry.host = self.gate_of, self.host
        return retry

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        retry = super().increment(method, url, response, error, _pool, _stacktrace)
        retry.reason = type(error).__name__ if error else ""
        if _pool is not None:
            retry.host = _host(f"{_pool.scheme}://{_pool.host}:{_pool.port or ''}")
        return retry

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        gate = self.gate_of(self.host)
        if response is None or response.status in FAILED_STATUSES:
            gate.failed(self.reason or "no answer" if response is None else str(response.status))
        super().sleep(response)
        gate.enter()


@dataclass(frozen=True)
class _Request:
    """One request without its authorisation."""

    method: str
    url: str
    parameters: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str] | None = None
    document: Any = None
    own_404: frozenset[str] | None = None


@dataclass(frozen=True)
class _Failure:
    """Why there is no answer, and whether the session has already used all its retries."""

    reason: str
    is_final: bool


def _host(url: str) -> str:
    split = urlsplit(url)
    return f"{split.hostname}:{split.port or (443 if split.scheme == 'https' else 80)}"


def _is_own(response: requests.Response, keys: frozenset[str]) -> bool:
    document = _decoded(response.content)
    said = " ".join(str(value) for value in document.values()) if isinstance(document, dict) else ""
    is_gateways = not _REQUEST_IDS.isdisjoint(document) if isinstance(document, dict) else True
    return not is_gateways and not keys.isdisjoint(document) and not _says_no_route(said)


def _says_no_route(text: str) -> bool:
    return any(phrase in text.lower() for phrase in _NO_ROUTE)


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


_UNREADABLE = object()


def _decoded(content: bytes) -> Any:
    """Return the document, or `_UNREADABLE`, because the error of the decoder would contain the body."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return _UNREADABLE
