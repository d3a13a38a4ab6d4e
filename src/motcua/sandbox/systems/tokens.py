"""Bearer tokens that expire, for the systems that require them. They contain no secret of any real system."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

DEFAULT_SECONDS = 300.0


class Tokens:
    """Issues tokens and checks whether one is still valid. Every token is different; `revoke` ends all of them."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = DEFAULT_SECONDS
        self.issued = 0
        self._secret = secret
        self._clock = clock
        self._ends: dict[str, float] = {}

    def issue(self) -> str:
        self.issued += 1
        body = hashlib.sha256(f"{self._secret}:{self.issued}".encode()).hexdigest()
        token = f"eyJhbGciOiJIUzUxMiJ9.{body}.{body[::-1]}"
        self._ends[token] = self._clock() + self.seconds
        return token

    def is_valid(self, authorization: str) -> bool:
        """Return whether an Authorization header has a token that has not expired."""
        kind, _, token = authorization.partition(" ")
        return kind.lower() == "bearer" and self._clock() < self._ends.get(token.strip(), 0.0)

    def revoke(self) -> None:
        self._ends.clear()
