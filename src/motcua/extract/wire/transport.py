"""Asks a source over HTTP: bounded retries with back-off, `Retry-After`, time-outs, and errors that hold no payload."""

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
from motcua.extract.wire.authorisation import Authorisation, Basic, Nobody
from motcua.extract.wire.connection import SourceConnection
from motcua.extract.wire.limits import Gate
from motcua.extract.wire.places import claim

RETRIED_STATUSES = (429, 500, 502, 503, 504)
FAILED_STATUSES = (500, 502, 503, 504)  # the host's fault; a 429 says only that it is asked too hard
CONNECT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 60  # for a source that says how long to wait
LONGEST_BACK_OFF = 4  # times the first wait: a mix of failures is waited out, a host that is down is asked again later
FIRST_ATTEMPTS = 6  # at most, at a source that has not answered yet: it is probably down, and asked again in a while
CONNECTIONS = 4
ASKED = ("GET", "POST")  # a POST of ours asks (a search, a token) and changes nothing


class Transport:
    """A source's HTTP session. Every error names the source, and the connection where an operator must act.

    Requests are authorised by HTTP Basic unless `authorisation` says otherwise.
    """

    def __init__(self, source: Source, connection: SourceConnection, base_url: str) -> None:
        self.authorisation: Authorisation = Basic(connection)
        self._source = source
        self._base_url = base_url
        self._timeout = (min(CONNECT_SECONDS, source.timeout_seconds), source.timeout_seconds)
        self._gates: dict[str, Gate] = {}
        self._place = claim()  # here, for pages may be asked for by other threads
        self._attempts = min(source.attempts, FIRST_ATTEMPTS)
        self._longest_back_off = min(LONGEST_BACK_OFF * source.retry_wait_seconds, LONGEST_WAIT_SECONDS)
        self._session = requests.Session()
        self._session.auth = _as_given  # else requests looks for a login in a .netrc
        self._session.headers["Accept"] = "application/json"
        self._adapter = HTTPAdapter(max_retries=self._retry(), pool_maxsize=CONNECTIONS)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)

    def _retry(self) -> _GatedRetry:
        again = self._attempts - 1
        retry = _GatedRetry(
            total=again,
            connect=again,
            read=again,
            status=again,
            redirect=0,
            status_forcelist=RETRIED_STATUSES,
            allowed_methods=ASKED,
            backoff_factor=self._source.retry_wait_seconds,
            backoff_max=self._longest_back_off,
            retry_after_max=LONGEST_WAIT_SECONDS,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        retry.gate_of = self._gate
        return retry

    def get(self, path: str, parameters: dict[str, str], headers: dict[str, str]) -> Any:
        """Return the JSON answer to a GET, or none when the source answers 404.

        A connection lost inside the body, or JSON cut short, is asked again as often as `Source.attempts` allows; a
        refused token is renewed.

        Raises:
            SourceUnavailable: no answer, or a status that says later, after the last attempt.
            ConfigurationError: the source refuses the login.
            ContractBroken: any other answer that is not JSON.
        """
        return self._ask(_Question("GET", self._base_url + path, parameters, headers), self.authorisation)

    def post(
        self,
        url: str,
        *,
        form: dict[str, str] | None = None,
        document: Any = None,
        headers: dict[str, str] | None = None,
        authorisation: Authorisation | None = None,
    ) -> Any:
        """Return the JSON answer to a POST of a form or of a JSON document, as `get` does.

        `url` is a path of the source, or a whole URL: tokens come from elsewhere. What is not JSON but a bare token is
        returned as text.
        """
        whole = url if "://" in url else self._base_url + url
        question = _Question("POST", whole, {}, headers or {}, form, document)
        return self._ask(question, authorisation or self.authorisation)

    def _ask(self, question: _Question, authorisation: Authorisation) -> Any:
        failure: MotcuaError | None = None
        for attempt in range(self._source.attempts):
            if attempt >= self._attempts:
                break
            if attempt:
                time.sleep(min(self._source.retry_wait_seconds * 2 ** (attempt - 1), self._longest_back_off))
            response, lost = self._authorised(question, authorisation)
            if response is None:
                failure = self._unavailable(lost)
                if lost.is_final:
                    break
                continue
            if response.status_code == 404:
                return None
            self._refuse(response, is_login=isinstance(authorisation, Nobody))
            document = _decoded(response.content)
            if document is not _UNREADABLE:
                return document
            failure = ContractBroken(
                f"{self._source.source_id} answered 200 with what is not complete JSON.",
                action="ask the host of the source; it will be asked again at the next run.",
            )
        assert failure is not None
        raise failure

    def _authorised(self, question: _Question, authorisation: Authorisation) -> tuple[requests.Response | None, _Lost]:
        """Send a question; when the source refuses who asks, as often again as there is another proof to show."""
        for left in reversed(range(authorisation.renewals + 1)):
            proof = authorisation.headers()
            response, lost = self._send(question, proof)
            if response is None or response.status_code != 401 or not left:
                break
            authorisation.renew(proof)
        return response, lost

    def _send(self, question: _Question, proof: dict[str, str]) -> tuple[requests.Response | None, _Lost]:
        """Return a complete response, or none and how it was lost.

        The error itself goes no further: it may hold a body.
        """
        gate = self._gate(_host(question.url))
        gate.enter()
        try:
            response = self._session.request(
                question.method,
                question.url,
                params=question.parameters,
                headers=proof | question.headers,
                data=question.form,
                json=question.document,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            inner = error.args[0] if error.args else error
            if isinstance(inner, MaxRetryError):  # the session has tried as often as it may
                lost = _Lost(type(inner.reason).__name__, is_final=True)
            else:
                lost = _Lost(type(inner).__name__, is_final=False)
            gate.failed(lost.how)
            return None, lost
        if response.status_code in FAILED_STATUSES:
            gate.failed(str(response.status_code))
        else:
            gate.answered()
            if self._attempts < self._source.attempts:  # it is up, and worth more
                self._attempts = self._source.attempts
                self._adapter.max_retries = self._retry()
        return response, _Lost("", is_final=False)

    def _gate(self, host: str) -> Gate:
        return self._gates.setdefault(host, self._gates.get(host) or Gate(self._source, host, self._place))

    def _unavailable(self, lost: _Lost) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self._source.source_id} did not answer at {urlsplit(self._base_url).netloc} ({lost.how}).",
            action=f"check that the host is up and the connection {self._source.connection_id} right; "
            "the batch can be tried again.",
        )

    def _refuse(self, response: requests.Response, *, is_login: bool) -> None:
        """Raise for every answer that is not a 200 with something other than a page for people."""
        status, source = response.status_code, self._source
        if status in (401, 403) or (is_login and status == 400):  # Keycloak says 400 to a wrong password
            raise ConfigurationError(
                f"{source.source_id} refused the login of the connection {source.connection_id} ({status}).",
                action=f"correct the login and password of the Airflow connection {source.connection_id}.",
            )
        if status == 429 or status >= 500:
            raise SourceUnavailable(
                f"{source.source_id} answered {status} {self._attempts} times.",
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


class _GatedRetry(Retry):
    """The session's retries, each noted and let through like a request of its own."""

    gate_of: Callable[[str], Gate]
    host = ""
    how = ""

    def new(self, **changes: Any) -> Self:
        again = super().new(**changes)
        again.gate_of, again.host = self.gate_of, self.host
        return again

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        again = super().increment(method, url, response, error, _pool, _stacktrace)
        again.how = type(error).__name__ if error else ""
        if _pool is not None:
            again.host = _host(f"{_pool.scheme}://{_pool.host}:{_pool.port or ''}")
        return again

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        gate = self.gate_of(self.host)
        if response is None or response.status in FAILED_STATUSES:
            gate.failed(self.how or "no answer" if response is None else str(response.status))
        super().sleep(response)
        gate.enter()


@dataclass(frozen=True)
class _Question:
    """One request, but for who asks."""

    method: str
    url: str
    parameters: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str] | None = None
    document: Any = None


@dataclass(frozen=True)
class _Lost:
    """How an answer was lost, and whether the session has already tried as often as it may."""

    how: str
    is_final: bool


def _host(url: str) -> str:
    split = urlsplit(url)
    return f"{split.hostname}:{split.port or (443 if split.scheme == 'https' else 80)}"


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


_UNREADABLE = object()


def _decoded(content: bytes) -> Any:
    """Return the document, or `_UNREADABLE`: the decoder's own error carries the body."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return _UNREADABLE
