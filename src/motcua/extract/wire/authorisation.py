"""How a request proves who asks: HTTP Basic, a token that expires, or OpenCPS's machine key.

Never in a log or an error: a login, a password, a token.
"""

from __future__ import annotations

import hashlib
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

from motcua.extract.wire.connection import SourceConnection

Headers = dict[str, str]

SPARE_SECONDS = 30.0  # a token is renewed this long before it ends, but never before half its life
_MINUTE = timedelta(minutes=1)


class Authorisation(Protocol):
    """Gives the headers of each request. `renewals` is how often one request may be asked again after a 401."""

    renewals: int

    def headers(self) -> Headers: ...

    def renew(self, refused: Headers) -> None:
        """Make sure that the next headers differ from those refused, if they can."""
        ...


class Nobody:
    """No proof at all: for asking for a token."""

    renewals = 0

    def headers(self) -> Headers:
        return {}

    def renew(self, refused: Headers) -> None:
        """There is nothing else to show."""


class Basic:
    """HTTP Basic with the login of the connection, in UTF-8."""

    renewals = 0

    def __init__(self, connection: SourceConnection) -> None:
        credentials = f"{connection.login}:{connection.password}".encode()
        self._headers = {"Authorization": f"Basic {b64encode(credentials).decode()}"}

    def headers(self) -> Headers:
        return self._headers

    def renew(self, refused: Headers) -> None:
        """The login is all there is to show."""


@dataclass(frozen=True)
class Token:
    """A bearer token and how long it holds from when it was asked for."""

    text: str = field(repr=False)
    seconds: float


class Bearer:
    """A token that is asked for when it is first needed, shortly before it ends, and when the source refuses it.

    Threads share it: one asks, the others wait for the answer.
    """

    renewals = 1

    def __init__(self, ask: Callable[[], Token], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._headers: Headers = {}
        self._renew_at = float("-inf")

    def headers(self) -> Headers:
        with self._lock:
            if self._clock() >= self._renew_at:
                self._fetch()
            return self._headers

    def renew(self, refused: Headers) -> None:
        with self._lock:
            if self._headers == refused:  # else another thread has renewed it already
                self._fetch()

    def _fetch(self) -> None:
        asked_at = self._clock()
        token = self._ask()
        self._headers = {"Authorization": f"Bearer {token.text}"}
        self._renew_at = asked_at + max(token.seconds - SPARE_SECONDS, token.seconds / 2)


class AuthenKey:
    """OpenCPS's `authenKey`: the MD5 of "opencps" and the epoch milliseconds of the minute.

    The server writes the minute as text and reads it back with the pattern's twelve-hour `hh`, in its own zone
    (one_stop_systems.md section a.1): at 12:xx it means 00:xx, and in the afternoon, by version, the same hour or
    twelve before. Which of the readings a server uses is not documented, so a refused one gives way to the next, the
    minute just past included; the one that holds is kept.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        zones = (UTC, timezone(timedelta(hours=7)))
        self._readings = [(zone, halves, past) for past in (0, 1) for zone in zones for halves in (False, True)]
        self.renewals = len(self._readings) - 1
        self._now = now
        self._lock = threading.Lock()
        self._chosen = 0

    def headers(self) -> Headers:
        zone, halves, past = self._readings[self._chosen]
        return {"authenKey": authen_key(self._now() - past * _MINUTE, zone, halves=halves)}

    def renew(self, refused: Headers) -> None:
        with self._lock:
            for step in range(len(self._readings)):
                self._chosen = (self._chosen + 1) % len(self._readings)
                if self.headers() != refused or step == self.renewals:
                    return


def authen_key(at: datetime, zone: timezone, *, halves: bool) -> str:
    """Return the key for the minute of an instant; `halves` reads hours 13 to 23 as 1 to 11."""
    minute = at.astimezone(zone).replace(second=0, microsecond=0)
    hour = minute.hour % 12 if halves or minute.hour == 12 else minute.hour
    milliseconds = int(minute.replace(hour=hour).timestamp()) * 1000
    return hashlib.md5(f"opencps{milliseconds}".encode(), usedforsecurity=False).hexdigest()
