"""How a request is authorised: HTTP Basic, a token that expires, or OpenCPS's machine key.

Never: a login, a password or a token in a log or an error.
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
    """Gives the headers of each request. `renewals` is how often a request may be repeated after a 401."""

    renewals: int

    def headers(self) -> Headers: ...

    def renew(self, refused: Headers) -> None:
        """Make the next headers differ from the refused ones, if possible."""
        ...


class NoAuthorisation:
    """No authorisation, for the request of a token."""

    renewals = 0

    def headers(self) -> Headers:
        return {}

    def renew(self, refused: Headers) -> None:
        """Do nothing: there is no authorisation to renew."""


class Basic:
    """HTTP Basic with the login of the connection, in UTF-8."""

    renewals = 0

    def __init__(self, connection: SourceConnection) -> None:
        credentials = f"{connection.login}:{connection.password}".encode()
        self._headers = {"Authorization": f"Basic {b64encode(credentials).decode()}"}

    def headers(self) -> Headers:
        return self._headers

    def renew(self, refused: Headers) -> None:
        """Do nothing: there is no other login."""


@dataclass(frozen=True)
class Token:
    """A bearer token, and how many seconds it is valid after its request."""

    text: str = field(repr=False)
    seconds: float


class Bearer:
    """A token that is requested when it is first needed, shortly before it ends, and when the source refuses it.

    Threads share it: one thread requests it and the others wait for the answer.
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
            if self._headers == refused:  # otherwise another thread has renewed it already
                self._fetch()

    def _fetch(self) -> None:
        asked_at = self._clock()
        token = self._ask()
        self._headers = {"Authorization": f"Bearer {token.text}"}
        self._renew_at = asked_at + max(token.seconds - SPARE_SECONDS, token.seconds / 2)


class AuthenKey:
    """OpenCPS's `authenKey`: the MD5 of "opencps" and the epoch milliseconds of the minute.

    The server writes the minute as text and parses it with the twelve-hour pattern `hh` in its own time zone
    (one_stop_systems.md section a.1). So 12:xx becomes 00:xx. In the afternoon, depending on the version, the hour is
    unchanged or twelve hours earlier. It is not documented which variant a server uses. When a key is refused,
    the next variant is tried, also for the previous minute; the accepted variant is kept.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        zones = (UTC, timezone(timedelta(hours=7)))
        self._variants = [
            (zone, is_twelve_hour, minutes_ago)
            for minutes_ago in (0, 1)
            for zone in zones
            for is_twelve_hour in (False, True)
        ]
        self.renewals = len(self._variants) - 1
        self._now = now
        self._lock = threading.Lock()
        self._chosen = 0

    def headers(self) -> Headers:
        zone, is_twelve_hour, minutes_ago = self._variants[self._chosen]
        return {"authenKey": authen_key(self._now() - minutes_ago * _MINUTE, zone, is_twelve_hour=is_twelve_hour)}

    def renew(self, refused: Headers) -> None:
        with self._lock:
            for step in range(len(self._variants)):
                self._chosen = (self._chosen + 1) % len(self._variants)
                if self.headers() != refused or step == self.renewals:
                    return


def authen_key(at: datetime, zone: timezone, *, is_twelve_hour: bool) -> str:
    """Return the key for the minute of an instant. `is_twelve_hour` turns the hours 13 to 23 into 1 to 11."""
    minute = at.astimezone(zone).replace(second=0, microsecond=0)
    hour = minute.hour % 12 if is_twelve_hour or minute.hour == 12 else minute.hour
    milliseconds = int(minute.replace(hour=hour).timestamp()) * 1000
    return hashlib.md5(f"opencps{milliseconds}".encode(), usedforsecurity=False).hexdigest()
